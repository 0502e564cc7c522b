"""``export.py``: files that do what the model does, at sizes that nobody tried, and what cannot be written."""

import importlib.util
from types import SimpleNamespace

import onnx
import onnxruntime
import pytest
import torch
from omegaconf import OmegaConf

import restated
from genlab.apps.command import main as door
from genlab.apps.exporting import write_reference
from genlab.contracts import CheckpointError, ConfigError, DataSpec, GenlabError
from genlab.interop import onnx as onnx_files
from genlab.interop.reference import reference_files
from genlab.nets.gated_2_1_2d import Gated212D
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet import ResNet
from genlab.runs.load import Loaded, load, load_run

import parity

SMALL = ["data=digits", "data.limit=100", "data.batch_size=20", "trainer.max_epochs=1", "model.latent_dim=3"]
QUIET = ["metrics=none", "callbacks=none"]


@pytest.fixture(scope="module")
def cyclegan(tmp_path_factory):
    """A model, as files of the reference of 2018."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("cyclegan")
    for net in ("G_A", "G_B"):
        torch.save(restated.resnet(3, 4, 1, tracked=True).state_dict(), folder / f"latest_net_{net}.pth")
    for net in ("D_A", "D_B"):
        torch.save(restated.patch(3, 4, 2, tracked=True).state_dict(), folder / f"latest_net_{net}.pth")
    return folder


@pytest.fixture(scope="module")
def pix2pix(tmp_path_factory):
    """Another, with batch norm and dropout."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("pix2pix")
    net = restated.unet(3, 2, 6)
    for name, value in net.state_dict().items():
        if name.endswith("running_mean"):
            value.normal_()
    torch.save(net.state_dict(), folder / "latest_net_G.pth")
    torch.save(restated.patch(6, 2, 2, "batch").state_dict(), folder / "latest_net_D.pth")
    return folder


@pytest.fixture
def export(capsys):
    """``export("ckpt=…")`` gives what was said."""

    def run(*overrides):
        assert door.run("export", list(overrides)) == 0
        return capsys.readouterr()

    return run


def through(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (entry,), (end,) = session.get_inputs(), session.get_outputs()
    return entry.name, end.name, torch.from_numpy(session.run(None, {entry.name: x.numpy()})[0])


def test_both_directions_at_sizes_that_nobody_tried(cyclegan, export, tmp_path):
    said = export(f"ckpt={cyclegan}", f"output={tmp_path}/out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["generator_AtoB.onnx", "generator_BtoA.onnx"]
    assert "generator_AtoB.onnx: within" in said.err
    assert "Warning" not in said.out + said.err
    model = load(cyclegan)
    for direction in ("AtoB", "BtoA"):
        path = tmp_path / "out" / f"generator_{direction}.onnx"
        for size in ((1, 3, 8, 8), (3, 3, 60, 20), (2, 3, 12, 100)):
            x = torch.rand(size)
            entry, end, made = through(path, x)
            assert (entry, end) == ("image", "translation")
            torch.testing.assert_close(made, model.translate(x, direction), rtol=0, atol=1e-5)
        facts = {fact.key: fact.value for fact in onnx.load(path).metadata_props}
        assert facts["direction"] == direction
        assert facts["multiple"] == "4"
        assert facts["model"] == "CycleGAN"


def test_a_network_of_one_height_and_one_that_is_told_what_is_hidden(tmp_path):
    """Nothing is hidden from a file; it takes any width."""
    torch.manual_seed(0)
    g, d = Gated212D(4, 6, 1, 2, "instance", "shuffle", False), PatchGAN(4, 2, "instance")
    data = DataSpec("x", "domains", (1, 40, 64), {"train": 4}, "0")
    model = parity.cyclegan(g, d, data, mask=0.5, lambda_second=1.0).eval()
    onnx_files.write_onnx(SimpleNamespace(direction=None, seed=0), model, tmp_path)
    for direction in ("AtoB", "BtoA"):
        path = tmp_path / f"generator_{direction}.onnx"
        for width in (24, 64, 100):
            x = torch.rand(2, 1, 40, width)
            torch.testing.assert_close(through(path, x)[2], model.translate(x, direction), rtol=0, atol=1e-5)
        facts = {fact.key: fact.value for fact in onnx.load(path).metadata_props}
        assert (facts["height"], facts["multiple"]) == ("40", "4")
    loaded = Loaded(model, OmegaConf.create({}), model.spec, tmp_path, 0)
    with pytest.raises(ConfigError, match=r"cannot read generator_AtoB: it has other layers\n    Type: format=onnx"):
        write_reference(SimpleNamespace(norm_buffers="none"), loaded, tmp_path)


def test_one_direction_beside_the_weights(cyclegan, export):
    export(f"ckpt={cyclegan}", "direction=BtoA")
    (made,) = cyclegan.glob("export/*/*")
    assert made.name == "generator_BtoA.onnx"


def test_batch_norm_is_of_each_image_and_dropout_is_left_out(pix2pix, export, tmp_path):
    said = export(f"ckpt={pix2pix}", f"output={tmp_path}/out").err
    assert "without dropout" in said
    assert "inference_dropout=false" in said
    model = load(pix2pix)
    model.inference_dropout = False
    x = torch.rand(2, 3, 128, 192)
    *_, made = through(tmp_path / "out" / "generator.onnx", x)
    torch.testing.assert_close(made, model.translate(x, "AtoB"), rtol=0, atol=1e-5)
    torch.testing.assert_close(made[1:], model.translate(x[1:], "AtoB"), rtol=0, atol=1e-5)


def test_running_statistics_are_written_where_the_model_uses_them(pix2pix, tmp_path):
    loaded = load_run(pix2pix)
    loaded.model.inference_norm = "running"
    onnx_files.write_onnx(SimpleNamespace(direction=None, seed=0), loaded.model, tmp_path)
    x = torch.rand(2, 3, 64, 64)
    *_, made = through(tmp_path / "generator.onnx", x)
    torch.testing.assert_close(made, loaded.model.translate(x, "AtoB"), rtol=0, atol=1e-5)
    loaded.model.inference_norm = "batch"
    assert (made - loaded.model.translate(x, "AtoB")).abs().max() > 1e-3


SNGAN = ["model=gan", "model/gan_net@model.net=sngan", "model.net.width=4"]


@pytest.mark.parametrize("model", [["model=vae"], ["model=dcgan"], SNGAN], ids=["vae", "dcgan", "sngan"])
def test_decoders(model, train, export):
    run = train(*model, *SMALL, *QUIET)
    export(f"ckpt={run}")
    (path,) = run.glob("export/*/decoder.onnx")
    z = torch.randn(7, 3)
    entry, end, made = through(path, z)
    assert (entry, end) == ("code", "image")
    torch.testing.assert_close(made, load(run).decode(z), rtol=0, atol=1e-5)
    for overrides, words in {
        ("format=reference",): ["has no network of the reference implementation", "Type: format=onnx"],
        ("direction=AtoB",): ["translates nothing", "Leave it out"],
    }.items():
        said = refused(f"ckpt={run}", *overrides)
        assert all(word in said for word in words), said


@pytest.mark.parametrize("buffers", ["none", "2018"])
def test_weights_come_back_as_they_came(buffers, cyclegan, pix2pix, export, tmp_path):
    for folder, name in ((cyclegan, "cycle_gan"), (pix2pix, "pix2pix")):
        out = tmp_path / name
        said = export(f"ckpt={folder}", "format=reference", f"norm_buffers={buffers}", f"output={out}").err
        assert f"--model {name} --netG" in said
        assert reference_files(out).keys() == reference_files(folder).keys()
        for net, file in reference_files(out).items():
            kept, came = (torch.load(path, weights_only=True) for path in (file, reference_files(folder)[net]))
            assert list(kept) == [name for name in came if name in kept]
            assert all(torch.equal(value, came[name]) for name, value in kept.items())
            assert len(kept) == len(came) or (buffers == "none" and folder == cyclegan)


def test_networks_that_no_file_had_are_not_written(pix2pix, export, tmp_path):
    (tmp_path / "horse2zebra.pth").write_bytes((pix2pix / "latest_net_G.pth").read_bytes())
    export(f"ckpt={tmp_path}/horse2zebra.pth", "format=reference", f"output={tmp_path}/out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["latest_net_G.pth"]


def refused(*overrides):
    with pytest.raises((ConfigError, CheckpointError)) as error:
        door.run("export", list(overrides))
    assert error.value.exit_code == 2
    return str(error.value)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["ckpt=/nowhere"], ["ckpt=/nowhere", "does not exist"]),
        (["ckpt={cyclegan}", "format=onxx"], ["format=onxx", "'onnx' or 'reference'"]),
        (["ckpt={cyclegan}", "direction=BtoC"], ["direction=BtoC", "'AtoB'"]),
        (["ckpt={cyclegan}", "format=reference", "direction=AtoB"], ["direction=AtoB", "both directions"]),
        (["ckpt={cyclegan}", "norm_buffers=2018"], ["norm_buffers=2018", "format=reference"]),
        (["ckpt={pix2pix}", "direction=BtoA"], ["direction=BtoA", "Type: direction=AtoB"]),
        (
            ["ckpt={cyclegan}", "output={cyclegan}/latest_net_G_A.pth"],
            ["output=", "cannot be written", "Not a directory"],
        ),
        (["format=onnx"], ["ckpt", "must be given"]),
    ],
)
def test_mistakes_are_told_and_nothing_is_left(overrides, words, cyclegan, pix2pix):
    before = sorted(cyclegan.iterdir())
    said = refused(*(override.format(cyclegan=cyclegan, pix2pix=pix2pix) for override in overrides))
    for word in words:
        assert word in said, said
    assert sorted(cyclegan.iterdir()) == before


def test_networks_that_the_reference_has_not_are_refused(train, folders, tmp_path):
    from photographs import CUT
    from photographs import SMALL as NETS

    options = ["model=cyclegan", *NETS["cyclegan"], "data=unpaired_folders", f"data.path={folders['unpaired_folders']}"]
    options += [*CUT, *QUIET, "trainer.max_steps=1"]
    run = train(*options, "model.generator.upsample=nearest", "model.discriminator.norm=none")
    said = refused(f"ckpt={run}", "format=reference")
    assert "no upsample=nearest" in said
    assert "Type: format=onnx" in said


def test_what_is_not_installed_is_told_with_what_to_type(cyclegan, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "onnx" else find(name, *a))
    said = refused(f"ckpt={cyclegan}")
    assert "onnx is not installed" in said
    assert "pip install 'genlab[export]'" in said


def test_a_file_that_differs_from_the_model_is_not_kept(cyclegan, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_files, "LIMIT", 1e-12)
    with pytest.raises(GenlabError, match="differs from the model") as error:
        door.run("export", [f"ckpt={cyclegan}", f"output={tmp_path}/deep/out"])
    assert error.value.exit_code == 1
    assert not list(tmp_path.iterdir())


def test_check_only_writes_nothing(cyclegan, export, tmp_path):
    assert "nothing was written" in export(f"ckpt={cyclegan}", "check_only=true", f"output={tmp_path}/out").err
    assert not list(tmp_path.iterdir())


def test_what_is_written_is_the_average_that_translates(tmp_path):
    torch.manual_seed(0)
    g, d = ResNet(4, 1, 2, "instance", "transposed", False), PatchGAN(4, 2, "instance")
    model = parity.cyclegan(g, d, parity.spec("domains", 32), ema=0.9).eval()
    with torch.no_grad():
        for parameter in model.ema.parameters():
            parameter.normal_(0, 0.1)
    loaded = Loaded(model, OmegaConf.create({}), model.spec, tmp_path, 0)
    write_reference(SimpleNamespace(norm_buffers="none"), loaded, tmp_path)
    onnx_files.write_onnx(SimpleNamespace(direction=None, seed=0), model, tmp_path)
    x = torch.rand(2, 3, 32, 32)
    for net, direction in (("G_A", "AtoB"), ("G_B", "BtoA")):
        kept = torch.load(tmp_path / f"latest_net_{net}.pth", weights_only=True)
        assert all(torch.equal(kept[n], p) for n, p in model.ema[direction].named_parameters())
        *_, made = through(tmp_path / f"generator_{direction}.onnx", x)
        torch.testing.assert_close(made, model.translate(x, direction), rtol=0, atol=1e-5)
