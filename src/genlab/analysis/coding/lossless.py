"""A message of images by bits back from a trained model, beside -ELBO, PNG and what else codes bits."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genlab.analysis.base.encoded import encoded
from genlab.analysis.base.subject import Subject
from genlab.analysis.coding.ans import Stack
from genlab.analysis.coding.bits_back import BitsBack, borrowed
from genlab.analysis.coding.files import png, png_data
from genlab.console import progress
from genlab.contracts import Infers
from genlab.inference.importance import ImportanceSampler, pixels_of

LOG2 = math.log(2)


@dataclass(frozen=True)
class Lossless:
    """What a message of ``count`` images of ``pixels`` pixels in all has cost, in bits.

    Args:
        bits: of the message, less the borrowed ones that it began with.
        bound: -ELBO of the images; ``error``: of one drawing of the codes, as the message makes one.
        drawn: what the codes that the message has drawn cost, if nothing were lost by the coder.
        png: of each as a PNG of one bit a pixel, its IDAT; ``packed``: of all pixels together by zlib.
        borrowed: bits that the message began with.
        rows: of each image: its bits, its -ELBO, its PNG.
    """

    count: int
    pixels: int
    bits: int
    bound: float
    error: float
    drawn: float
    png: int
    packed: int
    borrowed: int
    rows: list[Mapping[str, Any]]

    @property
    def per_pixel(self) -> float:
        """Bits of a pixel."""
        return self.bits / self.pixels

    @property
    def lost(self) -> float:
        """What the coder itself has cost, as a share."""
        return self.bits / self.drawn - 1

    @property
    def excess(self) -> float:
        """How much more than the bound, as a share of it."""
        return self.bits / self.bound - 1


def can_code_bits(subject: Subject) -> bool:
    """Whether the model is a VAE with one Gaussian q(z|x), the prior N(0, I), and Bernoulli pixels that are black or white."""
    model, pixels = subject.model, pixels_of(subject.model)
    if not isinstance(model, Infers) or pixels is None or not getattr(model.prior, "standard_normal", False):
        return False
    return pixels.likelihood == "bernoulli" and pixels.is_mass and getattr(model, "levels", 1) == 1


def lossless(subject: Subject, count: int, draws: int) -> Lossless:
    """Write so many images of the split into one message, and read them back.

    Raises:
        AssertionError: what is read differs in any bit.
    """
    own = encoded(subject, count)
    shape, x = own.image.shape[1:], own.x.round().to(torch.uint8).flatten(1).numpy()
    coder = coder_of(subject.model.to("cpu"), shape)
    first = borrowed(coder.size, subject.seed)
    stack, lengths, drawn = Stack(first), [], 0.0
    with progress("bits back", 2 * len(x), unit="images", announced=f"{len(x)} images, written and read") as advance:
        for one in x:
            before = stack.bits
            drawn += coder.ideal(one, coder.push(stack, one))
            lengths.append(stack.bits - before)
            advance()
        bits, message = sum(lengths), Stack(stack.words)
        for one in x[::-1]:
            assert (coder.pop(message, len(one)) == one).all()
            advance()
    assert message.words == Stack(first).words
    subject.model.to(subject.device)
    nats, error = bound(subject, own.x, own.index, own.label, draws)
    pictures = [8 * png_data(png(255 * one.reshape(*shape)[0], 2)) for one in x]
    each = zip(own.index.tolist(), lengths, (nats / LOG2).tolist(), pictures, strict=True)
    rows: list[Mapping[str, Any]] = [
        {"index": i, "bits": bits, "bound": limit, "png": file} for i, bits, limit, file in each
    ]
    packed = 8 * len(zlib.compress(np.packbits(x, axis=1).tobytes(), 9))
    total = float(nats.sum()) / LOG2
    borrowed_bits = 32 * len(first)
    return Lossless(len(x), x.size, bits, total, error / LOG2, drawn, sum(pictures), packed, borrowed_bits, rows)


def coder_of(model: Any, shape: torch.Size) -> BitsBack:
    """The model's two networks as functions of one image and of one code."""

    def posterior(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        code = model.encode(torch.from_numpy(x).to(model.weight_dtype).view(1, *shape))
        mean, logvar = code.mean[0].double(), code.logvar[0].double()
        return mean.numpy(), (logvar / 2).exp().numpy()

    def pixels(z: np.ndarray) -> np.ndarray:
        made: Tensor = model.decode(torch.from_numpy(z).to(model.weight_dtype)[None])
        return made.double().flatten().numpy()

    return BitsBack(posterior, pixels, int(model.noise_size))


def bound(subject: Subject, x: Tensor, index: Tensor, label: Tensor | None, draws: int) -> tuple[Tensor, float]:
    """-ELBO of each image in nats, the mean of so many codes, [N]; and the standard error of the sum for one code each."""
    model, sampler = subject.model, ImportanceSampler(draws)
    x, index = x.to(model.device, model.weight_dtype), index.to(model.device)
    _, block = sampler.shares(model, x)
    parts = [*model.log_weights(x, sampler.noises(model, index, min(block, 16)))]
    log_w = torch.cat(parts, 1).double().cpu()
    spread = log_w.var(1).sum() if draws > 1 else log_w.new_zeros(())
    return -log_w.mean(1), float(spread.sqrt())
