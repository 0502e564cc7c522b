"""A user's own defaults: a file beside the clone, below what is typed, checked as what is typed."""

import re
from pathlib import Path

import pytest

from genlab.apps.command.run import configuration
from genlab.cluster.site import as_override, site_overrides
from genlab.config.overrides import read
from genlab.contracts import ConfigError


@pytest.fixture
def site(tmp_path, monkeypatch):
    def write(text):
        path = tmp_path / "site.yaml"
        path.write_text(text)
        monkeypatch.setenv("GENLAB_SLURM", str(path))
        return path

    return write


def test_the_file_fills_what_is_not_typed(site):
    site("partition: long\nmem: 32G\nsetup: [module load cuda/12, 'export A=\"b, c\"']\ngpus: 2\nrequeue: false\n")
    slurm = configuration("submit", ["slurm.mem=8G"], None).cfg.slurm
    assert (slurm.partition, slurm.mem, slurm.gpus, slurm.requeue) == ("long", "8G", 2, False)
    assert slurm.setup == ["module load cuda/12", 'export A="b, c"']
    assert slurm.time == "1:00:00"


def test_it_is_for_jobs_alone_and_gives_way_to_a_whole_file(site):
    site("partition: long")
    assert "slurm" not in configuration("train", [], None).cfg
    assert configuration("submit", ["slurm=default"], None).cfg.slurm.partition is None


def test_its_usual_place_is_in_the_users_home(tmp_path, monkeypatch):
    monkeypatch.delenv("GENLAB_SLURM", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert site_overrides([]) == []
    (tmp_path / "genlab").mkdir()
    (tmp_path / "genlab" / "slurm.yaml").write_text("qos: high\n")
    assert site_overrides([]) == ['slurm.qos="high"']


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("partitoin: gpu", ["slurm.partitoin", "Did you mean slurm.partition=gpu", "site.yaml"]),
        ("gpus: many", ["slurm.gpus=many", "whole number", "site.yaml"]),
        ("time: 2:00:00", ["slurm.time=7200", 'time: "2:00:00"', "site.yaml"]),
        ("time: 2h", ["no time that Slurm understands", "site.yaml"]),
        ("- gpu", ["has no keys", "partition: gpu"]),
        ("a: [", ["site.yaml", "cannot be read"]),
    ],
)
def test_its_mistakes_are_told_with_its_name(text, words, site):
    site(text)
    with pytest.raises(ConfigError) as error:
        configuration("submit", [], None)
    assert all(word in str(error.value) for word in words), error.value


def test_a_file_that_is_named_and_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("GENLAB_SLURM", str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigError, match="there is no such file"):
        site_overrides([])


def test_the_page_on_slurm_is_true(site, tmp_path):
    """Its file of a site, and a file for another kind of job."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "slurm.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    site(text)
    slurm = configuration("submit", [], None).cfg.slurm
    assert (slurm.time, slurm.python, slurm.extra[1]) == ("12:00:00", "python", "--mail-type=FAIL")
    assert slurm.setup[1] == 'source "$HOME/venv/bin/activate"'
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "long.yaml").write_text('defaults: [default, _self_]\ntime: "2-0"\nqos: low\n')
    slurm = configuration("submit", ["slurm=long", "slurm.gpus=2"], tmp_path).cfg.slurm
    assert (slurm.time, slurm.qos, slurm.gpus, slurm.partition, slurm.nodes) == ("2-0", "low", 2, None, 1)


@pytest.mark.parametrize("value", [None, True, 3, "a b", 'say "no"', "${x}", ["a", "b, c"], [], "7"])
def test_values_come_through_the_grammar_as_they_are(value):
    (item,), mistakes = read([f"slurm.x={as_override(value)}"])
    found = item.value()
    plain = [getattr(one, "text", one) for one in found] if isinstance(found, list) else getattr(found, "text", found)
    assert mistakes == [] and (plain if not isinstance(value, str) or "$" not in value else value) == value
