"""Models whose discriminator sees codes, stopped in the middle of an epoch: they go on to the same bits."""

import pytest

from killing import assert_same_run
from striking import sends


@pytest.mark.parametrize("model", ["aae", "ss_aae", "factor_vae"])
def test_a_run_that_is_stopped_in_its_middle_goes_on_to_the_same_bits(model, breakable):
    job = breakable(model)
    job.cfg.model.discriminator.hidden = [16, 16]
    assert job.until(sends("train", 10, "SIGTERM")).exit_code == 143
    assert job.saved == 10
    assert job.until() is None
    assert_same_run(job.undisturbed(), job.run)
