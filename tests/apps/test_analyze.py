"""``analyze.py`` as users run it: what it writes and says, and what it refuses, leaving nothing."""

import csv
import json
import re

import numpy as np
import pytest
from PIL import Image

import untrained
from genlab.analysis.base.needs import able_models, members
from genlab.analysis.base.players import HasPlayers
from genlab.apps.command import main as door
from genlab.config.compose import compose
from genlab.config.files import Conf
from genlab.contracts import CheckpointError, ConfigError
from genlab.film.frame import Frame
from genlab.film.kept import keep
from genlab.runs.listing import runs_in

QUICK = ["what.steps=4", "what.every=2", "what.samples=30", "device=cpu", "performance.allocator=false"]
SMALL = {  # keys with which an analysis takes a second
    "landscape": ["what.points=60", "what.grid=12"],
    "modes": ["what.samples=60"],
    "invert": [
        *["what.images=3", "what.steps=3", "what.starts=2", "what.samples=5", "what.between=3"],
        *["what.encoder.steps=2", "what.encoder.batch_size=4"],
    ],
}
OWN = """
from dataclasses import dataclass
from typing import ClassVar

import torch

from genlab.analysis.base.analysis import Analysis, Findings
from genlab.config.what_is_analyzed import LooksAt
from genlab.contracts import Encodes


@dataclass
class Weights(Analysis):
    looks_at: ClassVar[LooksAt] = "checkpoints"
    needs: ClassVar[tuple[type, ...]] = (Encodes,)
    times: int

    def __call__(self, *subjects):
        counts = [self.times * sum(p.numel() for p in one.model.parameters()) for one in subjects]
        rows = [{"name": one.name, "weights": n, "note": None} for one, n in zip(subjects, counts)]
        more = {"more.txt": b"more"}
        return Findings(rows, torch.zeros(1, 4, 6), ("one", "two"), {"models": float(len(rows))}, {}, more)
"""


@pytest.fixture
def gan(composed, tmp_path):
    """The run directory of a small GAN on points."""
    typed = ["data=toy2d", "data.count=300", "model.net.generator_hidden=[8]", "model.net.discriminator_hidden=[8]"]
    return untrained.saved(composed("model=gan", *typed, "trainer.accelerator=cpu"), tmp_path / "gan")


@pytest.fixture
def dcgan(composed, tmp_path):
    """The run directory of a small GAN on images."""
    narrow = ["model.net.width=4", "model.latent_dim=3", "trainer.accelerator=cpu"]
    return untrained.saved(composed("model=dcgan", "data=digits", *narrow), tmp_path / "dcgan")


def refused(train, *typed):
    with pytest.raises((ConfigError, CheckpointError)) as caught:
        train(*typed, *QUICK[3:], command="analyze")
    assert caught.value.exit_code == 2
    return str(caught.value)


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["equilibrium", "gradients"])
def test_an_analysis_of_a_run_leaves_a_table_a_picture_and_a_summary_in_it(name, gan, train, capsys):
    train(f"ckpt={gan}", f"what={name}", *QUICK, command="analyze")
    (folder,) = (gan / "analyze").iterdir()
    assert folder.name.startswith(f"{name}-2")
    assert sorted(path.name for path in folder.iterdir()) == sorted([f"{name}.csv", f"{name}.png", "summary.json"])
    assert [row["step"] for row in table(folder / f"{name}.csv")] == ["0", "2", "4"]
    assert Image.open(folder / f"{name}.png").size[0] >= 860
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["what"], summary["split"], summary["seed"]) == (name, "test", 0)
    assert summary["options"]["steps"] == 4
    assert summary["ckpt"].endswith("gan/checkpoints/last.ckpt")
    said = capsys.readouterr().err
    assert len(summary["lines"]) == 2
    assert all(line in said for line in [*summary["lines"], str(folder)])


@pytest.mark.parametrize(
    ("run", "name", "files", "rows", "numbers"),
    [
        ("gan", "landscape", {"landscape.gif", "landscape.html"}, 5, {"d_real", "d_fake", "modes", "high_quality"}),
        ("gan", "modes", set(), 8, {"modes", "high_quality"}),
        ("dcgan", "modes", {"copies.csv", "pairs.csv"}, 10, {"classes", "class_kl", "copies", "recall_classifier_60"}),
        ("dcgan", "invert", set(), 9, {"psnr_hybrid", "psnr_random"}),
    ],
)
def test_what_a_generator_makes_is_told_by_a_table_a_picture_and_numbers(
    run, name, files, rows, numbers, train, request
):
    folder = request.getfixturevalue(run)
    if name == "landscape":  # the run has kept a frame
        box = np.array([[-2, -2], [2, 2]], np.float32)
        keep(
            Frame(7, box, np.full((4, 4), 0.4, np.float32), np.zeros((5, 2), np.float32)),
            folder / "tables" / "landscape",
        )
    train(f"ckpt={folder}", f"what={name}", *SMALL[name], *QUICK[3:], command="analyze")
    (output,) = (folder / "analyze").iterdir()
    assert {path.name for path in output.iterdir()} == files | {f"{name}.csv", f"{name}.png", "summary.json"}
    assert rows - 1 <= len(table(output / f"{name}.csv")) <= rows  # modes_kl is missing where no sample is good
    assert min(Image.open(output / f"{name}.png").size) >= 350
    summary = json.loads((output / "summary.json").read_text())
    assert {f"test/{one}" for one in numbers} <= set(summary["metrics"])
    assert len(summary["lines"]) == 2


def test_the_ways_of_an_inversion_are_a_key(dcgan, train):
    for way, methods in (("descent", {"descent"}), ("encoder", {"encoder"}), ("hybrid", {"encoder", "hybrid"})):
        train(f"ckpt={dcgan}", "what=invert", f"what.way={way}", *SMALL["invert"], *QUICK[3:], command="analyze")
        newest = max((dcgan / "analyze").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        rows = table(newest / "invert.csv")
        assert {row["method"] for row in rows} == methods | {"nearest of 5 samples"}
        assert all((row["nats"] == "") == (row["method"] not in ("descent", "hybrid")) for row in rows)


def test_what_has_no_landscape_no_modes_and_no_images_is_refused_and_nothing_is_made(
    gan, dcgan, composed, train, tmp_path
):
    assert "not of [1, 8, 8]. Type: model=gan data=toy2d" in refused(train, f"ckpt={dcgan}", "what=landscape")
    assert "this one makes points, and only images are inverted" in refused(train, f"ckpt={gan}", "what=invert")
    assert "what.samples=49: so few images" in refused(train, f"ckpt={dcgan}", "what=modes", "what.samples=49")
    small = ["data.count=300", "model.net.generator_hidden=[8]", "model.net.discriminator_hidden=[8]"]
    moons = untrained.saved(composed("model=gan", "data=toy2d", "data.name=moons", *small), tmp_path / "moons")
    assert "Type: what=landscape, which shows them" in refused(train, f"ckpt={moons}", "what=modes")
    vae = untrained.saved(composed("model=vae", "data=digits"), tmp_path / "vae")
    assert "VAE has no generate\n    Models that have: " in refused(train, f"ckpt={vae}", "what=invert")
    assert "judge" in refused(train, f"ckpt={vae}", "what=landscape")
    assert not any((run / "analyze").exists() for run in (gan, dcgan, moons, vae))


def test_a_game_needs_no_run_and_lies_among_them(train, tmp_path):
    train("what=game", f"paths.runs={tmp_path}/runs", *QUICK[:1], *QUICK[3:], command="analyze")
    (folder,) = (tmp_path / "runs" / "analyze").iterdir()
    assert {path.name for path in folder.iterdir()} == {"game.csv", "game.png", "summary.json"}
    assert len(table(folder / "game.csv")) == 56
    assert list(runs_in(tmp_path / "runs")) == []  # for doctor.py it is no run
    assert "ckpt" not in json.loads((folder / "summary.json").read_text())


def test_output_is_where_it_is_told_to_be(gan, train, tmp_path):
    train(f"ckpt={gan}", "what=equilibrium", *QUICK, f"output={tmp_path}/there", command="analyze")
    assert (tmp_path / "there" / "equilibrium.png").is_file()
    assert not (gan / "analyze").exists()


def test_only_a_check_writes_nothing(gan, train):
    train(f"ckpt={gan}", "what=gradients", *QUICK, "check_only=true", command="analyze")
    assert not (gan / "analyze").exists()


def test_what_is_missing_misspelt_or_too_much_is_refused_with_what_to_type(gan, train):
    assert refused(train) == f"what: is missing\n    Type: what={'|'.join(Conf().options('what'))}"
    said = refused(train, "what=equilibirum", f"ckpt={gan}")
    assert said.startswith("what=equilibirum: there is no what of that name\n    Did you mean what=equilibrium ?")
    assert "is missing" not in said
    assert "Type: ckpt=runs/<name>/latest" in refused(train, "what=equilibrium")
    assert "looks at no trained model\n    Leave it out." in refused(train, "what=game", f"ckpt={gan}")
    assert "Did you mean what.steps=3" in refused(train, "what=gradients", f"ckpt={gan}", "what.stpes=3")
    assert "does not exist" in refused(train, "what=equilibrium", f"ckpt={gan}/nowhere")
    assert "looks at one model, not at 2" in refused(train, "what=equilibrium", f"ckpt=[{gan},{gan}]")
    assert not (gan / "analyze").exists()


def test_a_pattern_that_gives_several_is_refused_where_one_is_looked_at(gan, train, tmp_path):
    (tmp_path / "gan-2").symlink_to(gan)
    copy = tmp_path / "gan-3"
    copy.mkdir()
    (copy / "checkpoints").mkdir()
    for path in (gan / "checkpoints").iterdir():
        (copy / "checkpoints" / path.name).write_bytes(path.read_bytes())
    assert "looks at one model, not at 2\n    Type: ckpt=" in refused(train, "what=gradients", f"ckpt={tmp_path}/gan*")


def test_a_model_that_lacks_what_is_needed_is_refused_with_those_that_have_it(train, composed, tmp_path):
    run = untrained.saved(composed("model=vae", "data=digits"), tmp_path / "vae")
    said = refused(train, f"ckpt={run}", "what=equilibrium")
    assert said.startswith("what=equilibrium: VAE has no discriminator, generator, real\n    Models that have: ")
    assert "dcgan, gan" in said
    assert not (run / "analyze").exists()


def test_the_models_that_are_named_are_those_that_have_players(composed):
    """By their source alone."""
    named = able_models((HasPlayers,))
    assert {"gan", "dcgan"} <= set(named)
    assert not {"vae", "aae", "pix2pix", "cyclegan", "factor_vae"} & set(named)
    assert members((HasPlayers,)) == {"generator", "discriminator", "real", "draw"}
    assert able_models(()) == sorted(Conf().options("model"))


def test_every_analysis_composes_with_a_model_and_shows_its_first_line_in_the_help(capsys):
    for name in Conf().options("what"):
        ckpt = [] if name == "game" else ["ckpt=x"]
        assert compose("analyze", [f"what={name}", *ckpt]).what._target_.startswith(f"genlab.analysis.{name}.")
    assert door.dispatch("analyze", ["--help"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"what=game +No model: two games", shown)
    assert "Keys of what" not in shown
    assert door.dispatch("analyze", ["--help", "what=gradients"]) == 0
    assert "what.every=20 " in capsys.readouterr().out


def test_an_analysis_of_ones_own_is_one_class_and_one_file(train, composed, tmp_path, monkeypatch):
    """It looks at two models, takes a picture for a tensor, leaves a further file and an empty cell."""
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "conf" / "what").mkdir(parents=True)
    text = "# Counts weights.\n_target_: mine.Weights\ntimes: 2\n"
    (tmp_path / "conf" / "what" / "weights.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    runs = [untrained.saved(composed(f"model={m}", "data=digits"), tmp_path / "runs" / m) for m in ("ae", "vae")]
    typed = ["what=weights", "trust=[mine]", *QUICK[3:], f"paths.runs={tmp_path}/runs"]
    argument = f"ckpt=[{runs[0]},{runs[1]}]"
    assert door.run("analyze", [argument, *typed], None, tmp_path / "conf") == 0
    (folder,) = (tmp_path / "runs" / "analyze").iterdir()
    rows = table(folder / "weights.csv")
    assert [(row["name"], row["note"]) for row in rows] == [("ae", ""), ("vae", "")]
    assert (folder / "more.txt").read_bytes() == b"more"
    assert Image.open(folder / "weights.png").size == (6, 4)
    summary = json.loads((folder / "summary.json").read_text())
    assert [model["ckpt"].split("/")[-3] for model in summary["models"]] == ["ae", "vae"]
    assert summary["metrics"] == {"models": 2.0}
