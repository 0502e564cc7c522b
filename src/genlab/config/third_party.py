"""Types and ranges for arguments of third-party code that configurations set.

A test compares the names with the real signatures.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from genlab.config.types import (
    BelowOne,
    Betas,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

Unlimited = Annotated[int, Field(ge=-1)]
DeviceList = Annotated[str, Field(pattern=r"^(-1|[0-9]+(,[0-9]+)*)$")]
# days:hours:minutes:seconds; a number, too, is told the form, not that it should be text
Duration = Annotated[str, BeforeValidator(str), Field(pattern=r"^[0-9]+:[0-9]{2}:[0-9]{2}:[0-9]{2}$")]
Span = dict[Literal["weeks", "days", "hours", "minutes", "seconds"], int]
Limit = Annotated[int, Field(ge=0)] | Fraction
Precision = Literal[
    "32-true",
    "16-mixed",
    "bf16-mixed",
    "64-true",
    "16-true",
    "bf16-true",
    "transformer-engine",
    "transformer-engine-float16",
]

TRAINER: dict[str, Any] = {
    "accelerator": Literal["auto", "cpu", "gpu", "cuda", "mps", "tpu"],
    "strategy": Literal["auto", "ddp", "ddp_find_unused_parameters_true"],
    "devices": PositiveInt | Literal[-1, "auto"] | list[NonNegativeInt] | DeviceList,
    "num_nodes": PositiveInt,
    "precision": Precision | Literal[16, 32, 64],
    "fast_dev_run": bool | NonNegativeInt,
    "max_epochs": PositiveInt | Literal[-1],
    "min_epochs": PositiveInt | None,
    "max_steps": Unlimited,
    "min_steps": PositiveInt | None,
    "max_time": Duration | Span | None,
    "limit_train_batches": Limit | None,
    "limit_val_batches": Limit | None,
    "limit_test_batches": Limit | None,
    "limit_predict_batches": Limit | None,
    "overfit_batches": Limit,
    "val_check_interval": PositiveInt | Fraction | None,
    "check_val_every_n_epoch": PositiveInt | None,
    "log_every_n_steps": PositiveInt,
    "accumulate_grad_batches": PositiveInt,
    "gradient_clip_val": NonNegativeFloat | None,
    "gradient_clip_algorithm": Literal["norm", "value"] | None,
    "deterministic": bool | Literal["warn"] | None,
    "benchmark": bool | None,
    "profiler": Literal["simple", "advanced", "pytorch"] | None,
    "detect_anomaly": bool,
    "sync_batchnorm": bool,
}

TABLES: dict[str, dict[str, Any]] = {"lightning.pytorch.Trainer": TRAINER}
REQUIRED = {  # what our own code reads before the Trainer does
    "lightning.pytorch.Trainer": (
        "accelerator",
        "devices",
        "num_nodes",
        "strategy",
        "precision",
        "max_epochs",
        "max_steps",
        "log_every_n_steps",
        "gradient_clip_val",
        "gradient_clip_algorithm",
        "accumulate_grad_batches",
    )
}

# ranges by the name of the argument, for every class of a package; names and defaults come from its source
RANGES: dict[str, dict[str, Any]] = {
    "torch.optim": {
        "lr": PositiveFloat,
        "betas": Betas,
        "weight_decay": NonNegativeFloat,
        "momentum": BelowOne,
        "dampening": NonNegativeFloat,
        "alpha": BelowOne,
    }
}
