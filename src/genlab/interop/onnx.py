"""Exports generators and decoders to ONNX with dynamic batch and image sizes, and compares each file with the model."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor, nn

import genlab
from genlab.contracts import ConfigError, Decodes, GenlabError, Problem, Translates
from genlab.images import signed, unsigned
from genlab.interop.reference_weights import places
from genlab.models.base.labels import needs_labels
from genlab.models.base.translation import require_direction
from genlab.random import keyed_generator

LIMIT = 1e-4  # the largest difference between file and model, in units of [0, 1]; rounding makes about 1e-6
OPSET = 17


@dataclass(frozen=True)
class Part:
    """One ONNX file: the exported module, its test inputs, and the model's own function to compare with."""

    name: str
    module: nn.Module
    expected: Callable[[Tensor], Tensor]
    ends: tuple[str, str]  # names of input and output
    dynamic: dict[int, str]  # dimensions that may have any size, and their names
    trials: tuple[tuple[int, ...], ...]  # shapes of inputs; the first is traced
    draw: Callable[..., Tensor]
    facts: dict[str, str]


class Translation(nn.Module):
    """A generator with images [B, C, H, W] in [0, 1] as input and output."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C, H, W]."""
        return unsigned(self.net(signed(image))).clamp(0, 1)


class Decoding(nn.Module):
    """A model's decoder. [B, D] -> [B, C, H, W] in [0, 1], or points [B, D']."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, code: Tensor) -> Tensor:
        """[B, D] -> [B, *shape]."""
        return self.model.decode(code)


def write_onnx(cfg: DictConfig, model: Any, folder: Path) -> list[str]:
    """Write one file per direction of a translation model, or one for a decoder; returns lines to print.

    Raises:
        ConfigError: the model has neither, or lacks the direction.
        GenlabError: a file's output differs from the model's.
    """
    lines = []
    if without_dropout(model):
        lines.append(
            "note      without dropout, which a file cannot draw: translations are as with inference_dropout=false"
        )
    parts = decoders(cfg, model) if not places(model) else translators(cfg, model)
    for part in parts:
        path = folder / f"{part.name}.onnx"
        write_part(model, part, path)
        difference = largest_difference(path, part, cfg.seed)
        if not difference <= LIMIT:
            raise GenlabError(
                f"{path.name} differs from the model by {difference:.2g}, more than {LIMIT:.0e}; not kept."
            )
        tried = " and ".join("x".join(map(str, shape)) for shape in part.trials)
        lines.append(f"wrote     {path.name}: within {difference:.1e} of the model on {tried}")
    return lines


def without_dropout(model: Any) -> bool:
    """Switch off pix2pix's inference-time dropout; returns whether there was any."""
    if not getattr(model, "inference_dropout", False):
        return False
    model.inference_dropout = False
    return any(isinstance(layer, nn.Dropout) for layer in model.generator.modules())


def translators(cfg: DictConfig, model: Any) -> Iterator[Part]:
    """The requested generators.

    Raises:
        ConfigError: there is no such direction.
    """
    names = [name for name in places(model).values() if name.startswith("generator")]
    nets = {name.partition("_")[2] or "AtoB": name for name in names}
    if cfg.direction:
        require_direction(cfg.direction, tuple(nets), f"this model translates {' and '.join(nets)}")
    for direction in [cfg.direction] if cfg.direction else nets:
        yield translator(model, direction, nets[direction])


def translator(model: Any, direction: str, name: str) -> Part:
    """One generator, tested on the training size and on another size in a batch of two."""
    net = model.working()[direction]
    multiple, (_, height, width) = net.multiple, model.spec.shape
    channels = model.spec.channels("a" if direction == "AtoB" else "b")
    least = -(-net.smallest // multiple)
    low, wide = (max(least, side // multiple // 2) * multiple for side in (height, width))
    fixed = getattr(net, "height", None)  # the only one it takes
    facts = {"model": type(model).__name__, "direction": direction, "multiple": str(multiple), "range": "[0, 1]"}
    facts |= {"height": str(fixed)} if fixed else {}
    return Part(
        name,
        Translation(net),
        lambda x: model.translate(x, direction),
        ("image", "translation"),
        {0: "batch", 3: "width"} | ({} if fixed else {2: "height"}),
        ((2, channels, fixed or low + multiple, wide + 2 * multiple), (1, channels, height, width)),
        torch.rand,
        facts,
    )


def decoders(cfg: DictConfig, model: Any) -> list[Part]:
    """The decoder of an autoencoder, or the generator of a GAN.

    Raises:
        ConfigError: the model has none, needs labels, or a direction was given.
    """
    name = type(model).__name__
    decodes = isinstance(model, Decodes) and not isinstance(model, Translates)
    if not decodes:
        what = f"{name} has no network that is known here. Models that decode a code or translate have: ae, vae, gan, dcgan, "
        raise ConfigError([Problem("format=onnx", what + "pix2pix, cyclegan …", "Give the ckpt=… of another run.")])
    if needs_labels(model):
        what = f"{name} decodes a code and a label, and files made here take a code alone"
        raise ConfigError([Problem("format=onnx", what, "Give the ckpt=… of another run.")])
    if cfg.direction:
        raise ConfigError([Problem(f"direction={cfg.direction}", f"{name} translates nothing", "Leave it out.")])
    size, ends = model.latent_dim, ("code", "points" if model.spec.kind == "points" else "image")
    facts = {"model": name, "range": "[0, 1]"} if ends[1] == "image" else {"model": name}
    trials = ((5, size), (1, size))
    return [Part("decoder", Decoding(model), model.decode, ends, {0: "batch"}, trials, torch.randn, facts)]


def write_part(model: Any, part: Part, path: Path) -> None:
    """Export one file in evaluation mode, with the model's inference-time batch norm, and add metadata."""
    import onnx

    asked = getattr(model, "as_asked", contextlib.nullcontext)
    with model.evaluating(), asked(), silence():
        torch.onnx.export(
            part.module.eval(),
            (part.draw(*part.trials[0]),),
            str(path),
            dynamo=False,  # by tracing: a second where torch.export takes half a minute over the symbolic sides
            input_names=[part.ends[0]],
            output_names=[part.ends[1]],
            dynamic_axes=dict.fromkeys(part.ends, part.dynamic),
            opset_version=OPSET,
        )
    proto = onnx.load(path)
    proto.producer_name, proto.producer_version = "genlab", genlab.__version__
    onnx.helper.set_model_props(proto, {"genlab": genlab.__version__, **part.facts})
    onnx.checker.check_model(proto)
    onnx.save(proto, path)


def largest_difference(path: Path, part: Part, seed: int) -> float:
    """Largest difference between the outputs of onnxruntime and the model for the same inputs; NaN if one has NaN."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    stream = keyed_generator(torch.device("cpu"), "export", seed)
    found = []
    for shape in part.trials:
        x = part.draw(*shape, generator=stream)
        (made,) = session.run(None, {part.ends[0]: x.numpy()})
        expected = part.expected(x).numpy()
        found.append(float(np.abs(made - expected).max()) if made.shape == expected.shape else float("nan"))
    return float(np.max(found))


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Suppress the exporter's output and warnings; the result is verified afterwards."""
    hushed = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(hushed)
