"""Parameters of a sweep file as Optuna searches them: each value has a code, a number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from genlab.sweeps.distributions import continuous, ends, rounded, share, whole
from genlab.sweeps.parameters import Parameter, is_number

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

LOGARITHMIC = {"log_uniform", "log_uniform_values", "inv_log_uniform", "inv_log_uniform_values"}


def searched(parameter: Parameter) -> BaseDistribution:
    """The distribution of a parameter's codes.

    The code of a listed value is its index; of ``int_uniform``, ``uniform`` and the log-uniform distributions, the value;
    of ``q_uniform``, the multiple of ``q``. Optuna has none of the others: their code is the quantile.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if parameter.is_list:
        count = len(parameter.values)
        return IntDistribution(0, count - 1) if is_ordered(parameter) else CategoricalDistribution(tuple(range(count)))
    if parameter.distribution == "int_uniform":
        return IntDistribution(*whole(parameter))
    if parameter.distribution == "q_uniform":
        low, high = (round(rounded(end, parameter) / step(parameter)) for end in ends(parameter))
        return IntDistribution(low, high)
    if parameter.distribution == "uniform" or parameter.distribution in LOGARITHMIC:
        return FloatDistribution(*ends(parameter), log=parameter.distribution in LOGARITHMIC)
    return FloatDistribution(0.0, 1.0)


def code(parameter: Parameter, value: Any) -> float | int:
    """The code of a value; of one that is out of the range, that of the nearest end."""
    if parameter.is_list:
        return parameter.values.index(value)
    if parameter.distribution == "q_uniform":
        return round(value / step(parameter))
    if parameter.distribution == "int_uniform":
        return int(value)
    if parameter.distribution == "uniform" or parameter.distribution in LOGARITHMIC:
        low, high = ends(parameter)
        return min(max(float(value), low), high)
    return min(max(share(parameter, value), 0.0), 1.0)


def value_of(parameter: Parameter, number: float | int) -> Any:
    """The value of a code."""
    if parameter.is_list:
        return parameter.values[int(number)]
    if parameter.distribution == "q_uniform":
        return rounded(number * step(parameter), parameter)
    if parameter.distribution in {"int_uniform", "uniform"} | LOGARITHMIC:
        return number
    value = continuous(parameter, number)
    return value if parameter.q is None else rounded(value, parameter)


def is_ordered(parameter: Parameter) -> bool:
    """Whether a list is one of three or more rising or falling numbers, of which neighbours are alike."""
    values = parameter.values
    if len(values) < 3 or not all(is_number(value) for value in values):
        return False
    return list(values) in (sorted(values), sorted(values, reverse=True))


def step(parameter: Parameter) -> float:
    """``q``, of a parameter that has one."""
    return math.nan if parameter.q is None else parameter.q
