"""The line after each epoch, on the screen and in log.txt."""

EPOCHS = ["model=ae", "data=mnist", "data.limit=64", "data.batch_size=32", "trainer.check_val_every_n_epoch=2"]


def test_an_epoch_shows_no_numbers_of_an_earlier_one(train, capfd):
    """Two batches an epoch, the training's numbers every three: none in the first, validation in the second."""
    folder = train(*EPOCHS, "trainer.max_epochs=5", "trainer.log_every_n_steps=3")
    lines = [line for line in (folder / "log.txt").read_text().splitlines() if line.startswith("epoch")]
    assert [line.split()[1:3] for line in lines] == [["1"], ["2", "val"], ["3", "train"], ["4", "val"], ["5", "train"]]
    shown = capfd.readouterr().err.splitlines()
    assert [line for line in shown if line.startswith("epoch")] == lines
