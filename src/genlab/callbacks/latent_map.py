"""The film of the codes of a model that learns to encode: codes of the same images while it trains, the film once it ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np

from genlab.callbacks.film import Film
from genlab.callbacks.samples import preserved_rng
from genlab.colouring import require_attribute
from genlab.config.codes_compatibility import models_that_encode
from genlab.config.types import AtLeastTwo, PositiveFloat
from genlab.contracts import ConfigError, Encodes, Problem
from genlab.data.store.order import repeated
from genlab.data.store.source import PreparedData
from genlab.film.code_map import CodeFrame
from genlab.inference.encoded import codes_of
from genlab.metrics.code_map import SPLIT, film_codes
from genlab.models.base.model import Model

KEY = "callbacks.latent_map"


class LatentMap(Film):
    """Films the codes of images before the first batch and every n epochs: ``images/latent_map.gif`` and ``.html``.

    The validation images are the same in every frame, and so is the plane: codes of two numbers as they are, larger ones by
    the principal components of the last frame.

    Args:
        every_n_epochs: between two frames; a part of one, rounded to whole batches.
        images: whose codes are kept, at most.
        attribute: by which the images of a set without classes are coloured; None: in one colour.
        frames: in the film, at most: of more, some are left out evenly.
    """

    name, kind = "latent_map", CodeFrame

    def __init__(
        self, every_n_epochs: PositiveFloat, images: AtLeastTwo, attribute: str | None, frames: AtLeastTwo
    ) -> None:
        super().__init__(1, frames)
        self.every_n_epochs, self.images, self.attribute = every_n_epochs, images, attribute
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

    def on_train_start(self, trainer: pl.Trainer, pl_module: Model) -> None:
        """Begin, once it is known how many batches an epoch has."""
        self.batches = int(trainer.num_training_batches)
        self.every_n_batches = max(1, round(self.every_n_epochs * self.batches))
        super().on_train_start(trainer, pl_module)

    def frame(self, model: Model) -> CodeFrame:
        """The codes of the images."""
        code = codes_of(model, self.prepared, SPLIT, self.index).mean.numpy()
        return CodeFrame(model.batches_seen, model.batches_seen / self.batches, self.index, code)

    def write(self, frames: Sequence[CodeFrame], folder: Path) -> None:
        """Write the film."""
        film_codes(self.prepared, self.title, self.attribute, f"{KEY}.attribute", frames, folder)


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
