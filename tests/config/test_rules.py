"""Values that are fine each, and do not fit together; and code that nobody has trusted."""

import shutil

import pytest
from omegaconf import OmegaConf

from genlab.config.build import build
from genlab.config.compose import compose
from genlab.config.files import conf_dir, groups, options
from genlab.contracts import ConfigError


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """A copy of conf/ with a set of pairs, whose class is in a package of the user's own."""
    package = tmp_path / "mysets"
    package.mkdir()
    (package / "__init__.py").write_text(
        "class Maps:\n    kind: str = 'pairs'\n    def __init__(self, side: int): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    folder = shutil.copytree(conf_dir(), tmp_path / "conf")
    (folder / "data" / "maps.yaml").write_text("_target_: mysets.Maps\nside: 256\n")
    return folder


def test_a_model_refuses_a_set_of_another_kind_and_names_those_that_fit(conf):
    with pytest.raises(ConfigError) as caught:
        compose("train", ["model=vae", "data=maps", "trust=[mysets]"], conf=conf)
    said = str(caught.value)
    assert "model=vae takes images, but data=maps has pairs" in said
    assert all(f"data={name}" in said for name in options("data"))
    assert "data=maps" not in said.partition("Fitting sets:")[2]


def test_a_users_package_is_checked_like_ours_once_it_is_trusted(conf):
    with pytest.raises(ConfigError, match=r"mysets.Maps is code that is not trusted\n.*trust=\[mysets\]"):
        compose("train", ["data=maps"], conf=conf)
    with pytest.raises(ConfigError, match="Did you mean data.side=3"):
        compose("train", ["data=maps", "trust=[mysets]", "data.sied=3"], conf=conf)
    with pytest.raises(ConfigError, match="data.side=wide: must be a whole number"):
        compose("train", ["data=maps", "trust=[mysets]", "data.side=wide"], conf=conf)


def test_choices_are_the_files_of_the_folder(conf):
    assert "maps" in options("data", conf)
    assert groups(conf)["data"] == options("data", conf)
    assert "maps" not in options("data")


@pytest.mark.parametrize(
    "node",
    [
        {"_target_": "os.system", "command": "true"},
        {"_target_": "torch.nn.Sequential", "a": {"_target_": "os.system", "command": "true"}},
        {"_target_": "torch.nn.ModuleList", "modules": [{"_target_": "os.system", "command": "true"}]},
        {"_target_": "torch.hub.load"},
        {"_target_": "genlabx.models.VAE"},
    ],
)
def test_code_that_is_not_trusted_is_not_run_however_deep(node):
    with pytest.raises(ConfigError, match="not trusted"):
        build(OmegaConf.create(node), [])


def test_code_in_a_list_is_found_before_anything_runs():
    override = "+callbacks.x={_target_:torch.nn.ModuleList,modules:[{_target_:os.system,command:ls}]}"
    with pytest.raises(ConfigError, match=r"callbacks.x.modules\[0\]._target_: os.system is code that is not trusted"):
        compose("train", [override])


def test_what_is_injected_arrives_as_it_is():
    marker = object()
    made = build(OmegaConf.create({"_target_": "genlab.contracts.Problem", "where": "here"}), [], what=marker)
    assert made.what is marker
