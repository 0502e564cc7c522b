"""The film of the codes of a model that learns to encode: codes of the same images while it trains, the film once it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np

from genlab.callbacks.observer import Observer
from genlab.callbacks.samples import preserved_rng
from genlab.colouring import require_attribute
from genlab.config.codes_compatibility import models_that_encode
from genlab.config.types import AtLeastTwo, PositiveFloat
from genlab.console import say
from genlab.contracts import ConfigError, DataError, Encodes, Problem
from genlab.data.store.order import repeated
from genlab.data.store.source import PreparedData
from genlab.film.code_map import CodeFrame
from genlab.film.kept import chosen, forget_after, keep
from genlab.inference.encoded import codes_of
from genlab.metrics.code_map import SPLIT, film_codes
from genlab.models.base.model import Model
from genlab.runs.writing import attempt

KEY = "callbacks.latent_map"


class LatentMap(Observer):
    """Keeps codes in ``tables/latent_map/`` before the first batch and every n epochs; writes the film at the end.

    ``images/latent_map.gif`` and ``.html`` show the codes of validation images, the same in every frame, in one plane:
    codes of two numbers as they are, larger ones by the principal components of the last frame. They end with the weights
    of the end, also of a training that was stopped. A resumed run goes on with the frames of its checkpoint. No frame
    draws from the random state of the training.

    Args:
        every_n_epochs: between two frames; a part of one, rounded to whole batches.
        images: whose codes are kept, at most.
        attribute: by which the images of a set without classes are coloured; None: in one colour.
        frames: in the film, at most: of more, some are left out evenly.
    """

    def __init__(
        self, every_n_epochs: PositiveFloat, images: AtLeastTwo, attribute: str | None, frames: AtLeastTwo
    ) -> None:
        super().__init__(1)
        self.every_n_epochs, self.images, self.attribute, self.frames = every_n_epochs, images, attribute, frames
        self.folder = Path()
        self.batches = 1  # of an epoch

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
        """Begin, once it is known how many batches an epoch has."""
        self.batches = int(trainer.num_training_batches)
        self.every_n_batches = max(1, round(self.every_n_epochs * self.batches))
        super().on_train_start(trainer, pl_module)

    def begin(self, model: Model) -> None:
        """Delete frames from after the checkpoint; of a run that begins anew, every one."""
        with attempt(self.kept):
            forget_after(self.kept, model.batches_seen if model.batches_seen else -1)

    def observe(self, model: Model) -> None:
        """Keep the frame of now; training goes on if that fails."""
        with attempt(self.kept):
            keep(self.now(model), self.kept)

    @property
    def kept(self) -> Path:
        """Where the frames are."""
        return self.folder / "tables" / "latent_map"

    def now(self, model: Model) -> CodeFrame:
        """The frame of now."""
        with preserved_rng(model.device):
            code = codes_of(model, self.prepared, SPLIT, self.index).mean.numpy()
        return CodeFrame(model.batches_seen, model.batches_seen / self.batches, self.index, code)

    # ---- film ------------------------------------------------------------------------------------------------------

    def conclude(self, model: Model) -> None:
        """Write the film of the kept frames and of now."""
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
    if code_size(model, prepared, index) < 2:
        what = "codes of one number have no plane"
        raise ConfigError([Problem(KEY, what, "Type: model.latent_dim=2 or more; or callbacks=default")])


def code_size(model: Any, prepared: PreparedData, index: np.ndarray) -> int:
    """How many numbers a code has, from that of an image."""
    with preserved_rng(model.device):
        return codes_of(model, prepared, SPLIT, index).mean.shape[1]
