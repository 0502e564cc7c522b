"""The ledger in nats: what reconstruction and code cost each model of the VAE family, and how near that is to log p(x)."""

from __future__ import annotations

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.content import Content
from genlab.pages.report.groups import Group
from genlab.pages.report.numbers import of_group

ENTRIES = {
    "recon": "-E log p(x|z)",
    "kl": "KL(q(z|x) to p(z))",
    "elbo": "-(recon + kl)",
    "nll": "-log p(x), by importance sampling",
    "mutual_information": "how much a code tells of its image",
    "total_correlation": "KL of q(z) to the product of its marginals",
    "dimension_wise_kl": "sum of KL(q(z_j) to p(z_j))",
    "active_units": "dimensions that say something",
}
NEEDED = ("recon", "kl")


def ledger(content: Content) -> Markup:
    """The section; nothing where no run has a ledger."""
    found = [(group, split) for group in content.groups if (split := split_of(group))]
    if not found:
        return Markup()
    entries = [name for name in ENTRIES if any(group.mean(f"{split}/{name}") is not None for group, split in found)]
    head = [element("th", {"scope": "col"}, word) for word in ("run", "of", "likelihood", "recon and kl")]
    head += [element("th", {"scope": "col", "class": "n", "title": ENTRIES[name]}, name) for name in entries]
    rows = [row(content, group, split, entries, longest(group, found)) for group, split in found]
    about = (
        "Nats an image: recon is what is lost, kl what the code costs, and -(recon + kl) bounds log p(x) from below. Runs can "
        "be compared where images and likelihood are the same; the bars of such runs have one scale."
    )
    table = element(
        "table", {"class": "plain"}, element("thead", None, element("tr", None, *head)), element("tbody", None, *rows)
    )
    heading = element("h2", {"id": "ledger"}, "The ledger, in nats")
    parts = (heading, element("p", None, about), element("div", {"class": "wide tall"}, table))
    return element("section", {"class": "ledger", "aria-labelledby": "ledger"}, *parts)


def split_of(group: Group) -> str:
    """Whose numbers are shown: of the test, else of the validation; empty if there is no ledger."""
    return next((split for split in ("test", "val") if all(group.values(f"{split}/{name}") for name in NEEDED)), "")


def longest(group: Group, found: list[tuple[Group, str]]) -> float:
    """The largest recon + kl of the runs that have the same images and likelihood."""
    same = [(other, split) for other, split in found if alike(group, other)]
    return max(sum(other.mean(f"{split}/{name}") or 0.0 for name in NEEDED) for other, split in same)


def alike(one: Group, other: Group) -> bool:
    """Whether the numbers of two groups can be compared."""
    first, second = one.records[0], other.records[0]
    return (first.images, first.likelihood) == (second.images, second.likelihood)


def row(content: Content, group: Group, split: str, entries: list[str], scale: float) -> Markup:
    """A row of the ledger."""
    numbers = " ".join(map(str, group.runs))
    fields = [
        element("th", {"scope": "row"}, group.label),
        element("td", None, f"{group.records[0].data}, {split}"),
        element("td", None, group.records[0].likelihood),
        element("td", None, bar(group, split, scale)),
    ]
    fields += [
        element("td", {"class": "n"}, of_group(group, name, content.decimals.get(name, 2)))
        for name in (f"{split}/{entry}" for entry in entries)
    ]
    return element("tr", {"data-runs": numbers}, *fields)


def bar(group: Group, split: str, scale: float) -> Markup:
    """Two lengths, of recon and kl; nothing for densities, whose recon may be negative."""
    recon, kl = (group.mean(f"{split}/{name}") or 0.0 for name in NEEDED)
    if recon < 0 or kl < 0 or scale <= 0:
        return Markup()
    parts = [("recon", recon), ("kl", kl)]
    shown = [element("i", {"class": name, "style": f"width:{100 * value / scale:.2f}%"}) for name, value in parts]
    return element("span", {"class": "ledger-bar", "title": f"recon {recon:.1f}, kl {kl:.1f}"}, joined(shown))
