"""The film of the codes of a model that learns to encode: codes of the same images while it trains, the film once it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np

from genlab.callbacks.checkpoints import passed
from genlab.callbacks.evaluators.encoded import codes_of
from genlab.callbacks.samples import preserved_rng
from genlab.colouring import require_attribute
from genlab.config.codes_compatibility import models_that_encode
from genlab.config.types import AtLeastTwo, PositiveFloat
from genlab.console import say
from genlab.contracts import ConfigError, DataError, Encodes, NonFiniteLoss, Problem, Stopped
from genlab.data.store.order import repeated
from genlab.data.store.source import PreparedData
from genlab.film.code_map import CodeFrame
from genlab.film.kept import chosen, forget_after, keep
from genlab.metrics.code_map import SPLIT, film_codes
from genlab.models.base.model import Model
from genlab.runs.writing import attempt

KEY = "callbacks.latent_map"


class LatentMap(pl.Callback):
    """Keeps codes in ``tables/latent_map/`` before the first batch and every n epochs; writes the film at the end.

    ``images/latent_map.gif`` and ``.html`` show the codes of validation images, the same in every frame, in one plane:
    codes of two numbers as they are, larger ones by the principal components of the last frame. They end with the weights
    of the end, be it that of the training, of a signal that stopped it, or of a loss that was not finite. A resumed run
    goes on with the frames of its checkpoint. Rank 0 alone does anything; no frame draws from the random state of the
    training.

    Args:
        every_n_epochs: between two frames; a part of one, rounded to whole batches.
        images: whose codes are kept, at most.
        attribute: by which the images of a set without classes are coloured; None: in one colour.
        frames: in the film, at most: of more, some are left out evenly.
    """

    def __init__(
        self, every_n_epochs: PositiveFloat, images: AtLeastTwo, attribute: str | None, frames: AtLeastTwo
    ) -> None:
        self.every_n_epochs, self.images, self.attribute, self.frames = every_n_epochs, images, attribute, frames
        self.folder = Path()
        self.training = False
        self.batches = 1  # of an epoch
        self.every_n_batches = 1  # between two frames
        self.looked = 0  # batches seen when it was last asked whether a frame is due

    def attach(self, model: Model, prepared: PreparedData, title: str) -> None:
        """Set whose codes are shown, and of which images: chosen evenly at random, the same for all models.

        Raises:
            ConfigError: the model has no codes, they have no plane, or the set has no such attribute.
        """
        require_attribute(prepared.spec, self.attribute, f"{KEY}.attribute")
        self.prepared, self.title = prepared, title
        count = prepared.spec.sizes[SPLIT]
        self.index = np.sort(repeated(count, min(count, self.images), "codes of a film"))
        require_plane(model, prepared, self.index[:1])

    # ---- frames ----------------------------------------------------------------------------------------------------

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Delete frames from after the checkpoint; keep one of the weights that nothing has moved yet."""
        self.training, self.looked = trainer.is_global_zero, pl_module.batches_seen
        self.batches = int(trainer.num_training_batches)
        self.every_n_batches = max(1, round(self.every_n_epochs * self.batches))
        if self.training:
            with attempt(self.kept):
                forget_after(self.kept, pl_module.batches_seen if pl_module.batches_seen else -1)
            if not pl_module.batches_seen:
                self.keep(pl_module)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Model, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep a frame if one is due, between two updates."""
        if not self.training or pl_module.inside_update():
            return
        before, self.looked = self.looked, pl_module.batches_seen
        if passed(self.every_n_batches, before, self.looked):
            self.keep(pl_module)

    @property
    def kept(self) -> Path:
        """Where the frames are."""
        return self.folder / "tables" / "latent_map"

    def keep(self, model: Model) -> None:
        """Write the frame of now; training goes on if that fails."""
        with attempt(self.kept):
            keep(self.now(model), self.kept)

    def now(self, model: Model) -> CodeFrame:
        """The frame of now."""
        with preserved_rng(model.device):
            code = codes_of(model, self.prepared, SPLIT, self.index).mean.numpy()
        return CodeFrame(model.batches_seen, model.batches_seen / self.batches, self.index, code)

    # ---- film ------------------------------------------------------------------------------------------------------

    def on_train_end(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Write the film."""
        self.end(pl_module)

    def on_exception(self, trainer: pl.Trainer, pl_module: Model, exception: BaseException) -> None:
        """Write the film of a training that was stopped, and of one whose loss was not finite."""
        if isinstance(exception, Stopped | NonFiniteLoss):
            self.end(pl_module)

    def end(self, model: Model) -> None:
        """Write the film of the kept frames and of now, unless that is done already."""
        if not self.training:
            return
        self.training = False
        try:
            with attempt(self.folder / "images" / "latent_map.html"):
                frames = [*chosen(CodeFrame, self.kept, self.frames - 1)]
                if not frames or frames[-1].step != model.batches_seen:
                    frames.append(self.now(model))
                images = self.folder / "images"
                film_codes(self.prepared, self.title, self.attribute, f"{KEY}.attribute", frames, images)
        except DataError as error:
            say(f"WARNING   no film: {error}")


def require_plane(model: Any, prepared: PreparedData, index: np.ndarray) -> None:
    """Refuse a model without codes, and codes of one number.

    Raises:
        ConfigError: with what to type instead.
    """
    if not isinstance(model, Encodes):
        what, remedy = f"{type(model).__name__} has no encode, which gives an image its code", models_that_encode()
        raise ConfigError([Problem(KEY, what, remedy)])
    with preserved_rng(model.device):
        size = codes_of(model, prepared, SPLIT, index).mean.shape[1]
    if size < 2:
        what = "codes of one number have no plane"
        raise ConfigError([Problem(KEY, what, "Type: model.latent_dim=2 or more; or callbacks=default")])
