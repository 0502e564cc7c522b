"""What cannot be trained on several devices is refused with the words to type. No process is started here."""

import pytest

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model, require_images
from genlab.apps.train.strategy import strategy_for
from genlab.contracts import ConfigError


@pytest.mark.parametrize("name", ["ddp", "ddp_find_unused_parameters_true"])
def test_a_strategy_that_cannot_train_two_players_is_refused(name, composed):
    cfg = composed("model=gan", "data=digits")
    model = build_model(cfg, prepare(cfg).spec)
    assert strategy_for(model, name, processes=1) == name
    with pytest.raises(ConfigError) as caught:
        strategy_for(model, name, processes=2)
    (problem,) = caught.value.problems
    assert problem.where == "trainer.strategy"
    assert "take turns" in problem.what
    assert "trainer.strategy=auto" in problem.remedy


@pytest.mark.parametrize(
    ("most", "asked", "remedy"),
    [
        (["trainer.devices=180"], ["trainer.devices=181"], "trainer.devices=180"),
        (
            ["trainer.devices=90", "trainer.num_nodes=2"],
            ["trainer.devices=91", "trainer.num_nodes=2"],
            "trainer.devices=90",
        ),
        (["trainer.num_nodes=180"], ["trainer.num_nodes=181"], "trainer.num_nodes=180 trainer.devices=1"),
    ],
)
def test_more_processes_than_images_of_a_split_are_refused(most, asked, remedy, composed):
    """Digits have 180 images for validation, and as many for the test."""
    fits, cfg = composed("data=digits", *most), composed("data=digits", *asked)
    spec = prepare(cfg).spec
    require_images(fits, spec)
    with pytest.raises(ConfigError) as caught:
        require_images(cfg, spec)
    (problem,) = caught.value.problems
    assert "only 180 images" in problem.what
    assert problem.remedy == f"Type: {remedy}"
