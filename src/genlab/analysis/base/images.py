"""Batches of a subject whose set is one of single images, as an analysis that has refused others may take them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from genlab.analysis.base.subject import Subject
from genlab.contracts import Images, Split


def image_batches(subject: Subject, split: Split, count: int) -> Iterator[Images]:
    """Batches of at most ``count`` images of a split, drawn by the subject's seed, with their labels."""
    return cast(Iterator[Images], subject.held_out(split, count))
