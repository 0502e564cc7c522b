"""Twenty steps of every model give the numbers that they gave before."""

import json

import pytest

from golden import FILE, MODELS, curve, run

GOLDEN = json.loads(FILE.read_text())


@pytest.mark.parametrize("model", MODELS)
def test_twenty_steps_are_what_they_were(model, tmp_path, monkeypatch):
    """In float64, where machines differ by rounding alone. On purpose? ``python tests/golden.py`` writes the new ones."""
    monkeypatch.setenv("GENLAB_DATA", str(tmp_path))
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)
    now = curve(run(model, tmp_path, "64-true"))
    assert now.keys() == GOLDEN[model].keys()
    for name, values in GOLDEN[model].items():
        assert len(values) == 20
        assert now[name] == pytest.approx(values, rel=1e-6, abs=1e-12), name
