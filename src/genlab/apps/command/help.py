"""``--help``: groups and options, keys with their comments, and examples, all read from the YAML files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from genlab.config.files import Conf, conf_dir
from genlab.console import program

FREE = ("experiment", "remedy")  # groups of which none need be chosen
SHOWN = ("slurm", "trainer", "model", "data")  # the groups whose usual choice is shown key by key
WIDTH = 26  # of a key with its value; a longer one pushes its comment to the right
LINE = re.compile(r"(?P<indent> *)(?P<key>\w+):(?: (?P<value>[^#]*?))? *(?:# (?P<comment>.*))?")
WANTED = re.compile(r"(?P<word>[A-Z]+)[;:] (?P<rest>.*)")  # "DIR; default: …": what to type for a value that is open


def help_text(command: str, config_dir: Path | None = None, overrides: Sequence[str] = ()) -> str:
    """The whole page for one command. ``overrides``: what is typed beside ``--help``, whose choices are shown key by key."""
    conf = Conf(((config_dir,) if config_dir else ()) + (conf_dir(),))
    groups = groups_of(command, conf)
    lines = [about(command), "", f"  {program(command)} [group=option …] [key=value …]", ""]
    if groups:
        width = max(map(len, groups))
        lines += ["Groups", *(f"  {name:{width}}  {' '.join(options)}" for name, options in groups.items()), ""]
    lines += ["Keys", *(line for name in (*taken_in(command, conf), command) for line in keys(name, conf))]
    for group in unchosen(command, conf):
        wide = max(map(len, conf.options(group))) + len(group) + 1
        told = (f"  {f'{group}={name}':{wide}}  {headline(f'{group}/{name}', conf)}" for name in conf.options(group))
        lines += ["", f"Choices of {group} (--help {group}=… shows its keys)", *told]
    for group, option in [*usual(command, conf), *typed(command, conf, overrides)]:
        lines += ["", f"Keys of {group}={option}", *keys(f"{group}/{option}", conf, f"{group}.")]
    lines += ["", "Examples", *(f"  {program(command)} {example}" for example in examples(command))]
    options = "--cfg job [--resolve]  show the configuration     -m  one run for each combination of a,b,c"
    return "\n".join(
        [*lines, "", f"  {options}", "  --config-dir DIR       your own YAML files, searched before genlab's"]
    )


def header(command: str) -> list[str]:
    """The comment at the top of a command's file."""
    text = (conf_dir() / f"{command}.yaml").read_text(encoding="utf-8")
    return [line.removeprefix("# ") for line in text.partition("\ndefaults:")[0].splitlines()]


def about(command: str) -> str:
    """The description of a command: the first line of its file."""
    return header(command)[0]


def examples(command: str) -> list[str]:
    """The arguments in the lines ``Run: python src/train.py …``."""
    start = f"Run: python src/{command}.py"
    return [line.removeprefix(start).strip() for line in header(command) if line.startswith(start)]


def groups_of(command: str, conf: Conf) -> dict[str, list[str]]:
    """The groups of a command with their options, including sub-groups (``model/net``)."""
    chosen = {next(iter(entry)) for entry in defaults(command, conf) if isinstance(entry, dict)}
    return {name: found for name, found in conf.groups.items() if name.split("/")[0] in chosen - {"performance"}}


def defaults(command: str, conf: Conf) -> list[Any]:
    """The defaults list of a command, with those of the commands that it takes in (``submit`` has all keys of ``train``)."""
    own: list[Any] = conf.raw(command).get("defaults", [])
    return [entry for name in taken_in(command, conf) for entry in defaults(name, conf)] + own


def taken_in(command: str, conf: Conf) -> list[str]:
    """The commands whose files are in the defaults list of this one."""
    return [entry for entry in conf.raw(command).get("defaults", []) if isinstance(entry, str) and entry != "_self_"]


def usual(command: str, conf: Conf) -> list[tuple[str, str]]:
    """The default options of a command for the groups in ``SHOWN``."""
    listed = [next(iter(entry.items())) for entry in defaults(command, conf) if isinstance(entry, dict)]
    return sorted((pair for pair in listed if pair[0] in SHOWN), key=lambda pair: SHOWN.index(pair[0]))


def unchosen(command: str, conf: Conf) -> list[str]:
    """The groups of a command without a usual option, of which one must be typed: all but those in ``FREE``."""
    listed = [next(iter(entry.items())) for entry in defaults(command, conf) if isinstance(entry, dict)]
    return [group for group, option in listed if option is None and group not in FREE]


def typed(command: str, conf: Conf, overrides: Sequence[str]) -> list[tuple[str, str]]:
    """The options that are typed for these groups, as far as there are such."""
    pairs = [(group, option) for group, _, option in (text.partition("=") for text in overrides)]
    return [pair for pair in pairs if pair[0] in unchosen(command, conf) and pair[1] in conf.options(pair[0])]


def headline(name: str, conf: Conf) -> str:
    """The first line of a file, a comment that says what it is."""
    path = conf.file(name)
    assert path is not None
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# ") if first.startswith("# ") else ""


def keys(name: str, conf: Conf, prefix: str = "") -> Iterator[str]:
    """Lines for the keys of a file with values and comments; comments may continue on further lines."""
    path = conf.file(name)
    assert path is not None
    parents: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        found = LINE.fullmatch(line)
        if found:
            parents = [*parents[: len(found["indent"]) // 2], found["key"]]
        if not parents or parents[0] in ("defaults", "hydra") or parents[-1].startswith("_"):
            continue
        if found and found["value"]:
            yield from shown(prefix + ".".join(parents), found["value"], found["comment"] or "")
        elif not found and line.startswith(" " * 2) and "# " in line:
            yield f"  {'':{WIDTH}}  {line.partition('# ')[2]}"


def shown(where: str, text: str, comment: str) -> Iterator[str]:
    """``seed=0   comment``; a value like ``{lr: 1e-3}`` gives one line per key."""
    value: Any = yaml.safe_load(text)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from shown(f"{where}.{key}", str(inner), comment)
        return
    text = re.sub(r"\$\{oc.env:\w+,(.*)\}", r"\1", text)
    wanted = WANTED.fullmatch(comment)
    if wanted:
        text, comment = wanted["word"], wanted["rest"]
    yield f"  {f'{where}={text}':{WIDTH}}  {comment}".rstrip()
