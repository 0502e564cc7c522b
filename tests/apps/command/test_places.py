"""Folders that a command is told to write to: one that cannot be made is refused before the work, by every command."""

import os
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from genlab.apps.command.commands import names
from genlab.apps.command.multirun import sweep
from genlab.apps.command.paths import output_folder, require_cache
from genlab.apps.command.run import configuration
from genlab.contracts import ConfigError
from genlab.files import obstacle

NEEDED = {command: ["ckpt=x"] for command in ("evaluate", "export", "generate", "translate", "demo")}
NEEDED |= {
    "translate": ["ckpt=x", "input=y"],
    "doctor": ["run=x"],
    "sweep": ["file=x"],
    "analyze": ["what=game"],
    "report": ["runs=x"],
}


@pytest.fixture
def file(tmp_path):
    """A file where a folder is wanted."""
    (tmp_path / "file").touch()
    return tmp_path / "file"


@pytest.mark.parametrize("command", names())
def test_a_cache_that_cannot_be_made_is_refused_by_every_command(command, file):
    typed = [*NEEDED.get(command, []), f"paths.cache={file}/cache"]
    with pytest.raises(ConfigError) as caught:
        configuration(command, typed, None)
    assert str(caught.value).startswith(f"paths.cache={file}/cache: cannot be made: {file}: Not a directory\n")
    assert "paths.cache=DIR" in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        sweep(command, [*typed, "seed=0,1"])
    assert len(caught.value.problems) == 1


def test_a_cache_that_is_there_need_not_be_writable(tmp_path, monkeypatch):
    monkeypatch.setattr("genlab.apps.command.paths.obstacle", lambda path: f"{path}: Read-only file system")
    cfg = OmegaConf.create({"paths": {"cache": str(tmp_path)}})
    require_cache(cfg)
    require_cache(OmegaConf.create({"paths": {"cache": None}}))
    cfg.paths.cache = str(tmp_path / "new")
    with pytest.raises(ConfigError, match="Read-only file system"):
        require_cache(cfg)


def test_nothing_stands_in_the_way_of_a_folder_that_can_be_made(tmp_path, file):
    assert obstacle(tmp_path / "a" / "b") == obstacle(tmp_path) == ""
    assert obstacle(file) == obstacle(file / "a") == f"{file}: Not a directory"
    assert obstacle(file.parent / "file" / "a" / "b") == f"{file}: Not a directory"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="a place where not even root can write")
def test_a_place_where_nobody_can_write_is_named():
    assert obstacle(Path("/proc/nowhere/x")).startswith("/proc: ")


def test_an_output_that_cannot_be_written_is_refused(file, tmp_path):
    cfg = OmegaConf.create({"output": f"{file}/x"})
    with pytest.raises(ConfigError, match=rf"output={file}/x: cannot be written: {file}: Not a directory"):
        output_folder(cfg, tmp_path / "checkpoints" / "last.ckpt", "generate")


def test_two_results_of_one_second_do_not_share_a_folder(tmp_path):
    cfg, checkpoint = OmegaConf.create({"output": None}), tmp_path / "checkpoints" / "last.ckpt"
    first = output_folder(cfg, checkpoint, "generate")
    assert first.parent == tmp_path / "generate"
    first.mkdir(parents=True)
    assert output_folder(cfg, checkpoint, "generate") != first
