"""Renamed keys, code and weights. Old names are accepted for one release.

A typed old key is replaced, and a line is printed. The configuration and weights of a checkpoint are converted on load.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from genlab.config import trust
from genlab.config.files import Conf
from genlab.console import say

KEYS: dict[str, tuple[str, dict[str, Any]]] = {  # old key -> new key, old values -> new values
    "buffers": ("norm_buffers", {"tracked": 2018}),
    "data.draw": ("data.subset_seed", {}),
    "model.net.encoding": ("model.net.encoder", {}),
    "model.net.decoding": ("model.net.decoder", {}),
    "metrics.kid": ("metrics.kid", {"false": "null", "true": "{}"}),  # a switch that is now an evaluator
    "way": ("memory", {"frugal": "strips"}),
}
CODE = {  # modules and classes that a ``_target_`` may name, by their beginnings
    "genlab.apps.performance": "genlab.apps.train.performance",
    "genlab.data.celeba": "genlab.data.sets.celeba",
    "genlab.data.digits": "genlab.data.sets.digits",
    "genlab.data.domains": "genlab.data.sets.unpaired_folders",
    "genlab.data.folder": "genlab.data.sets.folder",
    "genlab.data.idx.Idx": "genlab.data.sets.mnist.MNIST",
    "genlab.data.paired_folders": "genlab.data.sets.paired_folders",
    "genlab.data.shapes": "genlab.data.sets.shapes",
    "genlab.data.side_by_side": "genlab.data.sets.side_by_side",
    "genlab.data.toy2d": "genlab.data.sets.toy2d",
    "genlab.models.averages.Averages": "genlab.models.base.ema.EMA",
    "genlab.models.schedules": "genlab.models.base.schedules",
    "genlab.models.step.Step": "genlab.models.base.execution.Execution",
    "genlab.nets.auto.Auto": "genlab.nets.by_size.BySize",
    "genlab.nets.resnet_generator": "genlab.nets.resnet",
    "genlab.runs.tensorboard_log": "genlab.runs.loggers.tensorboard",
    "genlab.runs.wandb_log": "genlab.runs.loggers.wandb",
}
CLASSES = {  # renamed where they are, or moved without a change of what checkpoints hold
    "genlab.callbacks.evaluators.regret.LikelihoodRegret": "genlab.inference.regret.LikelihoodRegret",
    "genlab.data.sets.mnist.Idx": "genlab.data.sets.mnist.MNIST",
    "genlab.models.base.execution.Step": "genlab.models.base.execution.Execution",
    "genlab.nets.by_size.Auto": "genlab.nets.by_size.BySize",
}
FILES: dict[str, Any] = {"range": None, "resample": "bicubic", "max_pixels": 100_000_000}
SIDES = FILES | dict.fromkeys(("channels_a", "channels_b", "resample_a", "resample_b"))
GAINED: dict[str, dict[str, Any]] = {  # arguments that a class has gained, with what it always did before
    "genlab.apps.train.performance.Performance": {"rank_timeout": 600},
    "genlab.callbacks.alarms.Alarms": {"collapsed": 0.0, "collapsing": 0.0, "vanished": 0.0},
    "genlab.callbacks.evaluators.distance.Distance": {"resize": "antialiased", "bootstrap": 0, "floor": False},
    "genlab.runs.loggers.wandb.WandbLog": {"log_model": False},
    "genlab.models.autoencoder.Autoencoder": {
        "logistic_mixtures": 1,
        "output_activation": "linear",
        "mixture": None,
        "penalty": {"_target_": "genlab.models.penalties.none.NoPenalty"},
    },
    "genlab.models.gan.GAN": {
        **{"g_steps": 1, "d_lr": None, "lambda_gp": 0.0, "r1": 0.0, "r2": 0.0, "dragan": 0.0, "penalty_every": 1},
        **{"label_smoothing": 0.0, "instance_noise": 0.0, "augment": [], "pack": 1, "top_k": 1.0, "ema_images": 0},
        "step": {
            "_target_": "genlab.models.base.execution.Execution",
            **{"batched": False, "inplace": True, "grouped_norm": False, "dead_biases": True},
            **{"channels_last": False, "compile": None},
        },
    },
    "genlab.models.cyclegan.CycleGAN": {"r1": 0.0, "r2": 0.0, "lambda_second": 0.0, "mask": 0.0},
    "genlab.models.pix2pix.Pix2Pix": {"r1": 0.0, "r2": 0.0},
    "genlab.models.vae.VAE": {
        "output_activation": "linear",
        "objective": {"_target_": "genlab.models.objectives.elbo.ELBO", "samples": 1},
        "prior": {"_target_": "genlab.models.priors.standard_normal.StandardNormal"},
        "logistic_mixtures": 1,
    },
    "genlab.nets.dcgan.DCGAN": {
        "discriminator_norm": "batch",
        "spectral_norm": False,
        "minibatch_std": 0,
        "condition": "projection",
    },
    "genlab.nets.gan_mlp.GANMLP": {"spectral_norm": False, "minibatch_std": 0, "condition": "projection"},
    "genlab.nets.mlp.MLP": {"norm": "none", "dropout": 0.0},
    "genlab.data.sets.celeba.CelebA": {"binarize": None},
    "genlab.data.sets.digits.Digits": {"binarize": None},
    "genlab.data.sets.folder.Folder": FILES | {"binarize": None},
    "genlab.data.sets.mnist.MNIST": {"binarize": None},
    "genlab.data.sets.shapes.Shapes": {"binarize": None},
    "genlab.data.sets.side_by_side.SideBySide": SIDES,
    "genlab.data.sets.paired_folders.PairedFolders": SIDES,
    "genlab.data.sets.unpaired_folders.UnpairedFolders": SIDES,
}
MEASURES = (
    "genlab.callbacks.measure.Measure",
    "genlab.callbacks.evaluate.Measure",
)  # what measured everything by itself
WEIGHTS = {"averages.": "ema."}  # of the names in a ``state_dict``, by their beginnings


def override(text: str) -> str:
    """A typed override with the current name of its key."""
    sign = text[: len(text) - len(text.lstrip("+~"))]
    key, equals, value = text[len(sign) :].partition("=")
    new, values = current(key)
    if new == key and value not in values:
        return text
    found = f"{new}{equals}{','.join(str(values.get(one, one)) for one in value.split(','))}"
    tell(text[len(sign) :], found)
    return sign + found


def current(key: str) -> tuple[str, dict[str, Any]]:
    """The current name of a typed key, or of the node that it is in; and old values with the new ones."""
    if key in KEYS:
        return KEYS[key]
    node = next((old for old in KEYS if key.startswith(f"{old}.")), "")
    return (KEYS[node][0] if node else "") + key.removeprefix(node), {}


@cache
def tell(old: str, new: str) -> None:
    """Print the note, once per name."""
    say(f"note      {old} is now {new}; the old name goes with the next release")


def target(name: str) -> str:
    """The current name of a ``_target_``."""
    old = next((old for old in CODE if name == old or name.startswith(f"{old}.")), None)
    return CODE[old] + name.removeprefix(old) if old else CLASSES.get(name, name)


def targets(node: Any) -> Any:
    """A plain configuration with the current name of every ``_target_``, and arguments added to its class."""
    if isinstance(node, list):
        return [targets(value) for value in node]
    if not isinstance(node, dict):
        return node
    found = {k: target(v) if k == "_target_" and isinstance(v, str) else targets(v) for k, v in node.items()}
    return GAINED.get(str(found.get("_target_")), {}) | found


def metrics(node: Any) -> Any:
    """Convert the former ``metrics`` node to the current default evaluators, keeping its counts."""
    if not isinstance(node, dict) or node.get("_target_") not in MEASURES:
        return node
    kid = {} if node.get("kid", True) else {"kid": None}
    return Conf().raw("metrics/default") | {k: v for k, v in node.items() if k not in ("_target_", "kid")} | kid


def configuration(plain: dict[str, Any]) -> dict[str, Any]:
    """A whole plain configuration with current names of keys, values and code."""
    found: dict[str, Any] = targets(plain | ({"metrics": metrics(plain["metrics"])} if "metrics" in plain else {}))
    for old, (new, values) in KEYS.items():
        if new == old:
            continue
        *parents, key = old.split(".")
        node: Any = found
        for parent in parents:
            node = node.get(parent) if isinstance(node, dict) else None
        if isinstance(node, dict) and key in node:
            value = node.pop(key)
            node[new.rpartition(".")[2]] = values.get(value, value) if isinstance(value, str) else value
    return found


def checkpoint(kept: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint with current names in its configuration, weights and counters."""
    plain = kept["genlab"] | {"config": configuration(kept["genlab"]["config"])}
    return kept | {
        "genlab": plain,
        "state_dict": weights(kept["state_dict"]),
        "counters": {"updates": 0, **kept["counters"]},  # a model with one loss did not count them
    }


def weights(state: dict[str, Any]) -> dict[str, Any]:
    """A ``state_dict`` with current names."""
    beginnings = {name: next((old for old in WEIGHTS if name.startswith(old)), "") for name in state}
    return {WEIGHTS.get(old, "") + name.removeprefix(old): state[name] for name, old in beginnings.items()}


def is_old(plain: dict[str, Any]) -> bool:
    """Whether a configuration names modules that have moved; such runs' checkpoints store optimisers in another order."""
    return any(target(str(name)) != CLASSES.get(name, name) for _, name in trust.targets(plain))
