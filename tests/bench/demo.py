"""What the live page of a model costs: a slider's move until the new picture is seen, many at once, memory over many requests.

    python tests/bench/demo.py ckpt=runs/vae-mnist/latest [--moves 100] [--requests 1000] [--json FILE]

A move: the input's event in Chromium, the question, the network, the picture, decoded, and the next frame of the page.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO / "tests"), str(REPO / "src")]

from browser import Browser  # noqa: E402

MOVES = """(async () => {
    const input = document.querySelector("#latents input"), picture = document.querySelector("#picture"), times = [];
    for (let i = 0; i < %d; i++) {
        const began = performance.now();
        input.value = Number(input.min) + (input.max - input.min) * ((i * 37 + 1) %% 100) / 100;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise((done) => picture.addEventListener("load", done, { once: true }));
        await picture.decode();
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - began);
    }
    return times;
})()"""


def started(overrides: list[str]) -> tuple[subprocess.Popen, str]:
    """The command, and where its page is."""
    command = [sys.executable, "src/demo.py", "port=0", "examples=0", *overrides]
    process = subprocess.Popen(command, cwd=REPO, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"http://\S+", line):
            return process, found[0]
    raise SystemExit(process.wait())


def resident(process: subprocess.Popen) -> float:
    """MB of memory of a process."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def ask(url: str, seed: int) -> float:
    """Milliseconds that a sample takes."""
    body, began = json.dumps({"seeds": [seed]}).encode(), time.perf_counter()
    request = urllib.request.Request(f"{url}sample", body, {"Content-Type": "application/json"})
    assert json.load(urllib.request.urlopen(request, timeout=120))["pictures"]
    return 1000 * (time.perf_counter() - began)


def at_once(url: str, count: int) -> list[float]:
    """Milliseconds of each of so many requests together."""
    times: list[float] = []
    threads = [threading.Thread(target=lambda i=i: times.append(ask(url, i))) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == count
    return times


def row(name: str, values: list[float], unit: str) -> dict[str, object]:
    """A row, with the value that 95 % stay below."""
    p95 = sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]
    spread = {"median": statistics.median(values), "min": min(values), "max": max(values), "p95": p95}
    return {"name": name, **spread, "unit": unit}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("overrides", nargs="+")
    parser.add_argument("--moves", type=int, default=100)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    process, url = started(given.overrides)
    try:
        with TemporaryDirectory() as folder, Browser(folder) as browser:
            page = browser.open(url)
            page.until("document.querySelectorAll('#samples .thumb, #path .strip img').length === 29")
            page.run("new Promise((done) => setTimeout(done, 500))")  # all that the page draws by itself is there
            rows = [row("a slider's move", page.run(MOVES % given.moves), "ms")]
        rows.append(row("20 requests at once", at_once(url, 20), "ms"))
        before = resident(process)
        rows.append(row(f"{given.requests} requests", [ask(url, i) for i in range(given.requests)], "ms"))
        grown = resident(process) - before
        rows.append(row("memory grown by them", [grown], "MB"))
    finally:
        process.terminate()
        process.wait()
    for one in rows:
        print(f"{one['name']:24} median {one['median']:8.2f} p95 {one['p95']:8.2f} max {one['max']:8.2f} {one['unit']}")
    if given.json:
        given.json.write_text(json.dumps({"rows": rows, "ratios": {}}, indent=1))


if __name__ == "__main__":
    main()
