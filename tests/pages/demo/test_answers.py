"""What the page gets is what the model gives: pictures, codes, scores and translations, to the grey level."""

import json

import numpy as np
import pytest
import torch

from genlab.images import from_uint8, to_uint8
from genlab.runs.load import load

from exhibits import file_of, pixels, question, run_of, served, told, upload

DIGIT = (np.arange(64, dtype=np.uint8).reshape(8, 8) * 4).astype(np.uint8)


@pytest.fixture(scope="module")
def exhibit(tmp_path_factory, folders, cache):
    """``exhibit(name)``: the server of an untrained model, and the model."""
    root, made = tmp_path_factory.mktemp("exhibits"), {}
    patch = pytest.MonkeyPatch()
    patch.setenv("GENLAB_CACHE", str(cache))
    paths = {"cyclegan": folders["unpaired_folders"], "pix2pix": folders["paired_folders"]}

    def start(name):
        if name not in made:
            run = run_of(name, root, paths.get(name))
            context = served(run)
            made[name] = context, context.__enter__(), load(run)
        return made[name][1:]

    yield start
    for context, *_ in made.values():
        context.__exit__(None, None, None)
    patch.undo()


def as_bytes(images):
    return to_uint8(images).numpy()


@pytest.mark.parametrize("name", ["vae", "dcgan", "ae"])
def test_codes_become_the_pictures_that_the_model_decodes(name, exhibit):
    server, model = exhibit(name)
    codes = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    status, answer = question(server, "/decode", {"codes": codes.tolist()})
    assert status == 200
    assert np.array_equal(np.stack(list(map(pixels, answer["pictures"]))), as_bytes(model.decode(codes))[:, 0])


def test_a_seed_gives_the_picture_and_the_code_of_that_seed(exhibit):
    server, model = exhibit("vae")
    _, answer = question(server, "/sample", {"seeds": [7, 8]})
    for i, seed in enumerate((7, 8)):
        assert np.array_equal(pixels(answer["pictures"][i]), as_bytes(model.sample(1, seed=seed))[0, 0])
        torch.testing.assert_close(torch.tensor(answer["codes"][i]), model.draw(1, seed=seed)[0])


def test_each_picture_has_its_own_label_and_what_is_drawn_does_not_depend_on_it(exhibit):
    server, model = exhibit("cvae")
    codes = [[0.5, -1.0, 2.0]] * 3
    _, answer = question(server, "/decode", {"codes": codes, "labels": [4, 0, 9]})
    expected = model.decode(torch.tensor(codes), label=torch.tensor([4, 0, 9]))
    assert np.array_equal(np.stack(list(map(pixels, answer["pictures"]))), as_bytes(expected)[:, 0])
    _, zero = question(server, "/sample", {"seeds": [3], "labels": [0]})
    _, nine = question(server, "/sample", {"seeds": [3], "labels": [9]})
    assert zero["codes"] == nine["codes"]
    assert zero["pictures"] != nine["pictures"]


@pytest.mark.parametrize(("name", "label"), [("vae", None), ("cvae", 5), ("ae", None)])
def test_a_picture_gets_its_code_reconstruction_and_score(name, label, exhibit):
    server, model = exhibit(name)
    status, answer = upload(server, "/look", file_of(DIGIT), **({} if label is None else {"label": label}))
    assert status == 200
    x = from_uint8(torch.from_numpy(DIGIT)[None, None])
    given = {} if label is None else {"label": torch.tensor([label])}
    assert np.array_equal(pixels(answer["seen"]), DIGIT)
    torch.testing.assert_close(torch.tensor(answer["code"]), model.encode(x, **given).mean[0])
    assert np.array_equal(pixels(answer["reconstruction"]), as_bytes(model.reconstruct(x, **given))[0, 0])
    assert answer["score"] == pytest.approx(float(model.score(x, **given)))


def test_a_picture_is_inverted_where_that_is_asked_for(exhibit):
    server, _ = exhibit("vae")
    _, answer = upload(server, "/look", file_of(DIGIT), invert=1)
    assert np.array_equal(pixels(answer["seen"]), 255 - DIGIT)


def test_what_restores_is_shown_with_what_it_was_given(exhibit):
    server, model = exhibit("restoration")
    _, answer = upload(server, "/look", file_of(DIGIT))
    x = from_uint8(torch.from_numpy(DIGIT)[None, None])
    corrupted = model.corrupt(x, torch.zeros(1, dtype=torch.int64))
    assert np.array_equal(pixels(answer["corrupted"]), as_bytes(corrupted)[0, 0])
    assert np.array_equal(pixels(answer["reconstruction"]), as_bytes(model.reconstruct(corrupted))[0, 0])
    assert "code" not in answer


@pytest.mark.parametrize(("name", "direction"), [("cyclegan", "AtoB"), ("cyclegan", "BtoA"), ("pix2pix", "AtoB")])
def test_a_picture_of_any_shape_is_translated(name, direction, exhibit):
    server, model = exhibit(name)
    rows = np.random.default_rng(0).integers(0, 255, (19, 31, 3), np.uint8)
    status, answer = upload(server, "/translate", file_of(rows), direction=direction)
    assert status == 200
    x = from_uint8(torch.from_numpy(rows.transpose(2, 0, 1).copy())[None])
    assert np.array_equal(pixels(answer["seen"]), rows)
    assert np.array_equal(pixels(answer["made"]), as_bytes(model.translate(x, direction))[0].transpose(1, 2, 0))


@pytest.mark.parametrize(("words", "side"), [(["side=40"], 40), ([], 32)])  # 32: of the images of its training
def test_large_pictures_are_made_smaller_before_they_are_translated(words, side, tmp_path, folders):
    with served(run_of("cyclegan", tmp_path, folders["unpaired_folders"]), *words, "examples=0") as server:
        _, answer = upload(server, "/translate", file_of(np.zeros((100, 200, 3), np.uint8)))
    assert pixels(answer["seen"]).shape == pixels(answer["made"]).shape == (side // 2, side, 3)


@pytest.mark.parametrize(
    ("name", "path", "asked", "words"),
    [
        ("vae", "/decode", {}, "1 to 24 lists of 3 numbers"),
        ("vae", "/decode", {"codes": [[1, 2]]}, "of 3 numbers"),
        ("vae", "/decode", {"codes": [[0, 0, 0]] * 25}, "1 to 24"),
        ("vae", "/decode", {"codes": [[float("nan"), 0, 0]]}, "of 3 numbers"),
        ("vae", "/decode", {"codes": [[10**400, 0, 0]]}, "of 3 numbers"),
        ("vae", "/decode", {"codes": [[True, 0, "0"]]}, "of 3 numbers"),
        ("vae", "/sample", {"seeds": [-1]}, "whole numbers from 0"),
        ("vae", "/sample", {"seeds": [1.5]}, "whole numbers from 0"),
        ("vae", "/sample", {"seeds": [2**32]}, "whole numbers from 0"),
        ("cvae", "/sample", {"seeds": [1], "labels": [10]}, "from 0 to 9"),
        ("cvae", "/sample", {"seeds": [1], "labels": ["1"]}, "from 0 to 9"),
        ("cvae", "/sample", {"seeds": [1], "labels": [1, 2]}, "a list of 1"),
        ("cyclegan", "/decode", {"codes": [[0]]}, "CycleGAN cannot decode codes"),
        ("restoration", "/sample", {"seeds": [1]}, "Restoration cannot make pictures"),
    ],
)
def test_questions_without_sense_are_refused_in_words(name, path, asked, words, exhibit):
    status, answer = question(exhibit(name)[0], path, asked)
    assert status == 400
    assert words in answer["error"]


@pytest.mark.parametrize(("name", "direction"), [("pix2pix", "BtoA"), ("cyclegan", "CtoD"), ("vae", "AtoB")])
def test_a_direction_that_was_not_learnt_is_refused(name, direction, exhibit):
    status, answer = upload(exhibit(name)[0], "/translate", file_of(DIGIT), direction=direction)
    assert status == 400
    assert f"cannot translate {direction}" in answer["error"]


# ---- what the page is told -------------------------------------------------------------------------------------------

ABLE = {
    "vae": {"samples", "draws", "decodes", "encodes", "reconstructs", "scores", "bounds", "looks"},
    "dcgan": {"samples", "draws", "decodes"},
    "ae": {"decodes", "encodes", "reconstructs", "scores", "looks"},  # its mixture was never fitted
    "restoration": {"reconstructs", "corrupts", "scores", "looks"},
    "cyclegan": {"directions"},
    "pix2pix": {"directions"},
}


@pytest.mark.parametrize("name", ABLE)
def test_the_page_offers_what_the_model_can_do(name, exhibit):
    server, _ = exhibit(name)
    page = told(server)
    assert {ability for ability, has in page["able"].items() if has} == ABLE[name]
    assert bool(page["latents"]) == ("decodes" in ABLE[name])
    assert page["able"]["directions"] == {"cyclegan": ["AtoB", "BtoA"], "pix2pix": ["AtoB"]}.get(name, [])


def test_labels_are_offered_where_they_stand_beside_the_code(exhibit):
    page = told(exhibit("cvae")[0])
    assert page["labels"] == {"kind": "classes", "names": list("0123456789")}
    assert told(exhibit("vae")[0])["labels"] is None
    inside = told(exhibit("ss_aae")[0])
    assert inside["labels"] is None  # its class is a part of the code
    assert [len(group["latents"]) for group in inside["latents"]["groups"]] == [10, 3]


def test_a_set_that_lies_here_gives_examples_of_each_side(exhibit):
    digits = told(exhibit("cvae")[0])["examples"]
    assert len(digits) == 8
    assert {pixels(one["picture"]).shape for one in digits} == {(8, 8)}
    assert {one["label"] for one in digits} <= set(range(10))
    sides = [one["direction"] for one in told(exhibit("cyclegan")[0])["examples"]]
    assert sides == ["AtoB"] * 5 + ["BtoA"] * 4  # all that there are


def test_the_page_says_which_run_it_is_and_what_is_usual_for_it(tmp_path, cache):
    run = run_of("vae", tmp_path, name="mine")
    (run / "summary.json").write_text(json.dumps({"metrics": {"test/elbo": -103.9, "test/recon": 80.0}}))
    with served(run, f"paths.cache={cache}", "examples=0") as server:
        page = told(server)
    assert page["score"] == {"name": "−ELBO in nats", "typical": 103.9}
    assert page["title"] == "vae on digits"
    assert page["about"] == "run mine/vae · 8 x 8 pixels · 3 latents"
    assert page["latents"]["by"] == "KL in nats"
    assert page["examples"] == []


def test_a_summary_that_is_cut_says_nothing(tmp_path, cache):
    run = run_of("ae", tmp_path)
    (run / "summary.json").write_text('{"metrics"')
    with served(run, f"paths.cache={cache}", "examples=0") as server:
        assert told(server)["score"] == {"name": "−log p(x | its code) in nats", "typical": None}
