"""Times as Slurm reads them, and as YAML misreads them."""

import pytest

from genlab.config.slurm_time import problems, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("90:30", 5430),
        ("2:00:00", 7200),
        ("1-0", 86400),
        ("1-12", 129600),
        ("1-12:30", 131400),
        ("1-12:30:15", 131415),
        ("UNLIMITED", float("inf")),
    ],
)
def test_every_form_of_slurms_manual(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["2h", "2:", ":30", "1-", "-1", "1:2:3:4", "1.5", "", "tomorrow", "2 00"])
def test_what_is_no_time(text):
    assert seconds_of(text) is None
    (problem,) = problems(text, 60)
    assert "slurm.time=2:00:00" in problem.remedy


def test_a_number_is_refused_as_yaml_makes_one_of_a_time_without_quotes():
    (problem,) = problems(7200, 60)
    assert "without quotes" in problem.what and '"2:00:00"' in problem.remedy


def test_a_job_that_would_be_told_to_save_as_soon_as_it_begins():
    """Slurm sends the signal up to a minute before it is due."""
    assert [problem.where for problem in problems("3:00", 120)] == ["slurm.time=3:00"]
    assert list(problems("3:01", 120)) == []
