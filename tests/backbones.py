"""Weights files of LPIPS's networks, of the published layout but random; they stand where the published ones would."""

from dataclasses import replace

import numpy as np
import torch
import torchvision

from genlab.files import sha256
from genlab.metrics import perceptual


def drawn(net):
    """A network's convolutional layers on the CPU, the same in every run and with every version of torch."""
    with torch.device("meta"):
        layers = getattr(torchvision.models, perceptual.BACKBONES[net].network)(weights=None).features
    dice = np.random.default_rng(3)
    state = {}
    for name, weight in layers.state_dict().items():
        size = (2 / max(1, weight[0].numel())) ** 0.5 if weight.ndim > 1 else 0.1
        state[name] = torch.from_numpy(dice.standard_normal(weight.shape, dtype=np.float32)) * size
    layers.load_state_dict(state, assign=True)
    return layers.eval().requires_grad_(False)


def published(net, folder, monkeypatch):
    """A file of such weights in torch's folder below ``folder``, taken for the published one."""
    monkeypatch.setenv("TORCH_HOME", str(folder))
    first = perceptual.BACKBONES[net]
    path = folder / "hub" / "checkpoints" / first.file
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"classifier.1.weight": torch.zeros(3), "classifier.1.bias": torch.zeros(3)}
    torch.save({**{f"features.{name}": x for name, x in drawn(net).state_dict().items()}, **head}, path)
    named = path.with_name(f"{first.network}-{sha256(path)[:8]}.pth")
    path.rename(named)
    monkeypatch.setitem(perceptual.BACKBONES, net, replace(first, file=named.name))
    return named
