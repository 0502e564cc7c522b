"""One pass of the evaluators over a split: each sees every batch, and says at the end what it makes of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from torch import Tensor

from genlab.callbacks.costs import GENERATED, REAL, Costs
from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator, Seen
from genlab.callbacks.evaluators.selection import joined
from genlab.callbacks.evaluators.tables import write_tables
from genlab.contracts import NonFiniteImages
from genlab.files import key_of


class Pass:
    """Lets the evaluators request what they need, and shows them the split.

    Args:
        now: the stage, as it begins.
        turns: who measures in it, by name.
        configurations: of every evaluator, as plain dicts.
        costs: what their work is added to.
    """

    def __init__(
        self, now: Evaluation, turns: dict[str, Evaluator], configurations: dict[str, Any], costs: Costs
    ) -> None:
        self.now, self.turns, self.configurations, self.costs = now, turns, configurations, costs
        self.most = max((one.count(now) for one in turns.values()), default=0)  # images that they look at
        self.with_terms = {name: one for name, one in turns.items() if one.has_terms}
        known = [configurations[name] for name in self.with_terms]
        self.key = key_of(str(self.most), known)  # of what the terms depend on
        with costs.lap(REAL):
            for one in turns.values():
                one.begin(now)

    def look(self, model: pl.LightningModule, batch: Any, number: int) -> None:
        """Show them a batch."""
        now, seen = self.now, Seen(model, batch, self.most)
        with self.named():
            terms = now.recall.batch(f"terms-{self.key}-{number}", lambda: self.terms(seen)) if self.with_terms else []
            with self.costs.lap(GENERATED):
                now.generated.look(seen, number)
            for name, one in self.turns.items():
                with self.costs.lap(name):
                    one.look(now, seen, number)
        for values in terms:
            now.totals.add({name: value.to(model.device) for name, value in values.items()})
        now.recall.advance()

    def terms(self, seen: Seen) -> list[dict[str, Tensor]]:
        """The terms of each evaluator that has any."""
        found = []
        for name, one in self.with_terms.items():
            with self.costs.lap(name):
                found.append(one.terms(self.now, seen))
        return found

    def finish(self) -> dict[str, float]:
        """What they make of it."""
        with self.named():
            with self.costs.lap(GENERATED):
                self.now.generated.gather()
            values = self.now.totals.means()
            for name, one in self.turns.items():
                with self.costs.lap(name):
                    values = joined(values, self.result(name, one))
        return values

    def result(self, name: str, one: Evaluator) -> dict[str, float]:
        """What an evaluator makes of the whole split; the numbers of images behind it are noted."""
        now = self.now

        def make() -> dict[str, Any]:
            before = now.counts, now.tables
            now.counts, now.tables = {}, {}
            try:
                return {"values": one.finish(now), "counts": now.counts, "tables": now.tables}
            finally:
                now.counts, now.tables = before

        choice: Any = getattr(one, "extractor", None)
        resize: Any = getattr(one, "resize", "antialiased")
        further = {key: other.spec.digest for key, other in now.others.items()}
        facts = self.configurations[name], now.split, choice and now.extractors.get(choice, resize).digest, further
        found = now.recall.result(f"result-{name}-{key_of(facts)}", make)
        now.counts.update(found["counts"])
        now.tables.update(found["tables"])
        return found["values"]

    def leave(self, folder: Path) -> None:
        """Write the tables and pictures behind the numbers of the first seed."""
        if self.now.recall.replicate > 0:
            return
        with self.named():
            write_tables(folder / "tables", self.now.tables)
            for name, one in self.turns.items():
                with self.costs.lap(name):
                    one.leave(self.now, folder)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Images that are not numbers are reported with the metrics that they would enter.

        Raises:
            NonFiniteImages: with their names.
        """
        try:
            yield
        except NonFiniteImages as error:
            now, generating = self.now, (one for one in self.turns.values() if one.generates)
            names = sorted(f"{now.split}/{name}" for one in generating for name in one.names(now))
            raise NonFiniteImages(f"{error}: nothing can be said of {', '.join(names)}") from error
