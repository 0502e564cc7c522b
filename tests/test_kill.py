"""Kill, resume, compare. A short form runs with every test; ``pytest -m kill`` is the whole proof."""

import pytest

from killing import COMMON, REPO, assert_same_run, choices, killed, undisturbed

MODELS = sorted(path.stem for path in (REPO / "conf" / "model").glob("*.yaml"))


@pytest.mark.parametrize(
    ("model", "kills", "small"),
    [
        ("dcgan", 2, ["trainer.max_epochs=6"]),
        # full pools, no pictures and no classifier of domains
        ("cyclegan", 1, ["trainer.max_epochs=4", "metrics.val_samples=0", "metrics.test_samples=0"]),
    ],
)
def test_a_killed_run_continues_to_the_same_bits(model, kills, small, tmp_path, cache, train, trainings):
    options = [*choices(model, tmp_path), *small]
    broken, counted = killed(trainings, tmp_path / "broken", cache, kills, 1, *options)
    assert counted == kills
    whole = train(*COMMON, *options)  # in this process, which need not start
    assert_same_run(whole, broken)


@pytest.mark.kill
@pytest.mark.parametrize("model", MODELS)
def test_twenty_kills(model, tmp_path, cache, trainings):
    options = [*choices(model, tmp_path), "trainer.max_epochs=80"]
    whole = undisturbed(trainings, tmp_path / "whole", cache, *options)
    kills, attempts = 0, 0
    while kills < 20:  # a run may get through before it has been killed so often: then another one
        attempts += 1
        broken, count = killed(trainings, tmp_path / f"broken_{attempts}", cache, 20 - kills, attempts, *options)
        assert_same_run(whole, broken)
        kills += count
