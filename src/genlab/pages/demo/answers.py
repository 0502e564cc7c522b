"""What the model answers the page: pictures of codes and of seeds, what it makes of a picture, translations."""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from genlab.contracts import DataSpec
from genlab.data.files.decode import Reading
from genlab.images import from_uint8
from genlab.models.base.labels import for_model
from genlab.models.base.translation import Direction
from genlab.pages.demo.abilities import Abilities
from genlab.pages.demo.labels import is_number, label_tensor, usual
from genlab.pages.demo.pictures import data_uri, data_uri_of_bytes
from genlab.pages.demo.refused import Refused, unfit
from genlab.pages.demo.sounds import sound_of
from genlab.pages.demo.spoken import translation
from genlab.pages.demo.uploads import cut_to_fit, made_smaller
from genlab.sound.reading import Header

Answer = dict[str, Any]
T = TypeVar("T")
MOST = 24  # pictures of one answer
SEEDS = 2**32
TOO_LARGE = "There is not enough memory for a file of this size. Make it smaller."


class Answers:
    """Asks the model; to be called from one thread, but for what only reads files.

    Args:
        model: in evaluation mode, on its device.
        able: what it can do.
        code_size: D; 0 of a model without codes.
        side: pixels of the longer side to which larger pictures are made smaller before they are translated.
    """

    def __init__(self, model: Any, able: Abilities, code_size: int, side: int) -> None:
        self.model, self.able, self.code_size, self.side = model, able, code_size, side
        self.spec: DataSpec = model.spec

    # ---- codes and seeds ---------------------------------------------------------------------------------------------

    def decode(self, asked: Answer) -> Answer:
        """Pictures of ``codes``, each of its own of ``labels``.

        Raises:
            Refused: they are no codes or labels of this model.
        """
        self.require(self.able.decodes, "decode codes")
        codes = self.codes(asked.get("codes"))
        return {"pictures": list(map(data_uri, self.decoded(codes, self.labels(asked, len(codes)))))}

    def sample(self, asked: Answer) -> Answer:
        """A picture of each of ``seeds``, those of ``generate.py n=1 seed=…``, and their codes where they are known.

        Raises:
            Refused: they are no seeds, or the labels are none of this model.
        """
        self.require(self.able.samples, "make pictures from a seed")
        seeds = self.seeds(asked.get("seeds"))
        label = self.labels(asked, len(seeds))
        if self.able.draws:
            codes = torch.cat([self.model.draw(1, seed=seed) for seed in seeds])
            return {"pictures": list(map(data_uri, self.decoded(codes, label))), "codes": codes.tolist()}
        own = [None] * len(seeds) if label is None else [one[None] for one in label]
        made = [self.model.sample(1, seed=s, **for_model(self.model, y)) for s, y in zip(seeds, own, strict=True)]
        return {"pictures": list(map(data_uri, torch.cat(made)))}

    def decoded(self, codes: Tensor, label: Tensor | None) -> Tensor:
        """Images of codes. [B, D] -> [B, C, H, W]."""
        made: Tensor = self.model.decode(codes, **for_model(self.model, label))
        return made

    # ---- pictures ----------------------------------------------------------------------------------------------------

    def to_look_at(self, path: Path) -> np.ndarray:
        """A file as the model sees it, uint8 [C, H, W]; in any thread.

        Raises:
            Refused: it cannot be read, or the model does not look at pictures.
        """
        self.require(self.able.looks, "look at pictures")
        return cut_to_fit(path, self.spec.shape[1:], self.reading("a"))  # type: ignore[arg-type]

    def to_translate(self, path: Path, direction: str) -> np.ndarray | tuple[Header, np.ndarray]:
        """A picture, made smaller if it is large, uint8 [C, H, W]; or a sound and its header; in any thread.

        Raises:
            Refused: it cannot be read, or there is no such direction.
        """
        self.require(direction in self.able.directions, f"translate {direction}")
        if self.spec.sound:
            return sound_of(path)
        return made_smaller(path, self.side, self.reading("a" if direction == "AtoB" else "b"))

    def look(self, pixels: np.ndarray, label: Any, inverted: bool) -> Answer:
        """What the model sees of a picture; its code, reconstruction and score, as far as it has them.

        Raises:
            Refused: the label is none of this model.
        """
        x = self.seen(255 - pixels if inverted else pixels)
        given = for_model(self.model, label_tensor([usual(self.model) if label is None else label], self.model))
        found: Answer = {"seen": data_uri(x[0])}
        if self.able.encodes:
            found["code"] = self.model.encode(x, **given).mean[0].tolist()
        if self.able.scores:
            score = float(self.model.score(x, **given)[0])
            found["score"] = score if math.isfinite(score) else None
        if self.able.corrupts:
            x = self.model.corrupt(x, torch.zeros(1, dtype=torch.int64, device=x.device))
            found["corrupted"] = data_uri(x[0])
        if self.able.reconstructs:
            found["reconstruction"] = data_uri(self.model.reconstruct(x, **given)[0])
        return found

    def translate(self, given: np.ndarray | tuple[Header, np.ndarray], direction: Direction) -> Answer:
        """What ``to_translate`` has read, and its translation.

        Raises:
            Refused: there is too little memory.
        """
        if isinstance(given, tuple):
            return with_memory(lambda: translation(self.model, self.spec, *given, direction))
        return self.translated(given, direction)

    def translated(self, pixels: np.ndarray, direction: Direction) -> Answer:
        """The same of a picture."""
        made = with_memory(lambda: self.model.translate(self.tensor(pixels), direction))
        return {"seen": data_uri_of_bytes(pixels), "made": data_uri(made[0])}

    def seen(self, pixels: np.ndarray) -> Tensor:
        """An image as the model was trained on: black and white where those were. uint8 [C, H, W] -> [1, C, H, W]."""
        x = self.tensor(pixels)
        return (x >= 0.5).to(x) if self.spec.binarized else x

    def tensor(self, pixels: np.ndarray) -> Tensor:
        """uint8 [C, H, W] -> [1, C, H, W] in [0, 1], on the device."""
        return from_uint8(torch.from_numpy(np.array(pixels))[None].to(self.model.device), self.model.weight_dtype)

    def reading(self, side: Any) -> Reading:
        """How files are read: as the images of that side were."""
        return Reading(self.spec.channels(side), self.spec.range)

    # ---- what is asked for -------------------------------------------------------------------------------------------

    def require(self, able: bool, what: str) -> None:
        """Refuse what the model cannot do.

        Raises:
            Refused: with its name.
        """
        if not able:
            raise unfit(f"{type(self.model).__name__} cannot {what}.")

    def codes(self, given: Any) -> Tensor:
        """Some lists of D numbers each. -> [B, D].

        Raises:
            Refused: they are something else.
        """
        size = self.code_size
        rows = given if isinstance(given, list) and 0 < len(given) <= MOST else [None]
        if not all(isinstance(row, list) and len(row) == size and all(map(is_number, row)) for row in rows):
            raise unfit(f"codes: 1 to {MOST} lists of {size} numbers each are wanted.")
        return torch.tensor(rows, dtype=self.model.weight_dtype, device=self.model.device)

    def labels(self, asked: Answer, count: int) -> Tensor | None:
        """``labels``, or the usual one for all.

        Raises:
            Refused: they are not as many as the pictures, or none of this model.
        """
        given = asked.get("labels")
        rows = [usual(self.model)] * count if given is None else given
        if not isinstance(rows, list) or len(rows) != count:
            raise unfit(f"labels: a list of {count} is wanted.")
        return label_tensor(rows, self.model)

    def seeds(self, given: Any) -> list[int]:
        """Some whole numbers.

        Raises:
            Refused: they are something else.
        """
        rows: list[Any] = given if isinstance(given, list) and 0 < len(given) <= MOST else [None]
        if not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one < SEEDS for one in rows):
            raise unfit(f"seeds: 1 to {MOST} whole numbers from 0 to {SEEDS - 1} are wanted.")
        return rows


def with_memory(make: Callable[[], T]) -> T:
    """What ``make`` gives.

    Raises:
        Refused: there is too little memory for it.
    """
    try:
        return make()
    except (MemoryError, RuntimeError) as error:
        if not any(words in str(error).lower() for words in ("memory", "alloc")):
            raise
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE) from error
