"""How discriminators judge: the Wasserstein critic's penalty, DiffAugment, averaged weights."""

import copy

import pytest
import torch

from genlab.contracts import ConfigError, Domains, Pairs
from genlab.losses.adversarial import fake_loss, generator_loss, real_loss
from genlab.losses.penalty import gradient_penalty
from genlab.models.base.adversarial_objective import AdversarialObjective
from genlab.models.base.diffaugment import DiffAugment, color, cutout, translation
from genlab.models.base.ema import EMA
from genlab.models.base.gradient_penalties import GradientPenalties
from genlab.nets.patchgan import PatchGAN
from genlab.nets.resnet import ResNet
from genlab.nets.unet import UNet
from hooks import shown_to

import parity
from parity import images, noise, spec, step
from stepping import play, stepping

SIDE = 32


def cyclegan(loss="wasserstein", lambda_gp=10.0, augment=(), ema=0.0):
    torch.manual_seed(0)
    nets = ResNet(4, 1, 2, "instance", "transposed", False), PatchGAN(4, 2, "instance")
    terms = {"loss": loss, "lambda_gp": lambda_gp, "augment": list(augment), "ema": ema}
    return parity.cyclegan(*nets, spec("domains", SIDE), **terms).double()


def pix2pix(loss="wasserstein", lambda_gp=10.0, augment=(), ema=0.0):
    torch.manual_seed(0)
    nets = UNet(4, 5, "instance", "transposed", False), PatchGAN(4, 2, "instance")
    terms = {"loss": loss, "lambda_gp": lambda_gp, "augment": list(augment), "ema": ema}
    return parity.pix2pix(*nets, spec("pairs", SIDE), inference_dropout=False, **terms).double()


def domains(number=0):
    return Domains(images(number, "a", 2, SIDE), images(number, "b", 2, SIDE), torch.arange(2), torch.arange(2))


def pairs(number=0):
    return Pairs(*domains(number)[:3])


MODELS = [(cyclegan, domains), (pix2pix, pairs)]


def test_a_critic_without_a_penalty_is_refused():
    with pytest.raises(ConfigError, match=r"needs a gradient penalty\n    Type: model.lambda_gp=10"):
        AdversarialObjective("wasserstein", GradientPenalties(), DiffAugment([]), step())


def test_the_penalty_is_part_of_the_loss_and_of_the_gradient():
    model, batch = cyclegan(), domains()
    fakes = {name: fake.detach() for name, fake in model.shared(batch, noise(0)).items()}
    terms = model.phases()[1].all_terms(batch, fakes, noise(0))
    expected = 0.0
    for name, real, fake in (("B", batch.b, fakes["b"]), ("A", batch.a, fakes["a"])):
        net, real = getattr(model, f"discriminator_{name}"), real * 2 - 1
        score = (net(fake) - net(real)).mean()
        place = noise(0).uniform(f"penalty_{name}", 2)
        expected = expected + (score + 10 * gradient_penalty(net, real, fake, place).mean()) / 2
    torch.testing.assert_close(terms["loss_d"].mean(), expected, rtol=0, atol=1e-12)
    assert terms["loss_d_penalty_AtoB"].requires_grad
    model.eval()
    assert not any("penalty" in name for name in model.discriminator_terms(batch, fakes, noise(0)))


@pytest.mark.parametrize("lambda_gp", [0.0, 7.0])
def test_the_total_is_half_the_sum_of_both_scores_and_the_weighted_penalty(lambda_gp):
    loss = AdversarialObjective("hinge", GradientPenalties(lambda_gp), DiffAugment([]), step()).discriminator_loss
    assert loss({"real": 1.0, "fake": 2.5, "penalty": 3.0}) == (1 + 2.5 + lambda_gp * 3) / 2
    assert loss({"real": 1.0, "fake": 2.5}) == 1.75
    assert loss({"d_real_A": 1.0, "d_fake_A": 2.0, "d_real_B": 9.0}, "d_{}_A") == 1.5


@pytest.mark.parametrize("loss", ["non_saturating", "least_squares", "hinge", "wasserstein"])
def test_real_and_made_images_are_each_held_to_their_own_side_of_the_loss(loss):
    model, batch = cyclegan(loss), domains()
    net, real, fake = model.discriminator_A, 2 * batch.a - 1, 2 * batch.b - 1
    terms = model.objective.discriminator_terms(net, real, fake, noise(0), "A")
    torch.testing.assert_close(terms["real"], real_loss[loss](net(real)))
    torch.testing.assert_close(terms["fake"], fake_loss[loss](net(fake)))
    torch.testing.assert_close(
        model.objective.generator_loss(net, fake, noise(0), "A"), generator_loss[loss](net(fake))
    )


@pytest.mark.parametrize(("make", "data"), MODELS)
def test_a_penalised_critic_keeps_near_slope_one(make, data):
    model = stepping(make())
    slopes = []
    for number in range(40):
        terms = play(model, (data(), noise(number)))
        slopes.append(next(value for name, value in terms.items() if "penalty" in name).mean().item())
    assert slopes[-1] < 0.5 * slopes[0]


@pytest.mark.parametrize(("make", "data"), MODELS)
def test_an_average_follows_by_the_formula_and_translates(make, data):
    model = stepping(make("least_squares", 0.0, ema=0.9))
    nets = list(model.averaged().values())
    expected = [[p.clone() for p in net.parameters()] for net in nets]
    for number in range(3):
        play(model, (data(number), noise(number)))
        decay = min(0.9, (1 + number) / (10 + number))
        expected = [
            [decay * old + (1 - decay) * p for old, p in zip(olds, net.parameters(), strict=True)]
            for olds, net in zip(expected, nets, strict=True)
        ]
    for average, values in zip(model.ema.values(), expected, strict=True):
        for parameter, value in zip(average.parameters(), values, strict=True):
            torch.testing.assert_close(parameter, value)
            assert not parameter.requires_grad
    x, batch = data().a, data()
    by_average, terms = model.translate(x, "AtoB"), model.eval().evaluation_terms(batch, noise(0, "val"))
    own = make("least_squares", 0.0).eval()
    weights = {name: value for name, value in model.state_dict().items() if not name.startswith("ema")}
    own.load_state_dict(weights | named_as(model.ema, own))
    assert torch.equal(own.translate(x, "AtoB"), by_average)
    for name, value in own.evaluation_terms(batch, noise(0, "val")).items():
        assert torch.equal(value, terms[name]), name  # validation measures what translates
    model.ema.clear()
    assert not torch.equal(model.translate(x, "AtoB"), by_average)


@pytest.mark.parametrize("make", [cyclegan, pix2pix])
def test_in_training_the_networks_themselves_translate_and_their_averages_elsewhere(make):
    model = make("least_squares", 0.0, ema=0.9)
    assert model.train().working() == model.generators()
    assert model.eval().working() == dict(model.ema)
    assert make("least_squares", 0.0).eval().working().keys() == model.generators().keys()  # there are no averages


def named_as(averages, model):
    """The averages' weights under the names of the networks that they stand in for."""
    names = {net: name for name, net in model.named_children()}
    return {
        f"{names[model.generators()[way]]}.{name}": value
        for way, net in averages.items()
        for name, value in net.state_dict().items()
    }


def test_running_statistics_are_averaged_with_the_weights_and_batches_counted():
    net = torch.nn.BatchNorm2d(2)
    averages = EMA({"g": net}, 0.9)
    expected = net.running_var.clone()
    for _ in range(2):
        net.train()(torch.randn(4, 2, 3, 3))
        averages.step({"g": net}, 100)
        expected = 0.9 * expected + 0.1 * net.running_var
    torch.testing.assert_close(averages["g"].running_var, expected)
    assert averages["g"].num_batches_tracked == 2


# ---- DiffAugment ---------------------------------------------------------------------------------------------------


def augmented(x, *policy, number=0, parts=1):
    return DiffAugment(list(policy))(x, noise(number), "x", parts)


def test_no_policy_changes_nothing():
    x = images(0, "a", 3, 16)
    assert augmented(x) is x


@pytest.mark.parametrize("change", ["color", "translation", "cutout"])
def test_changes_depend_on_the_noise_alone_differ_by_image_and_pass_gradients(change):
    x = images(0, "a", 1, 16).expand(6, -1, -1, -1).clone().requires_grad_(True)
    y = augmented(x, change)
    assert torch.equal(y, augmented(x, change))
    assert not torch.equal(y, augmented(x, change, number=1))
    assert len({tuple(image.flatten().tolist()) for image in y}) > 1
    y.sum().backward()
    assert x.grad.abs().sum() > 0


def test_translation_moves_whole_pixels_by_up_to_an_eighth_and_fills_with_zero():
    x, seen = images(0, "a", 200, 16) + 1, set()
    for before, after in zip(x, augmented(x, "translation"), strict=True):
        moves = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if torch.equal(after, moved(before, down, right))
        ]
        assert len(moves) == 1
        seen |= set(moves)
    assert len(seen) == 25


def moved(image, down, right):
    """By hand: what leaves is gone, what comes in is 0."""
    padded = torch.nn.functional.pad(image, (2, 2, 2, 2))
    return padded[:, 2 + down : 18 + down, 2 + right : 18 + right]


def test_cutout_hides_at_most_a_square_of_half_the_side():
    holes = (augmented(torch.ones(400, 3, 16, 16, dtype=torch.float64), "cutout") == 0).all(1)
    assert holes.sum((1, 2)).max() == 64
    assert holes.sum((1, 2)).min() == 16
    for side in (1, 2):  # of every image, how far the hole reaches along a side, and from where
        along = holes.any(3 - side)
        assert {tuple(row) for row in along.int().tolist()} == {
            tuple(int(middle - 4 <= place < middle + 4) for place in range(16)) for middle in range(17)
        }


def drawn(x, *numbers):
    """The same three numbers for every image."""
    return torch.tensor([numbers], dtype=torch.float64).expand(len(x), 3)


def test_color_keeps_to_its_ranges():
    x = torch.full((50, 3, 4, 4), 0.25, dtype=torch.float64)
    y = augmented(x, "color")
    assert (y - x).abs().max() <= 0.5  # of one flat grey, only the brightness can change
    assert (y - x).std() > 0.1


def test_color_is_brightness_then_saturation_around_grey_then_contrast_around_the_mean():
    x = images(0, "a", 4, 16)
    grey, mean = x.mean(1, keepdim=True), x.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(color(x, drawn(x, 0.5, 0.5, 0.5), 1), x)
    torch.testing.assert_close(color(x, drawn(x, 0.9, 0.5, 0.5), 1), x + 0.4)
    torch.testing.assert_close(color(x, drawn(x, 0.5, 0.0, 0.5), 1), grey.expand_as(x))
    torch.testing.assert_close(color(x, drawn(x, 0.5, 1.0, 0.5), 1), 2 * x - grey)
    torch.testing.assert_close(color(x, drawn(x, 0.5, 0.5, 0.0), 1), (x + mean) / 2)
    torch.testing.assert_close(color(x, drawn(x, 0.5, 0.5, 1.0), 1), 1.5 * x - mean / 2)


def test_every_move_up_to_an_eighth_of_a_side_is_equally_likely():
    x = images(0, "a", 1, 16) + 1
    shown = [translation(x, drawn(x, (i + 0.5) / 5, (j + 0.5) / 5, 0.0), 1)[0] for i in range(5) for j in range(5)]
    every = {moved(x[0], down, right).numpy().tobytes() for down in range(-2, 3) for right in range(-2, 3)}
    assert {image.numpy().tobytes() for image in shown} == every


def test_the_middle_of_the_hole_may_be_any_pixel_and_the_edge():
    x = torch.ones(17, 1, 16, 16, dtype=torch.float64)
    draw = ((torch.arange(17) + 0.5) / 17)[:, None].expand(17, 3)
    hidden = cutout(x, draw, 1) == 0
    assert hidden.any(3).sum((1, 2)).tolist() == [4, 5, 6, 7, *[8] * 9, 7, 6, 5, 4]
    assert torch.equal(hidden, hidden.transpose(2, 3))


def test_color_is_that_of_the_authors():
    """Brightness, then saturation around each pixel's grey, then contrast around the image's mean; draws even in [0, 1)."""
    x = images(0, "a", 5, 8) * 2 - 1
    by = noise(0).uniform("augment_x_color", 5, 3)[:, :, None, None, None]
    y = x + (by[:, 0] - 0.5)
    grey = y.mean(1, keepdim=True)
    y = (y - grey) * (by[:, 1] * 2) + grey
    mean = y.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(augmented(x, "color"), (y - mean) * (by[:, 2] + 0.5) + mean, rtol=0, atol=1e-12)


def test_changes_come_in_the_order_that_is_given_and_real_and_made_images_are_changed_apart():
    x = images(0, "a", 5, 16)
    both = augmented(x, "color", "cutout")
    assert torch.equal(both, augmented(augmented(x, "color"), "cutout"))
    assert not torch.equal(both, augmented(x, "cutout", "color"))
    change = DiffAugment(["translation"])
    assert not torch.equal(change(x, noise(0), "real_D"), change(x, noise(0), "fake_D"))


def test_images_that_share_a_batch_entry_are_changed_alike():
    x = images(0, "a", 4, 16)
    both = augmented(torch.cat([x, x], 1), "color", "translation", "cutout", parts=2)
    assert torch.equal(both[:, :3], both[:, 3:])


@pytest.mark.parametrize("training", [True, False])
def test_all_that_a_discriminator_sees_is_changed_in_training_each_by_a_draw_of_its_own(training):
    model, x = cyclegan("least_squares", 0.0, ["translation"]).train(training), images(0, "a", 6, SIDE)
    objective, net = model.objective, model.discriminator_B
    objective.step = step(batched=False)
    seen = shown_to(net, lambda: objective.discriminator_terms(net, x, x, noise(0), "B"))
    seen += shown_to(net, lambda: objective.generator_loss(net, x, noise(0), "B"))
    seen += shown_to(net, lambda: objective.generator_loss(net, x, noise(0), "A"))
    assert len(seen) == 4
    assert all(torch.equal(shown, x) != training for shown in seen)
    assert len({shown.numpy().tobytes() for shown in seen}) == (4 if training else 1)


def test_the_image_beside_it_does_not_change_how_an_input_is_coloured():
    model, batch = pix2pix("least_squares", 0.0, ["color"]), pairs()
    model.objective.step.batched = False
    halves = []
    for target, fake in ((batch.b, batch.a), (batch.b.flip(0), batch.b)):
        one = batch._replace(b=target)
        fakes = {"b": 2 * fake - 1}
        seen = shown_to(model.discriminator, lambda o=one, f=fakes: model.discriminator_terms(o, f, noise(0)))
        seen += shown_to(model.discriminator, lambda o=one, f=fakes: model.generator_terms(o, f, noise(0)))
        halves.append(torch.stack([shown[:, :3] for shown in seen]))
    assert len(halves[0]) == 3
    torch.testing.assert_close(*halves)


def test_discriminators_see_changed_images_in_training_alone():
    plain, changed = cyclegan("least_squares", 0.0), cyclegan("least_squares", 0.0, ["translation"])
    changed.load_state_dict(copy.deepcopy(plain.state_dict()))
    for training in (True, False):
        losses = []
        for model in (plain.train(training), changed.train(training)):
            fakes = model.shared(domains(), noise(0))
            losses.append(model.discriminator_terms(domains(), fakes, noise(0))["loss_d_real_AtoB"])
        assert torch.equal(*losses) != training
