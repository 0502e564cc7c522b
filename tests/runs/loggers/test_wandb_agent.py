"""A run that a W&B agent has started is the one that W&B has made for it."""

import json

import pytest
import wandb

from genlab.apps.train.loggers import wandb_id
from genlab.runs.directory import RunDirectory
from genlab.runs.loggers.wandb_service import PLACES
from genlab.runs.summary import read_summary

from killing import rows
from striking import sends
from wandb_server import serving

LOGGER = {
    "_target_": "genlab.runs.loggers.wandb.WandbLog",
    "project": "p",
    "entity": None,
    "mode": "auto",
    "log_model": False,
}
ID = "cell0"


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server, and the environment that an agent gives to the run that it starts."""
    for name in ("MODE", "SILENT", "NAME", "TAGS", "NOTES"):
        monkeypatch.setenv(f"WANDB_{name}", "")
        monkeypatch.delenv(f"WANDB_{name}")
    for name in PLACES:
        monkeypatch.setenv(name, str(tmp_path / "w"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text("wandb_version: 1\nmodel: {value: vae}\nmodel.latent_dim: {value: 3}\n")
    with serving() as server:
        given = {"BASE_URL": server.url, "API_KEY": "k" * 40, "SWEEP_ID": "sweep0", "RUN_ID": ID, "PROJECT": "of_sweep"}
        for name, value in {**given, "SWEEP_PARAM_PATH": parameters}.items():
            monkeypatch.setenv(f"WANDB_{name}", str(value))
        wandb.teardown()
        yield server
        wandb.teardown()


def test_a_cell_that_is_preempted_says_so_and_goes_on_as_the_same_run_of_the_sweep(server, breakable, capfd):
    job = breakable("vae", logger={"wandb": LOGGER})
    assert job.until(sends("train", 7, "SIGUSR1")).exit_code == 75
    (run,) = server.runs.values()
    assert (run.preempting, run.exit) == (True, 75)
    assert job.until() is None
    assert list(server.runs) == [ID]
    assert run.exit == 0
    assert run.given["project"] == "of_sweep"
    assert read_summary(job.run / "summary.json")["wandb_id"] == ID
    assert [row["step"] for row in run.rows if "train/loss" in row] == list(range(1, 35))
    assert rows(job.run / "metrics.csv")[-1]["test/elbo"] == str(run.summary["test/elbo"])
    assert "warns" not in capfd.readouterr().err
    config = {key: node["value"] for key, node in json.loads(run.given["config"]).items()}
    assert (config["model"], config["model.latent_dim"], config["model.beta"]) == ("vae", 3, 1.0)
    assert config["data"]["limit"] == 170


def test_a_cell_that_is_stopped_otherwise_is_not_given_to_another_agent(server, breakable):
    assert breakable("vae", logger={"wandb": LOGGER}).until(sends("train", 3, "SIGTERM")).exit_code == 143
    (run,) = server.runs.values()
    assert (run.preempting, run.exit) == (False, 143)


def test_outside_of_a_sweep_a_run_keeps_its_own_id(tmp_path, monkeypatch):
    directory = RunDirectory(tmp_path)
    monkeypatch.setenv("WANDB_RUN_ID", ID)
    monkeypatch.setenv("WANDB_SWEEP_ID", "")
    assert wandb_id(directory, "stored") == "stored"
    assert len(wandb_id(directory, None)) == 12
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep0")
    assert wandb_id(directory, "stored") == ID
