"""The classifier: good at its labels, made once, and no trace in the random state."""

import torch

from genlab.apps.preparing import prepare
from genlab.metrics.classifier import Convnet, cached_classifier


def test_it_knows_its_digits_is_kept_and_leaves_the_random_state_alone(composed, tmp_path):
    prepared = prepare(composed("data=digits"))
    state = torch.get_rng_state()
    net, accuracy = cached_classifier(prepared, tmp_path)
    assert torch.equal(state, torch.get_rng_state())
    assert accuracy > 0.95
    (file,) = (tmp_path / "features").glob("*.pt")
    written = file.stat().st_mtime_ns
    again, same = cached_classifier(prepared, tmp_path)
    assert (file.stat().st_mtime_ns, same) == (written, accuracy)
    assert not again.training
    for mine, other in zip(net.parameters(), again.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_images_of_any_shape_have_features():
    for shape in ((1, 8, 8), (3, 5, 9), (4, 64, 48), (1, 3, 3)):
        net = Convnet(shape, levels=(3,)).eval()
        assert net.features(torch.rand(2, *shape)).shape == (2, net.num_features)
        assert net(torch.rand(2, *shape)).shape == (2, 3)
