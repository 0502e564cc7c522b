"""TensorBoard: every number and picture of a run, over its batches."""

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from genlab.runs.checkout import git_revision

from killing import rows
from striking import sends

CONFIGURED = {"tensorboard": {"_target_": "genlab.runs.loggers.tensorboard.TensorBoardLog"}}
PICTURES = {"pictures": {"_target_": "genlab.callbacks.pictures.Pictures", "every_n_epochs": 1, "count": 4}}


def test_a_run_of_two_players_is_recorded_over_batches_also_when_it_goes_on(breakable):
    job = breakable("dcgan", logger=CONFIGURED, callbacks=PICTURES)
    assert job.until(sends("train", 7, "SIGTERM")).exit_code == 143
    assert job.until() is None
    events = EventAccumulator(str(job.run / "tensorboard"), {"scalars": 0, "images": 0}).Reload()
    table = rows(job.run / "metrics.csv")
    assert len(events.Scalars("train/loss_d")) == 34
    for name in events.Tags()["scalars"]:
        steps = [int(row["step"]) for row in table if row[name]]
        assert sorted({event.step for event in events.Scalars(name)}) == steps, name
    assert [event.step for event in events.Images("samples")] == [17, 34]
    texts = {tag.removesuffix("/text_summary") for tag in events.Tags()["tensors"]}
    assert {"configuration", "final", "git"} - texts <= ({"git"} if git_revision() is None else set())
    (final,) = events.Tensors("final/text_summary")
    assert "| test/loss_d |" in final.tensor_proto.string_val[0].decode()
