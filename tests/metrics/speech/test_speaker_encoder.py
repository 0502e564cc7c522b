"""The encoder of speakers: its bands, its pieces, its network, held to independent ones."""

import numpy as np
import pytest
import torch

import judging
from genlab.callbacks.evaluators.judges import SpeakerSimilarity
from genlab.metrics.speech.speaker_encoder import SpeakerEncoder, bands, pieces, powers


@pytest.fixture
def encoder(monkeypatch, tmp_path):
    judging.install(monkeypatch, tmp_path)
    return SpeakerEncoder(SpeakerSimilarity.packaged.path("metrics.speaker_similarity"))


def noise(seconds, seed=0, level=0.2):
    return np.random.default_rng(seed).normal(0, level, int(seconds * 16_000)).astype(np.float32)


def test_its_bands_are_slaneys():
    """Facts of librosa.filters.mel(sr=16000, n_fft=400, n_mels=40): the largest weight, where it is, the sum."""
    facts = {
        0: (2, 0.0124045, 0.0248090),
        7: (15, 0.0114791, 0.0248090),
        14: (28, 0.0108492, 0.0246817),
        20: (44, 0.0071919, 0.0252198),
        39: (185, 0.0017249, 0.0249788),
    }
    for band, (place, most, total) in facts.items():
        row = bands()[band]
        assert (int(row.argmax()), float(row.max()), float(row.sum())) == pytest.approx((place, most, total), abs=1e-6)


def test_a_sine_has_its_power_in_its_band():
    sound = torch.sin(2 * torch.pi * 600 * torch.arange(16_000) / 16_000)
    found = powers(sound)[50]
    assert found.argmax() == bands()[:, 15].argmax()  # 600 Hz are bin 15 of 40 Hz
    amplitude = torch.hann_window(400).sum() / 2  # of the transform of a sine of amplitude 1 in the middle of its bin
    near = bands()[:, 14] / 4 + bands()[:, 15] + bands()[:, 16] / 4  # powers beside it under a Hann window
    torch.testing.assert_close(found, near * amplitude**2, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(
    ("samples", "count"),
    [(800, 1), (25_600, 1), (31_000, 1), (40_000, 2), (59_200, 4), (100_000, 7), (160_000, 12)],
)
def test_it_hears_pieces_as_its_authors_cut_them(samples, count):
    """Numbers of Resemblyzer's ``compute_partial_slices(n, 1.3, 0.75)``."""
    assert pieces(torch.zeros(samples)).shape == (count, 160, 40)


def test_it_is_an_lstm_whose_last_state_is_projected_to_the_sphere(encoder):
    """The recurrence by hand, in float64."""
    x = torch.rand(2, 7, 40, generator=torch.Generator().manual_seed(0))
    weights = {name: value.double().numpy() for name, value in encoder.state_dict().items()}
    seen = x.double().numpy()
    for layer in range(3):
        w, u, b, c = (weights[f"lstm.{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        state, cell, states = np.zeros((2, 256)), np.zeros((2, 256)), []
        for time in range(7):
            i, f, g, o = np.split(seen[:, time] @ w.T + b + state @ u.T + c, 4, axis=1)
            cell = cell / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            state = np.tanh(cell) / (1 + np.exp(-o))
            states.append(state)
        seen = np.stack(states, 1)
    raw = np.maximum(seen[:, -1] @ weights["linear.weight"].T + weights["linear.bias"], 0)
    expected = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder(x).numpy(), expected, atol=1e-6)


def test_an_embedding_is_the_mean_over_the_pieces_and_has_length_one(encoder):
    sound = noise(3.0)
    found = encoder.embedding(sound)
    each = encoder(pieces(torch.from_numpy(sound))).double().numpy()
    assert len(each) > 1
    np.testing.assert_allclose(found, each.mean(0) / np.linalg.norm(each.mean(0)), atol=1e-7)
    assert np.linalg.norm(found) == pytest.approx(1)


def test_quiet_sounds_are_raised_to_one_loudness_and_loud_ones_stay(encoder):
    sound = noise(1.6)
    np.testing.assert_allclose(encoder.embedding(sound / 100), encoder.embedding(sound / 1000), atol=1e-7)
    assert np.abs(encoder.embedding(sound) - encoder.embedding(sound / 100)).max() > 1e-5
    assert np.isfinite(encoder.embedding(np.zeros(8000, np.float32))).all()


def test_a_pickled_object_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    torch.save({"model_state": Trap()}, tmp_path / "pretrained.pt")
    with pytest.raises(Exception, match="weights_only"):
        SpeakerEncoder(tmp_path / "pretrained.pt")
    assert not (tmp_path / "sprung").exists()
