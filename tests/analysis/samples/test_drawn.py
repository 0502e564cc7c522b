"""Samples of a subject: of its seed, none twice, with labels as in training."""

from types import SimpleNamespace

import numpy as np
import torch

from genlab.analysis.samples.drawn import drawn


def subject(seed=0, needs=()):
    """A model whose samples are three numbers of its seed, the first of them the label."""

    def sample(n, *, seed, label=None):
        x = torch.rand(n, 3, generator=torch.Generator().manual_seed(seed))
        return x if label is None else torch.cat([label[:, None], x[:, 1:]], 1)

    prepared = SimpleNamespace(labels={"train": np.array([0, 1, 1, 2])})
    model = SimpleNamespace(sample=sample, needs=needs, conditional=True)
    return SimpleNamespace(model=model, seed=seed, device=torch.device("cpu"), prepared=prepared)


def test_no_sample_comes_twice_and_the_seed_decides():
    x, again, other = (torch.cat([*drawn(subject(seed), 600)]) for seed in (0, 0, 1))
    assert x.shape == (600, 3)
    assert len(x.unique(dim=0)) == 600
    assert torch.equal(x, again)
    assert not torch.isin(other, x).any()


def test_labels_come_in_the_shares_of_the_training_set():
    x = torch.cat([*drawn(subject(needs=("classes",)), 600)])
    assert x[:, 0].long().bincount().tolist() == [150, 300, 150]
    assert len(x[:250, 0].unique()) == 3
