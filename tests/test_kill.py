"""Kill, resume, compare. A short form runs with every test; ``pytest -m kill`` is the whole proof."""

import pytest

from killing import REPO, assert_same_run, choices, killed, undisturbed

MODELS = sorted(path.stem for path in (REPO / "conf" / "model").glob("*.yaml"))


@pytest.mark.parametrize("model", ["dcgan"])
def test_a_killed_run_continues_to_the_same_bits(model, tmp_path):
    options = [*choices(model, tmp_path), "trainer.max_epochs=6"]
    whole = undisturbed(tmp_path / "whole", *options)
    broken, kills = killed(tmp_path / "broken", 2, 1, *options)
    assert kills == 2
    assert_same_run(whole, broken)


@pytest.mark.kill
@pytest.mark.parametrize("model", MODELS)
def test_twenty_kills(model, tmp_path):
    options = [*choices(model, tmp_path), "trainer.max_epochs=80"]
    whole = undisturbed(tmp_path / "whole", *options)
    kills, attempts = 0, 0
    while kills < 20:  # a run may get through before it has been killed so often: then another one
        attempts += 1
        broken, count = killed(tmp_path / f"broken_{attempts}", 20 - kills, attempts, *options)
        assert_same_run(whole, broken)
        kills += count
