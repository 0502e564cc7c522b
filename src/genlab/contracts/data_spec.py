"""A data set, described: available before torch is imported, and stored in every checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from genlab.contracts.errors import CheckpointError
from genlab.contracts.mel_format import MelFormat

Kind = Literal["images", "pairs", "domains", "points"]
Split = Literal["train", "val", "test"]
LabelKind = Literal["classes", "attributes"]
Scale = tuple[tuple[float, float], ...]  # black and white of each row of an image; empty: of bytes, 0 and 255
BINARIZED = {
    "": "grey",
    "dynamic": "dynamically binarised",
    "static": "statically binarised",
    "threshold": "thresholded",
    "stored": "black and white",  # as they are, without binarising
}


@dataclass(frozen=True)
class DataSpec:
    """Description of a prepared data set: available before torch is imported, and stored in every checkpoint.

    ``shape`` is that of one image, (C, H, W), or of one point, (D,); ``classes`` is 0 if labels are not classes;
    ``attributes`` names the columns of [N, K] labels and ``levels`` counts the values of each, 0 where they are continuous and
    the set gives them scaled, to [0, 1] or to unit spread; ``sizes`` counts the rows of each split; ``digest`` changes with the
    files or with how they were prepared; ``skipped`` names unreadable files; ``remarks`` tell what of the files is not used;
    ``range``: black and white of files with more than 8 bits, if not those of their format; ``channels_b``: of the images of
    side b, if they are not those of side a, which ``shape`` has; ``binarized``: how a model's images become black and white, a
    key of ``BINARIZED``; empty: they stay grey; ``channel_classes``: of images whose channels are pictures of their own, each
    of one of so many classes: the class of an image has a digit for each channel, in that base; 0: of all other images;
    ``sound``: how sound became the images, if they are spectrograms; ``scale_a``, ``scale_b``: of stored images that are no
    bytes, what is black and white; ``heights_differ``: whether the images are of several heights; ``shape`` has the first's.
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
    binarized: str = ""
    channel_classes: int = 0
    sound: MelFormat | None = None
    scale_a: Scale = ()
    scale_b: Scale = ()
    heights_differ: bool = False

    @property
    def labels(self) -> LabelKind | None:
        """The kind of the labels; None if there are none."""
        return "classes" if self.classes else "attributes" if self.attributes else None

    def scale(self, column: str) -> Scale:
        """Black and white of the images of a column: ``image``, ``a`` or ``b``."""
        return self.scale_b if column == "b" else self.scale_a

    def channels(self, side: Literal["a", "b"] = "a") -> int:
        """The channels of the images of a side; sets of single images have side a only."""
        return self.channels_b if side == "b" and self.channels_b else self.shape[0]

    @property
    def widest(self) -> tuple[int, ...]:
        """``shape`` with the channels of the side that has more."""
        return (max(self.shape[0], self.channels_b or 0), *self.shape[1:])

    def plain(self) -> dict[str, Any]:
        """As numbers, strings, lists and dicts only, for a checkpoint or a JSON file."""
        return {k: as_lists(v) for k, v in asdict(self).items()}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> DataSpec:
        """The inverse of ``plain``."""
        arguments: dict[str, Any] = {k: as_tuples(v) for k, v in plain.items()}
        sound = arguments.get("sound")
        return cls(**(arguments | {"sound": sound and MelFormat(**sound)}))

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


def as_lists(value: Any) -> Any:
    """Tuples as lists, also within them."""
    return [as_lists(one) for one in value] if isinstance(value, tuple) else value


def as_tuples(value: Any) -> Any:
    """Lists as tuples, also within them."""
    return tuple(as_tuples(one) for one in value) if isinstance(value, list) else value
