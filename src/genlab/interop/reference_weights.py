"""Loads weights of the reference implementation into our networks, and exports ours to its format.

Its networks and ours have the same layers in the same order, so the names of the weights are the same. Only norm buffers
differ between its versions: old instance norms without weights stored unused statistics, which are dropped, and old batch
norms had no ``num_batches_tracked``.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from genlab.contracts import CheckpointError, Translates
from genlab.files import is_sound_zip, replacing
from genlab.interop.reference import CYCLE, PAIR, Files
from genlab.interop.reference_layout import differences, layout, layout_of, options
from genlab.models.base.finite import require_finite
from genlab.models.base.model import Model

State = dict[str, Tensor]
Buffers = Literal["none", "tracked"]
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
PREFIXES = ("module.", "_orig_mod.")  # of wrappers: several devices, compilation


def read(path: Path) -> State:
    """The weights in a file, in the format of the reference's current version.

    Raises:
        CheckpointError: the file is damaged, or is not a state dict.
    """
    if zipfile.is_zipfile(path) and not is_sound_zip(path):
        raise CheckpointError(f"{path} is damaged: its bytes are not those that were saved. Fetch it anew.")
    try:
        with open(path, "rb") as file:
            loaded = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{path} cannot be read as weights: it is cut off, or holds more than tensors "
            f"({type(error).__name__}). Give a file that torch.save(net.state_dict(), …) wrote."
        ) from error
    if not isinstance(loaded, dict) or not loaded or not all(isinstance(value, Tensor) for value in loaded.values()):
        held = ", ".join(map(str, list(loaded)[:4])) if isinstance(loaded, dict) else type(loaded).__name__
        raise CheckpointError(f"{path} holds no state dict of a network, but: {held or 'nothing'}.")
    return current(loaded)


def current(state: Mapping[str, Tensor]) -> State:
    """Strip wrapper prefixes, drop statistics of norms without weights, add missing ``num_batches_tracked``."""
    plain = dict(state)
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in plain):
            plain = {name.removeprefix(prefix): value for name, value in plain.items()}
    kept: State = {}
    for name, value in plain.items():
        layer, _, last = name.rpartition(".")
        if last not in STATISTICS or f"{layer}.weight" in plain:
            kept[name] = value
        if last == "running_var" and f"{layer}.weight" in plain:
            kept[f"{layer}.num_batches_tracked"] = plain.get(f"{layer}.num_batches_tracked", torch.tensor(0))
    return kept


def written(net: nn.Module, buffers: Buffers) -> State:
    """The weights of one of our networks with the reference's names and order, on the CPU.

    Args:
        net: a network with the layers of the reference.
        buffers: ``tracked`` adds the untrained instance norm statistics that its 2018 code expects. It translates in
            training mode, where they have no effect; with its ``--eval`` they would be used.
    """
    state: State = {}
    for name, layer in net.named_modules():
        own = {**dict(layer.named_parameters(recurse=False)), **dict(layer.named_buffers(recurse=False))}
        if buffers == "tracked" and isinstance(layer, nn.InstanceNorm2d):
            channels = layer.num_features
            statistics = (torch.zeros(channels), torch.ones(channels), torch.tensor(0))
            own = dict(zip(STATISTICS, statistics, strict=True))
        state |= {f"{name}.{key}": value.detach().cpu().clone() for key, value in own.items()}
    return state


def write(state: State, path: Path, buffers: Buffers) -> None:
    """Write one file atomically; ``tracked`` uses torch's legacy format, which the 2018 code can read."""
    with replacing(path, "wb") as file:
        torch.save(state, file, _use_new_zipfile_serialization=buffers == "none")


# ---- into a model ------------------------------------------------------------------------------------------------------


def places(model: Model) -> dict[str, str]:
    """Maps the reference's network names to ours; empty for models that are neither CycleGAN nor pix2pix."""
    for names in (CYCLE, PAIR):
        if isinstance(model, Translates) and all(hasattr(model, ours) for ours in names.values()):
            return names
    return {}


def load_reference(model: Model, files: Files, given: str) -> str:
    """Load the files into the model's networks; returns which were loaded and which keep their weights.

    Args:
        model: a CycleGAN or a pix2pix.
        files: by the reference's names.
        given: the override that named them, for messages.

    Raises:
        CheckpointError: the networks differ, with what to type.
    """
    nets = places(model)
    chosen = {ours: files[net] for net, ours in nets.items() if net in files}
    guess = ""
    if nets is CYCLE and not chosen and "G" in files:
        chosen = {"generator_AtoB": files["G"]}
        guess = "; a generator without a direction is taken for A to B: for B to A, name the file …_net_G_B.pth"
    if not chosen:
        raise CheckpointError(unfitting(model, nets, files, given))
    states = {ours: read(file) for ours, file in chosen.items()}
    require_fitting(model, states, chosen, given)
    for ours, state in states.items():
        net = getattr(model, ours)
        require_finite(state, f"{given}: {chosen[ours].name}")
        net.load_state_dict(with_biases(state, net))
    told = ", ".join(f"{file.name} -> {ours}" for ours, file in chosen.items())
    fresh = ", ".join(ours for ours in nets.values() if ours not in chosen)
    return told + (f"; not in the files: {fresh}" if fresh else "") + guess


def with_biases(state: State, net: nn.Module) -> State:
    """Add zero biases: without a norm, our convolutions have biases and the reference's do not."""
    there = layout(state)
    if there is None or there.norm != "none":
        return state
    biases = {name: torch.zeros_like(own) for name, own in net.state_dict().items() if name.endswith(".bias")}
    return biases | state


def unfitting(model: Model, nets: dict[str, str], files: Files, given: str) -> str:
    """The message if no file is for this model, with the model that they are for."""
    names = ", ".join(file.name for file in files.values())
    if not nets:
        what = f"{type(model).__name__} has no network of the reference implementation"
        return f"{given}: {what}, which {names} holds.\n    Type: model=cyclegan or model=pix2pix"
    wanted = "cyclegan" if set(files) & set(CYCLE) else "pix2pix"
    return f"{given}: there is nothing for {type(model).__name__} in {names}.\n    Type: model={wanted}"


def require_fitting(model: Model, states: dict[str, State], files: dict[str, Path], given: str) -> None:
    """Compare every file with its network.

    Raises:
        CheckpointError: with all differences and the overrides to type.
    """
    told, typed = [], []
    for ours, state in states.items():
        net = getattr(model, ours)
        there, here = layout(state), layout_of(net)
        if there is None:
            told.append(f"{files[ours].name} is no network of the reference implementation that genlab has")
        elif here is not None and there != here:
            told.append(f"{files[ours].name} does not fit {ours}: {', '.join(differences(there, here))}")
            typed += options(there, here)
        elif mismatch := first_mismatch(net, with_biases(state, net)):
            told.append(f"{files[ours].name} does not fit {ours}: {mismatch}")
    if told:
        remedy = f"\n    Type: {' '.join(dict.fromkeys(typed))}" if typed else ""
        raise CheckpointError(f"{given}: " + "\n    ".join(told) + remedy)


def first_mismatch(net: nn.Module, state: State) -> str:
    """The first name or shape that differs; empty if all are equal."""
    own = net.state_dict()
    for name in own:
        if name not in state:
            return f"it has no {name}"
        if own[name].shape != state[name].shape:
            return f"{name} is {tuple(state[name].shape)} instead of {tuple(own[name].shape)}"
    return next((f"it has {name}, which is unknown here" for name in state if name not in own), "")
