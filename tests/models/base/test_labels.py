"""Labels on their way into a model."""

import pytest
import torch

from genlab.contracts import ConfigError, DataSpec, Images
from genlab.models.base.labels import encoded_labels, for_model, label_size
from genlab.models.base.schedules import Constant
from genlab.models.objectives.elbo import ELBO
from genlab.models.priors.standard_normal import StandardNormal

import leaves

CLASSES = DataSpec("c", "images", (1, 4, 4), {"train": 8}, "0", classes=4, class_names=("a", "b", "c", "d"))
ATTRIBUTES = DataSpec("a", "images", (1, 4, 4), {"train": 8}, "0", attributes=("on", "size"), levels=(2, 3))
NEITHER = DataSpec("n", "images", (1, 4, 4), {"train": 8}, "0")


def cvae(spec, leaf="CVAE"):
    torch.manual_seed(0)
    parts = ELBO(1), StandardNormal()
    return getattr(leaves, leaf)(3, 1.0, "bernoulli", 1.0, "linear", 1, *parts, torch.optim.Adam, Constant(), spec, 0)


def test_a_class_is_a_one_in_its_place_and_attributes_are_one_each():
    assert CLASSES.labels == "classes"
    assert encoded_labels(torch.tensor([2, 0]), CLASSES, torch.float64).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    found = encoded_labels(torch.tensor([[1, 2], [0, 0]]), ATTRIBUTES, torch.bfloat16)
    assert ATTRIBUTES.labels == "attributes"
    assert found.tolist() == [[0, 1, 0, 0, 1], [1, 0, 1, 0, 0]]
    assert found.dtype == torch.bfloat16
    assert (label_size(CLASSES), label_size(ATTRIBUTES)) == (4, 5)


@pytest.mark.parametrize(
    ("leaf", "spec", "words"),
    [
        ("CVAE", NEITHER, "CVAE needs classes or attributes, and n has no labels"),
        ("OfClasses", ATTRIBUTES, "OfClasses needs classes, and a has attributes"),
        ("OfAttributes", CLASSES, "OfAttributes needs attributes, and c has classes"),
    ],
)
def test_a_model_refuses_a_set_without_its_labels(leaf, spec, words):
    with pytest.raises(ConfigError, match=words):
        cvae(spec, leaf)


@pytest.mark.parametrize("spec", [CLASSES, ATTRIBUTES])
def test_a_model_that_needs_labels_refuses_to_go_without(spec):
    model, x = cvae(spec), torch.rand(2, 1, 4, 4)
    calls = (
        lambda: model.sample(2),
        lambda: model.encode(x),
        lambda: model.decode(torch.zeros(2, 3)),
        lambda: model.reconstruct(x),
        lambda: model.bound(x),
        lambda: model.score(x),
        lambda: model.terms(Images(x, None, torch.arange(2)), model.noise("train", 0)),
    )
    for call in calls:
        with pytest.raises(ConfigError, match=f"needs {spec.labels} of each image.*label="):
            call()


def test_labels_are_handed_to_those_who_need_them_alone():
    label = torch.tensor([1])
    assert for_model(cvae(CLASSES), label) == {"label": label}
    assert for_model(cvae(CLASSES), None) == {}
    assert for_model(leaves.WarmUp(torch.optim.Adam, Constant(), CLASSES, 0), label) == {}
    assert for_model(object(), label) == {}
