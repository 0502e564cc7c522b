"""The page of compression: bits against PSNR, what a pixel costs without loss, and images at equal bits and equal PSNR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from genlab.analysis.base.page import cell, composed, row, sheet
from genlab.analysis.coding.files import EXACT, Point, front
from genlab.analysis.coding.lossless import Lossless
from genlab.figures import GREY, INK, Block
from genlab.panels import BLUE, GREEN, RED, legend, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HIGH, SIDE = 390, 96  # pixels: of the curves, of an image at most
COLOUR = {"model": RED, "JPEG": BLUE, "PNG": GREEN}
NAMES = {"model": "the model's codes", "JPEG": "JPEG", "PNG": "PNG of fewer grey levels"}


def picture(
    title: str,
    lines: Sequence[str],
    coded: Sequence[Point],
    others: Sequence[Point],
    exact: Lossless | None,
    cells: Sequence[tuple[str, Tensor]],
) -> Tensor:
    """The page, [3, H, W] in [0, 1]; ``cells``: rows of images [n, C, H, W] with what stands above them."""
    made, axes = row(HIGH, 1.4, 1) if exact else row(HIGH, 1)
    curves(axes[0], [*coded, *others])
    if exact:
        bars(axes[1], exact)
    blocks = [Block(name, [(cell(image), "") for image in images], len(images), SIDE) for name, images in cells]
    return composed(f"Compression: {title}", lines, [made], [sheet("The same images, decoded", *blocks)])


def curves(axes: Axes, points: Sequence[Point]) -> None:
    """PSNR over the bits of a pixel, on a logarithmic axis."""
    for codec, colour in COLOUR.items():
        own = front(one for one in points if one.codec == codec and one.psnr < EXACT)
        if own:
            bits, decibels = [one.bits for one in own], [one.psnr for one in own]
            axes.plot(bits, decibels, ".-", color=colour, label=NAMES[codec])
        if own and codec != "model":
            axes.plot([one.file_bits for one in own], decibels, ":", color=colour, label=f"{codec}, the whole file")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    named(axes, "bits a pixel", "PSNR, dB", "Lossy: up and to the left is better")
    legend(axes, loc="upper left")


def bars(axes: Axes, exact: Lossless) -> None:
    """Bits of a pixel without loss; the bound is a line."""
    shown = [
        ("as they are", 1.0, GREY),
        ("PNG, 1 bit", exact.png / exact.pixels, GREEN),
        ("zlib, all together", exact.packed / exact.pixels, GREEN),
        ("bits back", exact.per_pixel, RED),
    ]
    names, values, colours = zip(*shown, strict=True)
    axes.barh(range(len(shown)), values, 0.62, color=colours)
    for i, value in enumerate(values):
        axes.text(value + 0.012, i, f"{value:.3f}", va="center", size=9, color=INK)
    axes.axvline(exact.bound / exact.pixels, color=INK, lw=1, ls="--", label="−ELBO in bits")
    axes.set_yticks(range(len(shown)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12)
    axes.grid(visible=False, axis="y")
    named(axes, "bits a pixel", "", f"Without loss: {exact.count} images of black and white pixels")
    legend(axes, loc="lower right")
