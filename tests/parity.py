"""Steps outside a Trainer, in float64, beside the same step written out in plain PyTorch."""

import torch

from genlab.contracts import DataSpec
from genlab.models.base.execution import Execution
from genlab.models.base.noise import Noise
from genlab.models.base.schedules import Constant
from genlab.models.cyclegan import CycleGAN
from genlab.models.pix2pix import Pix2Pix
from genlab.nets.blocks import dead_biases

LR, BETAS, SEED = 2e-4, (0.5, 0.999), 3
FAST = {"batched": True, "inplace": False, "grouped_norm": True, "dead_biases": False, "channels_last": False}
REFERENCE = {"batched": False, "inplace": True, "grouped_norm": False, "dead_biases": True, "channels_last": False}

PENALTIES = {"lambda_gp": 0.0, "r1": 0.0, "r2": 0.0}


def adam(parameters):
    """The optimiser of both papers."""
    return torch.optim.Adam(parameters, LR, BETAS)


def step(**changes):
    """The fastest way, but for ``changes``."""
    return Execution(**{**FAST, "compile": None, **changes})


def cyclegan(g, d, data, seed=3, way=None, **terms):
    """A CycleGAN with the paper's terms and no pool, but for ``terms``."""
    usual = PENALTIES | {"loss": "least_squares", "augment": [], "lambda_cycle_a": 10.0, "lambda_cycle_b": 10.0}
    usual |= {"lambda_identity": 0.5, "lambda_second": 0.0, "mask": 0.0, "pool_size": 0, "ema": 0.0}
    parts = {"generator": g, "discriminator": d, "optimizer": adam, "schedule": Constant(), "step": step(**(way or {}))}
    return CycleGAN(**{**usual, **parts, **terms}, spec=data, seed=seed)


def pix2pix(g, d, data, seed=3, way=None, **terms):
    """A pix2pix with the paper's terms, but for ``terms``."""
    usual = PENALTIES | {"loss": "non_saturating", "augment": [], "lambda_l1": 100.0, "ema": 0.0}
    usual |= {"inference_norm": "batch", "inference_dropout": True}
    parts = {"generator": g, "discriminator": d, "optimizer": adam, "schedule": Constant(), "step": step(**(way or {}))}
    return Pix2Pix(**{**usual, **parts, **terms}, spec=data, seed=seed)


def spec(kind, side, channels=3):
    """A data set of square images."""
    return DataSpec("x", kind, (channels, side, side), {"train": 64}, "0", note="AtoB")


def noise(step, stage="train"):
    """The noise of one batch."""
    return Noise(SEED, stage, step, torch.device("cpu"), torch.float64)


def images(step, name, size, side, channels=3):
    """A batch in [0, 1]."""
    stream = torch.Generator().manual_seed(100 * step + ord(name))
    return torch.rand(size, channels, side, side, generator=stream, dtype=torch.float64)


def gradients(net):
    """By name, copied."""
    return {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}


def assert_gradients(net, expected, share=1e-8):
    """Within ``share`` of the tensor's largest; biases in front of an instance norm are exempt, for theirs is noise."""
    dead = dead_biases(net)
    for name, parameter in net.named_parameters():
        if name not in dead:
            largest = expected[name].abs().max()
            assert largest > 0, name
            assert (parameter.grad - expected[name]).abs().max() <= share * largest, name


def assert_loss(ours, theirs):
    """Equal to 1e-10."""
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
