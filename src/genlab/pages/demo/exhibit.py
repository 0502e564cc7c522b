"""A trained model, made ready for the page: what the page is told of it once, and who answers it from then on."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor

from genlab.contracts import CheckpointError, DataSpec
from genlab.models.base.labels import for_model
from genlab.pages.demo.abilities import Abilities
from genlab.pages.demo.answers import Answers
from genlab.pages.demo.directions import Directions, newest_directions
from genlab.pages.demo.examples import LOOKED_AT, Examples
from genlab.pages.demo.labels import label_tensor, offered, usual
from genlab.pages.demo.latents import Latents, described, latents_of
from genlab.pages.demo.sounds import SOUNDS
from genlab.pages.demo.uploads import PICTURES, Kind, Limits
from genlab.runs.find import folder_of
from genlab.runs.load import Loaded
from genlab.runs.summary import NAME, read_summary

DRAWN = 4096  # codes that tell how far a slider goes
TWO_SIDES = re.compile(r"([a-z]+)2([a-z]+)")  # horse2zebra


@dataclass(frozen=True)
class Exhibit:
    """``told``: what the page knows of the model, as plain values; ``answers``: to all that it asks later."""

    told: dict[str, Any]
    answers: Answers

    @classmethod
    def of(cls, loaded: Loaded, able: Abilities, examples: Examples, side: int, limits: Limits) -> Exhibit:
        """Look at the model: its latents are ranged and ranked, which takes up to some seconds."""
        found = codes_and_pictures(loaded.model, able, examples)
        latents = None if found is None else latents_of(loaded.model, *found)
        able = replace(able, decodes=able.decodes and latents is not None)
        size = 0 if latents is None else len(latents.start)
        told = {
            "title": title(loaded),
            "about": about(loaded, size),
            "able": asdict(able) | {"looks": able.looks},
            "shape": list(loaded.spec.shape),
            "labels": offered(loaded.model),
            "label": usual(loaded.model),
            "sides": sides(loaded),
            "examples": examples.shown(),
            "score": score(loaded, able),
            "limits": {"size": limits.size, "kinds": kind_of(loaded.spec).formats, "side": side},
            "sound": {"seconds": limits.seconds} if loaded.spec.sound else None,
            **codes_told(loaded, latents if able.decodes else None),
        }
        return cls(told, Answers(loaded.model, able, size, side))


def codes_and_pictures(
    model: Any, able: Abilities, examples: Examples
) -> tuple[Tensor, Tensor | None, Tensor | None] | None:
    """Usual codes, [N, D]; pictures to rank the latents by, and labels; None of a model without codes."""
    real = examples.images(model.device, model.weight_dtype) if able.encodes else None
    codes = usual_codes(model, able, real)
    if codes is None or not (able.decodes or able.encodes):
        return None
    if real is not None or not able.decodes:
        return (codes, *(real or (None, None)))
    label = labels_in_turn(model, min(len(codes), LOOKED_AT))
    own = model.decode(codes[:LOOKED_AT], **for_model(model, label)) if able.encodes else None
    return codes, own, label


def usual_codes(model: Any, able: Abilities, real: tuple[Tensor, Tensor | None] | None) -> Tensor | None:
    """Draws, or where there is nothing to draw from codes of real pictures, or of a grey one. -> [N, D]."""
    if able.draws:
        return torch.as_tensor(model.draw(DRAWN, seed=None))
    if able.encodes:
        grey = torch.full((1, *model.spec.shape), 0.5, device=model.device, dtype=model.weight_dtype)
        x, label = real or (grey, labels_in_turn(model, 1))
        return torch.as_tensor(model.encode(x, **for_model(model, label)).mean)
    size = getattr(model, "latent_dim", None)
    stream = torch.Generator().manual_seed(0)
    return None if size is None else torch.randn(DRAWN, size, generator=stream).to(model.device, model.weight_dtype)


def labels_in_turn(model: Any, count: int) -> Tensor | None:
    """A label for each of ``count`` pictures: the classes in turn, or attributes at 0; None of a model that takes none."""
    classes = model.spec.classes
    return label_tensor([i % classes if classes else usual(model) for i in range(count)], model)


# ---- what the page is told -------------------------------------------------------------------------------------------


def title(loaded: Loaded) -> str:
    """Model and data set."""
    model = OmegaConf.select(loaded.config, "choices.model") or type(loaded.model).__name__
    return f"{model} on {loaded.spec.name}"


def about(loaded: Loaded, size: int) -> str:
    """Which run, how long it was trained, and how large it is."""
    name, folder = OmegaConf.select(loaded.config, "name"), folder_of(loaded.path).name
    facts = [f"run {name}/{folder}" if name else "", f"batch {loaded.step:,}" if loaded.step else ""]
    facts += [extent(loaded.spec), f"{size} latents" if size else ""]
    return " · ".join(filter(None, facts))


def extent(spec: DataSpec) -> str:
    """How large its images are, or how finely it hears."""
    if spec.sound:
        return f"{spec.sound.n_mels} bands at {spec.sound.sample_rate:,} Hz"
    height, width = spec.shape[1:]
    return f"{height} x {width} pixels"


def kind_of(spec: DataSpec) -> Kind:
    """What files the model takes."""
    return SOUNDS if spec.sound else PICTURES


def sides(loaded: Loaded) -> list[str]:
    """What the two sides of a translation are called: by the set's name where it tells, else A and B."""
    found = TWO_SIDES.fullmatch(loaded.spec.name)
    names = list(found.groups()) if found else ["A", "B"]
    return names[::-1] if found and OmegaConf.select(loaded.config, "data.direction") == "BtoA" else names


def score(loaded: Loaded, able: Abilities) -> dict[str, Any] | None:
    """What the score is called, and its mean over the test images of the run, where that is known; None: there is none."""
    if not able.scores:
        return None
    name = "−ELBO" if able.bounds else f"−log p(x | {'its code' if able.encodes else 'what is made of it'})"
    return {"name": f"{name} in nats", "typical": None if able.corrupts else typical_score(loaded, able)}


def typical_score(loaded: Loaded, able: Abilities) -> float | None:
    """The mean score of the test images, from the run's summary, which is that of its last weights."""
    path = folder_of(loaded.path) / NAME
    if loaded.path.name != "last.ckpt" or not path.is_file():
        return None
    try:
        metrics = read_summary(path).get("metrics", {})
    except CheckpointError:
        return None
    value = metrics.get("test/elbo" if able.bounds else "test/recon")
    return None if value is None else -value if able.bounds else value


def codes_told(loaded: Loaded, latents: Latents | None) -> dict[str, Any]:
    """Latents, and directions of attributes where an analysis has found some."""
    if latents is None:
        return {"latents": None, "directions": asdict(Directions())}
    found = newest_directions(folder_of(loaded.path), len(latents.start))
    return {"latents": described(loaded.model, latents), "directions": asdict(found)}
