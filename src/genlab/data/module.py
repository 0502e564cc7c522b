"""The DataModule over a prepared set: loaders for each split, and the way of a batch from bytes to [0, 1]."""

from __future__ import annotations

import warnings
from typing import Any

import lightning.pytorch as pl
import torch

from genlab.contracts import CheckpointError, Images, Split
from genlab.data.augment import random_flip
from genlab.data.loader import Arrays, EvalLoader, TrainLoader
from genlab.data.source import Prepared


class StoreData(pl.LightningDataModule):
    """Batches of ``Images``: uint8 to the device, float32 in [0, 1] there, augmented there.

    Args:
        prepared: the images of each split.
        batch_size: on each device.
        seed: of the order and of the augmentation.
        hflip: mirror half of the training images.
    """

    def __init__(self, prepared: Prepared, batch_size: int, seed: int, hflip: bool = False) -> None:
        super().__init__()
        self.prepared, self.batch_size, self.seed, self.hflip = prepared, batch_size, seed, hflip
        self.train_loader: TrainLoader | None = None
        self.position: dict[str, int] | None = None  # where a resumed run goes on
        self.evaluated: Split = "test"

    def arrays(self, split: Split) -> Arrays:
        """One split's images and labels."""
        return Arrays(self.prepared.images[split], self.prepared.labels.get(split))

    def train_dataloader(self) -> TrainLoader:
        """Shuffled by (seed, epoch)."""
        self.train_loader = TrainLoader(self.arrays("train"), self.batch_size, self.seed, *self.place())
        if self.position is not None:
            self.train_loader.load_state_dict(self.position)
        return self.train_loader

    def val_dataloader(self) -> EvalLoader:
        """In order, every image once."""
        return EvalLoader(self.arrays("val"), max(self.batch_size, 250), *self.place())

    def test_dataloader(self) -> EvalLoader:
        """In order, every image once; of the split that ``evaluated`` names."""
        return EvalLoader(self.arrays(self.evaluated), max(self.batch_size, 250), *self.place())

    def place(self) -> tuple[int, int]:
        """This process's rank and how many there are."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Every tensor of the record, still as bytes; the host does not wait for it."""
        return type(batch)(*(x if x is None else x.to(device, non_blocking=True) for x in batch))

    def on_after_batch_transfer(self, batch: Images, dataloader_idx: int) -> Images:
        """uint8 to float32 in [0, 1], on the device; training images augmented."""
        image = batch.image.to(self.precision()).div_(255)
        if self.hflip and self.trainer is not None and self.trainer.training:
            image = random_flip(image, batch.index, self.seed, self.trainer.current_epoch)
        return batch._replace(image=image)

    def precision(self) -> torch.dtype:
        """float32, or float64 for a model of that precision."""
        model = self.trainer.lightning_module if self.trainer else None
        weights = next(model.parameters(), None) if model is not None else None
        return torch.float64 if weights is not None and weights.dtype == torch.float64 else torch.float32

    # ---- resuming --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The place in the order of the images, and what that order depended on.

        Lightning keeps a loader's place only in the middle of an epoch; at the end of one it would begin again with
        the first epoch's order.
        """
        position = self.train_loader.state_dict() if self.train_loader else {"epoch": 0, "done": 0}
        return {"position": position, **self.order()}

    def order(self) -> dict[str, Any]:
        """What the order of the images depends on."""
        _, world = self.place()
        digest = self.prepared.spec.digest
        return {"seed": self.seed, "batch_size": self.batch_size, "world": world, "digest": digest}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Refuse other data; say loudly when the same order cannot be kept.

        Raises:
            CheckpointError: the images are not those that the run was trained on.
        """
        if state["digest"] != self.prepared.spec.digest:
            raise CheckpointError(
                "the images have changed since this run was started. Start a new run (resume=null), "
                "or give back the images as they were."
            )
        self.position = dict(state["position"])
        now = self.order()
        for key in ("seed", "batch_size", "world"):
            if state[key] != now[key]:
                what = f"{key} was {state[key]} and is now {now[key]}"
                warnings.warn(f"continued, but not exactly: {what}, so the order of the images differs.", stacklevel=2)
