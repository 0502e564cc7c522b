"""The tour in ``notebooks/`` runs from top to bottom where nothing has been trained, and shows what the model really does."""

import base64
import io
import os
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from PIL import Image

from genlab import load, load_data, sheet
from genlab.images import to_uint8

ROOT = Path(__file__).resolve().parents[1]
TOUR = ROOT / "notebooks" / "tour.ipynb"
LINK = re.compile(r"\]\((\.\./[^()\s#]+)\)")


def read():
    """The notebook as it is kept."""
    return nbformat.read(TOUR, as_version=4)


def quick(book):
    """The same with few samples to measure, by features that nobody has to teach: nothing else of the tour is less."""
    few = '"metrics.extractor=random", "metrics.val_samples=60", "metrics.test_samples=60"'
    for name, last in (("train", '"experiment=vae_mnist"'), ("measure", '"metrics=default"')):
        (cell,) = [cell for cell in book.cells if cell.id == name]
        assert cell.source.count(last) == 1
        cell.source = cell.source.replace(last, f"{last}, {few}")
    return book


@pytest.fixture(scope="module")
def toured(tmp_path_factory, data_root, cache):
    """The notebook after a run in a folder of its own, and the folder above, in which it has left its run."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "notebooks").mkdir()
    own = {"GENLAB_DATA": str(data_root), "GENLAB_CACHE": str(cache), "PYTHONPATH": str(ROOT / "src")}
    env = {key: value for key, value in os.environ.items() if key != "GENLAB_RUN_DIR"} | own
    book = quick(read())
    place = {"metadata": {"path": str(folder / "notebooks")}}
    NotebookClient(book, timeout=240, kernel_name="python3", resources=place).execute(env=env)
    return book, folder


@pytest.fixture
def model(toured):
    return load(toured[1] / "runs" / "vae-mnist" / "latest")


@pytest.fixture
def test_set(toured, data_root, cache, monkeypatch):
    monkeypatch.setenv("GENLAB_DATA", str(data_root))
    monkeypatch.setenv("GENLAB_CACHE", str(cache))
    return load_data(toured[1] / "runs" / "vae-mnist" / "latest", "test")


def outputs(toured, name):
    """What the cell of this name has shown."""
    (cell,) = [cell for cell in toured[0].cells if cell.id == name]
    return cell.outputs


def text(toured, name):
    """What it has printed."""
    return "".join(one.text for one in outputs(toured, name) if one.output_type == "stream")


def picture(toured, name):
    """The one picture below it, [H, W] or [H, W, 3]."""
    (png,) = [one.data["image/png"] for one in outputs(toured, name) if "image/png" in one.get("data", {})]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))


def cells(page, rows, columns):
    """The images of a sheet without captions, [rows, columns, 1, 28, 28]: enlarged by a whole factor, two pixels apart."""
    times = page.shape[1] // (columns * 30 + 2)
    small = page[::times, ::times][2:, 2:]
    return torch.from_numpy(small.copy()).view(rows, 30, columns, 30).permute(0, 2, 1, 3)[:, :, None, :28, :28]


def assert_alike(shown, expected):
    """Equal but for a grey level, by which sums in another order may differ."""
    assert (shown.int() - expected.int()).abs().max() <= 1


def test_it_is_kept_without_outputs_in_ten_cells():
    book = read()
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert len(code) == 10
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_its_links_lead_somewhere():
    told = "\n".join(cell.source for cell in read().cells if cell.cell_type == "markdown")
    assert len(LINK.findall(told)) > 5
    assert not [target for target in LINK.findall(told) if not (TOUR.parent / target).exists()]


def test_every_cell_runs_where_nothing_is_trained_and_leaves_one_run_beside_the_notebooks(toured):
    book, folder = toured
    counts = [cell.execution_count for cell in book.cells if cell.cell_type == "code"]
    assert counts == list(range(1, 11))
    assert not [one for cell in book.cells for one in cell.get("outputs", []) if one.output_type == "error"]
    assert len([path for path in folder.glob("runs/*/*/summary.json") if not path.parent.is_symlink()]) == 1
    assert list((folder / "notebooks").iterdir()) == []


def test_what_is_shown_is_what_the_model_gives(toured, model, test_set):
    x = test_set.image
    assert np.array_equal(picture(toured, "data"), sheet(x[:20], 10, test_set.label[:20].tolist()))
    assert np.array_equal(picture(toured, "sample"), sheet(model.sample(40, seed=0), 10))
    again = model.reconstruct(x[:10])
    assert np.array_equal(picture(toured, "reconstruct"), sheet(torch.cat([x[:10], again]), 10))
    assert picture(toured, "encode").ndim == 3


def test_a_way_leads_from_one_reconstruction_to_another(toured, model, test_set):
    ends = to_uint8(model.reconstruct(test_set.image[:6]))
    ways = cells(picture(toured, "interpolate"), rows=3, columns=10)
    assert_alike(ways[:, 0], ends[0::2])
    assert_alike(ways[:, -1], ends[1::2])


def test_an_edit_adds_the_difference_of_two_mean_codes(toured, model, test_set):
    z, label = model.encode(test_set.image).mean, test_set.label
    threes, eights = z[label == 3], z[label == 8]
    edits = cells(picture(toured, "edit"), rows=5, columns=7)
    assert_alike(edits[:, 0], to_uint8(model.decode(threes[:5])))
    assert_alike(edits[:, 4], to_uint8(model.decode(threes[:5] - threes.mean(0) + eights.mean(0))))


def test_its_numbers_are_those_of_the_run(toured, model, test_set):
    score = model.score(test_set.image)
    assert torch.isfinite(score).all()
    assert f"-ELBO {score.mean():.1f} nats, a mean over 121 test images" in text(toured, "score")
    assert "images [121, 1, 28, 28] labels [121]" in text(toured, "data")
    assert "codes of 20 numbers" in text(toured, "model")
    measured = text(toured, "measure")
    psnr = re.search(r"PSNR ([\d.]+) dB", text(toured, "reconstruct"))[1]
    assert float(psnr) == pytest.approx(float(re.search(r"test/psnr +([\d.]+)", measured)[1]), abs=0.01)
    assert re.search(r"^ test/fid_random_60\w* +[\d.]+ ", measured, re.MULTILINE)
    assert "\x1b" not in text(toured, "train") + measured  # no bars and colours of a terminal, nor its narrow table
