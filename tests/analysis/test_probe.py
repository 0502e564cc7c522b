"""What is told from codes, pixels and principal components; how the labelled images are drawn."""

import pytest
import torch

from few_pixels import FewPixels, subject
from genlab.analysis.probe import Parts, Probe, accuracy, balanced, principal
from genlab.contracts import DataSpec
from genlab.metrics.probe import probe_accuracy

STREAM = torch.Generator().manual_seed(0)
LABEL = torch.arange(300) % 3
SPEC = DataSpec("x", "images", (1, 4, 4), {"train": 300, "test": 300}, "", classes=3, class_names=("0", "1", "2"))


def images(told):
    """The pixel ``told`` says the class; all the others are noise."""
    x = torch.rand(300, 16, generator=STREAM)
    x[:, told] = LABEL / 2 + 0.05 * torch.rand(300, generator=STREAM)
    return x.view(-1, 1, 4, 4)


def rows(x, **chosen):
    usual = {
        "labels": [6, 60, 900],
        "all": True,
        "draws": 3,
        "attribute": None,
        "c": [1.0],
        "val_images": 300,
        "train_images": 300,
        "test_images": 300,
    }
    found = Probe(**usual | chosen)(subject(FewPixels(), x, LABEL, SPEC))
    return found, {(row["labels"], row["features"]): row for row in found.rows}


def test_codes_that_have_the_class_tell_it_and_codes_that_have_not_are_at_chance():
    _, found = rows(images(told=0))
    assert found[60, "codes"]["accuracy"] > 0.97
    assert found[60, "codes"]["accuracy"] > found[6, "pixels"]["accuracy"]
    _, blind = rows(images(told=9))
    assert blind[60, "codes"]["accuracy"] < 0.45
    assert blind[300, "pixels"]["accuracy"] > 0.97


def test_each_number_of_labels_is_drawn_anew_and_all_of_them_once():
    made, found = rows(images(told=0))
    assert {n for n, _ in found} == {6, 60, 300}
    assert found[60, "pixels"]["draws"] == 3
    assert found[60, "pixels"]["spread"] is not None
    assert (found[300, "pca"]["draws"], found[300, "pca"]["spread"]) == (1, None)
    assert made.metrics["test/probe_codes_60"] == found[60, "codes"]["accuracy"]
    assert "with 6 labels" in made.lines[0]
    assert "33.3 %" in made.lines[1]


def test_few_labels_are_of_every_class_alike_and_drawn_by_the_seed():
    label = torch.tensor([0] * 90 + [1] * 8 + [2] * 2)
    draws = [*balanced(label, 9, 4, 0)]
    assert all(torch.bincount(label[few]).tolist() in ([4, 3, 2], [3, 4, 2]) for few in draws)
    assert all(few.unique().numel() == 9 for few in draws)
    assert draws[0].tolist() != draws[1].tolist()
    assert [few.tolist() for few in balanced(label, 9, 4, 0)] == [few.tolist() for few in draws]
    assert [few.tolist() for few in balanced(label, 9, 4, 1)] != [few.tolist() for few in draws]


def test_principal_components_are_those_of_the_training_pixels():
    x = torch.randn(200, 6, generator=STREAM) * torch.tensor([1.0, 5, 1, 1, 3, 1]) + 7
    train, _, test = principal(Parts(x, x[:1], x[:10] + 1), 2)
    assert train.var(0).sort(descending=True).values.tolist() == pytest.approx(
        torch.linalg.eigvalsh(x.T.cov())[-2:].flip(0).tolist(), rel=1e-3
    )
    assert torch.allclose(test - train[:10], (test - train[:10])[:1].expand(10, 2), atol=1e-4)


def test_pixels_that_are_alike_have_one_unit():
    """A pixel that is hardly ever on is not blown up: with units of their own, it would decide."""
    train = torch.cat([torch.rand(40, 1, generator=STREAM), torch.zeros(40, 1)], 1)
    train[0, 1] = 0.01
    label = (train[:, 0] > 0.5).long()
    test = torch.stack([torch.rand(200, generator=STREAM), torch.rand(200, generator=STREAM)], 1)
    right = (test[:, 0] > 0.5).long()
    assert probe_accuracy(train, label, test, right, one_unit=True) > 0.85 > probe_accuracy(train, label, test, right)


def test_the_weights_are_held_down_where_that_is_better_on_images_apart():
    """Two noisy pixels tell the class and 14 are noise: 20 labels are too few for weights that are free."""
    x = torch.rand(300, 16, generator=STREAM)
    x[:, :2] += 0.3 * LABEL[:, None]
    parts, label = Parts(x[:100], x[100:200], x[200:]), Parts(LABEL[:100], LABEL[100:200], LABEL[200:])
    probe = Probe([20], False, 1, None, [1e3, 1e-2, 1.0], 300, 300, 300)
    few = torch.arange(20)
    right = {c: accuracy(parts, label, few, "choose", c) for c in probe.c}
    best = probe.best_c(parts, label, few)
    assert right[best] == max(right.values())
    assert right[best] > right[1e3]
    assert probe.best_c(parts, label._replace(choose=torch.zeros(100, dtype=torch.int64) - 1), few) == 1e-2
