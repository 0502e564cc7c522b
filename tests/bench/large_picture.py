"""Memory and result of each way to translate a large picture: the nine-block ResNet, random weights, a process each.

python tests/bench/large_picture.py [--side 3000 2000] [--width 64] [--json FILE]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
WAYS = ("direct", "strips")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, nargs=2, default=(3000, 2000), help="width and height in pixels")
    parser.add_argument("--width", type=int, default=64, help="channels at full resolution")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--made", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(one(options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        made = {way: Path(folder) / f"{way}.npy" for way in WAYS}
        rows = [row for way in WAYS for row in apart(way, options, made[way])]
        images = [np.load(path) for path in made.values()]
    rows.append({"name": "largest difference", "median": float(abs(images[0] - images[1]).max()), "unit": "of 1"})
    rows = [row | {"min": row["median"], "max": row["median"]} for row in rows]
    for row in rows:
        print(f"{row['name']:28} {row['median']:10.3g} {row['unit']}")
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "ratios": {}}, indent=2) + "\n")


def apart(way, options, made):
    """The rows of one way, from a process of its own."""
    line = [sys.executable, __file__, "--side", *map(str, options.side), "--width", str(options.width)]
    done = subprocess.run([*line, "--way", way, "--made", str(made)], stdout=subprocess.PIPE, text=True, check=True)
    return [{"name": f"{way}: {name}", "median": value, "unit": unit} for name, value, unit in json.loads(done.stdout)]


def one(options):
    """Translate, keep the result, and say what the process held at most before and after."""
    import torch
    from PIL import Image
    from sklearn.datasets import load_sample_image

    from genlab.models.base.translation import translate_any_size
    from genlab.nets.resnet import ResNet
    from genlab.translate.large.strips import InStrips

    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = ResNet(options.width, 9, 2, "instance", "transposed", False).generator(3, 3).eval()
    photo = np.asarray(Image.fromarray(load_sample_image("china.jpg")).resize(options.side, Image.Resampling.BICUBIC))
    x = torch.from_numpy(photo.transpose(2, 0, 1).copy()).float()[None] / 255
    before, begun = peak(), time.perf_counter()
    with torch.no_grad():
        made = translate_any_size(net if options.way == "direct" else InStrips(net), x)
    seconds = time.perf_counter() - begun
    figures = [["before", before, "GiB"], ["peak", peak(), "GiB"], ["time", seconds, "s"]]
    np.save(options.made, made.numpy())
    return figures


def peak():
    """The most memory that the process has held, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform != "darwin" else 2**30)


if __name__ == "__main__":
    main()
