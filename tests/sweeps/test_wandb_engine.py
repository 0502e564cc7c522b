"""A sweep file at W&B: registered without a question, with the line that starts an agent."""

import shlex
import signal
import subprocess
import time

import pytest
import wandb

from genlab.contracts import ConfigError, GenlabError
from genlab.runs.loggers.wandb_service import PLACES
from genlab.sweeps.wandb_engine import agent_command, array_command, next_steps, register

from wandb_server import serving

FILE = """
program: src/train.py
method: grid
parameters: {model.beta: {values: [1, 4]}, model/optimizer: {value: sgd}}
command: ["${env}", "${interpreter}", "${program}", "${args_no_hyphens}"]
"""

AGENT = """#!/bin/bash
trap "sleep 0.2; echo saved; exit 0" USR1
echo "$@"
for _ in {1..50}; do sleep 0.1; done
"""


@pytest.fixture
def file(monkeypatch, tmp_path):
    """A sweep file, before W&B knows anything of its user."""
    for name in ("MODE", "API_KEY", "BASE_URL", "PROJECT", "ENTITY", "SILENT", "SWEEP_ID", "RUN_ID"):
        monkeypatch.setenv(f"WANDB_{name}", "")  # so that it is put back, whoever sets it meanwhile
        monkeypatch.delenv(f"WANDB_{name}")
    for name in PLACES:
        monkeypatch.setenv(name, str(tmp_path / "w"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.chdir(tmp_path)
    wandb.teardown()
    path = tmp_path / "beta.yaml"
    path.write_text(FILE)
    yield path
    wandb.teardown()


@pytest.fixture
def server(file, monkeypatch):
    with serving() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
        yield server
        wandb.teardown()


def test_a_file_is_registered_and_said_how_to_start_it(file, server, capsys):
    sweep_id = register(file, None, None)
    assert sweep_id == "me/genlab/sweep0"
    assert server.sweeps.sweeps["sweep0"].config["parameters"].keys() == {"model.beta", "model/optimizer"}
    assert server.sweeps.sweeps["sweep0"].project["name"] == "genlab"
    assert "wandb agent -f me/genlab/sweep0" in next_steps(sweep_id)
    assert capsys.readouterr().out == ""


def test_project_and_entity_are_those_typed_else_of_the_environment_else_of_the_file(file, server, monkeypatch):
    file.write_text(FILE + "project: files\nentity: team\n")
    assert register(file, None, None) == "team/files/sweep0"
    monkeypatch.setenv("WANDB_PROJECT", "environment")
    assert register(file, None, None) == "team/environment/sweep1"
    assert register(file, "typed", "other") == "other/typed/sweep2"
    assert [sweep.project["name"] for sweep in server.sweeps.sweeps.values()] == ["files", "environment", "typed"]


def test_without_a_login_nothing_is_asked(file, monkeypatch):
    with pytest.raises(ConfigError, match=r"(?s)no key for W&B.*Type: wandb login. .*src/sweep.py"):
        register(file, None, None)
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    wandb.teardown()
    with pytest.raises(ConfigError, match="http://127.0.0.1:9 does not answer"):
        register(file, None, None)


def test_a_server_that_refuses_is_said_in_a_line(file, server):
    server.refuses = 400
    with pytest.raises(GenlabError, match=r"W&B does not take .*beta.yaml: ") as caught:
        register(file, None, None)
    assert "\n" not in str(caught.value)


def test_a_job_of_an_array_leaves_with_75_only_where_it_was_signalled(tmp_path):
    """A stand-in for the agent: it takes the signal, lets its run save, and leaves with 0."""
    agent = tmp_path / "wandb"
    agent.write_text(
        '#!/bin/bash\ntrap "sleep 0.2; echo saved; exit 0" USR1\necho "$@"\nfor _ in {1..50}; do sleep 0.1; done\n'
    )
    agent.chmod(0o755)
    words = array_command("me/genlab/sweep0")
    assert agent_command("me/genlab/sweep0") == "wandb agent -f me/genlab/sweep0"
    process = subprocess.Popen(words, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "agent -f --count 1 me/genlab/sweep0\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGUSR1)
    assert process.stdout.read() == "saved\n"
    assert process.wait() == 75
    agent.write_text("#!/bin/bash\nexit 0\n")
    assert subprocess.run(words, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}).returncode == 0
    assert shlex.join(words)
