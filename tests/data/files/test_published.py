"""Published sets: found, downloaded, refused; and nothing half-made whatever happens."""

import hashlib
import http.server
import multiprocessing
import os
import signal
import threading
import time
import zipfile
from dataclasses import replace

import pytest

from genlab.contracts import DataError
from genlab.data.files.published import PUBLISHED, Published, ensure, tree_digest

PARTS = ("trainA", "trainB", "testA", "testB")
FILES = {f"{part}/{i}.jpg": os.urandom(3000) for part in PARTS for i in range(8)}
FORK = multiprocessing.get_context("fork")


def digest_of(files):
    lines = (f"{name} {hashlib.sha256(content).hexdigest()}\n" for name, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class Server:
    """Serves one archive. ``cut``: breaks off the first answer after so many bytes; ``slow``: seconds a block."""

    def __init__(self, content, cut=None, slow=0.0):
        self.content, self.cut, self.slow, self.asked = content, cut, slow, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self.httpd.server_port}/"

    def answer(self, request):
        self.asked += 1
        whole = len(self.content)
        request.send_response(200)
        request.send_header("Content-Length", str(whole))
        request.end_headers()
        stop = self.cut if self.cut and self.asked == 1 else whole
        for start in range(0, stop, 8192):
            request.wfile.write(self.content[start : min(start + 8192, stop)])
            time.sleep(self.slow)


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in FILES.items():
            file.writestr(f"animals/{name}", content)
    return path.read_bytes()


@pytest.fixture
def serve():
    servers = []

    def start(*arguments, **more):
        servers.append(Server(*arguments, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.httpd.shutdown()
        server.httpd.server_close()


def animals(*servers, digest=None):
    addresses = tuple(getattr(server, "address", server) for server in servers)
    return Published("animals", addresses, "animals.zip", digest, PARTS)


def left_in(folder):
    """What lies there, but for locks."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def contents(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_folder_that_is_there_is_used_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("genlab.data.files.published.download", lambda *_: pytest.fail("asked the network"))
    for part in PARTS:
        (tmp_path / "animals" / part).mkdir(parents=True)
    assert ensure(animals(digest="0" * 64), tmp_path) == tmp_path / "animals"
    assert left_in(tmp_path) == ["animals"]


def test_the_tree_digest_is_over_sorted_paths_and_digests(tmp_path):
    for name, content in {"b/1.jpg": b"x", "a/2.jpg": b"y", "a.jpg": b"z"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / ".DS_Store").write_bytes(b"junk")
    assert tree_digest(tmp_path) == digest_of({"b/1.jpg": b"x", "a/2.jpg": b"y", "a.jpg": b"z"})
    assert tree_digest(tmp_path, ("a",)) == digest_of({"a/2.jpg": b"y"})


def test_a_set_is_downloaded_unpacked_and_checked(archive, serve, tmp_path):
    server = serve(archive)
    root = tmp_path / "new" / "data"
    assert contents(ensure(animals(server, digest=digest_of(FILES)), root)) == FILES
    assert left_in(root) == ["animals"]
    ensure(animals(server), root)
    assert server.asked == 1


def test_a_download_that_breaks_off_is_refused_and_leaves_nothing(archive, serve, tmp_path):
    server = serve(archive, cut=50_000)
    with pytest.raises(DataError, match="the connection broke off"):
        ensure(animals(server), tmp_path / "data")
    assert not (tmp_path / "data").exists()
    ensure(animals(server, digest=digest_of(FILES)), tmp_path / "data")
    assert server.asked == 2


def test_a_download_that_breaks_off_begins_again_with_the_next_mirror(archive, serve, tmp_path):
    server = serve(archive, cut=50_000)
    known = replace(animals(server, server), sha256=hashlib.sha256(archive).hexdigest())
    assert contents(ensure(known, tmp_path / "data")) == FILES
    assert server.asked == 2


def test_a_mirror_without_the_file_is_named_with_its_answer(archive, serve, tmp_path):
    server = serve(archive)
    server.httpd.RequestHandlerClass.do_GET = lambda request: request.send_error(404)
    with pytest.raises(DataError, match="127.0.0.1: 404 Not Found"):
        ensure(animals(server), tmp_path / "data")


def test_the_second_mirror_helps(archive, serve, tmp_path):
    ensure(animals("http://127.0.0.1:1/", serve(archive)), tmp_path / "data")
    assert contents(tmp_path / "data" / "animals") == FILES


def test_what_a_stopped_process_had_received_is_cleared_away(archive, serve, tmp_path):
    (tmp_path / "data" / ".animals.zip.part").mkdir(parents=True)
    (tmp_path / "data" / ".animals.zip.part" / "tmp1").write_bytes(archive[:100])
    ensure(animals(serve(archive), digest=digest_of(FILES)), tmp_path / "data")
    assert left_in(tmp_path / "data") == ["animals"]


def test_other_bytes_than_the_published_ones_are_refused(archive, serve, tmp_path):
    for published, words in [
        (animals(serve(archive), digest="0" * 64), "the digest of its files differs"),
        (animals(serve(b"<html>This page has moved.</html>")), "is damaged"),
        (animals(serve(archive[:-5000] + bytes(5000))), "is damaged"),
        (replace(animals(serve(archive)), sha256="0" * 64), "its digest differs"),
        (replace(animals(serve(archive)), parts=("train", "val")), "there is no folder train or val in it"),
    ]:
        with pytest.raises(DataError, match=words):
            ensure(published, tmp_path / "data")
        assert not (tmp_path / "data").exists()


def test_without_a_network_it_soon_says_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setattr("genlab.data.files.download.CONNECT", 0.5)
    silent = "http://10.255.255.1/"  # takes no connection and does not say so
    began = time.monotonic()
    with pytest.raises(DataError, match=r"paths\.data=DIR \(with DIR/animals/ and in it trainA trainB") as caught:
        ensure(animals("http://127.0.0.1:1/", silent, silent), tmp_path / "data" / "deep")
    assert time.monotonic() - began < 5
    assert "animals.zip" in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_a_proxy_is_asked_instead_where_the_environment_names_one(archive, serve, tmp_path, monkeypatch):
    proxy = serve(archive)
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.delenv("no_proxy", raising=False)
    assert contents(ensure(animals("http://nowhere.invalid/"), tmp_path / "data")) == FILES
    assert proxy.asked == 1


def test_an_archive_put_there_by_hand_is_unpacked_and_kept(archive, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "animals.zip").write_bytes(archive)
    ensure(animals(digest=digest_of(FILES)), tmp_path / "data")
    assert left_in(tmp_path / "data") == ["animals", "animals.zip"]


def test_a_folder_that_lacks_a_part_is_not_touched(tmp_path):
    for part in PARTS[:3]:
        (tmp_path / "animals" / part).mkdir(parents=True)
    with pytest.raises(DataError, match="animals lacks testB. Complete it, or move it away"):
        ensure(animals(), tmp_path)
    assert left_in(tmp_path) == ["animals"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"animals is not in .*file/data and cannot be put there.*paths\.data=DIR"):
        ensure(animals(), tmp_path / "file" / "data")


def ensured(published, root, results=None):
    try:
        ensure(published, root)
        said = "done"
    except DataError as error:
        said = str(error)
    if results is not None:
        results.put(said)


def test_two_processes_race_and_one_downloads(archive, serve, tmp_path):
    server, results = serve(archive, slow=0.02), FORK.Queue()
    racers = [FORK.Process(target=ensured, args=(animals(server), tmp_path / "data", results)) for _ in range(2)]
    for racer in racers:
        racer.start()
    assert [results.get(timeout=30) for _ in racers] == ["done", "done"]
    for racer in racers:
        racer.join(10)
    assert server.asked == 1
    assert contents(tmp_path / "data" / "animals") == FILES
    assert left_in(tmp_path / "data") == ["animals"]


def test_a_killed_download_leaves_the_set_whole_or_absent(archive, serve, tmp_path):
    server = serve(archive, slow=0.005)
    published = animals(server, digest=digest_of(FILES))
    for attempt, wait in enumerate((0.03, 0.06, 0.1)):
        root = tmp_path / str(attempt)
        process = FORK.Process(target=ensured, args=(published, root))
        process.start()
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        process.join(10)
        place = root / "animals"
        assert not place.exists() or contents(place) == FILES
        assert contents(ensure(published, root)) == FILES


def ensured_without_room(published, root, limit, results):
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    ensured(published, root, results)


def test_no_room_is_said_and_the_set_is_absent(archive, serve, tmp_path):
    results = FORK.Queue()
    arguments = (animals(serve(archive)), tmp_path / "data", 20_000, results)
    process = FORK.Process(target=ensured_without_room, args=arguments)
    process.start()
    said = results.get(timeout=30)
    process.join(10)
    assert "File too large" in said
    assert "Make room" in said
    assert not (tmp_path / "data" / "animals").exists()


def test_the_published_sets_say_where_they_come_from():
    assert sorted(PUBLISHED) == [
        "apple2orange",
        "facades",
        "horse2zebra",
        "maps",
        "monet2photo",
        "summer2winter_yosemite",
        "vangogh2photo",
    ]
    for name, published in PUBLISHED.items():
        assert published.name == name
        assert published.file in (f"{name}.zip", f"{name}.tar.gz")
        assert len(published.tree_digest or published.sha256) == 64
        assert all(mirror.endswith("/") for mirror in published.mirrors)
