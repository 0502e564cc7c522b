"""No file that genlab reads can make it run code: each place that loads one, with a file that would."""

import ast
import hashlib
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from omegaconf import OmegaConf

from genlab.apps.command import main as door
from genlab.apps.command import run as launch
from genlab.apps.command.paths import prepare
from genlab.cluster import site
from genlab.config.files import Conf
from genlab.config.overrides import unreadable_file
from genlab.contracts import CheckpointError, ConfigError, DataError, DataSpec
from genlab.data.store.handover import ARRAYS, hand_over, handed_over
from genlab.data.store.source import PreparedData
from genlab.data.store.store import Decoded, Part, open_or_build
from genlab.files import cached, sha256
from genlab.film.frame import Frame
from genlab.film.kept import read
from genlab.metrics.extractors.choose import choose, make_extractor
from genlab.metrics.extractors.layout import state_of
from genlab.metrics.extractors.weights import PUBLISHED, Stated, weights_of
from genlab.pages.demo import directions
from genlab.pages.report.record import read_config
from genlab.runs import manifest
from genlab.runs.directory import RunDirectory
from genlab.runs.find import require_of_today
from genlab.runs.load import load
from genlab.runs.wandb_agent import agents_values
from genlab.sweeps.spec import read_sweep
from genlab.sweeps.wandb_engine import register

ROOT = Path(__file__).resolve().parent.parent / "src" / "genlab"
# every call that makes objects of a file's bytes, and the tests below that give it a file
PLACES = {
    "apps/command/help.py yaml.safe_load": "",  # one value of a file of ours
    "apps/command/resumed_sweep.py OmegaConf.load": "test_configurations_are_read_as_plain_values",
    "apps/command/run.py OmegaConf.load": "test_configurations_are_read_as_plain_values",
    "apps/sweep/slurm.py json.loads": "",
    "cluster/site.py yaml.safe_load": "test_sweep_files_and_what_stands_beside_them",
    "cluster/ranks/signs.py json.load": "",
    "config/files.py yaml.safe_load": "test_configurations_are_read_as_plain_values",
    "config/overrides.py yaml.safe_load": "test_configurations_are_read_as_plain_values",
    "data/sets/digits.py np.loadtxt": "",  # numbers as text, of scikit-learn's own file
    "data/sets/mnist.py np.frombuffer": "",  # bytes as numbers
    "data/store/handover.py np.frombuffer": "",  # the address of a memory map
    "data/store/handover.py np.load": "test_arrays_that_are_handed_over",
    "data/store/stage.py json.loads": "",
    "data/store/store.py json.loads": "",
    "data/store/store.py np.load": "test_the_sizes_in_a_store",
    "data/store/store.py np.memmap": "test_a_store_that_is_not_as_it_was_is_built_anew[pointers], in data/store/test_store.py",
    "files.py json.loads": "",
    "film/kept.py np.load": "test_a_frame_of_a_film",
    "interop/onnx.py onnx.load": "",  # what the line before has written; protocol buffers hold no code
    "interop/reference_weights.py torch.load": "test_weights_of_the_reference, test_init_from",
    "metrics/extractors/layout.py torch.load": "test_inceptions_weights, test_other_weights_of_a_network_…",
    "metrics/speech/speaker_encoder.py torch.load": "test_a_pickled_object_is_refused, in metrics/speech/…",
    "metrics/perceptual.py torch.load": "test_a_pickled_object_in_a_file_of_weights, in metrics/test_perceptual.py",
    "files.py torch.load": "test_what_is_kept_of_a_set",
    "pages/demo/directions.py np.load": "test_directions_of_attributes",
    "pages/demo/handler.py json.loads": "",
    "pages/report/record.py yaml.load": "test_configurations_of_a_report",  # by a SafeLoader
    "runs/checkpoint_io.py torch.load": "test_a_checkpoint, test_a_run_that_is_continued, test_init_from",
    "runs/directory.py OmegaConf.load": "test_configurations_are_read_as_plain_values",
    "runs/wandb_agent.py yaml.safe_load": "test_sweep_files_and_what_stands_beside_them",
    "runs/loggers/tensorboard.py np.frombuffer": "",  # samples of a sound of ours
    "speech/translation.py np.frombuffer": "",  # samples, from a file without a name
    "sweeps/content.py yaml.load": "test_sweep_files_and_what_stands_beside_them",  # by a SafeLoader
    "sweeps/folder.py json.loads": "",
    "sweeps/wandb_engine.py yaml.safe_load": "test_sweep_files_and_what_stands_beside_them",
}
pytestmark = pytest.mark.filterwarnings("ignore:Detected pickle protocol")
MODULES = {"torch", "hub", "np", "numpy", "pickle", "joblib", "yaml", "json", "OmegaConf", "onnx", "marshal", "shelve"}
LIBRARIES = {"FeatureExtractorInceptionV3"}  # that unpickle files by themselves


def loading(path):
    """The calls of a file that make objects of bytes, such as ``torch.load``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = getattr(node.func.value, "id", getattr(node.func.value, "attr", ""))
            if owner in MODULES and (
                "load" in node.func.attr or node.func.attr in ("memmap", "frombuffer", "fromfile")
            ):
                yield f"{path.relative_to(ROOT).as_posix()} {owner}.{node.func.attr}"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in LIBRARIES:
            yield f"{path.relative_to(ROOT).as_posix()} {node.func.id}"


def test_every_place_is_in_the_table():
    assert {place for path in ROOT.rglob("*.py") for place in loading(path)} == set(PLACES)


def test_nothing_imports_what_unpickles():
    text = "\n".join(path.read_text() for path in ROOT.rglob("*.py"))
    for name in (
        "import pickle",
        "import dill",
        "import joblib",
        "import shelve",
        "import marshal",
        "import cloudpickle",
    ):
        assert name not in text
    assert "weights_only=False" not in text
    assert "allow_pickle=True" not in text


class Evil:
    """Unpickling it makes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), "w")


FORMATS = ["archive", "legacy", "bare"]


@pytest.fixture
def mark(tmp_path):
    """The file that must not come to be."""
    mark = tmp_path / "it ran"
    pickle.loads(pickle.dumps(Evil(mark))).close()  # it would
    assert mark.exists()
    mark.unlink()
    yield mark
    assert not mark.exists()


@pytest.fixture
def poison(mark):
    """A file's content that runs code where it is unpickled: as torch writes it now, as it once did, and bare."""

    def content(kind="archive", around=lambda evil: {"genlab": {}, "state_dict": evil}):
        if kind == "bare":
            return pickle.dumps(around(Evil(mark)))
        file = io.BytesIO()
        torch.save(around(Evil(mark)), file, _use_new_zipfile_serialization=kind == "archive")
        return file.getvalue()

    return content


def planted(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_kept_of_a_set(kind, signed, poison, tmp_path):
    content = poison(kind, lambda evil: {"weights": evil, "accuracy": 0.99})
    path = planted(tmp_path / "a.pt", (hashlib.sha256(content).digest() if signed else b"") + content)
    with pytest.raises(DataError, match=r"a\.pt cannot be read"):
        cached(path, lambda: pytest.fail("made again"), lambda value: True)


@pytest.mark.parametrize("kind", FORMATS)
def test_inceptions_weights(kind, poison, composed, pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = PUBLISHED["inception"].file
    planted(tmp_path / "hub" / "checkpoints" / file, poison(kind, lambda evil: {"fc.weight": evil}))
    data = prepare(composed("data=folder", f"data.path={pictures}/china", "data.image_size=16"))
    with pytest.raises(DataError, match=rf"{file} is not the published file"):
        make_extractor(choose("auto", "antialiased", data.spec, {}), data, tmp_path)


@pytest.mark.parametrize("kind", FORMATS)
def test_other_weights_of_a_network_whose_digest_the_user_states(kind, poison, tmp_path):
    path = planted(tmp_path / "a.pth", poison(kind, lambda evil: {"fc.weight": evil}))
    with pytest.raises(DataError, match=r"a\.pth are no weights of inception"):
        state_of(weights_of("inception", Stated(str(path), sha256(path))))


@pytest.mark.parametrize("command", ["evaluate", "generate", "translate", "export"])
@pytest.mark.parametrize("listed", [True, False])
def test_a_checkpoint(command, listed, poison, pictures, tmp_path):
    path = planted(tmp_path / "a.ckpt", poison())
    if listed:
        manifest.list_also(tmp_path, "a.ckpt", sha256(path))
    more = [f"input={pictures}/china"] if command == "translate" else []
    with pytest.raises(CheckpointError, match=r"a\.ckpt cannot be read as a checkpoint"):
        door.run(command, [f"ckpt={path}", f"output={tmp_path}/out", *more])


@pytest.mark.parametrize("kind", FORMATS)
def test_a_checkpoint_in_every_format(kind, poison, tmp_path):
    path = planted(tmp_path / "a.ckpt", poison(kind))
    manifest.list_also(tmp_path, "a.ckpt", sha256(path))
    with pytest.raises(CheckpointError, match=r"a\.ckpt cannot be read as a checkpoint"):
        load(path)


@pytest.mark.parametrize("where", ["model", "model.optimizer"])
def test_a_checkpoint_that_names_code(where, mark, train, tmp_path):
    run = train("model=vae", "data=digits", "trainer.max_steps=1", "metrics=none", "callbacks=none")
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    node = OmegaConf.create(checkpoint["genlab"]["config"])
    OmegaConf.update(node, where, {"_target_": "builtins.open", "file": str(mark), "mode": "w"}, merge=False)
    checkpoint["genlab"]["config"] = OmegaConf.to_container(node)
    torch.save(checkpoint, tmp_path / "a.ckpt")
    with pytest.raises(ConfigError, match="builtins.open is code that is not trusted"):
        load(tmp_path / "a.ckpt")


def test_a_run_that_is_continued(poison, train):
    run = train("model=vae", "data=digits", "trainer.max_steps=1", "metrics=none", "callbacks=none")
    for name in ("last.ckpt", "previous.ckpt"):
        (run / "checkpoints" / name).unlink(missing_ok=True)
        path = planted(run / "checkpoints" / name, poison())
        manifest.list_also(path.parent, name, sha256(path))
    with pytest.raises(CheckpointError, match=r"last\.ckpt cannot be read as a checkpoint"):
        train(f"resume={run}", "trainer.max_steps=2")


@pytest.mark.parametrize("name", ["a.ckpt", "a.pth", "latest_net_G_A.pth"])
def test_init_from(name, poison, train, folders, tmp_path):
    path = planted(tmp_path / "files" / name, poison(around=lambda evil: {"model.1.weight": evil}))
    data = ["model=cyclegan", "data=unpaired_folders", f"data.path={folders['unpaired_folders']}"]
    with pytest.raises(CheckpointError, match=rf"{name} cannot be read as"):
        train(*data, f"init_from={path}", "check_only=true")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["horse2zebra.pth", "latest_net_G_A.pth"])
def test_weights_of_the_reference(name, kind, poison, tmp_path):
    path = planted(tmp_path / name, poison(kind, lambda evil: {"model.1.weight": torch.zeros(4, 3, 7, 7), "x": evil}))
    with pytest.raises(CheckpointError, match=rf"{name} cannot be read as weights"):
        load(path)


def test_the_sizes_in_a_store(mark, tmp_path):
    def decoded():
        rows = [(np.full((1, 4 + i, 5), i, np.uint8),) for i in range(6)]
        return Decoded({"train": Part(6, ("image",), rows)})

    open_or_build(tmp_path, "set", "key", decoded)
    file = tmp_path / "store" / "set-key" / "train.image.shapes.npy"
    np.save(file, np.array([Evil(mark)], object), allow_pickle=True)
    image = open_or_build(tmp_path, "set", "key", decoded).parts["train"]["image"]  # built anew
    assert [image[i].shape for i in range(6)] == [(1, 4 + i, 5) for i in range(6)]


def test_arrays_that_are_handed_over(mark, tmp_path):
    spec = DataSpec("x", "points", (1,), {"train": 1}, "0")
    hand_over(PreparedData(spec, {"train": {"x": np.zeros((1, 1), np.float32)}}), tmp_path)
    np.savez(tmp_path / ARRAYS, **{"train.x": np.array([Evil(mark)], object)})
    with pytest.raises(ValueError, match="allow_pickle=False"):
        handed_over(tmp_path)


def test_a_frame_of_a_film(mark, tmp_path):
    np.savez(tmp_path / "0.npz", step=np.array([Evil(mark)], object))
    with pytest.raises(DataError, match="allow_pickle=False"):
        read(Frame, tmp_path / "0.npz")


def test_directions_of_attributes(mark, tmp_path):
    np.savez(tmp_path / "directions.npz", names=np.array([Evil(mark)], object), directions=np.zeros((1, 2)))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        directions.read(tmp_path / "directions.npz", 2)


def test_configurations_of_a_report(mark, tmp_path):
    path, faults = tmp_path / "config.yaml", []
    path.write_text(f'model: !!python/object/apply:io.open ["{mark}", "w"]\n')
    assert read_config(path, faults) == {}
    assert "could not determine a constructor" in faults[0]


def test_sweep_files_and_what_stands_beside_them(mark, tmp_path, monkeypatch):
    path = tmp_path / "sweep.yaml"
    path.write_text(f'method: !!python/object/apply:io.open ["{mark}", "w"]\n')
    yaml.unsafe_load(path.read_text())["method"].close()  # it would
    mark.unlink()
    for reader in (read_sweep, site.read):
        with pytest.raises(ConfigError, match="could not determine a constructor"):
            reader(path)
    with pytest.raises(yaml.YAMLError):
        register(path, None, None)
    for name, value in {"RUN_ID": "a", "SWEEP_ID": "b", "SWEEP_PARAM_PATH": str(path)}.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    with pytest.raises(yaml.YAMLError):
        agents_values()
    assert not mark.exists()


def test_configurations_are_read_as_plain_values(mark, tmp_path, monkeypatch):
    path = tmp_path / "config.yaml"
    path.write_text(f'model: !!python/object/apply:io.open ["{mark}", "w"]\n')
    yaml.unsafe_load(path.read_text())["model"].close()  # it would
    mark.unlink()
    with pytest.raises(yaml.YAMLError):
        Conf((tmp_path,)).raw("config")
    assert "could not determine a constructor" in unreadable_file("config", Conf((tmp_path,))).reason
    with pytest.raises(CheckpointError, match="could not determine a constructor"):
        require_of_today(RunDirectory(tmp_path), tmp_path / "last.ckpt")
    monkeypatch.setenv("GENLAB_RUN_DIR", str(tmp_path))
    monkeypatch.setenv("LOCAL_RANK", "1")  # as a rank that the first one has started
    with pytest.raises(yaml.YAMLError):
        launch.run("train", [])
