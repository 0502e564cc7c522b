"""PCA as a model: solved in one pass, exactly resumed, and equal to scikit-learn's."""

import copy
from functools import partial

import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA as Reference

from genlab.contracts import ConfigError, DataSpec, Images
from genlab.models.base.code_mixture import CodeMixture
from genlab.models.pca import PCA
from genlab.nets.principal_components import moments

from stepping import noise_of, play, stepping

IMAGES = torch.from_numpy(load_digits().images / 16).float()[:, None]
TRAIN, TEST = IMAGES[:1000], IMAGES[1000:]
SPEC = DataSpec("digits", "images", (1, 8, 8), {"train": 1000}, "0")
make = partial(PCA, sigma=1.0, mixture=None, seed=0)


def batches(size, images=TRAIN):
    return [Images(part, None, torch.arange(len(part))) for part in images.split(size)]


def shown(model, given):
    """Let the model train on batches; evaluation mode."""
    model = stepping(model).train()
    for batch in given:
        play(model, (batch, noise_of(model, 0)))
    return model.eval()


def test_the_squared_error_on_other_images_is_scikit_learns():
    reference = Reference(10, svd_solver="full").fit(TRAIN.flatten(1).double().numpy())
    flat = TEST.flatten(1).double().numpy()
    again = torch.from_numpy(reference.inverse_transform(reference.transform(flat)))
    model = shown(make(10, spec=SPEC).double(), batches(128))
    terms = model.terms(*[Images(TEST.double(), None, torch.arange(len(TEST))), noise_of(model, 0)])
    expected = (TEST.flatten(1).double() - again).square().sum(1)
    torch.testing.assert_close(terms["squared_error"], expected)
    assert float(terms["explained"][0]) == pytest.approx(reference.explained_variance_ratio_.sum(), rel=1e-10)
    torch.testing.assert_close(model.reconstruct(TEST.double()).flatten(1), again.clamp(0, 1))
    codes = torch.from_numpy(reference.transform(flat)).abs()
    torch.testing.assert_close(model.encode(TEST.double()).mean.abs(), codes)


def test_neither_the_size_of_batches_nor_a_second_pass_matters():
    first = shown(make(5, spec=SPEC), batches(7)).linear.basis.clone()
    torch.testing.assert_close(shown(make(5, spec=SPEC), batches(512)).linear.basis, first)
    torch.testing.assert_close(shown(make(5, spec=SPEC), [*batches(512), *batches(7)]).linear.basis, first)


def test_a_pass_that_was_cut_goes_on_to_the_same_bits():
    """Also where a validation came in between, or a checkpoint before the first one."""
    given, whole = batches(100), shown(make(5, spec=SPEC), batches(100))
    broken = stepping(make(5, spec=SPEC)).train()
    for batch in given[:4]:
        play(broken, (batch, noise_of(broken, 0)))
    saved = copy.deepcopy(broken.state_dict())
    assert float(saved["linear._extra_state"][0, 0]) == 400
    broken.eval()
    resumed = make(5, spec=SPEC)
    resumed.load_state_dict(saved)
    for name, value in shown(resumed, given[4:]).state_dict().items():
        assert torch.equal(value, whole.state_dict()[name]), name
    assert torch.equal(shown(broken, given[4:]).linear.basis, whole.linear.basis)
    early = make(5, spec=SPEC)
    early.load_state_dict(saved)
    assert torch.equal(early.eval().linear.basis, shown(make(5, spec=SPEC), given[:4]).linear.basis)


def test_sums_stay_in_float64_where_weights_are_in_less():
    given = batches(100, TRAIN.bfloat16())
    model = shown(make(5, spec=SPEC).bfloat16(), given)
    assert model.linear.basis.dtype == torch.bfloat16
    assert model.linear.sums.dtype == model.state_dict()["linear._extra_state"].dtype == torch.float64
    torch.testing.assert_close(model.linear.sums, sum(moments(batch.image.flatten(1)) for batch in given))


def test_without_a_training_image_it_predicts_black():
    assert make(5, spec=SPEC).reconstruct(TEST[:2]).max() == 0


@pytest.mark.parametrize(
    ("shape", "images", "components", "remedy"),
    [
        ((1, 8, 8), 1000, 65, "model.latent_dim=64"),
        ((1, 8, 8), 30, 30, "model.latent_dim=29"),
        ((3, 256, 256), 1000, 5, "data.image_size=73"),
    ],
)
def test_what_cannot_be_solved_is_refused_with_what_can(shape, images, components, remedy):
    with pytest.raises(ConfigError, match=remedy):
        make(components, spec=DataSpec("x", "images", shape, {"train": images}, "0"))


def test_samples_are_of_the_images_kind_once_a_mixture_is_fitted():
    model = shown(PCA(10, 1.0, CodeMixture(3, 1000), SPEC, 0), batches(500))
    model.mixture.fit(model.encode(TRAIN).mean, 0)
    made = model.sample(2000, seed=1)
    assert torch.allclose(made.mean(), TRAIN.mean(), atol=0.01)
    assert torch.allclose(model.draw(4000).var(0), model.encode(TRAIN).mean.var(0), rtol=0.15)
