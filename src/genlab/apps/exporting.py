"""The part of ``export.py`` that needs torch: writes to a temporary folder, and moves the files once all checks pass."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from torch import nn

from genlab import console
from genlab.config.build import build
from genlab.contracts import ConfigError, Problem
from genlab.interop.reference_layout import Layout, layout_of
from genlab.interop.reference_weights import Buffers, places, write, written
from genlab.models.base.model import Model
from genlab.runs.load import Loaded

NETS = {  # what the reference's --netG and --netD call them
    ("resnet", 9): "resnet_9blocks",
    ("resnet", 6): "resnet_6blocks",
    ("unet", 8): "unet_256",
    ("unet", 7): "unet_128",
    ("patch", 3): "basic",
    ("pixel", 0): "pixel",
}


def export(cfg: DictConfig, loaded: Loaded, output: Path) -> int:
    """Write the files, and print a line about each."""
    if threads := build(cfg.performance, cfg.trust).apply():
        console.say(f"threads   {threads}")
    console.quiet()
    with staging_folder(output, keep=not cfg.check_only) as folder:
        if cfg.format == "onnx":
            from genlab.interop.onnx import write_onnx

            lines = write_onnx(cfg, loaded.model, folder)
        else:
            lines = write_reference(cfg, loaded, folder)
    for line in lines:
        console.say(line)
    console.say("all checks passed; nothing was written" if cfg.check_only else f"done      in {output}")
    return 0


@contextmanager
def staging_folder(output: Path, keep: bool) -> Iterator[Path]:
    """A folder to write into. When nothing has failed, and if they are to be kept, its files are moved to ``output``."""
    there = next(folder for folder in (output.absolute(), *output.absolute().parents) if folder.exists())
    folder = Path(tempfile.mkdtemp(prefix=".export-", dir=there))
    try:
        yield folder
        if keep:
            output.mkdir(parents=True, exist_ok=True)
            for file in sorted(folder.iterdir()):
                os.replace(file, output / file.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_reference(cfg: DictConfig, loaded: Loaded, folder: Path) -> list[str]:
    """Write every trained network (``latest_net_G_A.pth`` …); returns lines with the reference's options to load them.

    Raises:
        ConfigError: the reference has no such networks.
    """
    model = loaded.model
    nets = places(model)
    if not nets:
        what = (
            f"{type(model).__name__} has no network of the reference implementation, which is of pix2pix and CycleGAN"
        )
        raise ConfigError([Problem("format=reference", what, "Type: format=onnx")])
    layouts = {net: like_reference(model, ours) for net, ours in nets.items()}
    buffers: Buffers = "tracked" if cfg.norm_buffers == 2018 else "none"
    lines, trained = [], {net: ours for net, ours in nets.items() if ours not in loaded.fresh}
    for net, ours in trained.items():
        file = folder / f"latest_net_{net}.pth"
        write(written(exported_network(model, ours), buffers), file, buffers)
        lines.append(f"wrote     {file.name}: {ours}")
    generator, discriminator = (next(v for net, v in layouts.items() if net.startswith(kind)) for kind in "GD")
    name = "cycle_gan" if "G_A" in nets else "pix2pix"
    return [*lines, f"there     --model {name} {flags(generator, discriminator)}"]


def exported_network(model: Any, ours: str) -> nn.Module:
    """One of the model's networks; of a generator the running average, where it translates in its place."""
    direction = ours.partition("_")[2] or "AtoB"
    return model.working()[direction] if ours.startswith("generator") else getattr(model, ours)


def like_reference(model: Model, ours: str) -> Layout:
    """The layout of one of the model's networks.

    Raises:
        ConfigError: the reference has no such network.
    """
    found = layout_of(getattr(model, ours))
    if found is None:
        what = "it has other layers"
    elif found.upsample != "transposed":
        what = f"it has no upsample={found.upsample}"
    elif found.norm == "none":
        what = "without a norm its convolutions have no biases, and these have"
    elif found.num_downs not in (None, 2):
        what = f"its ResNet halves an image 2 times, not {found.num_downs}"
    else:
        return found
    raise ConfigError([Problem("format=reference", f"the reference cannot read {ours}: {what}", "Type: format=onnx")])


def flags(generator: Layout, discriminator: Layout) -> str:
    """The command-line options with which the reference builds the same networks."""
    net_g = NETS.get((generator.family, generator.depth), f"{generator.family} of depth {generator.depth}")
    net_d = NETS.get((discriminator.family, discriminator.depth), f"n_layers --n_layers_D {discriminator.depth}")
    dropout = " --no_dropout" if generator.dropout is False else ""
    channels = f" --input_nc {generator.inputs} --output_nc {generator.outputs}" if generator.inputs != 3 else ""
    widths = f"--ngf {generator.width} --netD {net_d} --ndf {discriminator.width}"
    return f"--netG {net_g} {widths} --norm {generator.norm}{dropout}{channels}"
