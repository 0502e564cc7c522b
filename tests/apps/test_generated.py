"""The images that ``generate.py`` begins from."""

import numpy as np
import torch
from omegaconf import OmegaConf

from genlab.apps.command.paths import prepare
from genlab.apps.generating import drawn


def test_they_are_the_splits_own_as_training_sees_them_and_drawn_by_seed(composed):
    prepared = prepare(composed("data=digits"))
    first, again, other = (drawn(OmegaConf.create({"split": "test", "seed": s}), prepared, 5)[0] for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    whole = {image.tobytes() for image in np.asarray(prepared.images["test"])}
    assert {image.mul(255).round().to(torch.uint8).numpy().tobytes() for image in first} <= whole
    assert torch.equal(first, first.mul(255).round() / 255)
