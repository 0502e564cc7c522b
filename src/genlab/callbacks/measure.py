"""What is measured besides the model's own terms: reconstructions on every image, samples against real images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch import distributed as dist

from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.contracts import Images, Reconstructs, Samples, Split
from genlab.data.source import Prepared
from genlab.metrics.features import Extractor
from genlab.metrics.frechet import Moments, frechet_distance
from genlab.metrics.kid import kernel_distance
from genlab.metrics.reals import real_features
from genlab.metrics.reconstruction import reconstruction_terms
from genlab.models.base import Model
from genlab.models.ranks import Totals

SEED = 1_706_08500  # of the samples that are measured: not those of the pictures, and the same in every run


class Measure(pl.Callback):
    """mse, psnr and ssim for models that reconstruct, FID and KID for models that sample; others are left alone.

    Args:
        every_n_epochs: how often the samples are measured in validation; the test always measures them.
        val_samples: generated images for validation, 0 for none.
        test_samples: generated images for the test, 0 for none.
        kid: also KID, which costs as much again for small feature spaces.
    """

    def __init__(
        self, every_n_epochs: PositiveInt, val_samples: NonNegativeInt, test_samples: NonNegativeInt, kid: bool
    ) -> None:
        self.every_n_epochs, self.samples, self.kid = every_n_epochs, {"val": val_samples, "test": test_samples}, kid
        self.totals = Totals()
        self.counts: dict[str, int] = {}
        self.extractor: Extractor | None = None

    def attach(self, extractor: Extractor, prepared: Prepared, cache_root: Path, evaluated: Split = "test") -> None:
        """What to look with, at which real images. ``evaluated``: the split that the test loop goes over."""
        self.extractor, self.prepared, self.cache_root = extractor, prepared, cache_root
        self.splits: dict[str, Split] = {"val": "val", "test": evaluated}

    # ---- reconstructions -------------------------------------------------------------------------------------------

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Add the batch's reconstructions."""
        if isinstance(pl_module, Reconstructs) and isinstance(batch, Images):
            x = batch.image.float()
            self.totals.add(reconstruction_terms(x, pl_module.reconstruct(batch.image).float()))

    on_test_batch_end = on_validation_batch_end

    # ---- samples ---------------------------------------------------------------------------------------------------

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Hand the numbers to the model, whose way out they share."""
        turn = trainer.state.fn != "fit" or (trainer.current_epoch + 1) % self.every_n_epochs == 0
        self.finish("val", pl_module, with_samples=turn or trainer.current_epoch + 1 == trainer.max_epochs)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Hand the numbers to the model, whose way out they share."""
        self.finish("test", pl_module, with_samples=True)

    def finish(self, stage: Split, model: Model, with_samples: bool) -> None:
        """Means of the reconstructions, and the distance of the samples."""
        values = self.totals.means()
        if with_samples and self.samples[stage] > 1 and isinstance(model, Samples) and self.extractor is not None:
            values |= self.distances(stage, model)
        if values:
            model.report(stage, values)

    def distances(self, stage: Split, model: Model) -> dict[str, float]:
        """``fid_<extractor>_<count>`` and ``kid_…`` of fresh samples against every real image of the split."""
        assert self.extractor is not None
        count, extractor = self.samples[stage], self.extractor.to(model.device)
        fake = generated_features(model, count, extractor)  # the features of all ranks, in order
        real = real_features(self.prepared, self.splits[stage], extractor, self.cache_root).to(fake.device)
        name = f"{extractor.name}_{count}"
        values = {f"fid_{name}": frechet_distance(moments(real), moments(fake))}
        if self.kid:
            values[f"kid_{name}"] = kernel_distance(real, fake)
        self.counts |= {f"{stage}/{metric}": count for metric in values}
        self.counts[f"{stage}/fid_{name}_real"] = len(real)
        return values


def generated_features(model: Any, count: int, extractor: Extractor, chunk: int = 250) -> Tensor:
    """Features of ``count`` samples, [count, d]. Chunk j is drawn by seed + j, on rank j modulo W: any W, same images."""
    world, rank = (dist.get_world_size(), dist.get_rank()) if dist.is_available() and dist.is_initialized() else (1, 0)
    sizes = [min(chunk, count - start) for start in range(0, count, chunk)]
    mine = {j: extractor(model.sample(size, seed=SEED + j)).cpu() for j, size in enumerate(sizes) if j % world == rank}
    if world > 1:
        everyones: list[Any] = [None] * world
        dist.all_gather_object(everyones, mine)
        mine = {j: features for part in everyones for j, features in part.items()}
    return torch.cat([mine[j] for j in range(len(sizes))])


def moments(features: Tensor) -> Moments:
    """[N, d] to sums."""
    sums = Moments.zero(features.shape[1], features.device)
    for part in features.split(1000):
        sums.add(part)
    return sums
