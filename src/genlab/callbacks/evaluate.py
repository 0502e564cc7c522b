"""What is measured besides the model's own terms: reconstructions, samples, translations, against real images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from genlab.callbacks.samples import MODE_SAMPLES, covered, generated_features, labels_for
from genlab.callbacks.translations import FEW, Collected, compared, made_of, symptoms
from genlab.config.types import NonNegativeInt, PositiveInt
from genlab.contracts import (
    ConfigError,
    DataError,
    Domains,
    Images,
    Pairs,
    Problem,
    Reconstructs,
    Samples,
    Split,
    Translates,
)
from genlab.data.store.source import Modes, Prepared
from genlab.metrics.distances import Real, count_of, distances
from genlab.metrics.extractors.choose import Extractor
from genlab.metrics.extractors.real_features import real_features
from genlab.metrics.reconstruction import reconstruction_terms, translation_terms
from genlab.models.base.labels import for_model
from genlab.models.base.model import Model
from genlab.models.base.totals import Totals

# of weights that are no more, as soon as the next validation does not measure them
PASSING = ("fid_", "kid_", "modes", "high_quality", "target_rate", "change", "saturated", "distance_ab")


class Measure(pl.Callback):
    """mse, psnr and ssim for models that reconstruct, FID and KID for models that sample or translate; others are left
    alone.

    Of translated pairs, also psnr and ssim against the target; ``l1`` is among the model's own terms. Of translations
    between two domains, also ``target_rate``: the share that a classifier of the domains takes for the target.
    Samples of a mixture with known modes are not compared but counted: ``modes`` and ``high_quality``.
    A model that needs labels gets those of the images, and for its samples labels in the training set's proportions.

    Args:
        every_n_epochs: how often samples and translations are measured in validation; the test always measures them.
        val_samples: generated images for validation, 0 for none; of translations at most so many each way.
        test_samples: generated images for the test, 0 for none; of translations at most so many each way.
        kid: also KID, in the test (it takes a few seconds on a CPU, where FID takes a fraction of one), and in
            validation where there are few translations.

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
        self.collected: Collected | None = None  # translations of the validation or test under way

    def attach(
        self, extractor: Extractor | None, prepared: Prepared, cache_root: Path, evaluated: Split = "test"
    ) -> None:
        """What to look with (None: no FID), at which real images. ``evaluated``: the split that the test loop goes over."""
        self.extractor, self.prepared, self.cache_root = extractor, prepared, cache_root
        self.modes = prepared.modes
        self.splits: dict[str, Split] = {"val": "val", "test": evaluated}
        self.reals: dict[tuple[str, str], Real] = {}  # by stage and column: read from the disk once

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse before the first batch what could not be measured after the last.

        Raises:
            DataError: a split with fewer than 2 real images has no spread to compare.
        """
        if self.extractor is None or not isinstance(pl_module, Samples | Translates):
            return
        ahead = {"fit": ("val", "test"), "validate": ("val",), "test": ("test",)}.get(stage, ())
        few = [name for name in ahead if self.samples[name] and self.fewest(self.splits[name]) < 2]
        if few:
            keys = " ".join(f"metrics.{name}_samples=0" for name in few)
            splits = " and ".join(self.splits[name] for name in few)
            raise DataError(f"Fewer than 2 real images in {splits}: too few for FID and KID. Go without them: {keys}")

    def fewest(self, split: Split) -> int:
        """Images of a split; of two domains, of the smaller one."""
        return min(map(len, self.prepared.columns[split].values()))

    # ---- reconstructions and translations ------------------------------------------------------------------------

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Nothing has been collected yet."""
        self.begin("val", pl_module, self.is_turn(trainer))

    def on_test_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Nothing has been collected yet."""
        self.begin("test", pl_module, True)

    def begin(self, stage: Split, model: pl.LightningModule, wanted: bool) -> None:
        """Make ready to collect translations, if they are to be measured."""
        self.totals, self.collected = Totals(), None
        if wanted and self.samples[stage] and self.extractor is not None and isinstance(model, Translates):
            self.collected = Collected(self.extractor.to(model.device), self.samples[stage])

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Add the batch's reconstructions or translations."""
        if trainer.sanity_checking:
            return
        if isinstance(pl_module, Reconstructs) and isinstance(batch, Images):
            made = pl_module.reconstruct(batch.image, **for_model(pl_module, batch.label))
            self.totals.add(reconstruction_terms(batch.image.float(), made.float()))
        if isinstance(pl_module, Translates) and isinstance(batch, Pairs | Domains):
            self.add_translations(pl_module, batch)

    on_test_batch_end = on_validation_batch_end

    def add_translations(self, model: Translates, batch: Pairs | Domains) -> None:
        """Translate the batch; two domains only where the translations are measured: they have no truth beside them."""
        if isinstance(batch, Domains) and self.collected is None:
            return
        most = self.collected.most if self.collected and isinstance(batch, Domains) else None
        made = made_of(model, batch, most)
        if isinstance(batch, Pairs):
            self.totals.add(translation_terms(batch.b.float(), made[0].y))
        self.totals.add(symptoms(batch, made))
        if self.collected is not None:
            for one in made:
                self.collected.add(one)

    # ---- the end of a split ----------------------------------------------------------------------------------------

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
        """Means of what was collected, and the distance of samples and translations from real images."""
        stale = tuple(f"{stage}/{name}" for name in PASSING)
        for name in [n for n in model.measured if n.startswith(stale)]:
            del model.measured[name]
        values = self.totals.means()
        if with_samples and self.samples[stage] and isinstance(model, Samples):
            values |= self.sampled(stage, model) if self.extractor is not None else {}
            values |= self.coverage(stage, model, self.modes) if self.modes is not None else {}
        if self.collected is not None:
            values = self.translated(stage, self.collected) | values
        self.collected = None
        if values:
            model.report(stage, values)

    def sampled(self, stage: Split, model: Model) -> dict[str, float]:
        """``fid_<extractor>_<count>`` and ``kid_…`` of fresh samples against every real image of the split."""
        assert self.extractor is not None
        extractor = self.extractor.to(model.device)
        count = self.samples[stage]
        fake = generated_features(model, count, extractor, labels_for(model, self.prepared, count))  # of all ranks
        real = self.real(stage, extractor)
        values = distances(real, fake, extractor.name, kid=self.kid and stage == "test")
        self.count(stage, values, {"": len(real.features)})
        return values

    def translated(self, stage: Split, collected: Collected) -> dict[str, float]:
        """The same of translations against every real image of the target; of two domains, ``target_rate`` each way."""
        features, extractor = collected.features(), collected.extractor
        real = {side: self.real(stage, extractor, side) for side in ("a", "b")}
        few = max(map(len, features.values())) <= FEW
        values = compared(features, real, extractor, self.kid and (stage == "test" or few))
        self.count(stage, values, {way.suffix: len(real[way.target].features) for way in features})
        return values

    def count(self, stage: Split, values: dict[str, float], reals: dict[str, int]) -> None:
        """Note how many generated images are behind each FID and KID, and of a FID the real ones, by a name's end."""
        for metric in (name for name in values if name.startswith(("fid_", "kid_"))):
            count = count_of(metric)
            self.counts[f"{stage}/{metric}"] = count
            for suffix, real in reals.items():
                if metric.startswith("fid_") and metric.endswith(f"_{count}{suffix}"):
                    self.counts[f"{stage}/{metric}_real"] = real

    def coverage(self, stage: Split, model: Any, modes: Modes) -> dict[str, float]:
        """``modes`` and ``high_quality``, of points."""
        self.counts |= dict.fromkeys((f"{stage}/modes", f"{stage}/high_quality"), MODE_SAMPLES)
        return covered(model, modes, labels_for(model, self.prepared, MODE_SAMPLES))

    def real(self, stage: Split, extractor: Extractor, column: str = "image") -> Real:
        """Features of the real images."""
        if (stage, column) not in self.reals:
            split = self.splits[stage]
            self.reals[stage, column] = Real(real_features(self.prepared, split, extractor, self.cache_root, column))
        return self.reals[stage, column]
