"""The networks of the reference implementation, written out from the papers' tables of layers in plain PyTorch."""

import torch
from torch import nn


def norm(name, channels, tracked=False):
    """``tracked``: instance norms keep statistics, as in the code of 2018."""
    if name == "batch":
        return nn.BatchNorm2d(channels)
    return nn.InstanceNorm2d(channels, affine=False, track_running_stats=tracked)


class Block(nn.Module):
    def __init__(self, channels, name, tracked, dropout):
        super().__init__()
        bias = name == "instance"
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            norm(name, channels, tracked),
            nn.ReLU(),
            *([nn.Dropout(0.5)] if dropout else []),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            norm(name, channels, tracked),
        )

    def forward(self, x):
        return x + self.conv_block(x)


class Plain(nn.Module):
    """A list of layers under the name that the reference gives it."""

    def __init__(self, layers, name="model"):
        super().__init__()
        setattr(self, name, nn.Sequential(*layers))

    def forward(self, x):
        return next(self.children())(x)


def resnet(c, w, blocks, name="instance", tracked=False, dropout=False):
    bias = name == "instance"
    return Plain(
        [
            nn.ReflectionPad2d(3),
            nn.Conv2d(c, w, 7, bias=bias),
            norm(name, w, tracked),
            nn.ReLU(),
            nn.Conv2d(w, 2 * w, 3, stride=2, padding=1, bias=bias),
            norm(name, 2 * w, tracked),
            nn.ReLU(),
            nn.Conv2d(2 * w, 4 * w, 3, stride=2, padding=1, bias=bias),
            norm(name, 4 * w, tracked),
            nn.ReLU(),
            *(Block(4 * w, name, tracked, dropout) for _ in range(blocks)),
            nn.ConvTranspose2d(4 * w, 2 * w, 3, stride=2, padding=1, output_padding=1, bias=bias),
            norm(name, 2 * w, tracked),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * w, w, 3, stride=2, padding=1, output_padding=1, bias=bias),
            norm(name, w, tracked),
            nn.ReLU(),
            nn.ReflectionPad2d(3),
            nn.Conv2d(w, c, 7),
            nn.Tanh(),
        ]
    )


class Skip(Plain):
    def forward(self, x):
        return torch.cat([x, self.model(x)], 1)


def unet(c, w, downs, name="batch", tracked=False):
    bias = name == "instance"

    def down(a, b):
        return nn.Conv2d(a, b, 4, stride=2, padding=1, bias=bias)

    def up(a, b):
        return nn.ConvTranspose2d(a, b, 4, stride=2, padding=1, bias=bias)

    below = Skip([nn.LeakyReLU(0.2), down(8 * w, 8 * w), nn.ReLU(), up(8 * w, 8 * w), norm(name, 8 * w, tracked)])
    pairs = [(8 * w, 8 * w)] * (downs - 5) + [(4 * w, 8 * w), (2 * w, 4 * w), (w, 2 * w)]
    for outer, inner in pairs:
        layers = [nn.LeakyReLU(0.2), down(outer, inner), norm(name, inner, tracked), below]
        layers += [nn.ReLU(), up(2 * inner, outer), norm(name, outer, tracked)]
        below = Skip(layers + ([nn.Dropout(0.5)] if outer == inner else []))
    last = nn.ConvTranspose2d(2 * w, c, 4, stride=2, padding=1)
    return Outer(Plain([down(c, w), below, nn.ReLU(), last, nn.Tanh()]))


class Outer(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)


def patch(c, w, layers, name="instance", tracked=False):
    bias = name == "instance"
    stack, inputs = [nn.Conv2d(c, w, 4, stride=2, padding=1), nn.LeakyReLU(0.2)], w
    for i in range(1, layers + 1):
        outputs = w * min(2**i, 8)
        stack.append(nn.Conv2d(inputs, outputs, 4, stride=2 if i < layers else 1, padding=1, bias=bias))
        stack += [norm(name, outputs, tracked), nn.LeakyReLU(0.2)]
        inputs = outputs
    return Plain([*stack, nn.Conv2d(inputs, 1, 4, padding=1)])


def pixel(c, w, name="instance", tracked=False):
    bias = name == "instance"
    layers = [nn.Conv2d(c, w, 1), nn.LeakyReLU(0.2), nn.Conv2d(w, 2 * w, 1, bias=bias), norm(name, 2 * w, tracked)]
    return Plain([*layers, nn.LeakyReLU(0.2), nn.Conv2d(2 * w, 1, 1, bias=bias)], "net")
