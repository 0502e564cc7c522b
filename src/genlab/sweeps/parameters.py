"""A parameter of a sweep file: its keys, and the mistakes that can be made in them.

Keys and defaults are those of W&B's schema (github.com/wandb/sweeps, ``config/schema.json``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genlab.config.words import listed, near
from genlab.contracts import Problem

RANGE, BELL, SHAPE = {"min": None, "max": None}, {"mu": 0.0, "sigma": 1.0}, {"a": 1.0, "b": 1.0}
STEP = {"q": 1}
KEYS: dict[str, dict[str, Any]] = {  # the keys of each distribution, and their defaults; None: must be given
    "constant": {"value": None},
    "categorical": {"values": None},
    "categorical_w_probabilities": {"values": None, "probabilities": None},
    "int_uniform": RANGE,
    "uniform": RANGE,
    "q_uniform": RANGE | STEP,
    "log_uniform": RANGE,
    "log_uniform_values": RANGE,
    "q_log_uniform": RANGE | STEP,
    "q_log_uniform_values": RANGE | STEP,
    "inv_log_uniform": RANGE,
    "inv_log_uniform_values": RANGE,
    "normal": BELL,
    "q_normal": BELL | STEP,
    "log_normal": BELL,
    "q_log_normal": BELL | STEP,
    "beta": SHAPE,
    "q_beta": SHAPE | STEP,
}
EVERY_KEY = {key for keys in KEYS.values() for key in keys} | {"distribution", "parameters"}
EXPONENT = re.compile(r"[-+]?(\d+\.?|\.\d)\d*[eE][-+]?\d+")  # text for YAML 1.1, a number for everyone else


@dataclass(frozen=True)
class Parameter:
    """A parameter of a sweep.

    Args:
        name: its key in the configuration (``model.beta``).
        distribution: a key of ``KEYS``.
        values: of ``constant`` (one) and ``categorical``.
        probabilities: of the values, if they differ.
        min, max: of the uniform distributions; of ``log_uniform`` and its kin without ``_values``, natural logarithms.
        mu, sigma: of ``normal`` and, of the logarithm, ``log_normal``.
        q: the step of the distributions whose name begins with ``q_``.
        a, b: of ``beta``.
    """

    name: str
    distribution: str
    values: tuple[Any, ...] = ()
    probabilities: tuple[float, ...] | None = None
    min: float | None = None
    max: float | None = None
    mu: float | None = None
    sigma: float | None = None
    q: float | None = None
    a: float | None = None
    b: float | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether every cell has the same value."""
        return self.distribution == "constant" or len(self.values) == 1

    @property
    def is_list(self) -> bool:
        """Whether the values are listed, rather than a range."""
        return bool(self.values)


def listed_values(name: str, values: Sequence[Any]) -> Parameter:
    """A parameter with these values: a constant if there is one."""
    return Parameter(name, "constant" if len(values) == 1 else "categorical", tuple(map(as_number, values)))


def as_number(value: Any) -> Any:
    """``1e-3`` as a number, also inside lists: PyYAML takes it for text, but an agent passes it on, and Hydra does not."""
    if isinstance(value, list):
        return [as_number(item) for item in value]
    return float(value) if isinstance(value, str) and EXPONENT.fullmatch(value) else value


def read_parameter(name: str, keys: Mapping[str, Any]) -> Parameter | list[Problem]:
    """A parameter, or the mistakes in its keys. ``where`` of a problem: the key alone, or empty."""
    distribution = distribution_of(keys)
    if isinstance(distribution, Problem):
        return [distribution]
    allowed = KEYS[distribution]
    mistakes = [unknown(key, distribution) for key in keys if key not in {*allowed, "distribution"}]
    mistakes += [
        Problem("", f"{distribution} needs {key}", f"Write: {key}: …")
        for key, usual in allowed.items()
        if usual is None and key not in keys
    ]
    filled = {key: keys.get(key, usual) for key, usual in allowed.items()}
    if mistakes or (mistakes := [*wrong_values(filled), *wrong_numbers(filled, distribution)]):
        return mistakes
    values = [filled.pop("value")] if "value" in filled else filled.pop("values", [])
    if "probabilities" in filled:
        filled["probabilities"] = tuple(filled["probabilities"])
    return Parameter(name, distribution, tuple(map(as_number, values)), **filled)


def distribution_of(keys: Mapping[str, Any]) -> str | Problem:
    """The distribution named, or the one that W&B infers from the other keys."""
    if "distribution" in keys:
        given = keys["distribution"]
        if given in KEYS:
            return str(given)
        found = near(str(given), KEYS)
        remedy = f"Did you mean {found} ?" if found else f"Known here: {', '.join(KEYS)}"
        return Problem("distribution", f"there is no distribution {given}", remedy)
    if "value" in keys:
        return "constant"
    if "values" in keys:
        return "categorical_w_probabilities" if "probabilities" in keys else "categorical"
    if "min" in keys or "max" in keys:
        return "int_uniform" if all(is_whole(keys[key]) for key in ("min", "max") if key in keys) else "uniform"
    if mistaken := [key for key in keys if key not in EVERY_KEY]:
        return unknown(mistaken[0], "")
    return Problem("", "has no values", "Write: value: …   or values: […]   or min: … and max: …")


def unknown(key: Any, distribution: str) -> Problem:
    """A key that this distribution does not have."""
    known = [*KEYS[distribution], "distribution"] if distribution else sorted(EVERY_KEY)
    found = near(str(key), known)
    what = f"{distribution} has no such key" if distribution and key in EVERY_KEY else "there is no such key"
    return Problem(str(key), what, f"Did you mean {found} ?" if found else listed(str(key), known))


# ---- values of the keys ---------------------------------------------------------------------------------------------


def wrong_values(keys: Mapping[str, Any]) -> Iterator[Problem]:
    """The mistakes in ``values`` and ``probabilities``."""
    values = keys.get("values", [None])
    if not isinstance(values, list):
        yield Problem("values", f"{values} is no list", f"Write: values: [{values}]")
        return
    if not values:
        yield Problem("values", "is empty", "Write: values: […]")
    if twice := [value for i, value in enumerate(values) if any(is_same(value, other) for other in values[:i])]:
        yield Problem("values", f"has {twice[0]} twice", "Leave one out.")
    if "probabilities" in keys:
        yield from wrong_probabilities(keys["probabilities"], len(values))


def wrong_probabilities(given: Any, count: int) -> Iterator[Problem]:
    """The mistake in the probabilities of ``count`` values, if there is one."""
    if not isinstance(given, list) or not all(is_number(p) and p >= 0 for p in given):
        yield Problem("probabilities", f"{given} is no list of numbers from 0", "Write: probabilities: [0.5, 0.5]")
    elif len(given) != count:
        yield Problem("probabilities", f"has {len(given)} numbers for {count} values", "Write one for each value.")
    elif abs(sum(given) - 1) > 1e-6:
        yield Problem("probabilities", f"add up to {sum(given):g}", "Let them add up to 1.")


def wrong_numbers(keys: Mapping[str, Any], distribution: str) -> list[Problem]:
    """The mistakes in the numbers of a distribution."""
    numbers = {key: keys[key] for key in keys if key not in ("value", "values", "probabilities")}
    found = [problem for key, value in numbers.items() if (problem := wrong_number(key, value, distribution))]
    if not found and "min" in numbers and (problem := wrong_range(numbers, distribution)):
        found.append(problem)
    return found


def wrong_number(key: str, value: Any, distribution: str) -> Problem | None:
    """The mistake in one number of a distribution."""
    if not is_number(value):
        return no_number(key, value)
    if distribution == "int_uniform" and not is_whole(value):
        return Problem(f"{key}={value}", "must be a whole number")
    if key in ("q", "a", "b") and value <= 0:
        return Problem(f"{key}={value}", "must be greater than 0")
    return Problem(f"{key}={value}", "must be at least 0") if key == "sigma" and value < 0 else None


def wrong_range(keys: Mapping[str, Any], distribution: str) -> Problem | None:
    """The mistake in ``min``, ``max`` and ``q`` together."""
    low, high = keys["min"], keys["max"]
    if low >= high:
        return Problem(
            f"min={low}", f"is not below max={high}", f"Write: value: {low}" if low == high else "Exchange them."
        )
    if distribution.endswith("log_uniform_values") and low <= 0:
        return Problem(f"min={low}", f"must be greater than 0: {distribution} takes its logarithm")
    if distribution == "q_uniform" and high // keys["q"] < -(-low // keys["q"]):
        return Problem(f"q={keys['q']}", "no multiple of it lies between min and max")
    return None


def no_number(key: str, value: Any) -> Problem:
    """A value that must be a number."""
    if isinstance(value, str) and EXPONENT.fullmatch(value):
        mantissa, exponent = re.split("[eE]", value)
        better = (
            f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent if exponent[0] in '+-' else '+' + exponent}"
        )
        return Problem(f"{key}={value}", "is text in YAML, which wants a point and a sign", f"Write: {key}: {better}")
    return Problem(f"{key}={value}", "must be a number")


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; truth values are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def is_whole(value: Any) -> bool:
    """Whether a value is an integer."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_same(a: Any, b: Any) -> bool:
    """Whether two values are one: 1 and 1.0 are, 1 and true are not."""
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
