"""Small models of kinds that are still to come: what the base has to carry."""

from functools import partial
from typing import ClassVar

import torch
from omegaconf import OmegaConf
from torch import nn

from genlab.losses.adversarial import bce_fake, bce_real
from genlab.losses.precision import per_image
from genlab.models.base.model import Model
from genlab.models.base.phases import Phase
from genlab.models.base.schedules import Ramp
from genlab.models.cvae import CVAE as Conditional
from genlab.nets.mlp import MLP


def put_into(cfg, leaf):
    """A configuration of ``model=ae`` with a leaf in its place."""
    OmegaConf.set_struct(cfg, False)
    kept = {"optimizer": cfg.model.optimizer, "schedule": cfg.model.schedule}
    cfg.model, cfg.trust = {"_target_": f"leaves.{leaf}", **kept}, [*cfg.trust, "leaves"]
    return cfg


def mlp(inputs, outputs, width=12):
    """Two layers."""
    return nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, outputs))


class AAE(Model):
    """Adversarial autoencoder (Makhzani et al., 2015, arXiv:1511.05644): reconstruction, discrimination, regularisation."""

    def __init__(self, optimizer, schedule, spec, seed):
        super().__init__(spec, optimizer, schedule, seed)
        pixels = spec.shape[1] * spec.shape[2]
        self.encoder, self.decoder, self.discriminator = mlp(pixels, 3), mlp(3, pixels), mlp(3, 1)

    def phases(self):
        return [
            Phase("ae", [self.encoder, self.decoder], self.reconstruction),
            Phase("d", [self.discriminator], self.discrimination, detached=True),
            Phase("g", [self.encoder], self.regularisation),
        ]

    def shared(self, batch, noise):
        return {"z": self.encoder(batch.image.flatten(1))}

    def reconstruction(self, batch, shared, noise):
        return {"loss_ae": per_image((self.decoder(shared["z"]) - batch.image.flatten(1)).square())}

    def discrimination(self, batch, shared, noise):
        prior = noise.normal("prior", len(batch.image), 3)
        return {"loss_d": bce_real(self.discriminator(prior)) + bce_fake(self.discriminator(shared["z"]))}

    def regularisation(self, batch, shared, noise):
        return {"loss_g": bce_real(self.discriminator(shared["z"]))}


class Remedies(Model):
    """A GAN with two learning rates, several steps of D on one batch, and R1 in every fourth update.

    Heusel et al., 2017 (arXiv:1706.08500); Mescheder et al., 2018 (arXiv:1801.04406); Karras et al., 2020
    (arXiv:1912.04958), appendix B: lazy regularisation, its weight times the interval.
    """

    def __init__(self, optimizer, schedule, spec, seed, d_lr=4e-3, times=3, every=4):
        super().__init__(spec, optimizer, schedule, seed)
        self.pixels, self.d_lr, self.times, self.every = spec.shape[1] * spec.shape[2], d_lr, times, every
        self.generator, self.discriminator = mlp(3, self.pixels), mlp(self.pixels, 1)

    def phases(self):
        own = partial(torch.optim.Adam, lr=self.d_lr, betas=(0.5, 0.99))
        nets = [self.discriminator]
        return [
            Phase("d", nets, self.discrimination, detached=True, times=self.times, optimizer=own),
            Phase("r1", nets, self.penalty, detached=True, every=self.every, optimizer="d", evaluated=False),
            Phase("g", [self.generator], self.generation),
        ]

    def shared(self, batch, noise):
        return {"fake": self.generator(noise.normal("z", len(batch.image), 3))}

    def discrimination(self, batch, shared, noise):
        real = self.discriminator(batch.image.flatten(1))
        return {"loss_d": bce_real(real) + bce_fake(self.discriminator(shared["fake"]))}

    def penalty(self, batch, shared, noise):
        x = batch.image.flatten(1).detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(self.discriminator(x).sum(), x, create_graph=True)
        return {"loss_r1": self.every * 5.0 * slope.square().sum(1)}

    def generation(self, batch, shared, noise):
        return {"loss_g": bce_real(self.discriminator(shared["fake"]))}


class WarmUp(Model):
    """An autoencoder whose codes are held small, by a weight that grows over ten batches."""

    def __init__(self, optimizer, schedule, spec, seed, weight=None):
        super().__init__(spec, optimizer, schedule, seed)
        pixels = spec.shape[1] * spec.shape[2]
        self.encoder, self.decoder = mlp(pixels, 3), mlp(3, pixels)
        self.weight = Ramp(0.0, 2.0, batches=10, wait=2) if weight is None else weight

    def terms(self, batch, noise):
        code = self.encoder(batch.image.flatten(1))
        recon = per_image((self.decoder(code) - batch.image.flatten(1)).square())
        size = per_image(code.square())
        return {"loss": recon + self.at(self.weight) * size, "recon": recon, "size": size}


class CVAE(Conditional):
    """The conditional VAE with a small network of its own."""

    def __init__(
        self,
        latent_dim,
        beta,
        likelihood,
        sigma,
        output_activation,
        logistic_mixtures,
        objective,
        prior,
        optimizer,
        schedule,
        spec,
        seed,
    ):
        pixels = likelihood, sigma, output_activation, logistic_mixtures
        net, rest = MLP([64], "tanh", "none", 0.0), (optimizer, schedule, spec, seed)
        super().__init__(latent_dim, beta, *pixels, objective, prior, net, *rest)


class OfClasses(CVAE):
    """The same, of classes alone."""

    needs: ClassVar[tuple] = ("classes",)


class OfAttributes(CVAE):
    """The same, of attributes alone."""

    needs: ClassVar[tuple] = ("attributes",)
