"""A user's own callback, trusted by name: one rank fails in the middle of an epoch, as ``FAULT=rank:how:batch`` says."""

import os
import signal
import time
from pathlib import Path

import lightning.pytorch as pl


class Fault(pl.Callback):
    """Every rank leaves its process in ``folder``/pids; the one that fails says when in ``folder``/fault."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def on_train_start(self, trainer, pl_module):
        (self.folder / "pids").mkdir(exist_ok=True)
        (self.folder / "pids" / str(trainer.global_rank)).write_text(str(os.getpid()))

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        rank, _, rest = os.environ.get("FAULT", "").partition(":")
        how, _, number = rest.partition(":")
        if (rank, number) == (str(trainer.global_rank), str(pl_module.batches_seen)):
            (self.folder / "fault").write_text(str(time.time()))
            fail(how)


def fail(how):
    """As asked."""
    if how == "raises":
        raise ZeroDivisionError("as a test wants it")
    if how == "sleeps":
        time.sleep(1000)
    os.kill(os.getpid(), {"dies": signal.SIGKILL, "hangs": signal.SIGSTOP}[how])
