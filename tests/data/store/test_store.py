"""A store is whole or absent: under races, kills, damage and full disks."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import time

import numpy as np
import pytest

from genlab.contracts import DataError
from genlab.data.store import store as stores
from genlab.data.store.columns import Ragged
from genlab.data.store.store import Decoded, Part, key_of, open_or_build, opened

SHAPE = (1, 8, 8)


def slow_images(count, pause):
    for i in range(count):
        time.sleep(pause)
        yield np.full(SHAPE, i % 251, np.uint8)


def decoded(count=200, pause=0.0):
    rows = ((image,) for image in slow_images(count, pause))
    return Decoded({"train": Part(count, ("image",), rows, {"label": np.arange(count)})}, lambda: {"fact": 1})


def build_and_read(cache, pause, results=None):
    def noted():
        with open(cache / "decodings", "a") as file:
            file.write("one\n")
        return decoded(pause=pause)

    store = open_or_build(cache, "set", "key", noted)
    if results is not None:
        results.put((store.digest, int(store.parts["train"]["image"].astype(int).sum())))


def test_built_once_then_opened(tmp_path):
    first = open_or_build(tmp_path, "set", "key", decoded)
    again = open_or_build(tmp_path, "set", "key", lambda: pytest.fail("decoded twice"))
    assert again.digest == first.digest
    assert again.facts == {"fact": 1}
    assert np.array_equal(again.parts["train"]["image"], np.stack(list(slow_images(200, 0))))
    assert again.parts["train"]["label"].tolist() == list(range(200))
    assert isinstance(again.parts["train"]["image"], np.memmap)


def test_unreadable_images_leave_no_gap(tmp_path):
    rows = [(np.full(SHAPE, i, np.uint8),) if i % 3 else None for i in range(9)]
    part = Part(9, ("image",), rows, {"label": np.arange(9)})
    store = open_or_build(tmp_path, "set", "k", lambda: Decoded({"train": part}))
    assert store.parts["train"]["image"][:, 0, 0, 0].tolist() == [1, 2, 4, 5, 7, 8]
    assert store.parts["train"]["label"].tolist() == [1, 2, 4, 5, 7, 8]


def test_two_processes_race_and_one_builds(tmp_path):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    racers = [context.Process(target=build_and_read, args=(tmp_path, 0.001, results)) for _ in range(2)]
    for racer in racers:
        racer.start()
    seen = {results.get(timeout=30) for _ in racers}
    for racer in racers:
        racer.join(30)
    assert len(seen) == 1
    assert (tmp_path / "decodings").read_text() == "one\n"


def test_of_two_that_race_one_is_killed_and_the_store_is_whole_or_absent(tmp_path):
    context, dice = multiprocessing.get_context("fork"), random.Random(0)
    expected = open_or_build(tmp_path / "sound", "set", "key", decoded).digest
    for attempt in range(8):
        cache = tmp_path / str(attempt)
        cache.mkdir()
        results = [context.Queue(), context.Queue()]  # in one of both, who is killed may leave its lock held
        racers = [context.Process(target=build_and_read, args=(cache, 0.0003, queue)) for queue in results]
        for racer in racers:
            racer.start()
        time.sleep(dice.uniform(0, 0.12))
        os.kill(racers[0].pid, signal.SIGKILL)
        left = opened(cache / "store" / "set-key")  # at the moment of the kill
        assert left is None or left.digest == expected
        racers[0].join(10)
        racers[1].join(30)
        assert racers[1].exitcode == 0
        assert opened(cache / "store" / "set-key").digest == expected
        assert [p.name for p in (cache / "store").iterdir() if "building" in p.name] == []


def test_a_shortened_array_is_noticed_and_built_anew(tmp_path):
    store = open_or_build(tmp_path, "set", "key", decoded)
    del store.parts["train"]["image"]
    file = tmp_path / "store" / "set-key" / "train.image"
    os.truncate(file, file.stat().st_size - 10)
    assert open_or_build(tmp_path, "set", "key", decoded).digest == store.digest


def many_sizes():
    rows = [(np.full((1, 4 + i, 5), i, np.uint8),) for i in range(6)]
    return Decoded({"train": Part(6, ("image",), rows, {"label": np.arange(6)})}, lambda: {"fact": 1})


def write(name, content):
    return lambda place: (place / name).write_bytes(content)


def say(column="image", **change):
    """The manifest says something else of a column."""

    def change_it(place):
        manifest = json.loads((place / "manifest.json").read_text())
        manifest["parts"]["train"][column].update(change)
        (place / "manifest.json").write_text(json.dumps(manifest))

    return change_it


def pointers(place):
    """Numbers said to be Python objects: to look at them would be to follow them."""
    say("label", dtype="|O")(place)
    (place / "train.label").write_bytes(bytes(48))


def sizes(array):
    return lambda place: np.save(place / "train.image.shapes.npy", np.array(array))


SIZES = [[1, 4 + i, 5] for i in range(6)]
DAMAGE = {
    "no manifest": lambda place: (place / "manifest.json").unlink(),
    "an empty manifest": write("manifest.json", b""),
    "a manifest cut off": write("manifest.json", b'{"digest": "00", "parts": {"tr'),
    "a manifest of bytes": write("manifest.json", bytes(range(256))),
    "a manifest of something else": write("manifest.json", b"[1, 2]"),
    "a manifest without columns": write("manifest.json", b'{"digest": "00", "facts": {}}'),
    "columns of nothing": write("manifest.json", b'{"digest": "00", "facts": {}, "parts": {"train": 5}}'),
    "a kind that is none": say(dtype="images"),
    "pointers": pointers,
    "another number of bytes": say(bytes=12),
    "another shape": say(shape=[7, 1, 5, 5]),
    "no column": lambda place: (place / "train.label").unlink(),
    "a longer column": lambda place: (place / "train.label").write_bytes(bytes(56)),
    "no sizes": lambda place: (place / "train.image.shapes.npy").unlink(),
    "empty sizes": write("train.image.shapes.npy", b""),
    "sizes cut off": lambda place: os.truncate(place / "train.image.shapes.npy", 200),
    "other sizes": sizes([*SIZES[:5], [1, 40, 5]]),
    "sizes below nothing": sizes([[-1, 4, -5], *SIZES[1:]]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_store_that_is_not_as_it_was_is_built_anew(damage, tmp_path):
    digest = open_or_build(tmp_path, "set", "key", many_sizes).digest
    DAMAGE[damage](tmp_path / "store" / "set-key")
    store = open_or_build(tmp_path, "set", "key", many_sizes)
    image = store.parts["train"]["image"]
    assert isinstance(image, Ragged)
    assert (store.digest, store.facts) == (digest, {"fact": 1})
    assert [image[i].shape for i in range(6)] == [(1, 4 + i, 5) for i in range(6)]
    assert all((image[i] == i).all() for i in range(6))
    assert store.parts["train"]["label"].tolist() == list(range(6))
    again = open_or_build(tmp_path, "set", "key", lambda: pytest.fail("decoded again"))
    assert again.digest == digest


def test_a_cache_that_cannot_be_read_is_a_message(tmp_path):
    (tmp_path / "store").write_text("a file, where there should be a folder")
    with pytest.raises(DataError, match=r"cannot read or write the decoded images of set.*paths\.cache=DIR"):
        open_or_build(tmp_path, "set", "key", decoded)


# ---- the key ---------------------------------------------------------------------------------------------------------


def renamed(file):
    file.rename(file.with_name("b.png"))
    return {"files": [file.with_name("b.png")]}


def moved(file):
    shutil.copytree(file.parent, file.parent.parent / "other")  # with its times
    return {"files": [file.parent.parent / "other" / file.name], "root": file.parent.parent / "other"}


def longer(file):
    times = file.stat()
    file.write_bytes(b"three")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    return {}


def touched(file):
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    return {}


def joined(file):
    shutil.copy2(file, file.with_name("b.png"))
    return {"files": [file, file.with_name("b.png")]}


DIFFERENT = {
    "recipe": lambda file: {"recipe": {"size": 9}},
    "name": renamed,
    "folder": moved,
    "size": longer,
    "time": touched,
    "number": joined,
}


@pytest.mark.parametrize("part", DIFFERENT)
def test_a_key_follows_the_files_and_the_recipe(part, tmp_path):
    file = tmp_path / "set" / "a.png"
    file.parent.mkdir()
    file.write_bytes(b"one")
    usual = {"recipe": {"size": 8}, "files": [file], "root": file.parent}
    before = key_of(**usual)
    assert before == key_of(**usual)
    assert before != key_of(**(usual | DIFFERENT[part](file)))


def test_a_key_follows_the_layout_and_not_the_order_of_the_files(tmp_path, monkeypatch):
    files = [tmp_path / name for name in "ab"]
    for file in files:
        file.write_bytes(b"one")
    before = key_of({}, files, tmp_path)
    assert key_of({}, files[::-1], tmp_path) == before
    monkeypatch.setattr(stores, "FORMAT", stores.FORMAT + 1)
    assert key_of({}, files, tmp_path) != before


def limited_build(cache, results):
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        open_or_build(cache, "set", "key", lambda: decoded(2000))
    except DataError as error:
        results.put(str(error))


def test_no_room_is_said_and_nothing_half_made_stays(tmp_path):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    builder = context.Process(target=limited_build, args=(tmp_path, results))
    builder.start()
    message = results.get(timeout=30)
    builder.join(10)
    assert "paths.cache=DIR" in message
    assert opened(tmp_path / "store" / "set-key") is None
    assert not [p for p in (tmp_path / "store").iterdir() if p.is_dir()]
