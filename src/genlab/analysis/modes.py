"""``what=modes``: does a generator make everything that it should, and more than its training images? One page.

Of points with known modes: how many, how evenly, how well. Of images: their classes, near-duplicates and copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.analysis.base.subject import Subject
from genlab.analysis.samples.images import FEWEST, found_of_images
from genlab.analysis.samples.points import found_of_points
from genlab.config.types import AtLeastTwo, ExtractorChoice, PositiveInt
from genlab.contracts import ConfigError, Problem, Samples
from genlab.metrics.extractors.choose import choose


@dataclass
class Modes(Analysis):
    """Modes and quality of points; classes, birthday test, copies, precision and recall of images.

    Args:
        samples: how many.
        extractor: of images: what tells classes, and in whose features distances are.
        sizes: of the batches of the birthday test.
        shown: samples nearest to a training image, and half as many pairs.
    """

    needs: ClassVar[tuple[type, ...]] = (Samples,)

    samples: PositiveInt
    extractor: ExtractorChoice
    sizes: list[AtLeastTwo]
    shown: AtLeastTwo

    def refuse(self, *subjects: Subject) -> None:
        """Points need known modes, images an extractor that is at hand and samples enough to have neighbours."""
        for subject in subjects:
            spec = subject.loaded.spec
            if spec.kind == "points" and subject.prepared.modes is None:
                what = f"the modes of {spec.name} are not known"
                remedy = (
                    "Type: what=landscape, which shows them; or train on a mixture: model=gan data=toy2d data.name=ring"
                )
                raise ConfigError([Problem("what=modes", what, remedy)])
            if spec.kind == "images":
                choose(self.extractor, "antialiased", spec, {})
                self.require_enough()

    def require_enough(self) -> None:
        """Raises ConfigError if so few samples have no neighbours to speak of."""
        if self.samples < FEWEST:
            what = f"so few images have too few neighbours: at least {FEWEST}"
            raise ConfigError([Problem(f"what.samples={self.samples}", what, f"Type: what.samples={FEWEST}")])

    def __call__(self, *subjects: Subject) -> Findings:
        """Table: the histogram over modes or classes; of images without classes, the copies."""
        (subject,) = subjects
        if subject.loaded.spec.kind == "points":
            modes = subject.prepared.modes
            assert modes is not None  # or it was refused
            return found_of_points(subject, modes, self.samples)
        return found_of_images(subject, self.samples, self.extractor, self.sizes, self.shown)
