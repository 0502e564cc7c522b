"""The lists that an average walks through: made once, and anew where the tensors have been exchanged."""

import torch
from torch import nn

from genlab.models.base import ema
from genlab.models.base.ema import EMA


def test_the_lists_are_made_once_and_follow_when_the_model_moves(monkeypatch):
    made, state = [], ema.state
    monkeypatch.setattr(ema, "state", lambda net: made.append(net) or state(net))
    model = nn.Module()
    model.net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    model.ema = EMA({"g": model.net}, 0.9)
    for step in range(3):
        model.net(torch.randn(4, 1, 6, 6))
        model.ema.step({"g": model.net}, step)
    assert len(made) == 2
    model.double()  # new tensors for the buffers of both
    model.net(torch.randn(4, 1, 6, 6, dtype=torch.float64))
    model.ema.step({"g": model.net}, 10**6)
    before = model.ema["g"][1].running_mean.clone()
    model.ema.step({"g": model.net}, 10**6)
    now = model.net[1].running_mean
    assert not torch.equal(before, now)
    torch.testing.assert_close(model.ema["g"][1].running_mean, before + (now - before) * 0.1)
    assert model.ema["g"][1].num_batches_tracked == 4
