"""``sweep.py``."""

from genlab.apps.sweep.sweep import run

__all__ = ["run"]
