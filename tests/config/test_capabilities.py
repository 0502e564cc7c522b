"""What models can do, read off their source: what their classes and their bases define or set."""

from genlab.config.capabilities import models_with, named_in
from genlab.config.files import Conf


def test_methods_and_attributes_of_a_class_and_its_bases_are_found():
    named = named_in("genlab.models.vae.VAE")
    assert {"encode", "decode", "posterior", "sample", "encoder", "decoder", "report"} <= named
    assert "judge" not in named
    assert named_in("genlab.models.vae.NoSuchThing") == named_in("no.such.package.Thing") == set()


def test_models_are_named_by_their_files():
    every = sorted(Conf().options("model"))
    assert models_with(set()) == every
    able = models_with({"encode"})
    assert {"aae", "ae", "beta_vae", "cvae", "pca", "vae"} <= set(able)
    assert not {"gan", "dcgan", "cgan", "pix2pix", "cyclegan", "restoration"} & set(able)
