"""A generator whose inversion has a closed form."""

import torch
from torch import nn

from genlab.contracts import DataSpec


class Linear(nn.Module):
    """x = A z + b for images of 4x4 pixels and z of 3 numbers; with ``needs`` set, of a label that shifts them."""

    device, conditional, latent_dim = torch.device("cpu"), True, 3

    def __init__(self, dtype=torch.float64, needs=()):
        super().__init__()
        stream = torch.Generator().manual_seed(0)
        self.a = nn.Parameter(0.1 * torch.randn(16, 3, generator=stream, dtype=dtype))
        self.b = nn.Parameter(torch.full((16,), 0.5, dtype=dtype))
        self.spec, self.weight_dtype, self.needs = DataSpec("x", "images", (1, 4, 4), {}, "", classes=2), dtype, needs

    def draw(self, n, *, seed=None):
        return torch.randn(n, 3, generator=torch.Generator().manual_seed(seed), dtype=self.weight_dtype)

    def generate(self, z, *, label=None):
        shift = 0.0 if label is None else 0.2 * label[:, None]
        return (z @ self.a.T + self.b - shift).unflatten(1, (1, 4, 4))

    def decode(self, z, *, label=None):
        with torch.no_grad():
            return self.generate(z, label=label).clamp(0, 1)
