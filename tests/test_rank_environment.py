"""The name and the note of a rank, by what has started it."""

import pytest

from genlab import rank_environment


@pytest.mark.parametrize("node, name", [("0", "0"), ("1", "1.0")])
def test_a_node_that_is_started_by_hand_is_one_of_several_the_first_too(node, name, monkeypatch, tmp_path):
    """Else it would not leave the note for which the others wait."""
    for variable in ("TORCHELASTIC_RUN_ID", "SLURM_STEP_ID", "LOCAL_RANK"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NODE_RANK", node)
    monkeypatch.setenv(rank_environment.RUN_DIR, "")  # it is set below
    assert (rank_environment.launcher(), rank_environment.rank_name()) == ("lightning", name)
    rank_environment.announce(tmp_path, tmp_path)
    assert rank_environment.note_of_launch(tmp_path).read_text() == str(tmp_path)
