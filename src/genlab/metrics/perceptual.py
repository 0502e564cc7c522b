"""LPIPS: how far two images are apart for a network that was trained on photographs. Zhang et al., 2018."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import torch
from torch import Tensor, nn

from genlab.compat import ensure_torchvision
from genlab.config.types import PerceptualNet
from genlab.contracts import ConfigError, Problem
from genlab.files import sha256
from genlab.images import widened
from genlab.metrics.reconstruction import require_same_shape

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of ImageNet's pixels in [-1, 1]
PATCH = 64  # pixels of a side of the patches that people judged


@dataclass(frozen=True)
class Backbone:
    """A network for photographs: torchvision's name and published file, the layers compared, the smallest side it takes.

    The file's name ends with the first eight digits of its SHA-256.
    """

    network: str
    file: str
    layers: tuple[int, ...]
    least: int

    @property
    def sha256(self) -> str:
        """The published beginning of the SHA-256."""
        return self.file.removesuffix(".pth").rpartition("-")[2]


BACKBONES: dict[PerceptualNet, Backbone] = {
    "alex": Backbone("alexnet", "alexnet-owt-7be5be79.pth", (1, 4, 7, 9, 11), 31),
    "vgg": Backbone("vgg16", "vgg16-397923af.pth", (3, 8, 15, 22, 29), 16),
    "squeeze": Backbone("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", (1, 4, 7, 9, 10, 11, 12), 17),
}


def backbone_file(net: PerceptualNet, weights: str | None) -> Path:
    """The file of the backbone's weights: ``weights``, or where torchvision keeps it.

    Raises:
        ConfigError: it is missing, or is another than the published one; with the remedy.
    """
    backbone = BACKBONES[net]
    path = Path(weights).expanduser() if weights else Path(torch.hub.get_dir()) / "checkpoints" / backbone.file
    address = f"https://download.pytorch.org/models/{backbone.file}"
    fetch = f"Fetch {address} there, or name the file that you have: metrics.lpips.weights=FILE"
    if not path.is_file():
        raise ConfigError([Problem(f"LPIPS, net={net}", f"there is no {path}", fetch)])
    if not (found := sha256(path)).startswith(backbone.sha256):
        what = f"{path} is not the published file: its SHA-256 begins with {found[:8]}, not {backbone.sha256}"
        raise ConfigError([Problem(f"LPIPS, net={net}", what, f"Delete it. {fetch}")])
    return path


class LPIPS(nn.Module):
    """Perceptual distances of images and their targets, version 0.1: 0 for equal images, larger for less alike ones.

    Images are compared in their own size. Grey ones are repeated to three channels.

    Args:
        net: the backbone.
        weights: its file, which ``backbone_file`` has checked.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, net: PerceptualNet, weights: Path) -> None:
        super().__init__()
        self.backbone = BACKBONES[net]
        self.layers = layers_of(self.backbone.network, weights)[: self.backbone.layers[-1] + 1]
        self.heads = heads_of(net)
        self.register_buffer("shift", torch.tensor(SHIFT).view(3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE).view(3, 1, 1))
        self.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """[B, C, H, W] in [0, 1] twice -> [B]; in float32 whatever autocast does elsewhere.

        Raises:
            ValueError: x and y differ in shape.
        """
        require_same_shape(x, y)
        with torch.autocast(x.device.type, enabled=False):
            maps = zip(self.heads, self.maps(x), self.maps(y), strict=True)
            return torch.stack([weighted(head, a, b) for head, a, b in maps]).sum(0)

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """The outputs of the layers compared, one after the other, with unit length at every place. [B, C', H', W'] each."""
        x = (widened(x.float(), 3) * 2 - 1 - self.shift) / self.scale
        for place, layer in enumerate(self.layers):
            x = layer(x)
            if place in self.backbone.layers:
                yield x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)


def weighted(head: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The squared differences of two maps, weighted by channel and averaged over places. [B, C', H', W'] twice -> [B]."""
    return ((a - b).square() * head.view(1, -1, 1, 1)).sum(1).mean((1, 2))


def layers_of(network: str, weights: Path) -> nn.ModuleList:
    """A network's convolutional layers, with the weights in a file; nothing is drawn from the global random state."""
    ensure_torchvision()
    import torchvision

    with torch.device("meta"):
        layers = getattr(torchvision.models, network)(weights=None).features
    beginning, state = "features.", torch.load(weights, map_location="cpu", weights_only=True)
    own = {name.removeprefix(beginning): value for name, value in state.items() if name.startswith(beginning)}
    layers.load_state_dict(own, assign=True)
    return nn.ModuleList(layers)


def heads_of(net: PerceptualNet) -> nn.ParameterList:
    """The weights of a net's channels, learned from people's judgements, layer by layer; torchmetrics ships them."""
    with as_file(files("torchmetrics.functional.image") / "lpips_models" / f"{net}.pth") as path:
        state = torch.load(path, map_location="cpu", weights_only=True)
    found = [state[f"lin{i}.model.1.weight"].flatten() for i in range(len(BACKBONES[net].layers))]
    return nn.ParameterList([nn.Parameter(head, requires_grad=False) for head in found])
