"""The part of ``evaluate.py a=DIR b=DIR`` that needs torch: features of both folders, every measure of two sets, results."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf

from genlab import console
from genlab.apps.command.device import device_for
from genlab.apps.command.evaluators import described
from genlab.apps.command.networks import stated_files
from genlab.apps.command.paths import cache_root
from genlab.apps.evaluate.measured import Measured
from genlab.apps.evaluate.pairs import Terms, are_pairs, means_over_pairs, terms_of
from genlab.apps.evaluate.report import write_table
from genlab.apps.evaluate.table import drawn, rows_of
from genlab.callbacks.evaluators.distance import Distance
from genlab.config.build import build
from genlab.config.types import ExtractorChoice, ResizeRule
from genlab.contracts import ConfigError, DataSpec, Problem
from genlab.data.files.listing import few
from genlab.data.files.plain_folder import Pictures, as_words
from genlab.data.store.source import PreparedData
from genlab.metrics.error_bars.asides import compared, is_frechet
from genlab.metrics.extractors.choose import Chosen, StatedFiles, choose, make_extractor
from genlab.metrics.extractors.folder_features import FolderFeatures
from genlab.metrics.names import metric_name
from genlab.models.base.tf32 import switch_tf32
from genlab.runs.summary import NAME, Summary, versions


def compare(cfg: DictConfig, a: Pictures, b: Pictures, output: Path) -> int:
    """Measure, print, and write ``summary.json`` and ``tables/metrics.csv`` to ``output``.

    Raises:
        ConfigError: there is no measure of two sets, or no extractor for it.
        DataError: a file is damaged.
    """
    began, device, cache = monotonic(), device_for(cfg.device), cache_root(cfg)
    nodes = (node for node in cfg.metrics.values() if OmegaConf.is_dict(node) and "_target_" in node)
    evaluators = [build(node, cfg.trust) for node in nodes]
    spec = DataSpec("two folders", "images", a.shape, {"a": len(a), "b": len(b)}, digest="")
    looks = looks_of(evaluators, spec, cfg)
    terms = terms_of(evaluators, a, device) if are_pairs(a, b) else {}
    if threads := build(cfg.performance, cfg.trust).apply():
        console.say(f"threads   {threads}")
    switch_tf32(False, False)  # also while real images are looked at, before a test begins
    console.say(f"generated {described_in_words(a)}")
    console.say(f"real      {described_in_words(b)}")
    if cfg.check_only:
        console.say("all checks passed; nothing was measured")
        return 0
    made = {look: make_extractor(look, PreparedData(spec, {}), cache) for _, look in looks}
    sets = {look: Two(*(FolderFeatures(one, net.to(device), cache) for one in (a, b))) for look, net in made.items()}
    first, measures = sets[looks[0][1]], [(distance, sets[look]) for distance, look in looks]
    are_whole = not (first.fake.kept["skipped"] or first.real.kept["skipped"])
    told = [*notes_on_files(first), *notes_on_features(measures), *notes_on_pairs(terms, are_whole)]
    for note in told:
        console.say(f"note      {note}")
    metrics = of_distances(measures, device)
    counts = {name: len(first.fake) for name in metrics} | {f"{name}_real": len(first.real) for name in metrics}
    metrics |= means_over_pairs(a, b, terms, device, cache) if terms and are_whole else {}
    known = {"a": facts(first.fake), "b": facts(first.real), "metrics": metrics, "counts": counts, "notes": told}
    report(output, known | described([*made.values()]) | {"device": device.type, "seconds": monotonic() - began})
    return 0


class Two(NamedTuple):
    """Features of both folders by one extractor."""

    fake: FolderFeatures
    real: FolderFeatures


def looks_of(evaluators: list[Any], spec: DataSpec, cfg: DictConfig) -> list[tuple[Distance, Chosen]]:
    """The evaluators that compare two sets of features, each with what it looks with.

    Those against another split have nothing to look at, and some take only features of certain networks, or more images.

    Raises:
        ConfigError: there is none, or no extractor for one.
    """
    stated, images = stated_files(cfg.metrics), min(spec.sizes.values())
    distances = [one for one in evaluators if isinstance(one, Distance) and one.against is None]
    looks = [(one, chosen_for(one.extractor, one.resize, spec, stated)) for one in distances]
    if found := [(one, look) for one, look in looks if fits(one, look.name, images)]:
        return found
    what = f"metrics={cfg.choices.metrics} has no measure of two sets of such images by such features"
    raise ConfigError([Problem("metrics", what, "Type: metrics=default")])


def chosen_for(choice: ExtractorChoice, resize: ResizeRule, spec: DataSpec, stated: StatedFiles) -> Chosen:
    """The extractor for two folders. ``auto``: Inception, and nothing else in its place.

    Raises:
        ConfigError: its weights are missing, or it needs labels; folders have none.
    """
    if choice == "classifier":
        what = "folders have no labels that a classifier could learn"
        raise ConfigError([Problem("metrics.extractor=classifier", what, "Type: metrics.extractor=inception")])
    found = choose(choice, resize, spec, stated)
    if choice == "auto" and found.network == "random":
        what = "two folders are compared by Inception, and its weights are not at hand"
        remedy = "Type: metrics.extractor=inception, which fetches them, or tells where they must lie.\n    "
        remedy += "Numbers of metrics.extractor=random compare only folders with the same b."
        raise ConfigError([Problem("metrics.extractor=auto", what, remedy)])
    return found


def of_distances(sets: list[tuple[Distance, Two]], device: torch.device) -> dict[str, float]:
    """What the evaluators measure of the sets of their extractors, by the names of the metrics."""
    found: dict[str, float] = {}
    with console.progress("measuring", len(sets), unit="measures") as advance:
        for distance, two in sets:
            if fits(distance, two.fake.extractor.name, min(map(len, two))):
                found |= numbers(distance, two, device)
            advance()
    return found


def fits(distance: Distance, extractor: str, images: int) -> bool:
    """Whether the measure takes features of this extractor, and so few images."""
    told = getattr(distance.measure, "fits", None)
    return told is None or told(extractor, images)


def numbers(distance: Distance, two: Two, device: torch.device) -> dict[str, float]:
    """What one evaluator measures, and what stands beside it."""
    where = device if device.type != "mps" else torch.device("cpu")  # which has no float64
    found = compared(distance.measure, two.real, two.fake, distance.bootstrap, None, where)
    look, counts, of_moments = two.fake.extractor, (len(two.fake), len(two.real)), is_frechet(distance.measure)
    names = {one: metric_name(one + look.suffix, look.name, *counts, of_moments=of_moments) for one in found}
    return {names[one] + end: value for one, values in found.items() for end, value in values.items()}


# ---- what is said -----------------------------------------------------------------------------------------------------


def described_in_words(pictures: Pictures) -> str:
    """``a=DIR  1,000 images, 64 x 64, grey``."""
    folder = pictures.folder
    colour = "colour" if pictures.shape[0] == 3 else "grey"
    how = f"{as_words(pictures.shape[1:])}, {colour}" + (", resized" if pictures.resized else "")
    return f"{folder}  {len(pictures):,} images, {how}"


def notes_on_files(two: Two) -> list[str]:
    """What is left out or odd in the folders."""
    told, (a, b) = [], two
    if a.pictures.folder.root.resolve() == b.pictures.folder.root.resolve():
        told.append("a and b are the same folder: such numbers show what equal images give")
    elif common := len(set(a.kept["digests"]) & set(b.kept["digests"])):
        told.append(f"{common:,} different images are in both a and b, pixel for pixel")
    for one in (a, b):
        key, digests = one.pictures.folder.key, one.kept["digests"]
        if twice := len(digests) - len(set(digests)):
            told.append(f"{key}: {twice:,} of {len(digests):,} images are repetitions of another one in it")
        if names := [*one.pictures.folder.skipped, *one.kept["skipped"]]:
            told.append(f"{key}: left out, as they cannot be read: {few(names)}")
        told += [f"{key}: {remark}" for remark in (*one.pictures.folder.remarks, *one.kept["remarks"])]
    return told


def notes_on_features(measures: list[tuple[Distance, Two]]) -> list[str]:
    """Of features without a meaning, of fewer images than features, and what the measures say of so many images."""
    told: list[str | None] = []
    for distance, two in measures:
        extractor, counts = two.fake.extractor, (len(two.fake), len(two.real))
        if extractor.name == "random":
            told.append("random features: such numbers compare folders with the same b; their size means nothing")
        if min(counts) < extractor.num_features:
            what = f"{min(counts):,} images, fewer than the {extractor.num_features:,} features of each by {extractor.name}"
            told.append(f"{what}: such numbers say little, and compare only with those of the same count")
        told.append(getattr(distance.measure, "note", lambda fakes, reals: None)(*counts))
    return [*dict.fromkeys(filter(None, told))]


def notes_on_pairs(terms: dict[str, Terms], are_whole: bool) -> list[str]:
    """Whether images are compared in pairs as well. ``terms``: what would be measured of them."""
    if not terms:
        return []
    same = "the files of a and b have the same names"
    return [f"{same}: they are compared in pairs, too" if are_whole else f"{same}, but not all can be read: no pairs"]


# ---- what is written --------------------------------------------------------------------------------------------------


def facts(features: FolderFeatures) -> dict[str, Any]:
    """A folder for the summary."""
    pictures = features.pictures
    return {
        "path": str(pictures.folder.root.resolve()),
        "images": len(features),
        "digest": features.digest,
        "shape": list(pictures.shape),
        "resized": f"to cover, {pictures.reading.resample}, centre crop" if pictures.resized else None,
        "skipped": [*pictures.folder.skipped, *features.kept["skipped"]],
    }


def report(output: Path, known: dict[str, Any]) -> None:
    """Show the table, and write it and the summary."""
    rows = rows_of("", Measured(output, 0, [known["metrics"]], known["counts"]))
    for line in drawn(rows).splitlines():
        console.say(line)
    (output / "tables").mkdir(parents=True, exist_ok=True)
    write_table(output / "tables" / "metrics.csv", rows)
    Summary(output / NAME).update(**known, versions=versions())
    console.say(f"written to {output / NAME} and tables/metrics.csv beside it")
