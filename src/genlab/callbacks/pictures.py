"""Pictures while training: the same images reconstructed, the same noise decoded, epoch after epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from genlab import images
from genlab.config.types import PositiveInt
from genlab.contracts import Images, Reconstructs, Samples

COLUMNS = 8
SEED = 20_140_610  # of the noise behind the samples: one for all runs, so that runs can be laid side by side


class Pictures(pl.Callback):
    """Writes ``images/recon_…`` and ``images/samples_…``, numbered by epoch, for the models that can make them."""

    def __init__(self, every_n_epochs: PositiveInt, count: PositiveInt) -> None:
        self.every_n_epochs, self.count = every_n_epochs, count
        self.folder = Path("images")
        self.fixed: Tensor | None = None

    def attach(self, folder: Path) -> None:
        """Where to write."""
        self.folder = folder

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the first images of the validation set."""
        if self.fixed is None and isinstance(batch, Images) and batch_idx == 0:
            self.fixed = batch.image[: self.count].detach().clone()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw, if it is the epoch's turn or the last one."""
        epoch = trainer.current_epoch + 1
        if epoch % self.every_n_epochs and epoch != trainer.max_epochs and not trainer.should_stop:
            return
        if not trainer.is_global_zero:
            return
        for name, picture in self.draw(pl_module).items():
            path = images.save_png(picture, self.folder / f"{name}_{epoch:06d}.png")
            for logger in trainer.loggers:
                if hasattr(logger, "log_picture"):
                    logger.log_picture(name, path, pl_module.batches_seen)

    def draw(self, model: pl.LightningModule) -> dict[str, Tensor]:
        """The pictures that this model can make, [C, H, W] each."""
        made: dict[str, Tensor] = {}
        if isinstance(model, Reconstructs) and self.fixed is not None:
            made["recon"] = images.enlarged(above_and_below(self.fixed, model.reconstruct(self.fixed)))
        if isinstance(model, Samples):
            made["samples"] = images.enlarged(images.grid(model.sample(self.count, seed=SEED), COLUMNS))
        return made


def above_and_below(originals: Tensor, reconstructions: Tensor, columns: int = COLUMNS) -> Tensor:
    """A sheet in pairs of rows: originals above, what became of them below. [B, C, H, W] twice -> [C, H', W']."""
    rows = []
    for start in range(0, len(originals), columns):
        for block in (originals, reconstructions):
            row = block[start : start + columns]
            blank = row.new_ones(columns - len(row), *row.shape[1:])
            rows.append(torch.cat([row, blank]))
    return images.grid(torch.cat(rows), columns)
