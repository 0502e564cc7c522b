"""Standard errors of measures of two sets beside the spread over fresh draws; the extrapolated FID; what they cost.

    python tests/bench/error_bars.py [--only fid kid mind neighbours inception_score extrapolated seconds]
        [--features 16 128] [--images 500 1000] [--draws 200] [--stated 30]

Real images are Gaussian features with standard deviations 1 / sqrt(i); generated ones ``equal``, ``shifted`` by a tenth of
that (nearest neighbours: by three tenths), or a ``mixture`` of two Gaussians. A row: the mean of the number, its spread over
``draws`` fresh pairs of sets, and the standard error that ``stated`` of those pairs state, as a share of that spread: mean
and, in brackets, the 10th and 90th percentile. With ``--others``, beside the way taken, those that were not: the
infinitesimal jackknife alone, delete-half (the spread over random halves of one pair), the bootstrap (drawn with repetition).
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import torch

from genlab.metrics.error_bars.extrapolation import extrapolated
from genlab.metrics.error_bars.influence import halves, jackknife
from genlab.metrics.error_bars.resampling import standard_errors
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.frechet import FID
from genlab.metrics.inception_score import InceptionScore
from genlab.metrics.kernel import KID
from genlab.metrics.mind import MIND
from genlab.metrics.neighbours import Neighbours

CPU = torch.device("cpu")
SPLITS, RESAMPLES = 50, 40
MEASURES = {
    "fid": FID(),
    "kid": KID(100, 1000, 2020),
    "mind": MIND(200, 2020),
    "neighbours": Neighbours(3, 5),
    "inception_score": InceptionScore(10, 2020),
}


class Logits:
    """In the place of a network: ten classes."""

    def logits(self, features):
        return 2 * features[:, :10]


def drawn(kind, n, d, far, stream):
    """A set of n features."""
    widths = torch.arange(1, d + 1) ** -0.5
    x = torch.randn(n, d, generator=stream) * widths
    if kind == "shifted":
        x = x + (0.3 if far else 0.1) * widths
    if kind == "mixture":
        x = 0.8 * x + (1.2 * torch.randint(0, 2, (n, 1), generator=stream) - 0.6) * widths
    return FeatureSet(x, Logits())


def of_half(measure, real, fake, stream):
    """The measure of a random half of either side."""
    return measure(real.rows(halves(len(real), stream)[0]), fake.rows(halves(len(fake), stream)[0]), CPU)


def drawn_again(measure, real, fake, stream):
    """The measure of as many images, drawn with repetition."""
    return measure(*(z.rows(torch.randint(len(z), (len(z),), generator=stream)) for z in (real, fake)), CPU)


def spread(values):
    """By name, the standard deviation."""
    return {name: float(torch.tensor([value[name] for value in values]).std()) for name in values[0]}


def ways(measure, real, fake, seed, others):
    """Standard errors by way, then by name."""
    stream = torch.Generator().manual_seed(seed)
    found = {"stated": standard_errors(measure, real, fake, SPLITS, seed, CPU)}
    if others and hasattr(measure, "influence"):
        error = jackknife(*measure.influence(real, fake, CPU)) ** 0.5
        found["jackknife"] = dict.fromkeys(measure.names, error)
    if others:
        found["delete-half"] = spread([of_half(measure, real, fake, stream) for _ in range(RESAMPLES)])
        found["bootstrap"] = spread([drawn_again(measure, real, fake, stream) for _ in range(RESAMPLES)])
    return found


def share(errors, truth):
    """``1.02 [0.9 1.1]``."""
    ratio = torch.tensor(errors) / truth
    low, high = ratio.quantile(torch.tensor([0.1, 0.9])).tolist()
    return f"{ratio.mean():.2f} [{low:.2f} {high:.2f}]"


def row(name, kind, n, d, args):
    """Print what a measure states beside the truth."""
    measure, stream = MEASURES[name], torch.Generator().manual_seed(0)
    far = name == "neighbours"
    values, stated = [], []
    for i in range(args.draws):
        pair = drawn("equal", n, d, far, stream), drawn(kind, n, d, far, stream)
        values.append(measure(*pair, CPU))
        if i < args.stated:
            stated.append(ways(measure, *pair, i, args.others))
    for number, truth in spread(values).items():
        if number not in stated[0]["stated"]:
            continue
        mean = sum(value[number] for value in values) / len(values)
        of_ways = "  ".join(f"{way} {share([x[way][number] for x in stated], truth)}" for way in stated[0])
        print(f"{number:16} {kind:8} d={d:<5} n={n:<6} {mean:9.4g} ± {truth:<9.2g} {of_ways}", flush=True)


def extrapolation(kind, n, d, args):
    """Print how often the truth lies within two standard errors."""
    stream, widths = torch.Generator().manual_seed(0), torch.arange(1, d + 1).double() ** -0.5
    truth = float((0.2 * widths).square().sum()) if kind == "wider" else 0.0
    found = []
    for i in range(args.draws):
        real, fake = (drawn("equal", n, d, False, stream) for _ in range(2))
        found.append(extrapolated(real, FeatureSet(fake.features * (1.2 if kind == "wider" else 1)), i, CPU))
    value, error = torch.tensor(found, dtype=torch.float64).T
    within = ((value - truth).abs() < 2 * error).double().mean()
    print(
        f"extrapolated {kind:6} d={d:<4} n={n:<6} truth {truth:.3g} mean {value.mean():.4f} spread {value.std():.4f} "
        f"error/spread {error.mean() / value.std():.2f} within two errors {within:.0%}",
        flush=True,
    )


def seconds(n, d):
    """Print what each costs, in seconds of this thread or these threads."""
    stream = torch.Generator().manual_seed(0)
    real, fake = (drawn("equal", n, d, False, stream) for _ in range(2))
    for name in ("fid", "kid", "mind"):
        start = time.perf_counter()
        MEASURES[name](real, fake, CPU)
        middle = time.perf_counter()
        standard_errors(MEASURES[name], real, fake, SPLITS, 0, CPU)
        said = f"{name} {middle - start:.1f} s, its error {time.perf_counter() - middle:.1f} s"
        print(f"d={d} n={n} threads={torch.get_num_threads()}: {said}", flush=True)
    start = time.perf_counter()
    extrapolated(real, fake, 0, CPU)
    print(f"d={d} n={n}: extrapolated {time.perf_counter() - start:.1f} s", flush=True)


def main():
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", default=[*MEASURES, "extrapolated", "seconds"])
    parser.add_argument("--kinds", nargs="+", default=["equal", "shifted", "mixture"])
    parser.add_argument("--features", type=int, nargs="+", default=[16, 128])
    parser.add_argument("--images", type=int, nargs="+", default=[500, 1000])
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--stated", type=int, default=30)
    parser.add_argument("--others", action="store_true", help="the ways that were not taken, too")
    args = parser.parse_args()
    for name in args.only:
        for d in args.features:
            for n in args.images:
                if name == "seconds":
                    seconds(n, d)
                elif name == "extrapolated":
                    [extrapolation(kind, n, d, args) for kind in ("equal", "wider")]
                else:
                    [row(name, kind, n, d, args) for kind in args.kinds]


if __name__ == "__main__":
    main()
