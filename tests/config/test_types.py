"""What lies just inside a range is taken, and what lies just outside is refused: for each type, and each key with a range."""

import math

import pytest

from genlab.config import third_party as foreign
from genlab.config import types
from genlab.config.check import Walk
from genlab.config.hints import Hints
from genlab.config.root_schema import ROOTS
from genlab.config.words import in_words

# (inside, outside)
COUNTS = ([1, 10**9], [0, -1, 1.5, "1", True, None])
TYPES = {
    "PositiveInt": COUNTS,
    "NonNegativeInt": ([0, 7], [-1, 0.5, "0", False, None]),
    "PositiveFloat": ([1e-300, 1, 2.5], [0, 0.0, -1e-9, math.inf, math.nan, "1", True, None]),
    "NonNegativeFloat": ([0, 0.0, 3.5], [-1e-9, math.inf, math.nan, "0", False, None]),
    "Fraction": ([0, 0.5, 1], [-0.001, 1.001, "0.5", True]),
    "PositiveFraction": ([0.001, 1], [0, -0.1, 1.001, "0.5", True]),
    "BelowOne": ([0, 0.999], [-0.001, 1, 1.0]),
    "Betas": ([[0, 0.999], [0.5, 0.9]], [[0.9], [0.9, 0.9, 0.9], [0.9, 1.0], [-0.1, 0.9], 0.9]),
    "Activation": (["relu", "leaky_relu", "tanh", "gelu", "silu", "softplus"], ["ReLU", "elu", None]),
    "WandbMode": (["auto", "online", "offline", "disabled"], ["ofline", "dryrun", "", None]),
    "WandbProject": (["p", "my project", ""], ["a/b", "a#b", "a" * 129, None]),
    "PerceptualNet": (["alex", "vgg", "squeeze"], ["Alex", "vgg16", None]),
    "OnError": (["stop", "skip"], ["Skip", "raise", True]),
    "Resample": (["bicubic", "nearest"], ["Bicubic", "bilinear", None]),
    "NumberRange": (
        [None, "set", 4095, 0.5, [0, 4095], [-1000.0, 3000.5]],
        [0, -1, "SET", [1], [1, 2, 3], ["0", 1], True],
    ),
    "Resamples": ([0, 2, 200], [1, -1, 2.5, "2", None]),
    "SampleCount": ([0, 2, 50_000], [1, -1, 2.5, "2", None]),
    "Network": (["inception", "dinov2", "dinov2_base", "clip"], ["Inception", "auto", None]),
    "ExtractorChoice": (
        ["auto", "classifier", "random", "inception", "dinov2", "dinov2_base", "clip"],
        ["Inception", "vgg", None],
    ),
    "ResizeRule": (["antialiased", "tf", "clean"], ["bilinear", "", None]),
    "Binarize": (["dynamic", "static", "threshold"], ["grey", "Dynamic", None, True]),
    "TreePredictor": (["forest", "boosted"], ["Forest", "lasso", None]),
    "AtLeastTwo": ([2, 3, 10**6], [1, 0, -2, 2.5, "2", True, None]),
    "GroupSize": ([0, 2, 4], [1, -1, 2.5, "2", None]),
    "Condition": (["embedding", "projection"], ["Projection", "concat", None]),
    "Sha256": (["0" * 64, "aF09" * 16], ["0" * 63, "0" * 65, "g" * 64, 0, None]),
}
FLAG = ([True, False], [1, "true", None])
LIMIT = ([0, 7, 0.0, 0.5, 1.0], [-1, -0.5, 1.5, "1"])
TRAINER = {
    "accelerator": (["auto", "cpu", "gpu", "cuda", "mps", "tpu"], ["CPU", "xpu", None]),
    "strategy": (["auto", "ddp", "ddp_find_unused_parameters_true"], ["dp", "fsdp", None]),
    "devices": ([1, -1, "auto", "-1", "0", "0,1", [0, 3]], [0, -2, 1.0, "0,", "", [-1], None, True]),
    "num_nodes": COUNTS,
    "precision": (["32-true", "16-mixed", "bf16-mixed", "64-true", 16, 32, 64], [8, "16", "fp16", None]),
    "fast_dev_run": ([True, False, 0, 3], [-1, "yes", None]),
    "max_epochs": ([1, -1, 10**6], [0, -2, 1.5, "10", None]),
    "min_epochs": ([1, None], [0, -1]),
    "max_steps": ([-1, 0, 10], [-2, 1.5, None]),
    "min_steps": ([1, None], [0, -1]),
    "max_time": (
        ["00:08:00:00", "7:00:00:01", {"hours": 2}, None],
        ["8:00:00", "8h", 8, [0, 8], {"hours": "2"}, {"hour": 2}],
    ),
    **dict.fromkeys((f"limit_{stage}_batches" for stage in ("train", "val", "test", "predict")), LIMIT),
    "overfit_batches": (LIMIT[0], [*LIMIT[1], None]),
    "val_check_interval": ([1, 0.25, 1.0, None], [-1, 1.5]),
    "check_val_every_n_epoch": ([1, None], [0, -1, 0.5]),
    "log_every_n_steps": COUNTS,
    "accumulate_grad_batches": COUNTS,
    "gradient_clip_val": ([0, 0.5, None], [-0.1, "1", math.inf]),
    "gradient_clip_algorithm": (["norm", "value", None], ["Norm", True]),
    "deterministic": ([True, False, "warn", None], ["yes", 1]),
    "benchmark": ([True, False, None], [1, "true"]),
    "profiler": (["simple", "advanced", "pytorch", None], ["Simple", True]),
    "detect_anomaly": FLAG,
    "sync_batchnorm": FLAG,
}
OPTIMISERS = {
    "lr": "PositiveFloat",
    "betas": "Betas",
    "weight_decay": "NonNegativeFloat",
    "momentum": "BelowOne",
    "dampening": "NonNegativeFloat",
    "alpha": "BelowOne",
}
TEXT, TEXT_OR_NONE = (["x", "/a b"], [3, True, None]), (["x", None], [3, True])
NAME = (["vae-mnist", "2024.1_a+b", None], ["", ".x", "-x", "+x", "../x", "a/b", "a b", "a=b", "a\n", 2024])
NODE, LIST = ([{}, {"_target_": "x"}], ["x", 3, []]), ([[], ["a", "b"]], ["a", [1], None])
KEYS = {
    "paths.data": TEXT,
    "paths.runs": TEXT,
    "paths.cache": TEXT_OR_NONE,
    "seed": ([0, 2**32 - 1], [-1, 2**32, 1.0, "0", None]),
    "trust": LIST,
    "check_only": FLAG,
    "choices": ([{"model": "vae", "logger": None, "x": ["a"]}], ["vae"]),
    **dict.fromkeys(
        ("model", "data", "trainer", "logger", "callbacks", "slurm", "metrics.*", "checkpoint", "performance"), NODE
    ),
    "metrics.every_n_epochs": COUNTS,
    **dict.fromkeys(("metrics.val_samples", "metrics.test_samples"), TYPES["SampleCount"]),
    "metrics.extractor": TYPES["ExtractorChoice"],
    "metrics.resize": TYPES["ResizeRule"],
    **{f"metrics.weights.{network}.path": TEXT_OR_NONE for network in TYPES["Network"][0]},
    **{f"metrics.weights.{network}.sha256": (["0" * 64, None], ["0" * 63, 3]) for network in TYPES["Network"][0]},
    "metrics.bootstrap": TYPES["Resamples"],
    "metrics.floor": FLAG,
    "metrics.nll": TYPES["NonNegativeInt"],
    **dict.fromkeys(("metrics.nll_images", "metrics.nll_block"), ([None, 1, 50], [0, -1, 1.5, "1"])),
    "data.on_error": TYPES["OnError"],
    "data.max_pixels": COUNTS,
    **dict.fromkeys(("resume", "init_from", "output", "show", "data.path", "data.a", "data.b"), TEXT_OR_NONE),
    **dict.fromkeys(("name", "run_id"), NAME),
    "tags": LIST,
    "notes": (["", "a, b = c"], [3, None]),
    "ckpt": TEXT,
    **dict.fromkeys(("a", "b"), TEXT_OR_NONE),
    "size": ([None, 1, 256, "128x64", "1x1"], [0, -1, "64", "64x", "0x64", "64x64x3", "64X64", 1.5, True]),
    "data.channels": ([None, 1, 3], [0, 2, "3"]),
    "data.range": TYPES["NumberRange"],
    "data.resample": TYPES["Resample"],
    **dict.fromkeys(("file", "run"), TEXT),
    "engine": (["local", "slurm", "wandb"], ["Slurm", None]),
    "workers": (["auto", 1, 8], [0, -1, "2", 1.5, None]),
    "replicates": COUNTS,
    "seeds": COUNTS,
    "keep": FLAG,
    "run_cap": ([None, 1, 20], [0, -1, "20", 1.5]),
    **dict.fromkeys(("deep", "repair"), FLAG),
    "input": TEXT,
    "split": (["train", "val", "test"], ["Test", "trainA", None]),
    "what": (["sample", "reconstruct", "interpolate", "traverse"], ["samples", None]),
    "n": ([None, 1, 20], [0, -1, "20", 1.5]),
    "label": (
        [0, 9, -1, "Smiling", [0, "cat"], {"Smiling": 1}, {"angle": -0.5}, None],
        [0.5, True, [0.5], {"Smiling": "1"}],
    ),
    "format": (["onnx", "reference"], ["ONNX", "torch", None]),
    "direction": (["AtoB", "BtoA"], ["atob", "AB", True]),
    "norm_buffers": (["none", 2018], ["None", True, None]),
    "memory": (["auto", "direct", "strips", "tiles"], ["frugal", None]),
    "batch_size": COUNTS,
    "device": (["auto", "cpu", "cuda", "mps"], ["gpu", "cuda:0", None]),
    "runs": (["x", ["x", "y"]], [3, None, [3]]),
    "title": TEXT_OR_NONE,
    "watch": FLAG,
    "host": TEXT,
    "port": ([0, 8017, 65_535], [-1, 65_536, "80", 80.0, None]),
    "names": LIST,
    "max_megabytes": TYPES["PositiveFloat"],
    "max_seconds": TYPES["PositiveFloat"],
    "max_pixels": COUNTS,
    "side": ([None, 1, 512], [0, -1, "64", 1.5]),
    "examples": ([None, 0, 8], [-1, "8", 1.5]),
}
OTHERWISE = {  # keys that one command has in another form
    ("evaluate", "ckpt"): TEXT_OR_NONE,
    ("analyze", "ckpt"): (["x", None, ["x", "y"]], [3, True, [3]]),
    ("analyze", "what"): NODE,
    ("report", "output"): TEXT,
    ("analyze", "split"): (["val", "test"], ["train", "Test", None]),
}


def assert_held(kind, cases):
    """The check takes every value inside, and has one message for every value outside."""
    inside, outside = cases
    walk = Walk([])
    for value in inside:
        assert list(walk.value("key", value, kind)) == [], value
    for value in outside:
        said = in_words(walk.value("key", value, kind), Hints())
        assert [problem.what[:8] for problem in said] == ["must be "], value


def leaves(known, prefix=""):
    """Dotted keys with their types."""
    for key, kind in known.items():
        yield from leaves(kind, f"{prefix}{key}.") if isinstance(kind, dict) else [(f"{prefix}{key}", kind)]


def test_every_type_and_every_key_has_cases_here():
    assert set(TYPES) == {n for n in vars(types) if n[0].isupper()} - {"Annotated", "Literal", "Field"}
    assert set(TRAINER) == set(foreign.TRAINER)
    assert set(OPTIMISERS) == set(foreign.RANGES["torch.optim"])
    assert set(KEYS) == {key for known in ROOTS.values() for key, _ in leaves(known)}


@pytest.mark.parametrize("name", TYPES)
def test_a_type_has_its_range(name):
    assert_held(getattr(types, name), TYPES[name])


@pytest.mark.parametrize("key", TRAINER)
def test_a_key_of_the_trainer_has_its_range(key):
    assert_held(foreign.TRAINER[key], TRAINER[key])


@pytest.mark.parametrize("key", OPTIMISERS)
def test_an_argument_of_an_optimiser_has_its_range(key):
    assert_held(foreign.RANGES["torch.optim"][key], TYPES[OPTIMISERS[key]])


@pytest.mark.parametrize("command", ROOTS)
def test_a_key_of_a_command_has_its_range(command):
    for key, kind in leaves(ROOTS[command]):
        assert_held(kind, OTHERWISE.get((command, key), KEYS[key]))
