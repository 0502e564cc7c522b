"""Links between README and ``docs/`` lead somewhere, every page is listed, and so is every model."""

import re
from pathlib import Path

import pytest

from genlab.config.files import Conf

ROOT = Path(__file__).resolve().parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
INDEXES = [ROOT / "README.md", ROOT / "docs" / "models.md"]
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def prose(page):
    """A page without its blocks of code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def links(page):
    """What a page links to within the repository: (path, anchor), of which the path is the page itself for ``#anchor``."""
    for target in LINK.findall(CODE.sub("", prose(page))):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


def slug(heading):
    """The anchor that GitHub gives a heading: its text in lower case, of letters, digits, hyphens and underscores only."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(page):
    """All anchors of a page; the second heading of one name ends in -1, and so on."""
    found = {}
    for heading in HEADING.findall(prose(page)):
        name = slug(heading)
        found[name] = found.get(name, -1) + 1
        yield f"{name}-{found[name]}" if found[name] else name


ANCHORS = {page: set(anchors(page)) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page):
    dead = [
        f"{path.relative_to(ROOT)}#{anchor}"
        for path, anchor in links(page)
        if not path.exists() or (anchor and anchor not in ANCHORS.get(path, ()))
    ]
    assert not dead


def test_every_page_is_linked_from_the_readme_or_the_page_of_models():
    listed = {path for index in INDEXES for path, _ in links(index) if path != index}
    assert not [page.name for page in DOCS if page not in listed]


def test_every_page_is_on_the_site():
    index = ROOT / "docs" / "index.md"
    trees = re.findall(r"^```{toctree}\n(.*?)^```", index.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    entries = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    assert sorted(entries) == sorted(page.stem for page in DOCS if page != index)


def test_the_page_of_models_has_every_model_and_every_recipe():
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    conf = Conf()
    assert not [name for group in ("model", "experiment") for name in conf.options(group) if f"`{name}`" not in text]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Which beta, which sigma", "which-beta-which-sigma"),
        ("beta-TC-VAE", "beta-tc-vae"),
        ("Precision (`trainer.precision=`)", "precision-trainerprecision"),
        ("[A link](docs/x.md) & more", "a-link--more"),
    ],
)
def test_anchors_are_those_of_github(heading, anchor):
    assert slug(heading) == anchor
