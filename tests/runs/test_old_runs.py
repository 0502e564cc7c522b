"""Runs of the release before the tree was moved: loaded as they were, and not continued."""

import pytest
import torch
from omegaconf import OmegaConf

from genlab.apps.command import main as door
from genlab.contracts import CheckpointError
from genlab.files import sha256
from genlab.runs import manifest
from genlab.runs.load import load_run, load_weights

import photographs

# what the configuration of such a run names, by what it is called today
BACK = {
    "genlab.apps.train.performance.Performance": "genlab.apps.performance.Performance",
    "genlab.data.sets.digits.Digits": "genlab.data.digits.Digits",
    "genlab.data.sets.unpaired_folders.UnpairedFolders": "genlab.data.domains.UnpairedFolders",
    "genlab.models.base.execution.Execution": "genlab.models.step.Step",
    "genlab.models.base.schedules.Cosine": "genlab.models.schedules.Cosine",
    "genlab.models.base.schedules.LinearDecay": "genlab.models.schedules.LinearDecay",
    "genlab.nets.by_size.BySize": "genlab.nets.auto.Auto",
    "genlab.nets.resnet.ResNet": "genlab.nets.resnet_generator.ResNet",
}
MEASURED = {"_target_": "genlab.callbacks.measure.Measure", "every_n_epochs": 1, "val_samples": 0, "test_samples": 0}
MEASURED |= {"kid": False}


def back(node):
    """A configuration with the old names; a VAE had no parts, and images stayed grey."""
    if isinstance(node, dict):
        gained = ("objective", "prior", "logistic_mixtures", "binarize")
        gone = gained if str(node.get("_target_")).endswith(("VAE", "Digits")) else ()
        return {key: back(value) for key, value in node.items() if key not in gone}
    return BACK.get(node, node) if isinstance(node, str) else node


def aged(run, phases):
    """Write the run's checkpoint and configuration as that release did."""
    path = run / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["genlab"]["config"] = back(checkpoint["genlab"]["config"]) | {"metrics": MEASURED}
    state = checkpoint["state_dict"]
    checkpoint["state_dict"] = {
        f"averages.{name.removeprefix('ema.')}" if name.startswith("ema.") else name: value
        for name, value in state.items()
    }
    if phases == 1:
        del checkpoint["counters"]["updates"]
    torch.save(checkpoint, path)
    manifest.list_also(path.parent, path.name, sha256(path))
    config = OmegaConf.to_container(OmegaConf.load(run / "config.yaml"))
    (run / "config.yaml").write_text(OmegaConf.to_yaml(back(config) | {"metrics": MEASURED}))
    assert "genlab.apps.performance.Performance" in (run / "config.yaml").read_text()
    return path


SHORT = ["trainer.max_epochs=1", "metrics=none", "callbacks=none"]


@pytest.fixture
def cyclegan(train, folders):
    """Averaged generators, pools."""
    options = ["data=unpaired_folders", f"data.path={folders['unpaired_folders']}", *photographs.CUT, "data.limit=8"]
    return train("model=cyclegan", *photographs.SMALL["cyclegan"], "model.ema=0.9", *options, *SHORT)


def test_an_old_run_is_loaded_to_the_same_images_and_not_continued(cyclegan, train, folders, tmp_path):
    now = load_run(cyclegan)
    path = aged(cyclegan, phases=2)
    old = load_run(cyclegan)
    x = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for direction in ("AtoB", "BtoA"):
        assert torch.equal(old.model.translate(x, direction), now.model.translate(x, direction))
    assert {**old.config, "metrics": None} == {**now.config, "metrics": None}
    assert old.config.metrics.fid.test_samples == 0
    assert old.model.updates == now.model.updates > 0

    fresh = load_run(cyclegan).model
    for parameter in fresh.parameters():
        torch.nn.init.zeros_(parameter)
    load_weights(fresh, path)
    assert all(
        torch.equal(a, b) for a, b in zip(fresh.state_dict().values(), now.model.state_dict().values(), strict=True)
    )

    before = sorted(cyclegan.rglob("*"))
    with pytest.raises(CheckpointError, match=rf"another order. Start a new run from its weights: init_from={path}"):
        door.run("train", [f"resume={cyclegan}", *overrides_of(cyclegan)])
    assert sorted(cyclegan.rglob("*")) == before


def overrides_of(run):
    """What was typed."""
    return (run / "overrides.txt").read_text().splitlines()


def test_an_old_run_of_one_loss_is_measured_to_the_same_numbers(train, tmp_path):
    run = train("model=vae", "data=digits", "data.limit=64", "model.latent_dim=3", *SHORT)
    summaries = []
    for phases in (0, 1):
        if phases:
            aged(run, phases)
        train(f"ckpt={run}", "metrics=none", f"output={tmp_path}/{phases}", command="evaluate")
        summaries.append((tmp_path / str(phases) / "summary.json").read_text())
    assert summaries[0] == summaries[1]
