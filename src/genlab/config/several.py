"""Overrides with several values, as a multirun takes them: what each stands for, and which stand for no list of values."""

from __future__ import annotations

from hydra.core.override_parser.types import Glob, Override

from genlab.config.files import Conf
from genlab.config.mistakes import Mistake
from genlab.config.overrides import Sorted, apart, group_of, parsed


def listed(items: list[Override], conf: Conf, by_hydra: bool) -> Sorted:
    """The overrides with ``glob(…)`` replaced by the options that it matches, and the mistakes.

    ``by_hydra``: Hydra's basic sweeper is to run every value, which needs an end of them.
    """
    found, mistakes = apart(expanded(item, conf) for item in items)
    return found, mistakes + [mistake for item in found if (mistake := unlisted(item, by_hydra))]


def expanded(item: Override, conf: Conf) -> Override | Mistake:
    """``model=glob(*vae)`` as ``model=beta_vae,vae``; any other override as it is."""
    value = item.value()
    if not isinstance(value, Glob):
        return item
    options, text = conf.options(group_of(item)), str(item.input_line)
    if names := value.filter(options):
        return parsed(f"{item.get_key_element()}={','.join(names)}", several=True)
    return Mistake("no_match", text, known=tuple(options)) if options else Mistake("no_group", text)


def unlisted(item: Override, by_hydra: bool) -> Mistake | None:
    """The mistake in an override that does not stand for a list of values to run."""
    text = str(item.input_line)
    if not item.is_sweep_override():
        return None
    if item.is_hydra_override():
        return Mistake("hydra_once", text)
    if not item.is_discrete_sweep():
        return Mistake("no_list", text) if by_hydra else None
    return None if list(item.sweep_iterator()) else Mistake("no_value", text)
