"""Images a second through Inception: ours beside the bare network, as torch-fidelity builds it and at its fastest.

``bare network`` has its norms folded and its channels last, as ours, and is given batches that are ready. On a
machine that others use, compare the ratios. Weights are random: they take as long.

python tests/bench/inception.py [--images 16] [--side 64] [--json FILE]
"""

import sys
import tempfile
import time
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "src"), str(Path(__file__).resolve().parents[1])]

from genlab.metrics.extractors.inception import AT_ONCE, SIDE, fold_norms, inception, layers
from genlab.metrics.extractors.weights import weights_of

from reporting import arguments, in_turn, report
from weights_files import inception_file


def main():
    more = {"--images": {"type": int, "default": 16}, "--side": {"type": int, "default": 64}}
    options = arguments(__doc__.splitlines()[0], more)
    torch.set_num_threads(2)
    x = torch.randint(0, 256, (options.images, 3, options.side, options.side), dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder:
        stated = inception_file(Path(folder) / "inception.pth")
        ours = {rule: inception(weights_of("inception", stated), rule) for rule in ("antialiased", "tf", "clean")}
        theirs = torch_fidelitys(stated.path)
    trunk, ready = layers().eval().requires_grad_(False), torch.randn(options.images, 3, SIDE, SIDE)
    fold_norms(trunk)
    trunk, ready = (value.to(memory_format=torch.channels_last) for value in (trunk, ready))
    contestants = {f"ours, {rule}": timed(net, x / 255) for rule, net in ours.items()}
    contestants["bare network"] = timed(lambda x: [trunk(part) for part in x.split(AT_ONCE["cpu"])], ready)
    contestants["torch-fidelity"] = timed(theirs, x)
    pairs = [("ours, antialiased", "bare network"), ("ours, antialiased", "torch-fidelity")]
    report(in_turn(contestants, options.rounds), pairs, options.json, "images/s")


def torch_fidelitys(path):
    """Its own extractor."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    return FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=path)


def timed(net, x):
    """Images a second of one call."""

    @torch.inference_mode()
    def run():
        start = time.perf_counter()
        net(x)
        return len(x) / (time.perf_counter() - start)

    return run


if __name__ == "__main__":
    main()
