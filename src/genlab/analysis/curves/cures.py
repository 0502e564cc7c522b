"""In what the settings of runs differ, and which of these are known as cures of over-fitting."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

LEFT_OUT = {  # what makes no other experiment
    *(
        "paths",
        "logger",
        "callbacks",
        "metrics",
        "checkpoint",
        "performance",
        "slurm",
        "trust",
        "notes",
        "tags",
        "name",
    ),
    *("run_id", "resume", "init_from", "seed", "check_only", "experiment", "choices"),
}
CURES = {  # by the last part of a key
    "weight_decay": "weight decay",
    "dropout": "dropout",
    "hflip": "augmentation",
    "augment": "augmentation",
    "crop_size": "augmentation",
    "corruption": "noise on the input",
    "penalty": "a penalty on the code",
}
NOTHING: tuple[Any, ...] = (None, False, 0, 0.0, [], {}, "")


def settings(config: DictConfig) -> dict[str, Any]:
    """The settings that make an experiment, flat: ``model.optimizer.weight_decay`` and its value."""
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return {key: value for key, value in flat(plain).items() if key.split(".")[0] not in LEFT_OUT}


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one, the keys joined by dots."""
    if not isinstance(value, dict) or not value:
        return {prefix: value}
    return {
        key: one for name, inner in value.items() for key, one in flat(inner, f"{prefix}.{name}".lstrip(".")).items()
    }


def differing(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each run the settings that are not the same in all; a key that a run lacks is None."""
    keys = {key: None for run in runs for key in run}
    apart = [key for key in keys if len({repr(run.get(key)) for run in runs}) > 1]
    return [{key: run.get(key) for key in apart} for run in runs]


def cures(own: dict[str, Any]) -> list[str]:
    """The cures among a run's own settings that are turned on, each once, with their strength where it is a number."""
    found = [(cure_of(key), value) for key, value in own.items() if value not in NOTHING]
    told = [
        f"{name} {value:g}" if isinstance(value, int | float) and value is not True else name
        for name, value in found
        if name
    ]
    return list(dict.fromkeys(told))


def cure_of(key: str) -> str | None:
    """The cure that a key belongs to: by the last of its parts that is one; none of a key that names code."""
    if key.endswith("_target_"):
        return None
    return next((CURES[part] for part in reversed(key.split(".")) if part in CURES), None)


def in_words(own: dict[str, Any]) -> str:
    """The settings in which a run differs, for a table: ``model.optimizer.weight_decay=0.3``; without those that it lacks."""
    return " ".join(
        f"{key}={value}" for key, value in own.items() if value is not None and not key.endswith("_target_")
    )
