"""Whether two configurations train to the same weights: a digest of the keys that matter, and of the data."""

from __future__ import annotations

import hashlib
import json

from omegaconf import DictConfig, OmegaConf

DECIDE = ("model", "data", "seed", "trainer")  # the groups that decide what is trained
HOW_LONG = ("max_epochs", "max_steps", "max_time")
FREE_TRAINER = (*HOW_LONG, "accelerator", "devices", "num_nodes", "strategy", "log_every_n_steps")
FREE_DATA = ("path", "on_device", "stage", "class_shares")  # where the images are, and which: their digest covers that


def config_digest(cfg: DictConfig, data_digest: str) -> str:
    """SHA-256 of the keys that determine the weights, ``init_from`` included.

    Ignores paths, names, loggers, callbacks, devices and the length of the training.
    """
    plain = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(plain, dict)
    kept = {key: plain[key] for key in DECIDE} | ({"init_from": plain["init_from"]} if plain.get("init_from") else {})
    kept["trainer"] = {k: v for k, v in kept["trainer"].items() if k not in FREE_TRAINER}
    kept["data"] = {k: v for k, v in kept["data"].items() if k not in FREE_DATA} | {"digest": data_digest}
    if isinstance(kept["model"].get("schedule"), dict):
        kept["model"] = kept["model"] | {"schedule": {**kept["model"]["schedule"], "epochs": None}}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
