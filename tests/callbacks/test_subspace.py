"""A linear code beside the principal components of the training images, as a run reports it."""

import json

import numpy as np
import pytest
import torch

from genlab.callbacks.evaluators.subspace import picture
from genlab.contracts import ConfigError
from genlab.metrics.subspaces import gram
from genlab.runs.load import load

NUMBERS = ["principal_angle_max", "principal_angle_mean", "mse_train", "mse_train_pca", "decoder_cosine_max"]
SHORT = [
    "data=digits",
    "model.latent_dim=4",
    "data.limit=300",
    "callbacks=none",
    "metrics.fid=null",
    "metrics.kid=null",
]


def numbers(run, split):
    metrics = json.loads((run / "summary.json").read_text())["metrics"]
    return {name: metrics[f"{split}/{name}"] for name in NUMBERS}


def test_pca_is_at_no_angle_to_itself_and_reaches_the_least_error(train):
    run = train("model=pca", *SHORT, "data.batch_size=100", "trainer.max_epochs=1")  # no image is left out
    for split in ("val", "test"):
        found = numbers(run, split)
        assert found["principal_angle_max"] < 1e-4
        assert found["decoder_cosine_max"] < 1e-5
        assert found["mse_train"] == pytest.approx(found["mse_train_pca"], rel=1e-6)


def test_a_linear_autoencoder_is_above_it_and_leaves_its_gram_matrix(train):
    run = train("model=linear_ae", *SHORT, "trainer.max_epochs=2")
    found = numbers(run, "test")
    assert 0 <= found["principal_angle_mean"] <= found["principal_angle_max"] <= 90
    assert found["mse_train"] > found["mse_train_pca"] > 0
    table = torch.tensor(json.loads((run / "tables" / "decoder_gram.json").read_text()))
    torch.testing.assert_close(table, gram(load(run).decoder.weight.detach()).float())
    assert (run / "tables" / "decoder_gram.png").exists()


def test_the_picture_of_the_gram_matrix_has_its_cosines_a_title_axes_and_a_scale():
    decoder = torch.tensor([[1.0, -1.0, 0.0], [0.0, 1.0, 2.0]])  # columns at 135, 90 and 45 degrees to each other
    axes, bar = picture(gram(decoder)).axes
    half = 0.5**0.5
    np.testing.assert_allclose(axes.images[0].get_array(), [[1, half, 0], [half, 1, half], [0, half, 1]], atol=1e-7)
    assert axes.images[0].get_clim() == (0, 1)
    assert axes.get_title(loc="left") == "|cosine| of every two columns of the decoder"
    assert axes.get_xlabel() == axes.get_ylabel() == "dimension of the code"
    assert bar.get_ylabel() == "|cosine|"
    assert any(text.get_text().startswith("largest of two: 0.71") for text in axes.texts)


def test_a_code_too_large_is_refused_before_anything_is_written(train, tmp_path):
    with pytest.raises(ConfigError, match=r"at most 64 components\n.*model.latent_dim=64"):
        train("model=pca", "data=digits", "model.latent_dim=65")
    assert not list((tmp_path / "runs").glob("*"))
