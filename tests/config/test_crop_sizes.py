"""What cannot work with translation models is told from the configuration alone."""

import pytest

from genlab.config.crop_sizes import unfit_sounds
from genlab.contracts import ConfigError

FOLDER = ["data=paired_folders", "data.path=x"]
DOMAINS = ["data=unpaired_folders", "data.path=x"]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            ["model=pix2pix", *FOLDER, "data.crop_size=200"],
            ["images of 200x200", "multiples of 256", "Type: data.crop_size=256"],
        ),
        (
            ["model=pix2pix", *FOLDER, "model/generator=unet_128", "data.crop_size=600", "data.load_size=620"],
            ["multiples of 128", "Type: data.crop_size=640 data.load_size=715"],
        ),
        (
            ["model=cyclegan", *DOMAINS, "data.crop_size=62"],
            ["images of 62x62", "multiples of 4", "Type: data.crop_size=64"],
        ),
        (
            ["model=cyclegan", *DOMAINS, "data.crop_size=20"],
            ["images of 20x20", "at least 24", "Type: data.crop_size=24"],
        ),
    ],
)
def test_a_cut_that_does_not_fit_is_refused(overrides, words, composed):
    with pytest.raises(ConfigError) as error:
        composed(*overrides)
    for word in words:
        assert word in str(error.value)


def test_whole_sounds_fit_networks_that_halve_twice_and_take_their_bands():
    assert unfit_sounds(80, 128, 4, 24) is None
    assert "Type: data.n_mels=64" in str(unfit_sounds(63, 128, 4, 24))
    assert "Type: data.n_mels=24" in str(unfit_sounds(16, 128, 4, 24))
    assert "Type: data.frames=24" in str(unfit_sounds(80, 8, 4, 24))
    assert "multiples of 64 windows, and whole sounds have any multiple of 4" in str(unfit_sounds(64, 128, 64, 24))


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=pix2pix", *FOLDER],
        ["model=pix2pix", *FOLDER, "model/generator=resnet_9", "data.crop_size=60"],
        ["model=cyclegan", *DOMAINS, "data.crop_size=24"],
        ["model=cyclegan", *FOLDER],
        ["model=cyclegan", *DOMAINS, "model/discriminator=pixel", "data.crop_size=8"],
        ["model=cyclegan", *DOMAINS, "data.preprocess=none", "data.crop_size=7"],
    ],
)
def test_cuts_that_fit_pass(overrides, composed):
    composed(*overrides)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            ["model=pix2pix", *DOMAINS],
            ["model=pix2pix takes pairs", "data=unpaired_folders has domains", "model=cyclegan"],
        ),
        (
            ["model=cyclegan", "data=folder", "data.path=x"],
            ["model=cyclegan takes domains", "data=folder has images", "data=unpaired_folders", "data=maps"],
        ),
        (["model=cyclegan", *DOMAINS, "model.pool_size=-1"], ["model.pool_size"]),
        (["model=pix2pix", *FOLDER, "data.direction=AtoC"], ["data.direction", "AtoB"]),
        (["model=pix2pix", *FOLDER, "model.generator.num_downs=4"], ["model.generator.num_downs"]),
        (["model=cyclegan", *DOMAINS, "model.loss=wgangp"], ["model.loss", "least_squares"]),
        (["model=cyclegan", *DOMAINS, "model.generator.norm=layer"], ["model.generator.norm", "instance"]),
        (["model=cyclegan", *DOMAINS, "model.loss=wasserstein"], ["needs a gradient penalty", "model.lambda_gp=10"]),
        (["model=pix2pix", *FOLDER, "model.lambda_gp=1"], ["batch norm", "Type: model.discriminator.norm=instance"]),
        (
            ["model=cyclegan", *DOMAINS, "model.lambda_gp=1", "model.step.compile=default"],
            ["no second derivative", "Type: model.step.compile=null"],
        ),
        (["model=cyclegan", *DOMAINS, "model.augment=[colour]"], ["model.augment", "color"]),
        (["model=cyclegan", *DOMAINS, "model.ema=1"], ["model.ema"]),
    ],
)
def test_wrong_values_and_combinations_are_told(overrides, words, composed):
    with pytest.raises(ConfigError) as error:
        composed(*overrides)
    for word in words:
        assert word in str(error.value)
