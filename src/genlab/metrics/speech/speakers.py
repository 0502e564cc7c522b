"""Whose voice it is: a Gaussian of the mel-cepstra of each speaker's frames, and the likelihood of one over the other.

Gish and Schmidt, 1994, "Text-independent speaker identification". Averaged over a sound's frames the log-odds of a over b are
KL(frames || b) - KL(frames || a), of the Gaussian with the frames' moments: they tell whose spread of sounds is nearer.
"""

from __future__ import annotations

import numpy as np

from genlab.metrics.speech.moments import Moments

COEFFICIENTS = 20  # of the mel-cepstrum: the vocal tract's envelope; finer ones tell a recording more than a voice
LEAST = 1e-3  # of the mean variance, added to every variance: of speakers with fewer frames than coefficients


class Speaker:
    """The Gaussian of the first ``COEFFICIENTS`` of a speaker's frames, whatever else is known of these."""

    def __init__(self, heard: Moments) -> None:
        heard = heard.first(COEFFICIENTS)
        covariance = heard.covariance
        ridge = LEAST * np.trace(covariance) / len(covariance)
        self.mean, covariance = heard.mean, covariance + ridge * np.eye(len(covariance))
        self.precision = np.linalg.inv(covariance)
        self.log_determinant = float(np.linalg.slogdet(covariance)[1])

    def log_likelihood(self, heard: Moments) -> float:
        """The mean over a sound's frames of log p(c), in nats."""
        heard = heard.first(COEFFICIENTS)
        apart = heard.mean - self.mean
        scatter = heard.covariance + np.outer(apart, apart)
        constant = len(self.mean) * np.log(2 * np.pi) + self.log_determinant
        return float(-0.5 * (constant + (self.precision * scatter).sum()))


def log_odds(heard: Moments, target: Speaker, other: Speaker) -> float:
    """Of a sound's being the target's: the mean over its frames, in nats a frame; above 0 it is taken for the target's."""
    return target.log_likelihood(heard) - other.log_likelihood(heard)
