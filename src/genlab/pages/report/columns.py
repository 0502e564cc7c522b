"""The columns of the table of runs: what each shows of a run, and of several that differ only in their seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from genlab.metrics.names import FLOOR, INF
from genlab.pages.html import Markup, element, joined, text
from genlab.pages.report.content import Content
from genlab.pages.report.differences import ABSENT, Difference
from genlab.pages.report.groups import Group
from genlab.pages.report.numbers import enough, of_group
from genlab.pages.report.record import is_number
from genlab.pages.report.state import ORDER, badge
from genlab.pages.report.winners import weight
from genlab.sweeps.words import duration, number_text, short_names, shortened

OPEN_KEYS, OPEN_METRICS = 3, 7  # parameters and metrics that are seen at first
MOST_KEYS, MOST_METRICS = 24, 60  # parameters and metrics that can be made columns
COUNTS = {"parameters": "parameters", "train": "training images", "val": "validation images", "test": "test images"}
DULL = ("choices.", "seed", "model._target_", "data._target_")  # columns of their own have these

Sortable = float | str | None


@dataclass(frozen=True)
class Cell:
    """What stands in a field, by what it is sorted, and what is said of it when one points at it."""

    shown: Markup
    key: Sortable
    title: str = ""


@dataclass(frozen=True)
class Column:
    """A column.

    Args:
        name: by which filters know it: ``test/mse``, ``model.beta``.
        head: the words above it.
        of: what it shows of a group.
        number: whether it is set to the right.
        open: whether it is seen at first.
        kind: the heading under which it can be chosen.
        direction: which end is good, of a metric.
    """

    name: str
    head: str
    of: Callable[[Group], Cell]
    number: bool = False
    open: bool = True
    kind: str = "run"
    direction: int = 0


def columns(content: Content) -> list[Column]:
    """All columns, in their order."""
    return [*of_runs(), *of_keys(content), *of_metrics(content), *of_training()]


def of_runs() -> Iterator[Column]:
    """What a run is."""
    yield Column("state", "state", of_state)
    yield Column("model", "model", lambda group: word(group.records[0].model))
    yield Column("data", "data", lambda group: word(group.records[0].data))
    yield Column("seed", "seed", of_seed, number=True)


def of_state(group: Group) -> Cell:
    """The states of its runs, each once with its count."""
    states = [record.state for record in group.records]
    found = sorted(set(states), key=lambda state: ORDER.index(state) if state in ORDER else len(ORDER))
    shown = [joined([badge(state), f" {states.count(state)}" if len(found) > 1 else ""]) for state in found]
    return Cell(joined(shown, " "), found[-1])


def of_seed(group: Group) -> Cell:
    """The seed; of several runs their seeds, shortly."""
    seeds = sorted({record.seed for record in group.records if record.seed is not None})
    if not seeds:
        return Cell(Markup(), None)
    whole = seeds == list(range(seeds[0], seeds[0] + len(seeds)))
    words = f"{seeds[0]}–{seeds[-1]}" if len(seeds) > 2 and whole else ", ".join(map(str, seeds))
    return Cell(text(shortened(words, 14)), float(seeds[0]), ", ".join(map(str, seeds)))


def word(value: str) -> Cell:
    """A text."""
    return Cell(text(value), value.lower())


# ---- parameters ------------------------------------------------------------------------------------------------------


def of_keys(content: Content) -> Iterator[Column]:
    """The parameters that differ: those that all runs have first."""
    found = [one for one in content.differences if not one.key.startswith(DULL)][:MOST_KEYS]
    names = short_names([one.key for one in found])
    shown = [one for one in found if one.everywhere and "._target_" not in one.key][:OPEN_KEYS]
    for one in found:
        yield Column(one.key, names[one.key], partial(of_key, one), open=one in shown, kind="parameters that differ")


def of_key(one: Difference, group: Group) -> Cell:
    """The value of a parameter, which a group shares; it stands out where most runs have another."""
    value = one.of_run[group.runs[0]]
    if value == ABSENT:
        return Cell(Markup(), None)
    words = one.values[value]
    counts = [len(one.runs(other)) for other in range(one.count)]
    usual = counts[value] == max(counts) and counts.count(max(counts)) == 1
    shown = text(shortened(words, 22))
    return Cell(shown if usual else element("mark", None, shown), number_or_text(words), words)


def number_or_text(words: str) -> Sortable:
    """By what a value is sorted."""
    try:
        return float(words)
    except ValueError:
        return words.lower()


# ---- the training ----------------------------------------------------------------------------------------------------


def of_training() -> Iterator[Column]:
    """How long it took, and on how much."""
    yield Column("epochs", "epochs", partial(of_summary, "epochs"), number=True, open=False, kind="training")
    yield Column("steps", "batches", partial(of_summary, "steps"), number=True, open=False, kind="training")
    yield Column("seconds", "time", of_time, number=True, kind="training")
    yield Column("images_per_second", "images/s", partial(of_summary, "images_per_second"), True, False, "training")
    for key, words in COUNTS.items():
        yield Column(key, words, partial(of_count, key), True, key in ("parameters", "train"), "training")


def of_summary(key: str, group: Group) -> Cell:
    """A number of the summary, mean over the runs."""
    return counted(mean([record.summary.get(key) for record in group.counted]))


def of_count(key: str, group: Group) -> Cell:
    """A count of the summary."""
    return counted(mean([record.counts.get(key) for record in group.counted]))


def counted(value: float | None) -> Cell:
    """A number with its thousands apart."""
    return Cell(Markup(), None) if value is None else Cell(text(f"{value:,.0f}"), value)


def of_time(group: Group) -> Cell:
    """Seconds of a training, mean over the runs."""
    value = mean([record.summary.get("seconds") for record in group.counted])
    return Cell(Markup(), None) if value is None else Cell(text(duration(value)), value, f"{value:,.1f} s")


def mean(values: list[object]) -> float | None:
    """The mean of those that are numbers."""
    known = [float(value) for value in values if is_number(value)]  # type: ignore[arg-type]
    return sum(known) / len(known) if known else None


# ---- metrics ---------------------------------------------------------------------------------------------------------


def of_metrics(content: Content) -> Iterator[Column]:
    """A column for each metric; those that are quoted, and that most runs have, are seen at first."""
    shown = opened(content)
    others = [name for name in content.metrics if name not in shown]
    often = set(sorted(others, key=lambda name: -sum(name in group.metrics for group in content.groups))[:MOST_METRICS])
    for name in [*shown, *(name for name in others if name in often)]:
        yield Column(
            name,
            name,
            partial(of_metric, name, content.decimals[name]),
            number=True,
            open=name in shown,
            kind="metrics",
            direction=content.directions[name],
        )


def opened(content: Content) -> list[str]:
    """The metrics that are seen at first: of each name the test's, in order of weight, then of how many runs have it."""
    having = {name: sum(name in group.metrics for group in content.groups) for name in content.metrics}
    known = [
        name for name in content.metrics if name.startswith("test/") or f"test/{name.partition('/')[2]}" not in having
    ]
    judged = [name for name in known if content.directions[name] and not name.endswith("loss")]
    often = sorted(
        judged, key=lambda name: (-(2 * having[name] >= max(having.values(), default=0)), weight(name), name)
    )
    return often[:OPEN_METRICS]


def of_metric(name: str, decimals: int, group: Group) -> Cell:
    """A metric with its spread; pointed at, it tells its counts and what stands beside it."""
    value = group.mean(name)
    if value is None:
        return Cell(Markup(), None)
    return Cell(of_group(group, name, decimals), value, aside(name, decimals, group))


def aside(name: str, decimals: int, group: Group) -> str:
    """What stands beside a metric, in words."""
    first = group.counted[0]
    beside = {"at infinitely many images": INF, "real against real images": FLOOR}
    parts = [f"{len(group.values(name))} seeds"] if len(group.values(name)) > 1 else []
    parts += [f"{first.counts[name]:,} images"] if isinstance(first.counts.get(name), int) else []
    real = first.counts.get(f"{name}_real")
    parts += [f"against {real:,} real ones"] if isinstance(real, int) else []
    known = {words: first.numbers[name + end] for words, end in beside.items() if name + end in first.numbers}
    parts += [f"{words} {number_text(value, enough(value, decimals))}" for words, value in known.items()]
    return ", ".join(parts)


def alone(group: Group) -> list[Group]:
    """Each run of a group as one by itself."""
    return [
        Group(group.number, record.label, (run,), (record,))
        for run, record in zip(group.runs, group.records, strict=True)
    ]
