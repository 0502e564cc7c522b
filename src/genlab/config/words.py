"""Messages for mistakes, with the closest valid override to type instead."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Iterable

from omegaconf import OmegaConf

from genlab.config.absent_code import absent_target
from genlab.config.familiar import remedy_for
from genlab.config.hints import Hints, every_key
from genlab.config.kind_compatibility import fitting
from genlab.config.label_compatibility import labelled, relabelled
from genlab.config.mistakes import Mistake
from genlab.config.reasons import as_typed, nearest_choice, reasons, types_wanted
from genlab.config.renamed import KEYS
from genlab.config.strategies import refused_strategy
from genlab.contracts import Problem

SHOWN = 12  # names in a message
HYDRA = "'hydra-core>=1.3.2,<1.4'"  # beside a plugin, which alone would bring a pre-release of Hydra
PLUGINS = {  # the packages of Hydra's launchers and sweepers
    "hydra/launcher=joblib": "hydra-joblib-launcher",
    "hydra/launcher=ray": "hydra-ray-launcher",
    "hydra/launcher=rq": "hydra-rq-launcher",
    "hydra/launcher=submitit_local": "hydra-submitit-launcher",
    "hydra/launcher=submitit_slurm": "hydra-submitit-launcher",
    "hydra/sweeper=ax": "hydra-ax-sweeper",
    "hydra/sweeper=nevergrad": "hydra-nevergrad-sweeper",
    "hydra/sweeper=optuna": "hydra-optuna-sweeper",
}
FIXED = {  # what is wrong, and what to do; the words in braces are those of ``template``
    "no_assignment": ("is no key=value", "{program} --help lists the keys."),
    "unquoted": ("cannot be read ({reason})", """Put quotes around the value: '{key}="{text}"'"""),
    "several_values": (
        "stands for several values",
        """One run for each: {program} -m {quoted}   One value: '{key}="{text}"'""",
    ),
    "added_twice": ("is there already", "Type: {value}"),
    "choices_set": ("says what was chosen", "Choose with: model=…   data=…"),
    "absent_group": ("this command has no {value} to choose", "Leave it out; --help lists the keys."),
    "no_value": ("stands for no value at all", "Type: {key}=a,b with a value for each run"),
    "no_list": ("has no end of values", "Type: {key}=a,b with a value for each run"),
    "no_match": ("fits none of the options", "Options: {names}"),
    "no_group": ("there are no options to choose from", "Type: {key}=a,b with a value for each run"),
    "hydra_once": ("is one for the whole multirun", "Choose one value."),
    "absent_setting": ("Hydra has no such setting", "{program} --info config shows those that it has."),
    "broken_file": ("{reason}", ""),
    "no_yaml": ("is no YAML: {reason}", ""),
    "no_package": ("does not say where its keys belong", "Begin the file with the line: # @package _global_"),
    "missing_root": ("is missing", "Type: {where}={options}"),
    "missing": ("is missing", "Type: +{where}=…"),
    "not_given": ("must be given", "Type: {where}=…"),
    "injected": ("is not for a configuration: the code supplies it", "Leave it out."),
    "injected_seed": ("is not for a configuration: the code supplies it", "Type: seed={typed}"),
    "leads_nowhere": ("{reason}", "Type: {where}=…"),
    "unparsed": ("{value} cannot be read ({reason.msg})", "Look at {reason.filename}, line {reason.lineno}."),
    "untrusted": ("{value} is code that is not trusted", "If you trust it, type: trust=[{names}]"),
}


def in_words(mistakes: Iterable[Mistake | Problem], hints: Hints) -> list[Problem]:
    """Messages without duplicates, naming the experiment file at fault. Problems from rules already have a message."""
    said = [m if isinstance(m, Problem) else sentence(m, hints) for m in mistakes]
    return list(dict.fromkeys(hints.placed(problem) for problem in said))


def sentence(m: Mistake, hints: Hints) -> Problem:
    """The message of one mistake."""
    if m.what in WORKED_OUT:
        return WORKED_OUT[m.what](m, hints)
    key, _, text = m.where.partition("=")
    template = {**vars(m), "key": key, "text": text, "program": hints.program, "names": ", ".join(m.known)}
    template |= {
        "quoted": shlex.quote(m.where),
        "typed": as_typed(m.value),
        "options": "|".join(hints.conf.options(m.where)) or "…",
    }
    return Problem(m.where, *(words.format(**template) for words in FIXED[m.what]))


def near(word: str, names: Iterable[str], cutoff: float = 0.6) -> str:
    """The name closest to ``word`` in spelling; empty if none is close."""
    return next(iter(difflib.get_close_matches(word, list(names), n=1, cutoff=cutoff)), "")


def listed(key: str, known: Iterable[str]) -> str:
    """The known names; if there are many, only the closest ones."""
    names = sorted(name for name in known if not name.startswith("_"))
    if len(names) > SHOWN:
        names = [*sorted(difflib.get_close_matches(key, names, n=SHOWN, cutoff=0)), "…"]
    return f"Known here: {', '.join(names)}" if names else ""


# ---- sentences that are worked out ----------------------------------------------------------------------------------


def nowhere(m: Mistake, hints: Hints) -> Problem:
    """A key that is in no node: suggests a key of the same name elsewhere (``lr``), else a similar one."""
    if remedy := remedy_for(m.where):
        return Problem(m.where, "there is no such key", remedy)
    keys = [*every_key(hints.usual), *hints.conf.groups, "experiment"]
    same = sorted((key for key in keys if key.rpartition(".")[2] == m.where), key=lambda key: key.count("."))
    found = same[0] if same else near(m.where, keys)
    other = hints.having(*m.where.split(".")[:2]) if "." in m.where else ""
    made = hints.making(*m.where.rpartition(".")[::2])
    meant = made.strip() or (f"Did you mean {found}={m.value} ?" if found else other.strip())
    return Problem(m.where, "there is no such key", meant or f"{hints.program} --cfg job shows every key.")


def unknown(m: Mistake, hints: Hints) -> Problem:
    """An unknown key: suggests the closest key of the node, else lists its keys and the option that has this one."""
    if OmegaConf.is_dict(hints.default(m.where)) and not isinstance(m.value, dict):
        return Problem(
            f"{m.where}={as_typed(m.value)}", "has keys of its own", f"To leave it out, type: {m.where}=null"
        )
    what = "belongs to nothing: there is no _target_ beside it" if m.what == "homeless" else "there is no such key"
    deleted, value = ("~", "") if m.what == "not_deleted" else ("", f"={as_typed(m.value)}")
    if remedy := remedy_for(m.where):
        return Problem(m.where, what, remedy)
    head, dot, key = m.where.rpartition(".")
    elsewhere = f"It is now {KEYS[m.where][0]}. " if m.where in KEYS else hints.having(head, key)
    if found := near(key, sorted(m.known)) if not elsewhere else "":
        return Problem(m.where, what, f"Did you mean {deleted}{head}{dot}{found}{value} ?")
    return Problem(m.where, what, (elsewhere + listed(key, m.known)).strip())


def absent_option(m: Mistake, hints: Hints) -> Problem:
    """An option that does not exist. ``reason``: the override that selected it, if that is a different one."""
    folder = m.where.split("@")[0]
    names = hints.conf.options(folder)
    where, what, found = f"{m.where}={m.value}", f"there is no {folder} of that name", near(str(m.value), names, 0.4)
    remedy = f"Did you mean {m.where}={found} ? " if found else ""
    remedy += f"Options: {', '.join(names)}" if names else f"Make the file conf/{folder}/{m.value}.yaml"
    if m.value is None:
        return Problem(f"{m.where}=null", "cannot be empty", f"Options: {', '.join(names)}")
    return Problem(hints.chooser(m.reason), f"{where}: {what}", remedy) if m.reason else Problem(where, what, remedy)


def absent_plugin(m: Mistake, hints: Hints) -> Problem:
    """A launcher or sweeper of Hydra's that is not there: how to install it, if one of that name is known."""
    name = m.where.partition("=")[2]
    there = f"Installed: {', '.join(m.known)}"
    if package := PLUGINS.get(f"{m.value}={name}"):
        return Problem(m.where, "is not installed", f"Type: pip install {package} {HYDRA}   {there}")
    return Problem(m.where, f"there is no {m.value} of that name", there)


def absent_part(m: Mistake, hints: Hints) -> Problem:
    """``model/net=…`` for a model that has no such part, or whose part is in another group."""
    group = m.where.split("@")[0]
    whole = group.partition("/")[0]
    parts = [key for key in hints.places.values() if key.startswith(f"{whole}/")]
    place = hints.places.get(group.replace("/", ".")) or next((k for k in parts if k.split("@")[0] == group), None)
    remedy = f"There are: {', '.join(parts)}"
    if place:
        remedy = f"Type: {place}=…   Options: {', '.join(hints.conf.options(place.split('@')[0]))}"
    return Problem(m.value, f"the chosen {whole} has no {m.where}", remedy)


def refused(m: Mistake, hints: Hints) -> Problem:
    """Any other override that Hydra refuses."""
    remedy = f"Choose one: {m.where}={m.value[0]}" if isinstance(m.value, list) and m.value else ""
    return Problem(hints.chooser(m.known[0]), m.reason, remedy)


def not_a_value(m: Mistake, hints: Hints) -> Problem:
    """A plain value where a ``_target_`` is needed; usually ``model.optimizer=sgd`` instead of ``model/optimizer=sgd``."""
    where, group, names = f"{m.where}={as_typed(m.value)}", hints.places.get(m.where), hints.options(m.where)
    if group is None:
        return Problem(where, "is made by a _target_, not by a value", f"Type: {m.where}._target_=…")
    if str(m.value) in names:
        return Problem(where, "is chosen with a slash", f"Did you mean {group}={m.value} ?")
    return Problem(where, "is chosen, not set", f"Type: {group}=…   Options: {', '.join(names)}")


def wrong(m: Mistake, hints: Hints) -> Problem:
    """A value of the wrong type or range, with a valid example."""
    where, value, usual, wanted = m.where, as_typed(m.value), hints.default(m.where), types_wanted(m.reason)
    if refused := refused_strategy(where, m.value):
        return Problem(f"{where}={value}", *refused)
    remedy = ""
    if choice := nearest_choice(m.value, m.reason):
        remedy = f"Did you mean {where}={choice} ?"
    elif isinstance(m.value, str) and wanted == {"list_type"}:
        remedy = f"Type: {where}=[{value}]"
    elif isinstance(m.value, int | float) and wanted == {"string_type"}:
        remedy = f"""Put quotes around it: '{where}="{value}"'"""
    elif OmegaConf.is_dict(usual):
        remedy = " ".join(["Type:", *(f"{where}.{key}=…" for key in usual)])
    elif usual not in (None, "") and as_typed(usual) != value:
        remedy = f"Type: {where}={as_typed(usual)} (the default) or another such value"
    return Problem(f"{where}={value}", reasons(m.reason), remedy)


def unfit_kind(m: Mistake, hints: Hints) -> Problem:
    """A model that does not take the set's batches, with the sets and models that would fit."""
    names = fitting(m.value, m.known, hints.conf)
    remedy = "\n    ".join(f"{title}: {', '.join(found)}" for title, found in names.items() if found)
    return Problem(m.where, m.reason, remedy)


def unfit_labels(m: Mistake, hints: Hints) -> Problem:
    """A set without the labels that the model needs, with the remedy and the sets that have them."""
    names = labelled(m.value["model"], hints.conf)
    remedies = (relabelled(**m.value), f"Sets that can have them: {', '.join(names)}" if names else "")
    return Problem(m.where, m.reason, "\n    ".join(filter(None, remedies)))


WORKED_OUT: dict[str, Callable[[Mistake, Hints], Problem]] = {
    **{
        f.__name__: f
        for f in (
            *(nowhere, absent_option, absent_part, absent_plugin, refused),
            *(absent_target, not_a_value, wrong, unfit_kind, unfit_labels),
        )
    },
    **dict.fromkeys(("unknown", "not_deleted", "homeless"), unknown),
}
