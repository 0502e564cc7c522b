"""The numbers of the papers stand in ``conf/``: nobody changes them by the way."""

import pytest

from genlab.config.files import Conf
from genlab.config.session import compose_alone

ADAM_GAN = {"optimizer._target_": "torch.optim.Adam", "optimizer.lr": 2e-4, "optimizer.betas": [0.5, 0.999]}
HALF = {"schedule._target_": "genlab.models.base.schedules.LinearDecay", "schedule.constant": 0.5}
PATCH = {
    "discriminator._target_": "genlab.nets.patchgan.PatchGAN",
    "discriminator.layers": 3,
    "discriminator.width": 64,
}
PUBLISHED = {
    # Radford et al., 2015, sections 3 and 4
    "dcgan": ADAM_GAN | {"latent_dim": 100, "loss": "non_saturating", "d_steps": 1, "net.width": 64},
    # Goodfellow et al., 2014, algorithm 1
    "gan": {"loss": "non_saturating", "d_steps": 1, "optimizer.betas": [0.5, 0.999]},
    # Kingma and Welling, 2013, eq. 3
    "vae": {"beta": 1.0, "likelihood": "bernoulli", "net.small.hidden": [400]},
    # Higgins et al., 2017: above 1
    "beta_vae": {"beta": 4.0, "likelihood": "bernoulli"},
    # Makhzani et al., 2015, appendix A
    "aae": {"discriminator.hidden": [1000, 1000], "posterior": "deterministic", "labelled": 0},
    "ss_aae": {"discriminator.hidden": [1000, 1000], "latent_dim": 10},
    # Kim and Mnih, 2018, section 5 and appendix
    "factor_vae": {
        **{"beta": 1.0, "likelihood": "bernoulli", "discriminator.hidden": [1000] * 6, "optimizer.lr": 1e-4},
        **{"discriminator.activation": "leaky_relu", "d_optimizer.betas": [0.5, 0.9], "d_optimizer.lr": 1e-4},
    },
    # Isola et al., 2017, sections 3.3 and 6.1: with batch norm, and dropout in the generator
    "pix2pix": {
        **ADAM_GAN,
        **HALF,
        **PATCH,
        **{"loss": "non_saturating", "lambda_l1": 100.0, "lambda_gp": 0.0, "augment": [], "ema": 0.0},
        **{"generator._target_": "genlab.nets.unet.UNet", "generator.num_downs": 8, "generator.width": 64},
        **{"generator.norm": "batch", "generator.dropout": True, "generator.upsample": "transposed"},
        **{"discriminator.norm": "batch", "inference_norm": "batch", "inference_dropout": True},
    },
    # Zhu et al., 2017, sections 4 and 5.2, appendix
    "cyclegan": {
        **ADAM_GAN,
        **HALF,
        **PATCH,
        **{"loss": "least_squares", "lambda_cycle_a": 10.0, "lambda_cycle_b": 10.0, "lambda_identity": 0.5},
        **{"pool_size": 50, "lambda_gp": 0.0, "augment": [], "ema": 0.0, "lambda_second": 0.0, "mask": 0.0},
        **{"generator._target_": "genlab.nets.resnet.ResNet", "generator.blocks": 9, "generator.width": 64},
        **{"generator.num_downs": 2, "generator.norm": "instance", "generator.dropout": False},
        **{"generator.upsample": "transposed", "discriminator.norm": "instance"},
    },
}


PARTS = {
    # Kaneko et al., 2019, figure of the networks: twice these widths before the gates
    "model/generator/gated_2_1_2d": {"width": 64, "channels": 256, "blocks": 6, "num_downs": 2, "upsample": "shuffle"},
    # Kaneko and Kameoka, 2017, section 4; 0.5 times the weight of the cycle, 10, is 5
    "model/identity_schedule/at_first": {
        "model.lambda_identity.start": 0.5,
        "model.lambda_identity.end": 0.0,
        "model.lambda_identity.batches": 10000,
    },
}


def at(node, key):
    """The value at a dotted key."""
    for part in key.split("."):
        node = node[part]
    return float(node) if key.endswith(".lr") else node  # YAML reads 1e-3 as text, and Hydra as a number


@pytest.mark.parametrize("model", PUBLISHED)
def test_a_model_has_the_numbers_of_its_paper(model):
    node = compose_alone(Conf(), f"model/{model}")[f"model/{model}"]
    assert {key: at(node, key) for key in PUBLISHED[model]} == PUBLISHED[model]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_the_numbers_of_its_paper(part):
    node = {"model": Conf().raw(part)} if part.startswith("model/identity") else Conf().raw(part)
    assert {key: at(node, key) for key in PARTS[part]} == PARTS[part]


@pytest.mark.parametrize("data", ["maps", "facades", "horse2zebra", "monet2photo"])
def test_a_set_of_translation_is_scaled_and_cut_as_in_the_papers_and_comes_one_by_one(data):
    node = compose_alone(Conf(), f"data/{data}")[f"data/{data}"]
    numbers = {"preprocess": "resize_and_crop", "load_size": 286, "crop_size": 256, "hflip": True, "batch_size": 1}
    assert {key: node[key] for key in numbers} == numbers
    assert node.get("direction", "AtoB") == ("BtoA" if data == "facades" else "AtoB")
