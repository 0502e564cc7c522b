"""What is computed once: over calls, over kills, over seeds. And that the numbers are those of an undisturbed evaluation."""

import json

import pytest
import torch

import untrained
from genlab.apps.command import main as door
from genlab.apps.evaluate.kept import code_digest, folder_for
from genlab.config.compose import compose
from genlab.metrics.extractors.extractor import Extractor
from genlab.models.base.tf32 import tf32
from genlab.runs.load import load_run
from measuring import Counted

import photographs

VAE = ["model=vae", "data=digits", "model.latent_dim=3", "data.batch_size=40"]
OPTIONS = ["metrics.extractor=random", "metrics.test_samples=600", "device=cpu"]
OPTIONS += ["metrics.bootstrap=0", "metrics.floor=false", "metrics.neighbours=null", "metrics.mind=null"]
BATCHES, CHUNKS = 5, 3  # of 180 test images, and of the samples
ONCE = sorted(
    ["evaluation_terms", "reconstruct"] * BATCHES + ["sample"] * CHUNKS + ["reconstruct", "sample"]
)  # and a few to show


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """An untrained VAE."""
    return untrained.saved(compose("train", VAE), tmp_path_factory.mktemp("runs") / "vae")


@pytest.fixture
def evaluated(run, cache, tmp_path, monkeypatch):
    """``evaluated("seeds=3")``: the summary and the forward passes; extractors and real features are at hand."""
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    number = iter(range(100))

    def measure(*more, ckpt=run, **options):
        output = tmp_path / f"out{next(number)}"
        with Counted(**options) as counted:
            assert door.run("evaluate", [f"ckpt={ckpt}", *OPTIONS, f"output={output}", *more]) == 0
        return json.loads((output / "summary.json").read_text()), counted.passes

    return measure


def test_a_second_call_computes_nothing_again_and_says_the_same(evaluated, tmp_path):
    first, passes = evaluated()
    assert sorted(passes) == ONCE
    second, passes = evaluated()
    assert passes == []
    assert second == first
    without, passes = evaluated("metrics.kid=null")
    assert passes == []
    assert without["metrics"].items() < first["metrics"].items()
    afresh, passes = evaluated("keep=false")
    assert sorted(passes) == ONCE
    assert afresh == first
    more, passes = evaluated("metrics.test_samples=850")
    assert passes == ["sample"] * 2  # chunks of 250 are there, one of 100 is not
    val, passes = evaluated("split=val")
    assert "sample" not in passes


class Killed(BaseException):
    """Nobody takes it for an error of theirs."""


def test_whenever_it_is_interrupted_one_batch_at_most_is_computed_again(evaluated, tmp_path):
    whole, _ = evaluated("keep=false")

    def interrupt():
        raise Killed

    done = 0
    for strike in (1, 4, 1, 3, 1):  # of what is left each time
        with Counted(strike, interrupt) as counted, pytest.raises(Killed):
            door.run("evaluate", [f"ckpt={whole['ckpt']}", *OPTIONS, f"output={tmp_path}/never"])
        done += len(counted.passes) - 1
    assert not (tmp_path / "never").exists()
    found, passes = evaluated()
    assert done + len(passes) == len(ONCE)
    assert found == whole


def test_a_kill_in_the_middle_of_a_pass_costs_that_pass_alone(run, evaluated, trainings, tmp_path):
    """A real process, killed after a forward pass and before it is kept."""
    log, output = tmp_path / "passes.txt", tmp_path / "said.txt"
    arguments = [f"ckpt={run}", *OPTIONS, f"output={tmp_path}/never"]
    place = {"folder": tmp_path, "output": output, "GENLAB_CACHE": str(tmp_path / "cache")}
    assert trainings.start("measuring:evaluate", str(log), 8, arguments, **place).wait(60) == -9, output.read_text()
    before = log.read_text().split()
    assert len(before) == 8
    found, passes = evaluated()
    assert sorted(before[:-1] + passes) == ONCE
    assert found == evaluated("keep=false")[0]


def test_over_seeds_only_what_draws_noise_is_computed_again(evaluated):
    first, _ = evaluated("keep=false")
    several, passes = evaluated("seeds=3")
    assert sorted(passes) == sorted([*ONCE, *(["evaluation_terms"] * BATCHES + ["sample"] * CHUNKS) * 2])
    drawn = {f"test/{name}" for name in ("fid_random_600_vs_180", "kid_random_600_vs_180", "elbo", "loss", "recon")}
    drawn |= {f"test/{name}" for name in ("mutual_information", "total_correlation", "dimension_wise_kl")}
    assert several["spread"].keys() == drawn  # neither mse, psnr, ssim nor the KL, which has a closed form
    assert {name: several["by_seed"][0][name] for name in drawn} == {name: first["metrics"][name] for name in drawn}
    for name in first["metrics"].keys() - drawn:
        assert several["metrics"][name] == first["metrics"][name]
    again, passes = evaluated("seeds=3")
    assert (again, passes) == (several, [])
    unkept, passes = evaluated("seeds=3", "keep=false")
    assert unkept == several
    assert passes.count("reconstruct") == BATCHES + 1


@pytest.mark.parametrize("dropout", [True, False])
def test_translations_are_made_once_over_seeds_unless_they_have_dropout(dropout, evaluated, folders, tmp_path):
    net = ["model/generator=resnet_6", "model.generator.dropout=true", "model.generator.blocks=1"]
    chosen = ["model=pix2pix", *net, *photographs.NARROW, "data=paired_folders", *photographs.CUT, "data.batch_size=2"]
    cfg = compose("train", [*chosen, f"data.path={folders['paired_folders']}", f"model.inference_dropout={dropout}"])
    ckpt = untrained.saved(cfg, tmp_path / "pix2pix")
    found, passes = evaluated("seeds=2", ckpt=ckpt)
    assert passes == ["translate"] * (6 if dropout else 3)
    assert ("test/psnr" in found["spread"]) == dropout
    assert any(name.startswith("test/fid") for name in found["spread"]) == dropout
    again, passes = evaluated("seeds=2", ckpt=ckpt)
    assert (again, passes) == (found, [])


def test_the_key_has_weights_configuration_and_code(run, tmp_path):
    loaded, place = load_run(run), torch.device("cpu")
    before = folder_for(loaded, None, tmp_path, place, [])
    assert before == folder_for(load_run(run), None, tmp_path, place, [])
    assert before != folder_for(loaded, (8, 8), tmp_path, place, [])
    with torch.no_grad():
        next(loaded.model.parameters()).view(-1)[0] += 1
    assert folder_for(loaded, None, tmp_path, place, []) != before
    loaded = load_run(run)
    loaded.config.model.likelihood = "gaussian"
    assert folder_for(loaded, None, tmp_path, place, []) != before
    assert code_digest([loaded.model, 3]) == code_digest([])
    assert code_digest([loaded.model, Own()]) != code_digest([loaded.model])


def test_no_feature_is_computed_in_tf32(evaluated, monkeypatch):
    """Those of real images are computed before the test begins, which is when Lightning's hooks switch it off."""
    seen, forward = set(), Extractor.forward
    monkeypatch.setattr(Extractor, "forward", lambda self, x: seen.add(tf32()) or forward(self, x))
    evaluated("performance.tf32=true", "keep=false", "split=val")
    assert seen == {(False, False)}


class Own(torch.nn.Module):
    """A network of a file outside of genlab."""
