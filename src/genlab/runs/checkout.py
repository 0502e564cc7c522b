"""The checkout that the code runs from: its commit, and how the files differ from it, for the record of a run."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from itertools import count, takewhile
from pathlib import Path

from genlab.console import say
from genlab.files import replacing
from genlab.runs.writing import attempt

CODE = Path(__file__).resolve()
NAME = "code.diff"
LIMIT = 1_000_000  # bytes of a diff that are kept
NAMES = 50  # of untracked files that are named
WAIT = 5.0  # seconds
MASK = "***"
CHOSEN_BY_USER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS")
OF_FILES = (".env*", "*.env", ".netrc", "*.pem", "*.key", "id_rsa*", "*secret*", "*credential*")
PRIVATE = (*OF_FILES, "*secret*/**", "*credential*/**")  # names of files, and of folders
PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-relative", "--src-prefix=a/", "--dst-prefix=b/")
SECRETS = [
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)", re.DOTALL),
    re.compile(r"(://[^/\s:@]*:)[^@\s/]+(?=@)"),  # the password in a URL
    re.compile(r"\b(sk-|hf_|gh[pousr]_|github_pat_|glpat-|xox[abp]-|AKIA|AIza|wandb_v)[\w-]{12,}"),
    re.compile(r"""(?i)(passw(?:or)?d\w*["']?\s*[:=,]\s*["'])[^"'\n]{4,}(?=["'])"""),
    re.compile(
        r"""(?im)^([+ -].*?passw(?:or)?d\w*\s*[:=]\s*)(?=\S*\d)[^\s"'({\[$]\S{5,}$"""
    ),  # without quotes, as in YAML
    re.compile(r"""(?im)^([+ -].*?(?:key|login|auth)\b.*?["'])[0-9a-f]{32,}(?=["'])"""),  # such as W&B's
    re.compile(
        r"""(?i)((?:api_?key|token|passw(?:or)?d|secret|credential)\w*["']?\]?\s*[:=,]\s*["']?)"""
        r"""(?=[\w+/=.~-]*\d)(?=[\w+/=.~-]*[a-z])[\w+/=.~-]{16,}(?![\w(.[])"""
    ),
]


def git(folder: Path, *arguments: str) -> bytes | None:
    """The first ``LIMIT`` bytes of what git says; None if it fails, is not there, or takes longer than ``WAIT``."""
    environment = {name: value for name, value in os.environ.items() if name not in CHOSEN_BY_USER}
    try:
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=folder,
            env=environment | {"GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    watch = threading.Timer(WAIT, process.kill)
    watch.start()
    with process:
        assert process.stdout is not None
        said = process.stdout.read(LIMIT)
        full = len(said) == LIMIT and process.stdout.read(1) != b""
        if full:
            process.kill()
    watch.cancel()
    return said if full or process.returncode == 0 else None


def lines(folder: Path, *arguments: str) -> list[str]:
    """What git says, by lines; none if it fails."""
    return (git(folder, *arguments) or b"").decode(errors="replace").splitlines()


def commit(code: Path = CODE) -> str | None:
    """The whole hash of the checkout that contains the file ``code``; None if none does.

    A checkout of another project, in which genlab is only installed, does not.
    """
    if git(code.parent, "ls-files", "--error-unmatch", "--", code.name) is None:
        return None
    return next(iter(lines(code.parent, "rev-parse", "HEAD")), None)


def remote(code: Path = CODE) -> str | None:
    """Where the checkout comes from, without a name or password; None if it does not say."""
    said = lines(code.parent, "remote", "get-url", "origin") if commit(code) else []
    return re.sub(r"://[^/@]*@", "://", said[0]) if said else None


def git_revision(code: Path = CODE) -> str | None:
    """The commit in short, plus ``-dirty`` if files differ; None outside a checkout."""
    if commit(code) is None:
        return None
    said = lines(code.parent, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    return said[0] if said else None


def changes(code: Path = CODE) -> str | None:
    """How the tracked files differ from the commit, as ``git apply`` takes it, below notes; None if git does not say.

    Neither untracked files nor those with a name of ``PRIVATE`` are in it, and what looks like a secret is masked.
    """
    folder, base = code.parent, commit(code)
    apart = [f":(top,icase,glob)**/{name}" for name in PRIVATE]
    diff = ("diff", "HEAD", "--submodule=short", *PLAIN)
    said = git(folder, *diff, "--", ":/", *(spec.replace("(top", "(exclude,top") for spec in apart))
    if base is None or said is None:
        return None
    cut = len(said) == LIMIT
    text, masked = without_secrets(whole_files(said.decode(errors="surrogateescape"), cut))
    notes = [
        f"commit {base}; git apply takes what follows",
        named("not in it, because untracked", lines(folder, "ls-files", "--others", "--exclude-standard", ":/")),
        named("not in it, because of their names", lines(folder, *diff, "--name-only", "--", *apart)),
        f"{masked} values that look like secrets are now {MASK}" if masked else "",
        f"cut off: more than {LIMIT:,} bytes" if cut else "",
    ]
    return "".join(f"# {note}\n" for note in notes if note) + text


def named(what: str, files: list[str]) -> str:
    """``what: a, b``; empty if there are no files."""
    more = f" and {len(files) - NAMES:,} more" if len(files) > NAMES else ""
    return f"{what}: {', '.join(files[:NAMES])}{more}" if files else ""


def whole_files(text: str, cut: bool) -> str:
    """A diff, where it was ``cut`` without its last file; of a single file whole lines."""
    if not cut:
        return text
    end = text.rfind("\ndiff --git ")
    return text[: (end if end > 0 else text.rfind("\n")) + 1]


def without_secrets(text: str) -> tuple[str, int]:
    """A text with what looks like a secret masked, and how often."""
    masked = 0
    for pattern in SECRETS:
        text, found = pattern.subn(lambda match: f"{match[1]}{MASK}", text)
        masked += found
    return text, masked


def kept(run: Path) -> list[Path]:
    """The differences that a run directory has, in the order of its resumes."""
    names = (NAME if number == 1 else f"code-{number}.diff" for number in count(1))
    return list(takewhile(Path.is_file, (run / name for name in names)))


def keep_changes(run: Path, code: Path = CODE) -> None:
    """Write ``code.diff`` where files differ from the commit; ``code-2.diff`` … where they differ otherwise on a resume."""
    if not (git_revision(code) or "").endswith("-dirty"):
        return
    text = changes(code)
    if text is None:
        say(f"note      git does not say how the code differs from its commit: there is no {NAME}")
        return
    earlier = kept(run)
    data = text.encode(errors="surrogateescape")
    if earlier and earlier[-1].read_bytes() == data:
        return
    path = run / (f"code-{len(earlier) + 1}.diff" if earlier else NAME)
    with attempt(path), replacing(path, "wb") as file:
        file.write(data)
