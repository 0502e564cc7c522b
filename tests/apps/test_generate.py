"""Pictures from a checkpoint: those that the model makes of this seed, in the order that is promised, to the grey level."""

from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image

import untrained
from genlab.apps import generating
from genlab.apps.command import main as door
from genlab.apps.command.paths import prepare
from genlab.config.compose import compose
from genlab.contracts import ConfigError
from genlab.images import to_uint8
from genlab.runs.load import load

from photographs import CUT, SMALL

OPTIONS = {
    "vae": ["model=vae", "data=digits", "model.latent_dim=3"],
    "dcgan": ["model=dcgan", "data=digits", "model.latent_dim=3", "model.net.width=4"],
}
OPTIONS["sngan"] = [*OPTIONS["dcgan"], "model/gan_net@model.net=sngan"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """``generated("vae", "what=sample", …)``: bytes [n, H, W] of the files and of the sheet, the model, the test images."""
    root = tmp_path_factory.mktemp("generated")
    configurations = {name: compose("train", options) for name, options in OPTIONS.items()}
    runs = {name: untrained.saved(cfg, root / name) for name, cfg in configurations.items()}
    test = torch.from_numpy(np.array(prepare(configurations["vae"]).images["test"]))

    @cache
    def run(name, *overrides):
        out = root / "_".join([name, *overrides])
        assert door.run("generate", [f"ckpt={runs[name]}", f"output='{out}'", *overrides]) == 0
        files = sorted(path for path in out.iterdir() if path.name != "sheet.png")
        assert [path.name for path in files] == [f"{i:06d}.png" for i in range(len(files))]
        pictures = np.stack([np.asarray(Image.open(path)) for path in files])
        return pictures, np.asarray(Image.open(out / "sheet.png")), load(runs[name]), test

    return run


def as_bytes(images):
    return to_uint8(images)[:, 0].numpy()


@pytest.mark.parametrize("name", OPTIONS)
def test_samples_are_those_of_the_seed(name, generated):
    made, _, model, _ = generated(name, "n=5", "seed=7")
    assert np.array_equal(made, as_bytes(model.sample(5, seed=7)))
    again, *_ = generated(name, "n=5", "seed=8")
    assert not np.array_equal(made, again)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("what", ["sample", "reconstruct", "interpolate"])
def test_pictures_are_the_same_in_batches_of_any_size_and_no_batch_is_larger(name, what, generated, monkeypatch):
    if name != "vae" and what == "reconstruct":
        return
    whole, *_ = generated(name, f"what={what}", "n=5", "seed=7")
    sizes, call = [], torch.nn.Module.__call__
    kinds = torch.nn.Linear | torch.nn.Conv2d | torch.nn.ConvTranspose2d

    def counted(self, *inputs):
        sizes.extend([len(inputs[0])] if isinstance(self, kinds) else [])
        return call(self, *inputs)

    monkeypatch.setattr(torch.nn.Module, "__call__", counted)
    made, *_ = generated(name, f"what={what}", "n=5", "seed=7", "batch_size=2")
    assert np.array_equal(made, whole)
    assert max(sizes) <= (10 if what == "interpolate" else 2)  # a row is one batch


def test_a_sheet_shows_the_first_of_many(generated, monkeypatch):
    monkeypatch.setattr(generating, "SHOWN", 8)
    made, sheet, *_ = generated("vae", "n=20", "seed=7")
    assert len(made) == 20
    times = sheet.shape[1] // (10 * 8 + 2)
    assert sheet.shape[0] == 12 * times


def test_reconstructions_stand_beside_images_of_the_test_set_drawn_by_the_seed(generated):
    made, _, model, test = generated("vae", "what=reconstruct", "n=6", "seed=7")
    originals, reconstructions = made[::2], made[1::2]
    places = [[i for i, image in enumerate(test[:, 0].numpy()) if np.array_equal(image, one)] for one in originals]
    assert all(places)
    assert len({place[0] for place in places}) == 6
    x = torch.from_numpy(originals)[:, None].float() / 255
    assert np.array_equal(reconstructions, as_bytes(model.reconstruct(x)))
    other, *_ = generated("vae", "what=reconstruct", "n=6", "seed=8")
    assert not np.array_equal(made, other)


def test_images_come_from_the_split_that_is_asked_for(generated):
    made, _, _, test = generated("vae", "what=reconstruct", "n=6", "seed=7", "split=val")
    val = prepare(compose("train", OPTIONS["vae"])).images["val"][:, 0]
    for one in made[::2]:
        assert any(np.array_equal(one, image) for image in val)
    assert not all(any(np.array_equal(one, image) for image in test[:, 0].numpy()) for one in made[::2])


def test_an_interpolation_goes_in_a_straight_line_from_one_code_to_another(generated):
    made, _, model, test = generated("vae", "what=interpolate", "n=3", "seed=7")
    codes = model.encode(test.float() / 255).mean
    ends = as_bytes(model.decode(codes))
    for row in made.reshape(3, 10, 8, 8):
        first, last = (
            next(code for code, end in zip(codes, ends, strict=True) if np.array_equal(end, picture))
            for picture in (row[0], row[9])
        )
        assert not torch.equal(first, last)
        line = torch.stack([first + (last - first) * step / 9 for step in range(10)])
        assert abs(as_bytes(model.decode(line)).astype(int) - row).max() <= 1


def test_a_model_without_codes_goes_from_one_draw_of_the_prior_to_another(generated):
    made, _, model, _ = generated("dcgan", "what=interpolate", "n=2", "seed=7")
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(7))
    rows = made.reshape(2, 10, 8, 8)
    assert abs(rows[:, 0].astype(int) - as_bytes(model.decode(z[:2]))).max() <= 1
    assert abs(rows[:, 9].astype(int) - as_bytes(model.decode(z[2:]))).max() <= 1


def test_a_traversal_changes_one_unit_a_row_from_minus_three_to_three(generated):
    made, _, model, test = generated("vae", "what=traverse", "n=9", "seed=7")
    rows = made.reshape(3, 10, 8, 8)  # a row for each of the three latent variables
    codes = model.encode(test.float() / 255).mean
    fitting = [code for code in codes if np.array_equal(rows, traversed(model, code))]
    assert fitting


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A run whose code has 70 numbers."""
    return untrained.saved(
        compose("train", ["model=vae", "data=digits", "model.latent_dim=70"]), tmp_path_factory.mktemp("w")
    )


@pytest.mark.parametrize(
    ("options", "count"),
    [("sample", 64), ("reconstruct", 2 * 64), ("interpolate", 2 * 8), ("traverse", 2 * 70), ("traverse n=69", 2 * 69)],
)
def test_without_a_number_there_are_as_many_as_the_kind_needs(options, count, wide, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(generating, "STEPS", 2)
    assert door.run("generate", [f"ckpt={wide}", f"output={tmp_path}/out", *f"what={options}".split()]) == 0
    assert len(list((tmp_path / "out").glob("0*.png"))) == count
    assert ("69 of 70 dimensions; n=70 for all" in capsys.readouterr().err) == ("n=69" in options)


def test_the_sheet_of_a_traversal_has_its_images_beside_words(generated):
    made, sheet, *_ = generated("vae", "what=traverse", "n=9", "seed=7")
    large = made.repeat(5, 1).repeat(5, 2)
    for image in (large[0], large[9], large[20], large[29]):
        assert any(
            np.array_equal(sheet[top : top + 40, left : left + 40], image)
            for top, left in np.argwhere(sheet[:-40, :-40] == image[0, 0])
        )
    assert (sheet.shape[0] > 3 * 42 + 40) and (sheet.shape[1] > 10 * 42 + 20)


def traversed(model, code):
    """By hand. -> bytes [D, 10, H, W]."""
    rows = []
    for unit in range(len(code)):
        z = code.repeat(10, 1)
        z[:, unit] = torch.tensor([-3 + 6 * step / 9 for step in range(10)])
        rows.append(as_bytes(model.decode(z)))
    return np.stack(rows)


@pytest.mark.parametrize(
    ("options", "columns"), [(["what=reconstruct", "n=6", "seed=7"], 8), (["what=interpolate", "n=3", "seed=7"], 10)]
)
def test_the_sheet_has_all_pictures_in_rows_of_eight_or_ten(options, columns, generated):
    made, sheet, *_ = generated("vae", *options)
    rows = -(-len(made) // columns)
    times = sheet.shape[1] // (10 * columns + 2)
    assert sheet.shape == ((10 * rows + 2) * times, (10 * columns + 2) * times)
    cells = sheet[::times, ::times]
    for i, picture in enumerate(made):
        top, left = 2 + 10 * (i // columns), 2 + 10 * (i % columns)
        assert np.array_equal(cells[top : top + 8, left : left + 8], picture)


@pytest.mark.parametrize(
    ("options", "what", "remedy"),
    [
        (["model=restoration", "data=digits"], "sample", "It can: what=reconstruct"),
        (OPTIONS["dcgan"], "reconstruct", "It can: what=sample or what=interpolate or what=traverse"),
        (["model=cyclegan", "data=unpaired_folders", *SMALL["cyclegan"], *CUT], "sample", "python src/translate.py"),
    ],
)
def test_what_a_model_cannot_do_is_refused_with_what_it_can(options, what, remedy, composed, folders, tmp_path):
    path = [f"data.path={folders['unpaired_folders']}"] if "model=cyclegan" in options else []
    run = untrained.saved(composed(*options, *path), tmp_path / "run")
    with pytest.raises(ConfigError) as caught:
        door.run("generate", [f"ckpt={run}", f"what={what}", f"output={tmp_path}/out"])
    assert remedy in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("command", "what"), [("evaluate", []), ("generate", ["what=reconstruct"])])
def test_a_check_makes_and_measures_nothing(command, what, composed, tmp_path, capsys):
    run = untrained.saved(composed(*OPTIONS["vae"]), tmp_path / "run")
    before = sorted(tmp_path.rglob("*"))
    assert door.run(command, [f"ckpt={run}", *what, "check_only=true"]) == 0
    assert "all checks passed; nothing was" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
