"""The switches of CUDA are set as they are typed, off where the same numbers are wanted, and nothing to a CPU."""

import pytest
import torch

from genlab.apps.train.performance import Performance


@pytest.fixture(autouse=True)
def as_before():
    backends = torch.backends
    before = backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32, backends.cudnn.benchmark
    yield
    backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32, backends.cudnn.benchmark = before


def switches():
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark


@pytest.mark.parametrize("tf32", [True, False])
@pytest.mark.parametrize("benchmark", [True, False])
def test_switches_are_as_typed_and_off_where_numbers_must_be_the_same(tf32, benchmark):
    performance = Performance(False, None, tf32, benchmark, 600)
    performance.apply()
    assert switches() == (tf32, tf32, benchmark)
    performance.apply(deterministic=True)
    assert switches() == (False, False, False)


def test_products_on_a_cpu_stay_the_same_bits():
    a, b = torch.randn(2, 64, 64).unbind()
    Performance(False, None, False, False, 600).apply()
    before = a @ b
    Performance(False, None, True, True, 600).apply()
    assert torch.equal(a @ b, before)
    assert torch.get_float32_matmul_precision() == "high"  # Lightning and the compiler may still ask
