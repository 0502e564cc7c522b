"""``what=compression``: a trained model as a codec, held against JPEG and PNG; bits back where it has a likelihood of bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.encoded import Encoded, encoded
from genlab.analysis.base.several import require_images
from genlab.analysis.base.subject import Subject
from genlab.analysis.coding import files, latents
from genlab.analysis.coding.files import Point, bits_at
from genlab.analysis.coding.lossless import Lossless, can_code_bits, lossless
from genlab.analysis.coding.picture import picture
from genlab.config.types import PositiveFloat, PositiveInt
from genlab.contracts import ConfigError, Decodes, Encodes, Problem
from genlab.images import to_uint8
from genlab.models.base.labels import needs_labels

NEAR = 0.3  # dB that a coarser grid may lose


@dataclass
class Compression(Analysis):
    """Rate and distortion of rounded codes beside JPEG and PNG; the length of a bits-back message beside -ELBO.

    Args:
        images: of the split, for rate and distortion.
        train_images: whose codes tell how often each symbol comes, at most.
        steps: of the grid that codes are rounded to, in units of their spread.
        bits_back: images that one message holds, of a VAE with Bernoulli pixels on black and white images.
        draws: codes drawn for each of these, for the bound.
        shown: images in the picture.
    """

    needs: ClassVar[tuple[type, ...]] = (Encodes, Decodes)

    images: PositiveInt
    train_images: PositiveInt
    steps: list[PositiveFloat]
    bits_back: PositiveInt
    draws: PositiveInt
    shown: PositiveInt

    def refuse(self, *subjects: Subject) -> None:
        """A label would have to be sent as well; PNG and JPEG have one channel or three."""
        require_images("compression", subjects)
        for subject in subjects:
            name, channels = type(subject.model).__name__, subject.loaded.spec.shape[0]
            if needs_labels(subject.model):
                what = f"{name} codes an image only beside its label"
                raise ConfigError([Problem("what=compression", what, "Give a run without labels: model=vae")])
            if channels not in (1, 3):
                what = f"{subject.loaded.spec.name} has {channels} channels, and a JPEG has 1 or 3"
                raise ConfigError([Problem("what=compression", what, "Give a run on such images: data=mnist")])

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: bits and PSNR of each setting. Picture: the curves, the message, and images at equal bits."""
        (subject,) = subjects
        own = encoded(subject, self.images)
        known = encoded(subject, self.train_images, "train", images=False).mean
        coded = [*latents.points(subject.model, known, own.mean, own.x, self.steps)]
        others = [*files.points(own.image)]
        exact = lossless(subject, self.bits_back, self.draws) if can_code_bits(subject) else None
        best, again = chosen(coded)
        lines = said(best, others, len(own.image)), said_of_bits(exact, subject)
        page = picture(subject.title, lines, [one for one, _ in coded], others, exact, self.cells(own, best, again))
        metrics, counts = numbers(subject.split, best, others, exact, len(own.image))
        rows: list[Mapping[str, Any]] = [dict(vars(one)) for one in [*(one for one, _ in coded), *others]]
        tables = {"bits_back": exact.rows} if exact else {}
        return Findings(rows, page, lines, metrics, counts, tables=tables)

    def cells(self, own: Encoded, best: Point, again: Tensor) -> list[tuple[str, Tensor]]:
        """Rows of images with their names: the images, the model's, and JPEG's of about as many bits, and of its PSNR."""
        x = own.x[: self.shown]
        every = [one for one in files.points(own.image[: self.shown]) if one.codec == "JPEG"]
        alike = min(every, key=lambda one: abs(one.bits - best.bits))
        as_good = min(every, key=lambda one: abs(one.psnr - best.psnr))
        mode = "L" if x.shape[1] == 1 else "RGB"
        shown = [("images", x), (f"the model's codes: {told(best)}", again[: self.shown])]
        rows = [("JPEG, nearest in bits", alike), ("JPEG, nearest in PSNR", as_good)]
        for name, one in rows if alike != as_good else [("JPEG, nearest in bits and PSNR", alike)]:
            made = [files.jpeg(image, int(one.setting)) for image in files.plain(to_uint8(x))]
            shown.append((f"{name}: {told(one)}", files.read(made, mode)))
        return shown


def chosen(coded: list[tuple[Point, Tensor]]) -> tuple[Point, Tensor]:
    """The fewest bits with which the PSNR is within ``NEAR`` of the best: a finer grid than that costs bits for nothing."""
    most = max(one.psnr for one, _ in coded)
    return min((pair for pair in coded if pair[0].psnr >= most - NEAR), key=lambda pair: pair[0].bits)


def told(one: Point) -> str:
    """Bits and PSNR in words."""
    return f"{one.bits:.3f} bits a pixel, {one.psnr:.1f} dB"


def said(best: Point, others: list[Point], count: int) -> str:
    """The first line: at the model's best PSNR, what each codec takes."""
    parts = []
    for codec in ("JPEG", "PNG"):
        bits, is_reached = bits_at([one for one in others if one.codec == codec], best.psnr)
        parts.append(f"{codec} {bits:.3f}" if is_reached else f"{codec} never less than {bits:.3f}")
    return (
        f"{count} images by their codes: {best.bits:.3f} bits a pixel at {best.psnr:.1f} dB; at that PSNR "
        f"{' and '.join(parts)}, without what every file has. The decoder's weights are not counted"
    )


def said_of_bits(exact: Lossless | None, subject: Subject) -> str:
    """The second line: the message, or why there is none."""
    if exact is None:
        return (
            "bits back need a VAE with Bernoulli pixels and the prior N(0, I) on black and white images: "
            f"this is {type(subject.model).__name__} with {subject.loaded.spec.name}"
        )
    return (
        f"bits back: {exact.count} images in {exact.bits:,} bits ({exact.per_pixel:.4f} a pixel), {exact.excess:+.2%} of the "
        f"bound of {exact.bound:,.0f} ± {exact.error:,.0f} and {exact.lost:+.3%} of what the codes that were drawn cost; every "
        f"pixel came back. PNG takes {exact.png / exact.pixels:.4f} a pixel"
    )


def numbers(
    split: str, best: Point, others: list[Point], exact: Lossless | None, count: int
) -> tuple[dict[str, float], dict[str, int]]:
    """By name, and of how many images."""
    found = {"bits_per_pixel": best.bits, "psnr": best.psnr}
    for codec in ("JPEG", "PNG"):
        found[f"bits_per_pixel_{codec.lower()}"], _ = bits_at([one for one in others if one.codec == codec], best.psnr)
    counts = dict.fromkeys(found, count)
    if exact:
        of_bits = {"bits_back_bpp": exact.per_pixel, "bits_back_bound_bpp": exact.bound / exact.pixels}
        of_bits |= {
            "bits_back_excess": exact.excess,
            "bits_back_lost": exact.lost,
            "bits_png_bpp": exact.png / exact.pixels,
        }
        found, counts = found | of_bits, counts | dict.fromkeys(of_bits, exact.count)
    return {f"{split}/{k}": v for k, v in found.items()}, {f"{split}/{k}": v for k, v in counts.items()}
