"""``what=sharpness``: samples of a VAE beside those of a GAN and real images: how fine, how faithful, how varied.

A VAE's mean image averages over what its code does not say, and is blurred; a GAN's D sees blur at once, but it does not
miss what G leaves out. Theis et al., 2016 (arXiv:1511.01844); precision and recall: Kynkäänniemi et al., 2019
(arXiv:1904.06991). Held-out images beside training images show what the numbers of real ones are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.images import image_batches
from genlab.analysis.base.several import require_comparable, titles
from genlab.analysis.base.subject import Subject
from genlab.analysis.samples.drawn import drawn as samples_of
from genlab.analysis.spectra.picture import Shown, picture
from genlab.analysis.spectra.spectrum import edge_strength, spectrum
from genlab.config.types import AtLeastTwo, ExtractorChoice, PositiveInt
from genlab.config.what_is_analyzed import LooksAt
from genlab.console import progress
from genlab.contracts import ConfigError, Problem, Samples
from genlab.images import rounded
from genlab.metrics.extractors.choose import choose, make_extractor
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.frechet import FID
from genlab.metrics.neighbours import neighbours
from genlab.models.base.code_mixture import mixture_of

K_PRECISION, K_DENSITY = 3, 5  # as in conf/metrics/evaluation.yaml
FEWEST = 50


@dataclass
class Sharpness(Analysis):
    """Power spectrum, strength of edges, precision, recall and FID of samples, of each run and of real images.

    Args:
        samples: of each run, and as many held-out images.
        extractor: in whose features precision, recall and FID are.
        shown: samples of each run in the picture.
    """

    looks_at: ClassVar[LooksAt] = "checkpoints"
    needs: ClassVar[tuple[type, ...]] = (Samples,)

    samples: AtLeastTwo
    extractor: ExtractorChoice
    shown: PositiveInt

    def refuse(self, *subjects: Subject) -> None:
        """Two models at least, of the same images, that can be sampled; samples enough to have neighbours."""
        require_comparable("sharpness", subjects, 2, "samples of several models, a VAE's and a GAN's say")
        choose(self.extractor, "antialiased", subjects[0].loaded.spec, {})
        if self.samples < FEWEST:
            what = f"so few images have too few neighbours: at least {FEWEST}"
            raise ConfigError([Problem(f"what.samples={self.samples}", what, f"Type: what.samples={FEWEST}")])
        for one in subjects:
            if hasattr(one.model, "mixture"):
                mixture_of(one.model)  # raises if it has none

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: a row for the held-out images, and one for each run; the curves in a further one."""
        first = subjects[0]
        chosen = choose(self.extractor, "antialiased", first.loaded.spec, {})
        extractor = make_extractor(chosen, first.prepared, first.cache()).to(first.device)
        truth = real_images(first, first.split, self.samples)
        images = {"truth": truth}
        images |= {name: sampled(one, name, len(truth)) for name, one in zip(titles(subjects), subjects, strict=True)}
        features = {name: features_of(extractor, x, first.device) for name, x in images.items()}
        reference = features_of(extractor, real_images(first, "train", len(truth)), first.device)
        rows = [row_of(name, images, features, reference, first.device) for name in images]
        lines = said(rows, first.split, extractor.key)
        shown = [
            Shown(row, images[name][: self.shown], spectrum(images[name]))
            for name, row in zip(images, rows, strict=True)
        ]
        metrics = metrics_of(rows[1:], first.split, extractor.key, len(truth))
        made = picture(f"Blur and sharpness: {first.loaded.spec.name}", lines, shown)
        return Findings(
            list(rows),
            made,
            lines,
            metrics,
            dict.fromkeys(metrics, len(truth)),
            {},
            {"sharpness_spectra": curves(shown)},
        )


def real_images(subject: Subject, split: Any, count: int) -> Tensor:
    """Images of a split in [0, 1], [N, C, H, W] on the CPU."""
    return torch.cat([batch.image.float().cpu() for batch in image_batches(subject, split, count)])


def sampled(subject: Subject, name: str, count: int) -> Tensor:
    """Samples in 256 levels as real images have, [N, C, H, W] on the CPU."""
    parts = []
    with progress(f"sampling {name}", count, unit="images") as advance:
        for x in samples_of(subject, count):
            parts.append(rounded(x).cpu())
            advance(len(x))
    return torch.cat(parts)


def features_of(extractor: Extractor, images: Tensor, device: torch.device) -> Tensor:
    """[N, d] on the CPU."""
    return torch.cat([extractor(part.to(device)).cpu() for part in images.split(250)])


def row_of(
    name: str, images: dict[str, Tensor], features: dict[str, Tensor], reference: Tensor, device: torch.device
) -> dict[str, Any]:
    """Against held-out images; these themselves against training images."""
    x, real = images[name], reference if name == "truth" else features["truth"]
    found = neighbours(real, features[name], K_PRECISION, K_DENSITY, device)
    fid = FID()(FeatureSet(real), FeatureSet(features[name]), device)["fid"]
    seen, truth = spectrum(x), spectrum(images["truth"])
    return {
        "run": name,
        "fine_power": float(seen.fine.mean()),
        "fine_decibels": 10 * math.log10(max(float(seen.fine.mean() / truth.fine.mean()), 1e-12)),
        "fine_share": seen.fine_share,
        "edges": edge_strength(x),
        "edges_of_truth": edge_strength(x) / edge_strength(images["truth"]),
        "precision": found["precision"],
        "recall": found["recall"],
        "fid": fid,
        "images": len(x),
    }


def metrics_of(rows: Sequence[dict[str, Any]], split: str, key: str, count: int) -> dict[str, float]:
    """The numbers of the runs, named as ``evaluate.py`` names them, and the run."""
    found: dict[str, float] = {}
    for row in rows:
        run = row["run"].replace("/", "_")
        found |= {f"{split}/{name}_{key}_{count}_{run}": row[name] for name in ("precision", "recall", "fid")}
        found[f"{split}/fine_decibels_{run}"] = row["fine_decibels"]
    return found


def curves(shown: Sequence[Shown]) -> list[Mapping[str, Any]]:
    """Power by frequency, a column for each run."""
    frequency = shown[0].spectrum.frequency.tolist()
    columns = {one.row["run"]: one.spectrum.power.tolist() for one in shown}
    return [{"frequency": f, **{name: power[k] for name, power in columns.items()}} for k, f in enumerate(frequency)]


def said(rows: Sequence[dict[str, Any]], split: str, key: str) -> tuple[str, str]:
    """The two lines."""
    fine = ", ".join(f"{row['run']} {row['fine_decibels']:+.1f} dB" for row in rows[1:])
    first = f"power above a quarter of a cycle a pixel, against that of {split} images: {fine}"
    told = [f"{row['run']} {row['precision']:.2f}, {row['recall']:.2f} and FID {row['fid']:.1f}" for row in rows]
    return first, (
        f"precision, recall and FID of {rows[0]['images']:,} ({key}): {'; '.join(told)} "
        f"(truth: {split} against training images)"
    )
