"""Resizing and cropping of pictures, by the option names of the reference CycleGAN code.

| name | training | evaluation |
|---|---|---|
| resize_and_crop | scaled to load_size x load_size, random crop of crop_size | scaled to crop_size x crop_size |
| scale_width | scaled to the width load_size, uncropped | the same |
| scale_width_and_crop | scaled to the width load_size, random crop | scaled to the width load_size, centre crop |
| crop | original size, random crop | centre crop |
| none | each side scaled to the nearest multiple of 4, uncropped | the same |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PIL import Image

Preprocessing = Literal["resize_and_crop", "scale_width", "scale_width_and_crop", "crop", "none"]
MULTIPLE = 4  # the ResNet generators halve an image twice


@dataclass(frozen=True)
class Recipe:
    """How the pictures of a set are resized: a name from the table above, and two sizes in pixels."""

    name: Preprocessing
    load_size: int
    crop_size: int

    def __str__(self) -> str:
        """As the run shows it: ``resize_and_crop 286 to 256``."""
        sizes = {
            "resize_and_crop": f" {self.load_size} to {self.crop_size}",
            "scale_width": f" {self.load_size}",
            "scale_width_and_crop": f" {self.load_size} to {self.crop_size}",
            "crop": f" {self.crop_size}",
            "none": "",
        }
        return self.name + sizes[self.name]

    @property
    def crop(self) -> tuple[int, int] | None:
        """Size (H, W) of the crop that batches take of each image; None: uncropped."""
        return (self.crop_size, self.crop_size) if self.name.endswith("crop") else None

    def size(self, width: int, height: int, training: bool) -> tuple[int, int]:
        """Width and height that a picture of this width and height is scaled to, before cropping."""
        if self.name == "resize_and_crop":
            side = self.load_size if training else self.crop_size
            return side, side
        if self.name == "none":
            return nearest_multiple(width), nearest_multiple(height)
        if self.name == "crop":
            return at_least(width, height, self.crop_size)
        scaled = self.load_size, max(1, round(height * self.load_size / width))
        if self.name == "scale_width_and_crop":
            return at_least(*scaled, self.crop_size)
        return nearest_multiple(scaled[0]), nearest_multiple(scaled[1])

    def apply(self, picture: Image.Image, training: bool, resample: Image.Resampling) -> Image.Image:
        """The picture scaled; bicubic is antialiased."""
        size = self.size(*picture.size, training)
        return picture if size == picture.size else picture.resize(size, resample)


def nearest_multiple(side: int) -> int:
    """The nearest multiple of 4, at least 4."""
    return max(MULTIPLE, round(side / MULTIPLE) * MULTIPLE)


def at_least(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height, enlarged in proportion if the shorter one is below ``side``."""
    factor = max(1.0, side / min(width, height))
    return max(side, round(width * factor)), max(side, round(height * factor))
