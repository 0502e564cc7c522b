"""Entry point of ``python -m genlab COMMAND …``."""

from genlab.apps.command.main import genlab

genlab()
