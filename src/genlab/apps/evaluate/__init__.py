"""``evaluate.py``."""

from genlab.apps.evaluate.evaluate import run

__all__ = ["run"]
