"""Noise is a function of its key; what ranks draw together are the rows of one draw, what each decides is its own."""

import pytest
import torch

from genlab.models.base.noise import BLOCK, EvaluationNoise, ImageNoise, Noise, watched_draws
from genlab.models.priors.ring import Ring
from genlab.models.priors.standard_normal import StandardNormal

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


# ---- noise of single images ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_an_image_has_its_noise_in_every_batch_and_another_image_has_another(kind):
    index = torch.tensor([5, 0, 70_000, 6])
    whole = getattr(ImageNoise(index), kind)("z", 4, 3, 7)
    assert torch.equal(getattr(ImageNoise(index[[2, 0]]), kind)("z", 2, 3, 7), whole[[2, 0]])
    assert whole.flatten().unique().numel() == whole.numel()
    assert not torch.equal(getattr(ImageNoise(index), kind)("other", 4, 3, 7), whole)
    wide = getattr(ImageNoise(index, torch.float64), kind)("z", 4, 3, 7)
    assert wide.dtype == torch.float64
    torch.testing.assert_close(wide.float(), whole)


def test_the_noise_of_images_is_normal_or_uniform():
    noise = ImageNoise(torch.arange(300))
    normal, even = noise.normal("z", 300, 500).double(), noise.uniform("u", 300, 500).double()
    moments = [float(normal.pow(k).mean()) for k in (1, 2, 3, 4)]
    assert moments == pytest.approx([0, 1, 0, 3], abs=0.03)
    assert torch.isfinite(normal).all()
    assert [float(even.mean()), float(even.var())] == pytest.approx([1 / 2, 1 / 12], abs=0.002)
    assert even.min() >= 0
    assert even.max() < 1
    for drawn in (normal, even - 0.5):  # neighbours, in the image and from image to image, have nothing in common
        assert float((drawn[:, 1:] * drawn[:, :-1]).mean()) == pytest.approx(0, abs=0.01)
        assert float((drawn[1:] * drawn[:-1]).mean()) == pytest.approx(0, abs=0.01)


# ---- noise of a batch in evaluation ------------------------------------------------------------------------------------

INDEX = torch.tensor([5, 0, 3 * BLOCK + 7, 6])
RING = Ring(5, 2.0, 0.5, 0.1)
RING.latent_dim = 2
OF_IMAGES = {
    "normal": lambda noise, purpose, rows: noise.normal(purpose, rows, 3),
    "uniform": lambda noise, purpose, rows: noise.uniform(purpose, rows, 3),
    "draws": lambda noise, purpose, rows: noise.draws(purpose, rows, RING.sample),
}


def evaluation(index=INDEX, **change):
    return EvaluationNoise(**KEY | {"stage": "val"} | change, index=index)


@pytest.mark.parametrize("draw", OF_IMAGES.values(), ids=OF_IMAGES)
def test_in_evaluation_an_image_has_its_noise_in_every_batch_and_on_every_rank(draw):
    whole = draw(evaluation(), "z", 4)
    assert whole.unique(dim=0).shape == whole.shape
    assert torch.equal(draw(evaluation(INDEX[[2, 0]], batch=9, rank=1, world=2), "z", 2), whole[[2, 0]])
    for change in ({"seed": 2}, {"stage": "test"}):
        assert not torch.equal(draw(evaluation(**change), "z", 4), whole), change
    assert not torch.equal(draw(evaluation(), "other", 4), whole)
    with watched_draws() as purposes:
        draw(evaluation(), "z", 4)
    assert purposes == ["z"]


def test_draws_of_images_are_distributed_as_the_prior():
    prior = StandardNormal()
    prior.latent_dim = 2
    drawn = evaluation(torch.arange(4000)).draws("prior", 4000, prior.sample)
    assert drawn.unique(dim=0).shape == (4000, 2)
    assert drawn.mean(0).tolist() == pytest.approx([0, 0], abs=0.06)
    assert drawn.var(0).tolist() == pytest.approx([1, 1], abs=0.1)
