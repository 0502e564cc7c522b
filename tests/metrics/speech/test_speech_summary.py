"""From utterances to numbers: means, gains, ratios, shares, and their standard errors."""

import numpy as np
import pytest

from genlab.metrics.directions import direction
from genlab.metrics.speech.summary import DISTANCES, NAMES, Utterances, standard_errors, summary


def utterances(count, seed, parallel=True, lively=1.0, voiced=True):
    """Random ones; half of them have a parallel recording, or none."""
    dice = np.random.default_rng(seed)
    missing = np.arange(count) % 2 == 1 if parallel else np.ones(count, bool)
    distances = {name: np.where(missing, np.nan, dice.uniform(5, 9, count)) for name in DISTANCES}
    odds = {what: dice.normal(size=count) for what in ("real", "made", "scaled")}
    variances = {what: dice.uniform(1, 2, (count, 4)) for what in ("real", "made")}
    logs = dice.normal(5, 0.1, (2, count, 50))
    pitch = {
        what: np.stack([np.full(count, 80.0), np.full(count, 50.0 * voiced), x.sum(1), (x**2).sum(1)], 1)
        for what, x in zip(("real", "made"), logs, strict=True)
    }
    return Utterances(distances, odds, {w: lively * v for w, v in variances.items()}, pitch)


@pytest.fixture
def said():
    return {"a": utterances(30, 0), "b": utterances(24, 1, lively=4.0)}


def test_every_name_is_known_beforehand(said):
    assert set(summary(said)) == NAMES


def test_distances_are_means_over_parallel_recordings_and_gains_follow(said):
    found = summary(said)
    for side, end in (("a", "_AtoB"), ("b", "_BtoA")):
        own = {name: np.nanmean(x) for name, x in said[side].distances.items()}
        for name, value in own.items():
            assert found[name + end] == pytest.approx(value)
        gain = own["mel_mcd_before"] - own["mel_mcd"]
        assert found[f"mel_mcd_gain{end}"] == pytest.approx(gain)
        assert found[f"mel_mcd_gain_percent{end}"] == pytest.approx(100 * gain / own["mel_mcd_before"])
    assert found["mel_mcd_mean"] == pytest.approx((found["mel_mcd_AtoB"] + found["mel_mcd_BtoA"]) / 2)


def test_without_parallel_recordings_the_rest_is_there():
    found = summary({"a": utterances(5, 0, parallel=False), "b": utterances(5, 1, parallel=False)})
    assert set(found) == {name for name in NAMES if not name.startswith("mel_")}


def test_what_has_no_voice_has_no_pitch():
    found = summary({"a": utterances(5, 0, voiced=False), "b": utterances(5, 1)})
    assert "log_f0_mean_AtoB" not in found and "log_f0_mean_a" not in found and found["voiced_a"] == 0
    assert found["log_f0_mean_b"] == pytest.approx(5, abs=0.1)


def test_variances_are_set_beside_the_targets_own(said):
    """Mean over the coefficients of the ratio of mean variances: B's are four times A's."""
    found = summary(said)
    expected = (said["a"].variances["made"].mean(0) / said["b"].variances["real"].mean(0)).mean()
    assert found["gv_ratio_AtoB"] == pytest.approx(expected)
    assert found["gv_ratio_AtoB"] == pytest.approx(0.25, rel=0.1) and found["gv_ratio_BtoA"] == pytest.approx(
        4, rel=0.1
    )


def test_shares_are_of_positive_odds_of_the_target(said):
    found = summary(said)
    assert found["speaker_rate_AtoB"] == (said["a"].odds["made"] > 0).mean()
    assert found["speaker_rate_before_BtoA"] == (said["b"].odds["real"] > 0).mean()
    assert found["speaker_rate_scaled_BtoA"] == (said["b"].odds["scaled"] > 0).mean()
    right = [1 - found[f"speaker_rate_before_{way}"] for way in ("AtoB", "BtoA")]
    assert found["speaker_accuracy"] == pytest.approx(np.mean(right))


def test_pitch_is_over_all_voiced_frames(said):
    """Of an utterance with more of them more."""
    sums = said["a"].pitch["made"]
    sums[0] *= 10
    found = summary(said)
    assert found["log_f0_mean_AtoB"] == pytest.approx(sums[:, 2].sum() / sums[:, 1].sum())
    assert found["voiced_AtoB"] == pytest.approx(50 / 80)


def test_the_error_of_a_mean_is_the_textbooks(said):
    """s / sqrt(n): exactly of all sentences; nearly of half of them, since leaving out one of the others changes nothing."""
    errors = standard_errors(said)
    rates = (said["a"].odds["made"] > 0).astype(float)
    assert errors["speaker_rate_AtoB"] == pytest.approx(rates.std(ddof=1) / np.sqrt(len(rates)), rel=1e-9)
    for name in ("mel_mcd", "mel_lsd"):
        x = said["a"].distances[name]
        x = x[~np.isnan(x)]
        assert errors[f"{name}_AtoB"] == pytest.approx(x.std(ddof=1) / np.sqrt(len(x)), rel=0.03)


def test_the_error_of_a_ratio_has_both_speakers_utterances(said):
    """Against the delta method: independent means over independent means."""
    made, real = said["a"].variances["made"], said["b"].variances["real"]
    influence = [(made / real.mean(0)).mean(1), (made.mean(0) * real / real.mean(0) ** 2).mean(1)]
    expected = np.sqrt(sum(x.var(ddof=1) / len(x) for x in influence))
    assert standard_errors(said)["gv_ratio_AtoB"] == pytest.approx(expected, rel=0.03)


def test_which_end_is_the_good_one():
    assert [direction(f"test/{name}") for name in ("mel_mcd_AtoB", "mel_lsd_BtoA", "mel_mcd_mean")] == [-1] * 3
    assert [
        direction(f"test/{name}") for name in ("mel_mcd_gain_AtoB", "mel_mcd_gain_percent_mean", "speaker_rate_BtoA")
    ] == [1] * 3
    neither = (
        "mel_mcd_before_AtoB",
        "mel_mcd_scaled_AtoB",
        "speaker_rate_scaled_AtoB",
        "gv_ratio_AtoB",
        "log_f0_mean_a",
    )
    assert [direction(f"test/{name}") for name in neither] == [0] * 5
    assert direction("test/modes_kl") == -1 and direction("test/modes") == 1
