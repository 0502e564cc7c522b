"""What what=invert tells: of a generator whose inverse is known, and in words that its numbers bear."""

from types import SimpleNamespace

import pytest
import torch

from genlab.analysis.invert import Invert
from genlab.contracts import Images
from genlab.figures import Block

from linear_generator import Linear

USUAL = {"images": 4, "way": "descent", "steps": 200, "lr": 0.3, "starts": 2, "sigma": 0.01, "batch_size": 8}
USUAL |= {"samples": 20, "between": 5, "encoder": None}


def subject(model, count=4, label=None):
    """Its images are what the model makes of some z."""
    x = model.decode(model.draw(count, seed=5), label=label)
    spec = SimpleNamespace(labels={"train": [0, 1, 1, 1]})
    halves = [slice(0, 2), slice(2, count)]
    batches = [Images(x[half], None if label is None else label[half], None) for half in halves]
    return SimpleNamespace(
        model=model, seed=0, split="test", title="x", prepared=spec, held_out=lambda split, n: batches
    )


def test_images_that_the_generator_can_make_are_found_and_samples_are_far():
    found = Invert(**USUAL)(subject(Linear()))
    assert found.metrics["test/psnr_descent"] > 40 > found.metrics["test/psnr_random"]
    assert found.counts == {"test/psnr_descent": 4, "test/psnr_random": 4}
    assert [row["method"] for row in found.rows] == ["descent"] * 4 + ["nearest of 20 samples"] * 4
    assert "4 of 4 are nearer than their nearest sample" in found.lines[1]
    assert "of draws about 1.7" in found.lines[1]


def test_ways_lead_from_one_inverted_image_to_the_next(monkeypatch):
    seen = []
    old = Block.__init__
    monkeypatch.setattr(Block, "__init__", lambda self, *given: (seen.append(given), old(self, *given))[1])
    Invert(**USUAL)(subject(Linear()))
    (ways,) = [given for given in seen if given[0].startswith("from one")]
    (found,) = [given for given in seen if given[0].startswith("descent")]
    assert [text for _, text in ways[1]] == ["0", "", "", "", "1", "2", "", "", "", "3"]
    for cell, image in ((0, 0), (4, 1), (5, 2), (9, 3)):
        assert (ways[1][cell][0] == found[1][image][0]).all()


def test_images_keep_their_labels():
    label = torch.tensor([0, 1, 1, 0])
    found = Invert(**USUAL)(subject(Linear(needs=("classes",)), label=label))
    assert min(row["psnr"] for row in found.rows if row["method"] == "descent") > 40


def test_one_image_has_no_way_to_another():
    model = Linear()
    assert [*Invert(**USUAL).blocks(model, model.draw(1, seed=0), None)] == []


@pytest.mark.parametrize("count", [2, 3])
def test_an_image_without_a_partner_is_left_out_of_the_ways(count):
    model = Linear()
    (block,) = Invert(**USUAL).blocks(model, model.draw(count, seed=0), None)
    assert len(block.cells) == 5


class Encoder:
    """Points to z = 3 for whatever image."""

    def trained(self, model, seed, *, labels=None):
        return lambda x: torch.full((len(x), 3), 3.0, dtype=x.dtype)


def test_the_hybrid_descends_from_where_the_encoder_points():
    """No step of the descent moves: its rate is next to nothing."""
    found = Invert(**USUAL | {"way": "hybrid", "encoder": Encoder(), "lr": 1e-9, "steps": 1})(subject(Linear()))
    lengths = {row["method"]: row["length"] for row in found.rows}
    assert lengths["encoder"] == pytest.approx(27**0.5)
    assert lengths["hybrid"] == pytest.approx(27**0.5)
    assert "by the encoder alone" in found.lines[0]
