"""How keys, values and numbers are written."""

import pytest

from genlab.sweeps.words import duration, number_text, short_names, shortened, spread_decimals, spread_text, value_text


def test_a_key_is_cut_to_the_last_words_that_tell_it_from_the_others():
    keys = ["model.beta", "model/optimizer", "model.optimizer.lr", "model.a.lr", "data.batch_size"]
    assert list(short_names(keys).values()) == ["beta", "optimizer", "optimizer.lr", "a.lr", "batch_size"]
    assert short_names(["seed", "data.seed"]) == {"seed": "seed", "data.seed": "data.seed"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4.0, "4"),
        (1e-5, "1e-5"),
        (0.00034521, "0.0003452"),
        (True, "true"),
        (None, "null"),
        ("adam", "adam"),
        (12345, "12345"),
    ],
)
def test_a_value_is_written_as_it_is_typed(value, text):
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([-104.21, -90.5], ["-104.2", "-90.5"]),
        ([0.1234, 0.1236], ["0.123400", "0.123600"]),
        ([1200.0, 5600.0], ["1200", "5600"]),
        ([-100.0, -100.0], ["-100.0", "-100.0"]),
        ([3e9, 2e9], ["3e9", "2e9"]),
        ([0.0, 4e-7, 3e-6], ["0", "4e-7", "3e-6"]),
        ([0.0, 1.0], ["0.00", "1.00"]),
        ([-0.001, 50.0], ["0.0", "50.0"]),
    ],
)
def test_numbers_have_the_decimals_that_tell_them_apart(values, texts):
    decimals = spread_decimals(values)
    assert [number_text(value, decimals) for value in values] == texts


def test_a_small_spread_is_not_written_as_zero():
    assert (spread_text(0.314, 1), spread_text(0.0019, 2), spread_text(0.0, 2)) == ("0.3", "0.002", "0")


def test_long_words_lose_their_middle_and_dotted_ones_what_stands_before():
    assert shortened("genlab.nets.mlp.MLP", 12) == "MLP"
    assert shortened("abcdefghijklmnop", 9) == "abcd…mnop"
    assert shortened("0.123456", 8) == "0.123456"


@pytest.mark.parametrize(
    ("seconds", "text"), [(12.4, "12 s"), (150, "2 min"), (5000, "83 min"), (7900, "2 h 12 min"), (200000, "2 d 8 h")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
