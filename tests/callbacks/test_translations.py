"""Which numbers come out of translations, of which images, when."""

import json

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from evaluators import FID_ALONE, evaluators
from evaluators import SMALL as FEW
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import QUIET, build_model
from genlab.contracts import DataError
from genlab.data.store.module import StoreData
from genlab.data.store.source import PreparedData
from genlab.metrics.extractors.extractor import Extractor
from genlab.metrics.extractors.real_features import RealFeatures
from genlab.metrics.extractors.small_networks import random_features
from genlab.metrics.frechet import frechet_distance
from genlab.metrics.kernel import mmd2
from genlab.metrics.moments import Moments

from photographs import CUT, SMALL

SETS = {"cyclegan": "unpaired_folders", "pix2pix": "paired_folders"}
AUTO = "metrics.extractor=auto"
A, B = 5, 4  # validation and test images of the two domains


def chosen(model, folders):
    """A model and its small set."""
    name = SETS[model]
    return [f"model={model}", *SMALL[model], f"data={name}", f"data.path={folders[name]}", *CUT, "data.batch_size=8"]


def judged(shape):
    """A network that judges domains, without having learnt to."""
    blind = random_features(shape)
    return Extractor("classifier", blind.net, blind.num_features, 0.5, blind.net.classifier.head)


@pytest.fixture
def translating(composed, folders, tmp_path):
    """A model, its data, and what measures them."""

    def make(model, *more):
        cfg = composed(*chosen(model, folders), *FEW, *more)
        prepared = prepare(cfg)
        torch.manual_seed(0)
        net = build_model(cfg, prepared.spec)
        evaluate = evaluators(cfg, net, prepared, tmp_path)
        if model == "cyclegan":
            evaluate.extractors.made["classifier"] = judged(prepared.spec.shape)
        return net, StoreData(prepared, 8, 0), evaluate

    return make


def trainer(*callbacks, **options):
    return pl.Trainer(**QUIET, **options, accelerator="cpu", devices=1, logger=False, callbacks=list(callbacks))


def images(prepared, side):
    return torch.from_numpy(np.array(prepared.columns["test"][side])).float() / 255


def test_every_test_image_is_translated_both_ways_and_compared_with_the_real_ones_of_its_target(translating, tmp_path):
    model, data, measure = translating("cyclegan", "metrics.extractor=auto")
    trainer(measure).test(model, data, verbose=False)
    extractor, got = measure.extractors.get("classifier"), model.measured
    real = {side: RealFeatures(data.prepared, "test", extractor, tmp_path, side).features for side in "ab"}
    fids = []
    for way, source, target, goal in (("AtoB", "a", "b", 1), ("BtoA", "b", "a", 0)):
        x = images(data.prepared, source)
        y = model.translate(x, way)
        fake, name = extractor(y), f"classifier_{len(x)}_vs_{len(real[target])}_{way}"
        fids.append(frechet_distance(Moments.of(real[target]), Moments.of(fake)))
        assert got[f"test/fid_{name}"] == pytest.approx(fids[-1], rel=1e-4)
        assert got[f"test/kid_{name}"] == pytest.approx(float(mmd2(real[target], fake)), rel=1e-4)
        assert got[f"test/target_rate_{way}"] == extractor.share_of(goal, fake)
        assert got[f"test/target_rate_before_{way}"] == extractor.share_of(goal, real[source])
        assert got[f"test/change_{way}"] == pytest.approx((x - y).abs().mean().item(), rel=1e-5)
        assert measure.counts[f"test/fid_{name}"] == len(x)
        assert measure.counts[f"test/fid_{name}_real"] == len(real[target])
    assert got[f"test/fid_classifier_{A + B}_mean"] == pytest.approx(np.mean(fids), rel=1e-4)
    assert measure.counts[f"test/fid_classifier_{A + B}_mean"] == A + B


MEASURES = ("fid", "kid")


def test_pairs_are_compared_with_all_targets_and_have_no_direction_in_their_names(translating, tmp_path):
    model, data, measure = translating("pix2pix")
    trainer(measure).test(model, data, verbose=False)
    extractor = measure.extractors.get("random")
    real = RealFeatures(data.prepared, "test", extractor, tmp_path, "b").features
    fake = extractor(model.translate(images(data.prepared, "a"), "AtoB"))
    assert model.measured["test/fid_random_5"] == pytest.approx(frechet_distance(Moments.of(real), Moments.of(fake)))
    assert measure.counts == {f"test/{n}_random_5{end}": 5 for n in MEASURES for end in ("", "_real")}
    assert {"test/psnr", "test/ssim", "test/change", "test/saturated", "test/saturated_b"} <= set(model.measured)


def test_fewer_translations_are_measured_where_fewer_are_asked_for(translating, tmp_path):
    model, data, measure = translating("cyclegan", "metrics.extractor=auto", "metrics.test_samples=3", *FID_ALONE)
    trainer(measure).test(model, data, verbose=False)
    assert {n for n in measure.counts if not n.endswith("real")} == {
        f"test/fid_classifier_{n}" for n in (f"3_vs_{B}_AtoB", f"3_vs_{A}_BtoA", f"6_vs_{A + B}_mean")
    }
    assert measure.counts[f"test/fid_classifier_3_vs_{B}_AtoB_real"] == B


@pytest.mark.parametrize(("model", "left"), [("cyclegan", set()), ("pix2pix", {"psnr", "ssim", "l1"})])
def test_no_samples_means_no_translations_are_looked_at(translating, model, left):
    net, data, measure = translating(model, "metrics.val_samples=0", "metrics.test_samples=0")
    asked = []
    net.translate = lambda x, direction, ask=net.translate: asked.append(direction) or ask(x, direction)
    trainer(measure).test(net, data, verbose=False)
    assert bool(asked) == bool(left)
    assert {f"test/{name}" for name in left} <= set(net.measured)
    assert not [n for n in net.measured if "fid" in n or "target_rate" in n]


def test_translations_are_measured_every_nth_epoch_and_no_old_number_stays(translating):
    model, data, measure = translating("cyclegan", "metrics.every_n_epochs=2")
    seen = []

    class Seen(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            seen.append({n for n in pl_module.measured if n.startswith(("val/fid", "val/target", "val/change"))})

    trainer(measure, Seen(), max_epochs=3, limit_train_batches=1).fit(model, data)
    assert [len(names) for names in seen] == [0, 9, 9]


def test_training_goes_on_as_if_nothing_had_been_measured(translating):
    weights = []
    for samples in (0, 60):
        model, data, measure = translating("cyclegan", f"metrics.val_samples={samples}")
        trainer(measure, max_epochs=1, limit_train_batches=2).fit(model, data)
        weights.append([*model.parameters(), torch.get_rng_state()])
    assert all(torch.equal(one, other) for one, other in zip(*weights, strict=True))


def test_two_fids_of_translations_share_what_is_translated_and_have_each_their_count(translating, tmp_path):
    """KID in validation only of few; the direction stands at the end."""
    more = ["metrics=[default,fid_train]", "metrics.fid_train.val_samples=2", "metrics.kid.val_at_most=2"]
    model, data, measure = translating("cyclegan", *more)
    asked = []
    model.translate = lambda x, way, ask=model.translate: asked.append((way, len(x))) or ask(x, way)
    trainer(measure).validate(model, data, verbose=False)
    assert asked == [("AtoB", A), ("BtoA", B)]
    assert {name.removeprefix("val/") for name in measure.counts if not name.endswith("_real")} == {
        *(f"fid_random_{end}" for end in (f"{A}_vs_{B}_AtoB", f"{B}_vs_{A}_BtoA", f"{A + B}_mean")),
        *(f"fid_random_{end}" for end in ("2_vs_32_train_AtoB", "2_vs_40_train_BtoA", "4_vs_72_train_mean")),
    }
    extractor = measure.extractors.get("random")
    real = RealFeatures(data.prepared, "train", extractor, tmp_path, "b").features
    x = torch.from_numpy(np.array(data.prepared.columns["val"]["a"])).float() / 255
    fake = extractor(model.translate(x, "AtoB"))[:2]
    expected = frechet_distance(Moments.of(real), Moments.of(fake))
    assert model.measured["val/fid_random_2_vs_32_train_AtoB"] == pytest.approx(expected, rel=1e-4)


def test_one_real_image_of_a_domain_is_refused_at_once(translating, tmp_path):
    model, data, measure = translating("cyclegan")
    whole = data.prepared
    one = {**whole.columns["test"], "b": whole.columns["test"]["b"][:1]}
    few = PreparedData(whole.spec, {**whole.columns, "test": one})
    with pytest.raises(DataError, match=r"images in test: too few for FID. .*metrics\.test_samples=0$"):
        measure.attach(model, few, tmp_path, {"test": "test"})


def test_the_kid_of_few_images_is_near_zero_for_equal_clouds_and_far_from_it_for_others():
    draw = torch.Generator().manual_seed(0)
    one, other = torch.randn(140, 128, generator=draw), torch.randn(120, 128, generator=draw)
    assert abs(float(mmd2(one, other))) < 0.02
    assert float(mmd2(one, other + 1)) > 0.5


def test_a_run_keeps_the_best_by_the_mean_of_both_directions_and_says_how_good_its_judge_is(train, folders):
    run = train(*chosen("cyclegan", folders), "data.limit=16", "trainer.max_epochs=2", "callbacks=none", AUTO)
    summary = json.loads((run / "summary.json").read_text())
    mean = f"val/fid_classifier_{A + B}_mean"
    assert summary["best"]["metric"] == mean
    assert (run / "checkpoints" / "best.ckpt").is_file()
    assert summary["best"]["value"] <= summary["metrics"][mean]
    sides = [summary["metrics"][f"val/fid_classifier_{n}"] for n in (f"{A}_vs_{B}_AtoB", f"{B}_vs_{A}_BtoA")]
    assert summary["metrics"][mean] == pytest.approx(np.mean(sides))
    assert {"name", "digest", "accuracy"} == set(summary["extractor"])
    assert summary["extractors"] == [summary["extractor"]]
    said = (run / "log.txt").read_text()
    assert f"% right on the {A + B} test images" in said
    assert f"FID, KID: {A} translations against {B} images of B, {B} against {A} of A; identity weight 0.5" in said
    assert [line for line in said.splitlines() if line.startswith("note")][-1].removeprefix("note").strip() in summary[
        "notes"
    ]


def test_a_model_of_two_domains_gets_pairs_as_such_and_measures_both_ways(composed, folders, tmp_path):
    path = f"data.path={folders['paired_folders']}"
    cfg = composed("model=cyclegan", *SMALL["cyclegan"], *FEW, "data=paired_folders", path, *CUT, "data.batch_size=8")
    prepared = prepare(cfg)
    model = build_model(cfg, prepared.spec)
    measure = evaluators(cfg, model, prepared, tmp_path)
    trainer(measure, max_steps=1, limit_val_batches=0).fit(model, StoreData(prepared, 8, 0))
    trainer(measure).test(model, StoreData(prepared, 8, 0), verbose=False)
    assert {"test/cycle_l1_AtoB", "test/cycle_l1_BtoA", "test/target_rate_BtoA"} <= model.measured.keys()
