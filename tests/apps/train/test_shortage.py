"""A run that has no memory left says what to type, is written down as failed, and goes on with a smaller step."""

import numpy as np
import pytest
import torch

from genlab.apps.train.shortage import is_shortage, smaller_steps
from genlab.contracts import GenlabError

ON_A_GPU = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB of which 1.2 GiB is free."
)


def raise_as_cuda_does():
    raise torch.OutOfMemoryError(ON_A_GPU)


SHORTAGES = {
    "a GPU": (raise_as_cuda_does, "2.00 GiB"),
    "torch on a CPU": (lambda: torch.empty(2**50), "4503599627370496 bytes"),
    "numpy": (lambda: np.ones(2**50), "8.00 PiB"),
}


@pytest.mark.parametrize("kind", SHORTAGES)
def test_no_memory_in_the_middle_of_a_run_is_one_message_and_the_run_goes_on_smaller(kind, breakable):
    provoke, size = SHORTAGES[kind]
    job = breakable("vae", checkpoint={"every_n_steps": 5})
    error = job.until(lambda stage, trainer, model: provoke() if model.batches_seen == 8 else None)
    assert isinstance(error, GenlabError)
    assert error.exit_code == 1
    said = str(error)
    assert f"out of memory after batch 8 (it asked for {size})" in said
    assert "data.batch_size=5 trainer.accumulate_grad_batches=2" in said
    assert "trainer.precision=bf16-mixed" in said
    assert f"resume={job.run}" in said
    assert "crop_size" not in said
    assert job.summary["status"] == "failed"
    assert job.saved == 5
    job.monkeypatch.setattr("striking.action", lambda *_: None)
    from genlab.apps.command import main as door

    smaller = ["data.batch_size=5", "trainer.accumulate_grad_batches=2", "trainer.precision=bf16-mixed"]
    assert door.run("train", [f"resume={job.run}", *smaller]) == 0
    assert job.summary["status"] == "finished"


def test_no_memory_before_the_first_checkpoint_says_so(breakable):
    error = breakable("vae", trainer={"precision": "bf16-mixed"}).until(lambda *_: raise_as_cuda_does())
    assert "There is no checkpoint yet" in str(error)
    assert "bf16-mixed" not in str(error)


def test_smaller_cuts_are_named_where_the_networks_take_them(composed):
    told = {model: smaller_steps(composed(f"model={model}", *data)) for model, data in {
        "cyclegan": ["data=horse2zebra"], "pix2pix": ["data=maps"]
    }.items()}  # fmt: skip
    assert any("data.crop_size=128 data.load_size=143" in line for line in told["cyclegan"])
    assert not any("crop_size" in line for line in told["pix2pix"])  # its U-Net takes 256 pixels and no fewer
    assert not any("batch_size" in line for line in told["cyclegan"])  # one image already


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("shapes differ"), KeyboardInterrupt()])
def test_other_errors_stay_what_they_are(error):
    assert not is_shortage(error)
