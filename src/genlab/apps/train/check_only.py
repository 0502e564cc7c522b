"""``check_only=true``: everything up to the first batch: shapes, parameters, an estimate of memory. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator

from omegaconf import DictConfig

from genlab import console
from genlab.apps.command.device import trainer_device
from genlab.apps.train.build import (
    attach_evaluators,
    attach_observers,
    build_callbacks,
    build_model,
    require_epochs,
    require_images,
)
from genlab.apps.train.loggers import Loggers
from genlab.apps.train.memory import step_memory
from genlab.apps.train.messages import notes, parameters, sizes
from genlab.contracts import DataSpec
from genlab.data.store.resident import is_resident, size_of, where_images_lie
from genlab.data.store.source import PreparedData
from genlab.runs.find import Run
from genlab.runs.load import load_first_weights


def describe(cfg: DictConfig, prepared: PreparedData, chosen: Run) -> int:
    """Build what training would build, and print a description."""
    console.quiet()
    spec = prepared.spec
    require_images(cfg, spec)
    require_epochs(cfg, spec)
    device, size = trainer_device(cfg.trainer), size_of(prepared)
    lies = is_resident(cfg.data.on_device, size, device)
    model = build_model(cfg, spec)
    if begun := load_first_weights(model, cfg, chosen):
        console.say(f"weights   {begun}")
    Loggers(cfg)
    callbacks = build_callbacks(cfg)
    attach_evaluators(callbacks, cfg, model, prepared)
    attach_observers(callbacks, cfg, model, prepared)
    console.say(f"model     {cfg.choices.model}: {parameters(model):,} parameters")
    for name, child in model.named_children():
        console.say(f"          {name}: {sum(p.numel() for p in child.parameters()):,}")
    console.say(
        f"data      {spec.name}: {sizes(spec)}; {spec.kind} {'x'.join(map(str, spec.shape))}, digest {spec.digest[:12]}"
    )
    for line in memory(cfg, spec):
        console.say(line)
    if where := where_images_lie(lies, size, device):
        console.say(f"          {where.removeprefix('; ')}")
    for note in notes(spec, model):
        console.say(f"note      {note}")
    if len(model.phase_list) > 1:
        console.say(f"training  phases in turn: {', '.join(phase.name for phase in model.phase_list)}")
    console.say("all checks passed; nothing was trained")
    return 0


def memory(cfg: DictConfig, spec: DataSpec) -> Iterator[str]:
    """Lines on what a step takes, in the precision that was chosen and in its neighbours."""
    chosen = str(cfg.trainer.precision)
    yield f"memory    of a step of {cfg.data.batch_size} images on each device, without what the device takes for itself:"
    try:
        for precision in dict.fromkeys((chosen, "32-true", "bf16-mixed")):
            yield f"          {precision:10} {step_memory(cfg, spec, precision)}"
    except RuntimeError as error:  # of tensors without numbers
        yield f"          cannot be estimated: the model's step looks at numbers ({type(error).__name__})"
