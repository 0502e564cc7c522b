"""Small GANs for tests: networks whose penalties have second derivatives, and everything off that a GAN could do."""

import torch
from torch import nn

from genlab.contracts import DataSpec, Images, Points
from genlab.models.base.execution import Execution
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant
from genlab.models.cgan import CGAN
from genlab.models.gan import GAN

PLAIN = {
    **{"latent_dim": 5, "loss": "non_saturating", "d_steps": 1, "g_steps": 1, "d_lr": None},
    **{"lambda_gp": 0.0, "r1": 0.0, "r2": 0.0, "dragan": 0.0, "penalty_every": 1},
    **{"label_smoothing": 0.0, "instance_noise": 0.0, "augment": [], "pack": 1, "top_k": 1.0, "ema_images": 0},
}
LR = 0.05
SHAPE = (1, 4, 4)


class Judge(nn.Module):
    """Two smooth layers on the flat image, labels beside it. [B, *shape], [B, K] -> [B]."""

    def __init__(self, inputs):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, 12), nn.Tanh(), nn.Linear(12, 1))

    def forward(self, x, *y):
        return self.layers(torch.cat([x.flatten(1), *y], 1)).squeeze(1)


class Maker(nn.Module):
    """One layer and a tanh. [B, D], [B, K] -> [B, *shape]."""

    def __init__(self, inputs, shape):
        super().__init__()
        self.layer, self.shape = nn.Linear(inputs, torch.Size(shape).numel()), shape

    def forward(self, z, *y):
        return self.layer(torch.cat([z, *y], 1)).tanh().unflatten(1, self.shape)


class Smooth:
    """Their family."""

    def generator(self, latent_dim, shape, labels):
        return Maker(latent_dim + labels, shape)

    def discriminator(self, shape, labels):
        return Judge(torch.Size(shape).numel() + labels)


def step(**options):
    usual = {"batched": True, "inplace": False, "grouped_norm": False, "dead_biases": True}
    return Execution(**usual | {"channels_last": False, "compile": None} | options)


def sgd(parameters, lr=LR):
    return torch.optim.SGD(parameters, lr)


def gan(net=None, shape=SHAPE, classes=0, optimizer=sgd, double=True, **options):
    """A GAN, or a CGAN where there are ``classes``."""
    torch.manual_seed(0)
    kind = "images" if len(shape) == 3 else "points"
    spec = DataSpec("x", kind, shape, {"train": 64}, "0", classes, tuple(map(str, range(classes))))
    kind_of_model = CGAN if classes else GAN
    parts = {"optimizer": optimizer, "schedule": Constant(), "step": step(), "spec": spec, "seed": 3}
    model = kind_of_model(net=net or Smooth(), **PLAIN | options, **parts)
    return model.double() if double else model


def batch(number, size=6, shape=SHAPE, classes=0):
    """Images or points of batch ``number``, with labels if there are classes."""
    stream = torch.Generator().manual_seed(number)
    x = torch.rand(size, *shape, generator=stream, dtype=torch.float64)
    label = torch.randint(classes, (size,), generator=stream) if classes else None
    return (Images if len(shape) == 3 else Points)(x, label, torch.arange(size))


def noise(number, stage="train"):
    return Noise(3, stage, number, torch.device("cpu"), torch.float64)
