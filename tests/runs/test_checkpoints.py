"""Checkpoints under attack: kills while saving, cut files, strangers' pickles, full disks."""

import multiprocessing
import os
import pickle
import random
import shutil
import signal
import time

import pytest
import torch

from genlab.contracts import CheckpointError
from genlab.runs import manifest, writing
from genlab.runs.checkpoint_io import AtomicCheckpointIO


def content(step):
    stream = torch.Generator().manual_seed(step)
    return {"step": step, "weights": torch.randn(60_000, generator=stream), "notes": ["a", 1, None, {"b": 2.5}]}


def is_true(checkpoint):
    return torch.equal(checkpoint["weights"], content(checkpoint["step"])["weights"])


def save(folder, step):
    AtomicCheckpointIO().save_checkpoint(content(step), folder / "last.ckpt")


def save_for_ever(folder):
    step = 0
    while True:
        save(folder, step := step + 1)


def test_the_one_before_stays(tmp_path):
    for step in (1, 2, 3):
        save(tmp_path, step)
    io = AtomicCheckpointIO()
    assert io.load_checkpoint(tmp_path / "last.ckpt")["step"] == 3
    assert io.load_checkpoint(tmp_path / "previous.ckpt")["step"] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["last.ckpt", "manifest.json", "previous.ckpt"]


def test_thirty_kills_while_saving_never_cost_more_than_the_newest_save(tmp_path):
    context, dice = multiprocessing.get_context("fork"), random.Random(0)
    newest = 0
    for _ in range(30):
        process = context.Process(target=save_for_ever, args=(tmp_path,))
        process.start()
        time.sleep(dice.uniform(0.005, 0.12))
        os.kill(process.pid, signal.SIGKILL)
        process.join(10)
        if not (tmp_path / "last.ckpt").exists():
            continue
        loaded = AtomicCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")
        assert is_true(loaded)
        newest = max(newest, loaded["step"])
    assert newest > 1
    save(tmp_path, 99)
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize("seed", range(8))
def test_a_checkpoint_cut_or_changed_anywhere_gives_way_to_the_previous_one(seed, tmp_path, capsys):
    save(tmp_path, 1)
    save(tmp_path, 2)
    dice, path = random.Random(seed), tmp_path / "last.ckpt"
    data = bytearray(path.read_bytes())
    path.unlink()  # not through the link that previous.ckpt may share
    place = dice.randrange(len(data))
    if seed % 2:
        del data[place:]
    else:
        data[place] ^= 0xFF
    path.write_bytes(data)
    assert AtomicCheckpointIO().load_checkpoint(path)["step"] == 1
    said = capsys.readouterr().err
    assert "damaged" in said
    assert "previous.ckpt" in said


def cut(path):
    """Damage one file, and not the one that may share its bytes."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:1000])


def test_two_damaged_ones_are_refused_in_one_message(tmp_path):
    save(tmp_path, 1)
    save(tmp_path, 2)
    for name in ("last.ckpt", "previous.ckpt"):
        cut(tmp_path / name)
    with pytest.raises(CheckpointError, match="no whole one before it"):
        AtomicCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")


def test_a_damaged_best_is_refused_and_no_other_weights_take_its_place(tmp_path):
    save(tmp_path, 1)
    save(tmp_path, 2)
    AtomicCheckpointIO().save_checkpoint(content(3), tmp_path / "best.ckpt")
    cut(tmp_path / "best.ckpt")
    with pytest.raises(CheckpointError, match="damaged"):
        AtomicCheckpointIO().load_checkpoint(tmp_path / "best.ckpt")


def test_a_missing_last_one_gives_way_to_the_previous_one(tmp_path, capsys):
    save(tmp_path, 1)
    save(tmp_path, 2)
    (tmp_path / "last.ckpt").unlink()
    assert AtomicCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")["step"] == 1
    assert "previous.ckpt" in capsys.readouterr().err
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        AtomicCheckpointIO().load_checkpoint(tmp_path / "elsewhere" / "last.ckpt")


def test_files_stay_listed_whatever_else_was_saved_or_killed_before_it_was_whole(tmp_path):
    save(tmp_path, 1)
    save(tmp_path, 2)
    for step in range(6):
        AtomicCheckpointIO().save_checkpoint(content(step), tmp_path / "best.ckpt")
    for digest in "ab":  # two saves that were killed after their entry into the list
        manifest.list_also(tmp_path, "last.ckpt", digest)
    assert all(manifest.is_whole(tmp_path / f"{name}.ckpt") for name in ("last", "previous", "best"))


class Evil:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("weights_only", [True, False, None])  # whatever Lightning asks for
def test_pickles_are_not_executed(weights_only, tmp_path):
    evil = Evil(tmp_path / "was_here")
    torch.save({"genlab": {}, "x": evil}, tmp_path / "evil.ckpt")
    (tmp_path / "bare.ckpt").write_bytes(pickle.dumps(evil))
    for name in ("evil", "bare"):
        with pytest.raises(CheckpointError):
            AtomicCheckpointIO().load_checkpoint(tmp_path / f"{name}.ckpt", weights_only=weights_only)
    assert not evil.trace.exists()
    pickle.loads(pickle.dumps(evil))  # it is a real one
    assert evil.trace.exists()


def test_what_is_no_checkpoint_is_refused_without_torch(tmp_path):
    (tmp_path / "a.ckpt").write_text("hello")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        manifest.require_checkpoint(tmp_path / "a.ckpt")


def test_a_copied_file_can_be_loaded_elsewhere(tmp_path):
    save(tmp_path, 1)
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(tmp_path / "last.ckpt", tmp_path / "elsewhere" / "mine.ckpt")
    assert AtomicCheckpointIO().load_checkpoint(tmp_path / "elsewhere" / "mine.ckpt")["step"] == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_copied_file_with_one_changed_byte_is_refused(share, tmp_path):
    save(tmp_path, 1)
    data = bytearray((tmp_path / "last.ckpt").read_bytes())
    data[int(share * len(data))] ^= 0x10
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.ckpt").write_bytes(data)
    with pytest.raises(CheckpointError, match="is damaged"):
        AtomicCheckpointIO().load_checkpoint(tmp_path / "elsewhere" / "mine.ckpt")


def test_a_failed_save_warns_and_leaves_the_old_one(tmp_path):
    def limited():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        save(tmp_path, 2)
        os._exit(list(writing.CURRENT.errors) != [tmp_path / "last.ckpt"])

    save(tmp_path, 1)
    process = multiprocessing.get_context("fork").Process(target=limited)
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert AtomicCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")["step"] == 1
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_save_that_cannot_be_listed_leaves_the_old_one(tmp_path, capsys):
    save(tmp_path, 1)
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "manifest.json").mkdir()
    save(tmp_path, 2)
    assert f"WARNING   could not save {tmp_path}/last.ckpt: Is a directory." in capsys.readouterr().err
    assert torch.load(tmp_path / "last.ckpt")["step"] == 1
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_mistake_in_what_is_saved_is_no_full_disk(tmp_path):
    save(tmp_path, 1)
    x = torch.zeros(4)
    with pytest.raises(RuntimeError, match="as different types"):
        AtomicCheckpointIO().save_checkpoint({"x": x, "y": x.view(torch.int32)}, tmp_path / "last.ckpt")
    assert AtomicCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")["step"] == 1
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_save_after_one_that_was_killed_just_before_its_end_leaves_nothing_behind(tmp_path):
    save(tmp_path, 1)
    os.link(tmp_path / "last.ckpt", tmp_path / "previous.ckpt")  # where the kill fell: both names, one file
    (tmp_path / ".last.ckpt.1.tmp").write_text("half")
    save(tmp_path, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["last.ckpt", "manifest.json", "previous.ckpt"]
    assert [AtomicCheckpointIO().load_checkpoint(tmp_path / f"{n}.ckpt")["step"] for n in ("last", "previous")] == [
        2,
        1,
    ]
