"""Adversarial autoencoder: Makhzani et al., 2015, "Adversarial Autoencoders" (arXiv:1511.05644)."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.contracts import Code, ConfigError, DataSpec, Images, Problem
from genlab.losses.adversarial import bce_fake, bce_real
from genlab.losses.precision import at_least_float32
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.labelled import Labelled
from genlab.models.base.model import Model
from genlab.models.base.noise import Noise
from genlab.models.base.parts import Prior
from genlab.models.base.phases import OptimizerFactory, Phase, Shared, Terms
from genlab.models.base.pixels import Likelihood, OutputActivation, Pixels, Sigma
from genlab.models.base.schedules import Schedule
from genlab.models.priors.mixture import ComponentPrior
from genlab.nets.by_size import AutoencoderNet
from genlab.nets.code_discriminator import CodeDiscriminatorNet, is_right


class AAE(Model):
    """An autoencoder whose codes, all together, are distributed as p(z): a discriminator tells them from draws of p(z).

    Three phases in every update (section 2): encoder and decoder lower -log p(x|z); the discriminator learns codes (0)
    from draws (1); the encoder makes codes that it takes for draws.

    Args:
        latent_dim: D, the size of the code.
        posterior: ``deterministic``, or ``gaussian``: mean + standard deviation * noise (section 2.1).
        labelled: training images whose class the discriminator is told, beside code or draw (section 2.3): each class
            gets its own component of the prior. All other images, and those of validation, are of an extra class.
        likelihood: of the pixels; ``sigma`` and ``output_activation``: of gaussian or laplace ones; ``logistic_mixtures``:
            components of a discretised logistic.
        prior: p(z); ``net``: encoder and decoder; ``discriminator``: of codes.
        optimizer: of encoder and decoder; ``d_optimizer``: of the discriminator; ``g_optimizer``: of the encoder against it.
        schedule: factor on the learning rates; ``spec``: the data set; ``seed``: of all noise and of the labelled images.
    """

    monitor: ClassVar[str] = "val/recon"

    def __init__(
        self,
        latent_dim: PositiveInt,
        posterior: Literal["deterministic", "gaussian"],
        labelled: NonNegativeInt,
        likelihood: Likelihood,
        sigma: Sigma,
        output_activation: OutputActivation,
        logistic_mixtures: PositiveInt,
        prior: Prior,
        net: AutoencoderNet,
        discriminator: CodeDiscriminatorNet,
        optimizer: OptimizerFactory,
        d_optimizer: OptimizerFactory,
        g_optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.latent_dim, self.is_gaussian = latent_dim, posterior == "gaussian"
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.labelled = Labelled("AAE", labelled, spec, seed)
        require_apart(prior)
        if labelled:
            require_components(labelled, prior, spec)
        self.encoder = net.encoder(spec.shape, (1 + self.is_gaussian) * latent_dim)
        self.pixels = Pixels(likelihood, sigma, output_activation, logistic_mixtures, spec.binarized)
        self.decoder = net.decoder(latent_dim, self.pixels.output_shape(spec.shape))
        self.prior = prior.bound_to(latent_dim, spec, self.posterior)
        self.discriminator = discriminator.build(latent_dim + self.label_inputs)

    @property
    def label_inputs(self) -> int:
        """Inputs of the discriminator for the label."""
        return self.spec.classes + 1 if self.labelled.count else 0

    def phases(self) -> list[Phase]:
        """Reconstruction, discrimination of the codes from before that step, and the encoder's answer."""
        reconstructing, own = [self.encoder, self.decoder, self.pixels], self.d_optimizer
        note = "loss_d: loss_d_real, of draws of the prior, + loss_d_fake, of codes"
        return [
            Phase("ae", reconstructing, self.reconstruction),
            Phase("d", [self.discriminator], self.discrimination, detached=True, optimizer=own, note=note),
            Phase("g", [self.encoder], self.regularisation, optimizer=self.g_optimizer),
        ]

    def shared(self, batch: Images, noise: Noise) -> Shared:
        """The codes, [B, D]."""
        if not self.is_gaussian:
            return {"z": self.encoder(batch.image)}
        return {"z": self.posterior(batch.image).sample(noise.normal("z", len(batch.image), self.latent_dim))}

    def reconstruction(self, batch: Images, shared: Shared, noise: Noise) -> Terms:
        """recon = -log p(x|z), which is also loss_ae; and a learned sigma."""
        recon = self.pixels.nll(self.decoder(shared["z"]), batch.image)
        return {"loss_ae": recon, "recon": recon} | self.pixels.terms(batch.image)

    def discrimination(self, batch: Images, shared: Shared, noise: Noise) -> Terms:
        """loss_d, the sum of that of draws and that of codes, D's probabilities for either, and its accuracy."""
        real = self.verdict(self.drawn(batch, noise), batch)
        fake = self.verdict(shared["z"], batch)
        of_real, of_fake = bce_real(real), bce_fake(fake)
        return {
            "loss_d": of_real + of_fake,
            "loss_d_real": of_real,
            "loss_d_fake": of_fake,
            "d_real": real.sigmoid(),
            "d_fake": fake.sigmoid(),
            "d_accuracy": (is_right(real, True) + is_right(fake, False)) / 2,
        }

    def regularisation(self, batch: Images, shared: Shared, noise: Noise) -> Terms:
        """loss_g = -log D(z): the codes are to be taken for draws of the prior."""
        return {"loss_g": bce_real(self.verdict(shared["z"], batch))}

    def verdict(self, z: Tensor, batch: Images) -> Tensor:
        """D's logit that each z is a draw of the prior, given the label that it is told. [B, D] -> [B]."""
        if self.labelled.count:
            hidden = torch.full_like(batch.index, self.spec.classes)
            told = hidden if batch.label is None else torch.where(self.told(batch), batch.label, hidden)
            z = torch.cat([z, one_hot(told, self.label_inputs).to(z)], 1)
        return at_least_float32(self.discriminator(z))

    def drawn(self, batch: Images, noise: Noise) -> Tensor:
        """A draw of the prior for each image: from the component of its class where that is told. -> [B, D]."""
        z = noise.draws("prior", len(batch.image), self.prior.sample)
        if not isinstance(self.prior, ComponentPrior) or not self.labelled.count or batch.label is None:
            return z
        own = self.prior.place(batch.label, noise.normal("component", len(z), self.latent_dim))
        return torch.where(self.told(batch)[:, None], own, z)

    def told(self, batch: Images) -> Tensor:
        """True where the discriminator is told the class. -> [B]."""
        return self.labelled.of(batch, self.training)

    def posterior(self, x: Tensor) -> DiagonalGaussian:
        """q(z|x) if it is gaussian: mean and log-variance, [B, D] each."""
        return DiagonalGaussian(*self.encoder(x).chunk(2, dim=1))

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code:
        """The code, [B, D], and its log-variance if it is gaussian."""
        with self.evaluating():
            return Code(*self.posterior(x)) if self.is_gaussian else Code(self.encoder(x))

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """The mean image of a code."""
        with self.evaluating():
            return self.pixels.mean(self.decoder(z))

    def reconstruct(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """Decode the code's mean."""
        return self.decode(self.encode(x).mean)

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor:
        """Decode draws from the prior."""
        return self.decode(self.draw(n, seed=seed))

    def draw(self, n: int, *, seed: int | None = None) -> Tensor:
        """Draws from the prior, [n, D]."""
        with self.evaluating():
            return self.prior.sample(n, self.sample_stream(seed), self.weight_dtype)

    def score(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """-log p(x | the code's mean): badly reconstructed images score high."""
        with self.evaluating():
            return self.pixels.nll(self.decoder(self.encode(x).mean), x)


def require_apart(prior: Prior) -> None:
    """Refuse a prior that is made of the encoder's own codes: they would be held to themselves, whatever they are.

    Raises:
        ConfigError: with one that is apart from them.
    """
    if prior.of_codes:
        what = (
            f"an adversarial autoencoder holds its codes to p(z), and {type(prior).__name__} makes p(z) of these codes"
        )
        raise ConfigError([Problem("model.prior", what, "Type: model/prior=standard_normal (or ring)")])


def require_components(labelled: int, prior: Prior, spec: DataSpec) -> None:
    """Refuse a prior without a component for each class.

    Raises:
        ConfigError: with one that has.
    """
    if not isinstance(prior, ComponentPrior) or prior.components != spec.classes:
        what = f"needs a prior with a component for each of the {spec.classes} classes"
        remedy = f"Type: model/prior=ring model.prior.components={spec.classes} model.latent_dim=2"
        raise ConfigError([Problem(f"model.labelled={labelled}", what, remedy)])
