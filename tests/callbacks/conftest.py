"""Two speakers for what is measured of translated speech."""

import pytest

import listening
from vowels import two_speakers


@pytest.fixture(scope="session")
def voices(tmp_path_factory):
    """The folders of both, by ``a`` and ``b``."""
    return two_speakers(tmp_path_factory.mktemp("voices"), train=8, rest=4, seconds=0.9)


@pytest.fixture
def prepared(voices, cache):
    """Their set."""
    return listening.prepared(voices, cache)
