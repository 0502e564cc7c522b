"""The floors of the house: a room imports from floors below, never up, and never sideways on its own floor."""

import ast
import re
from pathlib import Path

import pytest

from genlab.config.files import Conf
from genlab.config.session import compose_alone

ROOT = Path(__file__).resolve().parent.parent / "src" / "genlab"
FLOORS = [
    {"apps"},
    {"pages"},
    {"cluster", "sweeps"},
    {"analysis", "callbacks", "translate"},
    {"runs"},
    {"interop"},
    {"inference", "speech"},
    {"models", "metrics"},
    {"data", "nets", "losses", "config", "signals"},
    {"console"},
    {"rank_environment"},
    {"cores"},
    {"sound"},
    {"images", "random", "film", "panels"},
    {"files", "colouring"},
    {"figures"},
    {"contracts", "compat"},
]
# config holds the types that signatures are written in; it lies under the rooms of its own floor
BELOW_ITS_FLOOR = {"config"}
FILES = sorted(ROOT.rglob("*.py"))


def floor(room):
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def imports(path):
    """The rooms that a file imports from."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{a.name}" for a in node.names] if node.module == "genlab" else [node.module or ""]
        for name in names:
            parts = name.split(".")
            if parts[0] == "genlab" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_point_down(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if room in ("__init__", "__main__"):
        return
    for other in set(imports(path)) - {room}:
        below = floor(other) > floor(room) or (floor(other) == floor(room) and other in BELOW_ITS_FLOOR)
        assert below, f"{path.relative_to(ROOT)} imports from {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_rooms_are_small_and_have_a_subject(path):
    text = path.read_text()
    code = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(code) <= 300
    assert path.stem not in {"utils", "util", "helpers", "misc", "common"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno <= 40, f"{node.name} is too long"
            assert not (node.name == "__init__" and node.args.kwarg), "a constructor takes **kwargs"


# what runs before torch may come in: the doors, the checks, every command's first half, every data set
BEFORE_TORCH = ["config.compose", "apps.prepare.report", "data.report.survey", "data.report.contact_sheet"]
BEFORE_TORCH += [f"apps.command.{name}" for name in ("main", "arguments", "run", "help", "multirun", "paths")]
BEFORE_TORCH += [
    f"apps.{name}"
    for name in (
        "train.train",
        "submit",
        "evaluate.evaluate",
        "generate",
        "analyze",
        "export",
        "translate",
        "demo",
        "prepare.prepare",
        "notebook.command",
    )
]
BEFORE_TORCH += ["apps.doctor.doctor", "apps.report", "pages.report.page", "pages.report.serve"]
BEFORE_TORCH += ["sound.writing", "speech.pieces", "translate.inputs"]
DATA_SETS = sorted(
    {
        node["_target_"].split(".", 1)[1].rpartition(".")[0]
        for node in compose_alone(Conf(), *(f"data/{name}" for name in Conf().options("data"))).values()
    }
)


def at_import(name):
    """What the module ``genlab.<name>``, and each package above it, imports as soon as it is imported itself."""
    path = ROOT.joinpath(*name.split("."))
    files = [folder / "__init__.py" for folder in (path, *path.parents) if ROOT in (folder, *folder.parents)]
    for file in [path.with_suffix(".py"), *files]:
        for node in ast.parse(file.read_text()).body if file.is_file() else []:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            if isinstance(node, ast.Expr) and ast.unparse(node) == "ensure_torchvision()":
                yield "torchvision"


@pytest.mark.parametrize("name", BEFORE_TORCH + DATA_SETS)
def test_nothing_that_runs_before_torch_imports_it_however_deep(name):
    chains = [[name]]
    seen = {name}
    for chain in chains:
        for imported in at_import(chain[-1]):
            parts = imported.split(".")
            assert parts[0] not in ("torch", "lightning", "torchvision", "torchmetrics"), [*chain, imported]
            modules = {".".join(parts[1:end]) for end in range(2, len(parts) + 1)} if parts[0] == "genlab" else set()
            for module in modules - seen:
                seen.add(module)
                chains.append([*chain, module])
    assert len(seen) > 1


def test_checks_and_data_are_free_of_torch():
    free = {
        "config",
        "contracts",
        "data/store/source.py",
        "data/store/store.py",
        "data/store/order.py",
        "data/sets/mnist.py",
        "data/sets/stacked_mnist.py",
        "data/sets/folder.py",
        "data/sets/shapes.py",
        "data/sets/toy1d.py",
        "data/sets/toy2d.py",
        "data/files/published.py",
        "data/files/archive.py",
        "data/report/survey.py",
        "data/report/contact_sheet.py",
        "film",
        "interop/reference.py",
        "apps/export.py",
        "data/files/picture_io.py",
        "data/files/tiff.py",
        "apps/prepare/prepare.py",
        "apps/translate.py",
        "apps/demo.py",
        "apps/prepare/report.py",
    }
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if name.split("/")[0] in free or name in free:
            tree = ast.parse(path.read_text())
            top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
            modules = {getattr(n, "module", None) or n.names[0].name for n in top}
            assert not any(m.split(".")[0] in ("torch", "lightning") for m in modules), name


COLLECTIVES = re.compile(
    r"torch\.distributed(?!\.elastic)|from torch import distributed|\bdist\.\w"
    r"|strategy\.(reduce|broadcast|barrier|all_gather)\b"
)


def test_one_room_alone_talks_to_other_ranks():
    """It knows which group takes a tensor where it lies; a tensor of the host under NCCL is an error that gloo never shows."""
    talking = {path.relative_to(ROOT).as_posix() for path in FILES if COLLECTIVES.search(path.read_text())}
    assert talking == {"models/base/distributed.py"}
