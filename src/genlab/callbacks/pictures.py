"""Pictures during training: reconstructions and samples of fixed images and noise, translations, scatter plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from genlab import images
from genlab.callbacks.samples import rows_of_samples
from genlab.callbacks.sentences import Sentences
from genlab.config.types import PositiveInt
from genlab.contracts import Corrupts, Domains, Images, Pairs, Points, Reconstructs, Samples, Translates
from genlab.data.store.loader import Batch
from genlab.data.store.module import StoreData
from genlab.models.base.code_mixture import SamplesCodes
from genlab.models.base.labels import for_model, needs_labels
from genlab.runs.writing import attempt

COLUMNS = 8
TRANSLATED = 8  # images of each side on a sheet of translations
POINTS = 2500  # in a scatter, real and generated ones each
LABELS = 16  # rows on a sheet of samples, each of a label, at most
SEED = 20_140_610  # of the noise behind the samples: one for all runs, so that runs can be laid side by side


class Pictures(pl.Callback):
    """Writes ``images/recon_…``, ``images/samples_…`` and ``images/translate_…`` (if the model can), numbered by epoch.

    Of models that undo a corruption, ``restored_…`` shows images in three rows: as they are, corrupted, restored.
    Translations of pairs show input, output and target; of two domains, a sheet per direction with input, output and
    the image translated back. For points, ``samples_…`` shows generated points in colour over real ones.
    Sentences of two speakers also go to ``sounds/``, each as it is, translated and back.
    A model that needs labels gets a row of samples per class, all with the same z; with attributes, a row for each of
    the first validation images, with its attributes.
    """

    def __init__(self, every_n_epochs: PositiveInt, count: PositiveInt) -> None:
        self.every_n_epochs, self.count = every_n_epochs, count
        self.folder = Path("images")
        self.fixed: Tensor | None = None  # images of the validation set
        self.places: Tensor | None = None  # their indices in it
        self.labels: Tensor | None = None  # of images or points of the validation set
        self.sides: Pairs | Domains | None = None  # images of the validation set to translate
        self.sentences: Sentences | None = None  # instead, of a set of speech
        self.real: Tensor | None = None  # points to scatter behind the generated ones

    def attach(self, folder: Path, points: np.ndarray | None = None) -> None:
        """Set the folder to write to and, for a set of points, the real points [N, 2]."""
        self.folder = folder
        self.real = None if points is None else torch.from_numpy(points[:POINTS])

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the first images of the validation set, whether or not training validates before it draws."""
        data: StoreData = trainer.datamodule  # type: ignore[attr-defined]  # set by fit()
        spec = data.prepared.spec
        self.sentences = Sentences(spec) if spec.sound else None
        for batch in data.as_in_evaluation("val", pl_module.device):
            if self.keep(batch):
                return

    def keep(self, batch: Batch) -> bool:
        """What the sheets show of a batch: images and labels, or the two sides of a translation; whether it is enough."""
        if self.sentences is not None and isinstance(batch, Domains):
            return self.sentences.keep(batch)
        self.labels = batch.label if isinstance(batch, Images | Points) else None
        if isinstance(batch, Images):
            self.fixed, self.places = batch.image[: self.count].clone(), batch.index[: self.count].clone()
        if isinstance(batch, Pairs | Domains):
            self.sides = type(batch)(*(x[: min(self.count, TRANSLATED)].clone() for x in batch))
        return True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write pictures every ``every_n_epochs`` epochs and after the last one; training goes on without them."""
        epoch = trainer.current_epoch + 1
        if epoch % self.every_n_epochs and epoch != trainer.max_epochs and not trainer.should_stop:
            return
        if not trainer.is_global_zero:
            return
        pictures = self.draw(pl_module)
        with attempt(self.folder):
            paths = {name: images.save_png(p, self.folder / f"{name}_{epoch:06d}.png") for name, p in pictures.items()}
            for logger in (one for one in trainer.loggers if hasattr(one, "log_picture")):
                for name, path in paths.items():
                    logger.log_picture(name, path, pl_module.batches_seen)
        if self.sentences is not None:
            self.sound(self.sentences, trainer, pl_module)

    def sound(self, sentences: Sentences, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        """Write what the sentences that are drawn sound like; training goes on without them."""
        folder = self.folder.with_name("sounds")
        with attempt(folder):
            paths = sentences.write(folder, trainer.current_epoch + 1)
            for logger in (one for one in trainer.loggers if hasattr(one, "log_sound")):
                for name, path in paths.items():
                    logger.log_sound(name, path, model.batches_seen)

    def draw(self, model: pl.LightningModule) -> dict[str, Tensor]:
        """The pictures that this model can make, [C, H, W] each."""
        made: dict[str, Tensor] = {}
        if isinstance(model, Reconstructs) and self.fixed is not None:
            labels = None if self.labels is None else self.labels[: len(self.fixed)]
            again = model.reconstruct(self.fixed, **for_model(model, labels))
            made["recon"] = images.enlarged(in_rows(self.fixed, again))
        if isinstance(model, Corrupts) and self.fixed is not None and self.places is not None:
            corrupted = model.corrupt(self.fixed, self.places)
            made["restored"] = images.enlarged(in_rows(self.fixed, corrupted, model.reconstruct(corrupted)))
        if isinstance(model, Translates) and self.sides is not None:
            made |= {name: images.enlarged(sheet) for name, sheet in translations(model, self.sides).items()}
        if isinstance(model, Translates) and self.sentences is not None:
            self.sentences.translate(model)
            made |= self.sentences.sheets()
        if isinstance(model, SamplesCodes):
            return made  # there are none before the training is over
        if isinstance(model, Samples) and self.real is not None:
            made["samples"] = images.beside_real(self.samples(model, POINTS), self.real)
        elif isinstance(model, Samples):
            made["samples"] = images.enlarged(images.grid(self.samples(model, self.count), COLUMNS))
        return made

    def samples(self, model: Any, count: int) -> Tensor:
        """``count`` samples from fixed noise; for models that need labels, see the class docstring."""
        if not needs_labels(model) or self.labels is None:
            return model.sample(count, seed=SEED)
        if self.real is not None:
            return model.sample(count, label=self.labels[torch.arange(count) % len(self.labels)], seed=SEED)
        classes = model.spec.classes
        rows = torch.arange(min(classes, LABELS)) if classes else self.labels[: max(1, count // COLUMNS)]
        return rows_of_samples(model, rows, COLUMNS, SEED)


def in_rows(*blocks: Tensor, columns: int = COLUMNS) -> Tensor:
    """Rows of images, one of each block in turn: originals above their reconstructions. [B, C, H, W] each -> [C, H', W']."""
    rows = []
    for start in range(0, len(blocks[0]), columns):
        for block in blocks:
            row = block[start : start + columns]
            blank = row.new_ones(columns - len(row), *row.shape[1:])
            rows.append(torch.cat([row, blank]))
    return images.grid(torch.cat(rows), columns)


def translations(model: Translates, sides: Pairs | Domains) -> dict[str, Tensor]:
    """Sheets [C, H, W] with two examples a row, each of three images side by side."""
    if isinstance(sides, Pairs):
        return {"translate": in_threes(sides.a, model.translate(sides.a, "AtoB"), sides.b)}
    there, back = model.translate(sides.a, "AtoB"), model.translate(sides.b, "BtoA")
    return {
        "translate_AtoB": in_threes(sides.a, there, model.translate(there, "BtoA")),
        "translate_BtoA": in_threes(sides.b, back, model.translate(back, "AtoB")),
    }


def in_threes(*columns: Tensor) -> Tensor:
    """[B, C, H, W] three times -> [C, H', W']; in colour if any of the three has it."""
    examples = min(2, len(columns[0]))  # in a row
    alike = [images.widened(column, max(x.shape[1] for x in columns)) for column in columns]
    return images.grid(torch.stack(alike, 1).flatten(0, 1), examples * len(columns))
