"""The table of what a run survives (docs/runs.md) names tests that exist, one at least for each row."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def test_each_row_names_a_test_that_exists():
    text = (TESTS.parent / "docs" / "runs.md").read_text(encoding="utf-8")
    table = text.partition("| what happens | what is left | shown by |\n|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [re.findall(r"`([\w/]+\.py)::(\w+)`", row.rpartition(" | ")[2]) for row in table.splitlines()]
    assert len(rows) >= 11
    assert all(rows)
    for file, name in (pair for row in rows for pair in row):
        assert re.search(rf"^def {name}\(", (TESTS / file).read_text(), re.MULTILINE), f"{file}::{name}"
