"""Infers the architecture of a reference network from the names and shapes of its weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor, nn

from genlab.nets.blocks import Norm

Family = Literal["resnet", "unet", "patch", "pixel"]
Role = Literal["generator", "discriminator"]
DEPTH = {"resnet": "blocks", "unet": "num_downs", "patch": "layers", "pixel": ""}  # the key that says how deep it is
FILES = {  # the file of conf/model/<role>/ for each depth; the first also serves for others
    "resnet": {9: "resnet_9", 6: "resnet_6"},
    "unet": {8: "unet_256", 7: "unet_128"},
    "patch": {3: "patch"},
    "pixel": {0: "pixel"},
}


@dataclass(frozen=True)
class Layout:
    """``depth``: residual blocks, halvings of a U-Net, or layers of a patch discriminator."""

    family: Family
    inputs: int
    outputs: int
    width: int
    depth: int
    norm: Norm
    dropout: bool | None = None  # None: without a trace in the weights
    num_downs: int | None = None  # of a ResNet; the reference has 2
    upsample: str | None = "transposed"

    @property
    def role(self) -> Role:
        """Whether the network is a generator or a discriminator."""
        return "generator" if self.family in ("resnet", "unet") else "discriminator"


def layout_of(net: nn.Module) -> Layout | None:
    """The layout of one of our networks; None if the reference has no such network."""
    found = layout(net.state_dict())
    if found is None:
        return None
    layers = list(net.modules())
    norm: Norm = "none"
    if any(isinstance(layer, nn.BatchNorm2d) for layer in layers):
        norm = "batch"
    elif any(isinstance(layer, nn.InstanceNorm2d) for layer in layers):
        norm = "instance"
    return replace(found, norm=norm)


def layout(state: Mapping[str, Tensor]) -> Layout | None:
    """The layout of a state dict without instance norm buffers; None if the architecture is not known."""
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    try:
        if any(".conv_block." in name for name in shapes):
            return resnet(shapes)
        if any(name.startswith("model.model.") for name in shapes):
            return unet(shapes)
        return pixel(shapes) if "net.0.weight" in shapes else patch(shapes)
    except (KeyError, IndexError, ValueError):
        return None


Shapes = dict[str, tuple[int, ...]]


def resnet(shapes: Shapes) -> Layout:
    """Names have two indices, ``model.10.conv_block.5.weight``; the first block follows the downsampling layers."""
    blocks = sorted({int(name.split(".")[1]) for name in shapes if ".conv_block." in name})
    last = max(int(name.split(".")[1]) for name in shapes)
    width, inputs = shapes["model.1.weight"][:2]
    outputs = shapes[f"model.{last}.weight"][0]
    norm = norm_of(shapes, "model.1", "model.2")
    dropout = len(shapes.get(f"model.{blocks[0]}.conv_block.6.weight", ())) == 4
    return Layout(
        "resnet", inputs, outputs, width, len(blocks), norm, dropout, (blocks[0] - 4) // 3, upsample_of(shapes)
    )


def unet(shapes: Shapes) -> Layout:
    """Names nest one ``model`` per downsampling; each level is in the middle of its parent's list."""
    depth = max(name.split(".").count("model") for name in shapes) - 1
    width, inputs = shapes["model.model.0.weight"][:2]
    upsample = upsample_of(shapes)
    outputs = shapes["model.model.3.weight"][1] if upsample == "transposed" else shapes["model.model.3.1.weight"][0]
    norm = norm_of(shapes, "model.model.0", "model.model.1.model.2")
    return Layout("unet", inputs, outputs, width, depth, norm, upsample=upsample)


def patch(shapes: Shapes) -> Layout:
    """A sequence of 4x4 convolutions."""
    convolutions = [shape for shape in shapes.values() if len(shape) == 4]
    width, inputs, *kernel = shapes["model.0.weight"]
    if kernel != [4, 4] or len(convolutions) < 3:
        raise ValueError
    norm = norm_of(shapes, "model.2", "model.3")
    return Layout("patch", inputs, convolutions[-1][0], width, len(convolutions) - 2, norm)


def pixel(shapes: Shapes) -> Layout:
    """Three 1x1 convolutions."""
    width, inputs = shapes["net.0.weight"][:2]
    return Layout("pixel", inputs, shapes["net.5.weight"][0], width, 0, norm_of(shapes, "net.2", "net.3"))


def norm_of(shapes: Shapes, convolution: str, norm: str) -> Norm:
    """Batch norm has weights; before an instance norm the convolution has a bias; without either there is no norm."""
    if f"{norm}.weight" in shapes:
        return "batch"
    return "instance" if f"{convolution}.bias" in shapes else "none"


def upsample_of(shapes: Shapes) -> str:
    """``nearest`` is a list of its own in the list of layers."""
    return "nearest" if any(re.search(r"\.\d+\.1\.weight$", name) for name in shapes) else "transposed"


def differences(file: Layout, ours: Layout) -> list[str]:
    """The differences between the file's and our network, in words."""
    if file.family != ours.family:
        return [f"{file.family} instead of {ours.family}"]
    names = {"depth": DEPTH[file.family], "inputs": "input channels", "outputs": "output channels"}
    told = []
    for field in ("depth", "width", "norm", "dropout", "num_downs", "upsample", "inputs", "outputs"):
        there, here = getattr(file, field), getattr(ours, field)
        if there != here:
            told.append(f"{names.get(field, field)} {there} instead of {here}".lower())
    return told


def keys(of: Layout) -> dict[str, str]:
    """The configuration keys and values, as typed, that build such a network."""
    key = f"model.{of.role}"
    values: dict[str, object] = {"width": of.width, "norm": of.norm, DEPTH[of.family]: of.depth}
    if of.role == "generator":
        values |= {"num_downs": of.num_downs or of.depth, "upsample": of.upsample, "dropout": of.dropout}
    files = FILES[of.family]
    chosen = {f"model/{of.role}": files.get(of.depth, next(iter(files.values())))}
    return chosen | {
        f"{key}.{name}": str(value).lower() for name, value in values.items() if name and value is not None
    }


def options(file: Layout, ours: Layout) -> list[str]:
    """The overrides that make our network match the file."""
    here = keys(ours)
    typed = [f"{key}={value}" for key, value in keys(file).items() if here.get(key) != value]
    if file.role == "generator" and file.inputs != ours.inputs and file.inputs == file.outputs:
        typed.append(f"data.channels={file.inputs}")
    return typed
