"""Mixed precision: casts of weights are forgotten when the weights change, and backward runs outside autocast."""

import copy

import torch

from genlab.contracts import DataSpec, Images
from genlab.models.base.schedules import Constant

import leaves
from stepping import noise_of, play, stepping

SPEC = DataSpec("x", "images", (1, 4, 4), {"train": 64}, "0")


def made():
    torch.manual_seed(0)
    sgd = lambda parameters: torch.optim.SGD(parameters, 0.5)  # noqa: E731
    return stepping(leaves.Remedies(sgd, Constant(), SPEC, 3, every=99))


def test_a_second_step_on_a_batch_sees_the_weights_of_the_first():
    ours = made()
    d = copy.deepcopy(ours.discriminator)
    optimizer = torch.optim.Adam(d.parameters(), 4e-3, (0.5, 0.99))
    batch = Images(torch.rand(6, 1, 4, 4), None, torch.arange(6))
    for turn in ("train", "train-1", "train-2"):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):  # a context of its own for each step: nothing is kept
            shared = {name: x.detach() for name, x in ours.shared(batch, noise_of(ours, 0, turn)).items()}
            real, fake = d(batch.image.flatten(1)).float(), d(shared["fake"]).float()
        loss = torch.nn.functional.softplus(-real).mean() + torch.nn.functional.softplus(fake).mean()
        loss.backward()
        optimizer.step()
    with torch.autocast("cpu", torch.bfloat16):
        play(ours, (batch, noise_of(ours, 0)))
    for mine, other in zip(ours.discriminator.parameters(), d.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-6)


def test_backward_runs_outside_autocast():
    ours, seen = made(), []
    ours.manual_backward = lambda loss: (seen.append(torch.is_autocast_enabled("cpu")), loss.backward())
    with torch.autocast("cpu", torch.bfloat16):
        play(ours, (Images(torch.rand(6, 1, 4, 4), None, torch.arange(6)), noise_of(ours, 0)))
        assert torch.is_autocast_enabled("cpu")
    assert seen
    assert not any(seen)
