"""Cross-field rules: combinations of valid values that are invalid together. One function per rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from genlab.config.codes_compatibility import codes_are_of_encoders
from genlab.config.crop_sizes import cut_fits_networks
from genlab.config.game_compatibility import GAME_RULES
from genlab.config.gradients_compatibility import gradients_are_of_log_odds
from genlab.config.kind_compatibility import model_takes_data
from genlab.config.label_compatibility import model_finds_labels
from genlab.config.landscape_compatibility import landscape_is_of_points
from genlab.config.likelihood_compatibility import likelihood_fits
from genlab.config.likelihood_is_measured import likelihood_is_measured
from genlab.config.mistakes import Mistake
from genlab.config.precisions import clipping_sees_true_gradients, precision_fits_device, weights_stay_precise
from genlab.config.slurm_time import slurm_time_fits
from genlab.config.what_is_analyzed import analysis_has_its_subject
from genlab.config.what_is_evaluated import one_subject
from genlab.contracts import Problem

LEAST_FOR_TC = 8  # images in a batch


def crossed(plain: dict[str, Any]) -> Iterator[Mistake | Problem]:
    """The violations of all rules."""
    for rule in RULES:
        yield from rule(plain)


def training_ends(plain: dict[str, Any]) -> Iterator[Problem]:
    """There must be a last epoch or a last batch."""
    trainer = plain.get("trainer")
    if trainer and trainer["max_epochs"] < 0 and trainer["max_steps"] < 0:
        remedy = "Type: trainer.max_epochs=10 or trainer.max_steps=5000"
        yield Problem("trainer", "the training would never end", remedy)


def warmup_fits(plain: dict[str, Any]) -> Iterator[Problem]:
    """A schedule's warm-up must be shorter than the schedule."""
    schedule = (plain.get("model") or {}).get("schedule") or {}
    if schedule.get("warmup", 0) >= schedule.get("epochs", float("inf")):
        what = f"{schedule['warmup']} epochs of warm-up do not fit into {schedule['epochs']} epochs"
        yield Problem("model.schedule.warmup", what, "Type: model.schedule.warmup=0")


def run_id_is_free(plain: dict[str, Any]) -> Iterator[Problem]:
    """``latest`` is reserved for the link to the newest run."""
    if plain.get("run_id") == "latest":
        yield Problem("run_id=latest", "is the name that always points to the newest run", "Choose another run_id.")


def norms_stay_as_they_are(plain: dict[str, Any]) -> Iterator[Problem]:
    """SyncBatchNorm would replace our batch norms, which support per-image statistics (``inference_norm=batch``)."""
    if (plain.get("trainer") or {}).get("sync_batchnorm"):
        what = "exchanges the batch norms of a network for others, which cannot treat images singly"
        remedy = "Leave it out; batch norm sees data.batch_size images of each device."
        yield Problem("trainer.sync_batchnorm=true", what, remedy)


def batch_has_halves(plain: dict[str, Any]) -> Iterator[Problem]:
    """FactorVAE's discriminator looks at permuted codes of half a batch: one code alone would be its own permutation."""
    model, data = plain.get("model") or {}, plain.get("data") or {}
    if model.get("_target_") == "genlab.models.factor_vae.FactorVAE" and data.get("batch_size", 4) < 4:
        what = "FactorVAE permutes the codes of half a batch, which must be two at least"
        yield Problem(f"data.batch_size={data['batch_size']}", what, "Type: data.batch_size=128")


def batch_has_others(plain: dict[str, Any]) -> Iterator[Problem]:
    """The total correlation of a batch compares the codes of its images: one alone has none."""
    model, data = plain.get("model") or {}, plain.get("data") or {}
    objective, size = (model.get("objective") or {}).get("_target_"), data.get("batch_size", LEAST_FOR_TC)
    if objective == "genlab.models.objectives.tc.TotalCorrelation" and size < LEAST_FOR_TC:
        what = f"the total correlation is estimated from the codes of a batch: {LEAST_FOR_TC} are the least"
        yield Problem(f"data.batch_size={size}", what, "Type: data.batch_size=256")


RULES: tuple[Callable[[dict[str, Any]], Iterator[Mistake | Problem]], ...] = (
    model_takes_data,
    model_finds_labels,
    training_ends,
    warmup_fits,
    cut_fits_networks,
    run_id_is_free,
    precision_fits_device,
    clipping_sees_true_gradients,
    weights_stay_precise,
    norms_stay_as_they_are,
    batch_has_halves,
    batch_has_others,
    *GAME_RULES,
    likelihood_fits,
    slurm_time_fits,
    one_subject,
    analysis_has_its_subject,
    likelihood_is_measured,
    landscape_is_of_points,
    gradients_are_of_log_odds,
    codes_are_of_encoders,
)
