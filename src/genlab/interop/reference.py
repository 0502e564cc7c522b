"""Finds weight files of the reference implementation (junyanz/pytorch-CycleGAN-and-pix2pix) by name. Imports no torch.

It writes one file per network, ``latest_net_G_A.pth`` or ``200_net_G_A.pth``. Note that its D_A judges images of B.
"""

from __future__ import annotations

import re
from pathlib import Path

CYCLE = {"G_A": "generator_AtoB", "G_B": "generator_BtoA", "D_A": "discriminator_B", "D_B": "discriminator_A"}
PAIR = {"G": "generator", "D": "discriminator"}
NAME = re.compile(r"(?P<epoch>.+)_net_(?P<net>[GD](_[AB])?)\.pth")
ENDING = ".pth"

Files = dict[str, Path]  # by the name of the network there: G_A, G_B, D_A, D_B, G, D


def reference_files(path: Path) -> Files:
    """The network files that a path refers to; empty if they are not from the reference implementation.

    A folder refers to its ``latest`` files, else those of the last epoch; a file to all networks of its epoch in the same
    folder. A file with another name (as published weights have) is taken for a single generator.
    """
    if path.is_dir():
        epochs = by_epoch(path)
        return epochs[max(epochs, key=age)] if epochs else {}
    if not path.is_file() or path.suffix != ENDING:
        return {}
    named = NAME.fullmatch(path.name)
    if named is None:
        return {"G": path}
    family = CYCLE if named["net"] in CYCLE else PAIR
    return {net: file for net, file in by_epoch(path.parent)[named["epoch"]].items() if net in family}


def by_epoch(folder: Path) -> dict[str, Files]:
    """The network files in a folder, grouped by the epoch in their names."""
    found: dict[str, Files] = {}
    for file in sorted(folder.glob(f"*{ENDING}")):
        named = NAME.fullmatch(file.name)
        if named is not None and file.is_file():
            found.setdefault(named["epoch"], {})[named["net"]] = file
    return found


def age(epoch: str) -> tuple[bool, bool, int, str]:
    """Sort key: iterations (``iter_5000``) before epochs, each by number, then ``latest``."""
    number = re.search(r"\d+$", epoch)
    return epoch == "latest", epoch.isdigit(), int(number[0]) if number else -1, epoch
