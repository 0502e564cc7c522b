"""The table of the final numbers: a row each, with its error bar, floor, counts and extractor beside it."""

import csv

from genlab.runs.final_table import COLUMNS, as_markdown, rows, write

FID, KID = "test/fid_tf_dinov2_base_100_vs_180_AtoB", "test/kid_classifier_60"
BESIDE = {f"{FID}_se": 0.25, f"{FID}_inf": 3.0, f"{FID}_inf_se": 0.5, f"{FID}_floor": 1.0}
METRICS = {"test/psnr": 20.0, FID: 1 / 3, **BESIDE, KID: 2.0}
COUNTS = {"train": 9, FID: 100, f"{FID}_real": 180}


def test_what_stands_beside_a_number_is_in_its_row():
    psnr, fid, kid = rows(METRICS, COUNTS)
    assert {tuple(row) for row in (psnr, fid, kid)} == {COLUMNS}
    assert [*psnr.values()] == ["test/psnr", 20.0, None, None, None, None, None, None, None]
    assert [*fid.values()] == [FID, 1 / 3, 0.25, 3.0, 0.5, 1.0, 100, 180, "dinov2_base"]
    assert kid["extractor"] == "classifier"


def test_it_is_read_back_to_the_same_bits(tmp_path):
    write(tmp_path, rows(METRICS, COUNTS))
    write(tmp_path, rows(METRICS, COUNTS))
    with open(tmp_path / "tables" / "metrics.csv", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["metric"] for row in found] == ["test/psnr", FID, KID]
    assert float(found[1]["value"]) == 1 / 3
    assert found[0]["standard_error"] == ""


def test_it_is_shown_in_digits_that_one_reads():
    _, _, psnr, fid, _ = as_markdown(rows(METRICS, COUNTS)).splitlines()
    assert psnr == "| test/psnr | 20 |  |  |  |  |  |  |  |"
    assert fid == f"| {FID} | 0.333333 | 0.25 | 3 | 0.5 | 1 | 100 | 180 | dinov2_base |"


def test_other_weights_than_the_published_ones_stand_in_the_extractor():
    (row,) = rows({"test/fid_tf_inception_ed55163d_70_vs_60_indicative": 1.0}, {})
    assert row["extractor"] == "inception_ed55163d"
