"""What may stand behind ``python src/train.py``, and the exit code of each."""

import os

import pytest

from genlab.apps.command import main as door
from genlab.apps.command.arguments import read
from genlab.contracts import ConfigError, Stopped


def knock(monkeypatch, capfd, command, *arguments):
    """Exit code and everything said."""
    monkeypatch.setattr("sys.argv", [f"{command}.py", *arguments])
    with pytest.raises(SystemExit) as left:
        door.main(command)
    said = capfd.readouterr()
    return left.value.code, said.out + said.err


def test_options_and_overrides_may_be_mixed():
    asked = read("train", ["model=vae", "--cfg", "job", "seed=1", "--resolve", "~callbacks.pictures"])
    assert asked.overrides == ["model=vae", "seed=1", "~callbacks.pictures"]
    assert (asked.cfg, asked.resolve, asked.multirun) == ("job", True, False)
    assert read("train", ["--cfg=job"]).cfg == "job"
    assert read("train", ["--cfg", "model=ae"]).overrides == ["model=ae"]
    assert read("train", ["-c"]).cfg == "job"
    assert read("train", ["--info", "model=ae"]).hydra == ["--info", "all"]
    assert read("train", ["-sc", "query=bash"]).hydra == ["--shell-completion"]
    assert read("train", ["seed=1", "-m", "model=ae,vae"]).multirun
    assert read("train", []).overrides == []


def test_a_key_with_dashes_is_told_without():
    with pytest.raises(
        ConfigError, match=r"--model.beta=2 --seed=1: a key has no dashes\n +Type: model.beta=2 seed=1$"
    ):
        read("train", ["data=digits", "--model.beta=2", "--seed=1"])


@pytest.mark.parametrize("wrong", [["--foo"], ["--cfg", "hydra"], ["--resolve"], ["--config-name=x"], ["--mult"]])
def test_an_option_that_is_not_there_is_refused(wrong):
    with pytest.raises(ConfigError, match="python src/train.py --help"):
        read("train", wrong)


# command, arguments, exit code, and words that are said
REQUESTS = [
    ("train", ["--help"], 0, ["model/optimizer", "beta_vae", "trainer.max_epochs=10", "Examples"]),
    ("evaluate", ["-h"], 0, ["ckpt=PATH", "split=test"]),
    ("train", ["--cfg", "job", "--resolve"], 0, ["_target_: genlab.models.vae.VAE", "epochs: 10"]),
    ("train", ["--cfg", "job"], 0, ["epochs: ${trainer.max_epochs}"]),
    ("evaluate", ["--cfg", "job"], 0, ["ckpt: null", "split: test"]),
    ("train", ["--cfg", "job", "model=vea"], 2, ["error: model=vea", "Did you mean model=vae"]),
    ("train", ["--info", "model=vea"], 2, ["Did you mean model=vae"]),
    ("train", ["job"], 2, ["job: is no key=value"]),
    ("train", ["--foo"], 2, ["--foo", "--help"]),
    ("train", ["seed=x", "modle=ae"], 2, ["2 problems:", "seed=x", "Did you mean model=ae"]),
    ("evaluate", [], 2, ["ckpt: must be given", "Type: ckpt=…"]),
    ("generate", ["ckpt=x", "what=sampel"], 2, ["what=sampel", "'sample'", "Did you mean what=sample ?"]),
    ("translate", ["-h"], 0, ["direction=AtoB", "data.on_error=skip", "NOT the result of the whole"]),
    ("translate", ["--cfg", "job"], 0, ["input: ???", "on_error: skip"]),
    ("translate", ["ckpt=x"], 2, ["input: must be given"]),
    ("translate", ["ckpt=x", "input=y", "direction=btoa"], 2, ["direction=btoa", "Did you mean direction=BtoA ?"]),
    ("translate", ["ckpt=x", "input=y", "direction=BtoC"], 2, ["'AtoB' or 'BtoA'"]),
    ("translate", ["ckpt=x", "input=y", "direcion=BtoA"], 2, ["Did you mean direction=BtoA"]),
    ("translate", ["ckpt=x", "input=y", "on_error=stop"], 2, ["Did you mean data.on_error=stop"]),
    ("translate", ["ckpt=/nowhere", "input=y"], 2, ["ckpt=/nowhere", "does not exist"]),
    ("generate", ["ckpt=x", "n=0"], 2, ["n=0: must be at least 1"]),
    ("prepare", ["data=folder", "data.path=/nowhere"], 2, ["there is no such folder", "data.path=DIR"]),
]


@pytest.mark.parametrize(
    ("command", "arguments", "code", "words"), REQUESTS, ids=[" ".join([name, *typed]) for name, typed, *_ in REQUESTS]
)
def test_every_request_has_its_answer_and_its_exit_code(command, arguments, code, words, monkeypatch, capfd, tmp_path):
    monkeypatch.chdir(tmp_path)
    left, said = knock(monkeypatch, capfd, command, *arguments)
    assert left == code, said
    assert "Traceback" not in said
    for word in words:
        assert word in said, said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("typed", [["--help"], ["--cfg", "job"], ["--info", "defaults-tree"]], ids=" ".join)
def test_a_reader_that_has_left_is_not_an_error(typed, monkeypatch, capfd):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        monkeypatch.setattr("sys.stdout", closed)
        assert knock(monkeypatch, capfd, "train", *typed) == (0, "")


@pytest.mark.parametrize(
    ("raised", "code"),
    [(Stopped(143), 143), (Stopped(75), 75), (KeyboardInterrupt(), 130), (ZeroDivisionError("x"), 1)],
)
def test_what_is_raised_inside_becomes_the_exit_code(raised, code, monkeypatch, capfd):
    def fail(*_):
        raise raised

    monkeypatch.setattr(door, "dispatch", fail)
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)
    assert knock(monkeypatch, capfd, "train")[0] == code


def test_a_failure_inside_leaves_its_traceback_in_the_run_and_one_line_on_the_screen(monkeypatch, capfd, tmp_path):
    monkeypatch.setenv("GENLAB_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    monkeypatch.setattr(door, "dispatch", lambda *_: 1 / 0)
    code, said = knock(monkeypatch, capfd, "train")
    assert code == 1
    assert "failed: ZeroDivisionError" in said
    assert "Traceback" not in said
    assert "Traceback" in (tmp_path / "run" / "errors" / "rank_0.txt").read_text()
