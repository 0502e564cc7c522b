"""LPIPS: the numbers of its authors' package, and which files of weights are taken."""

import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision

from genlab.contracts import ConfigError
from genlab.metrics.perceptual import BACKBONES, LPIPS, backbone_file

from backbones import drawn, published

NETS = list(BACKBONES)
# of its authors' package (0.1.4) with the same networks
GOLDEN = {
    "alex": [0.00116426, 0.0189091, 0.0838103],
    "vgg": [0.00319804, 0.0481741, 0.147415],
    "squeeze": [0.00219615, 0.0369918, 0.12526],
}


def scenes(side=40):
    """Images and noisy versions of them, float32 [3, 3, H, W] in [0, 1]."""
    dice = np.random.default_rng(1)
    rows, columns = np.mgrid[:side, : side + 7]
    x = 0.5 + 0.4 * np.sin(rows / np.arange(3, 6)[:, None, None, None]) * np.cos(
        columns / np.arange(2, 5)[:, None, None]
    )
    y = x + np.array([0.02, 0.1, 0.5])[:, None, None, None] * dice.standard_normal(x.shape)
    return torch.from_numpy(x).float(), torch.from_numpy(y.clip(0, 1)).float()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """``built(net)``: the distances of a network of random weights; each is made once."""
    made = {}

    def build(net):
        if net not in made:
            with pytest.MonkeyPatch.context() as patched:
                made[net] = LPIPS(net, published(net, tmp_path_factory.mktemp(net), patched))
        return made[net]

    return build


@pytest.mark.parametrize("net", NETS)
def test_distances_are_those_that_the_authors_package_gave(net, built):
    found = built(net)(*scenes())
    assert found.tolist() == pytest.approx(GOLDEN[net], rel=1e-4)


@pytest.mark.parametrize("net", NETS)
def test_distances_are_those_of_the_authors_package(net, built, monkeypatch):
    lpips, ours = pytest.importorskip("lpips"), built(net)
    network = SimpleNamespace(features=drawn(net))
    monkeypatch.setattr(torchvision.models, BACKBONES[net].network, lambda pretrained: network)
    theirs = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    x, y = scenes(33)
    with torch.no_grad():
        expected = theirs(x * 2 - 1, y * 2 - 1).flatten()
    torch.testing.assert_close(ours(x, y), expected, rtol=1e-4, atol=1e-7)
    grey = x.mean(1, keepdim=True), y.mean(1, keepdim=True)
    with torch.no_grad():
        expected = theirs(*(z.expand(-1, 3, -1, -1) * 2 - 1 for z in grey)).flatten()
    torch.testing.assert_close(ours(*grey), expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("net", NETS)
def test_the_smallest_side_that_a_network_takes_is_stated(net, built):
    ours, least = built(net), BACKBONES[net].least
    x = torch.rand(1, 3, least, least + 20)
    assert ours(x, x).tolist() == [0.0]
    with pytest.raises(RuntimeError):
        ours(x[:, :, 1:], x[:, :, 1:])


def test_neither_autocast_nor_gradients_nor_the_global_random_state_play_a_part(tmp_path, monkeypatch):
    path = published("squeeze", tmp_path, monkeypatch)
    state = torch.get_rng_state()
    ours = LPIPS("squeeze", path)
    assert torch.equal(state, torch.get_rng_state())
    x, y = scenes()
    plain = ours(x, y)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(ours(x, y), plain)
    assert not any(p.requires_grad for p in ours.parameters())
    assert not plain.requires_grad
    assert not ours.training


def test_grey_images_are_not_compared_with_colour_ones(built):
    ours, (x, y) = built("squeeze"), scenes()
    with pytest.raises(ValueError, match=r"\[3, 1, 40, 47\] against \[3, 3, 40, 47\]"):
        ours(x[:, :1], y)


def test_weights_are_found_where_torchvision_keeps_them_or_by_their_path(tmp_path, monkeypatch):
    path = published("squeeze", tmp_path / "torch", monkeypatch)
    assert backbone_file("squeeze", None) == path
    moved = path.rename(tmp_path / "weights.pth")
    assert backbone_file("squeeze", str(moved)) == moved
    with pytest.raises(ConfigError, match="there is no") as caught:
        backbone_file("squeeze", None)
    message = str(caught.value)
    assert str(path) in message
    assert f"Fetch https://download.pytorch.org/models/{path.name} there" in message
    assert "metrics.lpips.weights=FILE" in message


def test_a_file_with_another_digest_is_refused_before_anything_of_it_is_read(tmp_path, monkeypatch):
    path = published("squeeze", tmp_path, monkeypatch)
    right = path.stem.rpartition("-")[2]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(torch, "load", lambda *_, **__: sys.exit("it was read"))
    with pytest.raises(ConfigError, match=f"SHA-256 begins with .{{8}}, not {right}"):
        backbone_file("squeeze", None)


def test_a_pickled_object_in_a_file_of_weights_is_not_brought_to_life(tmp_path):
    mark = tmp_path / "it ran"

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(mark),)

    path = tmp_path / "weights.pth"
    torch.save({"features.0.weight": Trap()}, path)
    with pytest.raises(Exception, match="[Ww]eights"):
        LPIPS("squeeze", path)
    assert not mark.exists()


def test_the_published_files_are_torchvisions():
    models = torchvision.models
    for net, name in {"alex": "AlexNet", "vgg": "VGG16", "squeeze": "SqueezeNet1_1"}.items():
        assert getattr(models, f"{name}_Weights").IMAGENET1K_V1.url.endswith(f"/{BACKBONES[net].file}")
