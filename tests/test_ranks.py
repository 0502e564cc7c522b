"""Two real processes over gloo: no further flag, equal weights, one run directory, exact counts, the same as one."""

import json
import os

import pytest
import torch
from filelock import FileLock
from omegaconf import OmegaConf
from torch import nn

import rankpair
from genlab.config.compose import compose
from genlab.config.files import Conf
from genlab.runs.load import load

import leaves
from killing import choices, rows
from photographs import BEYOND

PICTURES = ("pix2pix", "cyclegan", "speech")

# ---- one pair of ranks that trains every model -----------------------------------------------------------------------

FEW = ["trainer.precision=64-true", "trainer.accelerator=cpu", "trainer.log_every_n_steps=1"]
# where a model has more to show, or two ranks would not be one process
CHOSEN = {
    "factor_vae": ["model.discriminator.hidden=[32,32]"],
    "ss_aae": ["model.labelled=30"],
    "cyclegan": ["model.pool_size=0"],
    "pix2pix": ["model.ema=0.9", "model.inference_norm=running", "model.inference_dropout=false"],
}
INSTANCE = ["model.generator.norm=instance", "model.generator.dropout=false", "model.discriminator.norm=instance"]
CRITIC = ["model.loss=wasserstein", "model.lambda_gp=10", "model.augment=[color,translation,cutout]", "model.ema=0.9"]
CLASSES = ["model.latent_dim=2", "model/prior=ring", "model.labelled=30", "model.posterior=gaussian"]
REMEDIES = ["model.loss=relativistic", "model.r1=0.5", "model.r2=0.5", "model.instance_noise=0.1", "model.pack=2"]
REMEDIES += ["model.top_k=0.5", "model.d_steps=2", "model.g_steps=2", "model.d_lr=1e-3", "model.ema_images=100"]
FEW_INPUTS = ["model.prior.components=10"]
GROUPED = ["trainer.accumulate_grad_batches=3", "trainer.gradient_clip_val=0.5"]
MORE = {
    "ae-sparse": ("ae", ["model/penalty=kl_sparsity"]),
    "ae-contractive": ("ae", ["model/penalty=contractive", "model.penalty.probes=2"]),
    "denoising-hole": ("denoising_ae", ["model/corruption=hole"]),
    "vae-grouped": ("vae", GROUPED),
    "vae-batch-norm": ("vae", ["model/net=conv", "model.net.norm=batch", "model.net.width=4"]),
    "vae-sigma": ("vae", [*GROUPED, "model.likelihood=gaussian"]),
    "vae-capacity": ("vae", ["model/objective=capacity", "model.objective.capacity=2.0", "model.beta=5"]),
    "vae-free-bits": ("vae", ["model/objective=free_bits"]),
    "hvae-iwae": ("hvae", ["model/objective=iwae", "model.objective.gradient=dreg", "model/prior=vamp", *FEW_INPUTS]),
    "gan-grouped": ("gan", GROUPED),
    "gan-critic": ("gan", ["model.loss=wasserstein", "model.lambda_gp=10", "model.dragan=1", "model.penalty_every=2"]),
    "gan-remedies": ("gan", REMEDIES),
    "cgan-remedies": ("cgan", [*REMEDIES, "model.net.discriminator_norm=none", "model.net.minibatch_std=2"]),
    "gan-saturating": ("gan", ["model.loss=saturating", "model.label_smoothing=0.1", "model.augment=[color,cutout]"]),
    "gan-hinge": ("gan", ["model.loss=hinge", "model.d_steps=2", "model.r1=0.5", "model.penalty_every=3"]),
    "gan-spectral": ("gan", ["model.net.spectral_norm=true"]),
    "aae-classes": ("aae", CLASSES),
    "pix2pix-critic": ("pix2pix", INSTANCE + CRITIC),
    "cyclegan-pool": ("cyclegan", []),
    "cyclegan-beyond": ("cyclegan", ["model.pool_size=0", *BEYOND]),
    "cyclegan-speech": ("speech", ["model.pool_size=0", *BEYOND]),
}
TOGETHER = ("cgan-remedies",)  # whose discriminator judges several images of a batch together
LEAVES = ("AAE", "Remedies", "WarmUp")  # kinds of models that are still to come: tests/leaves.py
CASES = {name: (name, CHOSEN.get(name, [])) for name in Conf().options("model")} | MORE
CASES |= {leaf: ("ae", ["model/schedule=cosine"]) for leaf in LEAVES}


def typed(case, folder):
    """What to type for one of two ranks; pictures, where a model takes them, are made in ``folder``."""
    model, more = CASES[case]
    size = ["data.limit=76", "data.batch_size=8", "trainer.max_epochs=3"]  # 12 batches
    if model in PICTURES:
        size = ["data.limit=14", "data.batch_size=2", "trainer.max_epochs=4"]
    return [*choices(model, folder), *FEW, *size, f"paths.cache={folder}/cache", "trainer.devices=2", *more]


@pytest.fixture(scope="session")
def pair(request, tmp_path_factory, trainings):
    """The folder in which two ranks have trained every case of this session: one pair for all workers of xdist."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "pair"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            asked = {item.callspec.params["case"] for item in request.session.items if "pair" in item.fixturenames}
            train_on_two_ranks(trainings, folder, sorted(asked))
            (folder / "done").touch()
    return folder


def train_on_two_ranks(forks, folder, cases):
    """Let two processes go through the cases."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        (folder / case).mkdir()
        cfg = compose("train", typed(case, folder))
        cfg = leaves.put_into(cfg, case) if case in LEAVES else cfg
        OmegaConf.save(cfg, folder / case / "config.yaml", resolve=True)
    place = {"folder": folder, "output": folder / "log.txt"}
    ranks = [forks.start("rankpair:train_as", n, str(folder), cases, **place, LOCAL_RANK=str(n)) for n in (0, 1)]
    codes = [rank.wait(180) for rank in ranks]
    for rank in ranks:
        rank.end()
    assert codes == [0, 0], (folder / "log.txt").read_text()[-3000:]


def held_by_both(pair, case):
    """What each of the two ranks held."""
    return [torch.load(pair / case / f"{rank}.pt") for rank in (0, 1)]


def looks_at_its_batch(model):
    """Whether there is batch norm or dropout, which see each rank's own half of a batch, or a pool of each rank's own."""
    layers = any(isinstance(layer, nn.BatchNorm2d | nn.BatchNorm1d | nn.Dropout) for layer in model.modules())
    return layers or any(pool.size for pool in model.pools().values())


def assert_equal(one, other):
    """To the bit."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


def assert_close(one, other, **near):
    """Nearly."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], **near, msg=lambda told, name=name: f"{name}: {told}")


@pytest.mark.parametrize("case", CASES)
def test_two_ranks_hold_the_same(case, pair):
    """Whatever they began with: rank 0's weights, the same gradients, and in every evaluation rank 0's statistics."""
    one, other = held_by_both(pair, case)
    for moment in ("begun", "validated", "trained", "gradients", "tested"):
        assert_equal(one[moment], other[moment])
    assert_equal(one["collected"], one["validated"])
    assert_equal(one["trained"], one["tested"])
    assert one["numbers"] == other["numbers"]
    assert one["images_seen"] == other["images_seen"]
    running = {name for name in one["begun"] if name.endswith(("running_mean", "running_var"))}
    assert running == {n for n, value in one["collected"].items() if not torch.equal(value, other["collected"][n])}


@pytest.mark.parametrize("case", CASES)
def test_two_ranks_train_like_one(case, pair, tmp_path):
    model = rankpair.trained(rankpair.configured(pair / case, 1), tmp_path)
    ranks, alone = held_by_both(pair, case), torch.load(tmp_path / "0.pt")
    assert_equal(ranks[0]["begun"], alone["begun"])
    assert ranks[0]["images_seen"] == alone["images_seen"]
    halves = zip(*(rank["batches"] for rank in ranks), strict=True)
    assert [[place for row in zip(*both, strict=True) for place in row] for both in halves] == alone["batches"]
    assert sorted(ranks[0]["seen"] + ranks[1]["seen"]) == alone["seen"]
    if looks_at_its_batch(model):
        return
    assert len(alone["terms"]) >= 10
    for one, other, whole in zip(ranks[0]["terms"], ranks[1]["terms"], alone["terms"], strict=True):
        both = {name: (value + other[name]) / 2 for name, value in one.items()}
        assert_close(both, whole, rtol=1e-10, atol=1e-10)
    assert_close(ranks[0]["trained"], alone["trained"], rtol=0, atol=1e-10)
    assert_close(ranks[0]["gradients"], alone["gradients"], rtol=1e-8, atol=1e-10)
    assert ranks[0]["numbers"] == pytest.approx(alone["numbers"], rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_two_ranks_measure_what_one_process_measures_of_the_same_weights(case, pair, tmp_path):
    both, _ = held_by_both(pair, case)
    numbers = rankpair.tested(rankpair.configured(pair / case, 1), tmp_path, both["tested"])
    assert {name for name in both["numbers"] if name.startswith("test/")} == numbers.keys() != set()
    near = 1e-2 if case in TOGETHER else 1e-9  # its last batch, which the ranks share, has other packs and groups
    assert {name: both["numbers"][name] for name in numbers} == pytest.approx(numbers, rel=near)


@pytest.mark.parametrize("case", ["cyclegan-pool"])
def test_each_rank_has_a_pool_of_its_own_and_gets_it_back(case, pair):
    """It holds the images that this rank has made; a checkpoint holds everyone's."""
    ranks = held_by_both(pair, case)
    for side in "ab":
        one, other = (rank["pools"][side] for rank in ranks)
        assert len(one) == len(other) == 6
        assert not any(torch.equal(x, y) for x in one for y in other)
    for number, rank in enumerate(ranks):
        for whose, side in (("0", "a"), ("0", "b"), ("1", "a"), ("1", "b")):
            saved = torch.stack(rank["saved_pools"][whose][side])
            assert torch.equal(saved, torch.stack(ranks[int(whose)]["pools"][side]))
            if whose == str(number):
                assert torch.equal(saved, torch.stack(rank["restored_pools"][side]))


# ---- the command, on two devices -------------------------------------------------------------------------------------

SMALL = ["data.limit=200", "trainer.max_epochs=2", "trainer.precision=64-true", "callbacks=trace"]
SMALL += ["performance.threads=1", "trust=[rankdump]", "+callbacks.dump._target_=rankdump.Dump", "run_id=a"]
SCREEN = ["logger=csv", "trainer.accelerator=cpu", "trainer.log_every_n_steps=1"]
SCREEN += ["metrics.extractor=random", "metrics.val_samples=60", "metrics.test_samples=60"]


def on_two_devices(forks, folder, cache, *chosen):
    """A run in processes of its own; gives its directory and what each rank held."""
    folder.mkdir()
    typed = [*SCREEN, *SMALL, *chosen, "trainer.devices=2", f"paths.runs={folder}", f"+callbacks.dump.folder={folder}"]
    process = forks.command("train", *typed, folder=folder, output=folder / "said.txt", GENLAB_CACHE=str(cache))
    assert process.wait(240) == 0, process.said()[-3000:]
    assert "Warning" not in process.said()
    return next(folder.glob("*-*/a")), [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


@pytest.mark.parametrize(("model", "batch", "tested"), [("vae", 16, 180), ("cyclegan", 2, 4)])
def test_the_command_on_two_devices_leaves_the_run_directory_of_one(
    model, batch, tested, tmp_path, cache, train, trainings
):
    """Numbers, pictures' numbers and consumed images too; the weights are those that both ranks trained."""
    chosen = [*choices(model, tmp_path), *CASES[model][1]]
    run, (one, other) = on_two_devices(trainings, tmp_path / "two", cache, *chosen, f"data.batch_size={batch}")
    alone = train(*SMALL, *chosen, f"data.batch_size={2 * batch}", f"+callbacks.dump.folder={tmp_path}")
    assert_equal(one["trained"], other["trained"])
    assert_equal(load(run).state_dict(), {name: value.float() for name, value in one["trained"].items()})
    assert_close(one["trained"], torch.load(tmp_path / "0.pt")["trained"], rtol=0, atol=1e-10)
    assert sorted(one["seen"] + other["seen"]) == list(range(tested))
    assert abs(len(one["seen"]) - len(other["seen"])) <= 1
    assert [path.name for path in run.parent.iterdir() if not path.is_symlink()] == ["a"]
    both, single = (json.loads((path / "summary.json").read_text()) for path in (run, alone))
    assert (both["devices"], single["devices"]) == (2, 1)
    assert both["images"] == single["images"]
    assert rows(run / "tables" / "indices.csv") == rows(alone / "tables" / "indices.csv")
    for mine, its in zip(rows(run / "metrics.csv"), rows(alone / "metrics.csv"), strict=True):
        assert mine.keys() == its.keys()
        for name in mine.keys() - {"epoch"}:
            near = {"rel": 1e-3, "abs": 1e-3} if "/fid" in name or "/kid" in name else {"rel": 1e-6}  # float32 features
            assert float(mine[name] or 0) == pytest.approx(float(its[name] or 0), **near), name
    assert any("val/fid_" in name for name in rows(run / "metrics.csv")[0])
