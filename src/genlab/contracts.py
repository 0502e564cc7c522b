"""Types shared by all packages: batches, the description of a data set, model protocols, and errors.

torch is imported for type checkers only, so that configuration and data can be checked before it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["images", "pairs", "domains", "points"]
Split = Literal["train", "val", "test"]
LabelKind = Literal["classes", "attributes"]


# ---- batches: float32 in [0, 1] by the time a model sees them -----------------------------------------------------


class Images(NamedTuple):
    """image [B, C, H, W]; label int64 or None; index [B] int64, the index in the split.

    label is [B] (classes) or [B, K] (attributes: ``spec.attributes`` names them, ``spec.levels`` counts their values).
    """

    image: Tensor
    label: Tensor | None
    index: Tensor  # type: ignore[assignment]


class Pairs(NamedTuple):
    """a, b [B, C, H, W], showing the same scene; index [B] int64."""

    a: Tensor
    b: Tensor
    index: Tensor  # type: ignore[assignment]


class Domains(NamedTuple):
    """a, b [B, C, H, W], unrelated images of two domains; index_a, index_b [B] int64."""

    a: Tensor
    b: Tensor
    index_a: Tensor
    index_b: Tensor


class Points(NamedTuple):
    """x [B, D], unscaled coordinates; label [B] int64 or None; index [B] int64."""

    x: Tensor
    label: Tensor | None
    index: Tensor  # type: ignore[assignment]


class Code(NamedTuple):
    """An encoder's output: mean [B, D] and, if it is a distribution, logvar [B, D]."""

    mean: Tensor
    logvar: Tensor | None = None


# ---- a data set, described ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DataSpec:
    """Description of a prepared data set: available before torch is imported, and stored in every checkpoint.

    ``shape`` is that of one image, (C, H, W), or of one point, (D,); ``classes`` is 0 if labels are not classes;
    ``attributes`` names the columns of [N, K] labels and ``levels`` counts the values of each; ``sizes`` counts the rows
    of each split; ``digest`` changes with the files or with how they were prepared; ``skipped`` names unreadable files;
    ``remarks`` tell what of the files is not used; ``range``: black and white of files with more than 8 bits, if not those
    of their format; ``channels_b``: of the images of side b, if they are not those of side a, which ``shape`` has.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    sizes: dict[str, int]
    digest: str
    classes: int = 0
    class_names: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    skipped: tuple[str, ...] = ()
    note: str = ""
    remarks: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    channels_b: int | None = None

    @property
    def labels(self) -> LabelKind | None:
        """The kind of the labels; None if there are none."""
        return "classes" if self.classes else "attributes" if self.attributes else None

    def channels(self, side: Literal["a", "b"] = "a") -> int:
        """The channels of the images of a side; sets of single images have side a only."""
        return self.channels_b if side == "b" and self.channels_b else self.shape[0]

    @property
    def widest(self) -> tuple[int, ...]:
        """``shape`` with the channels of the side that has more."""
        return (max(self.shape[0], self.channels_b or 0), *self.shape[1:])

    def plain(self) -> dict[str, Any]:
        """As numbers, strings, lists and dicts only, for a checkpoint or a JSON file."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> DataSpec:
        """The inverse of ``plain``."""
        arguments: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
        return cls(**arguments)

    def require_same_images(self, digest: str) -> None:
        """Refuse to continue a run whose images had another digest.

        Raises:
            CheckpointError: with the remedy.
        """
        if digest != self.digest:
            raise CheckpointError(
                "the images have changed since this run was started. Start a new run (resume=null), "
                "or give back the images as they were."
            )


# ---- what a model can do ------------------------------------------------------------------------------------------
#
# ``label``: of each image or code, [B] or [B, K] as in ``Images``. A model that ``needs`` labels refuses to go without
# them; to others they are of no use.


@runtime_checkable
class Encodes(Protocol):
    """Encodes images."""

    def encode(self, x: Tensor, *, label: Tensor | None = None) -> Code: ...


@runtime_checkable
class Decodes(Protocol):
    """Decodes codes to mean images [B, C, H, W] in [0, 1]."""

    def decode(self, z: Tensor, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Reconstructs(Protocol):
    """Reconstructs images deterministically, in [0, 1]."""

    def reconstruct(self, x: Tensor, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Samples(Protocol):
    """Generates images [n, C, H, W] in [0, 1]; ``seed`` determines them, and z does not depend on the labels."""

    def sample(self, n: int, *, label: Tensor | None = None, seed: int | None = None) -> Tensor: ...


@runtime_checkable
class Draws(Protocol):
    """Draws codes [n, D]: the ones that ``sample`` decodes for the same ``seed``."""

    def draw(self, n: int, *, seed: int | None = None) -> Tensor: ...


@runtime_checkable
class Bounds(Protocol):
    """Lower bound on log p(x), or on log p(x|label): [B] in nats per image, tighter as ``k`` grows."""

    def bound(self, x: Tensor, k: int = 1, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Scores(Protocol):
    """Anomaly scores: [B], higher is more unusual."""

    def score(self, x: Tensor, *, label: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Translates(Protocol):
    """Translates images from one domain to the other, in [0, 1]."""

    def translate(self, x: Tensor, direction: Literal["AtoB", "BtoA"]) -> Tensor: ...


# ---- errors: one clear message each, with the remedy ---------------------------------------------------------------


class GenlabError(Exception):
    """An error shown to users as one message without a traceback. ``exit_code`` is the command's exit status."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """One mistake: its key (``model.latent_dmi``), what is wrong, and what to type instead."""

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"\n    {self.remedy}" if self.remedy else "")


class ConfigError(GenlabError):
    """The configuration is not valid; has every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems = [Problem("", problems)] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(str(p) if p.where else p.what for p in self.problems))


class DataError(GenlabError):
    """A data set is missing, unreadable or not as described."""

    exit_code = 2


class CheckpointError(GenlabError):
    """A file is not a checkpoint, is damaged, or does not fit."""

    exit_code = 2


class NonFiniteLoss(GenlabError):
    """A loss became infinite or NaN; raised before the update, so the weights are still the last good ones."""


class LostRank(GenlabError):
    """Another rank did not answer: it has ended, hangs, or was never there. Which one, and why, others may know."""


class RankFailed(GenlabError):
    """Another rank failed first. ``exit_code`` is that rank's."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Stopped(BaseException):
    """A signal stopped the run. Exit codes: 130 Ctrl-C, 143 SIGTERM, 75 SIGUSR1 (to be requeued).

    No ``Exception``: it may be raised anywhere, and no one who expects damaged files or the like may take it for that.
    """

    def __init__(self, exit_code: int, message: str = "stopped") -> None:
        super().__init__(message)
        self.exit_code = exit_code
