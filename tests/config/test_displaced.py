"""A value beside a file that puts a part in its place."""

import pytest

from genlab.config.compose import compose
from genlab.contracts import ConfigError


@pytest.mark.parametrize(
    "typed", [["model.beta=4", "model/beta_schedule=warm_up"], ["model/beta_schedule=cyclic", "model.beta=4"]]
)
def test_a_number_does_not_take_the_place_of_a_schedule_that_is_typed_beside_it(typed):
    with pytest.raises(
        ConfigError, match=r"model.beta=4: .*takes the place.*\n.*Type: model.beta.end=4, or leave model/beta_sch"
    ):
        compose("train", ["model=vae", "data=digits", *typed])


@pytest.mark.parametrize(
    "typed",
    [
        ["model.beta.end=4", "model/beta_schedule=warm_up"],
        ["model.beta={end:4}", "model/beta_schedule=warm_up"],
        ["model/optimizer=sgd", "model.optimizer.lr=0.1"],
        ["model/objective=free_bits", "model.beta=4"],
    ],
)
def test_what_fits_together_passes(typed):
    compose("train", ["model=vae", "data=digits", *typed])


def test_a_number_instead_of_a_recipes_schedule_is_taken():
    assert compose("train", ["experiment=cvae_mnist", "model.beta=2"]).model.beta == 2


def test_a_key_of_a_schedule_that_was_not_chosen_names_those_that_have_it():
    with pytest.raises(ConfigError, match="end belongs to model/beta_schedule=cyclic or model/beta_schedule=warm_up"):
        compose("train", ["model=vae", "data=digits", "model.beta.end=2"])
