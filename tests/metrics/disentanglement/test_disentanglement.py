"""Disentanglement metrics of codes whose worth is known: perfect, rotated, with noise, duplicated, dead, random."""

import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score

from codes import SD, codes_of, factors_of
from genlab.metrics.disentanglement import mig as room
from genlab.metrics.disentanglement.dci import completeness, dci, disentanglement
from genlab.metrics.disentanglement.fixed_factor import alike, beta_vae_score, factor_vae_score, votes
from genlab.metrics.disentanglement.histogram import binned, entropies, information
from genlab.metrics.disentanglement.infomec import evenness_lost, infomec
from genlab.metrics.disentanglement.mig import exact_information, gap, mig_chen, mig_hist
from genlab.metrics.disentanglement.modularity import explicitness, modularity
from genlab.metrics.disentanglement.sap import predictability, sap
from genlab.metrics.disentanglement.varying import varying

FEW = (300, 200)  # groups


def both(kind, count=800, fewer=500):
    """Codes and factors to learn from, and others to test on."""
    return [
        x
        for n, seed in ((count, 0), (fewer, 1))
        for x in (codes_of(kind, factors_of(n, seed), seed), factors_of(n, seed))
    ]


def rng():
    return np.random.default_rng(0)


def chen(codes, factors, samples=300, sd=SD):
    logvar = torch.full(codes.shape, 2 * np.log(sd))
    noise = torch.randn(samples, codes.shape[1], generator=torch.Generator().manual_seed(0))
    return mig_chen(*map(torch.from_numpy, (codes,)), logvar, torch.from_numpy(factors), torch.arange(samples), noise)


# ---- mutual information gap ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "known"),
    [("perfect", 0.997), ("rotated", 0.004), ("noise", 0.996), ("duplicated", 0.498), ("random", 0.0)],
)
def test_the_gap_by_histogram_of_known_codes(kind, known):
    factors = factors_of(10_000, 0)
    assert mig_hist(codes_of(kind, factors, 0), factors) == pytest.approx(known, abs=0.003)


@pytest.mark.parametrize(
    ("kind", "known"), [("perfect", 1), ("rotated", 0), ("noise", 1), ("duplicated", 0.5), ("random", 0)]
)
def test_the_gap_by_exact_mixtures_of_known_codes(kind, known):
    factors = factors_of(2000, 0)
    sd = 1.0 if kind == "random" else SD
    assert chen(codes_of(kind, factors, 0), factors, sd=sd) == pytest.approx(known, abs=0.05)


def test_exact_information_is_that_of_the_densities():
    """One latent, two images, two levels: log 2 less the entropy of whose it is, integrated."""
    mean, sd = torch.tensor([[-1.0], [1.0]]), 0.8
    factors, count = torch.tensor([[0], [1]]), 40_000
    rows = torch.arange(count) % 2
    noise = torch.randn(count, 1, generator=torch.Generator().manual_seed(0))
    found = exact_information(mean, torch.full((2, 1), 2 * np.log(sd)), factors, rows, noise)
    z = np.linspace(-8, 8, 200_001)
    left, right = (np.exp(-((z - m) ** 2) / 2 / sd**2) / sd / np.sqrt(2 * np.pi) for m in (-1, 1))
    whole = np.trapezoid(left * np.log(2 * left / (left + right)), z)
    assert float(found[0, 0]) == pytest.approx(whole, abs=0.01)


def test_wide_posteriors_leave_no_information_though_the_means_are_apart():
    factors = factors_of(1000, 0)
    codes = codes_of("perfect", factors, 0)
    assert chen(codes, factors, sd=SD) > 0.9
    assert chen(codes, factors, sd=20.0) < 0.05


def test_exact_information_does_not_depend_on_the_size_of_its_blocks(monkeypatch):
    factors = factors_of(400, 0)
    codes = codes_of("noise", factors, 0)
    whole = chen(codes, factors)
    monkeypatch.setattr(room, "ENTRIES", 7 * 400)
    assert chen(codes, factors) == pytest.approx(whole, abs=1e-12)


def test_information_is_that_of_scikit_learn():
    factors = factors_of(500, 0)
    bins = binned(codes_of("noise", factors, 0), 20)
    assert bins.min() == 0
    assert bins.max() == 19
    expected = [[mutual_info_score(a, b) for b in factors.T] for a in bins.T]
    np.testing.assert_allclose(information(bins, factors), expected, atol=1e-12)
    np.testing.assert_allclose(entropies(factors), [mutual_info_score(b, b) for b in factors.T])


def test_bins_belong_to_their_own_latent():
    """Two latents with means 0 and 5 stay apart: a reshape in the place of a transpose mixes them."""
    codes = np.random.default_rng(0).normal([0, 5], 0.1, (300, 2))
    factors = (codes > codes.mean(0)).astype(np.int64)
    shared = information(binned(codes, 20), factors)
    assert shared[0, 0] > 0.6
    assert shared[1, 1] > 0.6
    assert max(shared[0, 1], shared[1, 0]) < 0.1


def test_the_gap_of_a_single_latent_is_all_that_it_tells():
    assert gap(np.array([[0.5, 1.0]]), np.array([1.0, 2.0])) == 0.5


# ---- the others ------------------------------------------------------------------------------------------------------


def test_separated_predictability_of_known_codes():
    """Of factors with two levels, low and high, which one latent tells and the other guesses."""

    def found(kind):
        codes, factors, test_codes, test_factors = both(kind)
        return sap(codes, factors // 4, test_codes, test_factors // 4)

    assert found("perfect") == pytest.approx(0.5, abs=0.05)
    assert max(found("rotated"), found("random")) < 0.06
    assert found("duplicated") == pytest.approx(0.25, abs=0.05)


def test_a_dead_latent_predicts_nothing():
    assert (predictability(*both("dead", 400, 200))[2] == 0).all()


def test_dci_of_known_codes():
    perfect, rotated = dci(*both("perfect", 300, 200), "forest"), dci(*both("rotated", 300, 200), "forest")
    assert min(perfect) > 0.98
    assert max(rotated[:2]) < 0.1
    assert rotated.informativeness > 0.7
    twice = dci(*both("duplicated", 300, 200), "forest")
    assert twice.disentanglement > 0.98
    assert twice.completeness < 0.9


def test_dci_by_gradient_boosting_as_in_disentanglement_lib():
    codes, factors, *_ = both("perfect", 150, 10)
    assert min(dci(codes, factors % 2, codes, factors % 2, "boosted")) > 0.95


def test_scores_from_importances():
    perfect, even = np.eye(2), np.ones((2, 2))
    assert disentanglement(perfect) == pytest.approx(1)
    assert disentanglement(even) == pytest.approx(0)
    with_dead = np.array([[1, 0], [0, 1], [0, 0]])  # no importance, no weight
    assert disentanglement(with_dead) == pytest.approx(1)
    assert completeness(np.array([[1, 0], [1, 0], [0, 2]])) == pytest.approx((1 - np.log(2) / np.log(3) + 1) / 2)
    assert disentanglement(np.zeros((2, 2))) == 0


def test_groups_have_their_level_in_common():
    levels = factors_of(500, 0)[:, 0]
    rows = alike(levels, 200, 5, rng())
    assert (levels[rows] == levels[rows[:, :1]]).all()
    assert len(np.unique(levels[rows[:, 0]])) == 8
    assert set(alike(np.array([0, 1, 1]), 50, 2, rng()).ravel()) == {0, 1, 2}


@pytest.mark.parametrize("score", [factor_vae_score, beta_vae_score])
def test_scores_by_a_fixed_factor_of_known_codes(score):
    found = {kind: score(*both(kind), rng(), FEW) for kind in ("perfect", "rotated", "noise", "dead", "random")}
    assert min(found["perfect"], found["noise"], found["dead"]) > 0.98
    assert max(found["rotated"], found["random"]) < 0.65


def test_only_active_latents_have_a_vote():
    codes, factors, *test = both("perfect", 400, 200)
    small = [np.hstack([x, 1e-3 * np.random.default_rng(3).normal(size=(len(x), 1))]) for x in (codes, test[0])]
    assert varying(small[0]).tolist() == [True, True, False]
    assert factor_vae_score(small[0], factors, small[1], test[1], rng(), FEW) > 0.98
    assert factor_vae_score(codes * 1e-3, factors, test[0] * 1e-3, test[1], rng(), FEW) == 0.0


def test_votes_are_in_units_of_each_latents_own_variance():
    codes, factors, *_ = both("perfect", 400, 200)
    wide = codes * np.array([1, 100])
    table = votes(wide, factors, wide.var(0, ddof=1), 100, rng())
    assert table[0, 1] == table[1, 0] == 0


def test_modularity_of_known_codes():
    found = {kind: modularity(*both(kind, 10_000)[:2]) for kind in ("perfect", "rotated", "dead")}
    assert found["perfect"] > 0.999
    assert found["rotated"] < 0.05
    assert found["dead"] == pytest.approx(found["perfect"] * 2 / 3)
    assert np.isnan(modularity(*[x[:, :1] for x in both("perfect")[:2]]))


def test_explicitness_is_high_wherever_a_linear_rule_reads_the_factors():
    assert explicitness(*both("perfect")) > 0.99
    assert explicitness(*both("rotated")) > 0.99
    assert explicitness(*both("random")) == pytest.approx(0.5, abs=0.05)


def test_infomec_of_known_codes():
    found = {kind: infomec(*both(kind)[:2]) for kind in ("perfect", "rotated", "duplicated", "dead")}
    assert min(found["perfect"]) > 0.95
    assert max(found["rotated"].modularity, found["rotated"].compactness) < 0.1
    assert found["rotated"].explicitness > 0.95
    assert found["duplicated"].modularity > 0.95
    assert found["duplicated"].compactness < 0.7
    assert found["dead"][0] == found["perfect"][0]  # a dead latent counts nowhere
    assert found["dead"][2] == found["perfect"][2]


def test_shares_of_information():
    assert evenness_lost(np.eye(3)) == 1
    assert evenness_lost(np.ones((2, 4))) == pytest.approx(0)
    assert evenness_lost(np.array([[1.0, 0.0], [0.0, 0.0]])) == pytest.approx(0.5)  # nothing is spread evenly
    assert evenness_lost(np.zeros((0, 2))) == 0
    assert np.isnan(evenness_lost(np.ones((2, 1))))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["dead", "constant"])
def test_latents_without_any_variation_make_no_undefined_number(kind):
    parts = both("dead", 300, 200)
    if kind == "constant":
        parts[0], parts[2] = np.zeros_like(parts[0]), np.zeros_like(parts[2])
    numbers = [mig_hist(*parts[:2]), sap(*parts), *dci(*parts, "forest"), factor_vae_score(*parts, rng(), FEW)]
    numbers += [beta_vae_score(*parts, rng(), FEW), modularity(*parts[:2]), explicitness(*parts), *infomec(*parts[:2])]
    assert np.isfinite(numbers).all()
    assert kind != "constant" or max(abs(x) for i, x in enumerate(numbers) if i not in (4, 6, 8)) < 1e-6


def test_the_order_of_latents_and_of_factors_does_not_matter():
    parts = both("noise", 600, 300)
    turned = [x[:, ::-1].copy() for x in parts]
    for measure in (mig_hist, modularity, lambda *codes: infomec(*codes)[::2]):
        assert measure(*turned[:2]) == pytest.approx(measure(*parts[:2]), abs=1e-9)
    for measure in (sap, explicitness):
        assert measure(*turned) == pytest.approx(measure(*parts), abs=1e-3)
    assert chen(*turned[:2]) == pytest.approx(chen(*parts[:2]), abs=0.03)  # each latent has another's noise
