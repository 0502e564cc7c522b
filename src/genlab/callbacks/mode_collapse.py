"""Mode collapse: whether samples keep to a few classes or modes, and which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from genlab.metrics.histogram import holders, kl_of_chance, reverse_kl

MOST = 0.8  # of the samples that the classes which are named hold
NAMED = 4  # classes that are named; more are counted
WORDS = {"classes": "class", "modes": "mode"}  # tables of evaluators, and the column with the number
Rows = Sequence[Mapping[str, float]]


def lost(rows: Rows) -> float:
    """Nats that the samples' histogram is away from the wanted one, beyond what so few samples make by chance.

    log(K / m) where m of K classes hold the same each: log 2 where half of them are lost. ``rows``: a table of ``WORDS``.
    """
    found, wanted = (torch.tensor([row[name] for row in rows]) for name in ("samples", "wanted"))
    return reverse_kl(found, wanted) - kl_of_chance(len(rows), int(found.sum()))


def told(table: str, rows: Rows, names: Sequence[str]) -> str:
    """``classes 1 and 7: 83 % of the samples``: the fewest that hold most."""
    counts = torch.tensor([row["samples"] for row in rows])
    few = sorted(holders(counts, MOST))
    share = float(counts[few].sum() / counts.sum())
    known = [names[int(rows[place][WORDS[table]])] for place in few]
    return f"{those(table, known, len(rows))}: {100 * share:.0f} % of the samples"


def those(table: str, names: list[str], count: int) -> str:
    """``classes 1 and 7``, or ``3 of 8 modes (…)``; without their names where they are many."""
    word = WORDS[table] if len(names) == 1 else table
    if table == "classes" and len(names) <= NAMED:
        return f"{word} {listed(names)}"
    return f"{len(names)} of {count} {table}" + (f" ({', '.join(names)})" if len(names) <= NAMED else "")


def listed(names: list[str]) -> str:
    """``1, 4 and 7``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
