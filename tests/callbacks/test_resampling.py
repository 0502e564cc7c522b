"""What a model that chooses its training images would draw: the effective number, the table by class, the picture."""

import numpy as np
import pytest
import torch
from PIL import Image

from evaluators import evaluators
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.callbacks.evaluators.resampling import Resampling


class Chooses:
    """Draws classes 3 and 7 five times as often as others, and the image at row 9 a hundred times."""

    device, weight_dtype = torch.device("cpu"), torch.float32

    def __init__(self, even=False):
        self.even = even

    def sampling_weights(self, batches):
        seen = list(batches)
        label, index = (torch.cat([getattr(batch, name) for batch in seen]) for name in ("label", "index"))
        assert torch.equal(index, torch.arange(len(index)))
        assert all(batch.image.dtype == torch.float32 and batch.image.max() <= 1 for batch in seen)
        weights = torch.where((label == 3) | (label == 7), 5.0, 1.0).double()
        weights[9] = 100.0
        return None if self.even else weights


@pytest.fixture
def now(composed, tmp_path):
    cfg = composed("model=db_vae", "data=digits", "metrics=[default]", "metrics.resampling.shown=4")
    prepared = prepare(cfg)
    stages = evaluators(cfg, build_model(cfg, prepared.spec), prepared, tmp_path).stages
    assert not any(isinstance(one, Resampling) for one in stages["val"][1])
    found, fitting = stages["test"]
    return found, next(one for one in fitting if isinstance(one, Resampling))


def test_the_table_and_the_effective_number_are_those_of_the_weights(now):
    stage, one = now
    stage.model = Chooses()
    found = one.finish(stage)
    label = np.asarray(stage.prepared.labels["train"])
    weights = np.where(np.isin(label, (3, 7)), 5.0, 1.0)
    weights[9] = 100.0
    assert found == {"effective_images": pytest.approx(weights.sum() ** 2 / (weights**2).sum())}
    rows = {row["class"]: row for row in stage.tables["resampling"]}
    assert sum(row["drawn"] for row in rows.values()) == pytest.approx(1)
    for number, row in rows.items():
        assert row["images"] == (label == number).sum()
        assert row["share"] == pytest.approx((label == number).mean())
        assert row["drawn"] == pytest.approx(weights[label == number].sum() / weights.sum())
        assert row["ratio"] == pytest.approx(row["drawn"] / row["share"])


def test_the_picture_begins_with_the_image_that_comes_most(now, tmp_path):
    stage, one = now
    stage.model = Chooses()
    one.finish(stage)
    one.leave(stage, tmp_path)
    page = np.array(Image.open(tmp_path / "images" / "most_drawn.png"))
    side = stage.prepared.spec.shape[-1]
    times = page.shape[0] // (2 * side + 6)  # two rows, a gap of two pixels around each
    first = page[::times, ::times][2 : 2 + side, 2 : 2 + side]
    assert np.array_equal(first, np.asarray(stage.prepared.images["train"][9])[0])


def test_of_even_draws_there_is_no_picture_and_every_image_counts(now, tmp_path):
    stage, one = now
    stage.model = Chooses(even=True)
    assert one.finish(stage) == {"effective_images": len(stage.prepared.labels["train"])}
    assert {row["ratio"] for row in stage.tables["resampling"]} == {1.0}
    one.leave(stage, tmp_path)
    assert not (tmp_path / "images" / "most_drawn.png").exists()
