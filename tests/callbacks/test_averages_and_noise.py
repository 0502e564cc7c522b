"""What is measured in training: the averaged weights where there are any, and samples of the same noise in every epoch."""

import lightning.pytorch as pl
import pytest
import torch

from evaluators import SMALL as FEW
from evaluators import evaluators
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import QUIET, build_model
from genlab.data.store.module import StoreData
from genlab.metrics.reconstruction import reconstruction_terms

from photographs import CUT, SMALL


class Rows(pl.Callback):
    """The numbers of each validation."""

    def __init__(self):
        self.kept = []

    def on_train_epoch_end(self, trainer, pl_module):
        self.kept.append({name: value for name, value in pl_module.measured.items() if name.startswith("val/")})


@pytest.fixture
def measuring(composed, tmp_path):
    """A model, its data, and what measures them."""

    def make(*options):
        cfg = composed(*options, *FEW)
        prepared = prepare(cfg)
        net = build_model(cfg, prepared.spec)
        return net, StoreData(prepared, 8, 0), evaluators(cfg, net, prepared, tmp_path)

    return make


def fitted(net, data, evaluate, epochs):
    seen = Rows()
    options = {"accelerator": "cpu", "devices": 1, "logger": False, "max_epochs": epochs}
    pl.Trainer(**QUIET, **options, callbacks=[evaluate, seen]).fit(net, data)
    return seen.kept


def test_weights_that_stand_still_have_the_same_numbers_in_every_epoch(measuring):
    options = ["model=vae", "data=digits", "data.limit=16", "model.optimizer.lr=1e-30"]
    first, *others = fitted(*measuring(*options), epochs=3)
    names = [name for name in first if name.startswith(("val/fid", "val/kid"))]
    assert len(names) == 2
    assert [{name: row[name] for name in names} for row in others] == [{name: first[name] for name in names}] * 2


def test_averaged_weights_are_measured_while_others_are_trained(measuring, folders):
    data = [f"data.path={folders['paired_folders']}", *CUT, "data.limit=8", "model.optimizer.lr=0.02"]
    net, data, evaluate = measuring("model=pix2pix", *SMALL["pix2pix"], "model.ema=0.9", "data=paired_folders", *data)
    last = fitted(net, data, evaluate, epochs=2)[-1]
    pairs = [torch.tensor(data.prepared.columns["val"][side][:]).float() / 255 for side in "ab"]

    def psnr():
        return reconstruction_terms(pairs[1], net.eval().translate(pairs[0], "AtoB"))["psnr"].mean().item()

    assert last["val/psnr"] == pytest.approx(psnr(), rel=1e-5)
    net.ema.clear()
    assert last["val/psnr"] != pytest.approx(psnr(), rel=1e-3)
