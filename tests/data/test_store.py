"""A store is whole or absent: under races, kills, damage and full disks."""

import multiprocessing
import os
import random
import signal
import time

import numpy as np
import pytest

from genlab.contracts import DataError
from genlab.data.store import Decoded, Part, key_of, open_or_build, opened

SHAPE = (1, 8, 8)


def slow_images(count, pause):
    for i in range(count):
        time.sleep(pause)
        yield np.full(SHAPE, i % 251, np.uint8)


def decoded(count=200, pause=0.0):
    rows = ((image,) for image in slow_images(count, pause))
    return Decoded({"train": Part(count, ("image",), rows, {"label": np.arange(count)})}, {"fact": 1})


def build_and_read(cache, pause, results=None):
    store = open_or_build(cache, "set", "key", lambda: decoded(pause=pause))
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


def test_of_two_that_race_one_is_killed_and_the_store_is_whole_or_absent(tmp_path):
    context, dice = multiprocessing.get_context("fork"), random.Random(0)
    expected = open_or_build(tmp_path / "sound", "set", "key", decoded).digest
    for attempt in range(20):
        cache, results = tmp_path / str(attempt), context.Queue()
        racers = [context.Process(target=build_and_read, args=(cache, 0.0003, results)) for _ in range(2)]
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


def test_the_key_follows_the_files_and_the_recipe(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(b"one")
    before = key_of({"size": 8}, [file], tmp_path)
    assert before == key_of({"size": 8}, [file], tmp_path)
    assert before != key_of({"size": 9}, [file], tmp_path)
    file.write_bytes(b"two!")
    assert before != key_of({"size": 8}, [file], tmp_path)


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
