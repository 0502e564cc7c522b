"""What every model of codes without a q(z|x) can do: encode, decode, reconstruct, sample, and score images."""

from __future__ import annotations

from torch import Tensor

from genlab.contracts import Code
from genlab.models.base.code_mixture import CodeMixture, mixture_of
from genlab.models.base.model import Model
from genlab.models.base.pixels import Pixels


class BottleneckModel(Model):
    """The protocols of autoencoders, in terms of ``codes``, ``output`` and ``pixels``; samples are drawn by ``mixture``."""

    pixels: Pixels
    mixture: CodeMixture | None

    def codes(self, x: Tensor) -> Tensor:
        """The code of each image, of the mode that the model is in. [B, C, H, W] -> [B, D]."""
        raise NotImplementedError

    def output(self, z: Tensor) -> Tensor:
        """What the decoder makes of codes, as ``pixels`` takes it. [B, D] -> [B, ...]."""
        raise NotImplementedError

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code:
        """The code, [B, D], without a variance."""
        with self.evaluating():
            return Code(self.codes(x).to(x.dtype))

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor:
        """The mean image of a code, in [0, 1]."""
        with self.evaluating():
            return self.pixels.mean(self.output(z))

    def reconstruct(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """Encode, then decode: [B, C, H, W] in [0, 1] -> the same."""
        return self.decode(self.encode(x).mean)

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor:
        """Decode draws from the mixture of codes."""
        return self.decode(self.draw(n, seed=seed))

    def draw(self, n: int, *, seed: int | None = None) -> Tensor:
        """Draws from the mixture, [n, D]."""
        return mixture_of(self).sample(n, self.sample_stream(seed), self.weight_dtype)

    def score(self, x: Tensor, *, label: Tensor | None = None) -> Tensor:
        """-log p(x | its code): badly reconstructed images score high."""
        with self.evaluating():
            return self.pixels.nll(self.output(self.codes(x).to(x.dtype)), x)
