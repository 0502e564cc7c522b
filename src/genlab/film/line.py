"""The landscape on a line, as in Goodfellow et al., 2014 (arXiv:1406.2661), figure 1.

Above, the densities of data and generator and D's curve; below, the axis of z with an arrow from each z to G(z). Where
the density of the data is known, D's optimum p / (p + q) is dashed (proposition 1).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from genlab.figures import figure
from genlab.film.canvas import FAKE, JUDGE, REAL, WORDS, Canvas, faint
from genlab.film.density import Densities
from genlab.film.frame import Frame, Scene

WIDE, HIGH = 760, 520  # pixels
ROOM = 1.6  # of the axis of densities, over the highest of the data's: a generator that is narrower is cut off


class Line:
    """Draws frames in one dimension."""

    def __init__(self, scene: Scene, first: Frame) -> None:
        self.scene, (self.left, self.right) = scene, first.box[:, 0]
        self.has_arrows = len(first.z) > 0
        self.reach = max(float(np.abs(first.z).max()), 1e-6) if self.has_arrows else 1.0
        self.x = first.along(0)
        self.densities = Densities(scene, self.x)
        self.canvas = self.stage()

    def draw(self, frame: Frame) -> np.ndarray:
        """uint8 [H, W, 4], transparent between the curves."""
        q = self.densities.generated(frame)
        self.q.set_ydata(q)
        self.judge.set_ydata(frame.belief)
        self.optimum.set_ydata(self.densities.optimum(q))
        self.words.set_text(f"batch {frame.step:,}")
        if self.has_arrows:
            below = self.left + (frame.z / self.reach + 1) / 2 * (self.right - self.left)
            ends = np.stack(
                [np.stack([below, np.zeros_like(below)], 1), np.stack([frame.image, np.ones_like(below)], 1)], 1
            )
            self.arrows.set_segments(list(ends))
            self.heads.set_offsets(ends[:, 1])
        filled = self.upper.fill_between(self.x, q, color=FAKE, alpha=0.16, linewidth=0, zorder=2)
        made = self.canvas.shot([filled])
        filled.remove()
        return made

    def stage(self) -> Canvas:
        """The figure with the parts that move."""
        made = figure(WIDE, HIGH)
        self.words = made.text(0.06, 0.955, "", va="center", size=13, color=WORDS)
        moving: list[Any] = [self.words, *self.draw_curves(made)]
        if self.has_arrows:
            moving += self.draw_arrows(made)
        return Canvas(made, moving)

    def draw_curves(self, made: Any) -> list[Any]:
        """The upper part; the curves that move."""
        bottom = 0.36 if self.has_arrows else 0.09
        self.upper = faint(made.add_axes((0.06, bottom, 0.88, 0.91 - bottom)))
        over = faint(self.upper.twinx())
        self.upper.set(xlim=(self.left, self.right), ylim=(0, 1.02 * ROOM * self.densities.real.max()), yticks=[])
        over.set(ylim=(0, 1.02), yticks=[0, 0.5, 1], yticklabels=["0", "½", "1"])
        over.tick_params(colors=JUDGE)
        for axes in (self.upper, over):
            axes.spines[["top", "left"]].set_visible(False)
        over.axhline(0.5, color=WORDS, linewidth=0.7, alpha=0.4)
        self.upper.fill_between(self.x, self.densities.real, color=REAL, alpha=0.16, linewidth=0)
        nothing = np.zeros_like(self.x)
        p, *_ = self.upper.plot(self.x, self.densities.real, color=REAL, linewidth=2, label="data, p(x)")
        (self.q,) = self.upper.plot(self.x, nothing, color=FAKE, linewidth=2, zorder=3, label="generator, q(x)")
        (self.judge,) = over.plot(self.x, nothing, color=JUDGE, linewidth=2, zorder=4, label="D(x)")
        (self.optimum,) = over.plot(self.x, nothing, color=JUDGE, linewidth=1.3, linestyle=(0, (4, 3)), zorder=3)
        keys = [p, self.q, self.judge]
        if self.densities.known:
            self.optimum.set_label("best D: p / (p + q)")
            keys.append(self.optimum)
        options: dict[str, Any] = {"frameon": False, "ncols": len(keys), "fontsize": 9, "labelcolor": WORDS}
        made.legend(handles=keys, loc="center right", bbox_to_anchor=(0.95, 0.955), borderaxespad=0, **options)
        return [self.q, self.optimum, self.judge]

    def draw_arrows(self, made: Any) -> list[Any]:
        """The lower part: the axis of z, the arrows that move, and the axis of x that they lead to."""
        from matplotlib.collections import LineCollection

        lower = faint(made.add_axes((0.06, 0.07, 0.88, 0.22)))
        lower.set(xlim=(self.left, self.right), ylim=(0, 1.06), yticks=[])
        lower.spines[["top", "left", "right"]].set_visible(False)
        whole = np.arange(-int(self.reach), int(self.reach) + 1)
        lower.set_xticks(
            self.left + (whole / self.reach + 1) / 2 * (self.right - self.left),
            [f"{z}".replace("-", "−") for z in whole],
        )
        for place, name in ((0.18, "z"), (0.335, "x")):
            made.text(0.035, place if name == "x" else 0.07, name, size=12, color=WORDS, va="center", style="italic")
        self.arrows = LineCollection([], colors=FAKE, linewidths=0.9, alpha=0.75, zorder=3)
        lower.add_collection(self.arrows, autolim=False)
        self.heads = lower.scatter([], [], 22, FAKE, marker="^", linewidths=0, zorder=4)
        return [self.arrows, self.heads]
