"""A small model of every class of the VAE family, whatever its constructor asks for."""

import importlib
import inspect
import pkgutil

import torch

import genlab.models
from genlab.contracts import DataSpec, Images
from genlab.models.base.latent_variable import LatentVariableModel
from genlab.models.base.schedules import Constant
from genlab.models.objectives.elbo import ELBO
from genlab.models.priors.standard_normal import StandardNormal
from genlab.nets.code_discriminator import CodeDiscriminator
from genlab.nets.mlp import MLP

from stepping import noise_of

SPEC = DataSpec("c", "images", (1, 2, 3), {"train": 40}, "0", classes=4, class_names=tuple("abcd"))


def family():
    """The classes, by name."""
    for module in pkgutil.iter_modules(genlab.models.__path__):
        importlib.import_module(f"genlab.models.{module.name}")
    return {one.__name__: one for one in LatentVariableModel.__subclasses__() if one.__module__.startswith("genlab.")}


def member(name, **chosen):
    """One of them, its arguments those below but for what is ``chosen``."""
    torch.manual_seed(0)
    usual = {
        "latent_dim": 2,
        "latent_dim_2": 2,
        "hidden": 5,
        "beta": 2.0,
        "gamma": 3.0,
        "answers": [[0, 2], [1, 3]],
        "vae_on": "all",
        "lambda_vae": 0.1,
        "resample": True,
        "bins": 4,
        "smoothing": 0.01,
        "combine": "product",
        "cap": 50.0,
        "likelihood": "gaussian",
        "sigma": 0.5,
        "output_activation": "linear",
        "logistic_mixtures": 1,
        "objective": ELBO(1),
        "prior": StandardNormal(),
        "net": MLP([5], "tanh", "none", 0.0),
        "discriminator": CodeDiscriminator([4], "leaky_relu"),
        "optimizer": torch.optim.SGD,
        "d_optimizer": torch.optim.SGD,
        "schedule": Constant(),
        "spec": SPEC,
        "seed": 0,
    } | chosen
    one = family()[name]
    return one(**{key: usual[key] for key in inspect.signature(one.__init__).parameters if key != "self"})


def batch(step, model):
    """Eight images of that step, and their noise."""
    stream = torch.Generator().manual_seed(step)
    images = Images(torch.rand(8, 1, 2, 3, generator=stream), torch.arange(8) % 4, torch.arange(8))
    return images, noise_of(model, step)


def unfused(parameters):
    """An optimiser without a state."""
    return torch.optim.SGD(parameters, 1e-3)


def parts():
    """What adversarial autoencoders are made of, but for what only one of them has."""
    nets = {"net": MLP([5], "tanh", "none", 0.0), "discriminator": CodeDiscriminator([4], "leaky_relu")}
    pixels = {"likelihood": "gaussian", "sigma": "learned", "output_activation": "linear", "logistic_mixtures": 1}
    rest = dict.fromkeys(("optimizer", "d_optimizer", "g_optimizer"), unfused)
    return {**nets, **pixels, **rest, "latent_dim": 2, "schedule": Constant(), "spec": SPEC, "seed": 0}
