"""What Hydra composes in two steps is what it composes in one."""

import pytest
from hydra import compose as hydra_compose
from omegaconf import OmegaConf, open_dict

from genlab.config.compose import compose
from genlab.config.files import Conf
from genlab.config.session import own_hydra

FILES = ["model=dcgan", "model/schedule=cosine", "data=mnist", "logger=csv"]
VALUES = ["model.latent_dim=3", "+trainer.limit_val_batches=2", "++data.limit=5", "tags=[a,b]"]


@pytest.mark.parametrize("texts", [[*FILES, *VALUES], [*VALUES[2:], *FILES, *VALUES[:2]], FILES, VALUES[:1]])
def test_keys_are_set_as_by_hydra_itself(texts):
    ours = OmegaConf.to_container(compose("train", texts), resolve=True)
    with own_hydra(Conf()):
        whole = hydra_compose("train", texts)
    with open_dict(whole):
        whole.name = ours["name"]
        whole.choices = ours["choices"]
    assert ours == OmegaConf.to_container(whole, resolve=True)
