"""Builds a model from reference weight files alone; the architecture is inferred from the weights."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, open_dict

from genlab.config.build import build
from genlab.config.compose import compose
from genlab.console import say
from genlab.contracts import CheckpointError, DataSpec
from genlab.interop.reference import Files
from genlab.interop.reference_layout import Layout, keys, layout
from genlab.interop.reference_weights import load_reference, places, read
from genlab.models.base.model import Model

SIDE = 256  # of the images that its networks are made for
DATA = {"cyclegan": "unpaired_folders", "pix2pix": "paired_folders"}  # stands in until the model is built


def model_from(files: Files, path: Path, trust: list[str]) -> tuple[Model, DictConfig, DataSpec, tuple[str, ...]]:
    """A CycleGAN if there are two generators, else a pix2pix.

    Returns:
        The model, its configuration without ``data``, a placeholder data spec, and the networks that no file provided.

    Raises:
        CheckpointError: there is no generator, or its architecture is not known.
    """
    name, nets = chosen(files, path)
    layouts = {net: known(nets[net]) for net in nets if net in ("G", "G_A", "D", "D_A")}
    generator = next(found for net, found in layouts.items() if net.startswith("G"))
    side = max(SIDE, 2 ** (generator.num_downs or generator.depth))
    options = [f"{key}={value}" for found in layouts.values() for key, value in keys(found).items()]
    sides = [f"data={DATA[name]}", "data.path=.", f"data.crop_size={side}", f"data.load_size={side}"]
    config = compose("train", [f"model={name}", *options, *sides])
    with open_dict(config):
        del config["data"]  # there is none
    shape = (generator.inputs, side, side)
    spec = DataSpec("reference", "domains" if name == "cyclegan" else "pairs", shape, {}, "", note="its own weights")
    model: Model = build(config.model, trust, spec=spec, seed=config.seed)
    say(f"weights   {load_reference(model, nets, f'ckpt={path}')}")
    return model, config, spec, tuple(ours for net, ours in places(model).items() if net not in nets)


def chosen(files: Files, path: Path) -> tuple[str, Files]:
    """The name of the model, and the files to load by network name.

    Raises:
        CheckpointError: there is no generator.
    """
    if "G_A" in files and "G_B" in files:
        return "cyclegan", {net: file for net, file in files.items() if "_" in net}
    alone = next((net for net in ("G", "G_A", "G_B") if net in files), None)
    if alone is None:
        raise CheckpointError(f"ckpt={path}: there is no generator. Give the folder, or a file …_net_G.pth.")
    if alone != "G":
        say(f"weights   {files[alone].name} alone: its one direction is called AtoB here")
        return "pix2pix", {"G": files[alone]}
    return "pix2pix", {net: file for net, file in files.items() if net in ("G", "D")}


def known(file: Path) -> Layout:
    """The layout of the network in a file.

    Raises:
        CheckpointError: genlab cannot build such a network.
    """
    found = layout(read(file))
    if found is None or found.upsample != "transposed":
        raise CheckpointError(f"{file} is no network of the reference implementation that genlab has.")
    if found.role == "generator" and found.inputs != found.outputs:
        what = f"makes images of {found.outputs} channels from images of {found.inputs}"
        raise CheckpointError(f"{file} {what}: here both have as many.")
    return found
