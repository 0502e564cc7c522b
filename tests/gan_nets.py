"""The discriminators and generators of every network family of GANs, small, by what is chosen."""

import torch

from genlab.nets.dcgan import DCGAN
from genlab.nets.gan_mlp import GANMLP
from genlab.nets.gan_resnet import GANResNet

FAMILIES = ("dcgan", "mlp", "resnet")


def family(name, norm="none", spectral=False, group=0, width=4, condition="projection"):
    """A small family; ``norm``: of DCGAN's discriminator, the others have none."""
    return {
        "dcgan": lambda: DCGAN(width, norm, spectral, group, condition),
        "mlp": lambda: GANMLP([9, 8], [7, 6], "relu", "leaky_relu", spectral, group, condition),
        "resnet": lambda: GANResNet(width, spectral, group, condition),
    }[name]()


def one_hot(labels, classes):
    """[B] -> [B, K] in float64."""
    return torch.eye(classes, dtype=torch.float64)[torch.tensor(labels)]


def largest_singular_values(net):
    """Of the weights that the layers compute with, by the name of the layer, in evaluation."""
    net.eval()
    layers = {
        name: layer for name, layer in net.named_modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
    }
    return {
        name: torch.linalg.matrix_norm(layer.weight.detach().flatten(1).double(), 2).item()
        for name, layer in layers.items()
    }
