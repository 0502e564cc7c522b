"""How every benchmark here reports: each contestant in turn in every round, medians and spreads, ratios round by round."""

import argparse
import json
import platform
import statistics
from pathlib import Path


def arguments(description, more=None):
    """``--json FILE``, ``--rounds N``, ``--data DIR``, and ``more``: options and how argparse takes them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=Path("data"), help="where data sets lie")
    for option, how in (more or {}).items():
        parser.add_argument(option, **how)
    return parser.parse_args()


def in_turn(contestants, rounds):
    """Seconds of every contestant in every round; one round before that does not count."""
    seconds = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, run in contestants.items():
            taken = run()
            if turn:
                seconds[name].append(taken)
    return seconds


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def report(seconds, pairs, file, unit="s"):
    """Print and write rows and ratios."""
    rows = [{"name": name, "unit": unit, **spread(values)} for name, values in seconds.items()]
    ratios = {
        f"{a}/{b}": spread([x / y for x, y in zip(seconds[a], seconds[b], strict=True)])
        for a, b in pairs
    }  # fmt: skip
    print(f"{platform.machine()}, Python {platform.python_version()}")
    for row in rows:
        print(f"{row['name']:28} {row['median']:8.3f} {unit}   ({row['min']:.3f} … {row['max']:.3f})")
    for name, ratio in ratios.items():
        print(f"{name:28} {ratio['median']:8.3f}     ({ratio['min']:.3f} … {ratio['max']:.3f})")
    if file:
        file.write_text(json.dumps({"rows": rows, "ratios": ratios}, indent=2) + "\n")
