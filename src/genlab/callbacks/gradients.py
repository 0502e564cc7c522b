"""The gradients that two losses give G while it trains: noted every n batches, drawn on one axis at the end."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from genlab.callbacks.observer import Observer
from genlab.callbacks.samples import labels_for, preserved_rng
from genlab.config.types import PositiveInt
from genlab.contracts import ConfigError, Problem
from genlab.data.store.source import PreparedData
from genlab.files import temporary
from genlab.losses.precision import without_autocast
from genlab.metrics.generator_gradients import LOSSES, gradient_norms, norm_curves, norms_told
from genlab.models.base.model import Model
from genlab.models.base.packing import scores_of_packs
from genlab.panels import GREEN, RED, curves, legend, named, panels
from genlab.runs.table import Table
from genlab.runs.writing import attempt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 20_140_610  # of the z: the same in every run, so that runs can be laid side by side
COLUMNS = ["step", *LOSSES, "d_fake"]
Row = dict[str, float]


class Gradients(Observer):
    """Notes the norms of G's gradient under both losses of the first paper, before the first batch and every n batches.

    Of the run's own G and D between two updates, in evaluation mode and without autocast, of the same z and labels each
    time; D sees the samples as they are, without augmentation or noise. ``tables/gradients.csv`` has the numbers,
    ``images/gradients.png`` is drawn at the end, also of a training that was stopped. The training notices nothing: neither
    its random state nor a ``.grad`` nor a statistic of a norm changes.

    Args:
        every_n_batches: between two points of the curves.
        samples: z whose mean loss has the gradient.
    """

    def __init__(self, every_n_batches: PositiveInt, samples: PositiveInt) -> None:
        super().__init__(every_n_batches)
        self.samples = samples
        self.folder = Path()
        self.title = ""
        self.table = Table(Path(), COLUMNS)
        self.labels: Tensor | None = None

    def attach(self, model: Model, prepared: PreparedData, title: str) -> None:
        """Set whose gradients are noted, and of which labels.

        Raises:
            ConfigError: the model is no game whose D gives log-odds.
        """
        require_players(model)
        self.title, self.labels = title, labels_for(model, prepared, self.samples)

    def place(self, folder: Path) -> Table:
        """Set the run directory. -> the table, which a resume cuts to the rows of its checkpoint."""
        self.folder, self.table = folder, Table(folder / "tables" / "gradients.csv", COLUMNS)
        return self.table

    # ---- points ----------------------------------------------------------------------------------------------------

    def observe(self, model: Model) -> None:
        """Note the gradients of now."""
        self.table.append(self.now(model))

    def now(self, model: Any) -> Row:
        """The norms of now, and the mean of D(G(z))."""
        label = None if self.labels is None else self.labels.to(model.device)
        with (
            preserved_rng(model.device),
            model.evaluating(),
            torch.enable_grad(),
            without_autocast(model.device.type),
            uncompiled(model.objective.step.compile),
        ):
            given = model.given(label)
            fake = model.generator(model.draw(self.samples, seed=SEED), *given)
            logits = scores_of_packs(model.discriminator, fake, given, model.objective.pack)
            norms = gradient_norms(logits, model.generator.parameters())
        return {"step": model.batches_seen, **norms, "d_fake": float(logits.detach().sigmoid().mean())}

    # ---- picture ---------------------------------------------------------------------------------------------------

    def conclude(self, model: Any) -> None:
        """Save the table and draw it; a run that cannot write them goes on."""
        with attempt(self.table.path):
            self.table.save()
        path = self.folder / "images" / "gradients.png"
        with attempt(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary(path) as part:
                made = picture(self.rows(), self.title, model.objective.loss, self.samples)
                made.savefig(part, format="png", metadata={"Software": None})

    def rows(self) -> list[Row]:
        """All that has been noted."""
        return [{name: float(row[name]) for name in COLUMNS} for row in self.table.kept]


def uncompiled(mode: str | None) -> AbstractContextManager[None]:
    """While it is open, compiled networks run as they were written: compiled ones keep no graph for a second gradient."""
    return torch.compiler.set_stance("force_eager") if mode else nullcontext()


def require_players(model: Any) -> None:
    """Refuse a model without a generator of z and a discriminator, and one whose D gives scores and no log-odds.

    Raises:
        ConfigError: with what to type instead.
    """
    if not all(hasattr(model, part) for part in ("generator", "discriminator", "draw")):
        what, remedy = f"{type(model).__name__} has no generator of z and discriminator", "model=gan, dcgan or cgan"
    elif model.objective.loss not in LOSSES:
        what, remedy = f"D of the loss {model.objective.loss} gives no log-odds", "model.loss=non_saturating"
    else:
        return
    raise ConfigError([Problem("callbacks.gradients", what, f"Type: {remedy}; or callbacks=default")])


def picture(rows: list[Row], title: str, loss: str, samples: int) -> Figure:
    """Both norms on one logarithmic axis; the mean of D(G(z)) beside it. ``loss``: by which G was trained."""
    steps = [row["step"] for row in rows]
    lines = [
        f"Of the run's own G and D, in evaluation mode, for the same {samples:,} z at every point; G was trained by "
        f"{LOSSES[loss]} ({loss})",
        f"At batch {steps[-1]:,.0f} D(G(z)) is {rows[-1]['d_fake']:.2g} on average; {norms_told(rows, 'batch')}",
    ]
    made, (left, right) = panels(f"The gradients of two losses over the training: {title}", lines, 2)
    curves(left, steps, norm_curves(rows))
    left.set_yscale("log")
    named(left, "batches", "norm of the gradient by G's weights", "What either loss would give G")
    right.axhline(0.5, color=GREEN, linestyle="--", label="1/2: D cannot tell")
    curves(right, steps, [("D(G(z))", RED, [row["d_fake"] for row in rows])])
    right.set_ylim(-0.03, 1.03)
    named(right, "batches", "mean over the samples", "What D holds of the samples")
    legend(right)
    return made
