"""Models that do known things to a voice, and what is measured of them, alone or as one of two ranks."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from omegaconf import OmegaConf
from torch import distributed

import judging
from evaluators import ALONE
from genlab.apps.command.evaluators import evaluate_callback
from genlab.callbacks.evaluators.listening import Listener
from genlab.callbacks.evaluators.one_pass import Pass
from genlab.data.sets.speech_folders import SpeechFolders
from genlab.data.store.handover import hand_over, handed_over
from genlab.data.store.module import StoreData
from genlab.models.base.distributed import rank, world_size

__all__ = ["Listener"]

FORM = {"sample_rate": 16000, "n_fft": 1024, "hop_length": 256, "n_mels": 64, "f_min": 0.0, "f_max": 4000.0}
REST = {"frames": 32, "trim": 40.0, "spread": 4.0, "on_error": "stop", "batch_size": 1, "limit": None}


def prepared(folders, cache):
    """A small set of two speakers."""
    source = SpeechFolders(**{side: str(place) for side, place in folders.items()}, **FORM, **REST)
    return source.prepare(cache, cache)


class Same:
    """Leaves every picture as it is."""

    device = torch.device("cpu")

    def translate(self, x, direction):
        return x


class Grey(Same):
    """The target's mean frame throughout."""

    def translate(self, x, direction):
        return torch.full_like(x, 0.5)


class Parrot(Same):
    """Says the target's own recording, which it knows by the source's picture."""

    def __init__(self, prepared):
        data = StoreData(prepared, 1, 0)
        self.known = [(batch.a, batch.b) for batch in data.as_in_evaluation("test", self.device)]

    def translate(self, x, direction):
        source, target = (0, 1) if direction == "AtoB" else (1, 0)
        return next(pair[target] for pair in self.known if torch.equal(pair[source], x))


def configured(composed):
    return composed("model=cyclegan", "data=speech_folders", "data.a=a", "data.b=b", *ALONE)


def save(cfg, folder):
    OmegaConf.save(cfg, folder / "config.yaml", resolve=True)


def attached(cfg, model, found, cache):
    """The callback of ``cfg`` with a model's test."""
    evaluate = evaluate_callback(cfg)
    evaluate.attach(model, found, cache, {"test": "test"})
    return evaluate


def fitting(cfg, model, found, cache):
    """The names of the evaluators that fit."""
    evaluate = attached(cfg, model, found, cache)
    return {evaluate.name_of(one) for one in evaluate.stages["test"][1]}


def measured(cfg, model, found, cache, only="speech"):
    """What the evaluator of speech alone, or another one, says of a model, and the callback."""
    for name in [name for name in cfg.metrics if name != only and OmegaConf.is_dict(cfg.metrics[name])]:
        if "_target_" in cfg.metrics[name]:
            cfg.metrics[name] = None
    evaluate = attached(cfg, model, found, cache)
    return test(evaluate, model), evaluate


def test(evaluate, model):
    """Go over the test once, as the trainer does: this rank's share of it."""
    now, (speech,) = evaluate.stages["test"]
    now.begin()
    over = Pass(now, {evaluate.name_of(speech): speech}, evaluate.configurations, evaluate.costs)
    data = StoreData(now.prepared, 1, 0)
    data.trainer = SimpleNamespace(  # who tells a rank its share
        global_rank=rank(), world_size=world_size(), lightning_module=None, training=False, strategy=None
    )
    data.ahead = lambda: False
    for number, batch in enumerate(data.as_in_evaluation("test", model.device)):
        over.look(model, batch, number)
    return over.finish()


test.__test__ = False


def on_two_ranks(trainings, cfg, found, folder, only="speech"):
    """What each of two ranks says of a model that changes nothing."""
    hand_over(found, folder)
    save(cfg, folder)
    place = [{"folder": folder, "output": folder / f"{n}.txt"} for n in (0, 1)]
    ranks = [trainings.start("listening:measure_as", n, 2, str(folder), only, **place[n]) for n in (0, 1)]
    assert [one.wait(120) for one in ranks] == [0, 0], (folder / "0.txt").read_text()[-2000:]
    for one in ranks:
        one.end()
    return [torch.load(folder / f"{n}.pt") for n in (0, 1)]


def measure_as(rank, world, folder, only):
    """One of several ranks, with the set that rank 0 has prepared: leaves its numbers in ``folder``."""
    if only != "speech":
        judging.install(pytest.MonkeyPatch(), Path(folder) / f"packages_{rank}")
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world)
    cfg = OmegaConf.load(Path(folder) / "config.yaml")
    values, _ = measured(cfg, Same(), handed_over(Path(folder)), Path(folder), only)
    torch.save(values, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()
