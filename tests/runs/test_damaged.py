"""Files of a run that are cut, as by a full disk: named with a remedy, and no reason to leave out the runs beside it."""

import pytest

from genlab.contracts import CheckpointError
from genlab.files import read_record, write_json
from genlab.runs import manifest
from genlab.runs.directory import RunDirectory
from genlab.runs.find import automatic
from genlab.runs.summary import NAME, Summary, whole_summaries

CUT = ["", "{", '{"name": "vae', "[]", "3", "\x00\x00"]


@pytest.fixture
def parent(tmp_path):
    """The folder of an unfinished run."""
    (tmp_path / "whole").mkdir()
    write_json(tmp_path / "whole" / NAME, {"status": "interrupted", "config_digest": "d"})
    return tmp_path


@pytest.mark.parametrize("text", CUT)
def test_one_summary_that_is_cut_does_not_hide_the_others(text, parent, capfd):
    (parent / "cut").mkdir()
    (parent / "cut" / NAME).write_text(text)
    paths = sorted(parent.glob(f"*/{NAME}"))
    assert [path.parent.name for path, _ in whole_summaries(paths)] == ["whole"]
    assert f"left out: {parent}/cut/{NAME} cannot be read" in capfd.readouterr().err
    assert automatic(parent, None, "d").existing.path == parent / "whole"


@pytest.mark.parametrize("text", CUT)
def test_a_record_that_is_cut_is_named_with_a_remedy(text, tmp_path):
    path = tmp_path / NAME
    path.write_text(text)
    with pytest.raises(CheckpointError, match=rf"{path} cannot be read .*init_from={tmp_path}"):
        Summary(path)
    with pytest.raises(CheckpointError, match=rf"{path} cannot be read .*\. Do that\.$"):
        read_record(path, "Do that.")
    (tmp_path / manifest.NAME).write_text(text)
    with pytest.raises(CheckpointError, match=r"manifest.json cannot be read .*Delete it"):
        manifest.listed(tmp_path)


def test_a_run_that_is_asked_for_by_name_is_not_begun_anew(parent):
    (parent / "whole" / NAME).write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read"):
        automatic(parent, "whole", "d")


@pytest.mark.parametrize("text", ["", "model: {", "model:\n  a: 1\n", "- 1\n", "3\n"])
def test_a_configuration_that_is_cut_is_named_with_a_remedy(text, tmp_path):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(CheckpointError, match=rf"config.yaml cannot be read .*init_from={tmp_path}"):
        RunDirectory(tmp_path).configuration()
