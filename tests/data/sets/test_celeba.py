"""CelebA's texts, parts and attributes."""

from pathlib import Path

import numpy as np
import pytest

from genlab.contracts import ConfigError, DataError
from genlab.data.sets.celeba import CelebA

from making import picture, ramp

REAL = Path(__file__).resolve().parents[4] / "shared" / "data"
NAMES = "Bald Smiling Young"


def source(**change):
    defaults = {"crop": 30, "image_size": 16, "label": "attributes", "hflip": True, "on_error": "stop"}
    return CelebA(**(defaults | {"binarize": None, "batch_size": 4, "limit": None} | change))


@pytest.fixture
def faces(tmp_path):
    folder = tmp_path / "celeba"
    rows, parts = [], []
    for i in range(12):
        name = f"{i:06d}.jpg"
        if i != 5:  # in the texts, and not among the files
            picture(folder / "img_align_celeba" / name, ramp(36, 44, i))
        rows.append(f"{name} -1 {' 1' if i % 2 else '-1'} -1 ")
        parts.append(f"{name} {0 if i < 8 else 1 if i < 10 else 2}")
    (folder / "list_attr_celeba.txt").write_bytes("\r\n".join(["12", NAMES + " ", *rows, ""]).encode())
    (folder / "list_eval_partition.txt").write_bytes("\r\n".join([*parts, ""]).encode())
    return tmp_path


def test_a_subset_has_the_official_parts_and_says_what_is_missing(faces):
    prepared = source().prepare(faces, faces / "cache")
    assert prepared.spec.sizes == {"train": 7, "val": 2, "test": 2}
    assert prepared.spec.attributes == ("Bald", "Smiling", "Young")
    assert prepared.spec.levels == (2, 2, 2)
    assert prepared.spec.note == "centre crop 30, scaled to 16x16; 11 of 202,599 images, 202,588 missing"
    assert prepared.labels["train"][:, 1].tolist() == [0, 1, 0, 1, 0, 0, 1]


def test_parts_and_attributes_are_those_that_the_texts_name(faces):
    names = {split: [path.name for path in files] for split, files in source().pictures(faces).items()}
    assert names == {
        "train": [f"{i:06d}.jpg" for i in range(8) if i != 5],
        "val": ["000008.jpg", "000009.jpg"],
        "test": ["000010.jpg", "000011.jpg"],
    }
    labels = source().prepare(faces, faces / "cache").labels
    assert labels["val"].tolist() == [[0, 0, 0], [0, 1, 0]]  # -1 in the text is 0 here
    assert labels["test"].tolist() == [[0, 0, 0], [0, 1, 0]]


def test_every_face_keeps_its_place_and_its_attributes(faces):
    folder, attributes = faces / "celeba" / "img_align_celeba", faces / "celeba" / "list_attr_celeba.txt"
    lines = attributes.read_text().splitlines()
    for path in folder.iterdir():
        picture(path, np.full((44, 36, 3), 255 * (int(path.stem) in (1, 2, 9, 10)), np.uint8))  # white or black
    rows = [f"{i:06d}.jpg {1 if i in (1, 2, 9, 10) else -1} 1 -1" for i in range(12)][
        ::-1
    ]  # in another order than the parts
    attributes.write_text("\n".join([*lines[:2], *rows, ""]))
    prepared = source().prepare(faces, faces / "cache")
    for split in ("train", "val", "test"):
        white = prepared.images[split][:, 0, 0, 0] > 128
        assert white.tolist() == (prepared.labels[split][:, 0] == 1).tolist()
    assert prepared.labels["train"][:, 0].tolist() == [0, 1, 1, 0, 0, 0, 0]


def test_one_attribute_can_be_the_class_and_shares_the_store(faces):
    prepared = source(label="Smiling").prepare(faces, faces / "cache")
    assert prepared.spec.class_names == ("not Smiling", "Smiling")
    assert prepared.spec.classes == 2
    assert prepared.labels["test"].tolist() == [0, 1]
    source().prepare(faces, faces / "cache")
    assert len(list((faces / "cache" / "store").glob("celeba-*"))) == 1
    with pytest.raises(ConfigError, match="Did you mean data.label=Smiling"):
        source(label="Smilling").prepare(faces, faces / "cache")


def test_what_is_missing_is_named_with_the_steps_by_hand(faces):
    (faces / "celeba" / "list_eval_partition.txt").unlink()
    with pytest.raises(DataError, match=r"list_eval_partition.txt is missing.*by hand.*paths\.data=DIR"):
        source().prepare(faces, faces / "cache")


def test_a_damaged_text_is_named_by_line(faces):
    file = faces / "celeba" / "list_attr_celeba.txt"
    file.write_text(file.read_text().replace("000003.jpg -1", "000003.jpg -7"))
    with pytest.raises(DataError, match="line 6 has not a -1 or 1 for each of 3 attributes"):
        source().prepare(faces, faces / "cache")


@pytest.mark.skipif(not REAL.is_dir(), reason="the original files are not beside this checkout")
def test_the_original_files(cache):
    prepared = source(crop=178).prepare(REAL, cache)
    assert prepared.spec.sizes == {"train": 1060, "val": 780, "test": 660}
    assert len(prepared.spec.attributes) == 40
    place = prepared.spec.attributes.index("Smiling")
    assert prepared.labels["train"][1, place] == 1  # 000002.jpg
    counts = [int(np.sum(prepared.labels[split][:, place])) for split in ("train", "val", "test")]
    assert counts == [477, 338, 234]


def test_a_face_that_is_skipped_does_not_shift_the_attributes_of_the_others(faces):
    whole = source().prepare(faces, faces / "cache")
    (faces / "celeba" / "img_align_celeba" / "000001.jpg").write_bytes(b"damaged")
    prepared = source(on_error="skip").prepare(faces, faces / "cache")
    assert prepared.spec.skipped == ("img_align_celeba/000001.jpg",)
    assert np.array_equal(prepared.images["train"], np.delete(whole.images["train"], 1, 0))
    assert np.array_equal(prepared.labels["train"], np.delete(whole.labels["train"], 1, 0))
