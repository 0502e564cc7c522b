"""The cells of a sweep file: every one of a grid, draws, and those at the ends of all ranges."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException

from genlab.contracts import ConfigError
from genlab.random import keyed
from genlab.sweeps.distributions import ends, extremes, quantile, whole
from genlab.sweeps.parameters import Parameter
from genlab.sweeps.spec import SweepFile, unfit

Values = dict[str, Any]


def grid(file: SweepFile) -> list[Values]:
    """Every cell, in the order of the file; the last parameter changes fastest. (W&B sorts the parameters by name.)

    Raises:
        ConfigError: a parameter has no end of values.
    """
    found = [problem for one in file.parameters.values() if (problem := unfit(one, "grid"))]
    if found:
        raise ConfigError(replace(problem, where=f"{file.path}, {problem.where}") for problem in found)
    axes = [every(parameter) for parameter in file.parameters.values()]
    return [dict(zip(file.parameters, cell, strict=True)) for cell in itertools.product(*axes)]


def every(parameter: Parameter) -> list[Any]:
    """The values of a parameter of a grid. As at W&B, those of ``q_uniform`` begin with ``min`` and end below ``max``."""
    if parameter.is_list:
        return list(parameter.values)
    if parameter.distribution == "int_uniform":
        first, last = whole(parameter)
        return list(range(first, last + 1))
    low, high = ends(parameter)
    values: list[Any] = np.arange(low, high, parameter.q).tolist()
    return values


def draw(file: SweepFile, generator: np.random.Generator) -> Values:
    """One cell from the distributions of the file."""
    return {name: quantile(parameter, generator.random()) for name, parameter in file.parameters.items()}


def draws(file: SweepFile, count: int, seed: int) -> list[Values]:
    """The first ``count`` cells of a random sweep. Cell k is a function of seed and k alone."""
    return [draw(file, keyed("sweep", seed, k)) for k in range(count)]


def corners(file: SweepFile, most: int = 32) -> list[Values]:
    """Different cells that together have the ends of every range and all values of every list; at most ``most``.

    First all lowest values, then all highest, then each further value among the lowest, then the other combinations of ends.
    """
    ends = {name: extremes(parameter) for name, parameter in file.parameters.items()}
    lowest, highest = ({name: pair[end] for name, pair in ends.items()} for end in (0, 1))
    ranges = {n: list(p.values) if p.is_list else list(ends[n]) for n, p in file.parameters.items()}
    single = ({**lowest, name: value} for name, values in ranges.items() for value in values)
    products = (dict(zip(ends, cell, strict=True)) for cell in itertools.product(*ends.values()))
    found: list[Values] = []
    for cell in itertools.chain([lowest, highest], single, itertools.islice(products, 16 * most)):
        if cell not in found and len(found) < most:
            found.append(cell)
    return found


# ---- cells as overrides ---------------------------------------------------------------------------------------------


def override(name: str, value: Any) -> str:
    """``model.beta=4.0``: as W&B's ``${args_no_hyphens}`` passes it, ``name=str(value)``, where Hydra takes that for one value.

    Elsewhere in Hydra's grammar: null for None, quotes around text with commas.
    """
    if isinstance(value, str):
        return f"{name}={value if is_read_as_one(value) else quoted(value)}"
    return f"{name}={spelled(value)}"


def is_read_as_one(text: str) -> bool:
    """Whether Hydra reads a text as one value and, if it has no quotes of its own, as no other text."""
    try:
        item = OverridesParser.create().parse_override(f"key={text}")
    except HydraException:
        return False
    value = item.value()
    return not item.is_sweep_override() and (not isinstance(value, str) or value == text or text[0] in "\"'")


def spelled(value: Any) -> str:
    """A value in Hydra's grammar."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {spelled(item)}" for key, item in value.items()) + "}"
    return str(value)


def quoted(text: str) -> str:
    """A text in quotes."""
    return QuotedString(text, Quote.single).with_quotes()
