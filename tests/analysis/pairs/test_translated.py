"""pix2pix and CycleGAN on the same pairs: models whose errors are known, and runs that do not belong together."""

from types import SimpleNamespace

import pytest
import torch
from omegaconf import OmegaConf

from genlab.analysis.paired_unpaired import PairedUnpaired
from genlab.analysis.pairs.translated import baselines, directions_of, errors, translated
from genlab.analysis.pairs.translated import test_pairs as pairs_of
from genlab.contracts import ConfigError, DataSpec, Pairs

A = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 0.5
B = 1 - A


class Brighter:
    """A to B is B but for ``off``; back again exactly."""

    def __init__(self, off):
        self.off, self.batches = off, []

    def translate(self, x, direction):
        self.batches.append(len(x))
        return 1 - x - self.off if direction == "AtoB" else 1 - self.off - x


def subject(name, model, kind="pairs", shape=(3, 16, 16), direction="AtoB"):
    spec = DataSpec("maps", kind, shape, {}, "")
    config = OmegaConf.create({"choices": {"model": name}, "data": {"direction": direction}})
    batches = [Pairs(A[:3], B[:3], torch.arange(3)), Pairs(A[3:], B[3:], torch.arange(1))]
    return SimpleNamespace(
        name=name,
        model=model,
        split="val",
        device=torch.device("cpu"),
        loaded=SimpleNamespace(spec=spec, config=config),
        held_out=lambda split, n: iter(batches),
    )


PAIRED, UNPAIRED = subject("pix2pix", Brighter(0.1)), subject("cyclegan", Brighter(0.2), "domains")


def test_both_are_measured_on_the_same_pairs_in_every_direction_that_they_know():
    found = PairedUnpaired(images=4, shown=2)(UNPAIRED, PAIRED)
    rows = {(row["run"], row["direction"]): row for row in found.rows}
    assert rows["pix2pix", "AtoB"]["l1"] == pytest.approx(0.1, abs=1e-6)
    assert rows["cyclegan", "AtoB"]["l1"] == pytest.approx(0.2, abs=1e-6)
    assert rows["cyclegan", "BtoA"]["l1"] == pytest.approx(0.2, abs=1e-6)
    assert rows["cyclegan", "AtoB"]["cycle_l1"] == pytest.approx(0.0, abs=1e-6)
    assert ("pix2pix", "BtoA") not in rows
    assert rows["cyclegan", "AtoB"]["psnr"] == pytest.approx(13.979, abs=1e-3)  # 20 log10 5
    assert "without pairs the error is 2.00 times" in found.lines[1]
    assert found.metrics["val/l1_AtoB_pix2pix"] == rows["pix2pix", "AtoB"]["l1"]
    assert set(found.counts.values()) == {4}


def test_the_input_is_on_the_side_that_a_direction_begins_with():
    pairs = pairs_of(PAIRED, 4)
    assert torch.equal(pairs.sides("AtoB")[0], A)
    assert torch.equal(pairs.sides("BtoA")[0], B)
    assert torch.equal(pairs.sides("BtoA")[1], A)


def test_a_translation_has_to_beat_its_input_and_the_median_colour():
    pairs = pairs_of(PAIRED, 4)
    unchanged, colour = baselines(pairs, ["AtoB"])
    assert unchanged["l1"] == pytest.approx(float((A - B).abs().mean()), rel=1e-6)
    others = [errors(B.new_full((3,), value)[None, :, None, None].expand_as(B), B)["l1"] for value in (0.7, 0.75, 0.8)]
    assert colour["l1"] <= min(others)


def test_images_are_translated_one_by_one():
    model = Brighter(0.1)
    list(translated(subject("pix2pix", model), "x", pairs_of(PAIRED, 4), 2))
    assert model.batches == [1, 1, 1, 1]
    assert directions_of(PAIRED) == ("AtoB",)
    assert directions_of(UNPAIRED) == ("AtoB", "BtoA")


def refused(*subjects):
    with pytest.raises(ConfigError) as caught:
        PairedUnpaired(images=4, shown=2).refuse(*subjects)
    return str(caught.value)


def test_runs_that_do_not_belong_together_are_refused():
    assert "and 1 is given" in refused(PAIRED)
    assert "no run has learnt from pairs" in refused(UNPAIRED, subject("other", Brighter(0), "domains"))
    assert "differ in set, size or direction" in refused(PAIRED, subject("cyclegan", Brighter(0), "domains", (3, 8, 8)))
    said = refused(PAIRED, subject("cyclegan", Brighter(0), "domains", direction="BtoA"))
    assert "pix2pix: maps 3x16x16 AtoB, cyclegan: maps 3x16x16 BtoA" in said
    PairedUnpaired(images=4, shown=2).refuse(PAIRED, UNPAIRED)
