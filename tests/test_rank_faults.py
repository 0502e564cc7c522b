"""A rank that raises, hangs or dies: the right one is named, nothing is left, and the run goes on to the same bits.

One case runs with every test, on forked ranks; ``pytest -m ranks -s`` is the whole proof with real launchers (minutes).
"""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from genlab.cluster.ranks.signs import exists

from killing import REPO, assert_same_run

SMALL = ["model=vae", "model.latent_dim=3", "data=digits", "data.batch_size=16", "trainer.max_epochs=3"]
SMALL += ["trainer.accelerator=cpu", "trainer.log_every_n_steps=3", "checkpoint.every_n_steps=5", "callbacks=trace"]
SMALL += ["metrics=none", "logger=csv", "performance.threads=1", "trust=[rankfaults]", "run_id=a", "resume=auto"]
TIMEOUT = 20  # seconds, performance.rank_timeout
WORDS = {
    "raises": "rank {rank} failed first: ZeroDivisionError: as a test wants it",
    "dies": "rank {rank} died first",
    "hangs": "rank {rank} hung: no sign of life for 20 s",
    "sleeps": "rank {rank} did not come to where the others waited, for 20 s",
}


def typed(folder, *more):
    """What to type."""
    own = [f"paths.runs={folder}", "+callbacks.fault._target_=rankfaults.Fault", f"+callbacks.fault.folder={folder}"]
    return [*SMALL, *own, f"performance.rank_timeout={TIMEOUT}", *more]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def seconds_until_all_are_gone(folder, patience=60):
    """Since the fault; None if a process is left."""
    pids = [int(path.read_text()) for path in (folder / "pids").iterdir()]
    begun = float((folder / "fault").read_text())
    while any(map(exists, pids)):
        if time.time() - begun > patience:
            return None
        time.sleep(0.05)
    return time.time() - begun


# ---- the short form --------------------------------------------------------------------------------------------------


def ranks_by_torchrun(forks, folder, *arguments, **environment):
    """Two forked ranks that find what torchrun would tell them."""
    told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "TORCHELASTIC_RUN_ID": "x"}
    told |= {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "0", **environment}
    return [
        forks.command(
            "train", *arguments, folder=folder, output=folder / f"said_{rank}", RANK=rank, LOCAL_RANK=rank, **told
        )
        for rank in ("0", "1")
    ]


def test_a_rank_that_dies_is_named_and_the_run_goes_on(tmp_path, cache, trainings):
    arguments = [*typed(tmp_path, "trainer.devices=2", "data.limit=200"), f"paths.cache={cache}"]
    ranks = ranks_by_torchrun(trainings, tmp_path, *arguments, FAULT="1:dies:10")
    assert [rank.wait(60) for rank in reversed(ranks)] == [-9, 1]
    assert "error: rank 1 died first" in ranks[0].said()
    run = tmp_path / "vae-digits" / "a"
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == "failed"
    assert summary["error"].startswith("rank 1 died first")
    assert (run / "log.txt").read_text().count("error: rank 1 died first") == 1
    again = ranks_by_torchrun(trainings, tmp_path, *arguments)
    assert [rank.wait(60) for rank in again] == [0, 0], again[0].said()
    assert "resume    from" in again[0].said()
    assert json.loads((run / "summary.json").read_text())["steps"] == 18
    assert not (run / ".ranks").exists()


# ---- the whole proof -------------------------------------------------------------------------------------------------

ALONE = ["trainer.devices=2"]
LAUNCHERS = {
    "Lightning": ([sys.executable], ALONE),
    "torchrun": ([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"], ALONE),
}


def start(launcher, folder, **environment):
    """A training by a real launcher."""
    command, more = LAUNCHERS[launcher]
    path = os.pathsep.join(map(str, (REPO / "src", REPO / "tests")))
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("GENLAB")}
    surroundings |= {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", **environment}
    with open(folder / "said", "ab") as said:
        arguments = [*command, str(REPO / "src" / "train.py"), *typed(folder, *more)]
        return subprocess.Popen(arguments, env=surroundings, stdout=said, stderr=said, cwd=folder)


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The directory of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    assert start("Lightning", folder).wait(170) == 0, (folder / "said").read_text()
    return folder / "vae-digits" / "a"


@pytest.mark.ranks
@pytest.mark.parametrize("how", WORDS)
@pytest.mark.parametrize("rank", [1, 0])
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_rank_fails(launcher, rank, how, tmp_path, whole):
    process = start(launcher, tmp_path, FAULT=f"{rank}:{how}:60")
    code = process.wait(170)
    seconds = seconds_until_all_are_gone(tmp_path)
    print(f"\n{launcher}: rank {rank} {how}: code {code}, all gone after {seconds:.1f} s")
    said = (tmp_path / "said").read_text()
    assert code != 0
    assert seconds is not None
    assert seconds < {"raises": 30, "dies": 30, "hangs": TIMEOUT, "sleeps": TIMEOUT + 15}[how]
    words = WORDS[how] if (rank, how) != (0, "raises") else "failed: ZeroDivisionError: as a test wants it"
    assert words.format(rank=rank) in said, said
    assert "closed by peer" not in said
    run = tmp_path / "vae-digits" / "a"
    if how in ("raises", "sleeps"):
        assert "rankfaults.py" in (run / "errors" / f"rank_{rank}.txt").read_text()
        assert [path.name for path in (run / "errors").iterdir()] == [f"rank_{rank}.txt"]
    assert start(launcher, tmp_path).wait(170) == 0, (tmp_path / "said").read_text()
    assert_same_run(whole, run)


@pytest.mark.ranks
@pytest.mark.parametrize("launcher", ["torchrun", "NODE_RANK"])
def test_two_nodes_of_one_process(launcher, tmp_path, whole):
    """Two agents on loopback, as on two machines with a shared folder of runs."""
    port, command, more = free_port(), [sys.executable], ["trainer.devices=1", "trainer.num_nodes=2"]
    agent = ["-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1", "--rdzv-backend=c10d", "--rdzv-id=x"]
    nodes = []
    for node in (0, 1):
        told = [*agent, f"--rdzv-endpoint=127.0.0.1:{port}", f"--node-rank={node}"] if launcher == "torchrun" else []
        LAUNCHERS[f"{launcher} {node}"] = ([*command, *told], more)
        environment = {"NODE_RANK": str(node), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        nodes.append(start(f"{launcher} {node}", tmp_path, **({} if told else environment)))
    assert [process.wait(170) for process in nodes] == [0, 0], (tmp_path / "said").read_text()
    assert_same_run(whole, tmp_path / "vae-digits" / "a")
