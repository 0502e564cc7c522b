"""Weights that are missing stop a command before its data is prepared; what is measured with them has their name."""

import pytest
import torch
from omegaconf import OmegaConf

from evaluators import evaluators
from genlab.apps.command import networks
from genlab.apps.command.networks import named, require_networks, stated_files
from genlab.apps.command.paths import prepare
from genlab.apps.train import train
from genlab.apps.train.build import build_model
from genlab.contracts import ConfigError
from genlab.metrics.extractors import weights as room
from genlab.metrics.extractors.weights import Stated

INCEPTION = "metrics.extractor=inception"
SHA256 = "ab12cd34" * 8


@pytest.fixture(autouse=True)
def no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(room, "download", lambda remote, path: ["no answer"])


def test_a_training_without_its_weights_ends_before_the_data(composed, monkeypatch):
    monkeypatch.setattr(train, "prepare", lambda cfg: pytest.fail("prepared"))
    with pytest.raises(ConfigError, match=r"extractor=inception: there is no .*could not be downloaded \(no answer\)"):
        train.ready(composed("model=vae", "data=digits", INCEPTION), None)


def test_ranks_that_another_process_has_started_fetch_nothing(composed, monkeypatch):
    monkeypatch.setattr(train, "require_networks", lambda metrics: pytest.fail("fetched"))
    monkeypatch.setattr(train, "prepare", lambda cfg: 1 / 0)
    monkeypatch.setattr(train, "handed_over", lambda directory: None)
    with pytest.raises(ZeroDivisionError):
        train.ready(composed("model=vae", "data=digits", INCEPTION), None, "run")


@pytest.mark.parametrize(
    ("typed", "networks"),
    [
        ((), []),
        ((INCEPTION,), ["inception"]),
        (("metrics.kid.extractor=dinov2",), ["dinov2"]),
        ((INCEPTION, "metrics.kid.extractor=dinov2"), ["inception", "dinov2"]),
        ((INCEPTION, "metrics.val_samples=0", "metrics.test_samples=0"), []),
        ((INCEPTION, "metrics.val_samples=0"), ["inception"]),
        (("metrics=none", INCEPTION), []),
        (("metrics=[default,fid_tf]",), ["inception"]),
        (("metrics=[none,fid_clean]",), []),
        (("metrics=[none,fid_clean]", "metrics.test_samples=2"), ["inception"]),
        (("metrics.extractor=clip",), ["clip"]),
    ],
)
def test_the_networks_of_evaluators_with_something_to_measure_are_needed(typed, networks, composed):
    assert named(composed("model=vae", "data=digits", *typed).metrics) == networks


def test_what_is_said_of_a_file_reaches_it(composed, monkeypatch):
    asked = []
    monkeypatch.setattr(networks, "make_ready", asked.append)
    typed = ("metrics.weights.inception.path=/x/y.pth", f"metrics.weights.inception.sha256={SHA256}")
    cfg = composed("model=vae", "data=digits", INCEPTION, *typed)
    require_networks(cfg.metrics)
    assert stated_files(cfg.metrics)["inception"] == Stated("/x/y.pth", SHA256)
    assert [(str(one.path), one.sha256) for one in asked] == [("/x/y.pth", SHA256)]
    assert stated_files(OmegaConf.create({"extractor": "inception"})) == {}, "of a run of an earlier release"


def test_names_tell_the_rule_of_resizing_and_weights_that_are_not_the_published_ones(composed, tmp_path):
    file = tmp_path / "mine.pth"
    file.touch()
    own = (f"metrics.weights.inception.path={file}", f"metrics.weights.inception.sha256={SHA256}")
    cfg = composed("model=vae", "data=digits", INCEPTION, "metrics=[default,fid_tf,fid_clean]", *own)
    data = prepare(cfg)
    torch.manual_seed(0)
    evaluate = evaluators(cfg, build_model(cfg, data.spec), data, tmp_path)
    now, fitting = evaluate.stages["test"]
    names = {name for one in fitting for name in one.names(now)}
    for rule in ("fid", "fid_tf", "fid_clean"):
        assert any(name.startswith(f"{rule}_inception_ab12cd34_10000") for name in names)
