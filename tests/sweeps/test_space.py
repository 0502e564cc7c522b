"""The cells of a sweep, and the overrides that they become."""

import math
from pathlib import Path

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from genlab.contracts import ConfigError
from genlab.sweeps.distributions import quantile, share
from genlab.sweeps.parameters import Parameter
from genlab.sweeps.space import corners, draw, draws, grid, override
from genlab.sweeps.spec import SweepFile


def sweep(*parameters, method="random"):
    return SweepFile(Path("a.yaml"), "", method, {one.name: one for one in parameters})


BETA = Parameter("model.beta", "categorical", (1, 4, 16))
SIZE = Parameter("model.latent_dim", "int_uniform", min=2, max=4)
RATE = Parameter("model.optimizer.lr", "log_uniform_values", min=1e-4, max=1e-2)
SEED = Parameter("seed", "constant", (3,))
EVERY = [
    BETA,
    SIZE,
    RATE,
    Parameter("p", "categorical_w_probabilities", ("a", "b"), (0.25, 0.75)),
    Parameter("u", "uniform", min=-1, max=3),
    Parameter("qu", "q_uniform", min=17, max=60, q=8),
    Parameter("lu", "log_uniform", min=-3, max=2),
    Parameter("qlu", "q_log_uniform", min=0, max=4, q=2),
    Parameter("qluv", "q_log_uniform_values", min=9, max=509, q=8),
    Parameter("ilu", "inv_log_uniform", min=-3, max=2),
    Parameter("iluv", "inv_log_uniform_values", min=0.1, max=10),
    Parameter("n", "normal", mu=2, sigma=3),
    Parameter("qn", "q_normal", mu=2, sigma=3, q=0.5),
    Parameter("ln", "log_normal", mu=1, sigma=0.5),
    Parameter("qln", "q_log_normal", mu=1, sigma=0.5, q=1),
    Parameter("b", "beta", a=2, b=5),
    Parameter("qb", "q_beta", a=2, b=5, q=0.1),
]


def test_a_grid_has_every_cell_and_the_last_parameter_changes_fastest():
    cells = grid(sweep(BETA, SEED, SIZE, method="grid"))
    assert [(c["model.beta"], c["model.latent_dim"]) for c in cells] == [(b, z) for b in (1, 4, 16) for z in (2, 3, 4)]
    assert {cell["seed"] for cell in cells} == {3}
    assert list(cells[0]) == ["model.beta", "seed", "model.latent_dim"]


def test_the_steps_of_a_grid_end_below_max_as_at_wandb():
    assert [cell["q"] for cell in grid(sweep(Parameter("q", "q_uniform", min=16, max=64, q=16)))] == [16, 32, 48]


def test_a_grid_refuses_every_range_without_an_end_of_values_in_one_message():
    with pytest.raises(ConfigError) as error:
        grid(sweep(RATE, Parameter("u", "normal", mu=0, sigma=1)))
    assert len(error.value.problems) == 2 and "method: random" in str(error.value)


def expected(p, x):
    """The share of draws at most ``x``, from the definition of the distribution."""
    from scipy import stats

    kind = p.distribution.removeprefix("q_")
    if kind == "uniform":
        return (x - p.min) / (p.max - p.min)
    if kind in ("log_uniform", "inv_log_uniform"):
        value = math.log(x) if kind == "log_uniform" else -math.log(1 / x)
        low, high = (p.min, p.max) if kind == "log_uniform" else (-p.max, -p.min)
        return (value - low) / (high - low)
    if kind in ("log_uniform_values", "inv_log_uniform_values"):
        return math.log(x / p.min) / math.log(p.max / p.min)
    if kind == "beta":
        return stats.beta.cdf(x, p.a, p.b)
    return stats.norm.cdf(math.log(x) if kind == "log_normal" else x, p.mu, p.sigma)


@pytest.mark.parametrize(
    "one", [p for p in EVERY if p.q is None and not p.is_list and p is not SIZE], ids=lambda p: p.name
)
def test_draws_follow_the_distribution_that_the_name_defines(one):
    for u in (0.01, 0.3, 0.5, 0.9, 0.999):
        assert expected(one, quantile(one, u)) == pytest.approx(u, abs=1e-9)
        assert share(one, quantile(one, u)) == pytest.approx(u, abs=1e-9)


@pytest.mark.parametrize("one", [p for p in EVERY if p.q is not None], ids=lambda p: p.name)
def test_rounded_draws_are_multiples_of_q_inside_the_range(one):
    values = [quantile(one, u) for u in np.linspace(0, 0.9999, 300)]
    assert values == sorted(values) and len(set(values)) > 3
    for value in values:
        assert value / one.q == pytest.approx(round(value / one.q))
        assert isinstance(value, int) == isinstance(one.q, int)
    if one.min is not None:
        low, high = (one.min, one.max) if one.distribution != "q_log_uniform" else (1, math.exp(4))
        assert low <= values[0] and values[-1] <= high


def test_values_come_as_often_as_their_probabilities_say():
    several = draws(sweep(*EVERY), 2000, seed=0)
    share_of_a = sum(cell["p"] == "a" for cell in several) / 2000
    assert share_of_a == pytest.approx(0.25, abs=0.04)
    assert {cell["model.beta"] for cell in several} == {1, 4, 16}
    sizes = np.bincount([cell["model.latent_dim"] for cell in several])
    assert sizes[:2].sum() == 0 and sizes[2:] == pytest.approx(2000 / 3, abs=90) and len(sizes) == 5


def test_a_drawn_cell_is_a_function_of_seed_and_number():
    file = sweep(*EVERY)
    assert draws(file, 3, seed=5) == draws(file, 10, seed=5)[:3]
    assert draws(file, 3, seed=5) != draws(file, 3, seed=6)
    assert draws(file, 2, seed=5)[0] != draws(file, 2, seed=5)[1]


def test_drawn_values_are_plain_numbers():
    cell = draw(sweep(*EVERY), np.random.default_rng(0))
    assert {type(value) for value in cell.values()} <= {int, float, str}


def test_corners_have_both_ends_of_each_range_and_every_value_of_each_list():
    file = sweep(*EVERY)
    cells = corners(file, most=200)
    for one in EVERY:
        found = [cell[one.name] for cell in cells]
        if one.is_list:
            assert set(found) == set(one.values)
        elif one.q is None and one.min is not None and one.distribution != "inv_log_uniform":
            low, high = (math.exp(one.min), math.exp(one.max)) if one.name == "lu" else (one.min, one.max)
            assert (min(found), max(found)) == (low, high)
    assert {len(cell) for cell in cells} == {len(EVERY)}
    assert all(cell not in cells[:i] for i, cell in enumerate(cells))


def test_few_parameters_have_every_combination_of_their_ends_and_many_not_too_many():
    cells = corners(sweep(SIZE, RATE, SEED))
    ends = [(cell["model.latent_dim"], cell["model.optimizer.lr"]) for cell in cells]
    assert sorted(ends) == [(2, 1e-4), (2, 1e-2), (4, 1e-4), (4, 1e-2)]
    assert len(corners(sweep(*(Parameter(f"a{i}", "uniform", min=0, max=1) for i in range(40))))) == 32


# ---- overrides ------------------------------------------------------------------------------------------------------


def read_back(text):
    item = OverridesParser.create().parse_override(text)
    assert not item.is_sweep_override()
    return item.value()


VALUES = [1, -3, 4.0, 1e-4, 0.1 + 0.2, 1e30, True, False, None, "vae", "a,b", "x=1", "it's", "", " a ", "a b", "ä", "#"]
VALUES += ["choice(1,2)", "glob(*)", "back\\", "\\'", "a\\'b'", 'say "hello"', [1, 2], ["a", "b,c"], [None, True, 1.5]]
VALUES += [[], [[1], [2, 3]], {"a": 1, "b": [None, "x y"]}]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_hydra_reads_an_override_as_the_value(value):
    found = read_back(override("key", value))
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "value", [1, 4.0, 1e-4, True, False, "vae", "a b", [1, 2], [0.5, 1.0], ["a", "b"], "1e-4", "'a,b'"]
)
def test_an_override_is_what_an_agent_passes(value):
    from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

    passed = create_sweep_command_args({"args": {"model.x": {"value": value}}})["args_no_hyphens"]
    assert [override("model.x", value)] == passed


def test_quotes_of_the_file_itself_are_kept_for_hydra():
    assert read_back(override("key", "'a,b'")) == "a,b"
    assert read_back(override("key", "[a,b]")) == ["a", "b"]
    assert override("key", "${seed}") == "key=${seed}"


def test_floats_read_back_equal():
    for cell in draws(sweep(*EVERY), 50, seed=1):
        assert {name: read_back(override(name, value)) for name, value in cell.items()} == cell
