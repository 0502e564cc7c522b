"""``what=paired_unpaired``: pix2pix and CycleGAN on the same test pairs: what it buys to know which image belongs to which.

Zhu et al., 2017 (arXiv:1703.10593), section 5.1.2, hold CycleGAN against pix2pix (Isola et al., 2017, arXiv:1611.07004) as
its upper bound. The pairs are those of a run that has learnt from pairs; one that has learnt from two domains has never been
told that they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.several import require_several, titles
from genlab.analysis.base.subject import Subject
from genlab.analysis.pairs.translated import (
    DIRECTIONS,
    TestPairs,
    Translated,
    baselines,
    directions_of,
    test_pairs,
    translated,
)
from genlab.analysis.reconstructions.rows import draw_rows
from genlab.config.types import PositiveInt
from genlab.config.what_is_analyzed import LooksAt
from genlab.contracts import ConfigError, Problem, Translates
from genlab.panels import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE, WORDS = 150, 240  # pixels of an image, and of the words at its left
WHERE = "what=paired_unpaired"


@dataclass
class PairedUnpaired(Analysis):
    """Errors of translations against their targets, in one table, beside two baselines.

    Args:
        images: pairs of the split, at most, over which the errors are means.
        shown: pairs in the picture.
    """

    looks_at: ClassVar[LooksAt] = "checkpoints"
    needs: ClassVar[tuple[type, ...]] = (Translates,)

    images: PositiveInt
    shown: PositiveInt

    def refuse(self, *subjects: Subject) -> None:
        """Two runs at least, one of them on pairs, on the same set and in the same direction."""
        require_several(
            "paired_unpaired", subjects, 2, "a run on pairs and one on two domains, pix2pix and CycleGAN say"
        )
        if not any(one.loaded.spec.kind == "pairs" for one in subjects):
            what = "no run has learnt from pairs, and the test pairs are its"
            raise ConfigError([Problem(WHERE, what, "Give one of them, too: model=pix2pix, on the same set")])
        require_same_pairs(subjects)

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for each run and direction, and for the baselines."""
        owner = next(one for one in subjects if one.loaded.spec.kind == "pairs")
        pairs = test_pairs(owner, self.images)
        named = zip(titles(subjects), subjects, strict=True)
        found = [made for name, one in named for made in translated(one, name, pairs, self.shown)]
        ways = [way for way in DIRECTIONS if any(way in directions_of(one) for one in subjects)]
        rows = [*(one.row for one in found), *baselines(pairs, ways)]
        lines = said(found, rows, len(pairs.a), owner.split)
        metrics = {
            f"{owner.split}/{m}_{one.direction}_{one.name.replace('/', '_')}": one.row[m]
            for one in found
            for m in ("l1", "psnr", "ssim")
        }
        made = drawn(owner, pairs, found, lines, self.shown)
        return Findings(list(rows), made, lines, metrics, dict.fromkeys(metrics, len(pairs.a)))


def require_same_pairs(subjects: Sequence[Subject]) -> None:
    """Refuse runs on different sets, cut to different sizes, or with sides a and b exchanged.

    Raises:
        ConfigError: with what each of them has.
    """
    seen: dict[tuple[Any, ...], str] = {}
    for one, name in zip(subjects, titles(subjects), strict=True):
        spec, data = one.loaded.spec, one.loaded.config.data
        seen.setdefault((spec.name, tuple(spec.shape), data.get("direction")), name)
    if len(seen) > 1:
        told = ", ".join(
            f"{name}: {where} {'x'.join(map(str, shape))} {way or ''}".rstrip()
            for (where, shape, way), name in seen.items()
        )
        what = f"compares runs on the same pairs, and these differ in set, size or direction ({told})"
        raise ConfigError([Problem(WHERE, what, "Give runs with the same data=…, data.crop_size= and data.direction=")])


def said(found: Sequence[Translated], rows: Sequence[dict[str, Any]], count: int, split: str) -> tuple[str, str]:
    """The two lines."""
    there = [one for one in found if one.direction == "AtoB"]
    parts = [f"{one.name} ({one.row['learnt_from']}) L1 {one.row['l1']:.4f}, {one.row['psnr']:.1f} dB" for one in there]
    floor = next(row for row in rows if row["run"] == "one colour")
    first = f"A to B over {count:,} {split} pairs: {'; '.join(parts)}; one colour for all {floor['l1']:.4f}"
    paired = min((one for one in there if one.row["learnt_from"] == "pairs"), key=lambda one: one.row["l1"])
    others = [one for one in there if one.row["learnt_from"] != "pairs"]
    if not others:
        return first, "no run has learnt from two domains, so nothing is said of what pairs buy"
    best = min(others, key=lambda one: one.row["l1"])
    ratio = best.row["l1"] / paired.row["l1"]
    back = ", ".join(f"{one.name} comes back to L1 {one.row['cycle_l1']:.4f}" for one in others)
    return first, f"without pairs the error is {ratio:.2f} times that with them; there and back again {back}"


def drawn(owner: Subject, pairs: TestPairs, found: Sequence[Translated], lines: tuple[str, str], shown: int) -> Figure:
    """Input, target, and each run's translation; below them the other direction, where a run knows it."""
    rows = []
    for way in DIRECTIONS:
        made = [one for one in found if one.direction == way]
        if not made:
            continue
        x, y = (side[:shown] for side in pairs.sides(way))
        words = "A to B" if way == "AtoB" else "B to A"
        rows += [(f"input, {words}", f"{owner.split} pairs", x), ("truth", "", y)]
        rows += [(one.name, f"from {one.row['learnt_from']}, L1 {one.row['l1']:.3f}", one.shown) for one in made]
    count = len(rows[0][2])
    high, wide = rows[0][2].shape[-2:]
    size = WORDS + SIDE * count, round(SIDE * high / wide * len(rows))
    page, (axes,) = panels(f"What pairs buy: {owner.loaded.spec.name}", lines, 1, size=size)
    draw_rows(axes, rows)
    return page
