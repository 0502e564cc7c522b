"""The same properties for every file in conf/model and conf/data: a new file is covered the moment it is there."""

import copy

import pytest
import torch
from omegaconf import OmegaConf

from genlab.apps.building import build_model
from genlab.apps.preparing import prepare
from genlab.config.files import options
from genlab.config.signature import signature
from genlab.contracts import Decodes, Encodes, Images, Reconstructs, Samples
from genlab.data.module import StoreData
from genlab.models.adversarial import AdversarialModel
from genlab.runs.load import load

# a small set that each model takes, and what makes it small
MODELS = {
    "ae": ["data=digits", "model.latent_dim=3"],
    "vae": ["data=digits", "model.latent_dim=3"],
    "beta_vae": ["data=mnist", "model/net=conv", "model.latent_dim=3"],
    "dcgan": ["data=digits", "model.latent_dim=3"],
}
DATA = {"digits": [], "mnist": [], "fashion_mnist": [], "folder": ["data.image_size=16"]}
SHORT = ["data.limit=64", "data.batch_size=16", "trainer.max_epochs=1"]


def test_every_file_is_covered():
    assert set(MODELS) == set(options("model"))
    assert set(DATA) == set(options("data"))


def modelled(composed, name):
    cfg = composed(f"model={name}", *MODELS[name], *SHORT)
    prepared = prepare(cfg)
    return build_model(cfg, prepared.spec), StoreData(prepared, 16, 0)


def first_batch(data):
    return data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)


@pytest.mark.parametrize("name", MODELS)
def test_one_step_moves_every_parameter_of_the_one_who_moves_and_none_of_the_other(name, composed):
    model, data = modelled(composed, name)
    batch = first_batch(data)
    sides = model.players() if isinstance(model, AdversarialModel) else {"all": [model]}
    for side, nets in sides.items():
        before = copy.deepcopy(model.state_dict(keep_vars=False))
        optimizer = model.optimizer_for(nets)
        noise = model.noise("train", 0)
        if isinstance(model, AdversarialModel):
            with model.only(side):
                model.player_terms(side, batch, model.fakes(batch, noise))[f"loss_{side[0]}"].mean().backward()
        else:
            model.terms(batch, noise)["loss"].mean().backward()
        optimizer.step()
        own = {id(p) for net in nets for p in net.parameters()}
        for parameter_name, parameter in model.named_parameters():
            moved = not torch.equal(before[parameter_name], parameter)
            assert moved == (id(parameter) in own), f"{side}: {parameter_name}"
            assert (parameter.grad is not None) == (id(parameter) in own), f"{side}: {parameter_name}"
        model.zero_grad(set_to_none=True)


@pytest.mark.parametrize("name", MODELS)
def test_terms_are_one_finite_number_an_image(name, composed):
    model, data = modelled(composed, name)
    terms = model.evaluation_terms(first_batch(data), model.noise("val", 0))
    assert {f"loss{suffix}" for suffix in ("", "_g", "_d")} & terms.keys()
    for term, value in terms.items():
        assert value.shape == (16,), term
        assert value.isfinite().all(), term


@pytest.mark.parametrize("name", MODELS)
def test_protocols_keep_shape_and_range_and_leave_the_mode_alone(name, composed):
    model, data = modelled(composed, name)
    x = first_batch(data).image
    model.train()
    made = {}
    if isinstance(model, Samples):
        made["sample"] = model.sample(16, seed=5)
        assert torch.equal(made["sample"], model.sample(16, seed=5))
        assert not torch.equal(made["sample"], model.sample(16, seed=6))
    if isinstance(model, Reconstructs):
        made["reconstruct"] = model.reconstruct(x)
        assert torch.equal(made["reconstruct"], model.reconstruct(x))
    if isinstance(model, Encodes) and isinstance(model, Decodes):
        made["decode"] = model.decode(model.encode(x).mean)
    assert made
    assert model.training
    for protocol, image in made.items():
        assert image.shape == x.shape, protocol
        assert image.min() >= 0, protocol
        assert image.max() <= 1, protocol
        assert not image.requires_grad, protocol


@pytest.mark.parametrize("name", MODELS)
def test_train_save_load_same_output_and_the_run_directory_is_whole(name, train):
    run = train(f"model={name}", *MODELS[name], *SHORT, "callbacks=trace")
    model = load(run)
    again = load(run / "checkpoints" / "last.ckpt")
    assert not model.training
    x = torch.rand(4, *model.spec.shape)
    for ask in ("sample", "reconstruct"):
        if hasattr(model, ask):
            argument = 4 if ask == "sample" else x
            assert torch.equal(getattr(model, ask)(argument), getattr(again, ask)(argument))
    files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {"config.yaml", "overrides.txt", "metrics.csv", "summary.json", "log.txt", "tables/indices.csv"} <= files
    assert {"checkpoints/last.ckpt", "checkpoints/manifest.json"} <= files
    assert any(file.startswith("images/") for file in files)


@pytest.mark.parametrize("name", DATA)
def test_every_set_trains_a_model_and_a_gan(name, train, pictures):
    path = [f"data.path={pictures}"] if name == "folder" else []
    for model in ("vae", "dcgan"):
        run = train(f"model={model}", f"data={name}", *DATA[name], *path, *SHORT, "trainer.max_steps=2")
        assert load(run).batches_seen == 2


@pytest.mark.parametrize("name", DATA)
def test_every_set_gives_images_in_range_once_each(name, composed, pictures):
    path = [f"data.path={pictures}"] if name == "folder" else []
    cfg = composed(f"data={name}", *DATA[name], *path)
    prepared = prepare(cfg)
    data = StoreData(prepared, 32, 0)
    for split, loader in {"train": data.train_dataloader(), "val": data.val_dataloader()}.items():
        batches = [data.on_after_batch_transfer(batch, 0) for batch in loader]
        seen = torch.cat([batch.index for batch in batches])
        assert len(set(seen.tolist())) == len(seen)
        assert isinstance(batches[0], Images)
        assert batches[0].image.shape[1:] == prepared.spec.shape
        assert batches[0].image.dtype == torch.float32
        assert 0 <= batches[0].image.min() < batches[0].image.max() <= 1
        if split == "val":
            assert len(seen) == prepared.spec.sizes["val"]
    assert prepared.spec.classes in (0, 2, 10)


@pytest.mark.parametrize("group", ["model", "data", "trainer", "checkpoint", "metrics", "performance"])
def test_keys_are_constructor_arguments(group, composed):
    for option in options(group):
        extra = ["data.path=x"] if option == "folder" else []
        node = OmegaConf.to_container(composed(f"{group}={option}", *extra)[group])
        found = signature(node["_target_"])
        assert set(node) - {"_target_"} <= set(found.parameters), option
        assert not found.open, option
