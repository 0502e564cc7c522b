"""The images of a run in a notebook: all of a split or some by seed, as a test has them, with their labels."""

import pytest
import torch
from PIL import Image

import untrained
from genlab import load, load_data
from genlab.contracts import ConfigError, DataError, Domains, Pairs, Points
from genlab.data.sets import digits

SMALL = ["data.load_size=72", "data.crop_size=64"]
VAE = ["model=vae", "data=mnist", "model.latent_dim=2"]


@pytest.fixture
def run(composed, tmp_path):
    return untrained.saved(composed(*VAE), tmp_path / "run")


def test_a_split_comes_whole_and_in_order_with_its_labels_in_the_range_of_models(run, data_root):
    test = load_data(run)
    assert (test.image.shape, test.image.dtype) == ((121, 1, 28, 28), torch.float32)
    assert (test.image.min(), test.image.max()) == (0, 1)
    assert test.index.tolist() == list(range(121))
    assert test.label.tolist() == digits.load()[1][600:721].tolist()  # what the files of the test part were made of
    levels = test.image * 255
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)
    assert load(run).encode(test.image).mean.shape == (121, 2)


def test_some_are_rows_of_the_whole_in_its_order_drawn_by_the_seed(run):
    whole, few, others = load_data(run, "train"), load_data(run, "train", 20), load_data(run, "train", 20, seed=1)
    assert few.index.tolist() == sorted(set(few.index.tolist()))
    assert len(few.index) == len(others.index) == 20
    assert few.index.tolist() != others.index.tolist()
    assert torch.equal(few.index, load_data(run, "train", 20).index)
    assert torch.equal(few.image, whole.image[few.index])
    assert torch.equal(few.label, whole.label[few.index])


def test_images_are_black_and_white_where_the_model_learned_such(composed, tmp_path):
    run = untrained.saved(composed(*VAE, "data.binarize=threshold"), tmp_path / "run")
    assert set(load_data(run, "val").image.unique().tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("overrides", "kind"),
    [
        (["model=gan", "data=toy2d"], Points),
        (["model=pix2pix", "data=maps", "model/generator=unet_64", *SMALL], Pairs),
        (["model=cyclegan", "data=horse2zebra", "model/generator=resnet_6", *SMALL], Domains),
    ],
)
def test_sets_of_other_kinds_give_their_own_batches(overrides, kind, composed, tmp_path):
    run = untrained.saved(composed(*overrides), tmp_path / "run")
    few, whole = load_data(run, "train", 2), load_data(run, "train")
    assert isinstance(few, kind)
    assert [len(x) for x in few if x is not None] == [2] * sum(x is not None for x in few)
    *rows, place = (few.a, few.index_a) if kind is Domains else (few[0], few.index)
    assert torch.equal(rows[0], whole[0][place])


def test_images_of_many_sizes_come_one_by_one(composed, tmp_path):
    for part in ("trainA", "trainB", "testA", "testB"):
        (tmp_path / part).mkdir()
        for width in (64, 96):
            Image.new("RGB", (width, 64)).save(tmp_path / part / f"{width}.png")
    small = ["model/generator=resnet_6", "data=unpaired_folders", f"data.path={tmp_path}", "data.preprocess=none"]
    run = untrained.saved(composed("model=cyclegan", *small, "data.batch_size=1"), tmp_path / "run")
    assert load_data(run, n=1).a.shape[:3] == (1, 3, 64)
    with pytest.raises(DataError, match="differ in size, and one batch holds one: load_data.ckpt, split, n=1."):
        load_data(run)


def test_a_split_that_is_none_is_refused_with_those_that_are(run):
    with pytest.raises(DataError, match="split='tset': mnist has train, val, test"):
        load_data(run, "tset")


def test_pictures_of_ones_own_are_found_where_they_lie_now(composed, pictures, tmp_path):
    gone = str(tmp_path / "gone")
    cfg = composed("model=vae", "data=folder", f"data.path={pictures}", "data.image_size=8", "model.latent_dim=2")
    run = untrained.saved(cfg, tmp_path / "run", data__path=gone)
    with pytest.raises(DataError, match="gone"):
        load_data(run)
    assert load_data(run, path=pictures, n=2).image.shape == (2, 3, 8, 8)
    with pytest.raises(ConfigError, match=r"in no folder of one's own"):
        load_data(untrained.saved(composed(*VAE), tmp_path / "other"), path=pictures)
