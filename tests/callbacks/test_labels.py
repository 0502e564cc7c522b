"""Labels in what is measured and shown: of the images themselves, and for samples in the set's own proportions."""

from pathlib import Path
from types import SimpleNamespace

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from evaluators import SMALL, evaluators
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import QUIET, build_model
from genlab.callbacks.pictures import LABELS, Pictures
from genlab.callbacks.recall import Fresh
from genlab.callbacks.samples import SEED, SampleFeatures, labels_for, rows_of_samples
from genlab.contracts import DataSpec, Images, Points
from genlab.data.store.module import StoreData
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.real_features import RealFeatures
from genlab.metrics.extractors.small_networks import random_features
from genlab.metrics.frechet import frechet_distance
from genlab.metrics.moments import Moments
from genlab.metrics.reconstruction import reconstruction_terms

from conditional import SETS, chosen


class Painter:
    """Reconstructs and samples images as grey as their labels, however it was seeded."""

    device, needs = torch.device("cpu"), ("classes", "attributes")
    spec = DataSpec("x", "images", (1, 64, 64), {}, "0", classes=3)

    def sample(self, n, *, label=None, seed=None):
        assert len(label) == n
        return grey(label.reshape(n, -1).sum(1))

    def reconstruct(self, x, *, label=None):
        return self.sample(len(x), label=label)


def grey(levels):
    return levels.float().reshape(-1, 1, 1, 1).expand(-1, 1, 64, 64) / 20


def seen(sheet):
    """The level in the middle of each cell of a sheet of 64-pixel images, by rows."""
    return [[round(20 * sheet[0, y, x].item(), 3) for x in range(34, sheet.shape[2], 66)]
            for y in range(34, sheet.shape[1], 66)]  # fmt: skip


def batch(*labels):
    return Images(torch.zeros(len(labels), 1, 64, 64), torch.tensor(labels), torch.arange(len(labels)))


@pytest.fixture
def pictures(monkeypatch):
    """Ten pictures, at their own size."""
    monkeypatch.setattr("genlab.images.enlarged", lambda sheet: sheet)
    return Pictures(1, 10)


def test_the_images_shown_keep_their_labels(pictures):
    labels = [5, 1, 9, 4, 2, 8, 7, 3, 6, 0, 11, 12]
    pictures.keep(batch(*labels))
    sheet = seen(pictures.draw(Painter())["recon"])
    assert sheet[1] == labels[:8]
    assert sheet[3][:2] == labels[8:10]


def test_samples_are_a_row_for_each_class(pictures):
    pictures.keep(batch(2, 2))
    assert seen(pictures.draw(Painter())["samples"]) == [[label] * 8 for label in (0, 1, 2)]
    many = Painter()
    many.spec = DataSpec("x", "images", (1, 64, 64), {}, "0", classes=300)
    assert len(seen(pictures.draw(many)["samples"])) == LABELS


def test_all_rows_of_samples_are_of_the_same_noise():
    class Seeded:
        device = torch.device("cpu")

        def sample(self, n, *, label=None, seed=None):
            return torch.rand(n, 1, 2, 2, generator=torch.Generator().manual_seed(seed)) + label[:, None, None, None]

    rows = rows_of_samples(Seeded(), torch.arange(3), 4, seed=5).chunk(3)
    for label, row in enumerate(rows):
        torch.testing.assert_close(row - label, rows[0])


def test_samples_of_attributes_are_those_of_the_first_images(pictures):
    painter = Painter()
    painter.spec = DataSpec("x", "images", (1, 64, 64), {}, "0", attributes=("on", "size"), levels=(2, 9))
    pictures.count = 16
    pictures.keep(batch([1, 8], [0, 3], [1, 1]))
    assert seen(pictures.draw(painter)["samples"]) == [[9] * 8, [3] * 8]


def test_points_are_sampled_of_the_labels_of_real_ones(pictures, monkeypatch):
    class Placer(Painter):
        def sample(self, n, *, label=None, seed=None):
            return label[:, None].float().expand(n, 2)

    monkeypatch.setattr("genlab.images.beside_real", lambda made, real: made)
    pictures.attach(Path(), np.zeros((4, 2), np.float32))
    pictures.keep(Points(torch.zeros(3, 2), torch.tensor([4, 0, 6]), None))
    drawn = pictures.draw(Placer())["samples"][:, 0]
    assert drawn.unique(return_counts=True)[1].tolist() == [833, 834, 833]


@pytest.fixture
def prepared(composed):
    """The set with labels of a kind."""
    return lambda kind: prepare(composed(*chosen(), *SETS[kind]))


@pytest.mark.parametrize("kind", SETS)
def test_labels_for_samples_have_the_proportions_of_the_training_set(kind, prepared):
    data = prepared(kind)
    known = torch.from_numpy(np.array(data.labels["train"]))
    whole = labels_for(Painter(), data, 2 * len(known))
    assert torch.equal(counted(whole), counted(torch.cat([known, known])))
    assert not torch.equal(whole[: len(known)], known)  # in an order of their own
    few = labels_for(Painter(), data, 50)
    assert torch.equal(few, whole[:50])
    assert all((known == label).reshape(len(known), -1).all(1).any() for label in few)
    assert labels_for(object(), data, 50) is None


def counted(labels):
    """The labels, sorted, with how often each comes."""
    found, counts = labels.reshape(len(labels), -1).unique(dim=0, return_counts=True)
    return torch.cat([found, counts[:, None]], 1)


def test_every_chunk_of_measured_samples_has_its_own_labels():
    """The first of more labels, whatever the count."""
    data = SimpleNamespace(labels={"train": np.arange(20)})
    extractor = Extractor("grey", Grey(), 1)
    features = SampleFeatures(Painter(), data, Fresh(), chunk=5)
    for count in (13, 7):
        features.ask(extractor, count)
    features.gather()
    expected = labels_for(Painter(), data, 13).tolist()
    for count in (13, 7):
        (found,) = features.of(extractor, count).values()
        assert (20 * found[:, 0]).round().tolist() == expected[:count]


class Grey(torch.nn.Linear):
    """Sees how grey an image is."""

    def __init__(self):
        super().__init__(1, 1)

    def forward(self, x):
        return x[:, 0, 0, :1]


@pytest.mark.parametrize("kind", SETS)
def test_a_conditional_model_is_measured_with_labels(kind, composed, tmp_path):
    cfg = composed(*chosen(), *SETS[kind], *SMALL, "metrics.test_samples=300")
    data = prepare(cfg)
    model, extractor = build_model(cfg, data.spec), random_features(data.spec.shape)
    measure = evaluators(cfg, model, data, tmp_path)
    callbacks = {"callbacks": [measure], "logger": False, "accelerator": "cpu", "devices": 1}
    pl.Trainer(**QUIET, **callbacks).test(model, StoreData(data, 32, 0), verbose=False)
    x, label = (torch.from_numpy(np.array(column["test"])) for column in (data.images, data.labels))
    x = x.float() / 255
    for name, values in reconstruction_terms(x, model.reconstruct(x, label=label)).items():
        assert model.measured[f"test/{name}"] == pytest.approx(values.double().mean().item(), rel=1e-6)
    labels = labels_for(model, data, 300)
    made = [model.sample(250, label=labels[:250], seed=SEED), model.sample(50, label=labels[250:], seed=SEED + 1)]
    fake = torch.cat([extractor(images) for images in made])
    real = RealFeatures(data, "test", extractor, tmp_path).features
    expected = frechet_distance(Moments.of(torch.as_tensor(real)), Moments.of(fake))
    assert model.measured[f"test/fid_random_300_vs_{len(real)}"] == pytest.approx(float(expected), rel=1e-6)
