"""``prepare.py``."""

from genlab.apps.prepare.prepare import run

__all__ = ["run"]
