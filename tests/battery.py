"""Sets of known distributions, and what a measure of fidelity, of diversity or of both must tell of them.

After "All current generative fidelity and diversity metrics are flawed" (Räisä et al., 2025, arXiv:2505.22450): its sanity
checks in fewer steps, with its tolerances: 0.05 around a known value, at least 0.2 where something must fall or rise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from genlab.metrics.frechet import frechet_distance
from genlab.metrics.kernel import mmd2
from genlab.metrics.mind import monge_distance
from genlab.metrics.moments import Moments
from genlab.metrics.neighbours import neighbours

FIDELITY, DIVERSITY = ("precision", "density", "clipped_density"), ("recall", "coverage", "clipped_coverage")
DISTANCES = ("fid", "kid", "mind")
MEASURES = (*FIDELITY, *DIVERSITY, *DISTANCES)
NEAR, CLEAR = 0.05, 0.2


def kind(measure):
    """``fidelity``, ``diversity`` or ``distance``."""
    return "fidelity" if measure in FIDELITY else "diversity" if measure in DIVERSITY else "distance"


class Draw:
    """Samples [n, d] of known distributions, by a seed."""

    def __init__(self, seed):
        self.stream = torch.Generator().manual_seed(seed)

    def normal(self, n, d, mean=0.0, sd=1.0):
        return mean + sd * torch.randn(n, d, generator=self.stream)

    def cube(self, n, d, start=0.0):
        return start + torch.rand(n, d, generator=self.stream)

    def surface(self, n, d, radius=1.0):
        return radius * torch.nn.functional.normalize(self.normal(n, d), dim=1)

    def ball(self, n, d, radius):
        return self.surface(n, d, radius) * torch.rand(n, 1, generator=self.stream) ** (1 / d)

    def torus(self, n):
        """A tube of radius 0.1 around the unit circle, in three dimensions."""
        angle, tube = 2 * math.pi * torch.rand(n, generator=self.stream), self.ball(n, 2, 0.1)
        return torch.stack([(1 + tube[:, 0]) * angle.cos(), (1 + tube[:, 0]) * angle.sin(), tube[:, 1]], 1)

    def modes(self, n, d, weights, sd):
        """A mixture whose k-th mode lies at (10 k / 9, …)."""
        index = torch.multinomial(torch.as_tensor(weights, dtype=torch.float64), n, True, generator=self.stream)
        return self.normal(n, d, index[:, None] * 10 / 9, sd)


def numbers(real, fake):
    """All measures of one pair of sets."""
    found = neighbours(real, fake, 3, 5, torch.device("cpu"))
    found["fid"] = frechet_distance(Moments.of(real), Moments.of(fake))
    return found | {"kid": float(mmd2(fake, real)), "mind": monge_distance(fake, real, 200, 0)}


def near(*targets):
    """Each number within 0.05 of its target; None: any."""
    return lambda values: all(t is None or abs(v - t) <= NEAR for v, t in zip(values, targets, strict=True))


def falls(values):
    """By at least 0.2 from first to last, and by 0.1 from first to the middle."""
    return values[0] - values[-1] >= CLEAR and values[0] - values[len(values) // 2] >= CLEAR / 2


def stays(values):
    """All within 0.05 of the first."""
    return all(abs(v - values[0]) <= NEAR for v in values)


def rises(values):
    """Each number above the one before, the last far above the first."""
    return all(b > a for a, b in zip(values, values[1:], strict=False)) and values[-1] > 5 * abs(values[0])


def all_far(values):
    """Each but the first, which is of two samples of one distribution, far above it."""
    return min(values[1:]) > 5 * abs(values[0])


def within_tenth(values):
    """All within a tenth of the first."""
    return all(abs(v - values[0]) <= abs(values[0]) / 10 for v in values)


@dataclass
class Check:
    """One test with a known answer.

    Args:
        what: is compared, and the settings that the numbers belong to.
        pairs: draws (real, generated), one pair a setting.
        fidelity: the answer of a measure of fidelity; None: there is none.
        diversity: of diversity.
        distance: of a distance.
    """

    what: str
    pairs: Callable[[Draw, int], list[tuple[torch.Tensor, torch.Tensor]]]
    fidelity: Callable | None
    diversity: Callable | None
    distance: Callable | None

    def run(self, n=1000, seed=0):
        """The numbers of each measure, one a setting, and whether they are as they must be (None: not asked)."""
        told = [numbers(real, fake) for real, fake in self.pairs(Draw(seed), n)]
        values = {measure: [one[measure] for one in told] for measure in MEASURES}
        asked = {measure: getattr(self, kind(measure)) for measure in MEASURES}
        return {m: (values[m], None if asked[m] is None else bool(asked[m](values[m]))) for m in MEASURES}


def against(real, fakes):
    """One real set and several generated ones."""
    return [(real, fake) for fake in fakes]


def shifts(draw, n):
    return against(draw.normal(n, 8), [draw.normal(n, 8, shift) for shift in (0, 1, 3)])


def with_outlier(draw, n, side):
    """Far apart, then with one image of a set where the other set is."""
    real, fake, far = draw.normal(n, 8), draw.normal(n, 8, 3.0), torch.full((1, 8), 3.0)
    pairs = {"real": (torch.cat([real[1:], far]), fake), "fake": (real, torch.cat([fake[1:], 0 * far]))}
    return [(real, fake), pairs[side]]


def dropped(draw, n, weights):
    sd = 1 / 3  # modes of 8 dimensions, as the paper has them
    real = draw.modes(n, 8, [1.0] * 10, sd)
    return against(real, [draw.modes(n, 8, w, sd) for w in weights])


def sequential(draw, n):
    return dropped(draw, n, [[1.0] * (10 - gone) + [0.0] * gone for gone in (0, 3, 5, 7, 9)])


def simultaneous(draw, n):
    return dropped(draw, n, [[1.0] + [1.0 - share] * 9 for share in (0, 0.3, 0.6, 0.9, 1)])


def invented(draw, n):
    """Of ten far modes the first five are real; the generated ones are the first two, five, ten."""
    modes = 10 * draw.normal(10, 2)
    pick = [torch.randint(k, (n,), generator=draw.stream) for k in (5, 2, 5, 10)]
    real, *fakes = (modes[index] + draw.normal(n, 2, sd=0.25) for index in pick)
    return against(real, fakes)


def cubes(draw, n):
    """Unit cubes of 1, 8 and 64 dimensions that share a fifth of their volume."""
    return [(draw.cube(n, d), draw.cube(n, d, 1 - 0.2 ** (1 / d))) for d in (1, 8, 64)]


def sizes(draw, n):
    """The same in 8 dimensions, for a fifth, once, five times as many generated images."""
    start = 1 - 0.2 ** (1 / 8)
    return against(draw.cube(n, 8), [draw.cube(m, 8, start) for m in (n // 5, n, 5 * n)])


def surfaces(draw, n):
    return against(draw.surface(n, 16), [draw.surface(n, 16, radius) for radius in (1, 0.5, 1.5)])


def sphere_and_torus(draw, n):
    ball, torus = draw.ball(n, 3, 0.8), draw.torus(n)
    return [(ball, draw.ball(n, 3, 0.8)), (ball, torus), (torus, ball)]


def spreads(draw, n):
    return against(draw.normal(n, 8), [draw.normal(n, 8, sd=sd) for sd in (1, 0.1, 10)])


def one_disjoint_dimension(draw, n):
    return [
        (draw.normal(n, d), draw.normal(n, d) + 6 * shift * torch.eye(d)[0]) for d, shift in ((2, 0), (2, 1), (64, 1))
    ]


CHECKS = {
    "equal": Check(
        "two samples of one Gaussian of 8 and of 64 dimensions",
        lambda draw, n: [(draw.normal(n, d), draw.normal(n, d)) for d in (8, 64)],
        near(1, 1),
        near(1, 1),
        lambda values: max(map(abs, values)) <= 0.01,
    ),
    "translation": Check(
        "Gaussians of 8 dimensions, moved by 0, 1, 3", shifts, near(1, None, 0), near(1, None, 0), rises
    ),
    "real outlier": Check(
        "moved by 3: without, and with one real image among the generated ones",
        lambda draw, n: with_outlier(draw, n, "real"),
        near(0, 0),
        near(0, 0),
        within_tenth,
    ),
    "fake outlier": Check(
        "moved by 3: without, and with one generated image among the real ones",
        lambda draw, n: with_outlier(draw, n, "fake"),
        near(0, 0),
        near(0, 0),
        within_tenth,
    ),
    "spread": Check(
        "Gaussians of 8 dimensions, as wide, a tenth, ten times as wide",
        spreads,
        near(1, 1, 0),
        near(1, 0, None),
        all_far,
    ),
    "sequential mode dropping": Check("0, 3, 5, 7, 9 of 10 modes are gone", sequential, stays, falls, rises),
    "simultaneous mode dropping": Check(
        "all but one of 10 modes have lost 0, 30, 60, 90, 100 % of their images", simultaneous, stays, falls, rises
    ),
    "mode invention": Check(
        "2, 5 of 5 modes, and 5 that do not exist besides", invented, near(1, 1, 0.5), near(0.4, 1, 1), None
    ),
    "hypercube": Check(
        "cubes of 1, 8, 64 dimensions that share a fifth of their volume",
        cubes,
        near(*[0.2] * 3),
        near(*[0.2] * 3),
        None,
    ),
    "number of images": Check(
        "cubes of 8 dimensions; a fifth, once, five times as many generated as real", sizes, stays, stays, within_tenth
    ),
    "hypersphere": Check(
        "surfaces in 16 dimensions, of radius 1, 0.5, 1.5", surfaces, near(1, 0, 0), near(1, 0, 0), all_far
    ),
    "sphere and torus": Check(
        "two of a ball; a torus around it; the ball in the torus",
        sphere_and_torus,
        near(1, 0, 0),
        near(1, 0, 0),
        all_far,
    ),
    "one dimension": Check(
        "2 dimensions, equal; one of 2, of 64 moved by 6 sigma",
        one_disjoint_dimension,
        near(1, 0, 0),
        near(1, 0, 0),
        all_far,
    ),
}


FAILS = {  # which measures do not tell the known answer, and why
    "equal": (
        {"precision", "recall", "fid", "mind"},
        "Balls of near neighbours do not fill the space: 64 dimensions leave a third of good images outside, of precision and "
        "recall alike. FID and MIND of two samples are above 0 whatever they are of: set beside them their floor (`_floor`), "
        "and FID's value at infinitely many images (`_inf`). KID has no such bias.",
    ),
    "translation": ({"precision", "recall"}, "As above, where nothing is moved; the fall is right."),
    "real outlier": (
        {"precision", "density"},
        "The ball of one far real image reaches to all others and holds all that lies there. Clipped density has no ball "
        "larger than the median's.",
    ),
    "fake outlier": ({"recall"}, "The same of the ball of one generated image: recall trusts their neighbourhoods."),
    "spread": (
        {"precision", "recall", "density", "coverage"},
        "Precision as above. Samples in the middle lie in many balls, so density passes 1. The balls of widely scattered "
        "samples hold every real image: recall 1. Coverage of the narrow ones is 0.06, just outside the tolerance.",
    ),
    "sequential mode dropping": (set(), ""),
    "simultaneous mode dropping": (
        {"recall", "coverage", "clipped_coverage"},
        "As long as a mode has some images left, they are near each real one of it. Clipped coverage counts up to five "
        "images a ball and falls first, but not before most are gone; only the distances see it early.",
    ),
    "mode invention": (
        {"coverage", "clipped_coverage"},
        "Half of the images are spent on modes that do not exist, and fewer are left to hit each ball: clipped coverage is "
        "calibrated to say 0.5 then, the share of good images.",
    ),
    "hypercube": (
        {*FIDELITY, *DIVERSITY},
        "In 8 and 64 dimensions most of a cube lies near its surface, within a ball's reach of the other cube: no such "
        "measure is a volume.",
    ),
    "number of images": (
        {"density", "recall", "coverage", "clipped_coverage", "fid", "mind"},
        "Coverage rises with the number of generated images, recall falls, FID and MIND lose bias; clipped coverage is in "
        "units of what is generated. Compare equal counts: they are in each name.",
    ),
    "hypersphere": (
        {*FIDELITY, *DIVERSITY},
        "In 16 dimensions points of a surface are further from each other than from a point well inside, which lies in all "
        "their balls: a blurred image, nearer to the mean, passes for a good one. The distances tell it.",
    ),
    "sphere and torus": (set(), ""),
    "one dimension": (
        {"coverage"},
        "0.06 of 64 dimensions, just outside the tolerance: one dimension of many is nearly lost.",
    ),
}
