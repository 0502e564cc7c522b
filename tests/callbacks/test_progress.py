"""The line after each epoch, on the screen and in log.txt."""


def test_an_epoch_without_validation_does_not_show_the_numbers_of_an_earlier_one(train, capfd):
    folder = train(
        "model=ae", "data=mnist", "data.limit=64", "trainer.max_epochs=3", "trainer.check_val_every_n_epoch=2"
    )
    lines = [line for line in (folder / "log.txt").read_text().splitlines() if line.startswith("epoch")]
    assert [line.split()[1:4] for line in lines] == [
        ["1", "train", "loss"],
        ["2", "val", "loss"],
        ["3", "train", "loss"],
    ]
    shown = capfd.readouterr().err.splitlines()
    assert [line for line in shown if line.startswith("epoch")] == lines
