"""Runs that differ only in their seed are one row; which groups are best, and what differs between them."""

import statistics

import pytest

import run_folders
from genlab.pages.report.content import labels_of, read_content
from genlab.pages.report.differences import ABSENT, differences
from genlab.pages.report.groups import grouped
from genlab.pages.report.record import read_record
from genlab.pages.report.winners import winners
from genlab.runs.listing import runs_in


@pytest.fixture
def read(tmp_path):
    """The records of runs, each written with these values."""

    def records(**runs):
        for name, values in runs.items():
            run_folders.write(tmp_path, name, **values)
        return [read_record(tmp_path / name, name) for name in runs]

    return records


def of(value, seed=0, **more):
    """A run whose test/mse is known."""
    return {"metrics": {"test/mse": value}, "seed": seed} | more


def test_seeds_of_one_configuration_are_a_group_with_mean_and_standard_deviation(read):
    values = [0.2, 0.5, 0.35]
    group, other = grouped(read(a0=of(0.2, 0), a1=of(0.5, 1), a2=of(0.35, 2), b=of(0.9, keys={"model.beta": 4.0})))
    assert group.runs == (0, 1, 2)
    assert group.mean("test/mse") == pytest.approx(statistics.fmean(values))
    assert group.spread("test/mse") == pytest.approx(statistics.stdev(values))
    assert (group.label, other.label) == ("a* (3 runs)", "b")
    assert other.spread("test/mse") is None


def test_only_finished_seeds_count_and_equal_seeds_count_once(read):
    runs = {"a": of(0.1, 0), "b": of(0.1, 0), "c": of(0.3, 1), "d": of(9.0, 2, status="failed")}
    (group,) = grouped(read(**runs))
    assert len(group.runs) == 4
    assert group.values("test/mse") == [0.1, 0.3]


def test_the_standard_error_stands_for_a_single_run(read):
    (group,) = grouped(read(a={"metrics": {"test/fid": 9.0, "test/fid_se": 0.3}}))
    assert group.spread("test/fid") == 0.3
    assert group.metrics == ["test/fid"]


@pytest.mark.parametrize(
    ("keys", "summary", "together"),
    [
        ({"paths.runs": "elsewhere", "logger.wandb": "x", "performance.threads": 3, "run_id": "q"}, {}, True),
        ({"trainer.max_epochs": 9}, {}, False),
        ({}, {"data_digest": "e" * 64}, False),
    ],
)
def test_what_parts_runs_is_what_results_depend_on(keys, summary, together, read):
    groups = grouped(read(a=of(0.1), b=of(0.2, 1, keys=keys, **summary)))
    assert (len(groups) == 1) is together


def test_a_run_without_a_configuration_stands_alone(read, tmp_path):
    read(a=of(0.1), b=of(0.2, 1))
    for name in "ab":
        (tmp_path / name / "config.yaml").unlink()
    assert len(grouped([read_record(tmp_path / name, name) for name in "ab"])) == 2


def test_groups_of_one_beginning_have_labels_that_differ(read):
    runs = {f"g{i}_{beta}": of(0.1, i, keys={"model.beta": float(beta)}) for beta in (1, 2) for i in (0, 1)}
    assert [group.label for group in grouped(read(**runs))] == ["g0_1 and 1 more", "g0_2 and 1 more"]


# ---- what differs ----------------------------------------------------------------------------------------------------


def test_a_key_differs_with_its_values_and_runs(read):
    found = differences(read(a=of(0.1), b=of(0.2, keys={"model.beta": 4.0}), c=of(0.3, 1)))
    by_key = {one.key: one for one in found}
    assert set(by_key) == {"model.beta", "seed"}
    assert by_key["model.beta"].values == ["1", "4"]
    assert by_key["model.beta"].of_run == [0, 1, 0]
    assert by_key["model.beta"].runs(1) == [1]


def test_keys_of_some_models_come_behind_and_only_if_they_differ_there(read):
    extra = {"model.capacity": 1, "model.fixed": 3}
    found = differences(
        read(a=of(0.1), b=of(0.2, keys=extra), c=of(0.3, keys=extra | {"model.capacity": 2, "model.beta": 2.0}))
    )
    assert [one.key for one in found] == ["model.beta", "model.capacity"]
    assert found[1].of_run[0] == ABSENT


def test_keys_that_say_the_same_are_told_once(read):
    keys = {"metrics.every": 5, "metrics.fid.every": 5}
    before = {"metrics.every": 1, "metrics.fid.every": 1}
    (one,) = differences(read(a=of(0.1, keys=before), b=of(0.2, keys=keys)))
    assert (one.key, one.equal) == ("metrics.every", ["metrics.fid.every"])


def test_what_was_typed_comes_before_what_was_not(read):
    keys = {"model.alpha": 2, "model.zeta": 3}
    before = {"model.alpha": 1, "model.zeta": 1}
    found = differences(read(a=of(0.1, keys=before), b=of(0.2, keys=keys, typed=["++model.zeta=3"])))
    assert [one.key for one in found] == ["model.zeta", "model.alpha"]


# ---- which is best ---------------------------------------------------------------------------------------------------


def test_the_best_is_named_with_its_lead(read):
    (one,) = winners(grouped(read(a=of(0.3), b=of(0.1, keys={"model.beta": 2.0}), c=of(0.2, keys={"model.beta": 3.0}))))
    assert [group.label for group in one.ranked] == ["b", "c", "a"]
    assert one.gap == pytest.approx(0.1)
    assert one.within is None


@pytest.mark.parametrize(("second", "within"), [((0.3, 0.5), True), ((1.3, 1.5), False)])
def test_a_lead_within_the_spread_of_seeds_is_said(second, within, read):
    runs = {f"a{i}": of(value, i) for i, value in enumerate((0.2, 0.4))}
    runs |= {f"b{i}": of(value, i, keys={"model.beta": 2.0}) for i, value in enumerate(second)}
    (one,) = winners(grouped(read(**runs)))
    assert one.within is within


def test_other_images_and_in_nats_another_likelihood_are_not_compared(read):
    runs = {"a": of(0.1), "b": of(0.2, keys={"model.beta": 2.0}, data_digest="e" * 64)}
    assert not winners(grouped(read(**runs)))
    metrics = {"test/elbo": -90.0, "test/mse": 0.1}
    one, other = {"metrics": metrics}, {"metrics": metrics, "keys": {"model.likelihood": "gaussian"}}
    assert [one.metric for one in winners(grouped(read(c=one, d=other)))] == ["test/mse"]


def test_the_scale_of_a_likelihood_without_one_parts_nothing(read):
    one, other = {"metrics": {"test/elbo": -90.0}}, {"metrics": {"test/elbo": -80.0}, "keys": {"model.sigma": 2.0}}
    assert [found.ranked[0].label for found in winners(grouped(read(a=one, b=other)))] == ["b"]


def test_unfinished_runs_losses_and_the_validation_of_what_was_tested_win_nothing(read):
    found = {"test/fid_classifier_10000": 3.0, "val/fid_classifier_2000": 2.0, "test/loss": 1.0, "train/mse": 1.0}
    runs = {"a": {"metrics": found}, "b": {"metrics": found, "keys": {"model.beta": 2.0}}}
    runs["c"] = {"metrics": {"test/fid_classifier_10000": 1.0}, "keys": {"model.beta": 3.0}, "status": "interrupted"}
    (one,) = winners(grouped(read(**runs)))
    assert one.metric == "test/fid_classifier_10000"
    assert [group.label for group in one.ranked] == ["a", "b"]


# ---- names -----------------------------------------------------------------------------------------------------------


def test_labels_leave_out_what_all_share_and_times_that_tell_nothing(tmp_path):
    stamp, other = "2026-01-02_03-04-05", "2026-01-02_03-04-06-2"
    paths = [tmp_path / "a" / stamp, tmp_path / "b" / stamp, tmp_path / "b" / other, tmp_path / "c" / "x"]
    assert labels_of(paths) == ["a", f"b/{stamp}", f"b/{other}", "c/x"]
    assert labels_of(paths[:1]) == [f"a/{stamp}"]


def test_the_time_of_a_sweep_stands_in_the_labels_of_its_runs_only_if_another_has_its_name(tmp_path):
    one, other = (f"sweeps/grid/2026-01-02_03-04-0{second}" for second in (5, 6))
    cells = [tmp_path / one / "1", tmp_path / one / "2", tmp_path / "vae" / "x"]
    assert labels_of(cells) == ["sweeps/grid/1", "sweeps/grid/2", "vae/x"]
    assert labels_of([*cells, tmp_path / other / "1"]) == [f"{one}/1", "sweeps/grid/2", "vae/x", f"{other}/1"]


def test_runs_stand_in_the_order_of_their_numbers(tmp_path):
    for name in ("10", "9", "2"):
        run_folders.write(tmp_path, f"s/{name}")
    assert [record.label for record in read_content(list(runs_in(tmp_path)), "x").records] == ["2", "9", "10"]
