"""Curves read from metrics.csv, where they turn, and which settings of runs are cures."""

import pytest

from genlab.analysis.curves.cures import cures, differing, flat, in_words
from genlab.analysis.curves.read import columns_of, curves_of, shared_metric
from genlab.analysis.overfitting import row_of, said
from genlab.contracts import ConfigError

TEXT = """step,epoch,images,seconds,train/recon,train/lr,val/recon,val/mse
5,0.5,50,1,10,1,,
10,1.0,100,2,8,1,6,0.5
15,1.5,150,3,4,1,,
20,2.0,200,4,2,1,5,0.4
25,2.5,250,5,nan,1,,
30,3.0,300,6,1,1,7,0.6
"""


def run(folder, text=TEXT):
    folder.mkdir(exist_ok=True)
    (folder / "metrics.csv").write_text(text)
    return columns_of(folder)


def test_training_rows_become_a_point_an_epoch_and_the_lowest_validation_is_where_to_stop(tmp_path):
    found = curves_of(run(tmp_path), "recon")
    assert found.train == [(1.0, 9.0), (2.0, 3.0), (3.0, 1.0)]  # without the row that is no number
    assert found.val == [(1.0, 6.0), (2.0, 5.0), (3.0, 7.0)]
    assert found.rows == 1
    assert (found.best, found.last) == ((2.0, 5.0), (3.0, 7.0))
    assert [found.trained(epoch) for epoch in (0.5, 1.0, 2.9, 9.0)] == [9.0, 9.0, 3.0, 1.0]


def test_the_numbers_of_a_run_that_has_turned(tmp_path):
    row = row_of("x", curves_of(run(tmp_path), "recon"), {"model.optimizer.weight_decay": 0.3})
    assert (row["val_best"], row["best_epoch"], row["val_last"], row["train_last"]) == (5.0, 2.0, 7.0, 1.0)
    assert (row["gap_last"], row["gap_best"], row["saved_by_early_stopping"], row["turned"]) == (6.0, 2.0, 2.0, 1)
    assert row["cures"] == "weight decay 0.3"
    first, second = said([row], "recon")
    assert "x 5 (epoch 2)" in first
    assert second.startswith("early stopping saves x by 2; at the end validation is above training by: x +6")
    assert second.endswith("(training is noisy, few batches a point of x: trainer.log_every_n_steps=1)")
    assert said([row | {"train_rows": 4}], "recon")[1].endswith("x +6")


def test_a_curve_that_still_falls_has_not_turned(tmp_path):
    falling = TEXT.replace("1,1,7,0.6", "1,1,4.9,0.6")
    row = row_of("x", curves_of(run(tmp_path, falling), "recon"), {})
    assert (row["turned"], row["saved_by_early_stopping"], row["cures"]) == (0, 0.0, "none")
    assert "no curve has turned" in said([row], "recon")[1]


def test_the_metric_is_one_that_all_runs_have_of_both_kinds_of_images(tmp_path):
    one = run(tmp_path)
    assert shared_metric({"a": one}, "auto") == "recon"  # val/mse has no train/mse
    with pytest.raises(ConfigError, match=r"what.metric=mse: .*\n    Type: what.metric=recon"):
        shared_metric({"a": one}, "mse")
    other = run(tmp_path / "b", TEXT.replace("recon", "loss"))
    short = {name: points for name, points in one.items() if name.startswith("val/")}
    with pytest.raises(ConfigError, match=r"no step of the training was logged(.|\n)*trainer\.log_every_n_steps=1"):
        shared_metric({"a": short}, "auto")
    with pytest.raises(ConfigError, match="Give runs of one kind of model"):
        shared_metric({"a": one, "b": other}, "auto")
    young = {name: points for name, points in one.items() if name.startswith("train/")}
    with pytest.raises(ConfigError, match="have been validated: b has not"):
        shared_metric({"a": one, "b": young}, "auto")


def test_a_vae_is_judged_by_its_whole_loss():
    both = {f"{split}/{name}": [(1.0, 1.0)] for split in ("train", "val") for name in ("recon", "kl", "loss", "mse")}
    assert shared_metric({"a": both}, "auto") == "loss"
    assert shared_metric({"a": {name: points for name, points in both.items() if "kl" not in name}}, "auto") == "mse"


def test_a_folder_without_curves_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="metrics.csv does not exist"):
        columns_of(tmp_path)


def test_runs_differ_in_what_is_not_the_same_in_all():
    runs = [
        {"model.beta": 1, "model.optimizer.weight_decay": 0.0},
        {"model.beta": 1, "model.optimizer.weight_decay": 0.3, "model.net.encoder.dropout": 0.2},
    ]
    first, second = differing(runs)
    assert first == {"model.optimizer.weight_decay": 0.0, "model.net.encoder.dropout": None}
    assert second == {"model.optimizer.weight_decay": 0.3, "model.net.encoder.dropout": 0.2}
    assert cures(first) == []
    assert cures(second) == ["weight decay 0.3", "dropout 0.2"]
    assert in_words(second) == "model.optimizer.weight_decay=0.3 model.net.encoder.dropout=0.2"


def test_cures_are_told_by_their_keys_once_and_not_by_the_code_behind_them():
    own = {
        "model.corruption.sigma": 0.2,
        "model.corruption._target_": "genlab.x.Gaussian",
        "data.hflip": True,
        "model.augment": ["color"],
        "model.penalty._target_": "genlab.x.NoPenalty",
        "model.optimizer.lr": 1e-3,
    }
    assert cures(own) == ["noise on the input 0.2", "augmentation"]


def test_nested_settings_become_flat():
    assert flat({"a": {"b": {"c": 1}, "d": []}, "e": {}}) == {"a.b.c": 1, "a.d": [], "e": {}}
