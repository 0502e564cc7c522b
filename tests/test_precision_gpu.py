"""On a GPU: 200 steps of every model in every precision. Run: pytest -m gpu tests/test_precision_gpu.py"""

import sys

import pytest
import torch

from killing import REPO

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")]


def test_every_model_trains_alike_in_every_precision(tmp_path):
    sys.path.insert(0, str(REPO / "tests" / "bench"))
    import precisions

    found = precisions.measured(precisions.MODELS, "cuda", 200, tmp_path / "precisions.png")
    print(tmp_path / "precisions.png")
    for model, runs in found.items():
        for precision, curves in runs.items():
            for name, values in curves.items():
                off = precisions.deviation(values[:1], runs["32-true"][name][:1], 1)
                assert torch.tensor(values).isfinite().all(), (model, precision, name)
                assert off < 0.02, (model, precision, name, off)
        for name, whole in (
            runs["32-true"].items() if len(runs["32-true"]) == 1 else ()
        ):  # players take turns at winning
            assert precisions.deviation(runs["bf16-mixed"][name], whole, 20) < 0.02, (model, name)
