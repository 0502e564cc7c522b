"""Which measures tell the known answers of sets with known answers: the table of docs/metrics-battery.md.

python tests/bench/battery.py [--images 1000] [--page docs/metrics-battery.md]
"""

import argparse
import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from battery import CHECKS, FAILS, MEASURES

HEAD = """# Which measure tells what

`test/precision_…`, `recall`, `density`, `coverage`, their clipped forms, FID, KID and MIND of sets whose answer is known,
after the sanity checks of [Räisä et al., 2025](https://arxiv.org/abs/2505.22450), where no measure of fidelity or diversity
passes them all. Precision, density and clipped density must tell **fidelity** (1: generated images lie where real ones do);
recall, coverage and clipped coverage **diversity** (1: generated images lie wherever real ones do); FID, KID and MIND both in
one distance. Tolerances are the paper's: 0.05 around a known value; what must fall, falls by 0.2, and by 0.1 on half the way.
A distance must rise with every step. {images:,} images of either side unless said otherwise. A dash: nothing is asked.
`tests/metrics/test_battery.py` holds this table; `python tests/bench/battery.py --page docs/metrics-battery.md` writes it.
"""

ADVICE = """
## What to quote

- Fidelity and diversity apart: clipped density and clipped coverage fail least, and neither rises above 1. Beside them
  precision and recall, since most papers have those.
- One number: KID where there are few images, or few of one side; FID of at least 10,000, with its floor; MIND of few images,
  as many of either side. The random directions of MIND alone cost up to sqrt(2 / directions) of it, 4.5 % at 1,000; of equal
  counts they are the same ones in every run.
- Never two numbers of different counts, extractors or k side by side.

## The numbers
"""


def table(found):
    """A row a check: does each measure pass?"""
    words = {True: "yes", False: "**no**", None: "–"}
    rows = [f"| {n} | " + " | ".join(words[found[n][m][1]] for m in MEASURES) + " |" for n in found]
    head = "| | " + " | ".join(m.replace("_", " ") for m in MEASURES) + " |"
    return [head, "|---" * (len(MEASURES) + 1) + "|", *rows]


def reasons():
    """Why those that fail do."""
    for name, (_, why) in FAILS.items():
        if why:
            yield from textwrap.wrap(f"- **{name}**: {why}", 128, subsequent_indent="  ")


def values(found):
    """A row a check: what was compared, and the number of each setting."""
    yield "| | settings | " + " | ".join(m.replace("_", " ") for m in MEASURES) + " |"
    yield "|---" * (len(MEASURES) + 2) + "|"
    for name, check in CHECKS.items():
        cells = [", ".join(f"{value:.3g}" for value in found[name][m][0]) for m in MEASURES]
        yield f"| *{name}* | {check.what} | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    found = {name: check.run(options.images) for name, check in CHECKS.items()}
    lines = [HEAD.format(images=options.images), *table(found), "", "## Why", "", *reasons(), ADVICE, *values(found)]
    page = "\n".join(lines) + "\n"
    if options.page:
        options.page.write_text(page)
    print(page)


if __name__ == "__main__":
    main()
