"""Files of weights: found, fetched, held against their digest before anything is made of them, or refused with the remedy."""

import hashlib
from dataclasses import replace

import pytest

from genlab.contracts import ConfigError, DataError
from genlab.metrics.extractors import weights as room
from genlab.metrics.extractors.weights import PUBLISHED, Stated, Weights, make_ready, weights_of

HELLO = hashlib.sha256(b"hello").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """A cache of torch, in which nothing is, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(room, "download", lambda remote, path: ["github.com: cannot be reached"])
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def published(monkeypatch):
    """The published file holds five letters."""
    monkeypatch.setitem(room.PUBLISHED, "inception", PUBLISHED["inception"]._replace(sha256=HELLO))


def put(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PUBLISHED["inception"].file
    path.write_bytes(content)
    return path


def test_they_lie_in_torchs_folder_or_where_the_user_says(scratch, tmp_path):
    assert weights_of("inception", Stated()).path == scratch / PUBLISHED["inception"].file
    stated = weights_of("clip", Stated(str(tmp_path / "mine.safetensors"), HELLO.upper()))
    assert stated == Weights("clip", tmp_path / "mine.safetensors", HELLO)


def test_a_missing_file_is_refused_with_place_address_and_digest(scratch):
    digest, url = PUBLISHED["inception"].sha256, PUBLISHED["inception"].folder + PUBLISHED["inception"].file
    words = (
        f"extractor=inception: there is no {scratch / PUBLISHED['inception'].file}, and it could not be downloaded "
        f"(github.com: cannot be reached)\n    Fetch {url} (SHA-256 {digest}) there, or type: "
        "metrics.weights.inception.path=FILE, or: metrics.extractor=auto"
    )
    with pytest.raises(ConfigError) as caught:
        make_ready(weights_of("inception", Stated()))
    assert str(caught.value) == words
    assert not list(scratch.parent.parent.rglob("*.pth"))


def test_it_is_downloaded_under_its_digest_and_only_the_published_one(scratch, published, monkeypatch, tmp_path):
    asked = []

    def deliver(remote, path):
        asked.append((remote.mirrors[0] + remote.name, remote.digest))
        path.write_bytes(b"hello")
        return []

    monkeypatch.setattr(room, "download", deliver)
    for stated in (Stated(str(tmp_path / "mine.pth")), Stated(None, OTHER)):
        with pytest.raises(ConfigError, match="there is no"):
            make_ready(weights_of("inception", stated))
    assert asked == []
    make_ready(weights_of("inception", Stated()))
    make_ready(weights_of("inception", Stated()))
    assert asked == [(PUBLISHED["inception"].folder + PUBLISHED["inception"].file, f"sha256:{HELLO}")]


def test_a_wrong_file_is_refused_with_both_digests_and_how_to_take_it(scratch, published):
    path = put(scratch, b"other")
    for attempt in (make_ready, Weights.read):
        with pytest.raises(DataError, match=f"{path} is not the published file: its SHA-256 is {OTHER}, not {HELLO}"):
            attempt(weights_of("inception", Stated()))
    mine = weights_of("inception", Stated(None, OTHER))
    make_ready(mine)
    assert (mine.read(), mine.name) == (b"other", f"inception_{OTHER[:8]}")
    with pytest.raises(DataError, match="is not the file stated"):
        make_ready(replace(mine, sha256="0" * 64))


def test_a_network_without_a_known_digest_asks_for_one(tmp_path):
    path = tmp_path / "clip.safetensors"
    path.write_bytes(b"other")
    with pytest.raises(DataError, match=f"has the SHA-256 {OTHER}, .* type: metrics.weights.clip.sha256={OTHER}"):
        make_ready(weights_of("clip", Stated(str(path))))
    make_ready(weights_of("clip", Stated(str(path), OTHER)))


def test_a_package_that_is_not_installed_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(room.importlib.util, "find_spec", lambda name: None if name == "timm" else object())
    with pytest.raises(
        ConfigError, match=r"extractor=dinov2: timm is not installed\n.*pip install 'genlab\[features\]'"
    ):
        make_ready(weights_of("dinov2", Stated()))


@pytest.mark.parametrize("network", PUBLISHED)
def test_an_address_and_a_digest_are_whole(network):
    file = PUBLISHED[network]
    assert file.folder.startswith("https://")
    assert file.sha256 is None or (len(file.sha256) == 64 and not set(file.sha256) - set("0123456789abcdef"))
    assert "-" not in file.file or network != "inception" or file.file.endswith(f"-{file.sha256[:8]}.pth")
