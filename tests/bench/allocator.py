"""What ``performance.allocator`` and the fused optimiser are worth on this machine: the lean loop, a process each, in turn.

python tests/bench/allocator.py --data DIR
"""

import subprocess
import sys
from pathlib import Path

from reporting import arguments, in_turn, report

SETTINGS = {"default": (0, 0), "allocator": (1, 0), "fused": (0, 1), "allocator and fused": (1, 1)}

CODE = """
import sys, functools
sys.path.insert(0, {bench!r})
import train_loop, torch
if {allocator}:
    from genlab.apps.train.performance import keep_freed_memory
    keep_freed_memory()
if not {fused}:
    adam = torch.optim.Adam
    torch.optim.Adam = lambda *a, **k: adam(*a, **dict(k, fused=False))
lean = train_loop.Lean(torch.from_numpy(train_loop.prepare(train_loop.configured({data!r})).images["train"].copy()))
lean()
print(min(lean() for _ in range(3)))
"""


def main():
    options = arguments(__doc__.splitlines()[0])
    bench, data = str(Path(__file__).parent), str(options.data)

    def timed(allocator, fused):
        code = CODE.format(bench=bench, data=data, allocator=allocator, fused=fused)
        return lambda: float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)

    contestants = {name: timed(*setting) for name, setting in SETTINGS.items()}
    pairs = [(name, "default") for name in SETTINGS if name != "default"]
    report(in_turn(contestants, options.rounds), pairs, options.json)


if __name__ == "__main__":
    main()
