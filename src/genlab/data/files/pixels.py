"""The content of a picture file, upright, and its numbers as 8-bit pictures or as fractions of white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

Range = tuple[float, float]  # the numbers that are black and white
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow weighs colours
TURNS = {  # of an array [H, W, ...], by the values of EXIF's and TIFF's tag 274
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}
LYING = (5, 6, 7, 8)  # the orientations of a picture that is stored on its side


@dataclass(frozen=True)
class Pixels:
    """A picture as it is in its file, upright.

    Args:
        colours: [H, W, 1 or 3] in the file's numbers; uint8 for up to 8 bits.
        alpha: opacity, float32 [H, W] in [0, 1]; None: opaque.
        full: the numbers that are black and white by the file's format.
        notes: what is not used of the file, in sentences that are the same for every such file.
        keep: what a copy of the file should have too: ``icc_profile`` (bytes), ``dpi``, ``geo`` (TIFF tags).
    """

    colours: np.ndarray
    alpha: np.ndarray | None
    full: Range
    notes: tuple[str, ...]
    keep: dict[str, object]

    @property
    def deep(self) -> bool:
        """Whether a value has more than 8 bits."""
        return self.colours.dtype != np.uint8

    def span(self, range: Range | None) -> Range:
        """The numbers that are black and white: ``range`` for a deep file, if it is given."""
        return range if range is not None and self.deep else self.full

    def fractions(self, channels: int, range: Range | None = None) -> np.ndarray:
        """float32 [H, W, channels] in [0, 1], not composited; values outside the span are cut off.

        Raises:
            ValueError: no ``range`` is given for numbers that their format leaves open.
        """
        if not self.deep:
            return np.asarray(as_mode(self.colours, channels), np.float32).reshape(*self.colours.shape[:2], -1) / 255
        low, high = self.span(range)
        if range is None:
            self.require_inside(low, high)
        exact: Any = np.float64 if self.colours.dtype.itemsize > 2 else np.float32
        values = ((self.colours.astype(exact) - low) / (high - low)).clip(0, 1).astype(np.float32)
        if channels == values.shape[-1]:
            return values
        return values.repeat(3, -1) if channels == 3 else (values @ GREY)[..., None]

    def require_inside(self, low: float, high: float) -> None:
        """Refuse numbers of which it is not known what is white.

        Raises:
            ValueError: with the smallest and the largest, and the key to type.
        """
        least, most = float(self.colours.min()), float(self.colours.max())
        if not (least >= low and most <= high):  # NaN is not
            what = f"its numbers go from {least:g} to {most:g}, so what is black and what is white cannot be told"
            raise ValueError(f"{what}: data.range=[BLACK,WHITE] says it, or data.range=set")

    def eight_bit(self, channels: int, range: Range | None = None) -> Image.Image:
        """An ``L`` or ``RGB`` picture over white, rounded to 8 bits."""
        if self.deep:
            values = over_white(self.fractions(channels, range), self.alpha)
            return as_mode(np.rint(values * 255).astype(np.uint8), channels)
        if self.alpha is None:
            return as_mode(self.colours, channels)
        cover = np.rint(self.alpha * 255).astype(np.uint8)[..., None]
        over = Image.fromarray(np.concatenate([as_three(self.colours), cover], -1), "RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert(
            "L" if channels == 1 else "RGB"
        )


def over_white(values: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Fractions [H, W, C] composited over white."""
    return values if alpha is None else 1 + (values - 1) * alpha[..., None]


def as_three(colours: np.ndarray) -> np.ndarray:
    """[H, W, 1 or 3] -> [H, W, 3]."""
    return colours.repeat(3, -1) if colours.shape[-1] == 1 else colours


def as_mode(colours: np.ndarray, channels: int) -> Image.Image:
    """uint8 [H, W, 1 or 3] as an ``L`` (1) or ``RGB`` (3) picture."""
    picture = Image.fromarray(colours[..., 0] if colours.shape[-1] == 1 else np.ascontiguousarray(colours))
    return picture.convert("L" if channels == 1 else "RGB")


def upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """[H, W, ...] turned as tag 274 of EXIF and TIFF says."""
    return TURNS.get(orientation, lambda a: a)(array)
