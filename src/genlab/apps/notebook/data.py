"""The images of a run, for a notebook: ``from genlab import load_data``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from genlab.compat import ensure_torchvision
from genlab.config.compose import compose
from genlab.contracts import DataError, Split
from genlab.data.store.loader import Batch, Rows
from genlab.random import keyed


def load_data(
    ckpt: str | Path,
    split: Split = "test",
    n: int | None = None,
    *,
    seed: int = 0,
    path: str | Path | None = None,
    trust: list[str] | None = None,
) -> Batch:
    """``from genlab import load_data``: the images of a run as its model sees them in a test, in one batch on the CPU.

    A set with labels gives ``image`` [N, C, H, W], float32 in [0, 1], ``label`` [N] or [N, K], and ``index`` [N], the place
    of each in its split; sets of pairs, domains and points give ``genlab.contracts.Pairs``, ``Domains`` and ``Points``.
    The set is found, or downloaded, where the commands have theirs: in the folder ``data``, or that of ``GENLAB_DATA``.

    >>> test = load_data("runs/vae-digits/latest", "test", 100)  # doctest: +SKIP
    >>> codes = load("runs/vae-digits/latest").encode(test.image).mean  # doctest: +SKIP

    Args:
        ckpt: a run directory or a checkpoint file.
        split: ``train``, ``val`` or ``test``.
        n: so many of them (of each domain), drawn by ``seed``, in the order of the set; None: all.
        path: where the pictures of ``data.path`` lie now, if they have moved.
        trust: packages besides genlab, torch and lightning that the configuration of the run may name.

    Raises:
        CheckpointError: there is no such file, or genlab did not write it.
        DataError: the set is missing or damaged, has no such split, or its images differ in size.
    """
    ensure_torchvision()
    from genlab.apps.analyzing import subject

    cfg = compose("generate", [], incomplete=True)  # for where sets lie, by the environment or by default
    cfg.ckpt, cfg.seed, cfg.trust = str(ckpt), seed, trust or []
    cfg.data.path = None if path is None else str(path)
    seen = subject(cfg, "", Path(ckpt), torch.device("cpu"))
    if split not in seen.prepared.columns:
        raise DataError(f"split={split!r}: {seen.loaded.spec.name} has {', '.join(seen.prepared.columns)}")
    return seen.on_device(drawn(seen.data.rows(split), n, seed, split))


def drawn(rows: Rows, n: int | None, seed: int, split: Split) -> Batch:
    """``n`` rows, or all, in their order; of each of two domains so many.

    Raises:
        DataError: they are images of several sizes.
    """
    sides = [len(column) for column in rows.columns.values()] if rows.kind == "domains" else [len(rows)]
    first, *second = (np.sort(keyed(seed, "notebook", split).permutation(count)[:n]) for count in sides)
    if rows.ragged and max(map(len, (first, *second))) > 1:
        raise DataError("the images differ in size, and one batch holds one: load_data(ckpt, split, n=1)")
    return rows.take_domains(first, second[0]) if second else rows.take(first)
