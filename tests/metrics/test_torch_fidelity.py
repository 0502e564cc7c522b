"""The same images through torch-fidelity's own ``calculate_metrics``, by a small network that both look with."""

import pytest
import torch
from torch.utils.data import Dataset
from torch_fidelity import calculate_metrics, register_feature_extractor
from torch_fidelity.feature_extractor_base import FeatureExtractorBase

from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.feature_set import FeatureSet
from genlab.metrics.frechet import FID
from genlab.metrics.inception_score import InceptionScore
from genlab.metrics.kernel import KID
from genlab.metrics.neighbours import Neighbours

NAME = "small-network-of-a-test"


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(shape[0]))


class Small(torch.nn.Module):
    """Bytes [B, 3, 8, 8] -> features [B, 24]."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(drawn(192, 24))

    def forward(self, x):
        return (x.flatten(1) @ self.weight).relu()


class Theirs(FeatureExtractorBase):
    """As torch-fidelity wants it."""

    def __init__(self, name, features_list, **settings):
        super().__init__(name, features_list)
        self.net, self.head = Small(), torch.nn.Linear(24, 9, bias=False)
        self.head.weight = torch.nn.Parameter(drawn(9, 24))

    @staticmethod
    def get_provided_features_list():
        return "features", "logits"

    @staticmethod
    def get_default_feature_layer_for_metric(metric):
        return "logits" if metric == "isc" else "features"

    @staticmethod
    def can_be_compiled():
        return False

    @torch.no_grad()
    def forward(self, x):
        features = self.net(x.float() / 255)
        both = {"features": features, "logits": self.head(features)}
        return tuple(both[name] for name in self.features_list)


class Pictures(Dataset):
    def __init__(self, pictures):
        self.pictures = pictures

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, index):
        return self.pictures[index]


def pictures(count, contrast):
    return (128 + contrast * drawn(count, 3, 8, 8)).clamp(0, 255).byte()


def test_the_numbers_of_two_sets_of_images_are_those_of_calculate_metrics():
    register_feature_extractor(NAME, Theirs)
    fake, real = pictures(90, 30), pictures(110, 50)
    settings = {"kid_subset_size": 60, "kid_subsets": 30, "isc_splits": 7, "batch_size": 32}
    switches = {"cuda": False, "verbose": False, "cache": False, "save_cpu_ram": True}
    measures = dict.fromkeys(("fid", "kid", "isc", "prc"), True)
    told = calculate_metrics(
        input1=Pictures(fake), input2=Pictures(real), feature_extractor=NAME, **settings, **switches, **measures
    )
    theirs = Theirs(NAME, ["features"])
    ours = Extractor("inception", theirs.net, 24, head=theirs.head, channels=3)
    sets = [FeatureSet(ours(x / 255), ours) for x in (real, fake)]
    found = {}
    for measure in (FID(), KID(30, 60, 2020), Neighbours(3, 5), InceptionScore(7, 2020)):
        found |= measure(*sets, torch.device("cpu"))
    names = {
        "fid": "frechet_inception_distance",
        "kid": "kernel_inception_distance_mean",
        "kid_sd": "kernel_inception_distance_std",
        "precision": "precision",
        "recall": "recall",
        "inception_score": "inception_score_mean",
        "inception_score_sd": "inception_score_std",
    }
    assert {n: found[n] for n in names} == {n: pytest.approx(told[name], rel=1e-4) for n, name in names.items()}
    assert 0 < found["recall"] < 1 < found["inception_score"]
