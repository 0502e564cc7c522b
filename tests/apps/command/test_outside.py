"""Outside the clone: YAML files, models and sets of one's own, the installed command, any folder."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from genlab.apps.command import main as door
from genlab.config.compose import compose
from genlab.config.definition import module
from genlab.config.signature import signature
from genlab.contracts import ConfigError
from genlab.data.sets import digits

REPO = Path(__file__).resolve().parents[3]
PAGE = (REPO / "docs" / "extend.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`(\S+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^genlab (\w+ .*)$", PAGE, re.MULTILINE)


@pytest.fixture
def study(tmp_path, monkeypatch, cache):
    """The folder that docs/extend.md describes, and we are in it. What it lets Python import is forgotten afterwards."""
    folder = tmp_path / "study"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    np.save(folder / "digits.npy", digits.load()[0][:200])
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("GENLAB_CACHE", str(cache))
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)
    module.cache_clear()  # a package of the same name lay in the folder of the test before
    signature.cache_clear()
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "lab"]:
        del sys.modules[name]


def started(monkeypatch, *words):
    """The installed command's exit code, in this process."""
    monkeypatch.setattr(sys, "argv", ["/bin/genlab", *words])
    with pytest.raises(SystemExit) as left:
        door.genlab()
    return left.value.code


QUICK = ["trainer.accelerator=cpu", "logger=csv", "performance.allocator=false"]


def test_the_page_on_extending_is_true(study, monkeypatch, capfd):
    assert [command.split()[0] for command in COMMANDS] == ["train", "evaluate", "generate"]
    for command in COMMANDS:
        words = command.split()
        assert started(monkeypatch, *words, *(QUICK if words[0] == "train" else [])) == 0, capfd.readouterr().err
    run = study / "runs" / "denoising-arrays" / "latest"
    assert next(run.glob("generate/*/sheet.png")).is_file()
    brightness = re.search(r'"test/brightness": ([0-9.]+)', (run / "summary.json").read_text())[1]
    assert 0 < float(brightness) < 0.3
    assert (run / "log.txt").read_text().count("  brightness 0.") == 4  # three epochs and the end
    mse = float(re.search(r'"test/mse": ([0-9.]+)', (run / "summary.json").read_text())[1])
    assert f'"test/mse": {mse}' in next(run.glob("evaluate/*/summary.json")).read_text()
    assert mse < 0.12  # predicting black everywhere: 0.14


TYPED = ["trust=[lab]", "model=denoising", "data=arrays", "data.path=digits.npy"]


def test_a_package_is_found_beside_the_folder_of_yaml_files(study, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    cfg = compose("train", TYPED, study / "conf")
    assert (cfg.model.corruption, cfg.name) == (0.3, "denoising-arrays")


def optimizer(folder, name, lr):
    """A choice of one's own."""
    path = folder / "model" / "optimizer" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"_target_: torch.optim.SGD\n_partial_: true\nlr: {lr}\n")


def test_ones_own_files_go_before_ours_and_further_folders_after(study):
    """An ``adam`` of one's own takes the place of ours; one in a further folder does not, but a new name is found there."""
    for folder, name, lr in (("conf", "adam", 7), ("other", "adam", 8), ("other", "mine", 9), ("lab/more", "third", 6)):
        optimizer(study / folder, name, lr)
    plain = ["model=ae", "hydra.searchpath=[other]"]
    assert compose("train", plain, study / "conf").model.optimizer.lr == 7
    assert compose("train", plain).model.optimizer.lr == 1e-3
    assert compose("train", [*plain, "model/optimizer=mine"]).model.optimizer.lr == 9
    packaged = ["model=ae", "hydra.searchpath=[pkg://lab.more]", "model/optimizer=third"]
    assert compose("train", packaged).model.optimizer.lr == 6
    with pytest.raises(ConfigError, match="Did you mean model/optimizer=mine"):
        compose("train", [*plain, "model/optimizer=mien"])


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["model.corruption=-1"], ["model.corruption=-1: must be at least 0", "model.corruption=0.3"]),
        (["model.corupption=1"], ["Did you mean model.corruption=1 ?"]),
        (["model=denoisingg"], ["Did you mean model=denoising ?", "cyclegan"]),
        (
            ["model._target_=lab.models.Denoiser"],
            [
                "lab/models.py has no Denoiser (typed on the command line)",
                "Did you mean model._target_=lab.models.DenoisingAutoencoder",
            ],
        ),
        (["trust=[]"], ["lab.models.DenoisingAutoencoder is code that is not trusted", "trust=[lab]"]),
        (["model._target_=nowhere.X", "trust=[lab,nowhere]"], ["there is no nowhere.X: no package nowhere is found"]),
        (["hydra.searchpath=[nofolder]"], ["hydra.searchpath=nofolder: there is no such folder"]),
        (["hydra.searchpath=conf"], ["must be a list", "Type: hydra.searchpath=[conf]"]),
    ],
)
def test_mistakes_with_ones_own_code_are_told_like_any_other(overrides, words, study):
    with pytest.raises(ConfigError) as caught:
        compose("train", [*TYPED, *overrides], study / "conf")
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_a_file_of_ones_own_that_does_not_compose_is_not_among_those_that_fit(study):
    (study / "conf" / "model" / "broken.yaml").write_text("defaults:\n  - nowhere: x\n")
    with pytest.raises(ConfigError) as caught:
        compose("train", [*TYPED, "model=cyclegan"], study / "conf")
    assert "model=cyclegan takes domains, but data=arrays has images" in str(caught.value)
    assert "model=denoising" in str(caught.value).partition("Fitting models: ")[2]
    assert "broken" not in str(caught.value)


def test_where_a_class_was_named_is_said(study):
    for folder, typed in (("model", "model=old"), ("experiment", "experiment=old")):
        (study / "conf" / folder).mkdir(exist_ok=True)
        file = study / "conf" / folder / "old.yaml"
        head = "" if folder == "model" else "# @package _global_\nmodel:\n  "
        file.write_text(f"{head}_target_: lab.modles.Denoiser\n")
        with pytest.raises(ConfigError) as caught:
            compose("train", [*TYPED, typed], study / "conf")
        said = f"model._target_: there is no lab.modles.Denoiser: lab has no file of the name lab.modles (in {file})"
        assert said in str(caught.value)


def test_a_class_that_does_not_parse_is_named_with_file_and_line(study):
    (study / "lab" / "models.py").write_text("class A:\n    def __init__(self:\n")
    with pytest.raises(ConfigError, match=rf"cannot be read.*\n.*Look at {study}/lab/models.py, line 2\."):
        compose("train", [*TYPED, "model._target_=lab.models.A"], study / "conf")


def test_a_class_that_does_not_import_is_named_with_file_and_line_and_leaves_no_run(study, monkeypatch, capfd):
    text = FILES["lab/models.py"].replace("from torch import Tensor", "from torch import Tensor\nimport not_there")
    (study / "lab" / "models.py").write_text(text)
    assert started(monkeypatch, "train", "--config-dir", "conf", *TYPED, *QUICK) == 2
    said = capfd.readouterr().err
    why = "cannot be imported (ModuleNotFoundError: No module named 'not_there')"
    assert f"error: model._target_: lab.models.DenoisingAutoencoder {why}" in said
    assert f"Look at {study}/lab/models.py, line 4." in said
    assert not (study / "runs").exists()


def test_a_multirun_composes_with_ones_own_files_too(study, monkeypatch, capfd):
    optimizer(study / "other", "mine", 9)
    typed = [*TYPED, "hydra.searchpath=[other]", "model/optimizer=mine", "model.latent_dim=2,3", "check_only=true"]
    words = ["train", "-m", "--config-dir", "conf", *typed, *QUICK]
    assert started(monkeypatch, *words) == 0
    assert capfd.readouterr().err.count("model     denoising") == 2


def test_a_folder_that_is_not_there_is_said(study, monkeypatch, capfd):
    assert started(monkeypatch, "train", "--config-dir", "cnof") == 2
    assert "--config-dir=cnof: there is no such folder" in capfd.readouterr().err


# ---- the installed command ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What the wheel puts into a folder of packages, by pyproject's own list."""
    site = tmp_path_factory.mktemp("site-packages")
    wheel = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for package in wheel["packages"]:
        shutil.copytree(REPO / package, site / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))
    for source, place in wheel["force-include"].items():
        shutil.copytree(REPO / source, site / place)
    return site


def command(site, folder, *words, **environment):
    """Start it as a user does, with Python's own record of its imports."""
    entry = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["scripts"]["genlab"]
    module, _, function = entry.partition(":")
    script = folder / "genlab"
    script.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GENLAB")}
    line = [sys.executable, "-X", "importtime", str(script), *words]
    done = subprocess.run(
        line, capture_output=True, text=True, cwd=folder, timeout=60, env=kept | {"PYTHONPATH": str(site)} | environment
    )
    lines = done.stderr.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    return done.returncode, done.stdout, "\n".join(li for li in lines if not li.startswith("import time:")), imported


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--help"], 0, ["evaluate", "Train a model on a data set", "genlab COMMAND --help"]),
        (["train", "--help"], 0, ["genlab train model=vae data=mnist", "beta_vae", "trainer.max_epochs=10"]),
        (["trian"], 2, ["trian: there is no such command", "Did you mean genlab train ?"]),
        (["train", "vae"], 2, ["vae: is no key=value", "genlab train --help lists the keys"]),
        (["prepare", "--cfg", "job"], 0, ["_target_: genlab.data.sets.digits.Digits"]),
    ],
)
def test_the_installed_command_answers_without_torch_from_any_folder(words, code, said, installed, tmp_path):
    found, out, errors, imported = command(installed, tmp_path, *words)
    assert found == code, errors
    for word in said:
        assert word in out + errors
    assert "torch" not in imported
    assert [path.name for path in tmp_path.iterdir()] == ["genlab"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("genlab tr", {"train", "translate"}),
        ("genlab train model=be", {"model=beta_vae"}),
        ("genlab train --config-dir CONF model=mi", {"model=mine"}),
        ("genlab analyze what=eq", {"what=equilibrium"}),
        ("genlab generate what=", set()),  # a word there, a file elsewhere
    ],
)
def test_tab_completion_offers_commands_models_and_ones_own(line, offered, installed, tmp_path):
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "mine.yaml").write_text("defaults: [vae]\n")
    line = line.replace("CONF", str(tmp_path / "conf"))
    _, out, errors, _ = command(installed, tmp_path, "-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert set(out.split()) == offered, errors
