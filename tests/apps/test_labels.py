"""``label=`` of a conditional model: trained, kept, and asked for pictures of its labels in every way there is."""

import json

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image

from genlab.apps.command import main as door
from genlab.apps.command.paths import prepare
from genlab.apps.labels import chosen_labels, the_only
from genlab.contracts import ConfigError, DataSpec
from genlab.images import to_uint8
from genlab.models.base.schedules import Constant
from genlab.models.objectives.elbo import ELBO
from genlab.models.priors.standard_normal import StandardNormal
from genlab.runs.load import load

import leaves
from conditional import SETS, chosen

UNMEASURED = ["metrics.val_samples=0", "metrics.test_samples=0"]
SHORT = ["data.limit=200", "data.batch_size=32", "trainer.max_epochs=1", "performance.threads=1", *UNMEASURED]


@pytest.fixture
def conditional(train, composed, tmp_path):
    """``conditional(kind)``: the run of a model with labels of a kind, loaded, and how to ask it for pictures."""

    def make(kind):
        options = [*chosen(), *SETS[kind], *SHORT]
        run = train(*options)

        def generated(*overrides):
            folder = tmp_path / "made" / str(len(list((tmp_path / "made").glob("*"))))
            (tmp_path / "made").mkdir(exist_ok=True)
            asked = [f"ckpt={run}", "trust=[leaves]", f"output={folder}", *overrides]
            assert door.run("generate", asked) == 0
            files = sorted(path for path in folder.iterdir() if path.name != "sheet.png")
            return np.stack([np.asarray(Image.open(path)) for path in files])

        return run, load(run, ["leaves"]), generated, prepare(composed(*options))

    return make


def as_bytes(images):
    return to_uint8(images)[:, 0].numpy()


def samples(model, label, n=3, seed=7):
    return as_bytes(model.sample(n, label=torch.tensor(label).expand(n, *torch.tensor(label).shape), seed=seed))


def same(made, expected):
    """Equal bytes, but for a rounding that fell the other way in a batch of another size."""
    return made.shape == expected.shape and abs(made.astype(int) - expected.astype(int)).max() <= 1


def test_a_model_of_classes_trains_is_kept_and_draws_a_row_for_each_label(conditional, capsys):
    run, model, generated, data = conditional("classes")
    metrics = json.loads((run / "summary.json").read_text())["metrics"]
    assert {"val/elbo", "val/mse", "test/elbo", "test/mse"} <= metrics.keys()
    assert {path.name for path in (run / "images").iterdir()} == {"codes.png", "recon_000001.png", "samples_000001.png"}
    assert Image.open(run / "images" / "samples_000001.png").size[0] % 82 == 0  # eight digits and their gaps
    label = torch.tensor([4])
    assert torch.equal(model.sample(1, label=label, seed=1), load(run, ["leaves"]).sample(1, label=label, seed=1))
    one, four = samples(model, 1), samples(model, 4)
    assert not np.array_equal(one, four)
    assert same(generated("label=4", "n=3", "seed=7"), four)
    rows = generated("label=all", "n=3", "seed=7")
    assert same(rows, np.concatenate([samples(model, label) for label in range(10)]))
    for asked, words in {
        "label=10": "label=10: there is no class 10",
        "label=-1": "label=-1: there is no class -1",
        "label=null": "CVAE needs a class",
    }.items():
        with pytest.raises(ConfigError, match=words):
            generated(asked, "n=2")
    with pytest.raises(ConfigError, match="decodes a code and a label, and files made here take a code alone"):
        door.run("export", [f"ckpt={run}", "trust=[leaves]"])
    assert_images_bring_their_labels(model, generated, data)


def assert_images_bring_their_labels(model, generated, data):
    """What begins with an image of the set goes by that image's label, but for a decoder that is told another."""
    x, label = (torch.from_numpy(np.array(column["test"])) for column in (data.images, data.labels))
    x = x.float() / 255
    made = generated("what=reconstruct", "n=4", "seed=7")
    places = np.sort(np.random.default_rng(7).permutation(len(x))[:4])
    assert same(made[::2], as_bytes(x[places]))
    assert same(made[1::2], as_bytes(model.reconstruct(x[places], label=label[places])))
    assert not same(made[1::2], as_bytes(model.reconstruct(x[places], label=9 - label[places])))
    codes = model.encode(x[places], label=label[places]).mean
    ends = generated("what=interpolate", "n=2", "seed=7").reshape(2, 10, 8, 8)
    assert same(ends[:, 0], as_bytes(model.decode(codes[:2], label=label[places[:2]])))
    assert same(ends[:, 9], as_bytes(model.decode(codes[2:], label=label[places[:2]])))
    told = generated("what=interpolate", "n=2", "seed=7", "label=3").reshape(2, 10, 8, 8)
    assert same(told[:, 0], as_bytes(model.decode(codes[:2], label=torch.tensor([3, 3]))))


def test_a_model_of_attributes_trains_is_kept_and_takes_them_by_name(conditional):
    run, model, generated, _ = conditional("attributes")
    assert len(list((run / "images").glob("samples_*.png"))) == 1
    assert same(generated("label=[shape,orientation]", "n=3", "seed=7"), samples(model, [1, 0, 1, 0, 0]))
    assert same(generated("label={scale: 2, x: 4}", "n=3", "seed=7"), samples(model, [0, 2, 0, 4, 0]))
    with pytest.raises(ConfigError, match="CVAE needs attributes for it"):
        generated("label=null", "n=2")


WAYS = r"Type: label=0 … label=2, label=\[0,1\], or label=all. Names: china, flower, 7"
CLASSES = DataSpec("c", "images", (1, 2, 2), {}, "0", classes=3, class_names=("china", "flower", "7"))
DIGITS = DataSpec("d", "images", (1, 2, 2), {}, "0", classes=10, class_names=tuple("0123456789"))
FACES = DataSpec("a", "images", (1, 2, 2), {}, "0", attributes=("Bald", "Smiling", "Age"), levels=(2, 2, 5))


def labels(given, spec):
    """What a value of ``label=`` stands for, to a model of such a set."""
    parts = ELBO(1), StandardNormal()
    model = leaves.CVAE(3, 1.0, "bernoulli", 1.0, "linear", 1, *parts, torch.optim.Adam, Constant(), spec, 0)
    return chosen_labels(OmegaConf.create({"label": given}).label, model)


@pytest.mark.parametrize(
    ("given", "spec", "expected"),
    [
        (2, CLASSES, [2]),
        ("flower", CLASSES, [1]),
        ("7", CLASSES, [2]),
        ([2, 0, "flower"], CLASSES, [2, 0, 1]),
        ("all", CLASSES, [0, 1, 2]),
        ("Smiling", FACES, [[0, 1, 0]]),
        (["Smiling", "Bald"], FACES, [[1, 1, 0]]),
        ({"Age": 4, "Bald": 1, "Smiling": 0}, FACES, [[1, 0, 4]]),
    ],
)
def test_classes_go_by_number_or_name_and_attributes_by_name(given, spec, expected):
    assert labels(given, spec).tolist() == expected


@pytest.mark.parametrize(
    ("given", "spec", "words"),
    [
        (3, CLASSES, rf"label=3: there is no class 3\n +{WAYS}"),
        (-1, CLASSES, rf"label=-1: there is no class -1\n +{WAYS}"),
        (-1, DIGITS, r"label=-1: there is no class -1\n +Type: label=0 … label=9, label=\[0,1\], or label=all$"),
        ([0, 12], CLASSES, rf"label=\[0,12\]: there is no class 12\n +{WAYS}"),
        ("flwoer", CLASSES, r"there is no class flwoer\n +Did you mean flower\?"),
        ({"flower": 1}, CLASSES, r"label=\{flower: 1\}: c has classes, which go by number or name"),
        (["Smilling"], FACES, r"label=\[Smilling\]: there is no attribute Smilling\n +Did you mean Smiling\?"),
        ("all", FACES, r"a has attributes, which go by their names\n +Type: label=\[Bald\] or 'label=\{Bald: 1\}'"),
        (2, FACES, "which go by their names"),
        ([0, 1], FACES, "which go by their names"),
        ({"Age": 5}, FACES, r"label=\{Age: 5\}: Age has the values 0 … 4\n +Type: 'label=\{Age: 4\}'"),
    ],
)
def test_what_is_no_label_is_refused_with_what_is(given, spec, words):
    with pytest.raises(ConfigError, match=words):
        labels(given, spec)


def test_what_begins_with_images_takes_one_label_or_none():
    assert the_only(None, None, "reconstruct") is None
    one = torch.tensor([1])
    assert the_only(one, 1, "traverse") is one
    with pytest.raises(ConfigError, match="gives each image its own label\n +Leave it out"):
        the_only(one, 1, "reconstruct")
    with pytest.raises(ConfigError, match="label=all: what=traverse takes one label"):
        the_only(torch.arange(3), "all", "traverse")


def test_a_model_that_takes_no_label_says_so(train, tmp_path):
    run = train("model=vae", "data=digits", *SHORT, "callbacks=none")
    with pytest.raises(ConfigError, match=r"label=3: VAE takes no label: it was trained without\n +Leave it out"):
        train(f"ckpt={run}", "label=3", f"output={tmp_path}/out", command="generate")
    assert not (tmp_path / "out").exists()
