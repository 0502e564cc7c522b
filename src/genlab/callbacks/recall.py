"""What a test has computed already: by a call that was killed, by an earlier one, or with another seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from genlab.metrics.extractors.kept import Kept
from genlab.models.base.noise import watched_draws


class Fresh:
    """Nothing is recalled, as in training: every value is computed, with the first seed.

    Attributes:
        replicate: the number of the seed, from 0.
        advance: called after each batch, and after each chunk of samples.
        has_bar: whether that moves a bar on the screen.
    """

    replicate = 0
    has_bar = False

    def __init__(self) -> None:
        self.advance: Callable[[], object] = lambda: None

    def batch(self, name: str, make: Callable[[], Any]) -> Any:
        """Values of a batch of the split."""
        return make()

    def drawn(self, name: str, make: Callable[[], Any]) -> Any:
        """What is sampled, and so depends on the seed."""
        return make()

    def result(self, name: str, make: Callable[[], Any]) -> Any:
        """What an evaluator makes of all that."""
        return make()


class Recall(Fresh):
    """Values are kept in files, and computed with one seed alone where they draw no noise.

    Values may contain tensors, numbers, strings, lists, tuples and dicts; they come back on the CPU.

    Args:
        kept: where; its folder names everything that values of one name depend on, but for the seed.
        split: prefix of the values of batches: which split, in which batches.

    Attributes:
        is_seeded: whether anything has drawn noise; if not, another seed changes nothing.
    """

    def __init__(self, kept: Kept, split: str) -> None:
        super().__init__()
        self.kept, self.split = kept, split
        self.first: dict[str, Any] = {}  # values of batches with the first seed
        self.is_seeded = False

    def batch(self, name: str, make: Callable[[], Any]) -> Any:
        """Values of a batch of the split, computed with this seed only if they drew noise with the first one."""
        if name not in self.first:
            self.first[name] = self.noted(f"{name}-0", make)
        first = self.first[name]
        self.is_seeded = self.is_seeded or first["drawn"]
        again = self.replicate > 0 and first["drawn"]
        return (self.noted(f"{name}-{self.replicate}", make) if again else first)["value"]

    def noted(self, name: str, make: Callable[[], Any]) -> Any:
        """The value, and whether it drew noise."""

        def watch() -> dict[str, Any]:
            with watched_draws() as drawn:
                value = on_cpu(make())
            return {"value": value, "drawn": bool(drawn)}

        return self.kept.piece(f"{self.split}-{name}", watch)

    def drawn(self, name: str, make: Callable[[], Any]) -> Any:
        """What is sampled, and so depends on the seed."""
        self.is_seeded = True
        return self.result(name, make)

    def result(self, name: str, make: Callable[[], Any]) -> Any:
        """What an evaluator makes of all that, with this seed."""
        return self.kept.piece(f"{name}-{self.replicate}", lambda: on_cpu(make()))


def on_cpu(value: Any) -> Any:
    """The same with every tensor on the CPU, and without the memory of those that it was a part of."""
    if isinstance(value, Tensor):
        return value.detach().cpu().clone()
    if isinstance(value, dict):
        return {key: on_cpu(one) for key, one in value.items()}
    return type(value)(map(on_cpu, value)) if isinstance(value, list | tuple) else value
