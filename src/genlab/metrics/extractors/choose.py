"""Which extractor a set is measured by, and how it is built. Its name is part of its metrics' names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, cast

from genlab.config.types import ExtractorChoice, Network, ResizeRule
from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors.extractor import SUFFIXES, Extractor
from genlab.metrics.extractors.inception import inception
from genlab.metrics.extractors.lessons import is_learnable
from genlab.metrics.extractors.small_networks import classifier_of, random_features
from genlab.metrics.extractors.transformers import clip, dinov2
from genlab.metrics.extractors.weights import Stated, Weights, require_packages, weights_of

StatedFiles = Mapping[Network, Stated]


class Chosen(NamedTuple):
    """An extractor before it is built: what metric names need of it, and what tells it from others."""

    network: str
    resize: ResizeRule
    weights: Weights | None

    @property
    def name(self) -> str:
        """As the extractor's."""
        return self.weights.name if self.weights else self.network

    @property
    def suffix(self) -> str:
        """As the extractor's: ``_tf`` of ``fid_tf_inception_10000``."""
        return SUFFIXES[self.resize]

    @property
    def key(self) -> str:
        """As the extractor's."""
        return self.name + self.suffix


def choose(choice: ExtractorChoice, resize: ResizeRule, spec: DataSpec, stated: StatedFiles) -> Chosen:
    """The extractor that ``choice`` selects for a set; nothing is built yet.

    ``auto``: ``classifier`` if the set has labels or two domains, else ``inception`` if its weights are on disk, else
    ``random``. Pairs get no classifier: telling photographs from maps is too easy to yield useful features.

    Args:
        stated: what the user says of files of weights, by network.

    Raises:
        ConfigError: the set has nothing for a classifier to learn, the weights or a package are missing, or the network
            has no such rule for resizing.
    """
    if choice == "classifier" and not is_learnable(spec):
        what = f"{spec.name} has neither labels nor two domains for a classifier to learn"
        raise ConfigError([Problem(f"extractor={choice}", what, "Type: metrics.extractor=auto")])
    network = resolved(choice, spec, stated)
    if resize != "antialiased" and network != "inception":
        what = f"is a rule of Inception, and these images are looked at with {network}"
        remedy = "Type: metrics.resize=antialiased, or metrics.extractor=inception"
        raise ConfigError([Problem(f"resize={resize}", what, remedy)])
    if network in ("classifier", "random"):
        return Chosen(network, resize, None)
    published = cast(Network, network)
    weights = weights_of(published, stated.get(published, Stated()))
    require_packages(published)
    weights.require_file([])
    return Chosen(network, resize, weights)


def resolved(choice: ExtractorChoice, spec: DataSpec, stated: StatedFiles) -> ExtractorChoice:
    """What ``auto`` stands for; any other choice as it is."""
    if choice != "auto":
        return choice
    has_weights = weights_of("inception", stated.get("inception", Stated())).path.is_file()
    return "classifier" if is_learnable(spec) else "inception" if has_weights else "random"


def make_extractor(chosen: Chosen, prepared: PreparedData, cache_root: Path) -> Extractor:
    """Build an extractor; a classifier is trained unless it is cached."""
    if chosen.weights is None:
        is_random = chosen.network == "random"
        return random_features(prepared.spec.widest) if is_random else classifier_of(prepared, cache_root)
    if chosen.network == "inception":
        return inception(chosen.weights, chosen.resize)
    return clip(chosen.weights) if chosen.network == "clip" else dinov2(chosen.weights)
