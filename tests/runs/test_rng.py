"""The random state of a process: every global generator goes on where it stood, spare numbers included."""

import random

import numpy as np
import pytest
import torch

from genlab.runs import rng
from genlab.runs.checkpoint_io import AtomicCheckpointIO

DICE = {
    "python": random.random,
    "numpy": np.random.random_sample,
    "torch": lambda: torch.rand(()).item(),
    # of normal numbers python and numpy make two and keep one for the next call
    "python, spare": lambda: random.gauss(0, 1),
    "numpy, spare": np.random.standard_normal,
}


@pytest.mark.parametrize("name", DICE)
def test_each_generator_goes_on_after_a_checkpoint(name, tmp_path):
    throw, file = DICE[name], tmp_path / "a.ckpt"
    for _ in range(3):
        throw()
    AtomicCheckpointIO().save_checkpoint({"state": rng.capture()}, file)
    wanted = [throw() for _ in range(5)]
    for other in DICE.values():
        other()
    rng.restore(AtomicCheckpointIO().load_checkpoint(file)["state"])
    assert [throw() for _ in range(5)] == wanted
