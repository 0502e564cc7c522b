"""Values that are fine each, and do not fit together; and code that nobody has trusted."""

import pytest
import torch
from hydra import compose as hydra_compose
from omegaconf import OmegaConf

from genlab.analysis.base import judging
from genlab.config import game_compatibility, gradients_compatibility
from genlab.config.build import build
from genlab.config.compose import compose
from genlab.config.files import Conf, conf_dir
from genlab.config.game_compatibility import PENALTIES
from genlab.config.hints import Hints
from genlab.config.root_schema import READING_DATA
from genlab.config.rules import RULES, crossed
from genlab.config.session import compose_alone, own_hydra
from genlab.config.words import in_words
from genlab.contracts import ConfigError
from genlab.losses import adversarial
from genlab.metrics import generator_gradients


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """A folder of YAML files with a set of pairs, whose class is in a package of the user's own."""
    package = tmp_path / "mysets"
    package.mkdir()
    (package / "__init__.py").write_text(
        "class Maps:\n    kind: str = 'pairs'\n    def __init__(self, side: int): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "conf"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "mypairs.yaml").write_text("_target_: mysets.Maps\nside: 256\n")
    return folder


def refused(overrides, conf=None):
    with pytest.raises(ConfigError) as caught:
        compose("train", overrides, conf)
    return str(caught.value)


def test_a_model_refuses_a_set_of_another_kind_and_names_those_that_fit(conf):
    said = refused(["model=vae", "data=mypairs", "trust=[mysets]"], conf)
    assert "model=vae takes images, but data=mypairs has pairs" in said
    sets = said.partition("Fitting sets: ")[2].partition("\n")[0].split(", ")
    assert {"data=digits", "data=mnist", "data=folder", "data=shapes"} <= set(sets)
    assert not {"data=mypairs", "data=toy2d"} & set(sets)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["model=dcgan", "data=toy2d"], "model=dcgan takes images (model.net is DCGAN), but data=toy2d has points"),
        (["model=vae", "data=toy2d"], "model=vae takes images, but data=toy2d has points"),
        (["model=gan", "model/gan_net@model.net=dcgan", "data=toy2d"], "model=gan takes images (model.net is DCGAN)"),
    ],
)
def test_points_are_refused_by_models_and_networks_of_images(overrides, words):
    said = refused(overrides)
    assert words in said
    assert "data=digits" in said.partition("Fitting sets: ")[2].partition("\n")[0]
    models = said.partition("Fitting models: ")[2].split(", ")
    assert "model=gan" in models
    assert not {"model=dcgan", "model=vae", "model=beta_vae", "model=ae"} & set(models)


@pytest.mark.parametrize("data", ["toy2d", "digits"])
def test_a_network_of_points_makes_a_model_of_points(data):
    for model in (["model=gan"], ["model=dcgan", "model/gan_net@model.net=mlp"]):
        compose("train", [*model, f"data={data}"])


@pytest.mark.parametrize("name", ["model/dcgan", "model/cyclegan", "data/facades", "callbacks/trace"])
def test_a_file_composed_alone_is_what_it_is_in_a_configuration(name):
    group, _, option = name.partition("/")
    with own_hydra(Conf()):
        whole = OmegaConf.to_container(hydra_compose("train", [f"{group}={option}"])[group])
    own = {key: value for key, value in whole.items() if group != "data" or key not in READING_DATA}
    assert compose_alone(Conf(), name, "model/vae")[name] == own


def test_a_users_package_is_checked_like_ours_once_it_is_trusted(conf):
    with pytest.raises(
        ConfigError, match=r"mysets.Maps is code that is not trusted \(in .*mypairs.yaml\)\n.*trust=\[mysets\]"
    ):
        compose("train", ["data=mypairs"], conf)
    with pytest.raises(ConfigError, match="Did you mean data.side=3"):
        compose("train", ["data=mypairs", "trust=[mysets]", "data.sied=3"], conf)
    with pytest.raises(ConfigError, match="data.side=wide: must be a whole number"):
        compose("train", ["data=mypairs", "trust=[mysets]", "data.side=wide"], conf)


def test_choices_are_the_files_of_the_folder(conf):
    both = Conf((conf, conf_dir()))
    assert {"mypairs", "digits"} <= set(both.options("data"))
    assert both.groups["data"] == both.options("data")
    assert "mypairs" not in Conf().options("data")


@pytest.mark.parametrize(
    "node",
    [
        {"_target_": "os.system", "command": "true"},
        {"_target_": "torch.nn.Sequential", "a": {"_target_": "os.system", "command": "true"}},
        {"_target_": "torch.nn.ModuleList", "modules": [{"_target_": "os.system", "command": "true"}]},
        {"_target_": "torch.hub.load"},
        {"_target_": "genlabx.models.VAE"},
    ],
)
def test_code_that_is_not_trusted_is_not_run_however_deep(node):
    with pytest.raises(ConfigError, match="not trusted"):
        build(OmegaConf.create(node), [])


def test_code_in_a_list_is_found_before_anything_runs():
    override = "+callbacks.x={_target_:torch.nn.ModuleList,modules:[{_target_:os.system,command:ls}]}"
    with pytest.raises(ConfigError, match=r"callbacks.x.modules\[0\]._target_: os.system is code that is not trusted"):
        compose("train", [override])


def test_what_is_injected_arrives_as_it_is():
    marker = object()
    made = build(OmegaConf.create({"_target_": "genlab.contracts.Problem", "where": "here"}), [], what=marker)
    assert made.what is marker


def test_whole_numbers_reach_an_optimiser_as_the_floats_that_it_wants():
    weight = torch.nn.Parameter(torch.zeros(1))
    factory = build(compose("train", ["model=vae", "model.optimizer.betas=[0,0.9]"]).model.optimizer, [])
    assert [(beta, type(beta)) for beta in factory([weight]).defaults["betas"]] == [(0.0, float), (0.9, float)]


def test_a_cut_must_fit_into_what_it_is_cut_from():
    with pytest.raises(
        ConfigError, match=r"a cut of 512 pixels does not fit.*\n.*data.load_size=572 or data.crop_size=286"
    ):
        compose("prepare", ["data=horse2zebra", "data.crop_size=512"])
    compose("prepare", ["data=horse2zebra", "data.crop_size=512", "data.preprocess=crop"])


FITTING = {  # every rule has something to look at, and nothing to say
    "trainer": {"max_epochs": 10, "max_steps": -1, "precision": "32-true", "gradient_clip_val": None},
    "model": {
        "schedule": {"warmup": 0, "epochs": 10},
        "generator": {"num_downs": 2},
        "discriminator": {"layers": 3, "norm": "instance"},
        "step": {"compile": None},
        "loss": "hinge",
        "lambda_gp": 0.0,
    },
    "data": {"preprocess": "resize_and_crop", "load_size": 286, "crop_size": 256, "channels": None, "range": None},
    "run_id": None,
    **{"ckpt": "runs/x", "a": None, "b": None, "size": None},
    "slurm": {"time": "1:00:00", "signal": 120},
}
SMOOTH = {"model.label_smoothing": 0.1}
LARGE = {"model.net._target_": "genlab.nets.dcgan.DCGAN", "model.net.width": 64}
PENALISED = {"model.lambda_gp": 1.0}
COMPILED, OF_BATCHES = {"model.step.compile": "default"}, {"model.discriminator.norm": "batch"}
SCALED, CLIPPED = {"trainer.precision": "16-mixed"}, {"trainer.gradient_clip_val": 1.0}
ON_CPU, DOUBLE = {"trainer.accelerator": "cpu"}, {"trainer.precision": "64-true"}
CRITIC = {"model.loss": "wasserstein"}
VAE, LABELLED = {"model._target_": "genlab.models.vae.VAE"}, {"model._target_": "leaves.OfClasses"}
TC = {"model.objective._target_": "genlab.models.objectives.tc.TotalCorrelation"}
FACTOR_VAE = {"model._target_": "genlab.models.factor_vae.FactorVAE"}
DIGITS, SHAPES, POINTS = (
    {"data._target_": f"genlab.data.sets.{name}"} for name in ("digits.Digits", "shapes.Shapes", "toy2d.Toy2D")
)
BERNOULLI = {"model.likelihood": "bernoulli", "model.sigma": "learned", "choices.model": "vae"}
BERNOULLI |= {"model.output_activation": "linear"}
LEVELS = {"model.likelihood": "discretized_logistic", "model.sigma": 1.0}
IMPORTANCE = "genlab.callbacks.evaluators.likelihood.ImportanceSampled"
MEASURED = {"metrics.nll": 5, "metrics.likelihood._target_": IMPORTANCE}
NOTED = {"callbacks.norms._target_": "genlab.callbacks.gradients.Gradients", "model.latent_dim": 2}
MAPPED = {"callbacks.film._target_": "genlab.callbacks.latent_map.LatentMap"}
GAN, MINE = ({"model._target_": name} for name in ("genlab.models.gan.GAN", "mine.Model"))
FILMED = {"callbacks.film._target_": "genlab.callbacks.landscape.Landscape"}
# by rule: what it refuses, and what lies just beside that
FOLDERS = {"ckpt": None, "a": "made", "b": "real"}
GAME, LOOK = ({"what": {"_target_": f"genlab.analysis.{name}"}} for name in ("game.Game", "gradients.Gradients"))
BESIDE = {
    "one_subject": (
        [{"ckpt": None}, {"a": "made"}, {"a": "made", "b": "real"}, {"ckpt": None, "b": "real"}]
        + [{"size": 64}, {"data.range": 255}, FOLDERS | {"data.range": "set"}],
        [FOLDERS, FOLDERS | {"size": 64, "data.range": 255, "data.channels": 1}],
    ),
    "analysis_has_its_subject": (
        [GAME, LOOK | FOLDERS, LOOK | {"ckpt": []}, LOOK | {"ckpt": ["x"]}],
        [GAME | FOLDERS, LOOK, {"what": "sample"}],
    ),
    "model_takes_data": ([VAE | POINTS], [VAE | DIGITS, VAE, POINTS]),
    "model_finds_labels": ([LABELLED | SHAPES], [LABELLED | DIGITS, LABELLED, VAE | SHAPES]),
    "training_ends": (
        [{"trainer.max_epochs": -1}],
        [{"trainer.max_epochs": -1, "trainer.max_steps": 0}, {"trainer.max_epochs": 1}, {"trainer": None}],
    ),
    "warmup_fits": ([{"model.schedule.warmup": 10}], [{"model.schedule.warmup": 9.5}, {"model.schedule": {}}]),
    "cut_fits_networks": (
        [
            {"data.crop_size": 254},
            {"data.crop_size": 20},
            {"data.load_size": 252},
            {"data.load_size": 252, "data.preprocess": "scale_width_and_crop"},
        ],
        [
            {"data.crop_size": 252},
            {"data.crop_size": 24},
            {"data.crop_size": 254, "data.preprocess": "none"},
            {"data.load_size": 256},
            {"data.load_size": 252, "data.preprocess": "crop"},
        ],
    ),
    "run_id_is_free": ([{"run_id": "latest"}], [{"run_id": "latest2"}, {"name": "latest"}]),
    "precision_fits_device": (
        [SCALED | ON_CPU, ON_CPU | {"trainer.precision": 16}, DOUBLE | {"trainer.accelerator": "mps"}],
        [SCALED, SCALED | {"trainer.accelerator": "gpu"}, ON_CPU, ON_CPU | {"trainer.precision": "bf16-mixed"}]
        + [DOUBLE | ON_CPU, {"trainer.accelerator": "mps"}],
    ),
    "clipping_sees_true_gradients": (
        [SCALED | CLIPPED, CLIPPED | {"trainer.precision": 16}],
        [SCALED, CLIPPED, SCALED | {"trainer.gradient_clip_val": 0}, CLIPPED | {"trainer.precision": "bf16-mixed"}],
    ),
    "weights_stay_precise": (
        [{"trainer.precision": name} for name in ("16-true", "bf16-true", "transformer-engine")],
        [{"trainer.precision": name} for name in ("16-mixed", "bf16-mixed", "64-true", 16, 32)],
    ),
    "norms_stay_as_they_are": ([{"trainer.sync_batchnorm": True}], [{"trainer.sync_batchnorm": False}]),
    "batch_has_halves": (
        [FACTOR_VAE | {"data.batch_size": 1}, FACTOR_VAE | {"data.batch_size": 3}],
        [FACTOR_VAE | {"data.batch_size": 4}, FACTOR_VAE, VAE | {"data.batch_size": 1}],
    ),
    "batch_has_others": (
        [TC | {"data.batch_size": 1}, TC | {"data.batch_size": 7}],
        [TC | {"data.batch_size": 8}, TC, VAE | {"data.batch_size": 1}],
    ),
    "likelihood_fits": (
        [
            BERNOULLI | {"model.sigma": 0.1},
            BERNOULLI | {"model.output_activation": "sigmoid"},
            LEVELS | {"choices.model": "ae", "model.sigma": "learned", "model.output_activation": "linear"},
            BERNOULLI | {"model.logistic_mixtures": 2},
            LEVELS | {"data.binarize": "static"},
        ],
        [BERNOULLI, {"model.likelihood": "laplace", "model.sigma": 0.1, "model.output_activation": "sigmoid"}]
        + [LEVELS | {"model.logistic_mixtures": 2}, BERNOULLI | {"data.binarize": "static"}],
    ),
    "likelihood_is_measured": (
        [{"metrics.nll": 5}, FOLDERS | MEASURED],
        [{"metrics.nll": 0}, MEASURED, FOLDERS | {"metrics.nll": 0}],
    ),
    "critic_is_penalised": ([CRITIC], [CRITIC | {f"model.{key}": 1e-3} for key in PENALTIES]),
    "penalty_fits": (
        [{f"model.{key}": {"start": 1.0, "end": 0.0}} | OF_BATCHES for key in PENALTIES]
        + [PENALISED | {"model.net.discriminator_norm": "batch"}, PENALISED | COMPILED],
        [PENALISED, OF_BATCHES | COMPILED, PENALISED | {"model.generator.norm": "batch"}],
    ),
    "smoothing_has_target": (
        [SMOOTH, SMOOTH | CRITIC | PENALISED, SMOOTH | {"model.loss": "relativistic"}],
        [SMOOTH | {"model.loss": "non_saturating"}, SMOOTH | {"model.loss": "least_squares"}],
    ),
    "packs_fill_batches": (
        [{"model.pack": 3, "data.batch_size": 64}, {"model.pack": 4, "data.batch_size": 2}],
        [{"model.pack": 4, "data.batch_size": 64}, {"model.pack": 1, "data.batch_size": 7}],
    ),
    "channels_end": (
        [LARGE | {"data.image_size": 4096}, LARGE | {"data.image_size": 2048, "model.net.width": 128}],
        [LARGE | {"data.image_size": 1024}, LARGE | {"data.image_size": 4096, "model.net.width": 16}, LARGE],
    ),
    "augmentation_is_of_images": (
        [{"model.augment": ["color"]} | POINTS],
        [{"model.augment": ["color"]} | DIGITS, {"model.augment": []} | POINTS],
    ),
    "landscape_is_of_points": (
        [FILMED | DIGITS, FILMED | SHAPES],
        [FILMED | POINTS, FILMED, DIGITS | {"callbacks.film._target_": "genlab.callbacks.trace.Trace"}],
    ),
    "gradients_are_of_log_odds": (
        [NOTED, NOTED | {"model.loss": "relativistic"}, NOTED | {"model.loss": None}]
        + [{"callbacks.norms._target_": "genlab.callbacks.gradients.Gradients", "model.loss": "saturating"}],
        [NOTED | {"model.loss": "saturating"}, NOTED | {"model.loss": "non_saturating"}, {"model.latent_dim": 2}],
    ),
    "codes_are_of_encoders": (
        [MAPPED | GAN, MAPPED | {"model._target_": "genlab.models.restoration.Restoration"}],
        [MAPPED | VAE, MAPPED | {"model._target_": "genlab.models.pca.PCA"}, MAPPED | MINE, GAN],
    ),
    "slurm_time_fits": (
        [{"slurm.time": "2h"}, {"slurm.time": 7200}, {"slurm.time": "3:00"}, {"slurm.signal": 3540}],
        [{"slurm.time": "3:01"}, {"slurm.time": "unlimited"}, {"slurm": None}],
    ),
}


def told_of(changes):
    """What all rules say of a configuration in which only ``changes`` may not fit."""
    cfg = OmegaConf.create(FITTING)
    for key, value in changes.items():
        OmegaConf.update(cfg, key, value, merge=False)
    return in_words(crossed(OmegaConf.to_container(cfg)), Hints())


def test_every_rule_has_a_case_here():
    assert {rule.__name__ for rule in RULES} == set(BESIDE)


@pytest.mark.parametrize("rule", BESIDE)
def test_a_rule_refuses_its_case_with_a_remedy_and_nothing_beside_it(rule):
    cases, beside = BESIDE[rule]
    assert [[bool(problem.remedy) for problem in told_of(changes)] for changes in cases] == [[True]] * len(cases)
    assert [told_of(changes) for changes in beside] == [[]] * len(beside)


def test_the_losses_that_have_a_target_are_those_that_can_smooth_it():
    assert game_compatibility.SMOOTHED == adversarial.SMOOTHED


def test_the_losses_whose_d_gives_log_odds_are_those_whose_gradients_are_compared():
    assert set(gradients_compatibility.LOG_ODDS) == set(generator_gradients.LOSSES) == set(judging.PROBABLE)


def test_rules_are_asked_when_all_else_is_right():
    with pytest.raises(ConfigError, match=r"cannot be clipped by their true size\n.*trainer.precision=bf16-mixed"):
        compose("train", ["trainer.precision=16-mixed", "trainer.gradient_clip_val=1"])


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["model=vae", "model.sigma=0.1"], ["model.sigma=0.1: bernoulli pixels have no sigma", "model.sigma=learned"]),
        (["model=beta_vae", "model.sigma=0.1"], ["bernoulli pixels have no sigma"]),
        (
            ["model=vae", "model.output_activation=sigmoid"],
            ["model.output_activation=sigmoid: bernoulli pixels have no means to choose", "output_activation=linear"],
        ),
        (["model=aae", "model.likelihood=bernoulli", "model.sigma=learned"], ["have no sigma", "model.sigma=1.0"]),
        (
            ["model=ae", "model.sigma=0.1", "model.likelihood=continuous_bernoulli"],
            ["have no sigma", "model.sigma=1.0"],
        ),
        (
            ["model=vae", "model.logistic_mixtures=3"],
            ["model.logistic_mixtures=3: bernoulli pixels are no mixture", "discretized_logistic"],
        ),
        (
            ["model=vae", "model.likelihood=discretized_logistic", "data.binarize=dynamic"],
            ["is a likelihood of 256 grey levels, and data.binarize=dynamic leaves two", "model.likelihood=bernoulli"],
        ),
        (["model=vae", "data.binarize=random"], ["data.binarize", "'dynamic', 'static' or 'threshold'"]),
        (["model=vae", "model.logistic_mixtures=0"], ["model.logistic_mixtures", "at least 1"]),
    ],
)
def test_a_likelihood_is_not_given_what_it_does_not_have(overrides, words):
    said = refused(overrides)
    assert [word for word in words if word not in said] == []
