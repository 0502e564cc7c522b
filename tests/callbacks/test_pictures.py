"""Sheets of reconstructions, samples and translations: what stands beside what, and when."""

from types import SimpleNamespace

import pytest
import torch

from genlab.callbacks.pictures import Pictures
from genlab.contracts import Domains, Images, Pairs

SHORT = {"digits": ["data.limit=64"], "toy2d": ["data.count=400", "model/gan_net@model.net=mlp"]}


class Shifted:
    """A to B adds a quarter, B to A halves."""

    def translate(self, x, direction):
        return x + 0.25 if direction == "AtoB" else x / 2


def grey(*levels):
    return torch.tensor(levels).reshape(-1, 1, 1, 1).expand(-1, 1, 64, 64).clone()


def seen(sheet):
    """The grey level in the middle of each image of a sheet [1, H, W], row by row."""
    return [[round(v, 4) for v in row] for row in sheet[0, 2 + 32 :: 66, 2 + 32 :: 66].tolist()]


def drawn(batch):
    pictures = Pictures(1, 8)
    pictures.keep(batch)
    return {name: seen(sheet) for name, sheet in pictures.draw(Shifted()).items()}


def test_of_a_pair_input_output_and_truth(monkeypatch):
    monkeypatch.setattr("genlab.images.enlarged", lambda sheet: sheet)
    batch = Pairs(grey(0.0, 0.5, 0.2), grey(0.9, 0.8, 0.7), torch.arange(3))
    assert drawn(batch) == {"translate": [[0.0, 0.25, 0.9, 0.5, 0.75, 0.8], [0.2, 0.45, 0.7, 1.0, 1.0, 1.0]]}


def test_of_two_domains_input_output_and_the_way_back(monkeypatch):
    monkeypatch.setattr("genlab.images.enlarged", lambda sheet: sheet)
    batch = Domains(grey(0.0, 0.5), grey(0.4), torch.arange(2), torch.arange(1))
    assert drawn(batch) == {
        "translate_AtoB": [[0.0, 0.25, 0.125, 0.5, 0.75, 0.375]],
        "translate_BtoA": [[0.4, 0.2, 0.45]],
    }


class Halved:
    """Reconstructs half of an image, and samples its seed."""

    def reconstruct(self, x):
        return x / 2

    def sample(self, n, *, label=None, seed=None):
        return torch.rand(n, 1, 64, 64, generator=torch.Generator().manual_seed(seed))


def test_of_images_the_originals_above_and_what_became_of_them_below(monkeypatch):
    monkeypatch.setattr("genlab.images.enlarged", lambda sheet: sheet)
    levels = [i / 20 for i in range(11)]
    pictures = Pictures(1, 10)
    pictures.keep(Images(grey(*levels), None, torch.arange(11)))
    blank = [1.0] * 6
    assert seen(pictures.draw(Halved())["recon"]) == [
        levels[:8],
        [round(level / 2, 4) for level in levels[:8]],
        [*levels[8:10], *blank],
        [*(round(level / 2, 4) for level in levels[8:10]), *blank],
    ]


class Lightened(Halved):
    """Corrupts by a tenth of each image's index."""

    def corrupt(self, x, index):
        return x + index.view(-1, 1, 1, 1) / 10


def test_of_a_model_that_undoes_a_corruption_images_as_they_are_corrupted_and_restored(monkeypatch):
    monkeypatch.setattr("genlab.images.enlarged", lambda sheet: sheet)
    pictures = Pictures(1, 10)
    pictures.keep(Images(grey(0.2, 0.4), None, torch.tensor([4, 2])))
    blank = [1.0] * 6
    assert seen(pictures.draw(Lightened())["restored"]) == [[0.2, 0.4, *blank], [0.6, 0.6, *blank], [0.3, 0.3, *blank]]
    assert "restored" not in pictures.draw(Halved())


def test_samples_are_of_the_same_noise_in_every_epoch_and_run(monkeypatch):
    monkeypatch.setattr("genlab.images.enlarged", lambda sheet: sheet)
    one, other = (Pictures(1, 10).draw(Halved())["samples"] for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == (1, 2 + 66 * 2, 2 + 66 * 8)


@pytest.mark.parametrize(("every", "last", "drawn"), [(1, 3, [1, 2, 3]), (2, 5, [2, 4, 5]), (9, 2, [2])])
def test_a_sheet_is_drawn_every_nth_epoch_and_in_the_last(every, last, drawn, tmp_path):
    pictures = Pictures(every, 2)
    pictures.attach(tmp_path)
    for epoch in range(last):
        trainer = SimpleNamespace(
            current_epoch=epoch, max_epochs=last, should_stop=False, is_global_zero=True, loggers=[]
        )
        pictures.on_train_epoch_end(trainer, Halved())
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"samples_{epoch:06d}.png" for epoch in drawn]


@pytest.mark.parametrize(
    ("model", "data", "sheets"),
    [("cgan", "digits", ["samples"]), ("vae", "digits", ["recon", "samples"]), ("cgan", "toy2d", ["samples"])],
)
def test_a_run_that_does_not_validate_has_its_pictures(model, data, sheets, train):
    run = train(f"model={model}", f"data={data}", "trainer.max_epochs=1", "+trainer.limit_val_batches=0", *SHORT[data])
    assert sorted(p.name for p in (run / "images").glob("*_000001.png")) == [f"{sheet}_000001.png" for sheet in sheets]
