"""Multirun: one run for every combination. Hydra expands and launches; every combination is checked before the first starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from genlab.apps.launch import execute, tell
from genlab.config.files import conf_dir
from genlab.contracts import ConfigError, GenlabError, Problem


def sweep(command: str, overrides: list[str]) -> int:
    """Check every combination, then let Hydra run them.

    Raises:
        ConfigError: with the problems of all combinations.
    """
    for cell in combinations(overrides):
        refuse_several_devices(command, cell)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach our door as they are
    return through_hydra(command)


def combinations(overrides: list[str]) -> list[list[str]]:
    """Every combination of ``a=1,2`` as a list of single overrides; empty where another sweeper decides as it goes."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.override_parser.overrides_parser import OverridesParser

    if any(item.startswith("hydra/sweeper=") for item in overrides):
        return []
    parsed = OverridesParser.create().parse_overrides([o for o in overrides if not o.startswith("hydra")])
    return [list(cell) for batch in BasicSweeper.split_arguments(parsed, None) for cell in batch]


def refuse_several_devices(command: str, cell: list[str]) -> None:
    """Compose and check one combination; the ranks of one run would each expand the sweep again."""
    from genlab.config.compose import compose

    cfg = compose(command, cell)
    if command == "train" and cfg.trainer.devices not in (1, "auto", "1"):
        what = "a multirun gives each run one device"
        raise ConfigError([Problem("trainer.devices", what, "Leave -m out, or type: trainer.devices=1")])


def through_hydra(command: str) -> int:
    """Hand the command line to Hydra: sweeps, tab completion, ``--info``."""
    import hydra
    from hydra.core.hydra_config import HydraConfig

    from genlab.config.check import check
    from genlab.config.compose import finished

    codes: list[int] = []

    def job(cfg: DictConfig) -> Any:
        current = HydraConfig.get()
        try:
            whole = finished(cfg, dict(current.runtime.choices))
            check(whole, command)
            folder = Path(current.runtime.output_dir).absolute()
            codes.append(execute(command, whole, list(current.overrides.task), folder))
        except GenlabError as error:  # the other combinations still get their turn
            tell(error)
            codes.append(error.exit_code)

    hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=command)(job)()
    sys.stdout.flush()
    return max(codes, default=0)
