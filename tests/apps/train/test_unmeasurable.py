"""What could not be measured at the end of a training is refused before its beginning: exit code 2, nothing half-made."""

import pytest
from PIL import Image

from genlab.contracts import GenlabError

from backbones import published

LPIPS = ["model=ae", "metrics=[default,lpips]", "metrics.lpips.net=squeeze"]


@pytest.fixture
def splits(tmp_path):
    """``splits(test=1)``: a folder of grey squares by split, eight of each but for those told."""

    def make(**counts):
        for split, count in {"train": 8, "val": 8, "test": 8, **counts}.items():
            (tmp_path / "own" / split).mkdir(parents=True)
            for i in range(count):
                Image.new("L", (32, 32), 20 * i + 40).save(tmp_path / "own" / split / f"{i}.png")
        return ["data=folder", f"data.path={tmp_path}/own", "data.image_size=32"]

    return make


@pytest.fixture
def refused(train, tmp_path):
    """``refused("model=vae", …)``: the message with which nothing is made."""

    def run(*typed):
        with pytest.raises(GenlabError) as error:
            train(*typed, "trainer.max_epochs=1")
        assert error.value.exit_code == 2
        assert not (tmp_path / "runs").exists()
        return str(error.value)

    return run


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_single_image_to_compare_with(split, splits, refused):
    message = refused("model=vae", *splits(**{split: 1}))
    assert f"Fewer than 2 real images in {split}" in message
    assert f"Go without: metrics.{split}_samples=0" in message


def test_a_single_image_is_enough_for_what_looks_at_single_images(splits, train):
    run = train("model=ae", "model.mixture.components=0", *splits(test=1), "trainer.max_epochs=1")
    assert '"test/ssim"' in (run / "summary.json").read_text()


def test_missing_weights(splits, refused, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    data = splits()
    message = refused(*LPIPS, *data)
    assert f"there is no {tmp_path}/torch/hub/checkpoints/squeezenet1_1-b8a52dc0.pth" in message
    assert "Fetch https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth there" in message
    assert "there is no /nowhere.pth" in refused(*LPIPS, *data, "metrics.lpips.weights=/nowhere.pth")


def test_wrong_weights(splits, refused, tmp_path, monkeypatch):
    path = published("squeeze", tmp_path / "torch", monkeypatch)
    path.write_bytes(path.read_bytes()[:-1])
    message = refused(*LPIPS, *splits())
    assert f"{path} is not the published file: its SHA-256 begins with" in message
    assert f"not {path.stem[-8:]}" in message
