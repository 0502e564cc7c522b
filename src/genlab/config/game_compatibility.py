"""Rules of adversarial training: which losses, penalties and remedies go together, and with which data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from genlab.config.channel_growth import channels_end
from genlab.config.kind_compatibility import attribute
from genlab.contracts import Problem

PENALTIES = ("lambda_gp", "r1", "r2", "dragan")
SMOOTHED = ("non_saturating", "saturating", "least_squares")


def penalties_of(plain: dict[str, Any]) -> list[str]:
    """The keys of the penalties that a model has; a schedule counts as one."""
    model = plain.get("model") or {}
    return [key for key in PENALTIES if model.get(key)]


def critic_is_penalised(plain: dict[str, Any]) -> Iterator[Problem]:
    """A Wasserstein critic is unbounded without a gradient penalty."""
    model = plain.get("model") or {}
    if model.get("loss") == "wasserstein" and "lambda_gp" in model and not penalties_of(plain):
        yield Problem("model.lambda_gp", "a Wasserstein critic needs a gradient penalty", "Type: model.lambda_gp=10")


def penalty_fits(plain: dict[str, Any]) -> Iterator[Problem]:
    """A gradient penalty is per image (so no batch norm) and needs second derivatives (so no compilation)."""
    model = plain.get("model") or {}
    if not penalties_of(plain):
        return
    for key, other in (("discriminator.norm", "instance"), ("net.discriminator_norm", "none")):
        node, name = key.split(".")
        if (model.get(node) or {}).get(name) == "batch":
            what = "with batch norm the gradient penalty of an image would depend on the others"
            yield Problem(f"model.{key}", what, f"Type: model.{key}={other}")
    if (model.get("step") or {}).get("compile"):
        what = "compiled networks have no second derivative, which the gradient penalty takes"
        yield Problem("model.step.compile", what, "Type: model.step.compile=null")


def smoothing_has_target(plain: dict[str, Any]) -> Iterator[Problem]:
    """Label smoothing lowers the target of real images: some losses have none."""
    model = plain.get("model") or {}
    if model.get("label_smoothing") and model.get("loss") not in SMOOTHED:
        what = f"the loss {model.get('loss')} has no target that could be smoothed"
        remedy = "Type: model.label_smoothing=0, or model.loss=non_saturating (or saturating, least_squares)"
        yield Problem("model.label_smoothing", what, remedy)


def packs_fill_batches(plain: dict[str, Any]) -> Iterator[Problem]:
    """A batch is made of whole packs."""
    pack, size = (plain.get("model") or {}).get("pack", 1), (plain.get("data") or {}).get("batch_size")
    if size and size % pack:
        what = f"packs of {pack} do not divide a batch of {size}"
        whole = max(pack, size // pack * pack)
        yield Problem("model.pack", what, f"Type: data.batch_size={whole} or model.pack=1")


def augmentation_is_of_images(plain: dict[str, Any]) -> Iterator[Problem]:
    """DiffAugment changes colours and places; points have neither."""
    model, data = plain.get("model") or {}, plain.get("data") or {}
    if model.get("augment") and attribute(data, "kind") == "points":
        what = "changes colours and places of images, and the data are points"
        yield Problem("model.augment", what, "Type: model.augment=[]")


GAME_RULES: tuple[Callable[[dict[str, Any]], Iterator[Problem]], ...] = (
    critic_is_penalised,
    penalty_fits,
    smoothing_has_target,
    packs_fill_batches,
    augmentation_is_of_images,
    channels_end,
)
