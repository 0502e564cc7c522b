"""The batch script, as text and as a shell runs it (Slurm's programs are stand-ins that say what they were asked)."""

import subprocess

import pytest
from omegaconf import OmegaConf

from genlab.cluster.options import SlurmOptions
from genlab.cluster.script import TASK, batch_script, ranges
from genlab.config.build import build
from genlab.config.files import Conf
from genlab.config.session import compose_alone


def options(**changed) -> SlurmOptions:
    plain = compose_alone(Conf(), "slurm/default")["slurm/default"]
    return build(OmegaConf.create({"slurm": plain | changed}).slurm, [])


def text(tmp_path, command=("true",), **arguments):
    changed = arguments.pop("changed", {})
    return batch_script(options(**changed), "a name", tmp_path, list(command), folder=tmp_path, **arguments)


def directives(script):
    return [line.removeprefix("#SBATCH ") for line in script.splitlines() if line.startswith("#SBATCH")]


def test_what_is_given_is_asked_for_and_what_is_not_is_left_to_the_cluster(tmp_path):
    found = directives(text(tmp_path, changed={"gpus": 4, "nodes": 2, "partition": "long", "mem": "32G"}, tasks=4))
    wanted = {"--nodes=2", "--ntasks-per-node=4", "--gres=gpu:4", "--partition=long", "--mem=32G", "--time=1:00:00"}
    assert wanted | {"--signal=USR1@120", "--requeue", "--open-mode=append", "--job-name=a_name"} <= set(found)
    assert not any("account" in word or "qos" in word or "None" in word for word in found)
    assert "gres" not in text(tmp_path, changed={"gpus": 0}, tasks=2)


def test_options_of_the_user_come_after_ours(tmp_path):
    found = directives(text(tmp_path, changed={"extra": ["--time=5", "--constraint=a100&ib"]}))
    assert found.index("--time=1:00:00") < found.index("--time=5")
    assert "'--constraint=a100&ib'" in found


def run(script, tmp_path, left_with=0, scontrol="", **environment):
    """Run a script with a stand-in for srun that runs the command and leaves with a code, and one for scontrol."""
    tools = tmp_path / "bin"
    tools.mkdir(exist_ok=True)
    while_ = 'while [ "${1#--}" != "$1" ]; do shift; done'
    (tools / "srun").write_text(f'#!/bin/bash\n{while_}\n"$@"\nexit {left_with}\n')
    (tools / "scontrol").write_text(f'#!/bin/bash\necho "scontrol $*" >> {tmp_path}/asked\n{scontrol}\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    path = tmp_path / "job.sh"
    path.write_text(script)
    known = {"PATH": f"{tools}:/usr/bin:/bin", "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "here", **environment}
    done = subprocess.run(["bash", str(path)], env=known, capture_output=True, text=True)
    asked = tmp_path / "asked"
    return done, asked.read_text().splitlines() if asked.exists() else []


@pytest.mark.parametrize("code", [75, 138])
def test_who_was_stopped_by_the_scheduler_goes_back_into_the_queue(tmp_path, code):
    done, asked = run(text(tmp_path), tmp_path, code)
    assert asked == ["scontrol requeue 7"] and done.returncode == 0


def test_who_asks_for_it_goes_back_whatever_srun_makes_of_the_codes(tmp_path):
    """Where rank 0 has left with 75, srun kills a task that is still leaving, and leaves with that one's 137."""
    done, asked = run(text(tmp_path, ["bash", "-c", 'touch "$GENLAB_AGAIN"']), tmp_path, 137, "exit 0")
    assert asked[-1] == "scontrol requeue 7" and done.returncode == 0
    (tmp_path / "asked").unlink()
    done, asked = run(text(tmp_path), tmp_path, 137, "echo PreemptTime=None")  # what was asked for is no longer
    assert done.returncode == 137 and not any("requeue" in line for line in asked)


@pytest.mark.parametrize("code", [0, 1, 2, 130, 143])
def test_who_is_done_or_fails_does_not(tmp_path, code):
    done, asked = run(text(tmp_path), tmp_path, code, "echo PreemptTime=None")
    assert done.returncode == code and not any("requeue" in line for line in asked)


def test_the_pre_empted_go_back_who_left_before_their_grace_was_over(tmp_path):
    _, asked = run(text(tmp_path), tmp_path, 143, "echo '   PreemptTime=2026-11-28T10:00:00'")
    assert asked[-1] == "scontrol requeue 7"


def test_a_job_of_an_array_goes_back_alone(tmp_path):
    script = text(tmp_path, array=range(3))
    _, asked = run(script, tmp_path, 75, SLURM_ARRAY_JOB_ID="7", SLURM_ARRAY_TASK_ID="2")
    assert asked == ["scontrol requeue 7_2"]
    assert "--array=0-2" in directives(script) and f"--output={tmp_path}/%A_%a.out" in directives(script)


def test_a_cancelled_job_stays_cancelled(tmp_path):
    """Slurm sends SIGTERM to the batch shell too, whose tasks may have left with 75 for an earlier signal."""
    script = text(tmp_path, ["bash", "-c", "kill -TERM $PPID_OF_JOB; sleep 0.1"])
    script = script.replace("srun ", "export PPID_OF_JOB=$$\nsrun ", 1)
    done, asked = run(script, tmp_path, 75)
    assert done.returncode == 75 and asked == []


def test_who_does_not_want_to_go_on_leaves_with_the_code(tmp_path):
    done, asked = run(text(tmp_path, changed={"requeue": False}), tmp_path, 75)
    assert done.returncode == 75 and asked == []


def test_a_job_that_slurm_does_not_take_back_says_so(tmp_path):
    done, _ = run(text(tmp_path), tmp_path, 75, "exit 1")
    assert done.returncode == 75 and "submit it again" in done.stderr


def test_words_reach_the_command_as_they_are_and_the_number_of_the_cell_beside_them(tmp_path):
    words = ["tags=[a, 'b c']", "notes=$HOME", f"cell={TASK}.json", ""]
    command = ["/usr/bin/printf", "%s\\n", *words, "end"]
    done, _ = run(text(tmp_path, command, array=[5]), tmp_path, SLURM_ARRAY_TASK_ID="5")
    assert done.stdout.splitlines()[1:] == ["tags=[a, 'b c']", "notes=$HOME", "cell=5.json", "", "end"]


def test_a_line_of_the_setup_that_fails_ends_the_job_and_is_named(tmp_path):
    changed = {"setup": ["export GREETING=hello", "cd /nowhere/at/all"]}
    done, _ = run(text(tmp_path, ["echo", "started"], changed=changed), tmp_path)
    assert done.returncode != 0 and "started" not in done.stdout
    assert "this line failed: cd /nowhere/at/all" in done.stderr


def test_the_setup_and_the_environment_reach_the_command(tmp_path):
    command = ["bash", "-c", 'echo "$GREETING $PLACE"']
    changed = {"setup": ["export GREETING=hello"]}
    done, _ = run(text(tmp_path, command, changed=changed, environment={"PLACE": "a b"}), tmp_path)
    assert done.stdout.splitlines()[-1] == "hello a b"


def test_several_tasks_meet_at_a_port_that_is_free_on_their_first_node(tmp_path):
    command = ["bash", "-c", 'echo "$MASTER_ADDR $MASTER_PORT"']
    done, _ = run(text(tmp_path, command, tasks=2), tmp_path, scontrol='[ "$1" = show ] && printf "first\\nsecond\\n"')
    address, port = done.stdout.splitlines()[-1].split()
    assert address == "first" and int(port) > 1023
    assert "MASTER" not in text(tmp_path, tasks=1)


def test_the_array_names_its_cells():
    assert ranges([0, 1, 2, 3, 7]) == "0-3,7"
    assert ranges([4]) == "4"
    with pytest.raises(ValueError):
        ranges([])


def test_the_array_may_run_a_few_at_a_time(tmp_path):
    assert "--array=0-11%4" in directives(text(tmp_path, array=range(12), parallel=4))
