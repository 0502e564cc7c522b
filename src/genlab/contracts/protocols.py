"""What a model can do.

``label``: of each image or code, [B] or [B, K] as in ``Images``. A model that ``needs`` labels refuses to go without
them; to others they are of no use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from genlab.contracts.batches import Affine, Code, CodePart, Images

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Encodes(Protocol):
    """Encodes images."""

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code: ...


@runtime_checkable
class HasStyle(Protocol):
    """Encodes images to a code of which one part is the label's own; ``style`` gives the others, [B, D]."""

    def style(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class HasParts(Protocol):
    """Has a code of which neighbouring dimensions belong together; ``code_parts`` gives these parts in their order."""

    def code_parts(self) -> tuple[CodePart, ...]: ...


@runtime_checkable
class Decodes(Protocol):
    """Decodes codes to mean images [B, C, H, W] in [0, 1]."""

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Reconstructs(Protocol):
    """Reconstructs images deterministically, in [0, 1]."""

    def reconstruct(self, x: Tensor, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Corrupts(Reconstructs, Protocol):
    """Corrupts images, in [0, 1] before and after; ``reconstruct`` restores them.

    The corruption follows from each image's ``index`` in its split, int64 [B], alone.
    """

    def corrupt(self, x: Tensor, index: Tensor) -> Tensor: ...


@runtime_checkable
class Samples(Protocol):
    """Generates images [n, C, H, W] in [0, 1]; ``seed`` determines them, and z does not depend on the labels."""

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor: ...


@runtime_checkable
class Draws(Protocol):
    """Draws codes [n, D]: the ones that ``sample`` decodes for the same ``seed``."""

    def draw(self, n: int, *, seed: int | None = None) -> Tensor: ...


@runtime_checkable
class Generates(Draws, Protocol):
    """Decodes codes with a gradient, in the mode that the networks are in: what ``decode`` gives, before it is clipped."""

    def generate(self, z: Tensor, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Judges(Protocol):
    """Has a discriminator: [B], above 0 where it takes x for real rather than generated.

    For the losses of the first GAN paper and least squares these are D's log-odds. ``offset_is_free``: the loss compares
    outputs, so that a constant added to all of them changes nothing, and 0 has no meaning.
    """

    offset_is_free: bool

    def judge(self, x: Tensor, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Bounds(Protocol):
    """Lower bound on log p(x), or on log p(x|label): [B] in nats per image, tighter as ``k`` grows."""

    def bound(self, x: Tensor, k: int = 1, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Weighs(Protocol):
    """Importance weights, log w_k = log p(x, z_k) - log q(z_k|x), of codes made from standard normal noise.

    ``log_weights`` encodes x once; for noise [B, n, ``noise_size``] it gives log w [B, n] in nats, for as many as come.
    """

    @property
    def noise_size(self) -> int: ...

    def log_weights(self, x: Tensor, noises: Iterable[Tensor], *, label: Tensor | None = None) -> Iterator[Tensor]: ...


@runtime_checkable
class IsAffine(Protocol):
    """Encodes and decodes by matrices, but for clipping."""

    def affine(self) -> Affine: ...


@runtime_checkable
class Infers(Weighs, Protocol):
    """Has a prior p(z) over its codes, with ``log_prob``, and q(z|x), the Gaussian of ``encode`` if that has a variance.

    ``infer`` draws from q(z|x): a code [B, D] for each row of standard normal noise [B, D].
    """

    prior: Any

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code: ...

    def infer(self, x: Tensor, noise: Tensor, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Variational(Protocol):
    """Has its q(z|x), p(x|z) and p(z) apart, so that another q can take the place of the encoder's.

    ``encode`` gives q(z|x) [B, D], without a log-variance if it is not one Gaussian; ``nll`` -log p(x|z) of K codes each,
    [B, K, D] -> [B, K]; ``prior`` is p(z).
    """

    prior: Any

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code: ...

    def nll(self, x: Tensor, z: Tensor) -> Tensor: ...


@runtime_checkable
class Classifies(Protocol):
    """Log-probabilities [B, C] of C answers; ``answer`` gives the right ones [B] to images of classes [B]."""

    def classify(self, x: Tensor) -> Tensor: ...

    def answer(self, label: Tensor) -> Tensor: ...


@runtime_checkable
class ChoosesImages(Protocol):
    """Says how often each training image is to come in the next epoch, relative to the others: [N]; None: once.

    Called by every rank at the start of each epoch, with its share of the training images, as in evaluation.
    """

    def sampling_weights(self, batches: Iterable[Images]) -> Tensor | None: ...


@runtime_checkable
class Scores(Protocol):
    """Anomaly scores: [B], higher is more unusual."""

    def score(self, x: Tensor, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Translates(Protocol):
    """Translates images from one domain to the other, in [0, 1]."""

    def translate(self, x: Tensor, direction: Literal["AtoB", "BtoA"]) -> Tensor: ...
