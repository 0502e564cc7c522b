"""One kept file for all that a classifier or the features of real images depend on: nobody gets another's."""

from dataclasses import replace

import pytest
import torch

from genlab.contracts import DataError
from genlab.data.sets.celeba import CelebA
from genlab.data.sets.paired_folders import PairedFolders
from genlab.data.sets.unpaired_folders import UnpairedFolders
from genlab.data.store.source import Augmentation
from genlab.files import write_tensors
from genlab.metrics.extractors import lessons
from genlab.metrics.extractors import real_features as reals
from genlab.metrics.extractors.classifier import cached_classifier
from genlab.metrics.extractors.lessons import Lesson
from genlab.metrics.extractors.real_features import RealFeatures
from genlab.metrics.extractors.small_networks import random_features

SIDES = {
    **{"range": None, "resample": "bicubic", "max_pixels": 10**8},
    **dict.fromkeys(("channels_a", "channels_b", "resample_a", "resample_b")),
}
READ = {"on_error": "stop", "batch_size": 4, "limit": None, "hflip": False}
SIZED = SIDES | {"preprocess": "crop", "load_size": 36, "crop_size": 32, "channels": None}


@pytest.fixture
def faces(data_root, cache):
    """Eighty pictures with three attributes."""
    usual = READ | {"crop": 40, "image_size": 16, "label": "Smiling", "binarize": None}
    return lambda **change: CelebA(**(usual | change)).prepare(data_root, cache)


@pytest.fixture
def domains(folders, cache):
    """A temple and a flower."""
    usual = READ | SIZED | {"name": "two", "path": str(folders["unpaired_folders"])}
    return lambda **change: UnpairedFolders(**(usual | change)).prepare(folders["unpaired_folders"], cache)


@pytest.fixture
def pairs(folders, cache):
    """Photographs and their negatives."""
    usual = READ | SIZED | {"path": str(folders["paired_folders"]), "direction": "AtoB"}
    return lambda **change: PairedFolders(**(usual | change)).prepare(folders["paired_folders"], cache)


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """What a classifier knows after two steps is enough to tell it from another one."""
    monkeypatch.setitem(lessons.LABELS, "epochs", 0)
    monkeypatch.setitem(lessons.LABELS, "least_steps", 2)
    monkeypatch.setitem(lessons.DOMAINS, "epochs", 0)
    monkeypatch.setitem(lessons.DOMAINS, "least_steps", 2)


def files(folder):
    return len(list((folder / "features").glob("*.pt")))


def assert_other(make, one, other, tmp_path):
    """``make(prepared, folder)``: two files for the two, each what it is in an empty cache, and one for the same twice."""
    first = make(one, tmp_path / "shared")
    second = make(other, tmp_path / "shared")
    assert files(tmp_path / "shared") == 2
    for prepared, found, alone in ((one, first, "one"), (other, second, "other")):
        for folder in ("shared", alone):
            again = make(prepared, tmp_path / folder)
            assert all(torch.equal(x, y) for x, y in zip(again, found, strict=True))
    assert files(tmp_path / "shared") == 2


def weights(prepared, folder):
    """A classifier as a list of tensors, its accuracy last."""
    net, accuracy = cached_classifier(Lesson(prepared), folder)
    return [*net.state_dict().values(), torch.tensor(accuracy)]


# ---- the classifier of a set's own labels ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"label": "Young"}, {"label": "attributes"}, {"limit": 30}, {"crop": 30}, {"image_size": 12}], ids=str
)
def test_a_classifier_is_of_its_images_and_of_its_labels(change, faces, tmp_path):
    assert_other(weights, faces(), faces(**change), tmp_path)


def test_a_classifier_has_as_many_outputs_as_its_set_has_classes(faces, tmp_path):
    two = faces()
    three = replace(two, spec=replace(two.spec, classes=3))
    assert_other(weights, two, three, tmp_path)


def test_what_teaches_the_same_shares_the_classifier(faces, tmp_path):
    for change in ({}, {"hflip": True}, {"batch_size": 2}, {"limit": 1000}):
        cached_classifier(Lesson(faces(**change)), tmp_path)
    assert files(tmp_path) == 1


# ---- the classifier of two domains -----------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"limit": 20}, {"crop_size": 24}, {"preprocess": "resize_and_crop"}], ids=str)
def test_a_domain_classifier_is_of_its_images_and_of_how_they_are_cut(change, domains, tmp_path):
    assert_other(weights, domains(), domains(**change), tmp_path)


def test_a_domain_classifier_is_of_its_cut_whatever_the_set_says_of_it(domains, tmp_path):
    one = domains()
    assert_other(weights, one, replace(one, augmentation=Augmentation((30, 30))), tmp_path)


def test_what_teaches_the_same_shares_the_domain_classifier(domains, tmp_path):
    for change in ({}, {"hflip": True}, {"batch_size": 2}, {"load_size": 30}, {"limit": 1000}):
        cached_classifier(Lesson(domains(**change)), tmp_path)
    assert files(tmp_path) == 1


@pytest.mark.parametrize("recipe", ["LABELS", "DOMAINS"])
def test_another_way_of_teaching_is_another_classifier(recipe, faces, domains, tmp_path, monkeypatch):
    lesson = Lesson(faces() if recipe == "LABELS" else domains())
    cached_classifier(lesson, tmp_path)
    for count, key in enumerate(("version", "seed", "lr"), 2):
        monkeypatch.setitem(getattr(lessons, recipe), key, lesson.recipe[key] + 1)
        cached_classifier(lesson, tmp_path)
        assert files(tmp_path) == count


# ---- features of real images -----------------------------------------------------------------------------------------


def features(split="train", column="a"):
    return lambda prepared, folder: [
        RealFeatures(prepared, split, random_features((3, 32, 32)), folder, column).features
    ]


@pytest.mark.parametrize(
    "change", [{"direction": "BtoA"}, {"limit": 20}, {"crop_size": 24}, {"preprocess": "resize_and_crop"}], ids=str
)
@pytest.mark.parametrize("column", ["a", "b"])
def test_features_are_of_their_images_and_of_how_they_are_cut(change, column, pairs, tmp_path):
    assert_other(features(column=column), pairs(), pairs(**change), tmp_path)


def test_features_are_of_their_images_whatever_the_set_says_of_them(pairs, tmp_path):
    one = pairs()
    columns = {split: {side: 255 - column for side, column in part.items()} for split, part in one.columns.items()}
    assert_other(features(), one, replace(one, columns=columns, spec=replace(one.spec, digest="another")), tmp_path)


def test_features_are_of_their_cut_whatever_the_set_says_of_it(pairs, tmp_path):
    one = pairs()
    assert_other(features(), one, replace(one, augmentation=Augmentation((30, 30))), tmp_path)


def test_either_side_and_every_split_has_features_of_its_own(pairs, tmp_path):
    prepared = pairs()
    columns = {**prepared.columns, "test": prepared.columns["val"]}  # as of a published set without a test part
    prepared = replace(prepared, columns=columns)
    for split in ("train", "val", "test"):
        for column in "ab":
            features(split, column)(prepared, tmp_path)
    assert files(tmp_path) == 6


def test_another_way_of_looking_is_another_file(pairs, tmp_path, monkeypatch):
    features()(pairs(), tmp_path)
    monkeypatch.setattr(reals, "VERSION", reals.VERSION + 1)
    features()(pairs(), tmp_path)
    assert files(tmp_path) == 2


def test_what_looks_the_same_shares_the_features(pairs, tmp_path):
    for change in ({}, {"hflip": True}, {"batch_size": 2}, {"load_size": 30}, {"limit": 1000}):
        features()(pairs(**change), tmp_path)
    assert files(tmp_path) == 1


# ---- a file under the right name that holds something else -----------------------------------------------------------


@pytest.mark.parametrize("content", [torch.zeros(3), {"weights": {}, "accuracy": 0.5}, {"accuracy": 0.5}, [1]], ids=str)
def test_what_is_no_classifier_is_refused(content, faces, domains, tmp_path):
    for make, prepared in ((weights, faces()), (weights, domains())):
        make(prepared, tmp_path)
        for file in (tmp_path / "features").glob("*.pt"):
            write_tensors(file, content)
        with pytest.raises(DataError, match="cannot be read. Delete it"):
            make(prepared, tmp_path)


def test_what_are_not_these_features_is_refused(pairs, tmp_path):
    features()(pairs(), tmp_path)
    (file,) = (tmp_path / "features").glob("*.pt")
    for content in (torch.zeros(3, 128), torch.zeros(40), {"features": 1}):
        write_tensors(file, content)
        with pytest.raises(DataError, match="cannot be read. Delete it"):
            features()(pairs(), tmp_path)
