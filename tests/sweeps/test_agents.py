"""The real ``wandb sweep`` and ``wandb agent`` on every file in ``sweeps/``; ``pytest -m wandb_agent`` is the whole of it."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from genlab.config.compose import compose
from genlab.runs.summary import read_summary

from killing import rows
from wandb_server import serving
from wandb_sweeps import cells

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "sweeps").glob("*.yaml"))
COMMAND = ["${env}", "${interpreter}", "${program}", "${args_no_hyphens}"]
GROUPS = {"model", "data", "experiment", "model/optimizer", "remedy", "callbacks"}
SHORT = {"trainer.max_steps": 2, "metrics.val_samples": 60, "metrics.test_samples": 60, "trainer.accelerator": "cpu"}
HEAD = ("# Shows: ", "# Cells: ", "# Time: ", "# Run: python src/sweep.py sweeps/{0}", "# Run: wandb sweep sweeps/{0}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_says_what_it_shows_and_its_cells_are_valid(path, composed):
    text, file = path.read_text(), yaml.safe_load(path.read_text())
    for line in HEAD:
        assert line.format(path.name) in text
    assert (file["program"], file["command"]) == ("src/train.py", COMMAND)
    assert file["metric"]["goal"] in ("minimize", "maximize")
    every = list(cells(file))
    assert f"# Cells: {len(every)}" in text
    for cell in (every[0], every[len(every) // 2], every[-1]):
        cfg = composed(*(f"{key}={value}" for key, value in cell.items()))
        for key, value in cell.items():
            if key not in GROUPS and not str(value).startswith("${"):
                assert OmegaConf.select(cfg, key) == value


def test_both_cycles_of_a_cyclegan_have_one_weight(composed):
    cell = {
        **next(cells(yaml.safe_load((ROOT / "sweeps" / "cyclegan_weights.yaml").read_text()))),
        "model.lambda_cycle_a": 7.0,
    }
    assert composed(*(f"{key}={value}" for key, value in cell.items())).model.lambda_cycle_b == 7.0


@pytest.fixture
def wandb_of(tmp_path, data_root, cache):
    """``wandb_of("agent", …)`` starts W&B's program beside the repository, as a user does; and its server."""
    with serving() as server:
        own = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": "k" * 40, "WANDB_DIR": tmp_path, "WANDB_MODE": "online"}
        own |= {"GENLAB_DATA": data_root, "GENLAB_CACHE": cache, "PYTHONPATH": ROOT / "src"}
        env = {**os.environ, **{key: str(value) for key, value in own.items()}}
        env = {
            key: value for key, value in env.items() if key not in ("WANDB_ENTITY", "WANDB_PROJECT", "GENLAB_RUN_DIR")
        }

        def start(*words):
            return subprocess.Popen(
                ["wandb", *map(str, words)],
                cwd=ROOT,
                env=env,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )

        start.server = server
        yield start


def registered(wandb_of, path, folder, **parameters):
    """Register a copy of the file with further parameters, as its name at W&B."""
    file = yaml.safe_load(path.read_text())
    file["parameters"] |= {key: {"value": value} for key, value in {**parameters, "paths.runs": str(folder)}.items()}
    copy = folder / path.name
    copy.write_text(yaml.safe_dump(file, sort_keys=False))
    said = wandb_of("sweep", "-p", "project", "-e", "me", copy).communicate()[0]
    return re.search(r"wandb agent (\S+)", re.sub(r"\x1b\[[0-9;]*m", "", said)).group(1)


@pytest.mark.wandb_agent
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_agent_starts_two_cells_of_a_file_with_their_values(path, wandb_of, tmp_path):
    limit = {"data.limit": 12} if path.stem == "cyclegan_weights" else {}
    agent = wandb_of("agent", "-f", "--count", "2", registered(wandb_of, path, tmp_path, **SHORT, **limit))
    said = agent.communicate()[0]
    (sweep,) = wandb_of.server.sweeps.sweeps.values()
    assert len(sweep.started) == 2, said
    assert wandb_of.server.runs.keys() == sweep.started.keys()
    for name, cell in sweep.started.items():
        (directory,) = tmp_path.glob(f"*/{name}")
        cfg, run = OmegaConf.load(directory / "config.yaml"), wandb_of.server.runs[name]
        own = compose("train", [f"{key}={value}" for key, value in cell.items()])
        assert (cfg.model, cfg.choices, cfg.seed) == (own.model, own.choices, own.seed)
        for key, value in cell.items():
            if key not in GROUPS and not str(value).startswith("${"):
                assert OmegaConf.select(cfg, key) == value, key
        summary = read_summary(directory / "summary.json")
        assert (summary["status"], summary["steps"], summary["wandb_id"], run.exit) == ("finished", 2, name, 0)
        assert sweep.config["metric"]["name"] in run.summary
        assert any(sweep.config["metric"]["name"] in row for row in run.rows)
        assert "Ignoring" not in (directory / "log.txt").read_text()
        print(name, cell, {key: run.summary[key] for key in [sweep.config["metric"]["name"]]})


@pytest.mark.wandb_agent
def test_a_cell_that_the_scheduler_stops_is_taken_up_by_the_next_agent(wandb_of, tmp_path):
    long = {"trainer.max_epochs": 60, "trainer.log_every_n_steps": 1, "data.limit": 100, "metrics": "none"}
    sweep_id = registered(wandb_of, ROOT / "sweeps" / "beta_latent_grid.yaml", tmp_path, **long)
    agent = wandb_of("agent", "-f", "--count", "1", sweep_id)
    for _ in range(1200):
        if any("epoch   3" in path.read_text() for path in tmp_path.glob("*/*/log.txt")):
            break
        time.sleep(0.1)
    agent.send_signal(signal.SIGUSR1)
    said = agent.communicate()[0]
    (name,) = wandb_of.server.runs
    run = wandb_of.server.runs[name]
    assert (run.exit, run.preempting) == (75, True), said
    (directory,) = tmp_path.glob(f"*/{name}")
    stopped = read_summary(directory / "summary.json")
    assert stopped["status"] == "preempted"
    typed = (directory / "overrides.txt").read_text()
    again = wandb_of("agent", "-f", "--count", "1", sweep_id).communicate()[0]
    assert "Agent received command: resume" in again
    assert "_wandb={" in again
    assert list(tmp_path.glob("*/cell*")) == [directory]
    finished = read_summary(directory / "summary.json")
    assert (finished["status"], run.exit, list(wandb_of.server.runs)) == ("finished", 0, [name]), again
    assert 0 < stopped["steps"] < finished["steps"]
    assert (directory / "overrides.txt").read_text() == typed
    steps = [int(row["step"]) for row in rows(directory / "metrics.csv") if row["train/loss"]]
    assert steps == list(range(1, finished["steps"] + 1))
    assert [row["step"] for row in run.rows if "train/loss" in row] == steps
