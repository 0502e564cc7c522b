"""Files of weights in the layout of published networks, at random: what is measured with them means nothing."""

import torch

from genlab.compat import ensure_torchvision
from genlab.files import sha256
from genlab.metrics.extractors.weights import Stated

ensure_torchvision()


def inception_file(path, seed=0):
    """Inception's, with norms that are no identity. -> what a user states of it."""
    from genlab.metrics.extractors.inception import layers

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        trunk, head = layers(), torch.nn.Linear(2048, 1008)
        for norm in (module for module in trunk.modules() if isinstance(module, torch.nn.BatchNorm2d)):
            for values, low, high in ((norm.weight, 1.0, 2.0), (norm.bias, -0.2, 0.2), (norm.running_mean, -0.2, 0.2)):
                torch.nn.init.uniform_(values, low, high)
            torch.nn.init.uniform_(norm.running_var, 0.3, 0.6)
    torch.save(trunk.state_dict() | {f"fc.{name}": value for name, value in head.state_dict().items()}, path)
    return Stated(str(path), sha256(path))
