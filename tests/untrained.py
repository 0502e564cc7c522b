"""Run directories of models that nobody has trained: a checkpoint in a tenth of a second."""

from omegaconf import OmegaConf

from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.runs.checkpoint_io import AtomicCheckpointIO


def saved(cfg, run, **said):
    """``run`` with a checkpoint of the model that ``cfg`` makes; ``said``: keys that its own configuration has otherwise."""
    spec = prepare(cfg).spec
    model = build_model(cfg, spec)
    own = OmegaConf.create(OmegaConf.to_container(cfg, resolve=True))
    for key, value in said.items():
        OmegaConf.update(own, key.replace("__", "."), value, force_add=True)
    kept = {"config": OmegaConf.to_container(own), "spec": spec.plain()}
    checkpoint = {"state_dict": model.state_dict(), "genlab": kept}
    model.on_save_checkpoint(checkpoint)
    AtomicCheckpointIO().save_checkpoint(checkpoint, run / "checkpoints" / "last.ckpt")
    return run
