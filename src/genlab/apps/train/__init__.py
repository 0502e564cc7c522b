"""``train.py``."""

from genlab.apps.train.train import run

__all__ = ["run"]
