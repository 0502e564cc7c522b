"""Every mistake that people make: exit code 2, the remedy in the message, nothing half-made, torch not imported."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from genlab.config.compose import compose
from genlab.contracts import ConfigError

REPO = Path(__file__).resolve().parents[2]

# what is typed, and the words that must be in the message
MISTAKES = {
    "model=vea": ["model=vea", "Did you mean model=vae", "dcgan"],
    "model.latent_dmi=3": ["model.latent_dmi", "Did you mean model.latent_dim=3"],
    "+model.foo=1": ["model.foo", "there is no such key", "latent_dim"],
    "+model.latent_dmi=3": ["Did you mean model.latent_dim=3"],
    "model.latent_dim=-1": ["model.latent_dim=-1", "at least 1"],
    "model.latent_dim=abc": ["model.latent_dim=abc", "whole number"],
    "model.latent_dim=2.5": ["whole number"],
    "model.latent_dim=null": ["null", "whole number"],
    "model.optimizer.lr=-0.1": ["model.optimizer.lr=-0.1", "greater than 0"],
    "model.optimizer.learning_rate=1": ["there is no such key"],
    "model.optimizer.betas=[0.9,1.0]": ["less than 1"],
    "model.likelihood=poisson": [
        "'bernoulli', 'continuous_bernoulli', 'gaussian', 'laplace' or 'discretized_logistic'"
    ],
    "trainer.max_epochs=ten": ["trainer.max_epochs=ten", "whole number"],
    "trainer.max_epochs=1e3": ["whole number"],
    "trainer.max_epoch=3": ["Did you mean trainer.max_epochs=3"],
    "trainer.precision=8": ["trainer.precision=8", "16-mixed"],
    "trainer.precision=16-mixed": ["on a GPU only", "Type: trainer.precision=bf16-mixed, or 32-true"],
    "trainer.precision=bf16-true": ["rounds weights and pixels", "Type: trainer.precision=bf16-mixed"],
    "trainer.precision=64-true": ["mps has no float64", "trainer.precision=32-true"],
    "seed=x": ["seed=x", "whole number"],
    "seed=010": ["whole number"],
    "modle=vae": ["Did you mean model=vae"],
    "latent_dim=3": ["Did you mean model.latent_dim=3"],
    "data=mnits": ["Did you mean data=mnist"],
    **dict.fromkeys(
        ("data=folder", "data=unpaired_folders", "data=paired_image"),
        ["data.path", "must be given", "data.path=…"],
    ),
    "model.augment=[colour,cutuot]": [
        "'color', 'translation' or 'cutout'",
        "Did you mean model.augment=[color,cutout]",
    ],
    "model.augment=color": ["must be a list", "Type: model.augment=[color]"],
    "model.loss=lsgan": ["model.loss=lsgan", "'least_squares', 'hinge', 'wasserstein' or 'relativistic'"],
    "model.d_steps=0": ["model.d_steps=0", "at least 1"],
    "model.pack=3": ["packs of 3 do not divide a batch of 32", "Type: data.batch_size=30 or model.pack=1"],
    "model.top_k=0": ["model.top_k=0", "must be greater than 0"],
    "model.top_k=50": ["model.top_k=50", "must be at most 1"],
    "data.batch_size=0": ["at least 1"],
    "data.on_device=maybe": ["'auto', or true or false"],
    "data.on_devise=true": ["Did you mean data.on_device=true"],
    "model/optimizer=adamm": ["Did you mean model/optimizer=adam"],
    "model._target_=os.system": ["os.system", "not trusted", "trust=[os]"],
    "name=a,b": ["several values", "-m name=a,b", """'name="a,b"'"""],
    "model.latent_dim=2,3": ["several values", "-m model.latent_dim=2,3"],
    "resume=epoch=1.ckpt": ["cannot be read", """'resume="epoch=1.ckpt"'"""],
    "vae": ["is no key=value", "--help"],
    "=3": ["is no key=value"],
    "model=null": ["cannot be empty", "Options: aae"],
    "model=": ["there is no model", "Options: aae"],
    "model=[vae,ae]": ["Choose one: model=vae"],
    "~model": ["model: is missing", "model=aae|"],
    "~model.optimizer": ["model.optimizer: is missing"],
    "~trainer.max_steps": ["trainer.max_steps: is missing"],
    "~model.foo": ["there is no such key", "latent_dim"],
    "+model.latent_dim=3": ["is there already", "Type: model.latent_dim=3"],
    "model.optimizer=sgd": ["Did you mean model/optimizer=sgd"],
    "model.net=3": ["is chosen, not set", "model/net=…", "conv"],
    "+model.seed=3": ["the code supplies it", "Type: seed=3"],
    "+model.spec=3": ["the code supplies it", "Leave it out"],
    "model.beta=inf": ["finite number"],
    "model.beta=nan": ["finite number"],
    "model.beta=true": ["must be a number"],
    "metrics.kid=maybe": ["has keys of its own", "metrics.kid=null"],
    "metrics.kdi=null": ["there is no such key", "~metrics.kid"],
    "metrics.val_samples=1": ["must be 0, or at least 2", "metrics.val_samples=2000"],
    "metrics.test_sample=5": ["Did you mean metrics.test_samples=5"],
    "metrics.fid.test_samples=1": ["must be 0, or at least 2"],
    "metrics.fid.against=tset": ["Did you mean metrics.fid.against=test"],
    "metrics.fid.measure=kid": ["is made by a _target_"],
    "metrics.extractor=incepton": ["Did you mean metrics.extractor=inception"],
    "metrics.fid.extractor=clasifier": ["Did you mean metrics.fid.extractor=classifier"],
    "metrics.fid.extractr=random": ["Did you mean metrics.fid.extractor=random"],
    "metrics.lpips.net=alexnet": ["must be 'alex', 'vgg' or 'squeeze'", "Did you mean metrics.lpips.net=alex"],
    "metrics.lpips.weights=3": ["must be a string"],
    "metrics=[default,lpip]": ["there is no metrics of that name", "lpips"],
    "lr=3": ["Did you mean model.optimizer.lr=3"],
    "data.path=x": ["path belongs to data=folder"],
    "run_id=2024": ["must be a string", """'run_id="2024"'"""],
    "run_id=latest": ["newest run"],
    "name=../x": ["letters, digits"],
    "'name=a b'": ["letters, digits"],
    "seed=4294967296": ["less than 4294967296"],
    "trust=3": ["trust=3", "must be a list"],
    "trust=os": ["must be a list"],
    "paths=3": ["group of keys", "paths.data=…"],
    "data.batch_size=${oops}": ["data.batch_size", "'oops' not found"],
    "trainer.devices=two": ["numbers of devices, such as 0,1"],
    "trainer.devices=0": ["at least 1"],
    "trainer.strategy=ddpp": ["'auto', 'ddp'"],
    "trainer.strategy=fsdp": ["fit a card whole", "2.5 GiB", "two players", "Type: trainer.strategy=ddp", "check_only"],
    "trainer.strategy=fsdp2": ["fit a card whole", "past our checkpoints", "trainer.strategy=ddp"],
    "trainer.strategy=model_parallel": ["fit a card whole", "trainer.strategy=ddp"],
    "trainer.strategy=deepspeed_stage_3": ["fit a card whole", "one optimiser", "trainer.strategy=ddp"],
    **dict.fromkeys(
        (f"trainer.max_time={typed}" for typed in ("banana", "8h", "8", "8.5", "true", "[0,8]", "{hours:x}")),
        ["days:hours:minutes:seconds, such as 00:08:00:00"],
    ),
    "trainer.max_time={hour:2}": ["'days', 'hours'"],
    "trainer.max_epochs=-1": ["never end", "trainer.max_steps=5000"],
    "experiment=nowhere": ["there is no experiment of that name", "vae_mnist"],
    "hydra/launcher=nowhere": ["there is no hydra/launcher of that name", "basic"],
    "choices.model=ae": ["says what was chosen"],
    "+typo=1": ["typo", "there is no such key"],
    "paths.rusn=x": ["Did you mean paths.runs=x"],
    "trainer.max_epochs=null": ["trainer.max_epochs"],
    "+callbacks.mine=3": ["callbacks.mine", "there is no _target_ beside it"],
    "model.schedule.warmup=10": ["warm-up", "do not fit"],
}


# what else is typed, where the mistake shows only beside it
WITH = {
    "trainer.precision=16-mixed": ["trainer.accelerator=cpu"],
    "trainer.precision=64-true": ["trainer.accelerator=mps"],
    "trainer.max_epochs=-1": ["model/schedule=constant"],
    "data=unpaired_folders": ["model=cyclegan"],
    "model.augment=[colour,cutuot]": ["model=cyclegan", "data=horse2zebra"],
    "model.augment=color": ["model=cyclegan", "data=horse2zebra"],
    "data=paired_image": ["model=pix2pix"],
    **dict.fromkeys(("model.loss=lsgan", "model.d_steps=0", "model.pack=3"), ["model=gan"]),
    **dict.fromkeys(("model.top_k=0", "model.top_k=50"), ["model=gan"]),
    "metrics.lpips.net=alexnet": ["metrics=[default,lpips]"],
    "metrics.lpips.weights=3": ["metrics=[default,lpips]"],
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_remedy(mistake):
    with pytest.raises(ConfigError) as caught:
        compose("train", [mistake.strip("'"), *WITH.get(mistake, [])])
    for words in MISTAKES[mistake]:
        assert words in str(caught.value), str(caught.value)


def test_a_choice_that_a_command_does_not_have_is_refused():
    with pytest.raises(ConfigError, match="this command has no model to choose"):
        compose("prepare", ["data=digits", "model=vae"])


def test_what_stands_in_for_a_misspelt_choice_is_not_complained_of():
    with pytest.raises(ConfigError) as caught:
        compose("train", ["model=pix2pixx", "data=maps"])
    assert [problem.where for problem in caught.value.problems] == ["model=pix2pixx"]


def test_a_value_that_cannot_be_read_was_given():
    with pytest.raises(ConfigError) as caught:
        compose("translate", ["ckpt=run", "input=said – twice.wav"])
    assert [problem.where for problem in caught.value.problems] == ["input=said – twice.wav"]


def test_all_mistakes_at_once_are_all_named():
    with pytest.raises(ConfigError) as caught:
        compose("train", ["model=vea", "model.latent_dim=-1", "trainer.max_epoch=3", "+data.foo=1"])
    for words in ("model=vae", "model.latent_dim=-1", "trainer.max_epochs=3", "data.foo"):
        assert words in str(caught.value)
    assert len(caught.value.problems) == 4


def test_all_mistakes_of_files_and_keys_are_all_named():
    typed = ["model=dcgan", "model/net=conv", "hydra/launcher=nowhere", "data=mnits", "model.d_steps.x=3", "lr=x"]
    with pytest.raises(ConfigError) as caught:
        compose("train", typed)
    wheres = {problem.where.partition("=")[0] for problem in caught.value.problems}
    assert wheres == {"model/net", "hydra/launcher", "data", "model.d_steps.x", "lr"}


def test_a_part_that_the_chosen_model_does_not_have_says_what_it_has():
    for overrides in (["model=dcgan", "model/net=conv"], ["model/net=conv", "model=dcgan"]):
        with pytest.raises(ConfigError, match=r"model/gan_net@model.net=… +Options: dcgan") as caught:
            compose("train", overrides)
        assert len(caught.value.problems) == 1


def test_a_mistake_that_is_borrowed_is_told_once_and_where_it_was_made():
    with pytest.raises(ConfigError) as caught:
        compose("train", ["trainer.max_epochs=ten"])  # model.schedule.epochs follows it
    assert [problem.where for problem in caught.value.problems] == ["trainer.max_epochs=ten"]


@pytest.fixture
def experiment(tmp_path):
    """Write an experiment into a folder of one's own, and compose with it."""

    def compose_with(text, *overrides):
        folder = tmp_path / "conf"
        (folder / "experiment").mkdir(parents=True)
        (folder / "experiment" / "mine.yaml").write_text(text)
        return compose("train", ["experiment=mine", *overrides], folder)

    return compose_with


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model: {latent_dmi: 3}", ["Did you mean model.latent_dim=3", "conf/experiment/mine.yaml)"]),
        ("trainer: {max_epoch: 3}", ["Did you mean trainer.max_epochs=3", "conf/experiment/mine.yaml)"]),
        ("modle: {beta: 3}", ["Did you mean model"]),
        ("model: {beta: heavy}", ["model.beta=heavy", "conf/experiment/mine.yaml)"]),
        ("defaults:\n  - override /model: vea", ["conf/experiment/mine.yaml", "Did you mean model=vae"]),
        ("model: {beta: [", ["conf/experiment/mine.yaml", "is no YAML"]),
        ("model: {beta: 1}\nmodel: {latent_dim: 2}", ["conf/experiment/mine.yaml", "duplicate key model"]),
    ],
)
def test_a_mistake_inside_an_experiment_file_is_found(text, words, experiment):
    with pytest.raises(ConfigError) as caught:
        experiment(f"# @package _global_\n{text}\n", "seed=x")
    for word in [*words, "seed=x"]:  # and what is wrong elsewhere is still told
        assert word in str(caught.value), str(caught.value)


def test_an_experiment_says_where_its_keys_belong(experiment):
    with pytest.raises(ConfigError, match="Begin the file with the line: # @package _global_"):
        experiment("model: {latent_dim: 3}\n")


def test_an_experiment_chooses_and_the_command_line_has_the_last_word(experiment):
    text = "# @package _global_\ndefaults:\n  - override /model: dcgan\nmodel: {latent_dim: 7}\nseed: 5\n"
    cfg = experiment(text, "model.latent_dim=9")
    assert (cfg.model._target_, cfg.model.latent_dim, cfg.seed) == ("genlab.models.gan.GAN", 9, 5)
    assert cfg.name == "dcgan-digits"


@pytest.mark.parametrize(
    "good",
    [
        ["trainer.deterministic=true"],
        ["model=dcgan", "model/optimizer=sgd"],
        ["model/net=conv", "model.net.width=8"],
        ["model.sigma=0.1", "model.likelihood=gaussian"],
        ["model.sigma=learned"],
        ["model=ae", "model.likelihood=bernoulli"],  # whose sigma is a number
        ["model.likelihood=discretized_logistic", "model.logistic_mixtures=5"],
        ["data.binarize=static", "model.likelihood=gaussian", "model.sigma=0.3"],
        ["trainer.devices=[0,1]"],
        ["trainer.devices=auto", "trainer.precision=bf16-mixed"],
        ["trainer.limit_train_batches=0.5"],
        ["trainer.limit_train_batches=7"],
        ["logger=tensorboard", "metrics=none"],
        ["tags=[a,b]", "notes='a, b = c'"],
        ["~callbacks.pictures"],
        ["+callbacks.stop={_target_:lightning.pytorch.callbacks.EarlyStopping,monitor:val/loss,patience:3}"],
        ["+callbacks.keep={_target_:lightning.pytorch.callbacks.ModelCheckpoint,dirpath:x}"],
        ["model.optimizer._target_=torch.optim.NAdam", "~model.optimizer.fused"],
        ["trainer.max_epochs=-1", "trainer.max_steps=50", "model=dcgan"],
        ["trainer.devices='0,1'"],
        ["trainer.max_time=00:08:00:00"],
    ],
)
def test_what_is_right_passes(good):
    compose("train", good)


# a command, and the words that must be in its message; {} is a folder with no.ckpt, an empty folder, one of cut pictures
REFUSED = {
    "train model=vea trainer.max_epoch=3": ["model=vae", "trainer.max_epochs=3"],
    "train model=dcgan data=toy2d": ["has points", "Fitting sets: ", "Fitting models: model=gan"],
    "train resume=/nowhere/at/all": ["does not exist", "resume=auto"],
    "train data=folder data.path={}/empty": ["no picture"],
    "train data=folder data.path={}/nowhere": ["no such folder"],
    "train data=folder data.path={}/bad": ["0.png", "data.on_error=skip"],
    "train init_from=/nowhere": ["init_from=/nowhere", "does not exist"],
    "evaluate ckpt={}/no.ckpt": ["is not a checkpoint", "ckpt=runs/"],
    "evaluate a={}/bad": ["Type also: b=DIR"],
    "evaluate a={}/nowhere b={}/bad": ["a=", "no such folder"],
    "evaluate a={}/bad b={}/empty": ["0.png", "data.on_error=skip"],
    "generate ckpt=/nowhere": ["does not exist"],
    "generate": ["ckpt", "must be given"],
    "translate ckpt={}/no.ckpt input={}/bad": ["is not a checkpoint"],
    "export ckpt=/nowhere": ["does not exist"],
    "demo ckpt={}/no.ckpt": ["is not a checkpoint"],
    "demo ckpt=/nowhere": ["does not exist"],
    "demo": ["ckpt", "must be given"],
    "demo ckpt=/nowhere port=70000": ["port=70000", "at most 65535"],
    "demo ckpt=/nowhere prot=80": ["Did you mean port=80"],
    "doctor": ["run", "must be given"],
    "doctor /nowhere": ["run=/nowhere: /nowhere does not exist"],
    "doctor {}/empty": ["there is no run in"],
    "prepare data=folder data.path={}/bad": ["0.png", "data.on_error=skip"],
    "report": ["runs", "must be given"],
    "report runs=/nowhere": ["runs=/nowhere: /nowhere does not exist", "runs=DIR"],
    "report {}/empty": ["there is no run in"],
    "report {}/empty port=-1": ["port=-1", "at least 0"],
}


@pytest.mark.parametrize("typed", REFUSED)
def test_commands_refuse_without_torch_and_leave_nothing(typed, tmp_path, commands):
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.ckpt").write_text("no checkpoint")
    (tmp_path / "bad").mkdir()
    for i in range(30):
        (tmp_path / "bad" / f"{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    before = sorted(path.name for path in tmp_path.iterdir())
    code, said = commands.answer(*typed.replace("{}", str(tmp_path)).split(), folder=tmp_path)
    assert code == 2, said
    assert "torch was imported" not in said
    assert "Traceback" not in said
    for words in REFUSED[typed]:
        assert words in said, said
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "cache") == before


COMMANDS = [
    "train",
    "submit",
    "sweep",
    "evaluate",
    "generate",
    "translate",
    "demo",
    "export",
    "prepare",
    "doctor",
    "report",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_configuration_do_not_import_torch(command, tmp_path, commands):
    for asked, words in ((["--help"], f"src/{command}.py"), (["--cfg", "job", "--resolve"], "paths:")):
        code, said = commands.answer(command, *asked, folder=tmp_path)
        assert code == 0
        assert words in said
        assert "torch was imported" not in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["model=vea"], 2)])
def test_a_door_imports_no_torch(arguments, code, tmp_path):
    """As a user starts it, with Python's own record of its imports."""
    command = [sys.executable, "-X", "importtime", str(REPO / "src" / "train.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == code
    assert "genlab.apps.command.main" in done.stderr
    assert not re.search(r"\| +torch$", done.stderr, re.MULTILINE)
    assert not list(tmp_path.iterdir())


def test_tab_completion_offers_the_models(tmp_path):
    environment = os.environ | {"COMP_LINE": "python src/train.py model=", "COMP_POINT": "26"}
    command = [sys.executable, str(REPO / "src" / "train.py"), "-sc", "query=bash"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60)
    assert {"model=vae", "model=dcgan"} <= set(done.stdout.split()), done.stderr
