"""Parts of VAEs that are still to come, and a VAE whose likelihood is known: what objective and prior have to carry."""

import math

import torch
from torch import nn
from torch.distributions import MultivariateNormal

from genlab.contracts import DataSpec
from genlab.losses.divergence import gaussian_log_density
from genlab.losses.importance import importance_bound
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.parts import Objective, Prior
from genlab.models.base.schedules import Constant
from genlab.models.objectives.elbo import ELBO
from genlab.models.priors.standard_normal import StandardNormal
from genlab.models.vae import VAE
from genlab.nets.mlp import MLP

# ---- objectives -------------------------------------------------------------------------------------------------------


class TotalCorrelation(Objective):
    """beta-TC-VAE: Chen et al., 2018 (arXiv:1802.04942), eq. 4: beta weighs the total correlation alone.

    q(z) is estimated from the batch, each image's own share of the N training images being 1/N.
    """

    def bound_to(self, spec):
        self.images = spec.sizes["train"]
        return self

    def __call__(self, nll, q, p, z, beta):
        z, count = z[:, 0], len(z)
        share = torch.full((count, count), (1 - 1 / self.images) / (count - 1)).fill_diagonal_(1 / self.images)
        each = gaussian_log_density(z[:, None, :, None], q.mean[..., None], q.logvar[..., None])  # [B, B, D]
        log_qz = (each.sum(2) + share.to(z).log()).logsumexp(1)
        log_qz_d = (each + share.to(z).log()[..., None]).logsumexp(1).sum(1)
        mi, tc, dimension_wise = q.log_prob(z) - log_qz, log_qz - log_qz_d, log_qz_d - p.log_prob(z)
        recon, kl = nll[:, 0], mi + tc + dimension_wise
        loss = recon + mi + beta * tc + dimension_wise
        return {"loss": loss, "recon": recon, "kl": kl, "elbo": -(recon + kl).detach(), "mi": mi, "tc": tc}


class ImportanceWeighted(Objective):
    """IWAE: Burda et al., 2015 (arXiv:1509.00519), eq. 8."""

    def __init__(self, samples):
        self.samples = samples

    def __call__(self, nll, q, p, z, beta):
        log_w = beta * (p.log_prob(z) - q.log_prob(z)) - nll
        recon, kl = nll.mean(1), (q.log_prob(z) - p.log_prob(z)).mean(1)
        return {"loss": -importance_bound(log_w), "recon": recon, "kl": kl, "elbo": -(recon + kl).detach()}


class DoublyReparameterised(Objective):
    """DReG: Tucker et al., 2019 (arXiv:1810.04152), eq. 8: the encoder learns through z alone, by the weights squared."""

    def __init__(self, samples):
        self.samples = samples

    def __call__(self, nll, q, p, z, beta):
        fixed = DiagonalGaussian(q.mean.detach(), q.logvar.detach())
        log_w = p.log_prob(z) - fixed.log_prob(z) - nll
        if z.requires_grad:
            z.register_hook(lambda slope: log_w.softmax(1).detach()[..., None] * slope)
        return {"loss": -importance_bound(log_w)}


# ---- a prior ----------------------------------------------------------------------------------------------------------


class Vamp(Prior):
    """VampPrior: Tomczak and Welling, 2018 (arXiv:1705.07120), eq. 9: the posteriors of inputs that are learnt, mixed."""

    def __init__(self, components):
        super().__init__()
        self.components = components

    def bound_to(self, latent_dim, spec, posterior):
        self.inputs, self.posterior = nn.Parameter(torch.rand(self.components, *spec.shape)), posterior
        return super().bound_to(latent_dim, spec, posterior)

    def log_prob(self, z):
        mean, logvar = self.posterior(self.inputs)  # [components, D]
        return importance_bound(gaussian_log_density(z[..., None, :], mean, logvar).movedim(-1, 1))

    def sample(self, n, stream, dtype):
        which = torch.randint(self.components, (n,), generator=stream, device=stream.device)
        noise = torch.randn(n, self.latent_dim, generator=stream, device=stream.device, dtype=dtype)
        return self.posterior(self.inputs[which]).sample(noise)


# ---- a VAE whose likelihood is known ------------------------------------------------------------------------------------

SHAPE, PIXELS, LATENT, SIGMA = (1, 2, 3), 6, 2, 0.5


def linear(beta=1.0, likelihood="gaussian", objective=None, prior=None, images=64):
    """A VAE whose networks are one linear layer each; the columns of the decoder's weight are at right angles."""
    torch.manual_seed(0)
    spec = DataSpec("x", "images", SHAPE, {"train": images}, "0")
    parts = objective or ELBO(1), prior or StandardNormal()
    model = VAE(LATENT, beta, likelihood, SIGMA, *parts, MLP([], "tanh"), torch.optim.SGD, Constant(), spec, 0).double()
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
