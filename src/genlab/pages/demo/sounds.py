"""Sounds that come in: the first bytes and the header are looked at before anything is decoded."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import numpy as np

from genlab.pages.demo.refused import Refused
from genlab.pages.demo.uploads import Kind, Limits, readable
from genlab.sound.reading import Header, blocks, header

FORMATS = "WAV or FLAC"


def is_sound(start: bytes) -> bool:
    """Whether a file that begins so is one that is taken; its name and what the browser calls it say nothing."""
    return start.startswith(b"fLaC") or (start[:4] in (b"RIFF", b"RF64") and start[8:12] == b"WAVE")


def require_short(path: Path, limits: Limits) -> None:
    """Refuse a sound by the length that its header states.

    Raises:
        Refused: it is too long, or damaged.
    """
    seconds = header(path).seconds
    if seconds > limits.seconds:
        what = f"The sound has {seconds:,.0f} seconds, and this page takes {limits.seconds:,.0f} at most."
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{what} Cut it; translate.py takes any length.")


SOUNDS = Kind("sound", FORMATS, is_sound, require_short, explained=True)


def sound_of(path: Path) -> tuple[Header, np.ndarray]:
    """A file's header, and the mean of its channels, float32 [N].

    Raises:
        Refused: it is damaged.
    """
    with readable(SOUNDS):
        return header(path), np.concatenate([*blocks(path)])
