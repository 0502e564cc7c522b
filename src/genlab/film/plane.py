"""The landscape in the plane: real and generated points over the probability that D gives to each place."""

from __future__ import annotations

from typing import Any

import numpy as np

from genlab.figures import figure
from genlab.film.canvas import FAKE, WORDS, Canvas, faint
from genlab.film.frame import Frame, Scene

SIDE, HEAD, FOOT, EDGE = 560, 34, 62, 40  # pixels: of the field, above it, below it, to its left
GENERATED, EVEN, GENUINE = "#f4b48d", "#f5f4f0", "#8fbbe3"  # what D takes for generated, for neither, for real
DOT = "#1f5ca3"  # of real points: seen on any of them
BANDS = 24  # of colour: an odd one would hide where D says 1/2


class Plane:
    """Draws frames in two dimensions."""

    def __init__(self, scene: Scene, box: np.ndarray) -> None:
        self.scene, self.box = scene, box
        self.canvas = self.stage()

    def draw(self, frame: Frame) -> np.ndarray:
        """uint8 [H, W, 4], transparent around the field."""
        self.field.set_data(frame.belief)
        self.fake.set_offsets(frame.fake)
        self.words.set_text(f"batch {frame.step:,}")
        if not frame.belief.min() < 0.5 < frame.belief.max():
            return self.canvas.shot()
        lines = self.contour(frame)
        made = self.canvas.shot([lines])
        lines.remove()
        return made

    def contour(self, frame: Frame) -> Any:
        """Where D gives 1/2."""
        return self.axes.contour(
            frame.along(0), frame.along(1), frame.belief, [0.5], colors="#3c3c3c", linewidths=0.9, alpha=0.75, zorder=2
        )

    def stage(self) -> Canvas:
        """The figure with the parts that move."""
        from matplotlib.colors import LinearSegmentedColormap

        wide, high = SIDE + 2 * EDGE, HEAD + SIDE + FOOT
        made = figure(wide, high)
        self.axes = faint(made.add_axes((EDGE / wide, FOOT / high, SIDE / wide, SIDE / high)))
        (left, bottom), (right, top) = self.box
        self.axes.set(xlim=(left, right), ylim=(bottom, top))
        colours = LinearSegmentedColormap.from_list("belief", [GENERATED, EVEN, GENUINE], BANDS)
        self.field = self.axes.imshow(
            np.zeros((2, 2)), colours, vmin=0, vmax=1, extent=(left, right, bottom, top), origin="lower",
            interpolation="bilinear", interpolation_stage="data", aspect="auto", zorder=1,
        )  # fmt: skip
        size = min(14, max(4, 6e3 / max(1, len(self.scene.real))))
        x, y = self.scene.real.T
        self.real = self.axes.scatter(x, y, size, DOT, alpha=0.6, linewidths=0, zorder=3, label="real")
        self.fake = self.axes.scatter(
            [], [], 1.4 * size, FAKE, alpha=0.9, edgecolors="white", linewidths=0.3, zorder=4, label="generated"
        )
        self.words = made.text(EDGE / wide, 1 - HEAD / 2 / high, "", va="center", size=13, color=WORDS)
        self.explain(made, wide, high)
        return Canvas(made, [self.field, self.real, self.fake, self.words])

    def explain(self, made: Any, wide: float, high: float) -> None:
        """The legend above the field and the bar of colours below it."""
        from matplotlib.lines import Line2D

        dot: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 6}
        keys = [
            Line2D([], [], color=colour, label=name, **dot) for colour, name in ((DOT, "real"), (FAKE, "generated"))
        ]
        keys.append(Line2D([], [], color=WORDS, linewidth=1.2, label="D = ½"))
        place = (1 - EDGE / wide, 1 - HEAD / 2 / high)
        options: dict[str, Any] = {"frameon": False, "ncols": 3, "fontsize": 9, "labelcolor": WORDS}
        made.legend(handles=keys, loc="center right", bbox_to_anchor=place, borderaxespad=0, **options)
        bar = made.add_axes((EDGE / wide, 24 / high, SIDE / wide, 9 / high))
        made.colorbar(self.field, cax=bar, orientation="horizontal", ticks=[0, 0.5, 1])
        bar.set_xticks([0, 0.5, 1], ["D(x) = 0: generated", "½", "1: real"])
        for name, side in zip(bar.get_xticklabels(), ("left", "center", "right"), strict=True):
            name.set_ha(side)
        faint(bar)
