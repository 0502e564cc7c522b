"""A value that is typed where a file that is typed beside it has put a part: one of the two would be lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hydra.core.override_parser.types import Override

from genlab.config.files import Conf
from genlab.config.hints import made_by
from genlab.config.overrides import group_of, options_of
from genlab.contracts import Problem


def displaced(files: Iterable[Override], settings: Iterable[Override], conf: Conf) -> list[Problem]:
    """``model.beta=4`` beside ``model/beta_schedule=warm_up``: the number would take the schedule's place.

    Args:
        files: the typed choices.
        settings: the typed values of keys.
    """
    plain = [item for item in settings if not item.is_delete() and not isinstance(item.value(), dict)]
    return [problem for choice in files for item in plain for problem in between(choice, item, conf)]


def between(choice: Override, item: Override, conf: Conf) -> Iterator[Problem]:
    """The problem of one choice and one value, if there is one."""
    group, (place, _, key) = group_of(choice), str(item.key_or_group).rpartition(".")
    if group.rpartition("/")[0].replace("/", ".") != place or not place:
        return
    for option in options_of(choice):
        if part := made_by(conf, group, str(option), key):
            value, chosen = item.get_value_element_as_str(), f"{group}={option}"
            what = f"a value takes the place of what {chosen} puts there"
            instead = f"{place}.{key}.end={value}, " if "end" in part else ""
            yield Problem(f"{place}.{key}={value}", what, f"Type: {instead}or leave {chosen} out")
