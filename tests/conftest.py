"""Real small data that needs no download, and runs inside the test process."""

import copy
import gzip
import os
import signal
import struct
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # on shared cores more threads cost far more than they gain
os.environ["WANDB_MODE"] = "offline"

from genlab.compat import ensure_torchvision  # noqa: E402

ensure_torchvision()

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

import standins  # noqa: E402
from genlab import signals  # noqa: E402
from genlab.apps.command import main as door  # noqa: E402
from genlab.data.sets import digits  # noqa: E402

import photographs  # noqa: E402
import striking  # noqa: E402
import vowels  # noqa: E402
from forked import HEAVY, LIGHT, Forks  # noqa: E402

torch.set_num_threads(1)


def write_idx(path, array):
    """An idx file of bytes, packed."""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0))


@pytest.fixture(scope="session", autouse=True)
def composed_once():
    """What Hydra has composed of our own files is not composed again; where there are others, it is."""
    from genlab.config import session

    compose, made = session.hydra_compose, {}

    def hydra_compose(name, overrides, **options):
        if session.OwnFolders.folders or any("searchpath" in text for text in overrides):
            return compose(name, overrides, **options)
        key = (name, *overrides, *options)
        if key not in made:
            made[key] = compose(name, overrides, **options)
        return copy.deepcopy(made[key])

    session.hydra_compose = hydra_compose
    yield
    session.hydra_compose = compose


@pytest.fixture(autouse=True)
def signals_as_before():
    """A door takes the signals over until its process ends."""
    before = {number: signal.getsignal(number) for number in signals.NUMBERS}
    yield
    signals.CURRENT.clear()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def data_root(tmp_path_factory):
    """The published sets: MNIST's file format with scikit-learn's digits drawn at 28x28, the others with its photographs."""
    root = tmp_path_factory.mktemp("data")
    images, labels = digits.load()
    large = np.stack([np.asarray(Image.fromarray(i[0]).resize((28, 28), Image.Resampling.BICUBIC)) for i in images])
    for name in ("mnist", "fashion_mnist"):
        folder = root / name
        folder.mkdir()
        for part, rows in {"train": slice(0, 600), "t10k": slice(600, 721)}.items():
            write_idx(folder / f"{part}-images-idx3-ubyte.gz", large[rows])
            write_idx(folder / f"{part}-labels-idx1-ubyte.gz", labels[rows])
    standins.everything(root)
    return root


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """60 cut-outs of scikit-learn's two photographs: JPEG and PNG, colour and grey, of many sizes, in two classes."""
    import sklearn

    root = tmp_path_factory.mktemp("pictures")
    source = Path(sklearn.__file__).parent / "datasets" / "images"
    dice = np.random.default_rng(0)
    for name in ("china", "flower"):
        (root / name).mkdir()
        photo = Image.open(source / f"{name}.jpg")
        for i in range(30):
            width, height = dice.integers(40, 120, 2)
            left, top = dice.integers(0, 300, 2)
            cut = photo.crop((left, top, left + width, top + height))
            cut = cut.convert("L") if i % 7 == 0 else cut
            cut.save(root / name / f"{i:02d}.{'png' if i % 2 else 'jpg'}")
    return root


@pytest.fixture(scope="session")
def folders(pictures, tmp_path_factory):
    """Where the sets lie that are made of one's own files, by the name of the data set; of speech, each speaker's folder."""
    root = tmp_path_factory.mktemp("translation")
    translated = {
        "paired_folders": photographs.pairs(root / "pairs"),
        "paired_image": standins.side_by_side(root / "combined", ("train", "val", "test")),
        "unpaired_folders": photographs.domains(root / "domains"),
        "speech_folders": vowels.two_speakers(root / "speech", train=34, seconds=0.6),
    }
    return {"folder": pictures, **translated}


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Decoded images and extractors, shared by all tests of all workers."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def train(tmp_path, data_root, cache, monkeypatch):
    """Train in this process: ``train("model=vae", …)`` gives the run directory."""
    monkeypatch.setenv("GENLAB_DATA", str(data_root))
    monkeypatch.setenv("GENLAB_CACHE", str(cache))
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)
    small = ["logger=csv", f"paths.runs={tmp_path}/runs", "metrics.extractor=random"]
    small += ["metrics.val_samples=60", "metrics.test_samples=60"]
    small += ["trainer.accelerator=cpu", "trainer.log_every_n_steps=1", "performance.allocator=false"]

    def run(*overrides, command="train"):
        own = small if command == "train" else []
        if "metrics=none" in overrides:
            own = [item for item in own if not item.startswith("metrics.")]
        before = set(tmp_path.glob("runs/*/*/summary.json"))
        assert door.run(command, [*own, *overrides]) == 0
        made = set(tmp_path.glob("runs/*/*/summary.json")) - before
        return next((path.parent for path in made if not path.parent.is_symlink()), None)

    return run


@pytest.fixture(scope="session")
def commands():
    """Forks commands that find everything imported but torch."""
    forks = Forks(*LIGHT)
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def trainings():
    """Forks commands that find torch and Lightning imported: ``trainings.command("train", …)``."""
    forks = Forks(*HEAVY)
    yield forks
    forks.close()


@pytest.fixture
def composed(data_root, cache, monkeypatch):
    """Compose and check: ``composed("model=vae", …)`` gives the configuration."""
    from genlab.config.compose import compose

    monkeypatch.setenv("GENLAB_DATA", str(data_root))
    monkeypatch.setenv("GENLAB_CACHE", str(cache))
    return lambda *overrides, command="train": compose(command, list(overrides))


@pytest.fixture(scope="session")
def configurations():
    """Of long runs, by model: composed once."""
    return {}


@pytest.fixture
def breakable(composed, configurations, tmp_path, monkeypatch):
    """``breakable("vae", trainer={…})``: a run of two epochs of 17 batches, to be acted upon in its middle."""
    monkeypatch.delenv("GENLAB_RUN_DIR", raising=False)

    def run(model, /, **groups):
        if model not in configurations:
            configurations[model] = composed(f"model={model}", *striking.LONG)
        return striking.Broken(configurations[model], groups, tmp_path / "runs", monkeypatch)

    return run
