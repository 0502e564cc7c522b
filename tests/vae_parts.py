"""A VAE whose likelihood is known."""

import math

import torch
from torch.distributions import MultivariateNormal

from genlab.contracts import DataSpec
from genlab.models.base.schedules import Constant
from genlab.models.objectives.elbo import ELBO
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.vae import VAE
from genlab.nets.mlp import MLP

# ---- a VAE whose likelihood is known ------------------------------------------------------------------------------------

SHAPE, PIXELS, LATENT, SIGMA = (1, 2, 3), 6, 2, 0.5


def linear(beta=1.0, likelihood="gaussian", objective=None, prior=None, images=64):
    """A VAE whose networks are one linear layer each; the columns of the decoder's weight are at right angles."""
    torch.manual_seed(0)
    spec = DataSpec("x", "images", SHAPE, {"train": images}, "0")
    parts = objective or ELBO(1), prior or StandardNormal()
    model = VAE(
        LATENT,
        beta,
        likelihood,
        SIGMA,
        "linear",
        1,
        *parts,
        MLP([], "tanh", "none", 0.0),
        torch.optim.SGD,
        Constant(),
        spec,
        0,
    ).double()
    columns = torch.linalg.qr(torch.randn(PIXELS, LATENT, dtype=torch.float64))[0]
    model.decoder[0].weight.data = columns * torch.tensor([1.5, 0.4])
    return model


def says(model, mean, logvar):
    """The encoder gives the same answer to every image."""
    model.encoder[1].weight.data.zero_()
    model.encoder[1].bias.data = torch.tensor([*mean, *logvar], dtype=torch.float64)
    return model


def knows(model, off=0.0, wide=0.0):
    """The encoder gives the true posterior, its mean moved by ``off`` and its log-variance by ``wide``."""
    weight, bias = model.decoder[0].weight.detach(), model.decoder[0].bias.detach()
    variance = 1 / (1 + weight.square().sum(0) / SIGMA**2)  # [D]
    towards = variance[:, None] * weight.T / SIGMA**2  # [D, P]
    model.encoder[1].weight.data = torch.cat([towards, torch.zeros_like(towards)])
    model.encoder[1].bias.data = torch.cat([off - towards @ bias, wide + variance.log()])
    return model


def evidence(model, x):
    """log p(x): x is Gaussian too. -> [B]."""
    weight, bias = model.decoder[0].weight.detach(), model.decoder[0].bias.detach()
    return MultivariateNormal(bias, weight @ weight.T + SIGMA**2 * torch.eye(PIXELS).double()).log_prob(x.flatten(1))


def pictures(count):
    """Random images, [count, *SHAPE] in [0, 1]."""
    return torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def log_normal(z, mean, logvar):
    """log N(z | mean, e^logvar) of one number, in plain Python."""
    return -0.5 * (math.log(2 * math.pi) + logvar + (z - mean) ** 2 / math.exp(logvar))
