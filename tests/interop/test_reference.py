"""Weights of the reference implementation: in both generations, in and out, and what does not fit."""

import shutil
import zipfile

import pytest
import torch
from torch import nn

import restated
from genlab.apps.command import main as door
from genlab.apps.exporting import flags
from genlab.contracts import CheckpointError
from genlab.interop.reference import reference_files
from genlab.interop.reference_layout import Layout, keys, layout, layout_of, options
from genlab.interop.reference_weights import CYCLE, PAIR, current, read, write, written
from genlab.nets.patchgan import PatchGAN, PixelGAN
from genlab.nets.resnet import ResNet
from genlab.nets.unet import UNet
from genlab.runs.load import load, load_run, load_weights

import parity
from parity import spec
from photographs import CUT, SMALL

# ours, the reference's, channels of the input, side
NETS = {
    "resnet_9": (
        lambda: ResNet(4, 9, 2, "instance", "transposed", False).generator(3, 3),
        lambda t: restated.resnet(3, 4, 9, tracked=t),
        3,
        16,
    ),
    "resnet_6 dropout": (
        lambda: ResNet(4, 6, 2, "instance", "transposed", True).generator(1, 1),
        lambda t: restated.resnet(1, 4, 6, tracked=t, dropout=True),
        1,
        16,
    ),
    "resnet_6 batch": (
        lambda: ResNet(4, 6, 2, "batch", "transposed", False).generator(3, 3),
        lambda t: restated.resnet(3, 4, 6, "batch"),
        3,
        16,
    ),
    "unet_128": (
        lambda: UNet(2, 7, "batch", "transposed", True).generator(3, 3),
        lambda t: restated.unet(3, 2, 7),
        3,
        128,
    ),
    "unet_256": (
        lambda: UNet(2, 8, "instance", "transposed", True).generator(3, 3),
        lambda t: restated.unet(3, 2, 8, "instance", t),
        3,
        512,  # an instance norm needs more than a pixel
    ),
    "patch": (lambda: PatchGAN(4, 3, "instance").discriminator(3), lambda t: restated.patch(3, 4, 3, tracked=t), 3, 32),
    "patch 5": (lambda: PatchGAN(2, 5, "batch").discriminator(6), lambda t: restated.patch(6, 2, 5, "batch"), 6, 96),
    "patch 1": (
        lambda: PatchGAN(4, 1, "instance").discriminator(1),
        lambda t: restated.patch(1, 4, 1, tracked=t),
        1,
        16,
    ),
    "pixel": (lambda: PixelGAN(4, "instance").discriminator(3), lambda t: restated.pixel(3, 4, tracked=t), 3, 8),
    "pixel batch": (lambda: PixelGAN(4, "batch").discriminator(6), lambda t: restated.pixel(6, 4, "batch"), 6, 8),
}


def shaken(net):
    """A network whose every number is something else, the buffers too."""
    stream = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in net.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=stream) * 0.3 + 0.05)
            else:
                value.fill_(7)
    return net


@pytest.mark.parametrize("buffers", ["none", "tracked"])
@pytest.mark.parametrize("name", NETS)
def test_files_fit_the_reference_and_do_the_same_there(name, buffers, tmp_path):
    build, restate, channels, side = NETS[name]
    ours, theirs = shaken(build()), restate(buffers == "tracked")
    write(written(ours, buffers), tmp_path / "latest_net_G.pth", buffers)
    assert zipfile.is_zipfile(tmp_path / "latest_net_G.pth") == (
        buffers == "none"
    )  # what torch wrote in 2018 was no zip
    state = torch.load(tmp_path / "latest_net_G.pth", weights_only=True)
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict(state, strict=True)
    x = torch.rand(2, channels, side, side, dtype=torch.float64) * 2 - 1
    for net in (ours, theirs):
        net.double().train()
        for layer in net.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = 0.0
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-12)
        if buffers == "none":  # the statistics of 2018 are not those of the images
            torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_files_of_the_reference_are_read_in_every_generation(name, legacy, tmp_path):
    build, restate, *_ = NETS[name]
    theirs = shaken(restate(legacy))
    state = theirs.state_dict()
    if legacy:  # before batches were counted, on several devices, and in torch's first format
        state = {f"module.{key}": value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "net.pth", _use_new_zipfile_serialization=not legacy)
    ours = build()
    ours.load_state_dict(read(tmp_path / "net.pth"), strict=True)
    for key, value in ours.state_dict().items():
        expected = torch.tensor(0) if legacy and key.endswith("num_batches_tracked") else theirs.state_dict()[key]
        assert torch.equal(value, expected), key


@pytest.mark.parametrize("name", NETS)
def test_a_network_is_told_from_its_weights(name):
    build, restate, channels, _ = NETS[name]
    net = build()
    told = layout(current(restate(True).state_dict()))
    assert told == layout_of(net)
    assert told.inputs == channels
    assert f"{told.role}" == ("discriminator" if name.startswith("p") else "generator")


def test_a_layout_says_what_to_type():
    nine = Layout("resnet", 3, 3, 64, 9, "instance", False, 2)
    six = Layout("resnet", 3, 3, 32, 6, "batch", True, 2)
    wanted = ["model/generator=resnet_6", "model.generator.width=32", "model.generator.norm=batch"]
    assert options(six, nine) == [*wanted, "model.generator.blocks=6", "model.generator.dropout=true"]
    unet = Layout("unet", 3, 3, 64, 7, "batch")
    assert options(unet, nine)[:2] == ["model/generator=unet_128", "model.generator.norm=batch"]
    assert options(Layout("patch", 3, 1, 64, 4, "instance"), Layout("patch", 3, 1, 64, 3, "instance")) == [
        "model.discriminator.layers=4"
    ]
    assert keys(Layout("pixel", 3, 1, 64, 0, "instance"))["model/discriminator"] == "pixel"
    assert flags(nine, Layout("patch", 3, 1, 64, 3, "instance")) == (
        "--netG resnet_9blocks --ngf 64 --netD basic --ndf 64 --norm instance --no_dropout"
    )


def test_files_are_found_by_their_names(tmp_path):
    assert reference_files(tmp_path) == {}
    for name in ("5_net_G_A", "20_net_G_A", "20_net_G_B", "20_net_D_A", "iter_400_net_G_A"):
        (tmp_path / f"{name}.pth").touch()
    (tmp_path / "horse2zebra.pth").touch()
    assert sorted(reference_files(tmp_path)) == ["D_A", "G_A", "G_B"]
    assert reference_files(tmp_path / "5_net_G_A.pth") == {"G_A": tmp_path / "5_net_G_A.pth"}
    assert len(reference_files(tmp_path / "20_net_G_B.pth")) == 3
    assert reference_files(tmp_path / "horse2zebra.pth") == {"G": tmp_path / "horse2zebra.pth"}
    (tmp_path / "latest_net_G.pth").touch()
    assert reference_files(tmp_path) == {"G": tmp_path / "latest_net_G.pth"}
    assert reference_files(tmp_path / "nowhere.pth") == {}


# ---- whole models ------------------------------------------------------------------------------------------------------


def cyclegan(seed=0, g=None, d=None):
    torch.manual_seed(seed)
    nets = g or ResNet(4, 1, 2, "instance", "transposed", False), d or PatchGAN(4, 2, "instance")
    return parity.cyclegan(*nets, spec("domains", 32))


def pix2pix(seed=0, g=None):
    torch.manual_seed(seed)
    nets = g or UNet(2, 5, "batch", "transposed", True), PatchGAN(2, 2, "batch")
    return parity.pix2pix(*nets, spec("pairs", 32))


def save(model, names, folder, epoch="latest", buffers="none", only=None):
    folder.mkdir(exist_ok=True)
    for net, ours in names.items():
        if only is None or net in only:
            write(written(getattr(model, ours), buffers), folder / f"{epoch}_net_{net}.pth", buffers)
    return folder


@pytest.mark.parametrize("buffers", ["none", "tracked"])
@pytest.mark.parametrize(("build", "names"), [(cyclegan, CYCLE), (pix2pix, PAIR)])
def test_out_and_in_again_is_the_same_to_the_bit(build, names, buffers, tmp_path):
    model, fresh = shaken(build(1)), build(2)
    told = load_weights(fresh, save(model, names, tmp_path / "files", buffers=buffers))
    for key, value in model.state_dict().items():
        assert torch.equal(fresh.state_dict()[key], value), key
    assert "not in the files" not in told


def test_the_reference_s_d_a_judges_images_of_b(tmp_path):
    model, fresh, before = cyclegan(1), cyclegan(2), cyclegan(2)
    told = load_weights(fresh, save(model, CYCLE, tmp_path / "files", only=("G_B", "D_A")))
    assert told == (
        "latest_net_G_B.pth -> generator_BtoA, latest_net_D_A.pth -> discriminator_B; "
        "not in the files: generator_AtoB, discriminator_A"
    )
    for name, source in {
        "generator_BtoA": model,
        "discriminator_B": model,
        "generator_AtoB": before,
        "discriminator_A": before,
    }.items():
        for ours, theirs in zip(getattr(fresh, name).parameters(), getattr(source, name).parameters(), strict=True):
            assert torch.equal(ours, theirs), name


def test_a_generator_without_a_direction_goes_from_a_to_b_and_that_is_said(tmp_path):
    model, fresh = cyclegan(1), cyclegan(2)
    file = tmp_path / "horse2zebra.pth"
    write(written(model.generator_AtoB, "tracked"), file, "tracked")
    told = load_weights(fresh, file)
    assert "horse2zebra.pth -> generator_AtoB; not in the files: generator_BtoA" in told
    assert "taken for A to B" in told
    x = torch.rand(1, 3, 32, 32)
    assert torch.equal(fresh.translate(x, "AtoB"), model.translate(x, "AtoB"))


def test_a_named_file_chooses_the_epoch(tmp_path):
    old, new, fresh = cyclegan(1), cyclegan(2), cyclegan(3)
    save(old, CYCLE, tmp_path, epoch="5")
    save(new, CYCLE, tmp_path, epoch="latest")
    for path, model in ((tmp_path / "5_net_G_A.pth", old), (tmp_path, new)):
        load_weights(fresh, path)
        assert all(torch.equal(fresh.state_dict()[key], value) for key, value in model.state_dict().items())


def test_without_a_norm_the_reference_has_no_biases(tmp_path):
    net = ResNet(4, 1, 2, "none", "transposed", False)
    state = written(cyclegan(1, net).generator_AtoB, "none")
    last = max(key for key in state if key.endswith(".bias"))  # the last convolution's is always there
    state = {key: value for key, value in state.items() if not key.endswith(".bias") or key == "model.18.bias" == last}
    torch.save(state, tmp_path / "latest_net_G_A.pth")
    fresh = shaken(cyclegan(2, net))
    load_weights(fresh, tmp_path)
    assert not fresh.generator_AtoB.model[1].bias.any()


def wrong(tmp_path, model, path):
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(CheckpointError) as error:
        load_weights(model, path)
    assert error.value.exit_code == 2
    assert all(torch.equal(model.state_dict()[key], value) for key, value in before.items())
    return str(error.value)


NORMAL = ("instance", "transposed", False)


@pytest.mark.parametrize(
    ("g", "words"),
    [
        (ResNet(4, 6, 2, *NORMAL), ["blocks 6 instead of 1", "model/generator=resnet_6", "model.generator.blocks=6"]),
        (ResNet(4, 3, 2, *NORMAL), ["blocks 3 instead of 1", "Type: model.generator.blocks=3"]),
        (ResNet(8, 1, 2, *NORMAL), ["width 8 instead of 4", "Type: model.generator.width=8"]),
        (ResNet(4, 1, 2, "batch", *NORMAL[1:]), ["norm batch instead of instance", "Type: model.generator.norm=batch"]),
        (ResNet(4, 1, 2, *NORMAL[:2], True), ["dropout true instead of false", "Type: model.generator.dropout=true"]),
        (ResNet(4, 1, 1, *NORMAL), ["num_downs 1 instead of 2", "Type: model.generator.num_downs=1"]),
        (UNet(4, 5, "batch", "transposed", True), ["unet instead of resnet", "model/generator=unet_256"]),
    ],
)
def test_what_does_not_fit_is_told_with_what_to_type(g, words, tmp_path):
    said = wrong(tmp_path, cyclegan(0), save(cyclegan(1, g), CYCLE, tmp_path / "files"))
    for word in ["latest_net_G_A.pth does not fit generator_AtoB", *words]:
        assert word in said, said
    assert "discriminator" not in said


def test_everything_that_does_not_fit_is_told_at_once(tmp_path):
    other = cyclegan(1, ResNet(8, 1, 2, *NORMAL), PatchGAN(4, 3, "instance"))
    said = wrong(tmp_path, cyclegan(0), save(other, CYCLE, tmp_path / "files"))
    assert "Type: model.generator.width=8 model.discriminator.layers=3" in said
    assert said.count("does not fit") == 4


def test_a_network_that_doubles_pixels_has_no_counterpart(tmp_path):
    nearest = cyclegan(0, ResNet(4, 1, 2, "instance", "nearest", False))
    said = wrong(tmp_path, nearest, save(cyclegan(1), CYCLE, tmp_path / "files"))
    assert "Type: model.generator.upsample=transposed" in said


def test_other_channels_are_told(tmp_path):
    state = written(ResNet(4, 1, 2, *NORMAL).generator(1, 1), "none")
    torch.save(state, tmp_path / "latest_net_G_A.pth")
    said = wrong(tmp_path, cyclegan(0), tmp_path)
    assert "input channels 1 instead of 3" in said
    assert "Type: data.channels=1" in said


def test_files_that_are_no_weights_are_told(tmp_path):
    file = save(cyclegan(1), CYCLE, tmp_path / "files", only=["G_A"]) / "latest_net_G_A.pth"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert "is cut off" in wrong(tmp_path, cyclegan(0), file)
    weights = cyclegan(1).generator_AtoB.model[1].weight.detach().numpy().tobytes()
    file.write_bytes(whole.replace(weights, weights[:-1] + b"\x00"))
    assert "its bytes are not those that were saved" in wrong(tmp_path, cyclegan(0), file)
    torch.save(nn.Linear(2, 2), file)
    assert "holds more than tensors" in wrong(tmp_path, cyclegan(0), file)
    torch.save({"epoch": 3, "state_dict": {}}, file)
    assert "holds no state dict of a network, but: epoch, state_dict" in wrong(tmp_path, cyclegan(0), file)
    torch.save([1, 2], file)
    assert "holds no state dict of a network, but: list" in wrong(tmp_path, cyclegan(0), file)
    torch.save({"weight": torch.zeros(2, 2)}, file)
    assert "is no network of the reference implementation" in wrong(tmp_path, cyclegan(0), file)
    torch.save({key: value for key, value in read_back(whole, file).items() if key != "model.4.bias"}, file)
    assert "it has no model.4.bias" in wrong(tmp_path, cyclegan(0), file)
    assert "init_from=" in wrong(tmp_path, cyclegan(0), tmp_path / "nowhere.pth")


def read_back(content, file):
    file.write_bytes(content)
    return read(file)


def test_files_for_another_model_are_told(tmp_path):
    cycle, pair = save(cyclegan(1), CYCLE, tmp_path / "cycle"), save(pix2pix(1), PAIR, tmp_path / "pair")
    assert "Type: model=cyclegan" in wrong(tmp_path, pix2pix(0), cycle)
    assert "unet instead of resnet" in wrong(tmp_path, cyclegan(0), pair)
    (pair / "latest_net_G.pth").unlink()
    assert "Type: model=pix2pix" in wrong(tmp_path, cyclegan(0), pair)


# ---- commands ----------------------------------------------------------------------------------------------------------


def test_a_run_starts_from_files_of_the_reference_and_says_so(train, folders, tmp_path, capsys):
    files = tmp_path / "files"
    model = cyclegan(1)
    save(model, CYCLE, files, buffers="tracked", only=["G_A", "G_B"])
    options = [
        "model=cyclegan",
        *SMALL["cyclegan"],
        "data=unpaired_folders",
        f"data.path={folders['unpaired_folders']}",
    ]
    options += [
        *CUT,
        f"init_from={files}",
        "trainer.max_epochs=1",
        "trainer.max_steps=1",
        "metrics=none",
        "callbacks=none",
    ]
    run = train(*options, "model.optimizer.lr=1e-20")
    said = capsys.readouterr().err
    line = "latest_net_G_B.pth -> generator_BtoA; not in the files: discriminator_B, discriminator_A"
    assert line in said
    assert line in (run / "log.txt").read_text()
    x = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(load(run).translate(x, "BtoA"), model.translate(x, "BtoA"))
    train(*options, "check_only=true")
    assert line in capsys.readouterr().err


def test_a_model_is_made_from_files_alone(tmp_path):
    model = cyclegan(1)
    files = save(model, CYCLE, tmp_path / "files")
    x = torch.rand(1, 3, 24, 40)
    again = load(files)
    for direction in ("AtoB", "BtoA"):
        assert torch.equal(again.translate(x, direction), model.translate(x, direction))
    alone = tmp_path / "horse2zebra.pth"
    shutil.copy(files / "latest_net_G_A.pth", alone)
    one = load(alone)
    assert torch.equal(one.translate(x, "AtoB"), model.translate(x, "AtoB"))
    pair = shaken(pix2pix(1))
    loaded = load_run(save(pair, PAIR, tmp_path / "pair"))
    loaded.model.inference_dropout = pair.inference_dropout = False
    assert torch.equal(loaded.model.translate(x, "AtoB"), pair.translate(x, "AtoB"))
    assert "data" not in loaded.config


def test_what_needs_a_data_set_refuses_files_of_the_reference(tmp_path):
    files = save(cyclegan(1), CYCLE, tmp_path / "files")
    with pytest.raises(CheckpointError, match="come without a data set"):
        door.run("evaluate", [f"ckpt={files}"])
    (files / "latest_net_G_A.pth").unlink()
    (files / "latest_net_G_B.pth").unlink()
    with pytest.raises(CheckpointError, match="there is no generator"):
        load(files)
