"""The images that ``generate.py`` begins from."""

from types import SimpleNamespace

import numpy as np
import torch
from omegaconf import OmegaConf

from genlab.apps.command.paths import prepare
from genlab.apps.generating import draw_images


def test_they_are_the_splits_own_as_training_sees_them_and_drawn_by_seed(composed):
    prepared = prepare(composed("data=digits"))
    model = SimpleNamespace(device=torch.device("cpu"), weight_dtype=torch.float32)

    def images(seed, batch_size):
        cfg = OmegaConf.create({"split": "test", "seed": seed, "batch_size": batch_size})
        return torch.cat([x for x, _ in draw_images(cfg, model, prepared, 5)])

    first, again, other = images(0, 5), images(0, 2), images(1, 5)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    whole = {image.tobytes() for image in np.asarray(prepared.images["test"])}
    assert {image.mul(255).round().to(torch.uint8).numpy().tobytes() for image in first} <= whole
    assert torch.equal(first, first.mul(255).round() / 255)
