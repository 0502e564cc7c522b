"""Evaluations whose forward passes are counted, in small batches, and which may be killed in the middle of one."""

import os
import signal

from genlab.apps.command import main as door
from genlab.data.store import module
from genlab.models.pix2pix import Pix2Pix
from genlab.models.vae import VAE

PASSES = [
    (VAE, "evaluation_terms"),
    (VAE, "log_weights"),
    (VAE, "reconstruct"),
    (VAE, "sample"),
    (Pix2Pix, "translate"),
]


class Counted:
    """What goes forward while it is open: the names of the methods. After pass ``strike``, from 1, ``struck`` is called."""

    def __init__(self, strike=0, struck=None):
        self.strike, self.struck, self.passes = strike, struck, []
        self.note = lambda name: None

    def __enter__(self):
        self.before = [(owner, name, getattr(owner, name)) for owner, name in PASSES]
        self.size, module.EVAL_BYTES = module.EVAL_BYTES, 1
        for owner, name, own in self.before:
            setattr(owner, name, self.counting(name, own))
        return self

    def __exit__(self, *error):
        module.EVAL_BYTES = self.size
        for owner, name, own in self.before:
            setattr(owner, name, own)

    def counting(self, name, own):
        def count(*arguments, **options):
            self.passes.append(name)
            self.note(name)
            made = own(*arguments, **options)
            if len(self.passes) == self.strike:
                self.struck()
            return made

        return count


def evaluate(log, strike, arguments):
    """``evaluate.py`` as a process that is killed after pass ``strike``; leaves a line a pass in ``log``."""
    counted = Counted(strike, lambda: os.kill(os.getpid(), signal.SIGKILL))
    with counted, open(log, "w", buffering=1) as file:
        counted.note = lambda name: file.write(f"{name}\n")
        return door.run("evaluate", arguments)
