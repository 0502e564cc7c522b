"""Models of speech for tests, trained for nothing: what they make of a spectrogram is known."""

import numpy as np
import torch

import untrained
from genlab.config.compose import compose
from genlab.contracts import DataSpec, MelFormat

FORM = MelFormat(16000, 512, 256, 32, 0.0, 8000.0)
LOW = tuple((-10.0 + i / 16, -2.0 + i / 16) for i in range(32))  # a speaker's black and white of each band
HIGH = tuple((low - 2.0, high + 1.0) for low, high in reversed(LOW))  # another's


def spec_of(a=LOW, b=HIGH, frames=32, form=FORM):
    """A set of speech of these two scales."""
    sizes = {"train": 9, "val": 3, "test": 3}
    return DataSpec("speech_folders", "domains", (1, form.n_mels, frames), sizes, "0", sound=form, scale_a=a, scale_b=b)


class Same:
    """Gives every image back, and remembers what it was given."""

    device = torch.device("cpu")

    def __init__(self):
        self.given = []

    def translate(self, x, direction):
        self.given.append((x, direction))
        return x


class Noisy(Same):
    """Fills what it is given with noise, whatever it is."""

    def translate(self, x, direction):
        super().translate(x, direction)
        return torch.from_numpy(np.random.default_rng(0).random(x.shape, np.float32))


TINY = ["model=cyclegan", "data=speech_folders", "model.generator.width=4", "model.generator.blocks=1"]
TINY += ["model.discriminator.width=4", "model.discriminator.layers=2"]
TINY += ["data.n_mels=32", "data.frames=32", "data.n_fft=512"]


def run_of(folders, run):
    """A run directory of a small CycleGAN of two speakers that nobody has trained. ``folders``: of each speaker."""
    return untrained.saved(compose("train", [*TINY, *(f"data.{side}={place}" for side, place in folders.items())]), run)


def rms(sound):
    """The root mean square of a sound."""
    return float(np.sqrt(np.mean(np.square(np.asarray(sound), dtype=np.float64))))
