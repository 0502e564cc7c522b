"""The site: every page of this folder, and an API page for each module. Built by ``sphinx-build -W docs site``."""

import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "src"))

project = "genlab"
copyright = "the authors of genlab"  # noqa: A001 - Sphinx's own name for it
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
autosummary_generate = True
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
suppress_warnings = ["ref.python"]  # two classes of one name, in an annotation: the first is linked
templates_path = ["_templates"]
exclude_patterns = ["_templates"]
highlight_language = "bash"  # of blocks without a language: commands
html_theme = "furo"
html_title = "genlab"
html_show_sphinx = False
html_copy_source = False


def as_written(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Let ``|`` and ``*`` of a docstring stand for themselves: ours are plain text, with code between double backticks."""
    text = re.split(r"(``.+?``)", "\n".join(lines), flags=re.DOTALL)
    lines[:] = "".join(p if i % 2 else re.sub(r"([|*])", r"\\\1", p) for i, p in enumerate(text)).split("\n")


def as_on_the_site(app: Sphinx, name: str, source: list[str]) -> None:
    """The first page stands for the README, and a folder of the repository is named without a link."""
    text = source[0].replace("](../README.md", "](index.md")
    source[0] = re.sub(r"\[([^]]+)\]\((\.\./[^)#]+)\)", lambda m: m[1] if (HERE / m[2]).is_dir() else m[0], text)


def setup(app: Sphinx) -> None:
    """Escape before the sections of a docstring are read."""
    app.connect("autodoc-process-docstring", as_written, priority=100)
    app.connect("source-read", as_on_the_site)
