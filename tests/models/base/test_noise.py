"""Noise is a function of its key; what ranks draw together are the rows of one draw, what each decides is its own."""

import pytest
import torch

from genlab.models.base.noise import Noise

KEY = {"seed": 1, "stage": "train", "batch": 4, "device": torch.device("cpu"), "dtype": torch.float64}
OTHERS = ({"seed": 2}, {"stage": "val"}, {"batch": 5})


def noise(**change):
    return Noise(**KEY | change)


def masks(noise, purpose):
    """What dropout does inside."""
    with noise.for_layers(purpose):
        return torch.nn.functional.dropout(torch.ones(100))


DRAWS = {
    "normal": lambda noise, purpose: noise.normal(purpose, 8, 3),
    "uniform": lambda noise, purpose: noise.uniform(purpose, 8, 3),
    "decisions": lambda noise, purpose: torch.rand(8, generator=noise.decisions(purpose)),
    "for_layers": masks,
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_draw_is_a_function_of_seed_stage_batch_and_purpose_and_of_nothing_else(draw):
    torch.manual_seed(0)
    whole = draw(noise(), "z")
    torch.manual_seed(1)
    assert torch.equal(whole, draw(noise(), "z"))
    assert not torch.equal(whole, draw(noise(), "other"))
    for change in OTHERS:
        assert not torch.equal(whole, draw(noise(**change), "z")), change


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_draw_leaves_the_global_random_state_alone(draw):
    before = torch.get_rng_state()
    draw(noise(), "z")
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("kind", ["normal", "uniform"])
@pytest.mark.parametrize("world", [2, 4])
def test_ranks_take_the_rows_of_one_draw_in_turn(kind, world):
    whole = DRAWS[kind](noise(), "z")
    parts = [getattr(noise(rank=rank, world=world), kind)("z", 8 // world, 3) for rank in range(world)]
    assert torch.equal(torch.stack(parts, 1).flatten(0, 1), whole)


@pytest.mark.parametrize("kind", ["decisions", "for_layers"])
def test_each_rank_decides_and_drops_for_itself(kind):
    drawn = [DRAWS[kind](noise(rank=rank, world=2), "z") for rank in (0, 1)]
    assert not torch.equal(*drawn)


def test_normal_and_uniform_are_what_they_are_called():
    z, u = noise().normal("z", 4000, 5), noise().uniform("z", 4000, 5)
    assert z.dtype == u.dtype == torch.float64
    assert abs(z.mean()) < 0.03
    assert abs(z.std() - 1) < 0.03
    assert 0 <= u.min() < 0.001
    assert 0.999 < u.max() < 1
    assert abs(u.mean() - 0.5) < 0.01
