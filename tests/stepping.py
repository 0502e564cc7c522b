"""A model's own steps, outside a Trainer: optimisers by hand, everything else as it is."""

import torch

from genlab.models.base.mover import Pending
from genlab.models.base.noise import Noise


def stepping(model):
    """The model, ready to be given batches."""
    optimizers = model.configure_optimizers()
    model.optimizers = lambda: optimizers
    model.manual_backward = lambda loss: loss.backward()
    return model


def noise_of(model, step, stage="train"):
    """The noise of one batch."""
    return Noise(model.seed, stage, step, torch.device("cpu"), model.weight_dtype)


def play(model, *batches):
    """One update on all of ``(batch, noise)``; the newest terms."""
    group = [Pending(batch, noise, model.batches_seen + k) for k, (batch, noise) in enumerate(batches, 1)]
    model.batches_seen += len(batches)
    model.in_hand = len(batches)
    terms = model.mover.update(group, model.updates)
    model.updates += 1
    return terms


def move(model, name, *batches):
    """One step of one phase alone."""
    phase = next(phase for phase in model.phase_list if phase.name == name)
    return model.mover.step_phase(phase, [Pending(batch, noise, 1) for batch, noise in batches], graph_later=False)
