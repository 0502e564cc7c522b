"""Sets with known answers: what each measure tells of them, and which it gets wrong, as docs/metrics-battery.md says."""

from pathlib import Path

import pytest

from battery import CHECKS, FAILS, MEASURES, Draw, numbers

DOCS = Path(__file__).resolve().parents[2] / "docs" / "metrics-battery.md"


@pytest.mark.parametrize("name", CHECKS)
def test_each_measure_passes_but_for_those_that_are_known_to_fail(name):
    found = CHECKS[name].run()
    assert {measure for measure, (_, passes) in found.items() if passes is False} == FAILS[name][0]


def test_the_page_has_every_check_and_every_failure():
    page, lines = " ".join(DOCS.read_text().split()), DOCS.read_text().splitlines()
    for name, (measures, why) in FAILS.items():
        row = next(line for line in lines if line.startswith(f"| {name} |"))
        assert row.count("**no**") == len(measures)
        assert why in page


def test_a_set_against_itself_is_at_no_distance():
    x = Draw(0).normal(300, 16)
    found = numbers(x, x.clone())
    assert found["fid"] < 1e-6
    assert found["mind"] == 0
    assert {found[name] for name in MEASURES if name not in ("fid", "kid", "mind")} == {1.0}
