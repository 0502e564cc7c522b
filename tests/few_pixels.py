"""A model whose code is the first pixels of an image, and a subject with images to look at: what moves is known."""

from types import SimpleNamespace

import torch

from genlab.contracts import Code, DataSpec, Images


class FewPixels:
    """z = the first D of 16 pixels; an image is decoded with these and 1/2 everywhere else."""

    device, weight_dtype, needs = torch.device("cpu"), torch.float32, ()

    def __init__(self, size=3, logvar=None, standard_normal=True):
        self.size, self.logvar = size, logvar
        self.prior = SimpleNamespace(standard_normal=standard_normal)

    def encode(self, x, *, label=None):
        mean = x.flatten(1)[:, : self.size]
        return Code(mean, None if self.logvar is None else self.logvar.expand_as(mean))

    def decode(self, z, *, label=None):
        rest = z.new_full((len(z), 16 - self.size), 0.5)
        return torch.cat([z.clamp(0, 1), rest], 1).view(-1, 1, 4, 4)

    def reconstruct(self, x, *, label=None):
        return self.decode(self.encode(x).mean)


def subject(model, image, label=None, spec=None, batch=7, **more):
    """Every split has the same images [N, 1, 4, 4]."""
    spec = spec or DataSpec("x", "images", (1, 4, 4), {"train": len(image), "test": len(image)}, "")

    def held_out(split, count):
        for start in range(0, min(count, len(image)), batch):
            part = slice(start, min(start + batch, count))
            own = None if label is None else label[part]
            yield Images(image[part], own, torch.arange(len(image))[part])

    prepared = SimpleNamespace(spec=spec, labels={"train": label, "test": label})
    usual = {"split": "test", "seed": 0, "title": "x", "name": "x", "device": model.device, "prepared": prepared}
    usual |= {"loaded": SimpleNamespace(spec=spec), "held_out": held_out}
    return SimpleNamespace(model=model, **usual | more)
