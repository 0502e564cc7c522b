"""Real Slurm, one node, two tasks: ``pytest -m slurm -n 0`` (as root; minutes)."""

import json
import re
import subprocess
import sys
import time

import pytest
from omegaconf import OmegaConf

from genlab.cluster.sbatch import submit
from genlab.cluster.script import TASK, batch_script
from genlab.config.build import build
from genlab.config.files import Conf
from genlab.config.session import compose_alone

import one_node
import photographs
from killing import COMMON, REPO, assert_same_run, choices, newest_checkpoint, rows

WAITS = (
    "while true; do sleep 0.1; done"  # a signal kills a sleep, too, maybe before the shell: what comes after would run
)

pytestmark = [pytest.mark.slurm, pytest.mark.skipif(bool(one_node.missing()), reason=one_node.missing())]
TWO = ["slurm.gpus=0", "trainer.devices=2", "slurm.cpus_per_task=1", "slurm.signal=20", "slurm.time=10:00"]
UNMEASURED = ["metrics.val_samples=0", "metrics.test_samples=0"]  # an epoch is training, and little else
SMALL = [text for text in COMMON if not text.startswith(("logger", "metrics", "checkpoint"))]
SMALL += ["logger=wandb", "checkpoint.every_n_steps=20", *UNMEASURED]


@pytest.fixture(scope="module", autouse=True)
def slurm(tmp_path_factory):
    with one_node.cluster(tmp_path_factory.mktemp("slurm") / "one", slots=2):
        yield


def command(name, *words, folder):
    done = subprocess.run(
        [sys.executable, str(REPO / "src" / f"{name}.py"), *words], cwd=folder, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


class Job:
    """A job in the queue, and the file with what it prints."""

    def __init__(self, id, output):
        self.id, self.output = id, output

    @property
    def said(self):
        return self.output.read_text() if self.output.exists() else ""

    @property
    def starts(self):
        return len(re.findall(r"^job \d+ on .*, start \d+,", self.said, re.MULTILINE))

    def asked(self, key):
        shown = subprocess.run(["scontrol", "-o", "show", "job", self.id], capture_output=True, text=True).stdout
        return re.search(rf"\b{key}=(\S+)", shown)[1]

    def signal(self, name="USR1"):
        subprocess.run(["scancel", f"--signal={name}", self.id], check=True)

    def until(self, what, seconds=300):
        begun = time.monotonic()
        while not what():
            assert time.monotonic() - begun < seconds, f"{self.asked('JobState')}\n{self.said}"
            time.sleep(0.02)

    def until_started(self, number):
        """For the ``number``-th time; Slurm lets a job wait that was put back until its credentials have expired."""
        self.until(lambda: self.starts == number)

    def until_done(self):
        self.until(lambda: self.asked("JobState") in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"))
        return self.asked("JobState")


class Training(Job):
    """A training that submit.py has put into the queue."""

    def __init__(self, folder, *overrides):
        folder.mkdir()
        code, self.script, said = command("submit", *SMALL, *TWO, *overrides, "run_id=a", folder=folder)
        assert code == 0, said
        self.folder, self.run = folder, next(folder.glob("runs/*/a"))
        number = re.search(r"submitted job (\d+)", said)[1]
        super().__init__(number, self.run / "slurm" / f"{number}.out")

    @property
    def summary(self):
        return json.loads((self.run / "summary.json").read_text())

    def until_training(self):
        before = newest_checkpoint(self.folder / "runs")
        self.until(lambda: newest_checkpoint(self.folder / "runs") != before)


def sbatch(*words):
    """Submit; gives the job's id."""
    return subprocess.run(["sbatch", "--parsable", *words], check=True, capture_output=True, text=True).stdout.strip()


def submitted(folder, line, **arguments):
    """A job of one task, a line of shell, in whose ``$1`` is the number of its cell; gives its id."""
    plain = compose_alone(Conf(), "slurm/default")["slurm/default"] | {"gpus": 0, "cpus_per_task": 1}
    options = build(OmegaConf.create({"slurm": plain}).slurm, [])
    script, words = folder / "job.sh", ["bash", "-c", line, "bash", TASK if "array" in arguments else ""]
    script.write_text(batch_script(options, "shell", folder, words, folder=folder, **arguments))
    return submit(script)


def stopped_after(said):
    """The batches after which a run was stopped, one number a stop."""
    return [int(number) for number in re.findall(r"^stopped by SIG\w+ after batch (\d+); saved", said, re.MULTILINE)]


def of_wandb(run):
    """The ids of the W&B runs that lie in a run directory, and of its summary."""
    return {path.stem.rpartition("-")[2] for path in run.glob("wandb/offline-run-*/run-*.wandb")}


@pytest.mark.parametrize(
    ("model", "options", "batches"),
    [
        ("vae", ["data.batch_size=2", "trainer.max_epochs=2"], 175),
        ("cyclegan", ["data.batch_size=1", "trainer.max_epochs=2"], 48),
    ],
)
def test_a_job_that_is_signalled_goes_on_to_the_same_bits(model, options, batches, tmp_path):
    """Once while Python imports, once in the middle of an epoch of so many batches."""
    photographs.domains(tmp_path / "pictures", 120, 120)
    words = [text for text in choices(model, tmp_path) if not text.startswith("data.batch_size")]
    whole = Training(tmp_path / "whole", *words, *options)
    assert whole.until_done() == "COMPLETED", whole.said
    job = Training(tmp_path / "job", *words, *options)
    job.until_started(1)
    time.sleep(0.3)
    job.signal()
    job.until_started(2)
    job.until_training()
    job.signal()
    job.until_started(3)
    assert job.until_done() == "COMPLETED", job.said
    (after,) = stopped_after(job.said)
    assert after % batches, "the epoch was over"
    assert [path.name for path in job.run.parent.iterdir() if not path.is_symlink()] == ["a"]
    assert of_wandb(job.run) == {job.summary["wandb_id"]}
    steps = [row["step"] for row in rows(job.run / "metrics.csv")]
    assert len(steps) == len(set(steps))
    assert_same_run(whole.run, job.run)
    assert job.summary["status"] == "finished"


def test_a_cell_of_an_array_is_put_back_alone_whether_it_saves_or_is_killed_before_it_can(tmp_path):
    """Cell 0 leaves with 75, cell 1 is killed by the signal at its first start; cell 2 is left alone."""
    line = (
        '[ "$1" = 0 ] && trap "exit 75" USR1\n'
        f'[ "$1" = 2 ] || [ -n "$SLURM_RESTART_COUNT" ] || {{ echo ready; {WAITS}; }}\n'
        'echo "cell $1 done"'
    )
    number = submitted(tmp_path, line, array=range(3))
    jobs = [Job(f"{number}_{cell}", tmp_path / f"{number}_{cell}.out") for cell in range(3)]
    for job in jobs[:2]:
        job.until(lambda job=job: "ready" in job.said)
        job.signal()
    assert [job.until_done() for job in jobs] == ["COMPLETED"] * 3
    assert [job.starts for job in jobs] == [2, 2, 1]
    assert all(f"cell {cell} done" in job.said for cell, job in enumerate(jobs))
    assert "left with 75" in jobs[0].said and "left with 138" in jobs[1].said


def test_a_job_that_is_pre_empted_and_leaves_before_its_grace_is_over_is_put_back(tmp_path):
    """Slurm would put back only one that it has to kill."""
    first = f'trap "echo saved; exit 143" TERM; echo ready; {WAITS}'
    line = f'[ -n "$SLURM_RESTART_COUNT" ] || {{ {first}; }}; echo done'
    number = submitted(tmp_path, line, tasks=2)
    job = Job(number, tmp_path / f"{number}.out")
    job.until(lambda: job.said.count("ready") == 2)
    urgent = Job(
        sbatch("--partition=urgent", "--ntasks=2", "--output=/dev/null", "--wrap=sleep 1"), tmp_path / "urgent"
    )
    assert (urgent.until_done(), job.until_done()) == ("COMPLETED", "COMPLETED"), job.said
    assert "left with 143" in job.said and job.starts == 2 and job.said.count("done") == 2


@pytest.mark.parametrize(
    ("command", "state", "starts"), [(["scancel"], "CANCELLED", 1), (["scontrol", "requeue"], "COMPLETED", 2)]
)
def test_a_job_that_slurm_ends_saves_and_is_put_back_by_slurm_alone(command, state, starts, tmp_path):
    line = f'[ -n "$SLURM_RESTART_COUNT" ] || {{ trap "echo saved; exit 143" TERM; echo ready; {WAITS}; }}'
    number = submitted(tmp_path, line)
    job = Job(number, tmp_path / f"{number}.out")
    job.until(lambda: "ready" in job.said)
    subprocess.run([*command, number], check=True)
    job.until(lambda: "saved" in job.said)
    time.sleep(1)
    assert job.until_done() == state
    assert job.starts == starts and "back into the queue" not in job.said, job.said


def test_starts_that_would_train_otherwise_or_wait_for_ever_are_refused(tmp_path):
    train = f"{sys.executable} {REPO}/src/train.py logger=csv trainer.accelerator=cpu paths.runs={tmp_path}/runs"
    script = tmp_path / "job.sh"
    script.write_text(
        f"#!/bin/bash\n#SBATCH --ntasks=2 --ntasks-per-node=2 --output={tmp_path}/out\n"
        f"{train} trainer.devices=2; echo left with $?\n"
        f"srun --ntasks=1 --ntasks-per-node=1 {train} trainer.devices=2; echo left with $?\n"
        f"srun {train} trainer.devices=1; echo left with $?\n"
    )
    job = Job(sbatch(str(script)), tmp_path / "out")
    job.until_done()
    assert job.said.count("left with 2\n") == 3, job.said
    assert [word in job.said for word in ("itself, without srun", "tasks of a node")] == [True, True]
    assert not (tmp_path / "runs").exists()
