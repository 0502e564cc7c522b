"""Sheets of translations: what stands beside what."""

import torch

from genlab.callbacks.pictures import Pictures
from genlab.contracts import Domains, Pairs


class Shifted:
    """A to B adds a quarter, B to A halves."""

    def translate(self, x, direction):
        return x + 0.25 if direction == "AtoB" else x / 2


def grey(*levels):
    return torch.tensor(levels).reshape(-1, 1, 1, 1).expand(-1, 1, 64, 64).clone()


def seen(sheet):
    """The grey level in the middle of each image of a sheet [1, H, W], row by row."""
    return [[round(v, 4) for v in row] for row in sheet[0, 2 + 32 :: 66, 2 + 32 :: 66].tolist()]


def drawn(batch):
    pictures = Pictures(1, 8)
    pictures.on_validation_batch_end(None, None, None, batch, 0)
    pictures.on_validation_batch_end(None, None, None, batch, 1)
    return {name: seen(sheet) for name, sheet in pictures.draw(Shifted()).items()}


def test_of_a_pair_input_output_and_truth(monkeypatch):
    monkeypatch.setattr("genlab.images.enlarged", lambda sheet: sheet)
    batch = Pairs(grey(0.0, 0.5, 0.2), grey(0.9, 0.8, 0.7), torch.arange(3))
    assert drawn(batch) == {"translate": [[0.0, 0.25, 0.9, 0.5, 0.75, 0.8], [0.2, 0.45, 0.7, 1.0, 1.0, 1.0]]}


def test_of_two_domains_input_output_and_the_way_back(monkeypatch):
    monkeypatch.setattr("genlab.images.enlarged", lambda sheet: sheet)
    batch = Domains(grey(0.0, 0.5), grey(0.4), torch.arange(2), torch.arange(1))
    assert drawn(batch) == {
        "translate_AtoB": [[0.0, 0.25, 0.125, 0.5, 0.75, 0.375]],
        "translate_BtoA": [[0.4, 0.2, 0.45]],
    }
