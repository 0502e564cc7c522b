"""What is behind the numbers of an evaluation, as files: a CSV each, and a picture of the KL by dimension."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genlab.callbacks.evaluators.evaluation import Tables
from genlab.files import temporary
from genlab.runs.table import write_csv
from genlab.runs.writing import attempt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HIGH, WIDE, BAR = 220, 320, 12  # pixels: of the picture, at least; of a dimension


def write_tables(folder: Path, tables: Tables) -> None:
    """``<folder>/<name>.csv`` of each table, and ``kl_by_dimension.png`` beside its own; failures are warnings."""
    for name, rows in tables.items():
        path = folder / f"{name}.csv"
        with attempt(path):
            folder.mkdir(parents=True, exist_ok=True)
            write_csv(path, rows)
            if name == "kl_by_dimension" and "kl" in rows[0]:
                with temporary(path.with_suffix(".png")) as part:
                    bars(rows).savefig(part, format="png")


def bars(rows: list[dict[str, float]]) -> Figure:
    """The KL of each dimension in nats, the largest first; inactive ones grey."""
    from genlab.figures import COLOURS, FAINT, GREY, figure

    ordered = sorted(rows, key=lambda row: -row["kl"])
    made = figure(max(WIDE, 80 + BAR * len(rows)), HIGH)
    axes = made.add_axes((0.14, 0.16, 0.84, 0.72))
    colours = [COLOURS[0] if row["active"] else GREY for row in ordered]
    axes.bar(range(len(rows)), [row["kl"] for row in ordered], 0.8, color=colours)
    axes.set_title(f"KL by dimension (nats); {sum(row['active'] for row in rows):.0f} of {len(rows)} active", size=8)
    axes.set_xticks([])
    axes.set_xlabel("dimensions, the largest first", size=8, color=FAINT)
    axes.tick_params(labelsize=8, colors=FAINT)
    axes.spines[["top", "right"]].set_visible(False)
    return made
