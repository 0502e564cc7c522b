"""Edits along a direction: what is moved, what is judged, and what an image's code leaves out."""

import pytest
import torch

from few_pixels import FewPixels, subject
from genlab.analysis.base.encoded import encoded
from genlab.analysis.directions.edits import changes, edited, matrix, off_target
from genlab.analysis.directions.judge import probabilities
from genlab.images import rounded

IMAGES = rounded(0.2 + 0.4 * torch.rand(12, 1, 4, 4, generator=torch.Generator().manual_seed(0)))
FIRST, BOTH = torch.tensor([0.1, 0.0, 0.0]), torch.tensor([0.0, 0.1, -0.05])


def judge(x):
    """Sees the first two pixels."""
    return x.flatten(1)[:, :2].double()


def own(model):
    return encoded(subject(model, IMAGES))


def test_an_edit_moves_the_code_and_nothing_else():
    model = FewPixels()
    moved = edited(subject(model, IMAGES), own(model), BOTH, 2.0, details=False).flatten(1)
    assert torch.allclose(moved[:, 1], IMAGES.flatten(1)[:, 1] + 0.2)
    assert torch.allclose(moved[:, 2], IMAGES.flatten(1)[:, 2] - 0.1)
    assert (moved[:, 3:] == 0.5).all()


def test_with_details_no_edit_is_the_image_itself_and_an_edit_keeps_what_the_code_leaves_out():
    model = FewPixels()
    still = edited(subject(model, IMAGES), own(model), FIRST, 0.0, details=True)
    assert torch.allclose(still, IMAGES, atol=1e-6)
    moved = edited(subject(model, IMAGES), own(model), FIRST, 2.0, details=True)
    assert torch.allclose(moved.flatten(1)[:, 0], IMAGES.flatten(1)[:, 0] + 0.2, atol=1e-6)
    assert torch.allclose(moved.flatten(1)[:, 1:], IMAGES.flatten(1)[:, 1:], atol=1e-6)


@pytest.mark.parametrize("details", [True, False])
def test_the_table_has_the_change_that_the_judge_sees(details):
    model = FewPixels()
    rows = changes(
        subject(model, IMAGES), own(model), torch.stack([FIRST, BOTH]), ["a", "b"], [-1.0, 2.0], judge, details
    )
    found = {(row["edited"], row["strength"], row["judged"]): row for row in rows}
    assert len(rows) == 8
    assert found["a", 2.0, "a"]["change"] == pytest.approx(0.2, abs=1e-6)
    assert found["a", -1.0, "a"]["change"] == pytest.approx(-0.1, abs=1e-6)
    assert found["a", -1.0, "a"]["moved"] == pytest.approx(0.1, abs=1e-6)
    assert found["a", 2.0, "b"]["change"] == pytest.approx(0, abs=1e-6)
    assert found["b", 2.0, "b"]["change"] == pytest.approx(0.2, abs=1e-6)
    row = found["a", 2.0, "a"]
    assert row["before"] == pytest.approx(float(IMAGES.flatten(1)[:, 0].mean()), abs=1e-6)
    assert row["after"] - row["before"] == pytest.approx(row["change"])
    assert row["change_se"] == pytest.approx(0, abs=1e-6)


def test_the_largest_other_change_is_found_whatever_its_sign():
    rows = [
        {"edited": one, "judged": other, "strength": s, "change": value * s}
        for s in (1.0, 2.0)
        for one, line in {"a": (0.3, 0.05, -0.1), "b": (0.0, 0.2, 0.02), "c": (0.1, 0.1, 0.4)}.items()
        for other, value in zip("abc", line, strict=True)
    ]
    table = off_target(rows, "abc", 2.0)
    assert [(row["edited"], row["largest_other"]) for row in table] == [("a", "c"), ("b", "c"), ("c", "a")]
    assert [row["change"] for row in table] == pytest.approx([0.6, 0.4, 0.8])
    assert [row["its_change"] for row in table] == pytest.approx([-0.2, 0.04, 0.2])
    assert matrix(rows, "abc", 2.0)[0].tolist() == pytest.approx([0.6, 0.1, -0.2])


def test_one_attribute_alone_has_no_other():
    (row,) = off_target([{"edited": "a", "judged": "a", "strength": 1.0, "change": 0.5}], ["a"], 1.0)
    assert row["largest_other"] is None


def test_probabilities_are_of_the_second_value_or_of_the_classes():
    logits = torch.log(torch.tensor([[0.2, 0.8, 0.1, 0.2, 0.7, 0.6, 0.4]]).double())
    assert probabilities(logits, (2, 3, 2))[0].tolist() == pytest.approx([0.8, 0.4])
    assert probabilities(logits[:, :3], (3,))[0].tolist() == pytest.approx([0.2 / 1.1, 0.8 / 1.1, 0.1 / 1.1])
