"""Old names of keys and code are taken for one release, and it is said."""

import pytest
from omegaconf import OmegaConf

from genlab.apps.command.cells import Typed
from genlab.config import renamed
from genlab.config.compose import compose
from genlab.config.definition import module
from genlab.config.signature import signature
from genlab.contracts import ConfigError

# every _target_ of the release before the tree was moved
OLD = [
    "genlab.apps.performance.Performance",
    "genlab.callbacks.alarms.Alarms",
    "genlab.callbacks.checkpoints.Checkpoints",
    "genlab.callbacks.pictures.Pictures",
    "genlab.callbacks.progress.Progress",
    "genlab.callbacks.trace.Trace",
    "genlab.data.celeba.CelebA",
    "genlab.data.digits.Digits",
    "genlab.data.domains.UnpairedFolders",
    "genlab.data.folder.Folder",
    "genlab.data.idx.Idx",
    "genlab.data.paired_folders.PairedFolders",
    "genlab.data.shapes.Shapes",
    "genlab.data.side_by_side.SideBySide",
    "genlab.data.toy2d.Toy2D",
    "genlab.models.autoencoder.Autoencoder",
    "genlab.models.averages.Averages",
    "genlab.models.cyclegan.CycleGAN",
    "genlab.models.gan.GAN",
    "genlab.models.pix2pix.Pix2Pix",
    "genlab.models.schedules.Constant",
    "genlab.models.schedules.Cosine",
    "genlab.models.schedules.LinearDecay",
    "genlab.models.step.Step",
    "genlab.models.vae.VAE",
    "genlab.nets.auto.Auto",
    "genlab.nets.conv.Conv",
    "genlab.nets.dcgan.DCGAN",
    "genlab.nets.gan_mlp.GANMLP",
    "genlab.nets.mlp.MLP",
    "genlab.nets.patchgan.PatchGAN",
    "genlab.nets.patchgan.PixelGAN",
    "genlab.nets.resnet_generator.ResNet",
    "genlab.nets.unet.UNet",
    "genlab.runs.tensorboard_log.TensorBoardLog",
    "genlab.runs.wandb_log.WandbLog",
]


@pytest.mark.parametrize("old", OLD)
def test_every_target_of_before_the_move_is_found(old):
    assert signature(renamed.target(old)) is not None


def test_an_old_name_is_no_name_of_today():
    for old, new in [*renamed.CODE.items(), *renamed.CLASSES.items()]:
        assert module(old) is None and signature(old) is None, old
        assert module(new) or signature(new), new


@pytest.mark.parametrize(
    ("command", "typed", "key", "value", "said"),
    [
        ("translate", ["way=frugal"], "memory", "strips", "way=frugal is now memory=strips;"),
        ("translate", ["way=tiles"], "memory", "tiles", "way=tiles is now memory=tiles;"),
        ("export", ["buffers=tracked"], "norm_buffers", 2018, "buffers=tracked is now norm_buffers=2018;"),
        ("train", ["data=shapes", "data.draw=3"], "data.subset_seed", 3, "data.draw=3 is now data.subset_seed=3;"),
        (
            "train",
            ["model=dropout_ae", "model.net.decoding.dropout=0.3"],
            "model.net.decoder.dropout",
            0.3,
            "model.net.decoding.dropout=0.3 is now model.net.decoder.dropout=0.3;",
        ),
    ],
)
def test_a_typed_old_key_works_and_is_said_once(command, typed, key, value, said, capsys):
    renamed.tell.cache_clear()
    given = {"translate": ["ckpt=x", "input=y"], "export": ["ckpt=x"], "train": []}[command]
    cfg = [compose(command, [*given, *typed]) for _ in range(2)][-1]
    for part in key.split("."):
        cfg = cfg[part]
    assert cfg == value
    assert capsys.readouterr().err.count(said) == 1


def test_a_sweep_takes_old_keys_too():
    cells = Typed("prepare", ["data=shapes", "data.draw=0,1"]).cells()
    assert [cell[1] for cell in cells] == ["data.subset_seed=0", "data.subset_seed=1"]


@pytest.fixture
def folder(tmp_path):
    """A folder of YAML files: an old class, an old key."""
    (tmp_path / "model" / "schedule").mkdir(parents=True)
    (tmp_path / "experiment").mkdir()
    (tmp_path / "model" / "schedule" / "mine.yaml").write_text("_target_: genlab.models.schedules.Constant\n")
    text = "# @package _global_\ndefaults:\n  - override /data: shapes\ndata: {draw: 3}\n"
    (tmp_path / "experiment" / "mine.yaml").write_text(text)
    return tmp_path


def test_an_old_class_in_a_file_of_ones_own_is_taken(folder, capsys):
    renamed.tell.cache_clear()
    cfg = compose("train", ["model/schedule=mine"], folder)
    assert cfg.model.schedule._target_ == "genlab.models.base.schedules.Constant"
    assert "genlab.models.schedules.Constant is now genlab.models.base.schedules.Constant" in capsys.readouterr().err


def test_an_old_key_in_a_file_of_ones_own_is_refused_by_its_new_name(folder):
    with pytest.raises(
        ConfigError, match=r"data.draw: there is no such key .*mine.yaml\)\n +It is now data.subset_seed"
    ):
        compose("train", ["experiment=mine"], folder)


@pytest.mark.parametrize("old", ["genlab.callbacks.measure.Measure", "genlab.callbacks.evaluate.Measure"])
@pytest.mark.parametrize("kid", [True, False])
def test_metrics_of_before_the_evaluators_are_those_of_today_with_their_counts(old, kid, tmp_path):
    (tmp_path / "metrics").mkdir()
    counts = "every_n_epochs: 3\nval_samples: 0\ntest_samples: 70\n"
    (tmp_path / "metrics" / "mine.yaml").write_text(f"_target_: {old}\n{counts}kid: {str(kid).lower()}\n")
    mine, usual = (compose("train", [f"metrics={name}"], tmp_path).metrics for name in ("mine", "default"))
    assert (mine.every_n_epochs, mine.val_samples, mine.test_samples) == (3, 0, 70)
    assert (mine.fid.every_n_epochs, mine.fid.val_samples, mine.fid.test_samples) == (3, 0, 70)
    assert (mine.kid is not None) == kid
    assert mine.keys() == usual.keys()
    plain = {"metrics": {"_target_": old, "every_n_epochs": 3, "val_samples": 0, "test_samples": 70, "kid": kid}}
    assert OmegaConf.create(renamed.configuration(plain)).metrics == mine
    assert not renamed.is_old(plain)


@pytest.mark.parametrize(("typed", "kept"), [("true", True), ("false", False), ("null", False)])
def test_kid_can_be_left_out_as_before(typed, kept):
    assert (compose("train", [f"metrics.kid={typed}"]).metrics.kid is not None) == kept


def test_the_halves_of_a_network_in_an_old_checkpoint_have_the_names_of_today():
    today = OmegaConf.to_container(
        compose("train", ["model=dropout_ae", "model.net.encoder.dropout=0.3"]), resolve=True
    )
    net = {
        {"encoder": "encoding", "decoder": "decoding"}.get(key, key): value
        for key, value in today["model"]["net"].items()
    }
    assert {"encoding", "decoding"} < set(net)
    assert renamed.configuration({**today, "model": {**today["model"], "net": net}}) == today


@pytest.mark.parametrize(
    ("net", "width"),
    [("dcgan", {"width": 64}), ("mlp", {"generator_hidden": [5], "discriminator_hidden": [6]})],
)
def test_the_networks_of_an_old_gan_are_those_of_today_without_what_they_have_gained(net, width):
    chosen = [f"model/gan_net@model.net={net}", *(f"model.net.{key}={value}" for key, value in width.items())]
    today = OmegaConf.to_container(compose("train", ["model=gan", *chosen]), resolve=True)
    gained = {"discriminator_norm": "batch", "spectral_norm": False, "minibatch_std": 0}
    old = {key: value for key, value in today["model"]["net"].items() if key not in gained}
    assert len(old) < len(today["model"]["net"])
    found = renamed.configuration({**today, "model": {**today["model"], "net": old}})
    assert found == today
    assert {key: value for key, value in found["model"]["net"].items() if gained.get(key, value) != value} == {}
