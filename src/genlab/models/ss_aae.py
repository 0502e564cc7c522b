"""Semi-supervised adversarial autoencoder: Makhzani et al., 2015 (arXiv:1511.05644), section 5."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from genlab.config.types import PositiveInt
from genlab.contracts import Code, CodePart, DataSpec, Images, LabelKind
from genlab.losses.adversarial import bce_fake, bce_real
from genlab.losses.precision import at_least_float32
from genlab.models.base.labelled import Labelled
from genlab.models.base.model import Model
from genlab.models.base.noise import Noise
from genlab.models.base.phases import OptimizerFactory, Phase, Shared, Terms
from genlab.models.base.pixels import Likelihood, OutputActivation, Pixels, Sigma
from genlab.models.base.schedules import Schedule
from genlab.nets.by_size import AutoencoderNet
from genlab.nets.code_discriminator import CodeDiscriminatorNet, is_right


class SSAAE(Model):
    """A code of a class y, one of K, and a style z: q(y) is held to equal shares and q(z) to N(0, I), by a discriminator each.

    Reconstruction and regularisation take every image, classification the labelled ones, each of which counts N / labelled
    times, so that the loss is on average their mean cross-entropy.

    Args:
        latent_dim: D, the size of the style.
        labelled: training images whose class is known.
        likelihood: of the pixels; ``sigma`` and ``output_activation``: of gaussian or laplace ones; ``logistic_mixtures``:
            components of a discretised logistic.
        net: encoder and decoder; ``discriminator``: of y and of z.
        optimizer: of encoder and decoder; ``d_optimizer``: of the discriminators; ``g_optimizer``: of the encoder against
            them; ``y_optimizer``: of the encoder as a classifier.
        schedule: factor on the learning rates; ``spec``: the data set; ``seed``: of all noise and of the labelled images.
    """

    needs: ClassVar[tuple[LabelKind, ...]] = ("classes",)
    monitor: ClassVar[str] = "val/class_error"

    def __init__(
        self,
        latent_dim: PositiveInt,
        labelled: PositiveInt,
        likelihood: Likelihood,
        sigma: Sigma,
        output_activation: OutputActivation,
        logistic_mixtures: PositiveInt,
        net: AutoencoderNet,
        discriminator: CodeDiscriminatorNet,
        optimizer: OptimizerFactory,
        d_optimizer: OptimizerFactory,
        g_optimizer: OptimizerFactory,
        y_optimizer: OptimizerFactory,
        schedule: Schedule,
        spec: DataSpec,
        seed: int,
    ) -> None:
        super().__init__(spec, optimizer, schedule, seed)
        self.latent_dim, self.labelled = latent_dim, Labelled("SSAAE", labelled, spec, seed)
        self.d_optimizer, self.g_optimizer, self.y_optimizer = d_optimizer, g_optimizer, y_optimizer
        self.encoder = net.encoder(spec.shape, spec.classes + latent_dim)
        self.pixels = Pixels(likelihood, sigma, output_activation, logistic_mixtures, spec.binarized)
        self.decoder = net.decoder(spec.classes + latent_dim, self.pixels.output_shape(spec.shape))
        self.y_discriminator = discriminator.build(spec.classes)
        self.z_discriminator = discriminator.build(latent_dim)

    def phases(self) -> list[Phase]:
        """Reconstruction, both discriminators, the encoder's answer to them, classification."""
        judges, own = [self.y_discriminator, self.z_discriminator], self.d_optimizer
        note = "loss_d: loss_d_real + loss_d_fake, of draws and of codes, for y and for z"
        return [
            Phase("ae", [self.encoder, self.decoder, self.pixels], self.reconstruction),
            Phase("d", judges, self.discrimination, detached=True, optimizer=own, note=note),
            Phase("g", [self.encoder], self.regularisation, optimizer=self.g_optimizer),
            Phase("y", [self.encoder], self.classification, optimizer=self.y_optimizer),
        ]

    def shared(self, batch: Images, noise: Noise) -> Shared:
        """Logits of the class, [B, K], its probabilities, and the style, [B, D]."""
        logits, z = self.encoder(batch.image).split([self.spec.classes, self.latent_dim], 1)
        return {"logits": at_least_float32(logits), "y": logits.softmax(1), "z": z}

    def reconstruction(self, batch: Images, shared: Shared, noise: Noise) -> Terms:
        """recon = -log p(x|y, z), which is also loss_ae; and a learned sigma."""
        recon = self.pixels.nll(self.decoder(torch.cat([shared["y"], shared["z"]], 1)), batch.image)
        return {"loss_ae": recon, "recon": recon} | self.pixels.terms(batch.image)

    def discrimination(self, batch: Images, shared: Shared, noise: Noise) -> Terms:
        """loss_d, the sum of those of draws and of codes for class and style; and the accuracy of each discriminator."""
        count = len(batch.image)
        y = self.one_hot((noise.uniform("y", count) * self.spec.classes).long())
        real_y, fake_y = self.verdict_y(y), self.verdict_y(shared["y"])
        real_z, fake_z = self.verdict_z(noise.normal("prior", count, self.latent_dim)), self.verdict_z(shared["z"])
        parts = {
            "loss_d_real_y": bce_real(real_y),
            "loss_d_fake_y": bce_fake(fake_y),
            "loss_d_real_z": bce_real(real_z),
            "loss_d_fake_z": bce_fake(fake_z),
        }
        return {
            "loss_d": torch.stack([*parts.values()]).sum(0),
            **parts,
            "d_accuracy_y": (is_right(real_y, True) + is_right(fake_y, False)) / 2,
            "d_accuracy": (is_right(real_z, True) + is_right(fake_z, False)) / 2,
        }

    def regularisation(self, batch: Images, shared: Shared, noise: Noise) -> Terms:
        """loss_g: class and style are to be taken for draws."""
        return {"loss_g": bce_real(self.verdict_y(shared["y"])) + bce_real(self.verdict_z(shared["z"]))}

    def classification(self, batch: Images, shared: Shared, noise: Noise) -> Terms:
        """loss_y, the cross-entropy of labelled images in nats; class_error, 1 where the likeliest class is wrong, of all."""
        assert batch.label is not None  # of a set with classes
        loss = cross_entropy(shared["logits"], batch.label, reduction="none")
        if self.training:
            known = self.labelled.of(batch, self.training).to(loss)
            loss = loss * known * (self.spec.sizes["train"] / self.labelled.count)
        return {"loss_y": loss, "class_error": shared["logits"].argmax(1).ne(batch.label).to(loss)}

    def verdict_y(self, y: Tensor) -> Tensor:
        """A discriminator's logit that each y is a draw. [B, K] -> [B]."""
        return at_least_float32(self.y_discriminator(y))

    def verdict_z(self, z: Tensor) -> Tensor:
        """A discriminator's logit that each z is a draw. [B, D] -> [B]."""
        return at_least_float32(self.z_discriminator(z))

    def one_hot(self, label: Tensor) -> Tensor:
        """[B] -> [B, K]."""
        return one_hot(label, self.spec.classes).to(self.weight_dtype)

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code:
        """The probabilities of the classes, then the style, [B, K + D]; the label is not looked at."""
        with self.evaluating():
            logits, z = self.encoder(x).split([self.spec.classes, self.latent_dim], 1)
            return Code(torch.cat([logits.softmax(1), z], 1))

    def code_parts(self) -> tuple[CodePart, ...]:
        """The classes, then the style."""
        y = CodePart("class, by probabilities of 0 to 1", self.spec.classes, self.spec.class_names)
        return y, CodePart("style", self.latent_dim)

    def style(self, x: Tensor) -> Tensor:
        """The style alone, [B, D]: the class stands beside it."""
        return self.encode(x).mean[:, self.spec.classes :]

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """The mean image of a code [B, K + D]."""
        with self.evaluating():
            return self.pixels.mean(self.decoder(z))

    def reconstruct(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """Encode, then decode; the label is not looked at."""
        return self.decode(self.encode(x).mean)

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor:
        """Decode draws; of the classes that are given, if any are."""
        code = self.draw(n, seed=seed)
        return self.decode(code if label is None else torch.cat([self.one_hot(label), code[:, self.spec.classes :]], 1))

    def draw(self, n: int, *, seed: int | None = None) -> Tensor:
        """A class of equal shares, one-hot, and a style from N(0, I). -> [n, K + D]."""
        stream = self.sample_stream(seed)
        style = torch.randn(n, self.latent_dim, generator=stream, device=self.device, dtype=self.weight_dtype)
        label = torch.randint(self.spec.classes, (n,), generator=stream, device=self.device)
        return torch.cat([self.one_hot(label), style], 1)

    def score(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """-log p(x | its code): badly reconstructed images score high."""
        with self.evaluating():
            return self.pixels.nll(self.decoder(self.encode(x).mean), x)
