"""A game that is stopped in its middle goes on to the same bits, whatever its objective and its remedies."""

import pytest

from killing import assert_same_run
from striking import sends

EVERY = {
    "saturating, smoothed, augmented": {"loss": "saturating", "label_smoothing": 0.1, "augment": ["color", "cutout"]},
    "least squares under two penalties, lazily": {
        "loss": "least_squares",
        "r1": 0.5,
        "dragan": 0.2,
        "penalty_every": 3,
    },
    "hinge, k steps each, two rates": {"loss": "hinge", "d_steps": 2, "g_steps": 3, "d_lr": 1e-3},
    "wasserstein": {"loss": "wasserstein", "lambda_gp": 10.0},
    "relativistic, packed, noisy, top k": {
        **{"loss": "relativistic", "r1": 0.1, "pack": 2, "instance_noise": 0.1, "top_k": 0.5, "ema_images": 100},
        "r2": {"_target_": "genlab.models.base.schedules.Ramp", "start": 1.0, "end": 0.0, "batches": 20, "wait": 2},
    },
    "spectral norm": {"net": {"spectral_norm": True}},
}


@pytest.mark.parametrize("model", ["gan", "cgan"])
@pytest.mark.parametrize("remedies", EVERY)
def test_a_game_that_is_stopped_in_its_middle_goes_on_to_the_same_bits(model, remedies, breakable):
    job = breakable(model, model=EVERY[remedies])
    assert job.until(sends("train", 10, "SIGTERM")).exit_code == 143
    assert job.saved == 10
    assert job.until() is None
    assert_same_run(job.undisturbed(), job.run)
