"""The quantiles of a parameter's distribution, and their inverse.

Definitions are those of W&B (github.com/wandb/sweeps, ``params.py``).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate
from statistics import NormalDist
from typing import Any

from genlab.sweeps.parameters import Parameter

TAIL = 0.001  # the quantiles that stand for the ends of a distribution without ends


def quantile(parameter: Parameter, u: float) -> Any:
    """The value below which a share ``u`` of all draws lies; u in [0, 1)."""
    if parameter.is_list:
        shares = parameter.probabilities or [1 / len(parameter.values)] * len(parameter.values)
        return parameter.values[min(bisect_right(list(accumulate(shares)), u), len(parameter.values) - 1)]
    if parameter.distribution == "int_uniform":
        low, high = whole(parameter)
        return min(low + math.floor(u * (high - low + 1)), high)
    value = continuous(parameter, u)
    return value if parameter.q is None else rounded(value, parameter)


def continuous(parameter: Parameter, u: float) -> float:
    """The quantile before it is rounded to a multiple of ``q``."""
    kind = parameter.distribution.removeprefix("q_")
    if kind in ("normal", "log_normal"):
        value = bell(parameter).mean if not parameter.sigma else bell(parameter).inv_cdf(min(max(u, 1e-12), 1 - 1e-12))
        return math.exp(value) if kind == "log_normal" else value
    if kind == "beta":
        from scipy.special import betaincinv

        return float(betaincinv(parameter.a, parameter.b, u))
    low, high = ends(parameter)
    if kind == "uniform":
        return min(max(low + u * (high - low), low), high)
    return min(max(low * (high / low) ** u, low), high)


def share(parameter: Parameter, value: float) -> float:
    """The inverse of ``continuous``: the share of all draws below ``value``."""
    kind = parameter.distribution.removeprefix("q_")
    if kind in ("normal", "log_normal"):
        below = bell(parameter).cdf if parameter.sigma else (lambda _: 0.5)
        return below(math.log(max(value, 1e-300)) if kind == "log_normal" else value)
    if kind == "beta":
        from scipy.special import betainc

        return float(betainc(parameter.a, parameter.b, value))
    low, high = ends(parameter)
    value = min(max(value, low), high)
    return (value - low) / (high - low) if kind == "uniform" else math.log(value / low) / math.log(high / low)


def ends(parameter: Parameter) -> tuple[float, float]:
    """The lowest and the highest value of a uniform or log-uniform distribution, before rounding."""
    low, high = parameter.min, parameter.max
    assert low is not None and high is not None
    kind = parameter.distribution.removeprefix("q_")
    if kind == "log_uniform":
        return math.exp(low), math.exp(high)
    return (math.exp(-high), math.exp(-low)) if kind == "inv_log_uniform" else (low, high)


def extremes(parameter: Parameter) -> tuple[Any, Any]:
    """The first and the last value of a list; the lowest and the highest of a range, or the quantiles 0.001 and 0.999."""
    if parameter.is_list:
        return parameter.values[0], parameter.values[-1]
    if parameter.min is None:
        return quantile(parameter, TAIL), quantile(parameter, 1 - TAIL)
    if parameter.q is not None:
        low, high = (rounded(value, parameter) for value in ends(parameter))
        return low, high
    return whole(parameter) if parameter.distribution == "int_uniform" else ends(parameter)


def rounded(value: float, parameter: Parameter) -> float:
    """The nearest multiple of ``q``, an integer if ``q`` is one.

    W&B may round out of the range (min=1, q=2 gives 0); here it ends with the last multiple inside, if there is one.
    """
    q = parameter.q
    assert q is not None
    steps = round(value / q)
    if parameter.min is not None:
        low, high = ends(parameter)
        first, last = math.ceil(low / q - 1e-9), math.floor(high / q + 1e-9)
        steps = min(max(steps, first), last) if first <= last else steps
    return steps * q


def whole(parameter: Parameter) -> tuple[int, int]:
    """``min`` and ``max`` as integers."""
    low, high = ends(parameter)
    return int(low), int(high)


def bell(parameter: Parameter) -> NormalDist:
    """The normal distribution of the value, or of its logarithm."""
    return NormalDist(parameter.mu or 0.0, parameter.sigma or 0.0)
