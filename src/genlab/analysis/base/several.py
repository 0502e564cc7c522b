"""What analyses ask of their subjects besides protocols: that they are enough, on images, and on the same ones."""

from __future__ import annotations

from collections.abc import Sequence

from genlab.analysis.base.subject import Subject
from genlab.contracts import BINARIZED, ConfigError, DataSpec, Problem

REMEDY = "Type: ckpt=[runs/<name>/latest,…] or ckpt=runs/<name>/*"


def require_several(name: str, subjects: Sequence[Subject], least: int, wanted: str) -> None:
    """Refuse fewer runs than are compared. ``name``: of the analysis; ``wanted``: which runs.

    Raises:
        ConfigError: with how several are typed.
    """
    if len(subjects) < least:
        what = f"compares {wanted}, and {len(subjects)} is given"
        raise ConfigError([Problem(f"what={name}", what, REMEDY)])


def require_comparable(name: str, subjects: Sequence[Subject], least: int, wanted: str) -> None:
    """Refuse runs that cannot be laid side by side: too few, not on single images, or not on the same ones.

    Args:
        name: of the analysis.
        subjects: the runs.
        least: how many are compared at least.
        wanted: which runs, in words.

    Raises:
        ConfigError: with what to give instead.
    """
    require_several(name, subjects, least, wanted)
    require_images(name, subjects)
    require_one_set(name, subjects)


def require_images(name: str, subjects: Sequence[Subject]) -> None:
    """Refuse sets of points, of pairs and of two domains.

    Raises:
        ConfigError: with the kind of the set.
    """
    for one in subjects:
        if one.loaded.spec.kind != "images":
            what = f"looks at single images, and {one.loaded.spec.name} of {called(one)} has {one.loaded.spec.kind}"
            raise ConfigError(
                [Problem(f"what={name}", what, "Give a run on a set of images: data=mnist, data=folder, …")]
            )


def require_one_set(name: str, subjects: Sequence[Subject]) -> None:
    """Refuse runs on different sets, or on images of different shapes or that became black and white in different ways.

    Raises:
        ConfigError: with the two sets.
    """
    sets: dict[str, str] = {}
    for one in subjects:
        sets.setdefault(in_words(one.loaded.spec), called(one))
    if len(sets) > 1:
        told = ", ".join(f"{words} of {run}" for words, run in sets.items())
        what = f"compares runs on the same images, and these are {told}"
        raise ConfigError(
            [Problem(f"what={name}", what, "Give runs that were trained with the same data=… and its keys")]
        )


def in_words(spec: DataSpec) -> str:
    """What decides whether two runs have seen the same images: ``mnist 1x28x28 grey``."""
    return f"{spec.name} {'x'.join(map(str, spec.shape))} {BINARIZED[spec.binarized]}"


def called(subject: Subject) -> str:
    """The short name of a run, without the ``latest`` that says nothing."""
    return subject.name.removesuffix("/latest")


def titles(subjects: Sequence[Subject]) -> list[str]:
    """A name for each run in pictures: that of its model where these differ, else the short name of the run."""
    models = [str(one.loaded.config.choices.model) for one in subjects]
    return models if len({*models}) == len(models) else [called(one) for one in subjects]
