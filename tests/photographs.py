"""Small sets for translation, cut out of scikit-learn's two photographs."""

from pathlib import Path

import numpy as np
import sklearn
from PIL import Image, ImageOps

SIDE = 40
# what makes nets and pictures small: 32 pixels, four channels
CUT = ["data.load_size=36", "data.crop_size=32"]
NARROW = ["model.generator.width=4", "model.discriminator.width=4", "model.discriminator.layers=2"]
SMALL = {
    "pix2pix": [*NARROW, "model.generator.num_downs=5"],
    "cyclegan": [*NARROW, "model.generator.blocks=1"],
}
# all that CycleGAN can do beyond its own paper: a gated generator, hidden columns, a second step, an identity loss at first
BEYOND = ["model/generator=gated_2_1_2d", "model.generator.channels=6", "model.mask=0.5", "model.lambda_second=1"]
BEYOND += ["model/identity_schedule=at_first", "model.lambda_identity.batches=6"]


def cuts(name, count):
    """Squares out of ``china`` or ``flower``, always the same ones."""
    photo = Image.open(Path(sklearn.__file__).parent / "datasets" / "images" / f"{name}.jpg")
    dice = np.random.default_rng(0)
    for _ in range(count):
        left, top = dice.integers(0, photo.width - SIDE), dice.integers(0, photo.height - SIDE)
        yield photo.crop((left, top, left + SIDE, top + SIDE))


def pairs(root, count=50):
    """A: photographs; B: their negatives, under the same names."""
    for i, cut in enumerate(cuts("china", count)):
        for side, picture in (("A", cut), ("B", ImageOps.invert(cut))):
            (root / side).mkdir(parents=True, exist_ok=True)
            picture.save(root / side / f"{i:03d}.png")
    return root


def domains(root, a=50, b=40):
    """A: a temple; B: a flower."""
    for side, name, count in (("A", "china", a), ("B", "flower", b)):
        (root / side).mkdir(parents=True, exist_ok=True)
        for i, cut in enumerate(cuts(name, count)):
            cut.save(root / side / f"{i:03d}.png")
    return root
