"""A batch's way from bytes to [0, 1] under a real Trainer: which images are mirrored, when, and which never."""

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.contracts import DataSpec
from genlab.data.store.augment import random_flip
from genlab.data.store.module import StoreData
from genlab.data.store.source import Augmentation, PreparedData

SEED, SIZES, SHAPE = 5, {"train": 12, "val": 7, "test": 5}, (1, 2, 4)
QUIET = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
SIDES = {
    "images": {"image": "index"},
    "pairs": {"a": "index", "b": "index"},
    "domains": {"a": "index_a", "b": "index_b"},
}


class Listening(pl.LightningModule):
    """Learns nothing; keeps every batch by the stage that it came in."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.heard = []

    def training_step(self, batch, batch_idx):
        self.heard.append(("train", self.trainer.current_epoch, batch))

    def validation_step(self, batch, batch_idx):
        self.heard.append(("val", self.trainer.current_epoch, batch))

    def test_step(self, batch, batch_idx):
        self.heard.append(("test", self.trainer.current_epoch, batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def prepared(kind, hflip=True):
    """Images without two equal pixels, so that none looks like its mirror image."""
    dice = np.random.default_rng(0)

    def column(count):
        return np.stack([dice.permutation(8).astype(np.uint8).reshape(SHAPE) for _ in range(count)])

    columns = {split: {name: column(count) for name in SIDES[kind]} for split, count in SIZES.items()}
    return PreparedData(DataSpec("x", kind, SHAPE, SIZES, "0"), columns, Augmentation(hflip=hflip))


def heard(kind, hflip=True):
    """The set, and all that a model was shown: a check, two epochs with their validations, a validation, a test."""
    made, model = prepared(kind, hflip), Listening()
    data = StoreData(made, 4, SEED)
    trainer = pl.Trainer(**QUIET, accelerator="cpu", max_epochs=2, log_every_n_steps=1, num_sanity_val_steps=1)
    trainer.fit(model, data)
    trainer.validate(model, data, verbose=False)
    trainer.test(model, data, verbose=False)
    return made, model.heard


def originals(made, split, name, index):
    """Images as they lie in the store."""
    return torch.from_numpy(made.columns[split][name])[index]


@pytest.mark.parametrize("kind", SIDES)
def test_training_images_are_mirrored_by_their_key_and_those_of_an_evaluation_never(kind):
    made, shown = heard(kind)
    stages = [stage for stage, *_ in shown]
    assert {stage: stages.count(stage) for stage in SIZES} == {"train": 2 * 3, "val": 1 + 2 + 1, "test": 1}
    mirrored = {stage: set() for stage in SIZES}
    for stage, epoch, batch in shown:
        for side, (name, field) in enumerate(SIDES[kind].items()):
            index = getattr(batch, field)
            image = wanted = originals(made, stage, name, index)
            if stage == "train":
                wanted = random_flip(image, index, SEED, epoch, side if kind == "domains" else 0)
            assert torch.equal(getattr(batch, name), wanted.float() / 255), (stage, epoch, name)
            mirrored[stage] |= {not torch.equal(a, b) for a, b in zip(wanted, image, strict=True)}
    assert mirrored == {"train": {True, False}, "val": {False}, "test": {False}}


def test_nothing_is_mirrored_where_the_set_does_not_ask_for_it():
    made, shown = heard("images", hflip=False)
    for stage, _, batch in shown:
        assert torch.equal(batch.image, originals(made, stage, "image", batch.index).float() / 255)


def test_a_byte_becomes_its_255th_part_in_float32(composed):
    data = StoreData(prepare(composed("data=digits")), 8, 0)
    levels = torch.arange(256, dtype=torch.uint8).reshape(2, 1, 8, 16)
    seen = data.pixels(levels, torch.arange(2), None)
    assert seen.dtype == torch.float32
    assert torch.equal(seen, levels.float() / 255)
