"""A run on two speakers whose folders lie elsewhere now: measured again with ``data.a=`` and ``data.b=``, to the last digit."""

import json
import shutil

import pytest

from genlab.apps.command import main as door
from genlab.contracts import GenlabError

from vowels import two_speakers

pytest.importorskip("soundfile", reason="the extra speech is not installed")
pytest.importorskip("soxr", reason="the extra speech is not installed")

NETS = ["model.generator.blocks=1", "model.generator.width=2", "model.discriminator.width=2"]
NETS += ["data.n_mels=32", "data.frames=32", "data.f_max=4000", "metrics.extractor=random", "callbacks=none"]


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A run, and where its speakers were and are."""
    root = tmp_path_factory.mktemp("moved")
    two_speakers(root / "here", train=4, rest=2)
    places = [f"paths.runs={root}/runs", f"paths.cache={root}/cache", "run_id=a", "name=x"]
    own = [f"data.a={root}/here/a", f"data.b={root}/here/b", "trainer.max_epochs=1", "performance.threads=1"]
    assert door.run("train", ["model=cyclegan", "data=speech_folders", *own, *NETS, *places]) == 0
    (root / "there").mkdir()
    shutil.move(root / "here" / "a", root / "there" / "one")
    shutil.move(root / "here" / "b", root / "there" / "other")
    return root


@pytest.mark.parametrize(
    "typed, words",
    {
        "model/generator=unet_64 model.generator.width=2": r"model\.generator: .*multiples of 64(.|\n)*resnet_9",
        "data.n_mels=31 model.generator.width=2": r"data\.n_mels=31: .*multiples of 4, (.|\n)*Type: data\.n_mels=32",
        "data.frames=8 model.generator.width=2": r"data\.frames=8: .*Type: data\.frames=24",
    }.items(),
)
def test_networks_that_do_not_take_whole_sounds_are_refused(tmp_path, typed, words):
    places = [f"data.{side}={folder}" for side, folder in two_speakers(tmp_path, train=4, rest=2).items()]
    places += [f"paths.runs={tmp_path}/runs", f"paths.cache={tmp_path}/cache"]
    with pytest.raises(GenlabError, match=f"(?s){words}") as caught:
        door.run("train", ["model=cyclegan", "data=speech_folders", "data.f_max=4000", *places, *typed.split()])
    assert caught.value.exit_code == 2 and not (tmp_path / "runs").exists()


def evaluate(root, *typed):
    """Measure again; gives the summary."""
    common = [f"ckpt={root}/runs/x/a", f"paths.cache={root}/cache", f"output={root}/out", "metrics.extractor=random"]
    assert door.run("evaluate", [*common, "metrics=default", *typed]) == 0
    return json.loads((root / "out" / "summary.json").read_text())


def test_the_folders_are_named_and_the_numbers_are_those_of_the_training(moved):
    with pytest.raises(GenlabError, match=r"here/a: there is no such folder. Type: data\.a=DIR"):
        evaluate(moved)
    again = evaluate(moved, f"data.a={moved}/there/one", f"data.b={moved}/there/other")["metrics"]
    summary = json.loads((moved / "runs" / "x" / "a" / "summary.json").read_text())
    assert again == {name: value for name, value in summary["metrics"].items() if name.startswith("test/")}
    assert {"test/mel_mcd_AtoB", "test/speaker_accuracy", "test/log_f0_mean_b", "test/gv_ratio_BtoA"} <= set(again)
    assert "val/mel_mcd_mean" in summary["metrics"]
    assert (moved / "runs" / "x" / "a" / "tables" / "speech.csv").is_file()


def test_other_sounds_and_other_keys_are_refused(moved):
    swapped = f"data.a={moved}/there/other", f"data.b={moved}/there/one"
    with pytest.raises(GenlabError, match=r"not those that .* was trained on. Give .*: data\.a=DIR data\.b=DIR"):
        evaluate(moved, *swapped)
    with pytest.raises(GenlabError, match=r"lies in data\.a and data\.b\n.*Type: data\.a=DIR data\.b=DIR"):
        evaluate(moved, f"data.path={moved}/there")
    with pytest.raises(GenlabError, match=r"data\.a: the folders are a= and b="):
        door.run("evaluate", [f"a={moved}", f"b={moved}", f"data.a={moved}/there/one"])


def test_a_run_goes_on_with_its_speakers_elsewhere(moved, capsys):
    typed = [
        f"resume={moved}/runs/x/a",
        "trainer.max_epochs=2",
        f"data.a={moved}/there/one",
        f"data.b={moved}/there/other",
    ]
    assert door.run("train", typed) == 0
    assert f"data.a={moved}/there/one (was {moved}/here/a)" in capsys.readouterr().err
