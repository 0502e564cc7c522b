"""Which checkpoints are measured: one, a list, what a pattern matches; each checked before anything is imported."""

import pytest
from omegaconf import OmegaConf

import untrained
from genlab.apps.command.checkpoints import checkpoints, short_names
from genlab.config.compose import compose
from genlab.contracts import CheckpointError, ConfigError


@pytest.fixture
def runs(tmp_path):
    """Two runs of one name, with ``latest`` as a link to the second."""
    cfg = compose("train", ["model=ae", "data=digits", "model.latent_dim=2"])
    folder = tmp_path / "runs" / "ae-digits"
    for name in ("one", "two"):
        untrained.saved(cfg, folder / name)
    (folder / "latest").symlink_to("two")
    return folder


def test_each_checkpoint_comes_once_by_a_short_name(runs):
    file = {name: runs / name / "checkpoints" / "last.ckpt" for name in ("one", "two")}
    assert checkpoints(str(runs / "one")) == {str(runs / "one"): file["one"]}
    assert checkpoints(OmegaConf.create([f"{runs}/two", f"{runs}/one"])) == {"two": file["two"], "one": file["one"]}
    assert checkpoints(f"{runs}/*") == file
    assert checkpoints([f"{runs}/*", f"{runs}/latest", str(file["one"])]) == file


def test_a_pattern_passes_by_what_a_sweep_keeps_beside_its_runs(runs):
    file = {name: runs / name / "checkpoints" / "last.ckpt" for name in ("one", "two")}
    (runs / "multirun.yaml").write_text("")
    (runs / "tables").mkdir()
    assert checkpoints(f"{runs}/*") == file
    assert checkpoints(f"{runs.parent}/*/latest") == {f"{runs}/latest": runs / "latest" / "checkpoints" / "last.ckpt"}
    (runs / "failed").mkdir()
    (runs / "failed" / "summary.json").write_text("{}")
    with pytest.raises(CheckpointError, match="failed"):
        checkpoints(f"{runs}/*")


def test_short_names_leave_out_the_folders_that_all_paths_begin_with():
    assert short_names(["runs/a/latest"]) == ["runs/a/latest"]
    assert short_names(["runs/a/latest", "runs/b/latest"]) == ["a/latest", "b/latest"]
    assert short_names(["runs/a/x", "runs/a"]) == ["a/x", "a"]
    assert short_names(["r/c/best.ckpt", "r/c/last.ckpt"]) == ["best.ckpt", "last.ckpt"]


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (None, ConfigError, r"ckpt: must be given\n.*Type: ckpt=…"),
        ([], ConfigError, r"ckpt=\[\]: names no checkpoint\n.*ckpt=\[…,…\]"),
        ("{}/*/x", CheckpointError, r"nothing matches. Give run directories"),
        (["{}/one", "{}/three"], CheckpointError, r"ckpt=.*/three: .* does not exist"),
    ],
)
def test_what_is_no_checkpoint_is_refused(given, kind, words, runs):
    typed = [text.format(runs) for text in given] if isinstance(given, list) else given and given.format(runs)
    with pytest.raises(kind, match=words):
        checkpoints(typed)


def test_no_seeds_at_all_are_refused():
    with pytest.raises(ConfigError, match=r"seeds=0: must be at least 1"):
        compose("evaluate", ["ckpt=x", "seeds=0"])
    assert compose("evaluate", ["ckpt=[x,y/z]"]).ckpt == ["x", "y/z"]
    assert compose("evaluate", ["ckpt=runs/vae-mnist/*"]).ckpt == "runs/vae-mnist/*"
