"""Where things lie if nothing is said; and a user who has no home directory."""

import pwd

import pytest
from omegaconf import OmegaConf

from genlab.apps.command.paths import cache_root
from genlab.contracts import ConfigError
from genlab.metrics.extractors.weights import PUBLISHED, torch_cache


def test_who_has_no_home_directory_is_told_to_name_a_cache(monkeypatch, tmp_path):
    def nobody(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in ("HOME", "XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match=r"no home directory\n.*paths.cache=DIR"):
        cache_root(OmegaConf.create({"paths": {"cache": None}}))
    assert cache_root(OmegaConf.create({"paths": {"cache": str(tmp_path)}})) == tmp_path
    assert not (torch_cache() / PUBLISHED["inception"].file).is_file()
