"""The debiasing VAE: who learns what, which images come how often, and the same after a kill."""

import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.contracts import ChoosesImages, Classifies, ConfigError, DataSpec, Images, Weighs
from genlab.data.store.loader import Rows, TrainLoader
from genlab.data.store.module import StoreData
from genlab.data.store.order import weighted_order
from genlab.data.store.source import Augmentation, PreparedData
from genlab.models.base.labels import needs_labels
from genlab.models.base.rarity import rarity_weights
from genlab.models.base.schedules import Constant
from genlab.models.db_vae import DBVAE
from genlab.models.objectives.capacity import Capacity
from genlab.models.objectives.elbo import ELBO
from genlab.models.objectives.free_bits import FreeBits
from genlab.models.objectives.iwae import IWAE
from genlab.models.objectives.tc import TotalCorrelation
from genlab.models.priors.standard_normal import StandardNormal
from genlab.nets.by_half import ByHalf
from genlab.nets.mlp import MLP

from family import member
from killing import assert_same_run
from striking import sends

SPEC = DataSpec("c", "images", (1, 2, 3), {"train": 40}, "0", classes=4, class_names=tuple("abcd"))
Y = torch.arange(40) % 4
EVEN = [[0, 2], [1, 3]]


def db_vae(answers=EVEN, vae_on=0, resample=True, spec=SPEC):
    torch.manual_seed(0)
    nets = (
        "gaussian",
        0.5,
        "linear",
        1,
        ELBO(1),
        StandardNormal(),
        MLP([5], "tanh", "none", 0.0),
        torch.optim.SGD,
        Constant(),
    )
    return DBVAE(2, answers, vae_on, 0.1, 2.0, resample, 4, 0.01, "product", 50.0, *nets, spec, 0)


def pictures(count=40):
    return torch.rand(count, *SPEC.shape, generator=torch.Generator().manual_seed(1))


def batches(order, size=7):
    """Images in the order of a loader, each with its own index."""
    x = pictures()
    return [Images(x[part], Y[part], part) for part in order.split(size)]


def test_the_classifier_learns_from_all_images_and_the_vae_from_those_of_its_answer():
    model, batch = db_vae(), Images(pictures(), Y, torch.arange(40))
    terms = model.terms(batch, model.noise("train", 0))
    logits, _ = model.both(batch.image)
    entropy = -logits.log_softmax(1)[torch.arange(40), Y % 2]
    assert torch.allclose(terms["cross_entropy"], entropy)
    vae = terms["recon"] + 2.0 * terms["kl"]
    assert torch.allclose(terms["loss"], entropy + (Y % 2 == 0) * 0.1 * vae)
    assert torch.allclose(terms["elbo"], -(terms["recon"] + terms["kl"]))
    everywhere = db_vae(vae_on="all").terms(batch, model.noise("train", 0))
    assert torch.allclose(everywhere["loss"], entropy + 0.1 * vae)


def test_images_outside_the_answer_leave_the_decoder_alone():
    model, x = db_vae(), pictures()
    odd = Images(x[1::2], Y[1::2], torch.arange(20))
    model.terms(odd, model.noise("train", 0))["loss"].sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in model.decoder.parameters())
    assert any(p.grad.any() for p in model.encoder.parameters())


def learns(errors, vae_on, labels=Y):
    """A model of gaussian pixels whose learned sigma has followed one update of images so far from their decoded ones."""
    model = member("DBVAE", sigma="learned", vae_on=vae_on).train()
    x = torch.full((40, *SPEC.shape), 0.5)
    model.decoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 6), torch.nn.Unflatten(1, SPEC.shape))
    for parameter in model.decoder.parameters():
        parameter.data.zero_()
    model.terms(Images(errors[labels % 2].view(-1, 1, 1, 1) + 0 * x, labels, torch.arange(40)), model.noise("train", 0))
    model.pixels.solve(0)
    return model


def test_a_learned_sigma_is_the_best_one_of_the_images_that_the_vae_learns():
    errors = torch.tensor([0.05, 0.6])
    for vae_on, best in ((0, 0.05), (1, 0.6), ("all", ((0.05**2 + 0.6**2) / 2) ** 0.5)):
        assert learns(errors, vae_on).pixels.log_sigma.exp().item() == pytest.approx(best, rel=1e-5)


def test_a_learned_sigma_stays_where_no_image_was_to_be_learnt():
    assert learns(torch.tensor([0.05, 0.6]), 0, torch.ones_like(Y)).pixels.log_sigma.exp().item() == pytest.approx(1)


@pytest.mark.parametrize("objective", [Capacity(5.0), FreeBits(0.1, 1), TotalCorrelation(1.0, 1.0)])
def test_an_objective_of_whole_batches_is_refused_where_the_vae_learns_some_of_their_images(objective):
    member("DBVAE", objective=objective, vae_on="all")
    with pytest.raises(ConfigError, match="model/objective=elbo .or iwae., or model.vae_on=all"):
        member("DBVAE", objective=objective, vae_on=0)


def test_objectives_say_whether_an_images_loss_depends_on_the_others():
    assert not ELBO(1).of_batch
    assert not IWAE(3, "dreg").of_batch


def test_the_weights_are_of_the_means_of_the_answers_images_and_the_others_come_evenly():
    model = db_vae()
    weights = model.sampling_weights(batches(torch.arange(40)))
    even = Y % 2 == 0
    assert torch.allclose(weights[even], rarity_weights(model.encode(pictures()[even]).mean, 4, 0.01, "product", 50.0))
    assert torch.equal(weights[~even], torch.ones(20).double())
    assert weights[even].std() > 0.1
    assert db_vae(resample=False).sampling_weights(batches(torch.arange(40))) is None


def test_a_weight_belongs_to_the_index_of_its_image_and_not_to_its_place():
    model, order = db_vae(), torch.randperm(40, generator=torch.Generator().manual_seed(3))
    whole = model.sampling_weights(batches(torch.arange(40)))
    assert torch.allclose(model.sampling_weights(batches(order)), whole, rtol=1e-5)


def test_weights_are_made_in_evaluation_and_the_mode_is_kept():
    model = db_vae(vae_on="all")
    model.train()
    seen = []
    model.encoder.register_forward_hook(lambda *_: seen.append((model.training, torch.is_grad_enabled())))
    model.sampling_weights(batches(torch.arange(40)))
    assert set(seen) == {(False, False)}
    assert model.training


def test_it_classifies_samples_and_weighs_without_labels():
    model = db_vae()
    assert isinstance(model, Classifies)
    assert isinstance(model, ChoosesImages)
    assert isinstance(model, Weighs)
    assert not needs_labels(model)
    assert model.sample(3, seed=0).shape == (3, *SPEC.shape)
    told = model.classify(pictures())
    assert told.shape == (40, 2)
    assert torch.allclose(told.exp().sum(1), torch.ones(40))
    assert model.answer(Y).tolist() == (Y % 2).tolist()
    assert db_vae(None, "all").answer(Y).tolist() == Y.tolist()
    assert (model.bound(pictures(), 50) > model.bound(pictures(), 1)).double().mean() > 0.5


def test_batch_norm_is_the_encoders_alone_where_the_vae_learns_some_images():
    """All images pass the encoder, whose classifier learns them; what decodes is fitted to those of the answer alone."""
    normed, plain = (MLP([5], "tanh", norm, 0.0) for norm in ("batch", "none"))
    for net in (normed, ByHalf(plain, normed)):
        with pytest.raises(ConfigError, match=r"(?s)vae_on=0 keeps from the VAE.*model/net=by_half.*model.vae_on=all"):
            member("DBVAE", vae_on=0, net=net)
        member("DBVAE", vae_on="all", net=net)
    member("DBVAE", vae_on=0, net=ByHalf(normed, plain))


@pytest.mark.parametrize(
    ("answers", "vae_on", "words"),
    [
        ([[0, 2], [1]], "all", "each of the 4 classes of c must be in one answer"),
        (
            [[0, 2], [1, 3, 2]],
            "all",
            r"(?s)must be in one answer.*\(more than once: 2\).*model.answers=\[\[0,2\],\[1,3\]\]",
        ),
        ([[0, 2], [1, 4]], "all", r"no class: 4; in none: 3"),
        ([[0, 1, 2, 3], []], "all", "each answer have some"),
        (EVEN, 2, "there are the answers 0 … 1"),
    ],
)
def test_answers_that_do_not_fit_are_one_message(answers, vae_on, words):
    with pytest.raises(ConfigError, match=words):
        db_vae(answers, vae_on)


def test_a_set_without_classes_is_refused():
    with pytest.raises(ConfigError, match="DBVAE needs classes, and n has no labels"):
        db_vae(None, "all", spec=DataSpec("n", "images", SPEC.shape, {"train": 8}, "0"))


# ---- the order -----------------------------------------------------------------------------------------------------------


def test_images_come_as_often_as_their_weights_say_and_the_same_for_a_key():
    weights = np.array([1.0, 0.0, 3.0, 4.0] * 1000)
    order = weighted_order(weights, 3, 5)
    shares = np.bincount(order % 4, minlength=4) / len(order)
    assert len(order) == 4000
    assert shares == pytest.approx([0.125, 0, 0.375, 0.5], abs=4 * math.sqrt(0.25 / 4000))
    assert np.array_equal(order, weighted_order(weights, 3, 5))
    assert not np.array_equal(order, weighted_order(weights, 3, 6))
    assert not np.array_equal(order, weighted_order(weights, 4, 5))


def loader(weigh, rank=0, world=1):
    rows = Rows("images", {"image": np.zeros((40, 1, 1, 1), np.uint8)})
    return TrainLoader(rows, 4, 0, rank, world, weigh=weigh)


def drawn(one, count=None):
    return [batch.index.tolist() for batch in itertools.islice(iter(one), count)]


def test_weights_are_asked_for_once_an_epoch_and_nobody_asks_without():
    asked, numbers = [], itertools.count()

    def weigh():
        asked.append(next(numbers))
        return np.arange(40) % 2 + 0.0

    one = loader(weigh)
    first, second = drawn(one), drawn(one)
    assert asked == [0, 1]
    assert first != second
    assert all(index % 2 for batch in first + second for index in batch)
    assert drawn(loader(None)) == drawn(loader(lambda: None))


def test_two_ranks_together_draw_what_one_draws():
    def weigh():
        return np.arange(40.0)

    shares = [drawn(loader(weigh, rank, 2)) for rank in (0, 1)]
    both = [sorted(a + b) for a, b in zip(*shares, strict=True)]
    alone = TrainLoader(Rows("images", {"image": np.zeros((40, 1, 1, 1), np.uint8)}), 8, 0, 0, 1, weigh=weigh)
    assert both == [sorted(batch) for batch in drawn(alone)]


def test_a_run_that_goes_on_within_an_epoch_keeps_its_weights():
    made = iter([np.arange(40.0), np.arange(40.0)[::-1].copy(), np.ones(40)])
    whole = loader(lambda: next(made))
    expected = drawn(whole) + drawn(whole)
    other = iter([np.arange(40.0)])
    broken = loader(lambda: next(other))
    before = drawn(broken, 3)
    again = loader(lambda: np.arange(40.0)[::-1].copy())  # of later weights: asked for in the next epoch alone
    again.load_state_dict(broken.state_dict())
    again.weights = broken.weights
    assert before + drawn(again) + drawn(again) == expected


@pytest.mark.parametrize("batch", [5, 17, 22])  # within the first epoch, at its end, and within the second
def test_a_stopped_run_goes_on_to_the_same_bits(batch, breakable):
    run = breakable("db_vae")
    assert run.until(sends("train", batch, "SIGTERM")).exit_code == 143
    assert run.saved == batch
    assert run.train() == 0
    assert_same_run(run.undisturbed(), run.run)
    weighted = torch.load(run.run / "checkpoints" / "last.ckpt", weights_only=True)["StoreData"]["weights"]
    assert len(weighted) == 170
    assert weighted.std() > 0.1


def test_rarity_is_told_of_images_as_in_evaluation():
    """Neither flipped nor shuffled, though the run is training."""
    images = np.random.default_rng(0).integers(0, 256, (40, 1, 2, 3), dtype=np.uint8)
    part = {"image": images, "label": Y.numpy()}
    spec = replace(SPEC, sizes=dict.fromkeys(("train", "val", "test"), 40))
    prepared = PreparedData(spec, dict.fromkeys(("train", "val", "test"), part), Augmentation(hflip=True))
    data, seen = StoreData(prepared, 16, 0), []
    strategy = SimpleNamespace(root_device=torch.device("cpu"))
    data.trainer = SimpleNamespace(
        **{"training": True, "current_epoch": 0, "global_rank": 0, "world_size": 1, "strategy": strategy},
        lightning_module=SimpleNamespace(weight_dtype=torch.float32),
    )

    def sampling_weights(batches):
        seen.extend(batches)

    assert data.sampling_weights(SimpleNamespace(sampling_weights=sampling_weights, device=torch.device("cpu"))) is None
    assert torch.equal(torch.cat([batch.index for batch in seen]), torch.arange(40))
    assert torch.equal(torch.cat([batch.image for batch in seen]), torch.from_numpy(images).float() / 255)
