"""What holds for every model with q(z|x), p(x|z) and p(z)."""

import pytest
import torch

from genlab.contracts import ConfigError, Domains, Images
from genlab.data.store.order import eval_batches
from genlab.models.base import model as base
from genlab.models.base.noise import EvaluationNoise, Noise
from genlab.models.base.totals import Totals
from genlab.models.objectives.capacity import Capacity
from genlab.models.objectives.elbo import ELBO
from genlab.models.objectives.free_bits import FreeBits
from genlab.models.objectives.iwae import IWAE
from genlab.models.objectives.tc import TotalCorrelation
from genlab.models.priors.ring import Ring
from genlab.models.priors.vamp import Vamp

from family import family, member

FAMILY = ["CVAE", "DBVAE", "FactorVAE", "HVAE", "VAE"]
PRIORS = {"vamp": lambda: Vamp(5), "ring": lambda: Ring(4, 2.0, 0.5, 0.1)}


def test_these_are_all():
    assert sorted(family()) == FAMILY


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("name", FAMILY)
def test_an_objective_of_the_standard_normal_prior_is_refused_with_another_one(name, prior):
    model = member(name, prior=PRIORS[prior](), objective=IWAE(3, "plain"))
    assert not getattr(model.prior, "top", model.prior).standard_normal
    remedy = "model/objective=elbo" if name == "HVAE" else "model/prior=standard_normal"
    with pytest.raises(ConfigError, match=remedy):
        member(name, prior=PRIORS[prior](), objective=FreeBits(0.1, 1))
    with pytest.raises(ConfigError, match=remedy):
        member(name, prior=PRIORS[prior](), objective=TotalCorrelation(1.0, 1.0))


@pytest.mark.parametrize("name", FAMILY)
def test_a_prior_of_another_size_names_the_key_of_the_codes_that_it_is_a_prior_of(name):
    key = "model.latent_dim_2" if name == "HVAE" else "model.latent_dim"
    with pytest.raises(ConfigError, match=rf"{key}=3: .*\n.*Type: {key}=2"):
        member(name, prior=PRIORS["ring"](), **{key.removeprefix("model."): 3})


@pytest.mark.parametrize("objective", [FreeBits(0.1, 1), TotalCorrelation(1.0, 1.0)])
def test_an_objective_of_one_gaussian_is_refused_where_there_are_levels(objective):
    for name in FAMILY:
        if name != "HVAE":
            member(name, objective=objective)
    with pytest.raises(ConfigError, match="model/objective=elbo"):
        member("HVAE", objective=objective)


# ---- evaluation --------------------------------------------------------------------------------------------------------


def validated(model, size, world, monkeypatch):
    """The means of a validation of 16 images in batches of ``size`` a rank, on all ranks together."""
    x, y = torch.rand(16, 1, 2, 3, generator=torch.Generator().manual_seed(1)).double(), torch.arange(16) % 4
    model.totals = Totals()
    for rank in range(world):
        monkeypatch.setattr(base, "rank", lambda rank=rank: rank)
        monkeypatch.setattr(base, "world_size", lambda: world)
        for number, rows in enumerate(eval_batches(16, size, rank, world)):
            index = torch.from_numpy(rows)
            model.validation_step(Images(x[index], y[index], index), number)
    return model.totals.means()


@pytest.mark.parametrize("objective", [ELBO(1), IWAE(3, "plain")], ids=["elbo", "iwae"])
@pytest.mark.parametrize("name", FAMILY)
def test_what_is_measured_depends_on_neither_the_batches_nor_the_ranks(name, objective, monkeypatch):
    model = member(name, objective=objective).double().eval()
    with torch.no_grad():
        whole = validated(model, 16, 1, monkeypatch)
        assert "elbo" in whole
        for size, world in ((8, 1), (5, 1), (8, 2), (5, 2)):
            assert validated(model, size, world, monkeypatch) == pytest.approx(whole, rel=1e-12), (size, world)


@pytest.mark.parametrize("objective", [ELBO(1), IWAE(3, "plain"), Capacity(5.0)], ids=["elbo", "iwae", "capacity"])
@pytest.mark.parametrize("name", FAMILY)
def test_the_best_weights_are_chosen_by_the_bound_without_weights_or_by_what_is_classified(name, objective):
    model = member(name, objective=objective).eval()
    batch = Images(torch.rand(4, 1, 2, 3), torch.arange(4), torch.arange(4))
    chosen_by = ("val/cross_entropy", "minimize") if name == "DBVAE" else ("val/elbo", "maximize")
    assert (model.monitor, model.monitor_goal) == chosen_by
    with torch.no_grad():
        found = model.evaluation_terms(batch, model.evaluation_noise("val", 0, batch))
    assert model.monitor.removeprefix("val/") in found
    torch.testing.assert_close(found["elbo"], -(found["recon"] + found["kl"]))


def test_noise_is_of_images_where_they_are_single_ones_and_else_of_the_batch():
    model, x, index = member("VAE"), torch.rand(2, 1, 2, 3), torch.tensor([3, 1])
    assert isinstance(model.evaluation_noise("val", 0, Images(x, None, index)), EvaluationNoise)
    assert type(model.evaluation_noise("val", 0, Domains(x, x, index, index))) is Noise
