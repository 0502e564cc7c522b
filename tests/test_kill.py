"""Kill, resume, compare. A short form runs with every test; ``pytest -m kill`` is the whole proof."""

import pytest

from killing import REPO, assert_same_run, killed, undisturbed

MODELS = sorted(path.stem for path in (REPO / "conf" / "model").glob("*.yaml"))


@pytest.mark.parametrize("model", ["dcgan"])
def test_a_killed_run_continues_to_the_same_bits(model, tmp_path):
    options = [f"model={model}", "trainer.max_epochs=3", "model.latent_dim=4"]
    whole, seconds = undisturbed(tmp_path / "whole", *options)
    broken, kills = killed(tmp_path / "broken", 2, seconds, 1, *options)
    assert kills > 0
    assert_same_run(whole, broken)


@pytest.mark.kill
@pytest.mark.parametrize("model", MODELS)
def test_twenty_kills(model, tmp_path):
    options = [f"model={model}", "trainer.max_epochs=20", "model.latent_dim=4"]
    whole, seconds = undisturbed(tmp_path / "whole", *options)
    kills = 0
    while kills < 20:  # a run may get through before it has been killed so often: then another one
        broken, count = killed(tmp_path / f"broken_{kills}", 20 - kills, seconds, kills, *options)
        assert_same_run(whole, broken)
        kills += count
