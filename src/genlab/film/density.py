"""Densities on a line: of samples by a kernel, of a known mixture seen through the same kernel."""

from __future__ import annotations

import numpy as np

from genlab.film.frame import Frame, Scene

KERNEL = 0.25  # standard deviation of the kernel, in those of the data's Gaussians
RARE = 1e-3  # of the highest density: where both are below it, no D is best


class Densities:
    """The densities of data and generator at the places x [R], both convolved with one Gaussian kernel.

    So a generator that has learnt the data has the same curve, up to the noise of its samples. Where the mixture of the
    data is known its kernel is a quarter of the Gaussians' sigma, which lowers their peaks by 3 %; else the rule of
    Silverman (1986, eq. 3.31) chooses it for the real points.
    """

    def __init__(self, scene: Scene, x: np.ndarray) -> None:
        self.known, self.x, points = scene.centres is not None, x, scene.real[:, 0]
        if scene.centres is not None:
            self.width = KERNEL * scene.sigma
            self.real = kernel_density(x, scene.centres[:, 0], float(np.hypot(scene.sigma, self.width)))
        else:
            low, high = np.quantile(points, (0.25, 0.75))
            spread = min(float(points.std()), float(high - low) / 1.34) or float(points.std())
            self.width = 0.9 * max(spread, 1e-6) * len(points) ** -0.2
            self.real = kernel_density(x, points, self.width)

    def generated(self, frame: Frame) -> np.ndarray:
        """The density of the frame's fakes, [R]."""
        return kernel_density(self.x, frame.fake[:, 0], self.width)

    def optimum(self, q: np.ndarray) -> np.ndarray:
        """p / (p + q), [R]; NaN where neither has been seen, and where p is not known."""
        both = self.real + q
        seen = (both > RARE * self.real.max()) & self.known
        return np.divide(self.real, both, out=np.full_like(both, np.nan), where=seen)

    def total_variation(self, q: np.ndarray) -> float:
        """Half of the integral of |p - q| over what is shown: 0 where they agree, 1 where they are apart."""
        apart = np.abs(self.real - q)
        return float(((apart[1:] + apart[:-1]) / 2 * np.diff(self.x)).sum() / 2)


def kernel_density(x: np.ndarray, points: np.ndarray, width: float) -> np.ndarray:
    """The mean of Gaussians of standard deviation ``width`` around points [N], at x [R]. -> [R]."""
    away = (x[:, None] - points[None].astype(np.float64)) / width
    return np.exp(-0.5 * away**2).mean(1) / (width * np.sqrt(2 * np.pi))
