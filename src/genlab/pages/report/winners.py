"""Which is best, by how much, and what differs: for each data set and each metric of which one end is certainly good."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from genlab.metrics.directions import begins, direction, last, own_direction
from genlab.pages.report.groups import Group, all_metrics

FIRST = (
    "nll",
    "elbo",
    "mel_mcd_mean",  # of speech, where fid is of spectrograms
    "mel_mcd_AtoB",
    "mel_mcd_BtoA",
    "fid",
    "kid",
    "mse",
    "psnr",
    "ssim",
    "l1",
    "auroc",
    "accuracy",
    "modes",
    "high_quality",
    "precision",
)
IN_NATS = ("elbo", "nll", "bpd", "nll_bpd", "recon", "loss")


@dataclass(frozen=True)
class Winner:
    """The best of the groups that can be compared in a metric.

    Args:
        metric: its name.
        data: the data set.
        ranked: the groups that have it, best first.
    """

    metric: str
    data: str
    ranked: tuple[Group, ...]

    @property
    def sign(self) -> int:
        """1: higher is better; -1: lower is."""
        return direction(self.metric) or own_direction(self.metric)

    @property
    def gap(self) -> float:
        """How far the second is behind."""
        first, second = (group.mean(self.metric) or 0.0 for group in self.ranked[:2])
        return abs(first - second)

    @property
    def within(self) -> bool | None:
        """Whether that is no more than the spread of either; None where neither has one."""
        spreads = [spread for group in self.ranked[:2] if (spread := group.spread(self.metric)) is not None]
        return self.gap <= max(spreads) if spreads else None


def winners(groups: Sequence[Group]) -> list[Winner]:
    """The best in each metric that two finished groups share, in order of data sets and of the metrics' weight."""
    done = [group for group in groups if group.finished]
    found = []
    for metric in sorted(filter(judged, all_metrics(done)), key=weight):
        for some in comparable(metric, [group for group in done if group.mean(metric) is not None]):
            if len(some) > 1:
                found.append(Winner(metric, some[0].records[0].data, ranked(metric, some)))
    return sorted(without_validation(found), key=lambda one: (one.data, weight(one.metric)))


def judged(metric: str) -> bool:
    """Whether it is certain what is better, among runs that can be compared."""
    if metric.startswith("train/"):
        return False
    return bool(direction(metric)) or last(metric) in ("elbo", "accuracy", "worst_group_accuracy", "label_accuracy")


def ranked(metric: str, groups: Iterable[Group]) -> tuple[Group, ...]:
    """Best first; equal ones in order of their numbers."""
    sign = direction(metric) or own_direction(metric)
    return tuple(sorted(groups, key=lambda group: (-sign * (group.mean(metric) or 0.0), group.number)))


def comparable(metric: str, groups: Iterable[Group]) -> list[list[Group]]:
    """The groups apart by what they must share: the images and, of numbers in nats, the likelihood of the pixels."""
    found: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        first = group.records[0]
        found.setdefault((first.images, first.likelihood if in_nats(metric) else ""), []).append(group)
    return list(found.values())


def in_nats(metric: str) -> bool:
    """Whether it can be compared only where the pixels have one likelihood."""
    return last(metric) in IN_NATS


def without_validation(found: Sequence[Winner]) -> list[Winner]:
    """Without the metrics of ``val`` that the same groups have in the test."""
    tested = {family(one) for one in found if is_test(one.metric)}
    return [one for one in found if is_test(one.metric) or family(one) not in tested]


def family(one: Winner) -> tuple[str, frozenset[int]]:
    """What is measured, of whatever split and on however many images, and of which groups."""
    return re.sub(r"_\d.*", "", last(one.metric)), frozenset(group.number for group in one.ranked)


def is_test(metric: str) -> bool:
    """Whether it is of the test."""
    return metric.startswith("test/")


def weight(metric: str) -> tuple[int, int, str]:
    """The order of metrics: those that are quoted first, and of each the test's."""
    name = last(metric)
    at = next((i for i, first in enumerate(FIRST) if begins(name, [first])), len(FIRST))
    return at, not is_test(metric), metric
