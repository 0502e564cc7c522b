"""Which evaluators measure a run, and that no two report the same."""

from __future__ import annotations

from genlab.callbacks.evaluators.evaluation import Evaluation
from genlab.callbacks.evaluators.evaluator import Evaluator
from genlab.contracts import ConfigError, Draws, Problem, Samples
from genlab.models.base.code_mixture import SamplesCodes, can_sample


def fits(one: Evaluator, now: Evaluation) -> bool:
    """Whether the model has the protocol that the evaluator needs for this kind of data, and there is work to do."""
    protocol = one.needs.get(now.kind)
    if protocol is None or not isinstance(now.model, protocol) or (draws(protocol) and not will_sample(now)):
        return False
    return one.count(now) > 0


def draws(protocol: type) -> bool:
    """Whether it is one of models that draw codes or samples."""
    return not {Samples, Draws}.isdisjoint(protocol.__mro__)


def will_sample(now: Evaluation) -> bool:
    """Whether there are samples in this stage; a mixture of codes is fitted before the test, and not in each validation."""
    return can_sample(now.model) and (now.stage == "test" or not isinstance(now.model, SamplesCodes))


def refuse_twins(evaluators: dict[str, Evaluator], now: Evaluation) -> None:
    """Refuse metrics with two sources.

    Raises:
        ConfigError: two evaluators would report the same metric.
    """
    owners: dict[str, str] = {}
    for key, one in evaluators.items():
        for name in sorted(one.names(now)):
            if (other := owners.setdefault(name, key)) != key:
                what = f"would report the same as metrics.{other}: {now.stage}/{name}"
                remedy = f"Give it another extractor, count or against, or leave it out: metrics.{key}=null"
                raise ConfigError([Problem(f"metrics.{key}", what, remedy)])


def joined(values: dict[str, float], more: dict[str, float]) -> dict[str, float]:
    """The union of two dicts of metrics.

    Raises:
        ConfigError: a name is in both.
    """
    if twins := values.keys() & more.keys():
        raise ConfigError(
            f"{', '.join(sorted(twins))}: reported by two evaluators of metrics. Leave one out: metrics.…=null"
        )
    return values | more
