"""One checkpoint on the bench: the same test as at the end of training, with the same draws, over one seed or several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import lightning.pytorch as pl
import torch
from omegaconf import DictConfig

from genlab.apps.command.evaluators import described, evaluate_callback, notes
from genlab.apps.evaluate.kept import folder_for
from genlab.apps.evaluate.measured import Looks, Measured
from genlab.apps.evaluate.pictures import reconstructions_of, samples_of
from genlab.apps.train.build import QUIET
from genlab.apps.train.messages import counts
from genlab.callbacks.code_mixture import FitMixture
from genlab.callbacks.recall import Recall
from genlab.callbacks.samples import SampleFeatures
from genlab.contracts import CheckpointError, NonFiniteImages
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData
from genlab.files import key_of
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.kept import Kept
from genlab.random import keyed_number
from genlab.runs.load import Loaded
from genlab.signals import caught


class Bench:
    """A model, its data, and what measures it."""

    def __init__(
        self,
        cfg: DictConfig,
        loaded: Loaded,
        prepared: PreparedData,
        cache: Path,
        device: torch.device,
        others: dict[str, PreparedData],
    ) -> None:
        self.cfg, self.loaded, self.prepared, self.device = cfg, loaded, prepared, device
        self.data = StoreData(prepared, loaded.config.data.batch_size, loaded.config.seed)
        self.data.evaluated = cfg.split
        self.evaluate = evaluate_callback(cfg)
        kept = Kept(self.folder(cache) if cfg.keep and not cfg.check_only else None)
        self.batches = len(self.data.test_dataloader())
        batches = key_of(self.data.eval_size, prepared.augmentation.evaluated)
        self.recall = Recall(kept, f"{cfg.split}-{batches}")
        self.recall.has_bar = True
        self.evaluate.attach(loaded.model, prepared, cache, {"test": cfg.split}, self.recall, others)
        self.extractors: list[Extractor] = []
        self.told: list[str] = []

    def folder(self, cache: Path) -> Path:
        """Where the values of this checkpoint are kept."""
        crop = self.prepared.augmentation.evaluated
        return folder_for(self.loaded, crop, cache, self.device, list(self.evaluate.evaluators.values()))

    def make_ready(self) -> None:
        """Make the extractors and the features of the real images: all that is not of this checkpoint."""
        self.loaded.model.to(self.device)
        self.extractors = self.evaluate.make_ready()
        self.told = notes(self.extractors, self.prepared.spec, self.loaded.config.model) + self.evaluate.notes
        now, fitting = self.evaluate.stages["test"]
        for one in fitting:
            one.begin(now)

    @property
    def units(self) -> int:
        """Batches and chunks of samples over all seeds, by which the time left is known."""
        generated = self.evaluate.stages["test"][0].generated
        chunks = len(generated.wanted) if isinstance(generated, SampleFeatures) else 0
        return self.cfg.seeds * (self.batches + chunks)

    def measure(self, advance: Callable[[], object]) -> Measured:
        """Test with each seed. ``advance``: called after each batch and each chunk.

        Raises:
            CheckpointError: generated images are not numbers.
        """
        loaded, own = self.loaded, self.loaded.model.seed
        self.recall.advance = advance
        try:
            by_seed = [self.test(own, 0)]
            others = range(1, self.cfg.seeds)
            by_seed += [self.test(own, number) for number in others] if self.recall.is_seeded else by_seed * len(others)
        except NonFiniteImages as error:
            remedy = "Its weights are finite, what it makes of them is not: measure an earlier checkpoint"
            raise CheckpointError(f"ckpt={loaded.path}: {error}. {remedy}") from error
        behind = {self.named(name): count for name, count in self.evaluate.counts.items()}
        known = described(self.extractors) | ({"notes": self.told} if self.told else {})
        known |= {"device": self.device.type, "precision": str(loaded.model.weight_dtype).removeprefix("torch.")}
        known |= {"averaged": sorted(loaded.model.ema) if loaded.model.ema else []}
        counted = counts(self.prepared.spec, loaded.model, behind)
        return Measured(loaded.path, loaded.step, by_seed, counted, known, self.looks())

    def looks(self) -> Looks:
        """A few of its images, kept as the values of batches are."""
        model, split, kept = self.loaded.model, self.cfg.split, self.recall.kept
        again = kept.piece(f"{split}-reconstructions", lambda: reconstructions_of(model, self.data, split))
        return again | kept.piece("samples-shown", lambda: samples_of(model, self.data))

    def test(self, own: int, number: int) -> dict[str, float]:
        """The metrics by one seed; the first is that of the end of training."""
        model = self.loaded.model
        self.recall.replicate, model.measured = number, {}
        model.recall = self.recall.batch
        model.seed = own if number == 0 else keyed_number("seeds", own, number)
        callbacks: list[pl.Callback] = [FitMixture(), self.evaluate]
        trainer = pl.Trainer(**QUIET, logger=False, callbacks=callbacks, accelerator=self.device.type, devices=1)
        try:
            with caught():
                trainer.test(model, self.data, verbose=False)
        finally:
            model.seed, model.recall = own, None
        return {self.named(name): value for name, value in model.measured.items() if name.startswith("test/")}

    def named(self, name: str) -> str:
        """``test/fid…`` with the split that was measured."""
        return name.replace("test/", f"{self.cfg.split}/", 1)
