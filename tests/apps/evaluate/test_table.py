"""The table: what stands beside a number, what is best, what is drawn and written."""

import csv
import math

import pytest

from genlab.apps.evaluate.measured import Measured
from genlab.apps.evaluate.report import entry, write_table
from genlab.apps.evaluate.table import Row, drawn, over_seeds, table
from genlab.metrics.directions import direction

FID = "test/fid_inception_10000_AtoB"


def measured(*by_seed, **counts):
    return Measured("last.ckpt", 3, list(by_seed), counts)


def test_what_tells_how_far_a_number_can_be_trusted_stands_beside_it():
    numbers = {
        FID: 7.5,
        f"{FID}_se": 0.25,
        f"{FID}_inf": 6.0,
        f"{FID}_inf_se": 0.5,
        f"{FID}_floor": 1.5,
        "test/x_se": 2.0,
    }
    rows = table({"a": measured(numbers, **{FID: 10, f"{FID}_real": 12})})
    assert rows == [Row(FID, "a", 7.5, 0.25, None, 6.0, 0.5, 1.5, 10, 12), Row("test/x_se", "a", 2.0)]
    text = drawn(rows)
    for words in ("standard error", "6 ± 0.5", "floor", "generated", "10", "real", "12"):
        assert words in text
    assert "spread" not in text
    assert "checkpoint" not in text


def test_mean_and_spread_are_those_of_the_seeds_and_what_no_seed_changes_has_none():
    first, *others = ({"test/elbo": elbo, "test/mse": 0.1} for elbo in (1.0, 2.0, 4.5))
    several = measured({**first, "test/mse_se": 0.5}, *others)
    spread = pytest.approx(math.sqrt(3.25))
    assert over_seeds(several) == {"test/elbo": (2.5, spread), "test/mse": (0.1, None), "test/mse_se": (0.5, None)}
    said = entry(several)
    assert said["metrics"] == {"test/elbo": 2.5, "test/mse": 0.1, "test/mse_se": 0.5}
    assert said["spread"] == {"test/elbo": spread}
    assert said["by_seed"] == [{"test/elbo": 1.0}, {"test/elbo": 2.0}, {"test/elbo": 4.5}]
    assert "spread" not in entry(measured({"test/elbo": 1.0}))


def test_the_best_of_several_is_marked_where_it_is_certain_what_is_better():
    one = {"test/fid_x_5": 2.0, "test/ssim": 0.5, "test/mse": 1.0, "test/loss": 1.0, "test/l1": math.nan}
    other = {"test/fid_x_5": 3.0, "test/ssim": 0.9, "test/mse": 1.0, "test/loss": 2.0, "test/l1": 1.0, "test/psnr": 4.0}
    rows = table({"a": measured(one), "b": measured(other)})
    assert {(row.metric, row.checkpoint) for row in rows if row.best} == {("test/fid_x_5", "a"), ("test/ssim", "b")}
    assert not any(row.best for row in table({"a": measured(one)}))
    lines = drawn(rows).splitlines()
    assert "2*" in lines[2]
    assert lines[3].split() == ["b", "3"]
    assert lines[-1].startswith("*: the best")


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("fid_tf_x_5", -1), ("fidelity", 0), ("psnr", 1), ("inception_score_inception_9", 1), ("kid_sd_x_5", 0), ("l1", -1),
        ("target_rate_AtoB", 1), ("target_rate_before_AtoB", 0), ("clipped_density_x_5", 1), ("cycle_l1_AtoB", 0),
        ("elbo", 0), ("loss_g", 0), ("precision_x_5", 1), ("modes", 1), ("modes_kl", -1),
    ],
)  # fmt: skip
def test_which_way_is_better(name, sign):
    assert direction(f"test/{name}") == sign


def test_the_table_is_a_file_with_all_digits_and_no_number_is_empty(tmp_path):
    write_table(tmp_path / "metrics.csv", [Row("test/mse", "a", 0.1234567890123, generated=3)])
    with open(tmp_path / "metrics.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["value"] == "0.1234567890123"
    assert (row["checkpoint"], row["generated"], row["real"], row["spread"]) == ("a", "3", "", "")
