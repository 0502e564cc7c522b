"""``data.class_shares``: known minorities and classes held out, of the same rows everywhere, without a copy of an image."""

import numpy as np
import pytest
import torch

from genlab.apps.command.paths import prepare
from genlab.contracts import ConfigError
from genlab.data.store.columns import Chosen
from genlab.data.store.handover import hand_over, handed_over
from genlab.data.store.loader import Rows
from genlab.data.store.module import StoreData
from genlab.data.store.resident import Resident, size_of
from genlab.data.store.shares import kept_rows, with_shares
from genlab.data.store.stage import staged
from genlab.runs.digest import config_digest

LABEL = np.arange(1000) % 4


def shared(composed, *shares, data="mnist"):
    model = "gan" if data == "toy2d" else "vae"
    return prepare(composed(f"model={model}", f"data={data}", *[f"data.class_shares={{{one}}}" for one in shares]))


def test_a_share_is_counted_exactly_and_the_other_classes_stay():
    rows = kept_rows(LABEL, {1: 0.1, 2: 0.0, 3: 0.001})
    assert np.bincount(LABEL[rows], minlength=4).tolist() == [250, 25, 0, 1]
    assert np.array_equal(rows, np.sort(rows))


def test_the_rows_of_a_smaller_share_are_among_those_of_a_larger_one():
    small, large = (set(kept_rows(LABEL, {1: share}).tolist()) for share in (0.1, 0.4))
    assert small < large
    # the same in every version: runs depend on it
    assert kept_rows(LABEL, {0: 0, 1: 0.02, 2: 0, 3: 0}).tolist() == [13, 261, 509, 733, 997]


def test_train_and_val_have_the_share_and_the_test_set_is_whole(composed):
    whole, part = shared(composed), shared(composed, "8: 0.1, 3: 0")
    for split in ("train", "val"):
        before, after = (np.bincount(one.labels[split], minlength=10) for one in (whole, part))
        assert after[8] == max(1, round(0.1 * before[8]))
        assert after[3] == 0
        assert np.array_equal(np.delete(before, [3, 8]), np.delete(after, [3, 8]))
        assert part.spec.sizes[split] == after.sum() == len(part.images[split])
        rows = part.columns[split]["image"].rows
        assert np.array_equal(whole.labels[split][rows], part.labels[split])  # labels beside their own images
    assert part.columns["test"] is whole.columns["test"] or np.array_equal(part.labels["test"], whole.labels["test"])
    assert part.spec.sizes["test"] == whole.spec.sizes["test"]
    (remark,) = part.spec.remarks
    assert remark.startswith("class_shares: class 3: 0 of ")


def test_another_experiment_and_the_same_however_it_is_typed(composed):
    typed = ((), ("",), ("4: 0.1",), ("Coat: 0.10",), ("4: 0",))
    plain, empty, four, coat, none = (shared(composed, *one, data="fashion_mnist").spec.digest for one in typed)
    assert plain == empty
    assert four == coat
    assert len({plain, four, none}) == 3
    keys = (composed("data=fashion_mnist", f"data.class_shares={{{one}: 0.1}}") for one in ("4", "Coat"))
    assert len({config_digest(cfg, four) for cfg in keys}) == 1


def test_no_image_is_copied_and_batches_have_the_rows_own_images_and_labels(composed):
    whole, part = shared(composed), shared(composed, "8: 0.1")
    column = part.columns["train"]["image"]
    assert isinstance(column, Chosen)
    assert column.whole.nbytes == whole.images["train"].nbytes
    assert size_of(part) - size_of(whole) < 100_000  # images count once, whole
    data = StoreData(part, 16, 0)
    data.trainer = None
    for batch in data.eval_loader("train"):
        rows = column.rows[batch.index.numpy()]
        assert np.array_equal(batch.image.numpy(), whole.images["train"][rows])
        assert np.array_equal(batch.label.numpy(), whole.labels["train"][rows])


def test_an_accelerator_gathers_the_same_rows(composed):
    part = shared(composed, "8: 0.1, 2: 0")
    rows = np.array([5, 0, 7])
    host = Rows("images", part.columns["train"]).take(rows)
    device = Rows("images", part.columns["train"], resident=Resident(torch.device("cpu"))).take(rows)
    assert torch.equal(host.image, device.image)
    assert torch.equal(host.label, device.label)


@pytest.mark.parametrize("data", ["mnist", "digits"])
def test_every_rank_and_every_copy_on_a_node_has_the_same_rows(data, composed, tmp_path):
    part = shared(composed, "8: 0.1", data=data)
    hand_over(part, tmp_path)
    for other in (handed_over(tmp_path), staged(part, tmp_path / "disk")):
        for split in ("train", "val", "test"):
            assert np.array_equal(np.asarray(other.images[split]), np.asarray(part.images[split]))
            assert np.array_equal(other.labels[split], part.labels[split])
        assert other.spec == part.spec


def test_points_too(composed):
    part = shared(composed, "0: 0.1", data="toy2d")
    assert np.bincount(part.labels["train"])[0] < 0.2 * np.bincount(part.labels["train"])[1]
    assert Rows("points", part.columns["train"]).take(np.array([3])).x.shape == (1, 2)


@pytest.mark.parametrize(
    ("data", "shares", "words"),
    [
        ("mnist", "11: 0.1", ["no class 11", "a number from 0 to 9"]),
        ("fashion_mnist", "Coats: 0.1", ["no class Coats", "Did you mean Coat"]),
        ("fashion_mnist", "Coat: 0.1, 4: 0.2", ["class Coat stands there twice"]),
        ("mnist", ", ".join(f"{digit}: 0" for digit in range(10)), ["leaves no image in train"]),
        ("shapes", "1: 0.1", ["is of classes, and shapes has attributes"]),
        ("celeba", "Smiling: 0.1", ["is of classes", "data.label=NAME"]),
    ],
)
def test_what_does_not_fit_is_one_message(data, shares, words, composed):
    small = ["data.count=300", "data.image_size=16"] if data == "shapes" else []
    with pytest.raises(ConfigError) as error:
        prepare(composed(f"data={data}", *small, f"data.class_shares={{{shares}}}"))
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize("shares", ["{8: 1.5}", "{8: -0.1}", "{8: many}", "0.1"])
def test_a_share_is_a_number_from_0_to_1(shares, composed):
    with pytest.raises(ConfigError, match=r"data\.class_shares"):
        composed("data=mnist", f"data.class_shares={shares}")


def test_an_attribute_that_is_the_class_has_shares(composed):
    small = ["data.image_size=16", "data.crop=40", "data.label=Smiling"]
    whole, part = (prepare(composed("data=celeba", *small, *more)) for more in ((), ("data.class_shares={1: 0.5}",)))
    assert part.labels["train"].sum() == round(0.5 * whole.labels["train"].sum())


def test_without_shares_the_set_is_what_it_was(composed):
    plain = shared(composed)
    assert with_shares(plain, None) is plain


@pytest.mark.parametrize("sign", ["", "++"])
def test_typed_shares_replace_those_of_a_recipe(composed, sign):
    """Hydra would merge the two, and refuse a class that the recipe does not name."""
    cfg = composed("experiment=dbvae_minority", f"{sign}data.class_shares={{0: 0.5}}")
    assert dict(cfg.data.class_shares) == {0: 0.5}
    cfg = composed("experiment=dbvae_minority", f"{sign}data.class_shares={{8: 0.5}}", "data.class_shares={3: 0, 4: 0}")
    assert dict(cfg.data.class_shares) == {3: 0, 4: 0}
    assert composed("experiment=dbvae_minority", f"{sign}data.class_shares=null").data.class_shares is None
