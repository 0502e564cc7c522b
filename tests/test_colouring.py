"""By what codes are coloured, why they are not, and which attributes are refused."""

import pytest
import torch

from genlab.colouring import colouring, require_attribute, uncoloured
from genlab.contracts import ConfigError, DataSpec

FACES = DataSpec("faces", "images", (1, 2, 2), {}, "", attributes=("Male", "Age", "Light"), levels=(2, 4, 0))


def test_images_are_coloured_by_class_or_by_an_attribute():
    digits = DataSpec("x", "images", (1, 2, 2), {}, "", 3)
    by_class = colouring(torch.tensor([0, 1, 1, 2]), digits, None)
    assert (by_class.names, by_class.numbers.tolist()) == (("0", "1", "2"), [0, 1, 1, 2])
    assert by_class.chance == pytest.approx((1 + 4 + 1) / 16)
    labels = torch.tensor([[1, 3, 0], [0, 2, 0], [1, 0, 0]])
    assert colouring(labels, FACES, None) == (None, ())
    assert colouring(labels, FACES, "Male").numbers.tolist() == [1, 0, 1]
    assert colouring(labels, FACES, "Male").names == ("not Male", "Male")
    assert colouring(labels, FACES, "Age").numbers.tolist() == [3, 2, 0]
    assert len(colouring(labels, FACES, "Age").names) == 4


def test_why_points_have_one_colour_is_said():
    plain = DataSpec("x", "images", (1, 2, 2), {}, "")
    assert "no labels" in uncoloured(plain, (), "what.attribute")
    assert "what.attribute=NAME" in uncoloured(FACES, (), "what.attribute")
    assert "21 classes, more than 20" in uncoloured(plain, ("x",) * 21, "what.attribute")
    assert uncoloured(plain, ("x",) * 20, "what.attribute") == ""


def test_an_attribute_that_the_set_has_not_is_refused_with_those_that_it_has():
    require_attribute(FACES, "Age", "what.attribute")
    require_attribute(FACES, None, "what.attribute")
    for wrong in ("Smiling", "Light"):  # the second is continuous
        with pytest.raises(ConfigError, match=rf"what.attribute={wrong}.*\n.*Type: what.attribute=Male\|Age"):
            require_attribute(FACES, wrong, "what.attribute")
    with pytest.raises(ConfigError, match="Leave it out"):
        require_attribute(DataSpec("x", "images", (1, 2, 2), {}, "", 3), "Male", "what.attribute")
