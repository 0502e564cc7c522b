"""What of a sweep is handed to Slurm at a time: all known cells as one array, a search cell by cell."""

import pytest

from genlab.apps.sweep.check import Check
from genlab.apps.sweep.choice import Choice
from genlab.apps.sweep.engines import engine_for
from genlab.config.compose import compose
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.spec import read_sweep

FILE = """
program: src/train.py
method: {method}
run_cap: 4
metric: {{name: val/loss, goal: minimize}}
parameters: {{model.beta: {{values: [4, 3, 2, 1]}}}}
"""


@pytest.fixture
def array(tmp_path):
    """A function that makes the engine of a sweep of four cells."""

    def make(method, workers):
        file = tmp_path / "beta.yaml"
        file.write_text(FILE.format(method=method))
        folder, choice = SweepFolder(tmp_path / "sweep"), Choice(read_sweep(file), 0, 1, 4)
        folder.path.mkdir()
        folder.begin(FILE, {})
        folder.append(choice.trials())
        cfg = compose("sweep", [f"file={file}", "engine=slurm", f"workers={workers}", "slurm.gpus=0"])
        return engine_for(cfg, folder, choice, Check([], None))

    return make


@pytest.mark.parametrize("workers, words", [("auto", "--array=1-4\n"), ("2", "--array=1-4%2\n")])
def test_known_cells_are_one_array_of_which_slurm_holds_back_some(workers, words, array):
    engine = array("grid", workers)
    assert engine.room >= 4
    assert words in engine.write(engine.folder.trials()).read_text()


@pytest.mark.parametrize("workers, room", [("auto", 1), ("2", 2)])
def test_a_search_submits_no_more_than_it_waits_for(workers, room, array):
    engine = array("bayes", workers)
    assert engine.room == room
    engine.running = dict.fromkeys("12"[:room])
    assert engine.room == 0
