"""``demo.py`` as a command: what it refuses in one message, before torch where that is possible, and how it ends."""

import re
import signal
import socket
import time
import urllib.request
from types import SimpleNamespace

import pytest
import torch

import untrained
from genlab.apps import demonstrating
from genlab.apps.command import main as door
from genlab.config.compose import compose
from genlab.contracts import ConfigError, DataSpec, Stopped
from genlab.models.base.model import Model
from genlab.pages.demo.abilities import require_showable

from exhibits import run_of, served, told


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_of("vae", tmp_path_factory.mktemp("run"))


class Mute(Model):
    """Nothing that a page could show."""

    def __init__(self, spec, seed):
        super().__init__(spec, torch.optim.SGD, None, seed)
        self.weight = torch.nn.Parameter(torch.zeros(1))


def test_a_port_in_use_is_refused_before_torch_is_imported(run, tmp_path, commands):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, said = commands.answer("demo", f"ckpt={run}", f"port={port}", folder=tmp_path)
    assert code == 2
    assert f"port={port}: is in use by another program" in said
    assert f"Type: port={port + 1}, or port=0" in said
    assert "torch was imported" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("host", ["nowhere.invalid", "203.0.113.7", "a" * 300])
def test_a_host_that_cannot_be_served_on_is_refused(host, run):
    with pytest.raises(ConfigError, match="cannot be served on: .*\n.*host=127.0.0.1"):
        door.run("demo", [f"ckpt={run}", f"host={host}", "port=0"])


def test_a_model_of_points_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is a GAN of toy2d_ring: points, and this page shows pictures"):
        door.run("demo", [f"ckpt={run_of('gan', tmp_path)}", "port=0"])


def test_a_model_that_has_nothing_to_show_is_refused_with_what_it_lacks():
    spec = DataSpec("x", "images", (1, 2, 2), {"train": 1}, "0")
    with pytest.raises(ConfigError, match="is a Mute, which has nothing to show: it has none of Samples, Decodes"):
        require_showable(Mute(spec, 0), spec, "x")


def test_a_dry_run_serves_nothing(run, capsys):
    assert door.run("demo", [f"ckpt={run}", "port=0", "check_only=true"]) == 0
    assert "nothing was served" in capsys.readouterr().err


def test_examples_that_are_asked_for_must_be_found(tmp_path, monkeypatch):
    """Of a set that does not lie here none are shown, and none are downloaded, unless they are asked for."""
    monkeypatch.setattr("genlab.data.files.download.fetch", lambda *_: pytest.fail("it is downloaded"))
    cfg = compose("train", ["model=vae", "data=digits", "model.latent_dim=3"])
    run = untrained.saved(cfg, tmp_path / "run", data___target_="genlab.data.sets.mnist.MNIST", data__name="mnist")
    with served(run, f"paths.data={tmp_path}/none") as server:
        assert told(server)["examples"] == []


def test_who_serves_others_is_told_so(run, capsys, cache):
    with served(run, "host=0.0.0.0", f"paths.cache={cache}") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert "everyone who reaches this machine" in capsys.readouterr().err


@pytest.mark.parametrize("answered", [True, False], ids=["in time", "too late"])
def test_a_signal_waits_a_little_for_the_answer_in_hand_and_then_leaves(answered, monkeypatch):
    """Python that ends while a thread is inside of torch aborts."""
    left = []
    worker = SimpleNamespace(end=lambda patience: answered)
    monkeypatch.setattr(demonstrating, "leave_at_once", left.append)

    def stopped():
        raise Stopped(130)

    with pytest.raises(Stopped):
        demonstrating.serve(SimpleNamespace(serve_forever=stopped), worker)
    assert left == ([] if answered else [130])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_cleanly_while_browsers_are_connected(number, code, run, trainings, tmp_path, cache):
    (output := tmp_path / "said.txt").touch()
    started = ["demo", f"ckpt={run}", "port=0", "device=cpu"]
    process = trainings.command(*started, folder=tmp_path, output=output, GENLAB_CACHE=str(cache))
    until = time.monotonic() + 60
    while not (found := re.search(r"http://\S+", process.said())) and time.monotonic() < until:
        time.sleep(0.05)
    assert found, process.said()
    url = found[0]
    with socket.create_connection((url.split("/")[2].split(":")[0], int(url.split(":")[2].rstrip("/")))):
        assert urllib.request.urlopen(url, timeout=20).status == 200
        process.send_signal(number)
        assert process.wait(30) == code, process.said()
    assert "Traceback" not in process.said()
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=5)
