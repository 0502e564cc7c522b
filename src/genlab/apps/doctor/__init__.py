"""``doctor.py``."""

from genlab.apps.doctor.doctor import run

__all__ = ["run"]
