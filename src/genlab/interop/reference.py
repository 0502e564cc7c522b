"""Files of the reference implementation (junyanz/pytorch-CycleGAN-and-pix2pix), by their names. No torch here.

It writes one file a network, ``latest_net_G_A.pth`` or ``200_net_G_A.pth``. A trap: its D_A judges images of B.
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
    """The networks that a file or a folder means; none where it is not the reference's.

    A folder means its ``latest`` files, else those of the last epoch; a file means its epoch, with the other networks of
    that epoch beside it. A file of another name, as published ones have, is one generator.
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
    """The networks in a folder, by the epoch in their names."""
    found: dict[str, Files] = {}
    for file in sorted(folder.glob(f"*{ENDING}")):
        named = NAME.fullmatch(file.name)
        if named is not None and file.is_file():
            found.setdefault(named["epoch"], {})[named["net"]] = file
    return found


def age(epoch: str) -> tuple[bool, bool, int, str]:
    """Sorts ``latest`` after all numbers, epochs after ``iter_5000``, and these by their numbers."""
    number = re.search(r"\d+$", epoch)
    return epoch == "latest", epoch.isdigit(), int(number[0]) if number else -1, epoch
