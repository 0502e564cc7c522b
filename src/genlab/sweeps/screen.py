"""A sweep on the screen while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean
from types import TracebackType
from typing import TYPE_CHECKING

from genlab.console import note, say
from genlab.sweeps.ranking import fold, rank
from genlab.sweeps.rows import FINISHED, Goal, Row
from genlab.sweeps.tables import has_replicates
from genlab.sweeps.words import duration, number_text, plural, short_names, shortened, spread_decimals, value_text

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table

SHOWN = 15  # rows of the table, at most
BESIDES = 8  # lines of the screen that are no rows: title, head, counts, bar
ENDLESS = 10_000  # columns of a terminal on which every table fits
LONGEST = 24  # letters of a value
OPEN = ("waiting", "running")  # of a run that is still to come, or under way
ORDER = ("finished", "running", "waiting", "pruned", "interrupted", "preempted", "failed")
STYLES = {"running": "cyan", "failed": "red", "pruned": "magenta", "interrupted": "yellow", "preempted": "yellow"}


class Screen:
    """Shows the rows of a sweep; a context manager that leaves the last state standing.

    Each run that ends is a line as well: of the log only on a terminal, and instead of the table elsewhere.

    Args:
        workers: runs at a time, for the time that is left.
        total: runs in all; None: as many as there are rows.
        console: rich's, for tests; None: of standard error.
    """

    def __init__(
        self, name: str, goal: Goal | None, workers: int, console: Console | None = None, total: int | None = None
    ) -> None:
        from rich.console import Console

        self.name, self.goal, self.workers, self.total = name, goal, workers, total
        self.console = console or Console(stderr=True)
        self.states: dict[tuple[int, int], str] = {}
        self.live: Live | None = None

    def __enter__(self) -> Screen:
        from rich.live import Live

        if self.console.is_terminal:
            self.live = Live(console=self.console, refresh_per_second=2)
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.stop()

    def update(self, rows: Sequence[Row]) -> None:
        """Show the rows as they are now."""
        for row in rows:
            before, now = self.states.get((row.number, row.replicate)), row.state
            if before not in (None, now) and now not in OPEN:
                (note if self.live else say)(line_of(row, rows, self.goal, self.workers, self.total))
            self.states[row.number, row.replicate] = now
        if self.live:
            self.live.update(self.picture(rows), refresh=True)

    def picture(self, rows: Sequence[Row]) -> Group:
        """The table, and below it the bar."""
        from rich.console import Group

        some = shown(rows, self.goal, min(SHOWN, max(3, self.console.height - BESIDES)))
        table = runs_table(rows, self.goal, some)
        if self.wanted(table) > self.console.width:
            others = self.wanted(runs_table(rows, self.goal, some, room=len("values")))
            table = runs_table(rows, self.goal, some, room=max(0, self.console.width - others) + len("values"))
        table.title = self.name
        table.caption = caption(rows, self.goal)
        return Group(table, bar(rows, self.workers, self.total))

    def wanted(self, table: Table) -> int:
        """The columns of a terminal that the table takes if nothing is cut."""
        return self.console.measure(table, options=self.console.options.update(max_width=ENDLESS)).maximum


def shown(rows: Sequence[Row], goal: Goal | None, most: int = SHOWN) -> list[Row]:
    """The rows to show, in their order: the best, those that run, those that ended last, those that come next."""
    best = [run for cell in best_cells(rows, goal) for run in cell]
    running = [row for row in rows if row.state == "running"]
    ended = sorted(
        (row for row in rows if row.state not in OPEN), key=lambda row: (row.ended or 0.0, row.number), reverse=True
    )
    waiting = [row for row in rows if row.state == "waiting"]
    few = 2  # of those that wait are seen in any case
    wanted = [*best[:1], *running, *waiting[:few], *ended, *waiting[few:]]
    chosen = {id(row) for row in list({id(row): row for row in wanted}.values())[:most]}
    return [row for row in rows if id(row) in chosen]


def best_cells(rows: Sequence[Row], goal: Goal | None) -> list[tuple[Row, ...]]:
    """The runs of the best cell; nothing while none has a result."""
    ranked = rank(fold(rows), goal)
    return [ranked[0].runs] if ranked and goal and ranked[0].result(goal[0]) is not None else []


def runs_table(rows: Sequence[Row], goal: Goal | None, some: Sequence[Row], room: int | None = None) -> Table:
    """The table of some rows: a column for each parameter, or one with so many letters for all of them."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text  # a value such as [8, 16] is no markup

    names = [*short_names([*rows[0].values]).values()] if rows else []
    table = Table(box=SIMPLE_HEAD, title_justify="left", caption_justify="left", pad_edge=False)
    for head in ["cell", *(names if room is None else ["values"]), "state", "time", *([goal[0]] if goal else [])]:
        right = head in ("cell", "time") or (goal is not None and head == goal[0])
        table.add_column(head, justify="right" if right else "left", no_wrap=True)
    best = {(run.number, run.replicate) for runs in best_cells(rows, goal) for run in runs}
    decimals = decimals_of(rows, goal)
    for row in some:
        is_best = (row.number, row.replicate) in best
        result = [f"{'* ' if is_best else ''}{result_text(row, goal, decimals)}"] if goal else []
        time = "" if row.seconds is None else duration(row.seconds)
        cells = [label(row, has_replicates(rows)), *values_of(row, names, room), row.state, time, *result]
        table.add_row(*map(Text, cells), style="bold green" if is_best else STYLES.get(row.state, ""))
    return table


def values_of(row: Row, names: Sequence[str], room: int | None) -> list[str]:
    """The parameters' values, one by one, or in one string of so many letters."""
    texts = [shortened(value_text(value), LONGEST) for value in row.values.values()]
    if room is None:
        return texts
    joined = " ".join(f"{name}={text}" for name, text in zip(names, texts, strict=True))
    return [joined if len(joined) <= room else f"{joined[: room - 1]}…"]


def label(row: Row, replicates: bool) -> str:
    """The cell's number, and which of its seeds it is where there are several: ``7.1``."""
    return f"{row.number}.{row.replicate}" if replicates else str(row.number)


def decimals_of(rows: Sequence[Row], goal: Goal | None) -> int:
    """Decimals that tell the results apart."""
    return spread_decimals(row.metrics.get(goal[0]) for row in rows) if goal else 0


def result_text(row: Row, goal: Goal, decimals: int) -> str:
    """The goal's metric, empty if the run has none."""
    return "" if (found := row.metrics.get(goal[0])) is None else number_text(found, decimals)


def caption(rows: Sequence[Row], goal: Goal | None) -> str:
    """How many runs there are of each state; and what marks the best."""
    counts = Counter(row.state for row in rows)
    parts = [f"{counts[state]} {state}" for state in ORDER if counts[state]]
    return ", ".join(parts) + ("; * best" if best_cells(rows, goal) else "")


def seconds_left(rows: Iterable[Row], workers: int, total: int | None = None) -> float | None:
    """Estimated seconds until all runs have ended: those to come take the mean of the finished ones; None before any has."""
    rows = list(rows)
    took = [row.seconds for row in rows if row.state == FINISHED and row.seconds is not None]
    if not took:
        return None
    begun = [max(0.0, fmean(took) - (row.seconds or 0.0)) for row in rows if row.state == "running"]
    waiting = sum(row.state == "waiting" for row in rows) + max(0, (total or 0) - len(rows))
    return max([(sum(begun) + waiting * fmean(took)) / workers, *begun])


def left_text(rows: Sequence[Row], workers: int, total: int | None = None) -> str:
    """``12 of 20 runs, about 3 min left``."""
    done, left = sum(row.state not in OPEN for row in rows), seconds_left(rows, workers, total)
    text = f"{done} of {plural(total or len(rows), 'run')}"
    return f"{text}, about {duration(left)} left" if left and done < (total or len(rows)) else text


def bar(rows: Sequence[Row], workers: int, total: int | None = None) -> Table:
    """A bar of the runs that have ended, with the time that is left."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    done = sum(row.state not in OPEN for row in rows)
    line = Table.grid(padding=(0, 1))
    progress: ProgressBar = ProgressBar(total=max(1, total or len(rows)), completed=done, width=30)
    line.add_row(progress, left_text(rows, workers, total))
    return line


def line_of(row: Row, rows: Sequence[Row], goal: Goal | None, workers: int, total: int | None = None) -> str:
    """A run that has ended, as a line: ``cell 7  finished  beta=4 latent_dim=8  val/elbo -104.2  12 s  (8 of 20 runs …)``."""
    names = [*short_names([*row.values]).values()]
    parts = [f"cell {label(row, has_replicates(rows)):<5}{row.state:<11}", *values_of(row, names, ENDLESS)]
    if goal and goal[0] in row.metrics:
        parts.append(f"{goal[0]} {result_text(row, goal, decimals_of(rows, goal))}")
    if row.seconds is not None:
        parts.append(duration(row.seconds))
    return "  ".join([*parts, f"({left_text(rows, workers, total)})"])
