"""The classifier: good at its labels, made once, and no trace in the random state."""

import torch

from genlab.apps.command.paths import prepare
from genlab.metrics.extractors.classifier import Convnet, cached_classifier
from genlab.metrics.extractors.lessons import Lesson

from keeping import assert_made_once


def test_it_knows_its_digits_is_kept_and_leaves_the_random_state_alone(composed, tmp_path):
    data = prepare(composed("data=digits"))
    assert_made_once(lambda folder: cached_classifier(Lesson(data), folder), tmp_path, least=0.95)


def test_images_of_any_shape_have_features():
    for shape in ((1, 8, 8), (3, 5, 9), (4, 64, 48), (1, 3, 3)):
        net = Convnet(shape, levels=(3,)).eval()
        assert net.features(torch.rand(2, *shape)).shape == (2, net.num_features)
        assert net(torch.rand(2, *shape)).shape == (2, 3)
