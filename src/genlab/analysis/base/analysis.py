"""What an analysis is: a class with its keys, and what it finds: a table, a picture, and two lines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from genlab.analysis.base.subject import Subject
from genlab.config.what_is_analyzed import LooksAt

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Findings:
    """What an analysis leaves.

    Args:
        rows: of the table, all with the same columns; None is an empty cell.
        picture: a figure, or an image [C, H, W] in [0, 1].
        lines: two, that say what is seen.
        metrics: the numbers in them, by name (``test/d_real``) or, of no split, by a bare one.
        counts: what a metric was taken over.
        files: further files by name: an animation, vectors for another program.
        tables: further tables by name, as ``rows``; none without a row.
    """

    rows: list[Mapping[str, Any]]
    picture: Figure | Tensor
    lines: tuple[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    tables: Mapping[str, list[Mapping[str, Any]]] = field(default_factory=dict)


class Analysis(ABC):
    """One value of ``what=``: a subclass in a file of this room, and a file of its keys in ``conf/what``.

    Subclasses are dataclasses, whose fields are the keys. The attributes are read from the source, before torch is there.
    """

    looks_at: ClassVar[LooksAt] = "checkpoint"
    needs: ClassVar[tuple[type, ...]] = ()  # protocols that a model must have

    def refuse(self, *subjects: Subject) -> None:  # noqa: B027 - most have nothing more to ask for
        """What else of the models is in the way, before any work.

        Raises:
            ConfigError: with what to type instead.
        """

    @abstractmethod
    def __call__(self, *subjects: Subject) -> Findings:
        """What is found of the model, or of several, or of none, as ``looks_at`` says."""
