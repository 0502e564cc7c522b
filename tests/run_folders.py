"""Run directories written by hand, whose numbers are known, for what reads them."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import yaml
from PIL import Image

CONFIG = {
    "model": {"_target_": "genlab.models.vae.VAE", "beta": 1.0, "likelihood": "bernoulli", "sigma": 1.0},
    "data": {"_target_": "genlab.data.sets.digits.Digits", "batch_size": 20},
    "trainer": {"max_epochs": 4},
    "choices": {"model": "vae", "data": "digits"},
    "paths": {"runs": "runs"},
    "notes": "",
    "tags": [],
}


def merged(one, other):
    """Nested dicts, the second over the first."""
    both = {
        key: merged(value, other[key]) if isinstance(other.get(key), dict) else other.get(key, value)
        for key, value in one.items()
    }
    return both | {key: value for key, value in other.items() if key not in one}


def nested(keys):
    """``{"model.beta": 4}`` as groups of keys."""
    found = {}
    for key, value in keys.items():
        *groups, last = key.split(".")
        node = found
        for group in groups:
            node = node.setdefault(group, {})
        node[last] = value
    return found


def write(root, name, metrics=None, seed=0, keys=None, rows=None, pictures=(), typed=(), **summary):
    """A finished run.

    Args:
        metrics: those of its last weights.
        keys: of the configuration, by their dots, over ``CONFIG``.
        rows: of ``metrics.csv``: dicts with a step.
        pictures: names below its folder; each gets a shade of its own.
        typed: overrides.
        summary: further values of ``summary.json``.
    """
    folder = root / name
    folder.mkdir(parents=True)
    whole = merged(CONFIG, nested(keys or {})) | {"seed": seed}
    told = {"name": "run", "run_id": folder.name, "model": whole["choices"]["model"], "data": whole["choices"]["data"]}
    told |= {
        "status": "finished",
        "seed": seed,
        "data_digest": "d" * 64,
        "seconds": 12.0,
        "metrics": metrics or {},
        "counts": {},
    }
    (folder / "summary.json").write_text(json.dumps(told | summary))
    (folder / "config.yaml").write_text(yaml.safe_dump(whole))
    (folder / "overrides.txt").write_text("".join(f"{text}\n" for text in typed))
    if rows is not None:
        write_rows(folder, rows)
    for i, picture in enumerate(pictures):
        (folder / picture).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((40, 60), 20 + 5 * i, np.uint8)).save(folder / picture)
    return folder


def write_rows(folder, rows):
    """``metrics.csv``; every 10 batches an epoch of 200 images in 2 seconds."""
    names = list(dict.fromkeys(name for row in rows for name in row if name != "step"))
    lines = [",".join(["step", "epoch", "images", "seconds", *names])]
    for row in rows:
        first = [row["step"], row["step"] / 10, row["step"] * 20, row["step"] / 5]
        lines.append(",".join(str(value) for value in (*first, *(row.get(name, "") for name in names))))
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")


def beat(seconds=0, host="another-machine"):
    """A heartbeat so many seconds ago."""
    when = datetime.now(UTC) - timedelta(seconds=seconds)
    return {"time": when.isoformat(timespec="seconds"), "host": host, "pid": 4242}
