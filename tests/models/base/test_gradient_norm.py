"""The norm of a player's gradient, on players whose gradient is the mean of the batch, times the root of their size."""

import math
from types import SimpleNamespace

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from genlab.contracts import DataSpec, Images
from genlab.models.base.model import Model
from genlab.models.base.mover import Mover
from genlab.models.base.phases import Phase
from genlab.models.base.reporting import without_overflow
from genlab.models.base.schedules import Constant

SPEC = DataSpec("x", "images", (1, 2, 2), {"train": 24}, "0")
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step`", "ignore:.*LeafSpec")


class Two(Model):
    """D has 4 weights and G 9; the loss of each is the sum of its weights times the mean of the batch."""

    def __init__(self, every):
        super().__init__(SPEC, lambda parameters: torch.optim.SGD(parameters, 0.1), Constant(), 0)
        self.every, self.log_every = every, 4
        self.d, self.g = nn.Linear(4, 1, bias=False), nn.Linear(9, 1, bias=False)

    def phases(self):
        def terms(name):
            return lambda batch, shared, noise: {
                f"loss_{name}": batch.image.mean((1, 2, 3)) * getattr(self, name).weight.sum()
            }

        return [
            Phase(n, [getattr(self, n)], terms(n), detached=n == "d", every=k) for n, k in (("d", 1), ("g", self.every))
        ]


class Rows(pl.Callback):
    """What is logged, by batch."""

    def __init__(self):
        self.rows = {}

    def on_train_batch_end(self, trainer, model, outputs, batch, batch_idx):
        if model.logs_now:
            names = ("grad_norm_d", "grad_norm_g")
            self.rows[model.batches_seen] = tuple(model.measured.get(f"train/{name}") for name in names)


def rows(every, together=1, clip=None):
    """Twelve batches; the images of batch k are k."""
    model, found = Two(every), Rows()
    model.accumulate_grad_batches, model.gradient_clip_val = together, clip
    data = [Images(torch.full((2, 1, 2, 2), float(k)), None, torch.arange(2)) for k in range(1, 13)]
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=1, enable_model_summary=False, callbacks=[found], **quiet)
    trainer.fit(model, DataLoader(data, batch_size=None))
    return found.rows


@pytest.mark.parametrize("clip", [None, 0.5])
def test_it_is_that_of_the_logged_step_and_not_clipped(clip):
    assert rows(1, clip=clip) == {k: pytest.approx((2.0 * k, 3.0 * k)) for k in (4, 8, 12)}


def test_a_player_who_moves_rarely_is_measured_when_it_moved_last_before_a_row():
    """G moves in batches 3, 6, 9 and 12."""
    assert rows(3) == {k: pytest.approx((2.0 * k, 3.0 * g)) for k, g in ((4, 3), (8, 6), (12, 12))}


def test_of_batches_that_make_one_update_it_is_that_of_their_mean():
    assert rows(1, together=3) == {k: pytest.approx((2.0 * m, 3.0 * m)) for k, m in ((6, 5), (9, 8), (12, 11))}


def test_nothing_is_worked_out_in_a_step_that_is_not_logged(monkeypatch):
    """Three rows: D has moved in each; G in batch 9 is overtaken by batch 12, before a row."""
    calls, norm = [], torch.nn.utils.get_total_norm
    monkeypatch.setattr(torch.nn.utils, "get_total_norm", lambda x: (calls.append(1), norm(x))[1])
    rows(3)
    assert len(calls) == 6


def test_what_a_scaler_multiplied_is_divided_again():
    model = Two(1)
    mover = Mover(model, model.phase_list, {})
    mover.scaler = SimpleNamespace(scale=lambda x: 1024 * x)
    model.batches_seen, model.in_hand = 4, 1
    model.g.weight.grad = torch.full((1, 9), 2048.0)
    assert mover.gradient_norm(model.phase_list[1])["grad_norm_g"].tolist() == [6.0]


def test_a_step_that_a_scaler_skips_has_no_norm_and_a_loss_is_never_left_out():
    found = without_overflow({"loss_g": math.nan, "grad_norm_g": math.inf, "grad_norm_d": 2.0})
    assert found.keys() == {"loss_g", "grad_norm_d"}
