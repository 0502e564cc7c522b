"""Ranks that would not train the same are refused before they begin, in one message."""

import pytest

from genlab.cluster.ranks.launched import require_processes
from genlab.cluster.ranks.same import facts_of, require_same
from genlab.contracts import ConfigError
from genlab.rank_environment import rank_name, rank_names


def test_a_configuration_that_was_written_and_read_is_the_same(composed, tmp_path):
    from omegaconf import OmegaConf

    cfg = composed("model=vae", "data=digits", "trainer.devices=2")
    OmegaConf.save(cfg, tmp_path / "config.yaml", resolve=True)
    read = OmegaConf.load(tmp_path / "config.yaml")
    require_same([("0", facts_of(cfg)), ("1", facts_of(read))])
    read.model.optimizer.lr = 0.5
    with pytest.raises(ConfigError, match="rank 1: differs from rank 0 in the configuration"):
        require_same([("0", facts_of(cfg)), ("1", facts_of(read))])


def test_every_difference_is_told_in_one_message():
    one = {"the configuration": "a" * 64, "genlab's code": "b" * 64, "its commit": "c", "torch": "2.10"}
    ranks = [one, one, one | {"torch": "2.9"}, one | {"genlab's code": "d" * 64, "its commit": "e"}]
    with pytest.raises(ConfigError) as caught:
        require_same(list(zip("0123", ranks, strict=True)))
    told = str(caught.value)
    assert "rank 2: differs from rank 0 in torch 2.9 (rank 0: 2.10)" in told
    assert (
        "rank 3: differs from rank 0 in genlab's code dddddddddddd (rank 0: bbbbbbbbbbbb), its commit e (rank 0: c)"
        in told
    )
    assert "rank 1" not in told
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("started", "here", "asked", "nodes", "remedy"),
    [
        (2, 2, 1, 1, "Type: trainer.devices=2"),
        (4, 2, 2, 1, "Type: trainer.devices=2 trainer.num_nodes=2"),
        (2, 2, 2, 2, "Type: trainer.devices=2 trainer.num_nodes=1"),
    ],
)
def test_torchrun_that_starts_another_number_is_refused(started, here, asked, nodes, remedy, monkeypatch):
    environment = {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": str(started), "LOCAL_WORLD_SIZE": str(here)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        require_processes(asked, nodes)
    assert caught.value.problems[0].remedy == remedy
    require_processes(started, started // here)
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    require_processes(asked, nodes)


def test_every_rank_has_a_name_whoever_starts_it(monkeypatch):
    for name in ("TORCHELASTIC_RUN_ID", "SLURM_STEP_ID", "NODE_RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    assert rank_names(2, 2) == ["0", "1", "1.0", "1.1"]
    monkeypatch.setenv("NODE_RANK", "1")
    assert rank_name() == "1.0"
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    monkeypatch.setenv("RANK", "3")
    assert rank_names(2, 2) == ["0", "1", "2", "3"]
    assert rank_name() == "3"
