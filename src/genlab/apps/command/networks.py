"""The published networks that a configuration names, made ready before the data is prepared and before torch is imported."""

from __future__ import annotations

from typing import Any, get_args

from omegaconf import DictConfig, OmegaConf

from genlab.config.types import Network
from genlab.metrics.extractors.weights import Stated, make_ready, weights_of


def stated_files(metrics: DictConfig) -> dict[Network, Stated]:
    """What ``metrics.weights`` says of the files, by network. Runs of an earlier release have no such key."""
    plain: dict[Any, Any] = OmegaConf.to_container(metrics.get("weights") or OmegaConf.create({}), resolve=True)  # type: ignore[assignment]
    return {network: Stated(**said) for network, said in plain.items()}


def require_networks(metrics: DictConfig) -> None:
    """Make the weights of every network that an evaluator names ready: here, in the process that prepares.

    Raises:
        ConfigError: weights or a package are missing.
        DataError: a file of weights is another than expected.
    """
    stated = stated_files(metrics)
    for network in named(metrics):
        make_ready(weights_of(network, stated.get(network, Stated())))


def named(metrics: DictConfig) -> list[Network]:
    """The published networks that evaluators with something to measure name."""
    plain: Any = OmegaConf.to_container(metrics, resolve=True)
    nodes = [node for node in plain.values() if isinstance(node, dict) and "extractor" in node]
    measuring = [node for node in nodes if node.get("val_samples", 1) or node.get("test_samples", 1)]
    found = {node["extractor"] for node in measuring}
    return [network for network in get_args(Network) if network in found]
