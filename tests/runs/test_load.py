"""What a checkpoint brings with it, and what it does not get to say: whom to trust, and where things lie."""

import pytest
import torch

import untrained
from genlab.apps.command import main as door
from genlab.contracts import CheckpointError, ConfigError
from genlab.runs.load import load, load_run, load_weights

VAE = ["model=vae", "data=digits", "model.latent_dim=2"]


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """A package that leaves a file when it is imported."""
    (tmp_path / "strange.py").write_text(
        f"open({str(tmp_path / 'imported')!r}, 'w').close()\n"
        "from genlab.nets.mlp import MLP as Net\nfrom genlab.data.sets.digits import Digits as Set\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "imported"


def test_a_checkpoint_is_the_model_its_counters_its_configuration_and_its_set(composed, tmp_path):
    run = untrained.saved(composed(*VAE), tmp_path / "run")
    loaded = load_run(run)
    again = load_run(run / "checkpoints" / "last.ckpt")
    assert loaded.step == 0
    assert loaded.config.model.latent_dim == 2
    assert (loaded.spec.name, loaded.spec.shape) == ("digits", (1, 8, 8))
    assert not loaded.model.training
    for name, weight in loaded.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name])


def test_code_that_a_checkpoint_trusts_is_not_run_before_the_user_trusts_it(composed, stranger, tmp_path):
    run = untrained.saved(composed(*VAE), tmp_path / "run", trust=["strange"], model__net___target_="strange.Net")
    for ask in (load, load_run):
        with pytest.raises(ConfigError, match=r"strange\.Net is code that is not trusted\n.*trust=\[strange\]"):
            ask(run)
    assert not stranger.exists()


def test_a_set_that_a_checkpoint_trusts_is_not_made_before_the_user_trusts_it(composed, stranger, tmp_path):
    run = untrained.saved(composed(*VAE), tmp_path / "run", trust=["strange"], data___target_="strange.Set")
    for command, more in (("evaluate", ["metrics=none"]), ("generate", ["what=reconstruct"])):
        with pytest.raises(ConfigError, match=r"strange\.Set is code that is not trusted"):
            door.run(command, [f"ckpt={run}", *more])
    assert not stranger.exists()
    assert door.run("generate", [f"ckpt={run}", "what=reconstruct", "n=1", "trust=[strange]"]) == 0
    assert stranger.exists()


def test_where_things_lie_is_never_read_from_a_checkpoint(composed, pictures, tmp_path):
    cfg = composed("model=vae", "data=folder", f"data.path={pictures}", "data.image_size=8", "model.latent_dim=2")
    elsewhere = {key: str(tmp_path / "elsewhere") for key in ("data", "runs", "cache")}
    run = untrained.saved(cfg, tmp_path / "run", paths=elsewhere)
    here = [f"ckpt={run}", f"paths.cache={tmp_path}/here"]
    assert door.run("evaluate", [*here, "metrics.test_samples=0", "metrics.val_samples=0"]) == 0
    assert door.run("generate", [*here, "what=reconstruct", "n=2"]) == 0
    assert (tmp_path / "here" / "store").is_dir()
    assert not (tmp_path / "elsewhere").exists()


def test_a_run_starts_from_the_weights_of_another_and_refuses_those_of_other_networks(composed, tmp_path):
    run = untrained.saved(composed(*VAE), tmp_path / "run")
    other = load(untrained.saved(composed(*VAE, "seed=1"), tmp_path / "other"))
    assert not torch.equal(next(other.parameters()), next(load(run).parameters()))
    assert str(run) in load_weights(other, run)
    for name, weight in load(run).state_dict().items():
        assert torch.equal(weight, other.state_dict()[name])
    larger = load(untrained.saved(composed(*VAE, "model.latent_dim=3"), tmp_path / "larger"))
    with pytest.raises(CheckpointError, match=r"init_from=.*the networks differ"):
        load_weights(larger, run)
