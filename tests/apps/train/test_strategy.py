"""What cannot be trained on several devices is refused with the words to type. No process is started here."""

import pytest

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import require_images
from genlab.apps.train.strategy import DataParallel, strategy_for
from genlab.contracts import ConfigError


@pytest.mark.parametrize("name", ["fsdp", "deepspeed", "ddp_find_unused_parameters_true"])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_strategy_that_wraps_or_shards_is_refused(name, processes):
    with pytest.raises(ConfigError) as caught:
        strategy_for(name, processes, 600)
    (problem,) = caught.value.problems
    assert problem.where == f"trainer.strategy={name}"
    assert "average the gradients of each phase themselves" in problem.what
    assert problem.remedy == "Type: trainer.strategy=auto, or ddp"


def test_auto_is_one_process_alone_or_data_parallel():
    assert strategy_for("auto", 1, 600) == "auto"
    assert all(isinstance(strategy_for(*asked, 600), DataParallel) for asked in (("auto", 2), ("ddp", 1), ("ddp", 2)))


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
