"""Where each number comes from: images by digest, code by commit, versions, extractors, and the command as typed."""

from __future__ import annotations

from collections.abc import Sequence

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.content import Content
from genlab.pages.report.record import Record, mapping
from genlab.pages.report.state import badge, why

DIGITS = 12  # of a digest


def provenance(content: Content) -> Markup:
    """The section: what all runs share, then a fold for each run."""
    shared, own = versions(content.records)
    parts = [element("h2", {"id": "provenance"}, "Where it comes from")]
    if shared:
        parts.append(element("p", None, "Versions of all runs: ", ", ".join(f"{name} {found}" for name, found in shared.items()), "."))
    folds = [fold(number, record, own) for number, record in enumerate(content.records)]
    return element("section", {"class": "provenance", "aria-labelledby": "provenance"}, *parts, *folds)


def versions(records: Sequence[Record]) -> tuple[dict[str, str], set[str]]:
    """The versions that all runs share, and the names of those that differ."""
    known = [mapping(record.summary.get("versions")) for record in records if record.summary.get("versions")]
    names = dict.fromkeys(name for found in known for name in found)
    shared = {name: str(known[0][name]) for name in names if len({str(found.get(name)) for found in known}) == 1}
    return shared, set(names) - set(shared)


def fold(number: int, record: Record, own: set[str]) -> Markup:
    """A run, folded."""
    summary = element("summary", None, element("b", None, record.label), " ", badge(record.state), " ", short(record))
    facts = [joined([element("dt", None, name), element("dd", None, *found)]) for name, *found in told(record, own)]
    return element("details", {"id": f"run-{number}", "data-runs": number}, summary, element("dl", None, *facts))


def short(record: Record) -> Markup:
    """The run in a few words."""
    return element("small", None, f"{record.model} on {record.data}")


def told(record: Record, own: set[str]) -> list[tuple[object, ...]]:
    """The facts of a run: a name, and what is said."""
    summary = record.summary
    found: list[tuple[object, ...]] = [("what is wrong", " · ".join(why(record)))]
    found.append(("command", element("code", None, f"python src/train.py {' '.join(record.typed)}") if record.typed else ""))
    found.append(("notes", str(record.config.get("notes") or "")))
    found.append(("tags", ", ".join(map(str, tags)) if isinstance(tags := record.config.get("tags"), list) else ""))
    found.append(("images", f"{record.data}, digest {digest(summary.get('data_digest'))}" if summary.get("data_digest") else ""))
    found.append(("images counted", counts(record)))
    found.append(("code", str(summary.get("git") or "")))
    found.append(("configuration", f"digest {digest(summary['config_digest'])}" if summary.get("config_digest") else ""))
    found.append(("extractors", extractors(record)))
    found.append(("device", device(record)))
    found.append(("versions", ", ".join(f"{k} {v}" for k, v in mapping(summary.get("versions")).items() if k in own)))
    found.append(("best", best(record)))
    found.append(("remarks", " · ".join(map(str, notes)) if isinstance(notes := summary.get("notes"), list) else ""))
    return [fact for fact in found if fact[1]]


def digest(value: object) -> Markup:
    """The beginning of a digest; the whole of it when one points at it."""
    return element("code", {"title": value}, str(value)[:DIGITS])


def counts(record: Record) -> str:
    """How many images there are in each part."""
    names = ("train", "val", "test", "skipped")
    return ", ".join(f"{name} {record.counts[name]:,}" for name in names if isinstance(record.counts.get(name), int))


def extractors(record: Record) -> str:
    """The networks behind the FIDs and their like, by name and digest."""
    found = record.summary.get("extractors")
    items = [mapping(one) for one in found] if isinstance(found, list) else []
    return " · ".join(", ".join(f"{key} {value}" for key, value in one.items()) for one in items if one)


def device(record: Record) -> str:
    """What it was trained on."""
    summary = record.summary
    names = [str(summary[key]) for key in ("device", "precision") if summary.get(key)]
    return ", ".join([*names, f"{summary['devices']} of them"] if summary.get("devices", 1) != 1 else names)


def best(record: Record) -> str:
    """The best value of the model's own monitor."""
    found = mapping(record.summary.get("best"))
    return f"{found.get('metric')} {found.get('value')} at batch {found.get('step')}" if found else ""
