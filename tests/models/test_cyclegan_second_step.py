"""CycleGAN's second adversarial step, its masks and an identity loss that ends, beside the same steps in plain PyTorch."""

import copy
import itertools
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from omegaconf import OmegaConf

from genlab.apps.command.evaluators import notes
from genlab.contracts import ConfigError, DataSpec, Domains
from genlab.models import cyclegan as code
from genlab.models.base.masking import hidden
from genlab.models.base.noise import Noise
from genlab.models.base.phases import with_losses
from genlab.models.base.schedules import Until
from genlab.models.base.translation import family_for
from genlab.nets.gated_2_1_2d import Gated212D
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet import ResNet
from hooks import shown_to

import parity
from parity import BETAS, FAST, LR, REFERENCE, assert_gradients, assert_loss, gradients, images, noise, spec
from stepping import move, play, stepping

SIDE = 32
FAMILIES = {
    "resnet": ResNet(4, 1, 2, "instance", "transposed", False),
    "gated": Gated212D(4, 6, 1, 2, "instance", "shuffle", False),
}
DISCRIMINATORS = ("discriminator_B", "discriminator_A", "second.B", "second.A")


def cyclegan(family="resnet", data=None, **terms):
    torch.manual_seed(0)
    way = {name: terms.pop(name) for name in FAST if name in terms}
    d = PatchGAN(4, 2, "instance")
    return parity.cyclegan(FAMILIES[family], d, data or spec("domains", SIDE), way=way, **terms).double()


def batch(step, size=2):
    return Domains(images(step, "a", size, SIDE), images(step, "b", size, SIDE), torch.arange(size), torch.arange(size))


class Plain:
    """The model's step written out: its networks, and the weights of the losses."""

    def __init__(self, model, second, mask, identity, pool):
        self.second, self.mask, self.identity = second, mask, identity
        self.G, self.F = copy.deepcopy(model.generator_AtoB), copy.deepcopy(model.generator_BtoA)
        names = DISCRIMINATORS if second else DISCRIMINATORS[:2]
        self.D = {name: copy.deepcopy(model.get_submodule(name)) for name in names}
        self.pools = {name: [] for name in ("b", "a", "back_b", "back_a")}
        self.size = pool
        self.opt_g = torch.optim.Adam(itertools.chain(self.G.parameters(), self.F.parameters()), LR, BETAS)
        every = itertools.chain(*(net.parameters() for net in self.D.values()))
        self.opt_d = torch.optim.Adam(every, LR, BETAS)

    def seen(self, x, name, noise):
        """The image with some columns at 0, and which."""
        if not self.mask:
            return x
        gone = hidden(SIDE, self.mask, noise.uniform(f"mask_{name}", len(x), 2))
        mask = torch.ones(len(x), 1, SIDE, SIDE, dtype=x.dtype)
        for row, columns in enumerate(gone):
            mask[row, :, :, columns] = 0
        return torch.cat([x * mask, mask], 1)

    def step(self, number, a, b, noise):
        fake_b, fake_a = self.G(self.seen(a, "a", noise)), self.F(self.seen(b, "b", noise))
        back_a, back_b = self.F(fake_b), self.G(fake_a)
        judged = {"discriminator_B": (b, fake_b, "b"), "discriminator_A": (a, fake_a, "a")}
        judged |= {"second.B": (b, back_b, "back_b"), "second.A": (a, back_a, "back_a")}
        loss_g = 10 * F.l1_loss(back_a, a) + 10 * F.l1_loss(back_b, b)
        for name, net in self.D.items():
            weight = self.second if name.startswith("second") else 1.0
            loss_g = loss_g + weight * (net(judged[name][1]) - 1).square().mean()
        if self.identity.at(number) > 0:
            loss_g = loss_g + 10 * self.identity.at(number) * (F.l1_loss(self.G(b), b) + F.l1_loss(self.F(a), a))
        self.opt_g.zero_grad()
        loss_g.backward()
        g = [gradients(net) for net in (self.G, self.F)]
        self.opt_g.step()
        self.opt_d.zero_grad()
        loss_d = 0.0
        for name, net in self.D.items():
            real, fake, kept = judged[name]
            shown = self.shown(kept, fake.detach(), noise)
            loss_d = loss_d + ((net(real) - 1).square().mean() + net(shown).square().mean()) / 2
        loss_d.backward()
        d = [gradients(net) for net in self.D.values()]
        self.opt_d.step()
        return loss_g, loss_d, g, d

    def shown(self, name, made, noise):
        """Through the pool."""
        if self.size == 0:
            return made
        stream, pool, shown = noise.decisions(f"pool_{name}"), self.pools[name], []
        coins = torch.rand(len(made), generator=stream, dtype=torch.float64).tolist()
        places = torch.randint(self.size, (len(made),), generator=stream).tolist()
        for image, coin, place in zip(made, coins, places, strict=True):
            if len(pool) < self.size:
                pool.append(image)
            elif coin > 0.5:
                pool[place], image = image, pool[place]
            shown.append(image)
        return torch.stack(shown)


@pytest.mark.parametrize("way", [FAST, REFERENCE], ids=["fast", "reference"])
@pytest.mark.parametrize(
    ("family", "second", "mask", "pool"),
    [("resnet", 0.7, 0.0, 3), ("resnet", 0.0, 0.5, 0), ("resnet", 1.0, 0.5, 0), ("gated", 0.7, 0.5, 3)],
)
def test_five_steps_are_those_written_out(family, second, mask, pool, way):
    """Losses, gradients of every network, and what the pools show; the identity loss ends with the third step."""
    identity = Until(0.5, 0.0, 3)
    terms = {"lambda_second": second, "mask": mask, "lambda_identity": identity, "pool_size": pool}
    ours = stepping(cyclegan(family, **terms, **way))
    plain = Plain(ours, second, mask, identity, pool)
    for step in range(5):
        one = batch(step)
        loss_g, loss_d, g, d = plain.step(step, one.a * 2 - 1, one.b * 2 - 1, noise(step))
        terms = play(ours, (one, noise(step)))
        assert_loss(terms["loss_g"].mean(), loss_g)
        assert_loss(terms["loss_d"].mean(), loss_d)
        for phase, expected in zip(ours.phases(), (g, d), strict=True):
            for net, found in zip(phase.nets, expected, strict=True):
                assert_gradients(net, found)
        assert ("identity_l1_AtoB" in terms) == (step < 3)


# ---- the second step ------------------------------------------------------------------------------------------------


def test_terms_of_the_second_step_are_those_of_the_ways_back():
    model, one = cyclegan(lambda_second=1.0, lambda_identity=0.0), batch(0)
    a, b = one.a * 2 - 1, one.b * 2 - 1
    G, back = model.generator_AtoB, model.generator_BtoA
    shared = model.shared(one, noise(0))
    g, d = (phase.all_terms(one, shared, noise(0)) for phase in model.phases())
    for way, net, real, twice in (
        ("second_AtoB", model.second["A"], a, back(G(a))),
        ("second_BtoA", model.second["B"], b, G(back(b))),
    ):
        torch.testing.assert_close(g[f"adversarial_{way}"], (net(twice) - 1).square().mean((1, 2, 3)))
        torch.testing.assert_close(d[f"loss_d_real_{way}"], (net(real) - 1).square().mean((1, 2, 3)))
        torch.testing.assert_close(d[f"loss_d_fake_{way}"], net(twice).square().mean((1, 2, 3)))


def test_without_it_there_are_no_more_networks_terms_and_pools():
    model = cyclegan()
    assert not any(name.startswith("second") for name in model.state_dict())
    assert list(model.pools()) == ["b", "a"]
    terms = play(stepping(model), (batch(0), noise(0)))
    assert not any("second" in name for name in terms)
    more = cyclegan(lambda_second=1.0)
    assert list(more.pools()) == ["b", "a", "back_b", "back_a"]
    for name, value in cyclegan().state_dict().items():  # the others begin as they would without
        assert torch.equal(value, more.state_dict()[name]), name
    assert not torch.equal(more.second["A"].model[0].weight, more.discriminator_A.model[0].weight)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("mask", [0.0, 0.5])
def test_no_generator_runs_more_often_for_it(mask, batched):
    """A translation, a way back, an identity: none more for the discriminators of either step, nor for a mask."""
    model, seen = stepping(cyclegan(lambda_second=1.0, mask=mask, batched=batched)), []
    model.generator_AtoB.register_forward_hook(lambda *_: seen.append(1))
    play(model, (batch(0), noise(0)))
    assert len(seen) == (2 if batched else 3)


@pytest.mark.parametrize("name", ["g", "d"])
def test_each_player_moves_all_of_its_own_and_nothing_else(name):
    model = stepping(cyclegan("gated", lambda_second=1.0, mask=0.5))
    before = copy.deepcopy(model.state_dict())
    move(model, name, (batch(0), noise(0)))
    for key, value in model.named_parameters():
        own = (
            key.startswith("generator") == (name == "g") and value.requires_grad
        )  # but what an instance norm takes out
        assert torch.equal(before[key], value) != own, key
        assert (value.grad is not None) == own, key


def test_accumulated_batches_play_as_one_large_one():
    """Both steps' discriminators see what was made before the generators moved, from each batch of the group."""
    one, many = (stepping(cyclegan(lambda_second=1.0)) for _ in range(2))
    large = batch(0, 4)
    play(one, (large, noise(0)))
    play(many, *((Domains(*(x[rows] for x in large)), noise(0)) for rows in (slice(0, 2), slice(2, 4))))
    for name in ("generator_AtoB", *DISCRIMINATORS):
        assert_gradients(many.get_submodule(name), gradients(one.get_submodule(name)))


# ---- masks ----------------------------------------------------------------------------------------------------------


def test_only_what_is_translated_in_training_is_masked():
    model, one = cyclegan(mask=0.9, batched=False), batch(0, 6)
    inner = model.generator_AtoB.net
    translated, same, back = shown_to(inner, lambda: model.shared(one, noise(0)))
    assert (translated[:, 3] == 0).any()
    assert torch.equal(translated[:, :3], (one.a * 2 - 1) * translated[:, 3:])
    for whole in (same, back):
        assert (whole[:, 3] == 1).all()
    assert torch.equal(same[:, :3], one.b * 2 - 1)
    model.eval()
    for act in (lambda: model.shared(one, noise(0, "val")), lambda: model.translate(one.a, "AtoB")):
        assert all((given[:, 3] == 1).all() for given in shown_to(inner, act))


def test_the_cycle_is_compared_with_the_whole_image():
    model, one = cyclegan(mask=0.9), batch(0, 6)
    shared = model.shared(one, noise(0))
    terms = model.generator_terms(one, shared, noise(0))
    expected = ((shared["back_a"] + 1) / 2 - one.a).abs().mean((1, 2, 3))
    torch.testing.assert_close(terms["cycle_l1_AtoB"], expected)
    assert not torch.equal(shared["back_a"], model.train(False).shared(one, noise(0))["back_a"])


def test_each_side_has_masks_of_its_own():
    model, one = cyclegan(mask=0.9), batch(0, 6)
    (a, _), (b, _) = (
        shown_to(model.get_submodule(f"generator_{way}.net"), lambda: model.shared(one, noise(0)))
        for way in ("AtoB", "BtoA")
    )
    assert not torch.equal(a[:6, 3], b[:6, 3])


# ---- an identity loss that ends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weight", "seen"),
    [(0.5, [4, 2] * 5), (0.0, [2, 2] * 5), (Until(0.5, 0.0, 3), [4, 2] * 3 + [2, 2] * 2)],
    ids=["always", "never", "three times"],
)
def test_an_identity_that_weighs_nothing_is_not_computed(weight, seen):
    """Counted are the images that G sees in turn: two of a, two of b beside them, and two on the way back."""
    model, found = stepping(cyclegan(lambda_identity=weight)), []
    model.generator_AtoB.register_forward_pre_hook(lambda _, inputs: found.append(len(inputs[0])))
    for step in range(5):
        play(model, (batch(step), noise(step)))
    assert found == seen


def test_what_is_no_longer_computed_is_no_longer_reported():
    model, told = stepping(cyclegan(lambda_identity=Until(0.5, 0.0, 2))), []
    model.log_every, model._trainer = 1, object()
    model.report = lambda split, values: told.append(values)
    for step in range(4):
        model.newest_terms |= play(model, (batch(step), noise(step)))
        model.report_training()
    assert ["identity_l1_AtoB" in values for values in told] == [True, True, False, False]
    assert ["identity_l1_BtoA" in values for values in told] == [True, True, False, False]
    assert all("cycle_l1_AtoB" in values for values in told)


def means(terms):
    return {name: value.mean() for name, value in terms.items()}


def test_validation_measures_identity_and_weighs_it_as_at_the_end():
    one = batch(0)
    ending, never = (cyclegan(lambda_identity=weight).eval() for weight in (Until(0.5, 0.0, 100), 0.0))
    with torch.no_grad():
        a, b = (
            with_losses(model.phase_list, means(model.evaluation_terms(one, noise(0)))) for model in (ending, never)
        )
    assert a.keys() == b.keys() > {"identity_l1_AtoB"}
    assert a["loss_g"] == b["loss_g"]


def test_an_identity_between_colour_and_grey_is_refused_though_it_ends():
    data = DataSpec("x", "domains", (3, SIDE, SIDE), {"train": 4}, "0", channels_b=1)
    with pytest.raises(ConfigError, match=r"model\.lambda_identity: compares"):
        cyclegan(data=data, lambda_identity=Until(0.5, 0.0, 3))
    model = cyclegan(data=data, lambda_identity=0.0, lambda_second=1.0, mask=0.5)
    one = batch(0)._replace(b=images(0, "b", 2, SIDE, 1))
    assert all(value.isfinite().all() for value in play(stepping(model), (one, noise(0))).values())
    assert model.translate(one.b, "BtoA").shape == one.a.shape


# ---- networks of one height -----------------------------------------------------------------------------------------


def test_the_height_is_that_of_the_images_and_any_width_is_translated():
    data = DataSpec("x", "domains", (1, 40, 64), {"train": 4}, "0")
    model = cyclegan("gated", data)
    assert model.generator_AtoB.height == 40
    for width in (1, 30, 64, 101):
        x = torch.rand(2, 1, 40, width, dtype=torch.float64)
        assert model.translate(x, "AtoB").shape == x.shape
    with pytest.raises(Exception, match="takes images of 40 rows, and this one has 41"):
        model.translate(torch.rand(1, 1, 41, 64, dtype=torch.float64), "AtoB")


def test_images_of_several_heights_and_heights_that_do_not_halve_are_refused_before_training():
    with pytest.raises(ConfigError, match=r"those of x differ in theirs\n    Type: data.preprocess=resize_and_crop"):
        cyclegan("gated", DataSpec("x", "domains", (1, 40, 64), {"train": 4}, "0", heights_differ=True))
    cyclegan("resnet", DataSpec("x", "domains", (1, 40, 64), {"train": 4}, "0", heights_differ=True))
    with pytest.raises(ConfigError, match="images of 64x30 do not fit"):
        cyclegan("gated", DataSpec("x", "domains", (1, 30, 64), {"train": 4}, "0"))
    assert family_for(spec("domains", SIDE), FAMILIES["resnet"]) is FAMILIES["resnet"]


# ---- what the model does not know -------------------------------------------------------------------------------------


def test_the_model_does_not_know_what_its_images_show():
    text = Path(code.__file__).read_text().lower()
    words = "mel|speech|sound|voice|audio|spectrogram|frames?|hertz|hz|speaker|utterances?|seconds|wav"
    assert re.findall(rf"\b({words})\b", text) == []


def test_two_ranks_draw_the_masks_of_one():
    model, one = cyclegan(mask=0.9, batched=False), batch(0, 4)
    inner = model.generator_AtoB.net
    whole = shown_to(inner, lambda: model.shared(one, noise(0)))[0]
    for rank in (0, 1):
        half = Domains(*(x[rank::2] for x in one))
        own = Noise(noise(0).seed, "train", 0, torch.device("cpu"), torch.float64, rank, 2)
        assert torch.equal(shown_to(inner, lambda h=half, n=own: model.shared(h, n))[0], whole[rank::2])


@pytest.mark.parametrize(
    ("weight", "told"),
    [
        (0.5, "0.5"),
        (0, "0"),
        ({"_target_": "x", "start": 0.5, "end": 0.0, "batches": 3}, "0.5 to 0"),
        ({"_target_": "x"}, "by a schedule"),
    ],
)
def test_the_identity_weight_stands_beside_the_distances(weight, told):
    data = DataSpec("x", "domains", (1, 4, 4), {"testA": 3, "testB": 2}, "0")
    extractors = [SimpleNamespace(key="classifier", accuracy=0.9)]
    (_, said) = notes(extractors, data, OmegaConf.create({"lambda_identity": weight}))
    assert said.endswith(f"; identity weight {told}")
