"""What scripts fill: curves, pictures over epochs, two runs side by side; and the data that they draw."""

from __future__ import annotations

from typing import Any

from genlab.pages.html import Markup, element
from genlab.pages.report.content import Content
from genlab.pages.report.curves import marks, names, short, thinned
from genlab.pages.report.pictures import Strip
from genlab.pages.report.sweep import Sweep
from genlab.pages.report.winners import in_nats
from genlab.sweeps.words import plural

POINTS = 240_000  # of all curves together
LEAST, MOST = 24, 400  # points of a curve
OF_RUN = ("label", "state", "model", "data", "seed", "images", "likelihood")  # what scripts are told of a run


def curves(content: Content) -> Markup:
    """The section of curves; nothing where there are none."""
    if not any(record.curves.drawn for record in content.records):
        return Markup()
    most, cut = share(content)
    about = "Pale: what was logged; over it its running mean. Below each chart the best and the last value of every run, exact."
    thin = (
        f" Curves of more than {most} values are drawn by {most} means, the shade behind them from the smallest to the largest "
        f"of each stretch ({plural(cut, 'curve')})."
    )
    axes = [("step", "batches"), ("epoch", "epochs"), ("images", "images"), ("seconds", "seconds")]
    options = [element("option", {"value": value}, words) for value, words in axes]
    smooth = {"type": "range", "id": "smooth", "min": "0", "max": "0.98", "step": "0.02", "value": "0.6"}
    bar = [
        element("label", None, "smoothing ", element("input", smooth), element("output", {"id": "smoothness"})),
        element("label", None, "over ", element("select", {"id": "axis"}, *options)),
        element("label", None, element("input", {"type": "checkbox", "id": "logarithmic"}), " logarithmic"),
        element("label", None, element("input", {"type": "checkbox", "id": "extremes"}), " with extremes"),
        element("label", None, element("input", {"type": "checkbox", "id": "means"}), " means of seeds"),
    ]
    return element(
        "section",
        {"class": "curves", "aria-labelledby": "curves"},
        element("h2", {"id": "curves"}, "Curves"),
        element("p", None, about, thin if cut else ""),
        element(
            "noscript", None, element("p", None, "Curves are drawn by a script; the last values are in the table.")
        ),
        element("div", {"class": "bar works"}, *bar),
        element("div", {"id": "which", "class": "chips works", "role": "group", "aria-label": "Charts"}),
        element("div", {"id": "charts"}),
    )


def share(content: Content) -> tuple[int, int]:
    """How many points a curve may have, and how many curves have more."""
    lengths = [len(points) for record in content.records for points in record.curves.drawn.values()]
    most = min(MOST, max(LEAST, POINTS // max(1, len(lengths))))
    return most, sum(length > most for length in lengths)


def pictures(content: Content) -> Markup:
    """The section of pictures; nothing where there are none."""
    found = content.pictures
    if not found.kinds:
        return Markup()
    about = f"{found.held:,} of the {found.there:,} pictures of these runs, the first and the last of each strip among them."
    left = f" Without {', '.join(found.left)}: the page has no room for them." if found.left else ""
    size = {
        "type": "range",
        "id": "size",
        "min": "120",
        "max": "520",
        "step": "20",
        "value": "240",
        "aria-label": "width",
    }
    kinds = [
        element("button", {"type": "button", "class": "chip", "data-kind": i}, kind)
        for i, kind in enumerate(found.kinds)
    ]
    return element(
        "section",
        {"class": "pictures", "aria-labelledby": "pictures"},
        element("h2", {"id": "pictures"}, "Pictures"),
        element("p", None, about if found.held < found.there else "Every picture that these runs have kept.", left),
        element(
            "div",
            {"class": "bar works"},
            element("div", {"class": "chips", "role": "group", "aria-label": "Kinds"}, *kinds),
        ),
        element(
            "div",
            {"class": "bar works"},
            slider(),
            element("label", {"class": "size"}, "size ", element("input", size)),
        ),
        *(panel(content, i, kind, strips) for i, (kind, strips) in enumerate(found.kinds.items())),
    )


def slider() -> Markup:
    """The slider over epochs, with its word."""
    own = {"type": "range", "id": "epoch", "min": "0", "max": "0", "step": "1", "value": "0", "aria-label": "epoch"}
    return element("label", {"class": "epoch"}, "epoch ", element("input", own), element("output", {"id": "at"}))


def panel(content: Content, number: int, kind: str, strips: list[Strip]) -> Markup:
    """The last pictures of a kind, a figure for each run."""
    figures = [figure(content, strip) for strip in strips if strip.frames]
    return element(
        "div",
        {"class": "panel", "data-kind": number},
        element("h3", None, kind),
        element("div", {"class": "grid"}, *figures),
    )


def figure(content: Content, strip: Strip) -> Markup:
    """The last picture of a run."""
    label, (epoch, picture) = content.records[strip.run].label, strip.frames[-1]
    words = f"epoch {epoch}" if epoch is not None else ""
    image = {
        "src": picture.uri,
        "width": picture.width,
        "height": picture.height,
        "loading": "lazy",
        "decoding": "async",
    }
    image |= {
        "class": "dots" if picture.enlarged else None,
        "alt": f"{strip.kind} of {label}{', ' if words else ''}{words}",
    }
    caption = [element("i", {"class": "swatch"}), element("b", None, label), " ", element("small", None, words)]
    return element("figure", {"data-run": strip.run}, element("img", image), element("figcaption", None, *caption))


def compare(content: Content) -> Markup:
    """The section of two runs; nothing where there is one alone."""
    if len(content.records) < 2:
        return Markup()
    options = [element("option", {"value": i}, record.label) for i, record in enumerate(content.records)]
    first = element("label", {"class": "first"}, "A ", element("select", {"id": "one"}, *options))
    second = element("label", {"class": "second"}, "B ", element("select", {"id": "other"}, *options))
    swap = element("button", {"type": "button", "id": "swap"}, "swap")
    return element(
        "section",
        {"class": "compare works", "aria-labelledby": "compare"},
        element("h2", {"id": "compare"}, "Two runs"),
        element("div", {"class": "bar"}, first, second, swap),
        element("div", {"id": "pair"}),
    )


# ---- data ------------------------------------------------------------------------------------------------------------


def facts(content: Content) -> dict[str, Any]:
    """The runs, their numbers and their configurations, for scripts and for other programs."""
    return {
        "title": content.title,
        "runs": [{name: getattr(one, name) for name in OF_RUN} for one in content.records],
        "groups": [
            {"label": group.label, "runs": list(group.runs), "finished": group.finished} for group in content.groups
        ],
        "metrics": {name: facts_of_metric(content, name) for name in content.metrics},
        "sweeps": [facts_of_sweep(one) for one in content.sweeps],
        "config": [[one.key, one.values, one.of_run] for one in content.differences],
        "live": content.live,
    }


def facts_of_metric(content: Content, name: str) -> dict[str, Any]:
    """One number of all runs, with its standard errors where it has them; null of a run without it."""
    numbers = [record.metrics for record in content.records]
    return {
        "good": content.directions[name],
        "nats": in_nats(name),
        "decimals": content.decimals[name],
        "values": [short(known[name]) if name in known else None for known in numbers],
        "errors": [record.numbers.get(f"{name}_se") for record in content.records],
    }


def facts_of_sweep(sweep: Sweep) -> dict[str, Any]:
    """Its runs, and how far it has come."""
    return {
        "name": sweep.name,
        "folder": sweep.folder.name,
        "runs": list(sweep.runs),
        "state": sweep.progress.state if sweep.progress else None,
        "counts": dict(+sweep.progress.counts) if sweep.progress else {},
    }


def points(content: Content) -> dict[str, Any]:
    """The curves."""
    most, _ = share(content)
    found: dict[str, dict[int, Any]] = {name: {} for name in names(record.curves for record in content.records)}
    for run, record in enumerate(content.records):
        for name, some in record.curves.drawn.items():
            found[name][run] = thinned(some, most) | {"marks": marks(name, some)}
    clocks = {run: record.curves.clock for run, record in enumerate(content.records) if record.curves.clock}
    return {"curves": found, "clocks": clocks}


def strips(content: Content) -> list[dict[str, Any]]:
    """The pictures; the last of each strip is in its figure already."""
    return [
        {
            "kind": kind,
            "frames": {
                strip.run: [
                    [epoch, None if i + 1 == len(strip.frames) else picture.content]
                    for i, (epoch, picture) in enumerate(strip.frames)
                ]
                for strip in found
            },
        }
        for kind, found in content.pictures.kinds.items()
    ]
