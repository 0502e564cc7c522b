"""What is measured besides the model's own terms: reconstructions on every image, samples against real images."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch import distributed as dist

from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.contracts import (
    ConfigError,
    DataError,
    Images,
    Pairs,
    Problem,
    Reconstructs,
    Samples,
    Split,
    Translates,
)
from genlab.data.source import Modes, Prepared
from genlab.metrics.features import Extractor
from genlab.metrics.frechet import Moments, frechet_distance
from genlab.metrics.kid import kernel_distance
from genlab.metrics.modes import mode_coverage
from genlab.metrics.reals import real_features
from genlab.metrics.reconstruction import reconstruction_terms, translation_terms
from genlab.models.base import Model
from genlab.models.ranks import Totals

SEED = 1_706_08500  # of the samples that are measured: not those of the pictures, and the same in every run
MODE_SAMPLES = 2500  # points, as in the tables of the literature on mode collapse


class Measure(pl.Callback):
    """mse, psnr and ssim for models that reconstruct, FID and KID for models that sample; others are left alone.

    Of translated pairs, psnr and ssim against the target; ``l1`` is among the model's own terms.
    Samples of a mixture with known modes are not compared but counted: ``modes`` and ``high_quality``.

    Args:
        every_n_epochs: how often the samples are measured in validation; the test always measures them.
        val_samples: generated images for validation, 0 for none.
        test_samples: generated images for the test, 0 for none.
        kid: also KID, in the test only: it takes a few seconds on a CPU, where FID takes a fraction of one.

    Raises:
        ConfigError: one sample, which has no spread to compare.
    """

    def __init__(
        self, every_n_epochs: PositiveInt, val_samples: NonNegativeInt, test_samples: NonNegativeInt, kid: bool
    ) -> None:
        self.every_n_epochs, self.samples, self.kid = every_n_epochs, {"val": val_samples, "test": test_samples}, kid
        if 1 in self.samples.values():
            keys = [f"metrics.{stage}_samples" for stage, count in self.samples.items() if count == 1]
            raise ConfigError(
                [Problem(k, "FID and KID need at least 2 samples", f"{k}=2000, or {k}=0 for none") for k in keys]
            )
        self.totals = Totals()
        self.counts: dict[str, int] = {}
        self.extractor: Extractor | None = None
        self.modes: Modes | None = None

    def attach(
        self, extractor: Extractor | None, prepared: Prepared, cache_root: Path, evaluated: Split = "test"
    ) -> None:
        """What to look with (None: no FID), at which real images. ``evaluated``: the split that the test loop goes over."""
        self.extractor, self.prepared, self.cache_root = extractor, prepared, cache_root
        self.modes = prepared.modes
        self.splits: dict[str, Split] = {"val": "val", "test": evaluated}
        self.reals: dict[str, tuple[Tensor, Moments]] = {}  # by stage: read from the disk once

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse before the first batch what could not be measured after the last.

        Raises:
            DataError: a split with fewer than 2 real images has no spread to compare.
        """
        if self.extractor is None or not isinstance(pl_module, Samples):
            return
        ahead = {"fit": ("val", "test"), "validate": ("val",), "test": ("test",)}.get(stage, ())
        few = [name for name in ahead if self.samples[name] and len(self.prepared.images[self.splits[name]]) < 2]
        if few:
            keys = " ".join(f"metrics.{name}_samples=0" for name in few)
            splits = " and ".join(self.splits[name] for name in few)
            raise DataError(f"Fewer than 2 real images in {splits}: too few for FID and KID. Go without them: {keys}")

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
        """Add the batch's reconstructions, or translations of pairs."""
        if trainer.sanity_checking:
            return
        if isinstance(pl_module, Reconstructs) and isinstance(batch, Images):
            x = batch.image.float()
            self.totals.add(reconstruction_terms(x, pl_module.reconstruct(batch.image).float()))
        if isinstance(pl_module, Translates) and isinstance(batch, Pairs):
            self.totals.add(translation_terms(batch.b.float(), pl_module.translate(batch.a, "AtoB").float()))

    on_test_batch_end = on_validation_batch_end

    # ---- samples ---------------------------------------------------------------------------------------------------

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Hand the numbers to the model, whose way out they share."""
        if not trainer.sanity_checking:
            self.finish("val", pl_module, with_samples=self.is_turn(trainer))

    def is_turn(self, trainer: pl.Trainer) -> bool:
        """Whether this validation measures the samples: every ``every_n_epochs``-th does, and the last of a run."""
        epochs = trainer.current_epoch + 1
        last = trainer.should_stop or epochs == trainer.max_epochs
        return trainer.state.fn != "fit" or last or epochs % self.every_n_epochs == 0

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Hand the numbers to the model, whose way out they share."""
        self.finish("test", pl_module, with_samples=True)

    def finish(self, stage: Split, model: Model, with_samples: bool) -> None:
        """Means of the reconstructions, and the distance of the samples."""
        stale = tuple(f"{stage}/{name}" for name in ("fid_", "kid_", "modes", "high_quality"))
        for name in [n for n in model.measured if n.startswith(stale)]:
            del model.measured[name]  # of weights that are no more
        values = self.totals.means()
        if with_samples and self.samples[stage] and isinstance(model, Samples):
            values |= self.distances(stage, model) if self.extractor is not None else {}
            values |= self.coverage(stage, model, self.modes) if self.modes is not None else {}
        if values:
            model.report(stage, values)

    def distances(self, stage: Split, model: Model) -> dict[str, float]:
        """``fid_<extractor>_<count>`` and ``kid_…`` of fresh samples against every real image of the split."""
        assert self.extractor is not None
        count, extractor = self.samples[stage], self.extractor.to(model.device)
        fake = generated_features(model, count, extractor)  # the features of all ranks, in order
        real, real_moments = self.real(stage, extractor)
        name = f"{extractor.name}_{count}"
        values = {f"fid_{name}": frechet_distance(real_moments, Moments.of(fake))}
        if self.kid and stage == "test":
            values[f"kid_{name}"] = kernel_distance(real, fake)
        self.counts |= {f"{stage}/{metric}": count for metric in values}
        self.counts[f"{stage}/fid_{name}_real"] = len(real)
        return values

    def coverage(self, stage: Split, model: Any, modes: Modes) -> dict[str, float]:
        """``modes`` and ``high_quality`` of ``MODE_SAMPLES`` fresh samples, drawn alike by every rank."""
        with unnoticed(model.device):
            x = model.sample(MODE_SAMPLES, seed=SEED)
        self.counts |= dict.fromkeys((f"{stage}/modes", f"{stage}/high_quality"), MODE_SAMPLES)
        return mode_coverage(x, torch.from_numpy(modes.centres).to(x.device), modes.sigma)

    def real(self, stage: Split, extractor: Extractor) -> tuple[Tensor, Moments]:
        """Features of the real images, [N, d], and their moments."""
        if stage not in self.reals:
            features = real_features(self.prepared, self.splits[stage], extractor, self.cache_root)
            self.reals[stage] = features, Moments.of(features)
        return self.reals[stage]


def unnoticed(device: torch.device) -> AbstractContextManager[None]:
    """What is drawn inside leaves the global random state as it was."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def generated_features(model: Any, count: int, extractor: Extractor, chunk: int = 250) -> Tensor:
    """Features of ``count`` samples, [count, d] on the CPU, the same on any number of ranks.

    Chunk j is drawn by seed + j, on rank j modulo the number of ranks. A model that draws from the global random state
    all the same leaves it as it was: measuring must not change what is trained next.
    """
    world, rank = (dist.get_world_size(), dist.get_rank()) if dist.is_available() and dist.is_initialized() else (1, 0)
    sizes = [min(chunk, count - start) for start in range(0, count, chunk)]
    with unnoticed(model.device):
        mine = {
            j: extractor(model.sample(size, seed=SEED + j)).cpu() for j, size in enumerate(sizes) if j % world == rank
        }
    if world > 1:
        everyones: list[Any] = [None] * world
        dist.all_gather_object(everyones, mine)
        mine = {j: features for part in everyones for j, features in part.items()}
    return torch.cat([mine[j] for j in range(len(sizes))])
