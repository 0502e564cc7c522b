"""How fast images come: the store's batches against decoding every image anew, as people's data sets do.

horse2zebra for CycleGAN, both domains: bicubic to 286, a random cut of 256, mirrored by chance, float32 in [0, 1]. platform:
the DataModule over the store. per item: a data set that opens, resizes (Pillow), cuts, mirrors and converts one image at a
time, behind PyTorch's loader with no worker and with two. An epoch each, in turn in one run, at batch 16 and at batch 1.
Before anything is timed, the store's images are held against Pillow's. Memory: the peak of a process that only runs the
platform's epoch.

    python tests/bench/data_path.py --data DIR
"""

import random
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from genlab.compat import ensure_torchvision

ensure_torchvision()

import numpy as np
import torch
from PIL import Image

from genlab.apps.command.paths import prepare
from genlab.apps.train.performance import keep_freed_memory
from genlab.config.compose import compose
from genlab.data.store.module import StoreData

from reporting import arguments, in_turn, report, spread

LOAD, CROP = 286, 256


class Items(torch.utils.data.Dataset):
    """An image of A and a random one of B at a time, as the reference's unaligned data set gives them."""

    def __init__(self, root):
        self.a, self.b = (sorted((root / part).glob("*.jpg")) for part in ("trainA", "trainB"))

    def __len__(self):
        return max(len(self.a), len(self.b))

    def __getitem__(self, index):
        return self.load(self.a[index % len(self.a)]), self.load(random.choice(self.b))

    @staticmethod
    def load(path):
        picture = Image.open(path).convert("RGB").resize((LOAD, LOAD), Image.Resampling.BICUBIC)
        left, top = random.randint(0, LOAD - CROP), random.randint(0, LOAD - CROP)
        picture = picture.crop((left, top, left + CROP, top + CROP))
        if random.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        from torchvision.transforms.functional import to_tensor

        return to_tensor(picture)


def per_item(root, batch, workers):
    """Images a second of one epoch of the per-item loader."""
    loader = torch.utils.data.DataLoader(Items(root), batch, shuffle=True, num_workers=workers, drop_last=True)
    return lambda: timed(loader, batch)


def platform(prepared, batch):
    """Images a second of one epoch of the platform's batches, as a model gets them."""
    data = Training(prepared, batch, seed=0)
    loader = data.train_dataloader()
    return lambda: timed((data.on_after_batch_transfer(b, 0) for b in loader), batch, len(loader))


class Training(StoreData):
    """The DataModule as inside a training: without a Trainer it would not mirror."""

    class trainer:
        training, current_epoch, lightning_module, global_rank, world_size = True, 0, None, 0, 1


def timed(batches, size, count=None):
    """Seconds for 1,000 images, both domains counted."""
    start = time.perf_counter()
    for batch in batches:
        a, b = batch[0], batch[1]
        assert a.shape == b.shape == (size, 3, CROP, CROP)
        assert a.dtype == b.dtype == torch.float32
    count = count or len(batches)
    return 1000 * (time.perf_counter() - start) / (2 * size * count)


def prepared_set(data):
    return prepare(compose("prepare", ["data=horse2zebra", f"paths.data={data}"]))


def compare_with_pillow(root, prepared):
    """The greatest difference in grey levels between stored images and Pillow's own bicubic."""
    worst = 0
    for part, column in (("trainA", "a"), ("trainB", "b")):
        paths = sorted((root / part).glob("*.jpg"))
        for i in range(0, len(paths), 20):
            theirs = np.asarray(Image.open(paths[i]).convert("RGB").resize((LOAD, LOAD), Image.Resampling.BICUBIC))
            ours = prepared.columns["train"][column][i].transpose(1, 2, 0)
            worst = max(worst, int(np.abs(theirs.astype(int) - ours.astype(int)).max()))
    return worst


def main():
    options = arguments(__doc__.splitlines()[0])
    keep_freed_memory()  # the platform's default; for all alike
    prepared, root = prepared_set(options.data), options.data / "horse2zebra"
    if options.rounds == 0:  # only the platform, for its memory
        for batch in (16, 1):
            platform(prepared, batch)()
        stored = sum(column.nbytes for part in ("train", "test") for column in prepared.columns[part].values())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"store {stored / 2**20:.0f} MiB, peak of the whole process {peak:.0f} MiB")
        return
    print(f"greatest difference from Pillow's bicubic: {compare_with_pillow(root, prepared)} grey levels")
    for batch in (16, 1):
        contestants = {
            f"platform, batch {batch}": platform(prepared, batch),
            f"per item, batch {batch}, 0 workers": per_item(root, batch, 0),
            f"per item, batch {batch}, 2 workers": per_item(root, batch, 2),
        }
        names = list(contestants)
        seconds = in_turn(contestants, options.rounds)
        report(seconds, [(name, names[0]) for name in names[1:]], options.json, unit="s for 1,000 images")
        print(f"{names[0]}: {1000 / spread(seconds[names[0]])['median']:,.0f} images/s")
    subprocess.run([sys.executable, __file__, "--data", str(options.data), "--rounds", "0"], check=True)


if __name__ == "__main__":
    main()
