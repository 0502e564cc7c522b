"""The configuration of a run that ``resume=PATH`` continues: the run's own, with what is typed beside it on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genlab.config import renamed
from genlab.config.compose import compose
from genlab.config.keys import key_of
from genlab.config.overrides import read
from genlab.contracts import CheckpointError, ConfigError, Problem
from genlab.runs.find import checkpoint_of, follow_latest, require_of_today, run_of

EXPERIMENT = ("model", "data", "seed", "init_from")  # keys that make another experiment,
TUNING = (  # but for these; whether the pictures are the same is for their digest to say
    *("model.optimizer", "model.schedule", "data.batch_size", "data.path", "data.a", "data.b"),
    *("data.on_device", "data.stage", "data.max_pixels", "data.on_error"),
)
OF_ONE_START = ("resume", "run_id", "check_only")  # keys that a run does not keep
ABSENT = object()

Leaves = dict[str, Any]


def path_typed(overrides: list[str]) -> Path | None:
    """PATH of the last ``resume=PATH``; None without one, or for ``resume=auto``."""
    given = [item.value() for item in read(overrides)[0] if item.key_or_group == "resume"]
    typed = given[-1] if given else None
    return None if typed in (None, "auto") else follow_latest(Path(str(typed)).expanduser())


def overrides_with(directory: Path, overrides: list[str]) -> list[str]:
    """The overrides that made the run, then those typed now, which replace them.

    Raises:
        CheckpointError: the run's record is incomplete.
    """
    try:
        own = (directory / "overrides.txt").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CheckpointError(f"resume={directory}: {error}. Start a new run from its weights: init_from=…") from None
    typed = {key_of(text) for text in overrides}
    return [*(text for text in own if key_of(text) not in {*typed, *OF_ONE_START}), *overrides]


def compose_continued(
    path: Path, overrides: list[str], config_dir: Path | None, command: str = "train"
) -> tuple[DictConfig, list[str], list[str]]:
    """The run's saved configuration, changed where the typed overrides change it; all overrides, for its record; and a
    line to print for each difference.

    Raises:
        CheckpointError: there is no run, or an earlier version of genlab made it.
        ConfigError: what is typed makes another experiment of it, or is not valid by itself.
    """
    directory = run_of(path)
    if (checkpoint := checkpoint_of(directory, path)) is not None:
        require_of_today(directory, checkpoint)
    merged = overrides_with(directory.path, overrides)
    cfg = OmegaConf.create(renamed.configuration(directory.configuration()))
    if problems := another_choice(cfg, overrides):
        raise ConfigError(problems)
    own = own_composed(directory.path, config_dir, command)
    typed = compose(command, merged, config_dir)
    changes = changed(leaves_of(own), leaves_of(typed), leaves_of(cfg))
    if problems := another_experiment(changes):
        raise ConfigError(problems)
    for key, (_, new) in changes.items():
        if new is ABSENT:
            drop(cfg, key)
        else:
            OmegaConf.update(cfg, key, new, force_add=True)
    for key in (
        *OF_ONE_START,
        "paths",
        *({"slurm"} & typed.keys()),
    ):  # where things lie is for today's environment to say
        cfg[key] = typed[key]
    told = {key: pair for key, pair in changes.items() if not within(key, ("choices", "slurm"))}
    return cfg, merged, [f"resume    {key}={shown(new)} (was {shown(old)})" for key, (old, new) in told.items()]


def own_composed(directory: Path, config_dir: Path | None, command: str) -> DictConfig:
    """What the run's own overrides compose to today.

    Raises:
        ConfigError: they no longer do.
    """
    own = overrides_with(directory, [])
    try:
        return compose(command, own, config_dir)
    except ConfigError as error:
        first = error.problems[0] if error.problems else error
        what = f"overrides.txt of the run does not fit any more ({' '.join(str(first).split())})"
        remedy = "Type what made it, --config-dir too, or start a new run from its weights: init_from=PATH"
        raise ConfigError([Problem(f"resume={directory}", what, remedy)]) from None


def leaves_of(node: Any, where: str = "") -> Leaves:
    """Every value of a configuration by its key; a list is one value."""
    plain: Any = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    if not isinstance(plain, dict) or not plain:
        return {where: plain}
    parts = (leaves_of(value, f"{where}.{key}" if where else str(key)) for key, value in plain.items())
    return {key: value for part in parts for key, value in part.items()}


def changed(before: Leaves, after: Leaves, saved: Leaves) -> dict[str, tuple[Any, Any]]:
    """Keys that the typed overrides change: the value that the run has, and the one that it is to have."""
    keys = [key for key in {**before, **after} if before.get(key, ABSENT) != after.get(key, ABSENT)]
    pairs = {key: (saved.get(key, ABSENT), after.get(key, ABSENT)) for key in keys if key not in OF_ONE_START}
    return {key: (old, new) for key, (old, new) in pairs.items() if old != new}


def another_experiment(changes: dict[str, tuple[Any, Any]]) -> list[Problem]:
    """A problem for each change that would make another experiment of the run."""
    return [refused(key, old, new) for key, (old, new) in changes.items() if is_experiment(key)]


def another_choice(cfg: DictConfig, overrides: list[str]) -> list[Problem]:
    """The same of a model or a set that is typed and not the run's: its own keys do not fit then."""
    typed = {str(item.key_or_group): item.value() for item in read(overrides)[0]}
    chosen = {key: cfg.choices.get(key) for key in ("model", "data")}
    return [refused(key, old, typed[key]) for key, old in chosen.items() if typed.get(key, old) != old]


def refused(key: str, old: Any, new: Any) -> Problem:
    """What is said of a value that would make another experiment."""
    remedy = "A run keeps its experiment. For another one from its weights: init_from=PATH in place of resume=PATH"
    return Problem(f"{key}={shown(new)}", f"the run was made with {shown(old)}", remedy)


def is_experiment(key: str) -> bool:
    """Whether a run with another value here is another experiment."""
    return key == "model.optimizer._target_" or (within(key, EXPERIMENT) and not within(key, TUNING))


def within(key: str, roots: tuple[str, ...]) -> bool:
    """Whether the key is one of the roots, or lies below one."""
    return any(key == root or key.startswith(f"{root}.") for root in roots)


def drop(cfg: DictConfig, key: str) -> None:
    """Remove a key, where there is one."""
    parent, _, last = key.rpartition(".")
    node = OmegaConf.select(cfg, parent) if parent else cfg
    if OmegaConf.is_dict(node):
        node.pop(last, None)


def shown(value: Any) -> str:
    """A value as it is typed."""
    return "nothing" if value is ABSENT else "null" if value is None else str(value).replace("'", "")
