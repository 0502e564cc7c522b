"""Which way a tensor, an object or a decision travels between ranks, and that all of it works for one rank, too."""

import pytest
import torch
from torch import distributed as dist

from genlab.models.base import distributed

TENSORS = [distributed.sum_over_ranks, distributed.largest_over_ranks]


@pytest.fixture
def one_rank(tmp_path):
    """A world of one, brought together."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_without_ranks_everything_is_what_it_was():
    x = torch.arange(3.0)
    assert all(talk(x) is x for talk in TENSORS)
    distributed.broadcast([x])
    assert (distributed.rank(), distributed.world_size()) == (0, 1)
    assert distributed.largest_flag(3) == 3
    assert distributed.from_rank_0("a") == "a"
    assert distributed.gather_by_rank("a") == {"0": "a"}
    assert distributed.gather_everywhere("a") == ["a"]


def test_a_world_of_one_takes_the_way_of_many(one_rank):
    x = torch.arange(3.0)
    assert all(torch.equal(talk(x.clone()), x) for talk in TENSORS)
    summed = x.clone()
    distributed.begin_sum(summed).wait()
    distributed.broadcast([summed])
    assert torch.equal(summed, x)
    assert (distributed.rank(), distributed.world_size()) == (0, 1)
    assert distributed.largest_flag(3) == 3
    assert distributed.from_rank_0("a") == "a"
    assert distributed.gather_by_rank("a") == {"0": "a"}
    assert distributed.gather_everywhere("a") == ["a"]


def test_beside_nccl_what_lies_on_the_host_travels_over_gloo_and_what_lies_on_the_device_does_not(
    one_rank, monkeypatch
):
    """The default group says that it is NCCL's; a tensor without data stands in for one of the device."""
    monkeypatch.setattr(dist, "get_backend", lambda group=None: "nccl" if group is dist.group.WORLD else "gloo")
    hosts = distributed.group_for(torch.zeros(1))
    assert hosts is not dist.group.WORLD
    assert hosts is distributed.host_group()
    assert distributed.group_for(torch.zeros(1, device="meta")) is dist.group.WORLD
    assert distributed.largest_flag(2) == 2
    assert distributed.gather_everywhere("a") == ["a"]
