"""Where each number comes from: images by digest, code by commit, versions, extractors, and the command as typed."""

from __future__ import annotations

from collections.abc import Sequence

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.content import Content
from genlab.pages.report.record import Record, mapping
from genlab.pages.report.state import alarms, badge, why

DIGITS = 12  # of a digest


def provenance(content: Content) -> Markup:
    """The section: what all runs share, then a fold for each run."""
    shared, own = versions(content.records)
    parts = [element("h2", {"id": "provenance"}, "Where it comes from")]
    if shared:
        parts.append(
            element(
                "p", None, "Versions of all runs: ", ", ".join(f"{name} {found}" for name, found in shared.items()), "."
            )
        )
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
    facts = [joined([element("dt", None, name), element("dd", None, found)]) for name, found in told(record, own)]
    return element("details", {"id": f"run-{number}", "data-runs": number}, summary, element("dl", None, *facts))


def short(record: Record) -> Markup:
    """Model, images, code and extractors of a run in a few words."""
    summary = record.summary
    parts: list[object] = [f"{record.model} on {record.data}"]
    parts += [joined(["images ", digest(summary["data_digest"])])] if summary.get("data_digest") else []
    parts += [joined(["code ", element("code", None, summary["git"])])] if summary.get("git") else []
    parts += [joined([one.get("name"), " ", digest(one["digest"])]) for one in networks(record) if one.get("digest")]
    return element("small", None, joined(parts, " · "))


def told(record: Record, own: set[str]) -> list[tuple[str, object]]:
    """The facts of a run: a name, and what is said."""
    summary, config = record.summary, record.config
    images, configuration = summary.get("data_digest"), summary.get("config_digest")
    found: list[tuple[str, object]] = [
        ("what is wrong", " · ".join(why(record))),
        ("alarms", " · ".join(alarms(record))),
        ("command", element("code", None, f"python src/train.py {' '.join(record.typed)}") if record.typed else ""),
        ("notes", str(config.get("notes") or "")),
        ("tags", ", ".join(listed(config.get("tags")))),
        ("images", joined([record.data, ", digest ", digest(images)]) if images else ""),
        ("images counted", counts(record)),
        ("code", str(summary.get("git") or "")),
        ("configuration", joined(["digest ", digest(configuration)]) if configuration else ""),
        ("extractors", extractors(record)),
        ("device", device(record)),
        ("versions", ", ".join(f"{k} {v}" for k, v in mapping(summary.get("versions")).items() if k in own)),
        ("best", best(record)),
        ("remarks", " · ".join(listed(summary.get("notes")))),
    ]
    return [fact for fact in found if fact[1]]


def listed(value: object) -> list[str]:
    """The texts of a list; none of anything else."""
    return [str(item) for item in value] if isinstance(value, list) else []


def digest(value: object) -> Markup:
    """The beginning of a digest; the whole of it when one points at it."""
    return element("code", {"title": value}, str(value)[:DIGITS])


def counts(record: Record) -> str:
    """How many images there are in each part."""
    names = ("train", "val", "test", "skipped")
    return ", ".join(f"{name} {record.counts[name]:,}" for name in names if isinstance(record.counts.get(name), int))


def extractors(record: Record) -> str:
    """The networks behind the FIDs and their like, by name and digest."""
    return " · ".join(", ".join(f"{key} {value}" for key, value in one.items()) for one in networks(record))


def networks(record: Record) -> list[dict[str, object]]:
    """The records of its extractors."""
    found = record.summary.get("extractors")
    return [one for one in map(mapping, found) if one] if isinstance(found, list) else []


def device(record: Record) -> str:
    """What it was trained on."""
    summary = record.summary
    names = [str(summary[key]) for key in ("device", "precision") if summary.get(key)]
    return ", ".join([*names, f"{summary['devices']} of them"] if summary.get("devices", 1) != 1 else names)


def best(record: Record) -> str:
    """The best value of the model's own monitor."""
    found = mapping(record.summary.get("best"))
    return f"{found.get('metric')} {found.get('value')} at batch {found.get('step')}" if found else ""
