"""submit.py: what it checks, what lies in the run directory, and that nothing does when it fails (sbatch is a stand-in)."""

import json
import os

import pytest

from genlab.apps.command import main as door
from genlab.config.compose import compose
from genlab.runs.directory import RunDirectory

CPU = ["slurm.gpus=0", "logger=csv", "data.limit=200"]


@pytest.fixture
def submit(tmp_path, monkeypatch, cache, capfd):
    """``submit("slurm.gpus=0", …)``: exit code, script as shown, and what is said; ``queue`` answers as sbatch does."""
    monkeypatch.setenv("GENLAB_CACHE", str(cache))
    for name in [name for name in os.environ if name.startswith(("SLURM_", "GENLAB_S"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GENLAB_SLURM", str(tmp_path / "site.yaml"))
    (tmp_path / "site.yaml").write_text("")
    monkeypatch.setattr("sys.argv", ["src/submit.py"])
    monkeypatch.chdir(tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()

    def run(*words, queue="echo 17"):
        sbatch = tools / "sbatch"
        sbatch.unlink(missing_ok=True)
        if queue:
            sbatch.write_text(f"#!/bin/sh\n{queue}\n")
            sbatch.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin" if queue else str(tools))
        code = door.outcome("submit", list(words))
        shown = capfd.readouterr()
        return code, shown.out, shown.err

    return run


def runs(tmp_path):
    return sorted(path.parent for path in tmp_path.glob("runs/*/*/summary.json"))


def test_the_run_waits_for_its_job_with_all_that_it_needs(submit, tmp_path):
    taken = "flock -n runs/vae-digits/*/.lock true || exit 1; echo 17"  # a job that starts at once can hold its run
    code, script, said = submit(*CPU, "trainer.devices=2", "model.latent_dim=3", "slurm.partition=long", queue=taken)
    assert code == 0, said
    (run,) = runs(tmp_path)
    assert (run / "slurm" / "job.sh").read_text().strip() == script.strip()
    assert "--ntasks-per-node=2" in script and "gres" not in script and "--partition=long" in script
    assert f"-m genlab train resume={run}" in script
    assert "submitted job 17" in said and f"{run}/slurm/17.out" in said
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["status"], summary["model"], summary["run_id"]) == ("waiting", "vae", run.name)
    saved = RunDirectory(run).configuration()
    assert (saved["model"]["latent_dim"], saved["trainer"]["devices"], saved["trainer"]["accelerator"]) == (3, 2, "cpu")
    assert "slurm" not in saved and "slurm" not in saved["choices"]
    assert not any(line.startswith("slurm") for line in (run / "overrides.txt").read_text().splitlines())


def test_devices_and_nodes_are_those_of_the_job(submit, tmp_path):
    code, script, said = submit(
        "logger=csv", "data.limit=200", "slurm.nodes=2", "slurm.gpus=4", "slurm.dry=true", queue=""
    )
    assert code == 0, said
    saved = RunDirectory(*runs(tmp_path)).configuration()["trainer"]
    assert (saved["devices"], saved["num_nodes"], saved["accelerator"]) == (4, 2, "gpu")
    assert "--nodes=2" in script and "--gres=gpu:4" in script and "nothing was submitted" in said


def test_a_run_that_waits_is_not_taken_for_one_that_was_killed(submit, tmp_path):
    """Neither by another job nor by ``resume=auto`` at a desk."""
    assert submit(*CPU)[0] == 0
    assert submit(*CPU, "resume=auto", "run_id=b")[0] == 0
    code, script, _ = submit(*CPU, "resume=auto", "slurm.dry=true", queue="")
    assert code == 0 and len(runs(tmp_path)) == 3 and "/vae-digits/b" not in script


def test_a_job_goes_on_with_a_run(submit, tmp_path):
    assert submit(*CPU)[0] == 0
    (run,) = runs(tmp_path)
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps(summary | {"status": "finished", "wandb_id": "w"}))
    code, script, said = submit("slurm.gpus=0", f"resume={run}", "trainer.max_epochs=40", "slurm.time=5:00:00")
    assert code == 0, said
    assert runs(tmp_path) == [run] and f"resume={run}" in script and "--time=5:00:00" in script
    assert "trainer.max_epochs=40 (was 10)" in said and "slurm" not in said.partition("submitted")[0]
    assert RunDirectory(run).configuration()["trainer"]["max_epochs"] == 40
    assert json.loads((run / "summary.json").read_text()) == summary | {"status": "waiting", "wandb_id": "w"}


REFUSED = {
    "trainer.devices=3 slurm.gpus=2": ["trainer.devices=3", "the job has 2", "Leave it out"],
    "trainer.num_nodes=3 slurm.gpus=2 slurm.nodes=2": ["trainer.num_nodes=3", "the job has 2"],
    "trainer.accelerator=cpu": ["trainer.accelerator=cpu", "the job has gpu", "slurm.gpus=1"],
    "trainer.devices=auto slurm.gpus=0": ["trainer.devices=auto", "are counted", "trainer.devices=2"],
    "slurm.time=2h": ["slurm.time=2h", "no time that Slurm understands", "slurm.time=2:00:00"],
    "slurm.time=1:00": ["slurm.time=1:00", "as soon as it begins"],
    "slurm.gpu=2": ["slurm.gpu", "Did you mean slurm.gpus=2"],
    "slurm.mem=lots": ["slurm.mem=lots"],
    "model.latent_dmi=3 slurm.nodes=0": [
        "2 problems",
        "Did you mean model.latent_dim=3",
        "slurm.nodes=0",
        "at least 1",
    ],
    "data.limit=100 trainer.devices=200 slurm.gpus=0": ["200 processes are too many"],
    "data=mnist paths.data=/nowhere/at/all": ["/nowhere/at/all"],
    "-m": ["a job is one run", "engine=slurm"],
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_is_refused_with_the_remedy_and_leaves_nothing(words, submit, tmp_path):
    if words == "-m":
        code = door.outcome("submit", ["-m", "seed=0,1", "slurm.gpus=0"])
    else:
        code, _, said = submit("logger=csv", *words.split())
        assert all(word in said for word in REFUSED[words]), said
    assert code == 2 and not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        ("", ["there is no Slurm on this machine", "slurm.dry=true"]),
        ("echo 'sbatch: error: invalid partition specified: x' >&2; exit 1", ["refuses the job: invalid partition"]),
    ],
)
def test_a_job_that_is_not_taken_leaves_nothing(queue, words, submit, tmp_path):
    code, _, said = submit(*CPU, queue=queue)
    assert code == 2 and all(word in said for word in words), said
    assert not (tmp_path / "runs").exists()


def test_a_run_that_goes_on_is_as_it_was_when_the_job_is_not_taken(submit, tmp_path):
    assert submit(*CPU)[0] == 0
    (run,) = runs(tmp_path)
    before = {path: path.read_bytes() for path in run.glob("*.*")}
    assert submit("slurm.gpus=0", f"resume={run}", "trainer.max_epochs=40", queue="exit 1")[0] == 2
    assert {path: path.read_bytes() for path in run.glob("*.*")} == before


def test_a_checkpoint_is_no_place_for_a_job_to_go_on_from(submit, tmp_path):
    """Put back into the queue, it would begin there again."""
    assert submit(*CPU)[0] == 0
    (run,) = runs(tmp_path)
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "best.ckpt").touch()
    code, _, said = submit("slurm.gpus=0", f"resume={run}/checkpoints/best.ckpt")
    assert code == 2 and f"Type: resume={run}, or init_from={run}/checkpoints/best.ckpt" in said, said


def test_checks_alone(submit, tmp_path):
    code, _, said = submit(*CPU, "check_only=true", queue="")
    assert code == 0 and "nothing was submitted" in said and not (tmp_path / "runs").exists()


def test_its_keys_are_trains_and_those_of_slurm():
    train, submit = compose("train", []), compose("submit", [])
    assert submit.keys() - train.keys() == {"slurm"}
    assert {key: submit[key] for key in train if key != "choices"} == {
        key: train[key] for key in train if key != "choices"
    }
