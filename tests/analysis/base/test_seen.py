"""Images, codes and labels as analyses take them: all rows, in order, and labels as columns of yes and no."""

import pytest
import torch

from few_pixels import FewPixels, subject
from genlab.analysis.base.seen import decoded, require_images, require_labels, seen, told, yes_or_no
from genlab.contracts import ConfigError, DataSpec

IMAGES = torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(0))
CLASSES = DataSpec("digits", "images", (1, 4, 4), {}, "", classes=3, class_names=("a", "b", "c"))
MIXED = DataSpec("faces", "images", (1, 4, 4), {}, "", attributes=("hat", "size", "red"), levels=(2, 5, 2))


def test_every_image_is_there_once_with_its_code_and_its_label():
    label = torch.arange(20)
    own = seen(subject(FewPixels(), IMAGES, label), "test")
    assert torch.equal(own.image, IMAGES)
    assert torch.equal(own.mean, IMAGES.flatten(1)[:, :3])
    assert torch.equal(own.label, label)
    assert torch.equal(own.index, torch.arange(20))
    assert own.logvar is None


def test_images_need_not_be_kept_and_there_may_be_fewer():
    own = seen(subject(FewPixels(logvar=torch.zeros(3)), IMAGES), "train", 9, images=False)
    assert len(own.image) == 0
    assert own.mean.shape == own.logvar.shape == (9, 3)
    assert own.label is None


def test_codes_are_decoded_in_order_whatever_the_chunks():
    codes = torch.rand(11, 3)
    assert torch.equal(decoded(subject(FewPixels(), IMAGES), codes, chunk=4), FewPixels().decode(codes))


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


def test_pairs_are_no_single_images():
    with pytest.raises(ConfigError, match="maps has pairs, and this looks at single images"):
        require_images(subject(FewPixels(), IMAGES, spec=DataSpec("maps", "pairs", (3, 4, 4), {}, "")), "probe")
