"""TensorBoard: every number, picture and sound of a run, over its batches."""

import io
import wave

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from genlab.runs.checkout import git_revision
from genlab.runs.loggers.tensorboard import TensorBoardLog
from genlab.sound.writing import as_wav

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


def test_a_sound_has_a_player_with_its_rate_and_samples(tmp_path):
    log = TensorBoardLog()
    log.open(tmp_path, "a", "b", {}, [], "")
    sound = np.sin(np.arange(800) / 9) / 2
    (tmp_path / "a.wav").write_bytes(as_wav(sound, 8000))
    log.log_sound("AtoB_1_back", tmp_path / "a.wav", 17)
    log.close({}, 0)
    (event,) = EventAccumulator(str(tmp_path / "tensorboard"), {"audio": 0}).Reload().Audio("AtoB_1_back")
    assert (event.step, event.sample_rate, event.length_frames) == (17, 8000, 800)
    with wave.open(io.BytesIO(event.encoded_audio_string)) as file:
        again = np.frombuffer(file.readframes(800), "<i2") / 32_767
    assert np.abs(again - sound).max() < 3 / 32_767
