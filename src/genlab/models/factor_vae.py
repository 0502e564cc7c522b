"""FactorVAE: Kim and Mnih, 2018, "Disentangling by Factorising" (arXiv:1802.05983)."""

from __future__ import annotations

import torch
from torch import Tensor

from genlab.config.types import PositiveInt
from genlab.contracts import ConfigError, DataSpec, Images, Problem
from genlab.losses.adversarial import bce_fake, bce_real
from genlab.losses.density_ratio import permute_dims
from genlab.losses.precision import at_least_float32
from genlab.models.base.distributed import gather_rows
from genlab.models.base.distributions import DiagonalGaussian
from genlab.models.base.latent_variable import LatentVariableModel
from genlab.models.base.noise import Noise
from genlab.models.base.parts import Objective, Prior
from genlab.models.base.phases import OptimizerFactory, Phase, Shared, Terms
from genlab.models.base.pixels import Likelihood, OutputActivation, Pixels, Sigma
from genlab.models.base.schedules import Schedule, Weight
from genlab.nets.by_size import AutoencoderNet
from genlab.nets.code_discriminator import CodeDiscriminatorNet, is_right

LEAST = 4  # images of a batch: two codes in each half


class FactorVAE(LatentVariableModel):
    """The VAE's loss + gamma TC(z), the total correlation KL(q(z) || prod_j q(z_j)) (eq. 2).

    TC = E[log D / (1 - D)] (eq. 3), where a discriminator D tells codes from codes with permuted dimensions. A batch is
    two of algorithm 2: the VAE and D see the codes of its first half, D alone the permuted codes of its second. They are
    permuted over the second halves of all ranks, so that several ranks equal one process.

    Args:
        latent_dim: D, the size of the code.
        beta: weight of the KL, and ``gamma`` that of the total correlation: numbers or schedules.
        likelihood: of the pixels; ``sigma`` and ``output_activation``: of gaussian or laplace ones; ``logistic_mixtures``:
            components of a discretised logistic.
        objective: the VAE's loss, to which the total correlation is added; ``prior``: p(z).
        net: encoder and decoder; ``discriminator``: of codes.
        optimizer: of all but the discriminator; ``d_optimizer``: of the discriminator.
        schedule: factor on the learning rates; ``spec``: the data set; ``seed``: of all noise.
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        beta: Weight,
        gamma: Weight,
        likelihood: Likelihood,
        sigma: Sigma,
        output_activation: OutputActivation,
        logistic_mixtures: PositiveInt,
        objective: Objective,
        prior: Prior,
        net: AutoencoderNet,
        discriminator: CodeDiscriminatorNet,
        optimizer: OptimizerFactory,
        d_optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(objective, prior, spec, optimizer, schedule, seed)
        require_halves(spec.sizes["train"], f"{spec.name} has {spec.sizes['train']:,} training images")
        self.latent_dim = self.noise_size = latent_dim
        self.beta, self.gamma, self.d_optimizer = beta, gamma, d_optimizer
        self.encoder = net.encoder(spec.shape, 2 * latent_dim)
        self.pixels = Pixels(likelihood, sigma, output_activation, logistic_mixtures, spec.binarized)
        self.decoder = net.decoder(latent_dim, self.pixels.output_shape(spec.shape))
        self.objective, self.prior = objective.bound_to(spec), prior.bound_to(latent_dim, spec, self.posterior)
        self.discriminator = discriminator.build(latent_dim)

    def phases(self) -> list[Phase]:
        """The VAE; then the discriminator. It is not evaluated: its codes mix images.

        It sees the first half's codes from before the VAE's step, and the second half's, permuted, from after it.
        """
        vae = [self.encoder, self.decoder, self.pixels, self.prior]
        own, note = (
            self.d_optimizer,
            "loss_d: (loss_d_real, of codes, + loss_d_fake, of permuted ones) / 2, as algorithm 2",
        )
        return [
            Phase("vae", vae, self.vae_terms),
            Phase(
                "d", [self.discriminator], self.discrimination, None, True, optimizer=own, evaluated=False, note=note
            ),
        ]

    def first(self, batch: Images) -> Tensor:
        """The images that the VAE learns from: the first half of a training batch. -> [M, C, H, W]."""
        return batch.image[: len(batch.image) // 2] if self.training else batch.image

    def second(self, batch: Images) -> Tensor:
        """The images whose codes are permuted: the second half. -> [M, C, H, W]."""
        return batch.image[len(batch.image) // 2 :]

    def shared(self, batch: Images, noise: Noise) -> Shared:
        """q(z|x) of the first half, [M, D], and its codes, [M, K, D].

        Raises:
            ConfigError: a training batch without two codes in each half.
        """
        if self.training:
            require_halves(len(batch.image), f"a batch of {len(batch.image)} images")
        q = self.posterior(self.first(batch))
        z = q.sample(noise.normal("z", len(q.mean), self.objective.samples, self.latent_dim))
        return {"mean": q.mean, "logvar": q.logvar, "z": z}

    def vae_terms(self, batch: Images, shared: Shared, noise: Noise) -> Terms:
        """The objective's terms; tc_d, the total correlation by D; loss_vae = the objective's loss + gamma tc_d."""
        x, q, z = self.first(batch), DiagonalGaussian(shared["mean"], shared["logvar"]), shared["z"]
        own = z.view_as(z)  # the objective may weigh the slopes that arrive here, and these are without D's
        terms = self.objective(self.nll(x, own), q, self.prior, own, self.at(self.beta), self.at)
        tc = self.log_ratio(z.flatten(0, 1)).view(z.shape[:2]).mean(1)
        loss = terms.pop("loss") + self.at(self.gamma) * tc
        return {"loss_vae": loss, **terms, "tc_d": tc} | self.pixels.terms(x, terms.get("elbo"))

    def discrimination(self, batch: Images, shared: Shared, noise: Noise) -> Terms:
        """loss_d and d_accuracy, on the first half's codes and on the second's, permuted, [2 M]; the losses of either, [M]."""
        joint, product = self.log_ratio(shared["z"][:, 0]), self.log_ratio(self.permuted(batch, noise))
        right = torch.cat([is_right(joint, True), is_right(product, False)])
        real, fake = bce_real(joint), bce_fake(product)
        return {"loss_d": torch.cat([real, fake]), "loss_d_real": real, "loss_d_fake": fake, "d_accuracy": right}

    @torch.no_grad()
    def permuted(self, batch: Images, noise: Noise) -> Tensor:
        """Codes of the second halves of all ranks, each dimension permuted; this rank's rows. -> [M, D]."""
        q = self.posterior(self.second(batch))
        z = q.sample(noise.normal("second", len(q.mean), self.latent_dim))
        order = noise.orders("permute", len(z), self.latent_dim)
        return permute_dims(gather_rows(z), order)[noise.rank :: noise.world]

    def log_ratio(self, z: Tensor) -> Tensor:
        """log D(z) / (1 - D(z)), D's logit that a code is not permuted. [B, D] -> [B]."""
        return at_least_float32(self.discriminator(z))

    def posterior(self, x: Tensor, *y: Tensor) -> DiagonalGaussian:
        """q(z|x): mean and log-variance, [B, D] each."""
        return DiagonalGaussian(*self.encoder(x).chunk(2, dim=1))


def require_halves(images: int, what: str) -> None:
    """Refuse batches of so few images that a half has one code, whose permutation is itself.

    Raises:
        ConfigError: with the remedy.
    """
    if images < LEAST:
        told = f"{what}: FactorVAE permutes the codes of half a batch, which must be two at least"
        raise ConfigError(
            [Problem("data.batch_size", told, f"Type: data.batch_size={LEAST} or more, of as many images")]
        )
