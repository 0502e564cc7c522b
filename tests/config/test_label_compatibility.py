"""A model that needs labels, and sets that have others or none: refused with those that fit, before torch."""

import pytest
from PIL import Image

from genlab.apps.command.paths import prepare
from genlab.config.compose import compose
from genlab.config.files import Conf
from genlab.config.kind_compatibility import attribute
from genlab.config.session import compose_alone
from genlab.contracts import ConfigError

from conditional import SETS, chosen


def fitting(said):
    """The sets that a message lists."""
    return set(said.partition("Sets that can have them: ")[2].partition("\n")[0].split(", "))


@pytest.mark.parametrize(
    ("leaf", "data", "words", "fits", "unfit"),
    [
        (
            "OfClasses",
            "shapes",
            "needs classes, but data=shapes has attributes",
            {"digits", "celeba"},
            {"shapes", "maps"},
        ),
        ("OfAttributes", "digits", "needs attributes, but data=digits has classes", {"celeba", "shapes"}, {"mnist"}),
    ],
)
def test_a_set_that_cannot_have_the_labels_is_refused_with_those_that_can(leaf, data, words, fits, unfit):
    with pytest.raises(ConfigError) as caught:
        compose("train", [*chosen(leaf), f"data={data}"])
    said = str(caught.value)
    assert f"data: model=vae {words}" in said
    assert {f"data={name}" for name in fits} <= fitting(said)
    assert not {f"data={name}" for name in {*unfit, "toy2d"}} & fitting(said)


@pytest.mark.parametrize(("leaf", "kind"), [("CVAE", "classes"), ("CVAE", "attributes"), ("OfClasses", "classes")])
def test_sets_with_the_labels_pass_and_models_without_needs_take_all(leaf, kind):
    compose("train", [*chosen(leaf), *SETS[kind]])
    compose("train", ["model=vae", *SETS[kind]])


def unlabelled(folder):
    """Pictures in no sub-folders."""
    folder.mkdir()
    for i in range(20):
        Image.new("L", (8, 8), 12 * i).save(folder / f"{i:02d}.png")
    return [f"data.path={folder}", "data.image_size=8"]


def test_a_set_that_turns_out_to_have_other_labels_is_refused_with_the_words_to_type(train, tmp_path):
    cases = {
        ("OfClasses", "data=celeba", "data.image_size=16", "data.crop=40"): ["has attributes", "data.label=Smiling"],
        ("OfAttributes", "data=celeba", "data.label=Young"): ["has classes", "data.label=attributes"],
        ("CVAE", "data=folder", *unlabelled(tmp_path / "loose")): ["has no labels", "sub-folders, one for each class"],
    }
    for (leaf, *data), words in cases.items():
        with pytest.raises(ConfigError) as caught:
            train(*chosen(leaf), *data)
        for word in [*words, "Sets that can have them: data="]:
            assert word in str(caught.value)
    assert not (tmp_path / "runs").exists()
    train(*chosen("OfClasses"), "data=celeba", "data.image_size=16", "data.label=Young", "check_only=true")


def test_neither_refusal_waits_for_torch(tmp_path, commands):
    cases = {
        "has attributes": [*chosen("OfClasses"), "data=shapes"],
        "has no labels": [*chosen(), "data=folder", *unlabelled(tmp_path / "loose")],
    }
    for words, overrides in cases.items():
        code, said = commands.answer("train", *overrides, folder=tmp_path)
        assert (code, words in said) == (2, True), said
        assert "torch was imported" not in said
    assert {path.name for path in tmp_path.iterdir()} == {"loose", "cache"}


SOURCES = ["digits", "mnist", "fashion_mnist", "stacked_mnist", "celeba", "shapes", "folder", "toy2d"]


@pytest.mark.parametrize("name", SOURCES)
def test_a_set_has_labels_that_its_class_declares(name, composed, folders):
    small = {
        "celeba": ["data.image_size=16"],
        "stacked_mnist": ["data.count=300"],
        "shapes": SETS["attributes"][1:],
        "folder": ["data.image_size=16"],
    }
    path = [f"data.path={folders[name]}"] if name in folders else []
    model = "gan" if name == "toy2d" else "vae"
    spec = prepare(composed(f"model={model}", f"data={name}", *small.get(name, []), *path)).spec
    assert spec.labels in attribute(compose_alone(Conf(), f"data/{name}")[f"data/{name}"], "labels")
