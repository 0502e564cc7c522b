"""Files as people have them: sound, odd, damaged, missing."""

import gzip
import hashlib
import http.server
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genlab.contracts import DataError
from genlab.data.files.decode import Reading, covering, opened
from genlab.data.files.download import Remote, fetch
from genlab.data.sets import mnist as idx
from genlab.data.sets.digits import Digits
from genlab.data.sets.folder import Folder

from making import READ, picture

REAL = Path(__file__).resolve().parents[4] / "shared" / "data"


def decode(path, shape):
    """A file as ``Folder`` takes it."""
    reading = Reading(shape[0])
    return covering(opened(path, reading)[0], shape[:0:-1], reading)


def folder(path, **change):
    defaults = {"image_size": 16, "channels": None, "hflip": False, "on_error": "stop", "binarize": None}
    defaults |= {"batch_size": 8, "limit": None}
    return Folder(str(path), **(READ | defaults | change))


def test_digits_are_scikit_learns_own(tmp_path):
    import sklearn.datasets

    theirs = sklearn.datasets.load_digits()
    prepared = Digits(None, 8, None).prepare(tmp_path, tmp_path)
    assert prepared.spec.sizes == {"train": 1437, "val": 180, "test": 180}
    images = np.concatenate(list(prepared.images.values()))
    assert images.max() == 255
    assert np.unique(images).tolist() == [round(level * 255 / 16) for level in range(17)]
    ours = sorted(map(bytes, np.rint(images * (16 / 255)).astype(np.uint8)))
    assert ours == sorted(map(bytes, theirs.images.astype(np.uint8)))
    labels = np.concatenate(list(prepared.labels.values()))
    for digit in range(10):
        rows = np.rint(images[labels == digit] * (16 / 255)).astype(np.uint8)
        assert sorted(map(bytes, rows)) == sorted(map(bytes, theirs.images[theirs.target == digit].astype(np.uint8)))


@pytest.mark.skipif(not REAL.is_dir(), reason="the original files are not beside this checkout")
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_original_files_have_the_published_counts(name, cache):
    prepared = idx.MNIST(name, None, 8, None).prepare(REAL, cache)
    assert prepared.spec.sizes == {"train": 55_000, "val": 5_000, "test": 10_000}
    assert prepared.spec.shape == (1, 28, 28)
    assert np.bincount(prepared.labels["test"], minlength=10).min() > 800


@pytest.mark.parametrize("keep", [10, 2000, -1])
def test_a_cut_idx_file_is_named(keep, data_root, tmp_path):
    shutil.copytree(data_root / "mnist", tmp_path / "mnist")
    file = tmp_path / "mnist" / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match="train-images-idx3-ubyte.gz is damaged"):
        idx.MNIST("mnist", None, 8, None).prepare(tmp_path, tmp_path / "cache")


def test_a_header_that_promises_more_than_there_is_is_named(data_root, tmp_path):
    shutil.copytree(data_root / "mnist", tmp_path / "mnist")
    file = tmp_path / "mnist" / "train-images-idx3-ubyte.gz"
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes())[:-100]))
    with pytest.raises(DataError, match="bytes of data where its header says"):
        idx.MNIST("mnist", None, 8, None).prepare(tmp_path, tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "header", "data", "words"),
    [
        ("train-labels-idx1-ubyte", "00000801 00000257", bytes(599), "has 600 images, but there are 599 labels"),
        ("t10k-labels-idx1-ubyte", "00000801 0000007a", bytes(122), "has 121 images, but there are 122 labels"),
        ("t10k-labels-idx1-ubyte", "00000801 00000079", bytes(130), "130 bytes of data where its header says 121"),
        ("t10k-images-idx3-ubyte", "00000801 00000079", bytes(121), "not an idx file of bytes in 3 dimensions"),
        ("train-labels-idx1-ubyte", "00000b01 00000258", bytes(1200), "not an idx file of bytes in 1 dim"),  # 16-bit numbers
        ("train-images-idx3-ubyte", "00000803 80000000 80000000 00000004", b"", "its header says 18,446,744,073,709,551,616"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(name, header, data, words, data_root, tmp_path):
    shutil.copytree(data_root / "mnist", tmp_path / "mnist")
    (tmp_path / "mnist" / f"{name}.gz").unlink()
    (tmp_path / "mnist" / name).write_bytes(bytes.fromhex(header) + data)
    with pytest.raises(DataError, match=words):
        idx.MNIST("mnist", None, 8, None).prepare(tmp_path, tmp_path / "cache")


def test_every_digit_keeps_its_place_and_its_label(tmp_path):
    (tmp_path / "mnist").mkdir()
    dice = np.random.default_rng(0)
    for part, count in {"train": 36, "t10k": 5}.items():
        images, labels = dice.bytes(784 * count), bytes(dice.integers(0, 10, count, np.uint8))
        for kind, sizes, content in (("images-idx3", "0000001c" * 2, images), ("labels-idx1", "", labels)):
            header = bytes.fromhex(f"000008 0{kind[-1]} 000000{count:02x} {sizes}")
            (tmp_path / "mnist" / f"{part}-{kind}-ubyte").write_bytes(header + content)
    prepared = idx.MNIST("mnist", None, 8, None).prepare(tmp_path, tmp_path / "cache")
    for part, splits in {"train": ("train", "val"), "t10k": ("test",)}.items():
        images = b"".join(prepared.images[split].tobytes() for split in splits)
        labels = bytes(np.concatenate([prepared.labels[split] for split in splits]).astype(np.uint8))
        assert images == (tmp_path / "mnist" / f"{part}-images-idx3-ubyte").read_bytes()[16:]
        assert labels == (tmp_path / "mnist" / f"{part}-labels-idx1-ubyte").read_bytes()[8:]
    assert prepared.spec.sizes == {"train": 33, "val": 3, "test": 5}


def test_of_sixty_thousand_digits_the_last_five_thousand_validate(tmp_path):
    (tmp_path / "mnist").mkdir()
    levels = (np.arange(60_000) % 251).astype(np.uint8)
    for part, rows in {"train": levels, "t10k": levels[:10]}.items():
        size = f"{len(rows):08x}"
        for kind, header, content in (
            ("images-idx3", f"{size} 00000001 00000001", rows),
            ("labels-idx1", size, rows % 10),
        ):
            head = bytes.fromhex(f"0000080{kind[-1]} {header}")
            (tmp_path / "mnist" / f"{part}-{kind}-ubyte").write_bytes(head + content.tobytes())
    prepared = idx.MNIST("mnist", None, 8, None).prepare(tmp_path, tmp_path / "cache")
    assert prepared.spec.sizes == {"train": 55_000, "val": 5_000, "test": 10}
    assert np.array_equal(prepared.images["val"][:, 0, 0, 0], levels[55_000:])
    assert np.array_equal(prepared.labels["val"], levels[55_000:] % 10)


def test_a_limit_takes_training_images_only(data_root, tmp_path):
    prepared = idx.MNIST("mnist", None, 8, 50).prepare(data_root, tmp_path)
    assert prepared.spec.sizes == {"train": 50, "val": 50, "test": 121}
    assert len(prepared.images["train"]) == len(prepared.labels["train"]) == 50


def test_sub_folders_are_classes_and_the_missing_parts_are_cut(pictures, tmp_path):
    prepared = folder(pictures).prepare(tmp_path, tmp_path)
    assert prepared.spec.class_names == ("china", "flower")
    assert prepared.spec.shape == (3, 16, 16)
    assert prepared.spec.sizes == {"train": 48, "val": 6, "test": 6}
    again = folder(pictures).prepare(tmp_path, tmp_path)
    assert again.spec == prepared.spec


def test_every_picture_keeps_its_class_also_beside_one_that_is_skipped(tmp_path):
    for i in range(30):
        for name, level in (("black", 0), ("white", 255)):
            picture(tmp_path / "set" / name / f"{i}.png", np.full((20, 20, 3), level, np.uint8))
    for name in ("black/7.png", "white/20.png"):
        (tmp_path / "set" / name).write_bytes(b"no picture")
    prepared = folder(tmp_path / "set", on_error="skip").prepare(tmp_path, tmp_path / "cache")
    assert prepared.spec.class_names == ("black", "white")
    assert sum(prepared.spec.sizes.values()) == 58
    for split, images in prepared.images.items():
        assert np.array_equal(images[:, 0, 0, 0] > 128, prepared.labels[split] == 1)
        assert (np.ptp(images.reshape(len(images), -1), axis=1) == 0).all()


def test_pictures_come_in_the_order_of_their_names(tmp_path):
    names = ["b/2.png", "a/10.png", "a/1.png", "c.png", "a/2.png", *(f"z/{i:02d}.png" for i in range(60))]
    for split in ("train", "val", "test"):
        for i, name in enumerate(names):
            picture(tmp_path / "set" / split / name.replace("/", "_"), np.full((8, 8), i, np.uint8))
    prepared = folder(tmp_path / "set", image_size=8).prepare(tmp_path, tmp_path / "cache")
    right = sorted(range(len(names)), key=lambda i: names[i].replace("/", "_"))
    for split in ("train", "val", "test"):
        assert prepared.images[split][:, 0, 0, 0].tolist() == right


def test_named_splits_are_kept(pictures, tmp_path):
    for split, kind in {"train": "china", "test": "flower"}.items():
        shutil.copytree(pictures / kind, tmp_path / "set" / split)
    prepared = folder(tmp_path / "set").prepare(tmp_path, tmp_path / "cache")
    assert prepared.spec.sizes == {"train": 27, "val": 3, "test": 30}
    assert prepared.labels["train"] is None


def test_grey_pictures_stay_grey_and_mixed_ones_become_colour(pictures, tmp_path):
    (tmp_path / "grey").mkdir()
    for i, path in enumerate(sorted(pictures.rglob("*.png"))):
        Image.open(path).convert("L").save(tmp_path / "grey" / f"{i}.png")
    assert folder(tmp_path / "grey").prepare(tmp_path, tmp_path / "c").spec.shape == (1, 16, 16)
    assert folder(pictures, channels=1).prepare(tmp_path, tmp_path / "c").spec.shape == (1, 16, 16)


@pytest.fixture
def damaged(pictures, tmp_path):
    place = tmp_path / "damaged"
    shutil.copytree(pictures / "china", place)
    sound = (place / "02.jpg").read_bytes()
    (place / "02.jpg").write_bytes(sound[: len(sound) // 2])
    (place / "03.png").write_bytes(b"")
    (place / "04.jpg").write_text("not a picture")
    header = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (40_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    (place / "05.png").write_bytes(header + b"\x00" * 100)
    return place


def test_a_damaged_picture_stops_with_its_name(damaged, tmp_path):
    with pytest.raises(DataError, match=r"0[2-5]\.(jpg|png) cannot be read as a picture.*data.on_error=skip"):
        folder(damaged).prepare(tmp_path, tmp_path / "cache")
    assert not list((tmp_path / "cache" / "store").glob("folder-*"))


def test_damaged_pictures_are_skipped_and_named_when_asked(damaged, tmp_path):
    prepared = folder(damaged, on_error="skip").prepare(tmp_path, tmp_path / "cache")
    assert sorted(prepared.spec.skipped) == ["02.jpg", "03.png", "04.jpg", "05.png"]
    assert sum(prepared.spec.sizes.values()) == 26


def test_pictures_stand_upright_and_keep_their_middle(tmp_path):
    array = np.zeros((40, 80, 3), np.uint8)
    array[:, :40, 0] = 255  # left half red
    picture = Image.fromarray(array)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying: turn right to see it
    picture.save(tmp_path / "turned.png", exif=exif)
    upright = decode(tmp_path / "turned.png", (3, 80, 40))
    assert upright[0, :36].min() > 200
    assert upright[0, 44:].max() < 55
    square = decode(tmp_path / "turned.png", (3, 10, 10))
    assert square.shape == (3, 10, 10)


def test_resizing_is_pillows_bicubic(pictures):
    path = sorted(pictures.rglob("*.jpg"))[1]
    picture = Image.open(path).convert("RGB")
    side = min(picture.size)
    box = [(n - side) / 2 for n in picture.size]
    cut = (box[0], box[1], box[0] + side, box[1] + side)
    theirs = np.asarray(picture.resize((20, 20), Image.Resampling.BICUBIC, box=cut)).transpose(2, 0, 1)
    assert np.abs(decode(path, (3, 20, 20)).astype(int) - theirs).max() <= 2


@pytest.fixture
def server(tmp_path):
    """A server on this machine that drops the connection once, in the middle of the file."""
    content = bytes(range(256)) * 400
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: 50_000 if len(asked) == 1 else None])

        def log_message(self, *_):
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}/", content, asked
    httpd.shutdown()


def test_a_broken_download_goes_to_the_next_mirror_and_is_checked(server, tmp_path):
    mirror, content, asked = server
    remote = Remote("file.gz", (mirror, mirror), f"md5:{hashlib.md5(content).hexdigest()}")
    assert fetch(remote, tmp_path / "set", "a set").read_bytes() == content
    assert asked == ["/file.gz"] * 2


def test_a_file_that_is_not_the_published_one_is_refused(server, tmp_path):
    mirror, _, _ = server
    with pytest.raises(DataError, match="its digest differs"):
        fetch(Remote("file.gz", (mirror, mirror), f"md5:{0:032}"), tmp_path / "set", "a set")
    assert not (tmp_path / "set" / "file.gz").exists()


def test_digits_from_a_mirror_are_held_against_what_is_known_of_them(server, tmp_path):
    mirror, content, _ = server
    for md5, folder in ((hashlib.md5(content).hexdigest(), "right"), ("0" * 32, "wrong")):
        known = idx.Collection("mnist", {"train_images": md5}, (mirror, mirror), ())
        if folder == "right":
            assert idx.find_file(tmp_path / folder, known, "train_images").read_bytes() == content
            continue
        with pytest.raises(DataError, match="its digest differs"):
            idx.find_file(tmp_path / folder, known, "train_images")


def test_no_network_and_no_files_says_what_to_put_where(tmp_path):
    with pytest.raises(DataError, match=r"paths\.data=DIR.*mnist/train-images-idx3-ubyte\.gz"):
        fetch(
            Remote("train-images-idx3-ubyte.gz", ("http://127.0.0.1:1/",), f"md5:{0:032}"), tmp_path / "mnist", "mnist"
        )
    assert not (tmp_path / "mnist").exists()
