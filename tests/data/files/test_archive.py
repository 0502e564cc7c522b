"""Archives that mean harm, and archives that broke: one message, nothing outside, nothing half-made."""

import io
import os
import signal
import stat
import tarfile
import zipfile

import pytest

from genlab.contracts import DataError
from genlab.data.files import archive as archives
from genlab.data.files.archive import BadArchive, unpack

FILES = {"set/trainA/1.jpg": b"one" * 1000, "set/trainA/2.jpg": b"two", "set/testA/1.jpg": os.urandom(9000)}
KINDS = ["a.zip", "a.tar", "a.tar.gz", "a.tgz"]


def pack(path, files=FILES, extra=None):
    """Write an archive; ``extra`` adds entries of its own to the open file."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in files.items():
                file.writestr(name, content)
            if extra:
                extra(file)
        return path
    with tarfile.open(path, "w:gz" if "gz" in path.name else "w") as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
        if extra:
            extra(file)
    return path


def entry(kind, name="set/evil", link=""):
    """Adds a tar entry of another kind than a file."""

    def add(file):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        file.addfile(info)

    return add


def zip_entry(mode, name="set/evil", content="/etc/passwd"):
    """Adds a zip entry of another kind than a file."""

    def add(file):
        info = zipfile.ZipInfo(name)
        info.external_attr = (mode | 0o777) << 16
        file.writestr(info, content)

    return add


def left_in(folder, *known):
    return sorted(path.name for path in folder.iterdir() if path.name not in known and path.suffix != ".lock")


@pytest.mark.parametrize("name", KINDS)
def test_files_land_below_the_target_without_the_common_folder(name, tmp_path):
    junk = {"__MACOSX/set/._1.jpg": b"x", "set/.DS_Store": b"x"}
    unpack(pack(tmp_path / name, FILES | junk), tmp_path / "set")
    found = {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in (tmp_path / "set").rglob("*") if p.is_file()}
    assert found == FILES
    assert left_in(tmp_path, name) == ["set"]
    unpack(tmp_path / name, tmp_path / "set")  # is there: nothing to do


def test_what_lies_loose_stays_as_it_is(tmp_path):
    unpack(pack(tmp_path / "a.zip", {"trainA/1.jpg": b"1", "./trainB/1.jpg": b"2"}), tmp_path / "new" / "set")
    assert left_in(tmp_path / "new" / "set") == ["trainA", "trainB"]


HOSTILE = {
    "../up": ("a.tar", lambda f: pack_one(f, "../escaped.jpg")),
    "deep up": ("a.zip", lambda f: f.writestr("set/../../escaped.jpg", b"x")),
    "up on Windows": ("a.zip", lambda f: f.writestr("set\\..\\..\\escaped.jpg", b"x")),
    "absolute": ("a.tar.gz", lambda f: pack_one(f, "/tmp/escaped.jpg")),
    "absolute in a zip": ("a.zip", lambda f: f.writestr("/tmp/escaped.jpg", b"x")),
    "drive": ("a.zip", lambda f: f.writestr("C:/escaped.jpg", b"x")),
    "symbolic link": ("a.tar", entry(tarfile.SYMTYPE, link="/etc")),
    "symbolic link in a zip": ("a.zip", zip_entry(stat.S_IFLNK)),
    "hard link": ("a.tgz", entry(tarfile.LNKTYPE, link="set/trainA/1.jpg")),
    "device": ("a.tar", entry(tarfile.CHRTYPE)),
    "block device": ("a.tar", entry(tarfile.BLKTYPE)),
    "fifo": ("a.tar.gz", entry(tarfile.FIFOTYPE)),
    "device in a zip": ("a.zip", zip_entry(stat.S_IFCHR)),
    "the same name again": ("a.tar", lambda f: pack_one(f, "set/trainA/1.jpg")),
}


def pack_one(file, name):
    info = tarfile.TarInfo(name)
    info.size = 1
    file.addfile(info, io.BytesIO(b"x"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_entry_is_named_and_nothing_is_left(case, tmp_path):
    name, extra = HOSTILE[case]
    folder = tmp_path / "inner"
    folder.mkdir()
    with pytest.raises(BadArchive, match=r"holds .*(escaped\.jpg|evil|trainA/1\.jpg)") as caught:
        unpack(pack(folder / name, extra=extra), folder / "set")
    for word in ("symbolic link", "hard link"):
        assert (f"a {word}" in str(caught.value)) == case.startswith(word)
    assert left_in(folder, name) == []
    assert left_in(tmp_path) == ["inner"]


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ALWAYS", 1 << 20)
    for name in KINDS[:1] + KINDS[2:]:
        with pytest.raises(BadArchive, match="unpacks to more than 1,048,576 bytes"):
            unpack(pack(tmp_path / name, {"set/bomb.jpg": bytes(8 << 20)}), tmp_path / "set")
    many = {f"set/{i}.jpg": b"" for i in range(3000)}
    with pytest.raises(BadArchive, match="unpacks to more than"):
        unpack(pack(tmp_path / "many.tgz", many), tmp_path / "set")
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("keep", [0.0, 0.02, 0.3, 0.6])
def test_a_cut_archive_is_one_message(name, keep, tmp_path):
    whole = pack(tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(BadArchive, match=f"{name} is damaged"):
        unpack(tmp_path / name, tmp_path / "set")
    assert left_in(tmp_path, name) == []


@pytest.mark.parametrize("blocks", [1, 2])
def test_a_tar_cut_between_two_files_is_noticed(blocks, tmp_path):
    path = pack(tmp_path / "a.tar", {"set/1.jpg": b"1", "set/2.jpg": b"2"})
    path.write_bytes(path.read_bytes()[: 1024 * blocks])
    with pytest.raises(BadArchive, match="breaks off"):
        unpack(path, tmp_path / "set")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_changed_bytes_do_not_pass_its_checksum(name, tmp_path):
    path = pack(tmp_path / name, {"set/1.jpg": os.urandom(50_000)})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadArchive, match="is damaged"):
        unpack(path, tmp_path / "set")
    assert left_in(tmp_path, name) == []


def test_what_is_no_archive_says_so(tmp_path):
    for name, content, words in [
        ("a.zip", b"<html>moved</html>", "a.zip is damaged"),
        ("a.tar.gz", b"<html>moved</html>", "a.tar.gz is damaged"),
        ("a.rar", b"Rar!", r"a\.rar is no archive that can be unpacked here \(\.zip"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadArchive, match=words):
            unpack(tmp_path / name, tmp_path / "set")
    with pytest.raises(BadArchive, match="holds no file"):
        unpack(pack(tmp_path / "empty.zip", {}), tmp_path / "set")


def test_a_check_can_refuse_what_was_unpacked(tmp_path):
    def refuse(folder):
        assert left_in(folder) == ["testA", "trainA"]
        raise BadArchive("not this one")

    with pytest.raises(BadArchive, match="not this one"):
        unpack(pack(tmp_path / "a.zip"), tmp_path / "set", refuse)
    assert left_in(tmp_path, "a.zip") == []


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    (tmp_path / ".set.unpacking.1").mkdir()
    unpack(pack(tmp_path / "a.zip"), tmp_path / "set")
    assert left_in(tmp_path, "a.zip") == ["set"]


def unpack_without_room(path, target, results):
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        unpack(path, target)
    except DataError as error:
        results.put((type(error), str(error)))


def test_no_room_is_said(tmp_path):
    import multiprocessing

    context = multiprocessing.get_context("fork")
    results = context.Queue()
    process = context.Process(target=unpack_without_room, args=(pack(tmp_path / "a.zip"), tmp_path / "set", results))
    process.start()
    kind, said = results.get(timeout=30)
    process.join(10)
    assert kind is DataError
    assert "File too large" in said
    assert "Make room" in said
    assert left_in(tmp_path, "a.zip") == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot unpack .*a\.zip into .*file/set"):
        unpack(pack(tmp_path / "a.zip"), tmp_path / "file" / "set")
