"""Two real processes over gloo: no further flag, equal weights, one run directory, exact counts, the same as one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from genlab.nets.translation import dead_biases
from genlab.runs.load import load

from killing import choices, rows

REPO = Path(__file__).resolve().parent.parent
SMALL = ["data.limit=200", "trainer.max_epochs=2", "trainer.precision=64-true", "logger=csv"]
SMALL += ["trainer.accelerator=cpu", "trainer.log_every_n_steps=1", "callbacks=trace", "performance.threads=1"]
SMALL += [
    "metrics.val_samples=60",
    "metrics.test_samples=60",
    "trust=[rankdump]",
    "+callbacks.dump._target_=rankdump.Dump",
]


def trained(folder, model, devices, batch_size, *more):
    """A run in processes of its own; gives its directory and what each rank held."""
    folder.mkdir()
    options = [
        *choices(model, folder.parent),
        f"trainer.devices={devices}",
        f"data.batch_size={batch_size}",
        "run_id=a",
        *more,
    ]
    command = [sys.executable, str(REPO / "src" / "train.py"), *SMALL, *options]
    command += [f"paths.runs={folder}", f"+callbacks.dump.folder={folder}"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GENLAB")}
    environment |= {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(REPO / "tests"),
        "GENLAB_CACHE": str(folder.parent / "cache"),
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Warning" not in done.stderr, done.stderr
    return next(folder.glob("*-*/a")), [torch.load(folder / f"{rank}.pt") for rank in range(devices)]


@pytest.mark.parametrize("model", ["vae", "dcgan"])
def test_two_ranks(model, tmp_path):
    run, (one, other) = trained(tmp_path / "two", model, 2, 16)
    for name, weight in one["weights"].items():
        assert torch.equal(weight, other["weights"][name]), name
    assert sorted(one["seen"] + other["seen"]) == list(range(180))
    assert abs(len(one["seen"]) - len(other["seen"])) <= 1
    assert [path.name for path in run.parent.iterdir() if not path.is_symlink()] == ["a"]
    assert json.loads((run / "summary.json").read_text())["devices"] == 2
    if model == "dcgan":
        return  # batch norm looks at each rank's own half of the batch
    alone, (single,) = trained(tmp_path / "one", model, 1, 32)
    for name, weight in single["weights"].items():
        torch.testing.assert_close(one["weights"][name], weight, rtol=0, atol=1e-10)
    assert rows(run / "tables" / "indices.csv") == rows(alone / "tables" / "indices.csv")
    for both, single_row in zip(rows(run / "metrics.csv"), rows(alone / "metrics.csv"), strict=True):
        for name in ("step", "images", "train/loss", "train/kl"):
            assert float(both[name] or 0) == pytest.approx(float(single_row[name] or 0), rel=1e-6), name


@pytest.mark.parametrize("model", ["cyclegan", "pix2pix"])
def test_two_ranks_translate(model, tmp_path):
    """CycleGAN with instance norm and no pool: two ranks are one process at twice the batch, pictures and all.

    pix2pix with batch norm and averages: equal weights and running statistics on both ranks, of the averages too.
    """
    averaged = ["model.ema=0.9", "model.inference_norm=running"]
    options = ["model.pool_size=0"] if model == "cyclegan" else averaged
    run, (one, other) = trained(tmp_path / "two", model, 2, 2, *options)
    for name, weight in one["weights"].items():
        assert torch.equal(weight, other["weights"][name]), name
    assert sorted(one["seen"] + other["seen"]) == list(range(5 if model == "pix2pix" else 4))
    if model == "pix2pix":
        return  # batch norm and dropout look at each rank's own half of the batch
    alone, (single,) = trained(tmp_path / "one", model, 1, 4, *options)
    trained_model = load(run)
    exempt = {f"{name}.{bias}" for name, net in trained_model.named_children() for bias in dead_biases(net)}
    for name, weight in single["weights"].items():
        if name not in exempt:
            torch.testing.assert_close(one["weights"][name], weight, rtol=0, atol=1e-10, msg=name)
    assert rows(run / "tables" / "indices.csv") == rows(alone / "tables" / "indices.csv")
    for both, single_row in zip(rows(run / "metrics.csv"), rows(alone / "metrics.csv"), strict=True):
        assert both.keys() == single_row.keys()
        for name in both.keys() - {"epoch"}:
            near = {"rel": 1e-3, "abs": 1e-3} if "/fid" in name or "/kid" in name else {"rel": 1e-6}  # float32 features
            assert float(both[name] or 0) == pytest.approx(float(single_row[name] or 0), **near), name
    assert any(name.startswith("val/fid_classifier") for name in rows(run / "metrics.csv")[0])


def test_each_rank_has_a_pool_of_its_own(tmp_path):
    run, _ = trained(tmp_path / "two", "cyclegan", 2, 2)
    pools = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["pools"]
    assert set(pools) == {"0", "1"}
    for side in "ab":
        one, other = pools["0"][side], pools["1"][side]
        assert len(one) == len(other) == 6
        assert not any(torch.equal(x, y) for x in one for y in other)
