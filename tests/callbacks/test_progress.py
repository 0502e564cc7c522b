"""The line after each epoch, on the screen and in log.txt; the bar, on a terminal."""

import re
from types import SimpleNamespace

from genlab.apps.train.messages import measured
from genlab.callbacks.progress import newest_values

from striking import sends

EPOCHS = [
    "metrics=none",
    "model=ae",
    "data=mnist",
    "data.limit=64",
    "data.batch_size=32",
    "trainer.check_val_every_n_epoch=2",
]


def test_an_epoch_shows_no_numbers_of_an_earlier_one(train, capfd):
    """Two batches an epoch, the training's numbers every three: none in the first, validation in the second."""
    folder = train(*EPOCHS, "trainer.max_epochs=5", "trainer.log_every_n_steps=3")
    lines = [line for line in (folder / "log.txt").read_text().splitlines() if line.startswith("epoch")]
    assert [line.split()[1:3] for line in lines] == [["1"], ["2", "val"], ["3", "train"], ["4", "val"], ["5", "train"]]
    shown = capfd.readouterr().err.splitlines()
    assert [line for line in shown if line.startswith("epoch")] == lines


def drawn(said, total):
    """What the bar told, in order, each once: epoch and batches out of ``total``."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said)
    found = [(epoch, int(done)) for epoch, done in re.findall(rf"(epoch \d/\d|training)[^\r\n]* (\d+)/{total} ", plain)]
    return list(dict.fromkeys(found))


def test_the_bar_counts_batches_goes_on_where_a_run_does_and_leaves_the_terminal_as_it_was(
    breakable, monkeypatch, capfd
):
    """Two players, 17 batches an epoch; at most 20 batches, then 34."""
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, to rich
    monkeypatch.setenv("COLUMNS", "100")
    bar = {"_target_": "genlab.callbacks.progress.Progress", "refresh_per_second": 1e9}
    job = breakable("dcgan", callbacks={"progress": bar})
    job.until(sends("train", 7, "SIGTERM"), trainer={"max_steps": 20})
    first = capfd.readouterr().err
    assert job.until() is None
    second = capfd.readouterr().err
    assert drawn(first, 20) == [("training", 0), *(("epoch 1/2", batch) for batch in range(1, 8))]
    assert drawn(second, 34) == [("training", 7), *((f"epoch {1 + (batch > 17)}/2", batch) for batch in range(8, 35))]
    for said in (first, second):
        assert said.count("\x1b[?25l") == said.count("\x1b[?25h") > 0  # the cursor, hidden and shown again


NUMBERS = {"val/loss": 1.0, "val/x": 2.0, "val/far_9": 3.0, "val/far_9_AtoB": 4.0, "val/near": 5.0, "train/far_9": 6.0}


def test_the_screen_shows_the_model_s_own_numbers_and_what_evaluators_want_shown(capsys):
    model = SimpleNamespace(measured=NUMBERS)
    assert newest_values(model, "val", ()) == ["loss 1"]
    assert newest_values(model, "val", ("far", "near")) == ["loss 1", "far_9 3", "near 5"]
    test = {name.replace("val/", "test/"): value for name, value in NUMBERS.items()}
    measured(test | {"test/far_9_se": 0.123, "test/far_9_floor": 0.5, "test/far_9_inf": 2.0}, ("far", "near"))
    assert [line.split() for line in capsys.readouterr().err.splitlines()[:2]] == [
        ["test", "loss", "1", "far_9", "3", "±", "0.12", "(floor", "0.5)", "near", "5"],
        ["far_9_AtoB", "4"],
    ]
