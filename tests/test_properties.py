"""The same properties for every file in conf/model and conf/data: a new file is covered the moment it is there."""

import copy

import pytest
import torch

import standins
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.config.files import Conf
from genlab.config.kind_compatibility import attribute
from genlab.config.session import compose_alone
from genlab.config.signature import signature
from genlab.contracts import Decodes, Domains, Encodes, Images, Pairs, Points, Reconstructs, Samples, Translates
from genlab.data.store.module import StoreData
from genlab.models.base.code_mixture import has_unfitted
from genlab.models.base.labels import for_model
from genlab.nets.blocks import dead_biases
from genlab.runs.load import load

from photographs import CUT, SMALL
from stepping import move, play, stepping

# a small set that each model takes, and what makes it small
MODELS = {
    "ae": ["data=digits", "model.latent_dim=3"],
    "pca": ["data=digits", "model.latent_dim=3"],
    "logistic_pca": ["data=digits", "model.latent_dim=3"],
    "linear_ae": ["data=digits", "model.latent_dim=3"],
    "denoising_ae": ["data=digits", "model.latent_dim=3"],
    "dropout_ae": ["data=digits", "model.latent_dim=3"],
    "restoration": ["data=digits", "model.generator.width=8"],
    "vae": ["data=digits", "model.latent_dim=3"],
    "cvae": ["data=digits", "model.latent_dim=3"],
    "db_vae": ["data=digits", "model.latent_dim=3", "model.vae_on=2"],
    "beta_vae": ["data=mnist", "model/net=conv", "model.latent_dim=3"],
    "aae": ["data=digits", "model.latent_dim=3", "model.posterior=gaussian", "model.sigma=learned"],
    "factor_vae": ["data=digits", "model.latent_dim=3", "model.discriminator.hidden=[32,32]", "data.batch_size=16"],
    "iwae": ["data=digits", "model.latent_dim=3"],
    "tc_vae": ["data=digits", "model.latent_dim=3"],
    "hvae": ["data=digits", "model.latent_dim=3", "model.latent_dim_2=2", "model.hidden=12"],
    "vamp_vae": ["data=digits", "model.latent_dim=3", "model.prior.components=10"],
    "ss_aae": ["data=digits", "model.latent_dim=3", "model.labelled=40"],
    "dcgan": ["data=digits", "model.latent_dim=3"],
    "cgan": ["data=digits", "model.latent_dim=3", "model.net.width=8"],
    "gan": ["data=toy2d", "data.count=1000", "model.latent_dim=3"],
    "pix2pix": ["data=paired_folders", *CUT, *SMALL["pix2pix"]],
    "cyclegan": ["data=unpaired_folders", *CUT, *SMALL["cyclegan"]],
}
# phases that learn from one half of each batch
HALVED = {"factor_vae": ("vae",)}
# what makes each set small
DATA = {
    "digits": [],
    "mnist": [],
    "fashion_mnist": [],
    "stacked_mnist": ["data.count=300"],
    "folder": ["data.image_size=16"],
    "shapes": ["data.count=300", "data.image_size=16", "metrics=none"],
    "toy1d": ["data.count=1000"],
    "toy2d": ["data.count=1000"],
    "celeba": ["data.image_size=16", "data.crop=40"],
    "maps": CUT,
    "facades": CUT,
    "paired_image": CUT,
    "paired_folders": CUT,
    "unpaired_folders": CUT,
    "speech_folders": ["data.frames=32", "data.n_mels=32"],
    **dict.fromkeys(standins.DOMAINS, CUT),
}
# models that every set of a kind is trained with
TRAINED = {"images": ("vae", "dcgan", "gan"), "points": ("gan",), "pairs": ("pix2pix",), "domains": ("cyclegan",)}
SHORT = ["data.limit=64", "data.batch_size=16", "trainer.max_epochs=1"]


def test_every_file_is_covered():
    assert set(MODELS) == set(Conf().options("model"))
    assert set(DATA) == set(Conf().options("data"))


KINDS = {
    name: attribute(node, "kind") for name, node in compose_alone(Conf(), *(f"data/{name}" for name in DATA)).items()
}


def kind_of(name):
    """The kind of batches that a set makes."""
    return KINDS[f"data/{name}"]


def usual_model(name):
    """A model that takes a set."""
    return f"model={TRAINED[kind_of(name)][0]}"


def path(options, folders):
    """Where the set lies that ``options`` choose, if it is made of files of one's own."""
    name = next(option.partition("=")[2] for option in options if option.startswith("data="))
    place = folders.get(name, {})
    return [f"data.{key}={one}" for key, one in (place if isinstance(place, dict) else {"path": place}).items()]


def modelled(composed, folders, name):
    cfg = composed(f"model={name}", *MODELS[name], *path(MODELS[name], folders), *SHORT)
    prepared = prepare(cfg)
    return build_model(cfg, prepared.spec), StoreData(prepared, 16, 0)


def first_batch(data):
    return data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)


@pytest.mark.parametrize("name", MODELS)
def test_one_step_moves_every_parameter_of_the_one_who_moves_and_none_of_the_other(name, composed, folders):
    model, data = modelled(composed, folders, name)
    model, batch = stepping(model), first_batch(data)
    for phase in model.phase_list:
        nets, side = phase.nets, phase.name
        before = copy.deepcopy(model.state_dict(keep_vars=False))
        still = {f for net in nets for f, p in net.named_parameters() if not p.requires_grad}
        assert still == {f for net in nets for f in dead_biases(net)}, side  # what an instance norm takes out again
        move(model, phase.name, (batch, model.noise("train", 0)))
        own = {id(p) for net in nets for p in net.parameters() if p.requires_grad}
        for parameter_name, parameter in model.named_parameters():
            moved = not torch.equal(before[parameter_name], parameter)
            assert moved == (id(parameter) in own), f"{side}: {parameter_name}"
            assert (parameter.grad is not None) == (id(parameter) in own), f"{side}: {parameter_name}"
        model.zero_grad(set_to_none=True)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("training", [True, False])
def test_terms_are_one_finite_number_an_image(name, training, composed, folders):
    model, data = modelled(composed, folders, name)
    batch, noise = first_batch(data), model.train(training).noise("val", 0)
    shared = model.shared_of(batch, noise)
    for phase in (phase for phase in model.phase_list if training or phase.evaluated):
        found = phase.all_terms(batch, shared, noise)
        assert phase.loss_name in found
        halved = training and name in HALVED
        for term, value in found.items():
            of_half = phase.name in HALVED.get(name, ()) or term in ("loss_d_real", "loss_d_fake")
            assert value.shape == (8 if halved and of_half else 16,), term
            assert value.isfinite().all(), term


@pytest.mark.parametrize("name", MODELS)
def test_protocols_keep_shape_and_range_and_leave_the_mode_alone(name, composed, folders):
    model, data = modelled(composed, folders, name)
    batch = first_batch(data)
    x, label = batch[0], for_model(model, getattr(batch, "label", None))
    if has_unfitted(model):
        play(stepping(model), (batch, model.noise("train", 0)))  # what is solved has seen an image
        model.mixture.fit(model.encode(x).mean, 0)
    model.train()
    made = {}
    if isinstance(model, Samples):
        made["sample"] = model.sample(16, seed=5, **label)
        assert torch.equal(made["sample"], model.sample(16, seed=5, **label))
        assert not torch.equal(made["sample"], model.sample(16, seed=6, **label))
    if isinstance(model, Reconstructs):
        made["reconstruct"] = model.reconstruct(x, **label)
        assert torch.equal(made["reconstruct"], model.reconstruct(x, **label))
    if isinstance(model, Encodes) and isinstance(model, Decodes):
        made["decode"] = model.decode(model.encode(x, **label).mean, **label)
    if isinstance(model, Translates):
        made["translate"] = model.translate(x, "AtoB")
        assert torch.equal(made["translate"], model.translate(x, "AtoB"))
    assert made
    assert model.training
    for protocol, image in made.items():
        assert image.shape == x.shape, protocol
        if data.prepared.spec.kind != "points":
            assert image.min() >= 0, protocol
            assert image.max() <= 1, protocol
        assert not image.requires_grad, protocol


@pytest.mark.parametrize("name", MODELS)
def test_train_save_load_same_output_and_the_run_directory_is_whole(name, train, folders):
    run = train(f"model={name}", *MODELS[name], *path(MODELS[name], folders), *SHORT, "callbacks=trace")
    model = load(run)
    again = load(run / "checkpoints" / "last.ckpt")
    assert not model.training
    x = torch.rand(4, *model.spec.shape)
    for ask, arguments in {"sample": (4,), "reconstruct": (x,), "translate": (x, "AtoB")}.items():
        if hasattr(model, ask):
            label = for_model(model, torch.arange(4)) if ask != "translate" else {}
            assert torch.equal(getattr(model, ask)(*arguments, **label), getattr(again, ask)(*arguments, **label))
    files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {"config.yaml", "overrides.txt", "metrics.csv", "summary.json", "log.txt", "tables/indices.csv"} <= files
    assert {"checkpoints/last.ckpt", "checkpoints/manifest.json"} <= files
    assert any(file.startswith("images/") for file in files)


@pytest.mark.parametrize(("name", "model"), [(name, model) for name in DATA for model in TRAINED[kind_of(name)]])
def test_every_set_trains_the_models_that_take_its_kind(name, model, train, folders):
    chosen = [f"model={model}", *SMALL.get(model, []), f"data={name}", *DATA[name], *path([f"data={name}"], folders)]
    run = train(*chosen, *SHORT, "trainer.max_steps=2", "metrics.val_samples=0", "metrics.test_samples=0")
    assert load(run).batches_seen == 2


@pytest.mark.parametrize("name", DATA)
def test_every_set_gives_every_row_once(name, composed, folders):
    small = [*DATA[name], *SMALL.get(TRAINED[kind_of(name)][0], [])]
    cfg = composed(usual_model(name), f"data={name}", *small, *path([f"data={name}"], folders))
    prepared = prepare(cfg)
    data = StoreData(prepared, 32, 0)
    for split, loader in {"train": data.train_dataloader(), "val": data.val_dataloader()}.items():
        batches = [data.on_after_batch_transfer(batch, 0) for batch in loader]
        for field, size in sizes_by_index(prepared.spec, split).items():
            seen = torch.cat([getattr(batch, field) for batch in batches])
            assert len(set(seen.tolist())) == len(seen) or (field, split) == ("index_b", "train")  # the smaller domain
            assert split == "train" or len(seen) == size
        check_batch(batches[0], prepared.spec)


def sizes_by_index(spec, split):
    """How many rows a split has, by the field that names them."""
    if spec.kind != "domains":
        return {"index": spec.sizes[split]}
    return {"index_a": spec.sizes[f"{split}A"], "index_b": spec.sizes[f"{split}B"]}


def check_batch(batch, spec):
    """Data of the shape, precision and range that the description promises, and labels that it counts."""
    assert isinstance(batch, {"images": Images, "points": Points, "pairs": Pairs, "domains": Domains}[spec.kind])
    assert batch[0].dtype == torch.float32
    for image in batch[: {"images": 1, "points": 0}.get(spec.kind, 2)]:
        assert image.shape[1:] == (spec.shape if spec.sound is None else (*spec.shape[:2], image.shape[-1]))
        assert 0 <= image.min() < image.max() <= 1
    levels = spec.levels or ((spec.classes,) if spec.classes else ())
    assert (getattr(batch, "label", None) is not None) == bool(levels)
    if levels:
        assert torch.all(batch.label.reshape(len(batch[0]), -1) < torch.tensor(levels))
    assert len(spec.levels) == len(spec.attributes)
    assert len(spec.class_names) == spec.classes


@pytest.mark.parametrize("group", ["model", "data", "trainer", "checkpoint", "performance"])
def test_keys_are_constructor_arguments(group):
    for option, node in compose_alone(Conf(), *(f"{group}/{name}" for name in Conf().options(group))).items():
        found = signature(node["_target_"])
        assert set(node) - {"_target_"} <= set(found.parameters), option
        assert not found.open, option
