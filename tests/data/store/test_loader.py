"""What a process keeps of a store that it reads."""

import sys

import numpy as np
import pytest

from genlab.data.store.loader import Rows, TrainLoader
from genlab.data.store.store import Decoded, Part, open_or_build

COUNT, SHAPE = 400, (3, 256, 256)  # 75 MiB


def mapped():
    """MiB of files that count for this process."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssFile")) / 1024


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux how much memory is mapped")
def test_a_process_does_not_grow_to_the_size_of_its_store(tmp_path):
    rows = ((np.full(SHAPE, i % 251, np.uint8),) for i in range(COUNT))
    store = open_or_build(tmp_path, "set", "key", lambda: Decoded({"train": Part(COUNT, ("image",), rows)}))
    before = mapped()
    seen = []
    for batch in TrainLoader(Rows("images", store.parts["train"]), 16, seed=0, rank=0, world=1):
        assert (batch.image[:, 0, 0, 0] == batch.index % 251).all()
        seen.append(mapped() - before)
    assert len(seen) == 25
    assert max(seen) < 20
