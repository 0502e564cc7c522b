"""The LightningDataModule over a prepared set: a loader per split, and conversion of batches from what is stored to [0, 1]."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from genlab.contracts import ChoosesImages, Images, Pairs, Points, Split
from genlab.data.store.augment import random_flip
from genlab.data.store.binarize import binarized
from genlab.data.store.columns import Crop
from genlab.data.store.loader import Batch, EvalLoader, Rows, TrainLoader, map_tensors
from genlab.data.store.resident import Resident, to_device
from genlab.data.store.scale import unit
from genlab.data.store.source import PreparedData

# what decides the order of the images, in words
ORDER = {
    "seed": "seed",
    "batch_size": "data.batch_size",
    "world": "the number of processes",
    "images": "the number of training images",
}
EVAL_BYTES = 64 << 20  # of one evaluation batch: 250 digits, 80 pictures of 256x256 in colour


class StoreData(pl.LightningDataModule):
    """Batches of the set's kind, sent to the device as they are stored; augmented, binarised and converted to [0, 1] there.

    Args:
        prepared: the columns of each split, and the augmentation of training images.
        batch_size: per device.
        seed: of shuffling and augmentation.
    """

    def __init__(self, prepared: PreparedData, batch_size: int, seed: int) -> None:
        super().__init__()
        self.prepared, self.batch_size, self.seed = prepared, batch_size, seed
        self.train_loader: TrainLoader | None = None
        self.position: dict[str, int] | None = None  # where a resumed run goes on,
        self.weights: np.ndarray | None = None  # and how often each image comes in that epoch
        self.evaluated: Split = "test"
        self.resident: Resident | None = None  # the columns where they are computed with

    def keep_on(self, device: torch.device) -> None:
        """Copy every column to ``device``; batches are gathered there from now on."""
        self.resident = Resident(device)
        for column in (column for part in self.prepared.columns.values() for column in part.values()):
            self.resident.keep(column)

    def rows(self, split: Split, random: bool = False) -> Rows:
        """The rows of a split; crops are at random positions if ``random``, else centred, unless images are then whole."""
        augmentation = self.prepared.augmentation
        crop = augmentation.crop if random else augmentation.evaluated
        cut = Crop(crop, self.seed, random) if crop else None
        return Rows(self.prepared.spec.kind, self.prepared.columns[split], cut, self.resident)

    def train_dataloader(self) -> TrainLoader:
        """Training batches, shuffled by (seed, epoch)."""
        rows, place = self.rows("train", random=True), self.place()
        trainer = self.trainer
        overfit = trainer is not None and trainer.overfit_batches > 0  # type: ignore[attr-defined]  # set after construction
        limits = (trainer.limit_train_batches if trainer else 1.0, overfit)
        model = trainer.lightning_module if trainer else None
        weigh = partial(self.sampling_weights, model) if isinstance(model, ChoosesImages) else None
        self.train_loader = TrainLoader(rows, self.batch_size, self.seed, *place, self.ahead(), *limits, weigh)
        if self.position is not None:
            self.train_loader.load_state_dict(self.position)
            self.train_loader.weights = self.weights
        return self.train_loader

    def sampling_weights(self, model: Any) -> np.ndarray | None:
        """How often each training image is to come in this epoch, by what the model says of them. Collective."""
        found = model.sampling_weights(self.as_in_evaluation("train", model.device))
        return None if found is None else found.numpy()

    def as_in_evaluation(self, split: Split, device: torch.device) -> Iterator[Batch]:
        """This rank's share of a split on the device, in order, neither flipped nor cropped at random."""
        for batch in self.eval_loader(split):
            yield self.floats(self.transfer_batch_to_device(batch, device, 0), None)

    def val_dataloader(self) -> EvalLoader:
        """Validation images in order, each once."""
        return self.eval_loader("val")

    def test_dataloader(self) -> EvalLoader:
        """Images of the split that ``evaluated`` names, in order, each once."""
        return self.eval_loader(self.evaluated)

    def eval_loader(self, split: Split) -> EvalLoader:
        """Batches of ``eval_size`` images."""
        return EvalLoader(self.rows(split), self.eval_size, *self.place(), self.ahead())

    @property
    def eval_size(self) -> int:
        """Up to 250 images and ``EVAL_BYTES``, but no fewer than in training batches."""
        pixels = math.prod(self.prepared.spec.shape)
        return max(self.batch_size, min(250, EVAL_BYTES // (4 * pixels)))

    def ahead(self) -> bool:
        """Whether to pin and prefetch batches: only if they are copied from host memory to a CUDA device."""
        trainer = self.trainer
        return self.resident is None and trainer is not None and trainer.strategy.root_device.type == "cuda"

    def place(self) -> tuple[int, int]:
        """This process's rank and the world size."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Copy every tensor to the device, still as it is stored; to a GPU without blocking the host."""
        return batch if batch[-1].device == device else map_tensors(batch, lambda x: to_device(x, device))

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Convert images to floats in [0, 1] on the device, flipping training images; points only change dtype."""
        epoch = self.trainer.current_epoch if self.trainer is not None and self.trainer.training else None
        return self.floats(batch, epoch)

    def floats(self, batch: Batch, epoch: int | None) -> Batch:
        """The same in an epoch of training; None: outside training."""
        if isinstance(batch, Points):
            return batch._replace(x=batch.x.to(self.precision()))
        if isinstance(batch, Images):
            return batch._replace(image=self.pixels(batch.image, batch.index, epoch))
        if isinstance(batch, Pairs):
            a, b = self.pixels(batch.a, batch.index, epoch), self.pixels(batch.b, batch.index, epoch)
            return batch._replace(a=a, b=b)
        a, b = self.pixels(batch.a, batch.index_a, epoch), self.pixels(batch.b, batch.index_b, epoch, side=1)
        return batch._replace(a=a, b=b)

    def pixels(self, image: Tensor, index: Tensor, epoch: int | None, side: int = 0) -> Tensor:
        """Stored images [B, C, H, W] -> floats in [0, 1], in training flipped at random; binarised if the set asks."""
        if how := self.prepared.spec.binarized:
            image = binarized(image, index, how, None if epoch is None else (self.seed, epoch))
        if self.prepared.augmentation.hflip and epoch is not None:
            image = random_flip(image, index, self.seed, epoch, side)
        return unit(image, self.prepared.spec.scale("b" if side else "a"), self.precision())

    def precision(self) -> torch.dtype:
        """The dtype of the model's weights: float32, or float64 with ``trainer.precision=64-true``."""
        model = self.trainer.lightning_module if self.trainer else None
        return getattr(model, "weight_dtype", torch.float32)

    # ---- resuming --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The position in the order of the images, and what that order depends on.

        Lightning saves a loader's state only within an epoch; a checkpoint from the end of an epoch would restart with
        the first epoch's order.
        """
        position = self.train_loader.state_dict() if self.train_loader else {"epoch": 0, "done": 0, "over": False}
        weights = self.train_loader.weights if self.train_loader else None
        drawn = {} if weights is None else {"weights": torch.from_numpy(weights)}
        return {"position": position, **self.order(), **drawn}

    def order(self) -> dict[str, Any]:
        """What the order of the images depends on."""
        _, world = self.place()
        images, digest = self.prepared.spec.sizes["train"], self.prepared.spec.digest
        return {"seed": self.seed, "batch_size": self.batch_size, "world": world, "images": images, "digest": digest}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the position; refuse other data, and warn if the order of the images will differ.

        Raises:
            CheckpointError: the images are not those that the run was trained on.
        """
        self.prepared.spec.require_same_images(state["digest"])
        self.position = dict(state["position"])
        self.weights = state["weights"].cpu().numpy() if "weights" in state else None
        now = self.order()
        for key, name in ORDER.items():
            before = state.get(key, now[key])  # earlier checkpoints do not know all of them
            if before != now[key]:
                what = f"{name} was {before} and is now {now[key]}"
                warnings.warn(f"continued, but not exactly: {what}, so the order of the images differs.", stacklevel=2)
