"""Labels as columns of what is true of an image or not."""

import pytest
import torch

from few_pixels import FewPixels, subject
from genlab.analysis.base.labels import require_labels, told, yes_or_no
from genlab.contracts import ConfigError, DataSpec

IMAGES = torch.zeros(3, 1, 4, 4)
CLASSES = DataSpec("digits", "images", (1, 4, 4), {}, "", classes=3, class_names=("a", "b", "c"))
MIXED = DataSpec("faces", "images", (1, 4, 4), {}, "", attributes=("hat", "size", "red"), levels=(2, 5, 2))


def test_classes_are_columns_and_attributes_of_two_values_too():
    assert yes_or_no(CLASSES) == ["a", "b", "c"]
    assert told(CLASSES, torch.tensor([2, 0])).tolist() == [[False, False, True], [True, False, False]]
    assert yes_or_no(MIXED) == ["hat", "red"]
    assert told(MIXED, torch.tensor([[1, 4, 0], [0, 1, 1]])).tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (DataSpec("pictures", "images", (1, 4, 4), {}, ""), "what=attributes: pictures has no labels\n"),
        (
            DataSpec("shapes", "images", (1, 4, 4), {}, "", attributes=("x",), levels=(9,)),
            "shapes has no attribute that is true or not",
        ),
    ],
)
def test_a_set_without_labels_of_two_values_is_refused_with_what_to_give(spec, words):
    with pytest.raises(ConfigError, match=words) as caught:
        require_labels(subject(FewPixels(), IMAGES, spec=spec), "attributes")
    assert "data=celeba" in str(caught.value)
