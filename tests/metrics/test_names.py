"""A metric's name has what makes two numbers comparable."""

import pytest

from genlab.metrics.names import metric_name, with_asides

CASES = [
    (("fid", "inception", 10000, 10000), "fid_inception_10000"),
    (("fid", "inception", 10000, 50000, "train"), "fid_inception_10000_vs_50000_train"),
    (("fid", "inception", 120, 140, None, True), "fid_inception_120_vs_140_indicative"),
    (("fid", "inception_ab12cd34", 120, 120, None, True), "fid_inception_ab12cd34_120_indicative"),
    (("fid", "inception", 2048, 2047, None, True), "fid_inception_2048_vs_2047_indicative"),
    (("fid", "inception", 2048, 2048, None, True), "fid_inception_2048"),
    (("fid", "inception", 2196, 2196, None, True, 1098), "fid_inception_2196_indicative"),
    (("kid", "inception", 120, 120), "kid_inception_120"),
    (("fid", "classifier", 60, 60, None, True), "fid_classifier_60"),
]


@pytest.mark.parametrize(("facts", "name"), CASES)
def test_counts_extractor_and_too_few_images_stand_in_the_name(facts, name):
    assert metric_name(*facts) == name


def test_what_stands_beside_a_number_is_under_its_name():
    found = with_asides({"a/fid_9": 1.0, "a/fid_9_se": 0.1, "a/fid_9_inf": 0.5, "a/fid_9_inf_se": 0.2, "b_floor": 3.0})
    assert found == {"a/fid_9": {"": 1.0, "_se": 0.1, "_inf": 0.5, "_inf_se": 0.2}, "b_floor": {"": 3.0}}
