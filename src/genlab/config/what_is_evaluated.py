"""``evaluate.py`` measures a checkpoint, or compares two folders: which keys belong to which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genlab.config.mistakes import Mistake
from genlab.contracts import Problem

READING = ("channels", "range")  # of the images of two folders; a checkpoint has its own


def one_subject(plain: dict[str, Any]) -> Iterator[Mistake | Problem]:
    """``ckpt``, or both ``a`` and ``b``, and no key of the other."""
    if not {"ckpt", "a", "b"} <= plain.keys():
        return
    given = [key for key in ("ckpt", "a", "b") if plain[key] is not None]
    if given in ([], ["ckpt"]):
        yield from ([Mistake("not_given", "ckpt")] if not given else of_folders(plain))
    elif "ckpt" in given:
        what = "a checkpoint is measured, or two folders are compared: not both at once"
        yield Problem(f"ckpt={plain['ckpt']}", what, f"Leave out ckpt=, or {' and '.join(f'{k}=' for k in given[1:])}")
    elif len(given) == 1:
        other = "b" if given == ["a"] else "a"
        what = "two folders are compared: a has the generated images, b the real ones"
        yield Problem(f"{given[0]}={plain[given[0]]}", what, f"Type also: {other}=DIR")
    elif plain["data"]["range"] == "set":
        what = "the two folders would be spread by different numbers"
        yield Problem("data.range=set", what, "Type: data.range=[BLACK,WHITE], the same for both")


def of_folders(plain: dict[str, Any]) -> Iterator[Problem]:
    """The keys that are given beside a checkpoint, but are for two folders."""
    values = {"size": plain["size"], **{f"data.{key}": plain["data"][key] for key in READING}}
    for key, value in values.items():
        if value is not None:
            what = "is for two folders, a=DIR b=DIR: the images of a checkpoint are read as in its training"
            yield Problem(key, what, "Leave it out.")
