"""The keys at the root of each command's configuration, with their types."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from genlab.config.types import (
    ExtractorChoice,
    Fraction,
    Network,
    NonNegativeInt,
    NumberRange,
    OnError,
    PositiveFloat,
    PositiveInt,
    Resample,
    Resamples,
    ResizeRule,
    SampleCount,
    Sha256,
)

Node = dict[str, Any]
NAMED = "*"  # beside the keys that a dict may have: targets under any other name
Split = Literal["train", "val", "test"]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what every generator of random numbers takes
Size = PositiveInt | Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}x[1-9][0-9]{0,5}$")]
Port = Annotated[int, Field(ge=0, le=65535)]  # 0: one that is free; below 1024 some systems ask for rights
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$")]

SHARED: dict[str, Any] = {
    "paths": {"data": str, "runs": str, "cache": str | None},
    "seed": Seed,
    "trust": list[str],
    "check_only": bool,
    "performance": Node,
    "choices": dict[str, str | list[str] | None],  # which file each group was filled from
}
METRICS = {  # what evaluators share, and the evaluators
    "every_n_epochs": PositiveInt,
    "val_samples": SampleCount,
    "test_samples": SampleCount,
    "extractor": ExtractorChoice,
    "resize": ResizeRule,
    "weights": {network: {"path": str | None, "sha256": Sha256 | None} for network in get_args(Network)},
    "bootstrap": Resamples,
    "floor": bool,
    "nll": NonNegativeInt,
    "nll_images": PositiveInt | None,
    "nll_block": PositiveInt | None,
    NAMED: Node,
}
TRAIN = SHARED | {
    "model": Node,
    "data": Node,
    "trainer": Node,
    "logger": Node,
    "callbacks": Node,
    "metrics": METRICS,
    "checkpoint": Node,
    "resume": str | None,
    "init_from": str | None,
    "name": FileName | None,
    "run_id": FileName | None,
    "tags": list[str],
    "notes": str,
}
SUBMIT = TRAIN | {"slurm": Node}
READING = SHARED | {"ckpt": str, "output": str | None}
Device = Literal["auto", "cpu", "cuda", "mps"]
WHERE_DATA = {"path": str | None, "a": str | None, "b": str | None}
FOLDERS = {"channels": Literal[1, 3] | None, "range": NumberRange, "resample": Resample}
FOLDERS |= {"max_pixels": PositiveInt, "on_error": OnError}
EVALUATE = READING | {
    "ckpt": str | list[str] | None,
    "a": str | None,
    "b": str | None,
    "size": Size | None,
    "data": WHERE_DATA | FOLDERS,
    "split": Split,
    "seeds": PositiveInt,
    "keep": bool,
    "metrics": METRICS,
    "device": Device,
}
GENERATE = READING | {
    "what": Literal["sample", "reconstruct", "interpolate", "traverse"],
    "n": PositiveInt | None,
    "label": int | str | list[int | str] | dict[str, int | float] | None,  # which there are, the model knows
    "data": WHERE_DATA,
    "split": Split,
    "batch_size": PositiveInt,
    "device": Device,
}
ANALYZE = READING | {
    "ckpt": str | list[str] | None,
    "what": Node,
    "data": WHERE_DATA,
    "split": Literal["val", "test"],
    "device": Device,
}
EXPORT = READING | {
    "format": Literal["onnx", "reference"],
    "direction": Literal["AtoB", "BtoA"] | None,
    "norm_buffers": Literal["none", 2018],
}
TRANSLATE = READING | {
    "input": str,
    "direction": Literal["AtoB", "BtoA"],
    "memory": Literal["auto", "direct", "strips", "tiles"],
    "batch_size": PositiveInt,
    "device": Device,
    "data": {"max_pixels": PositiveInt, "on_error": OnError},
}
DEMO = SHARED | {
    "ckpt": str,
    "host": str,
    "port": Port,
    "names": list[str],
    "max_megabytes": PositiveFloat,
    "max_pixels": PositiveInt,
    "max_seconds": PositiveFloat,
    "side": PositiveInt | None,
    "examples": NonNegativeInt | None,
    "data": WHERE_DATA,
    "device": Device,
}
READING_DATA = {  # keys of ``data`` for who reads a set, beside those of its class
    "on_device": Literal["auto"] | bool,
    "stage": str | None,
    "class_shares": dict[str | int, Fraction] | None,
}
OWN_KEYS = frozenset({"data.class_shares", "label"})  # mappings of which the user makes up the keys
PREPARE = {key: kind for key, kind in SHARED.items() if key != "performance"} | {"data": Node, "show": str | None}
SWEEP = {key: kind for key, kind in SHARED.items() if key != "performance"} | {
    "file": str,
    "slurm": Node,
    "engine": Literal["local", "slurm", "wandb"],
    "workers": Literal["auto"] | PositiveInt,
    "replicates": PositiveInt,
    "run_cap": PositiveInt | None,
    "name": FileName | None,
    "resume": str | None,
}
DOCTOR = {key: kind for key, kind in SHARED.items() if key != "performance"}
DOCTOR |= {"run": str, "deep": bool, "repair": bool}
REPORT = {key: kind for key, kind in SHARED.items() if key != "performance"}
REPORT |= {"runs": str | list[str], "output": str, "title": str | None, "watch": bool, "port": Port}
ROOTS: dict[str, dict[str, Any]] = {
    "train": TRAIN,
    "submit": SUBMIT,
    "evaluate": EVALUATE,
    "generate": GENERATE,
    "analyze": ANALYZE,
    "export": EXPORT,
    "translate": TRANSLATE,
    "demo": DEMO,
    "prepare": PREPARE,
    "sweep": SWEEP,
    "doctor": DOCTOR,
    "report": REPORT,
}
