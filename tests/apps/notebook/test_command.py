"""A command from a notebook: what it says is printed, what is typed arrives as it stands, and a failure is an error."""

import pytest

from genlab import command
from genlab.contracts import GenlabError


def test_it_says_below_the_cell_what_it_says_at_a_prompt(capsys):
    command("train", "--cfg", "job", "notes='two words; $HOME'")
    assert "notes: two words; $HOME\n" in capsys.readouterr().out


def test_a_failure_is_an_error_below_its_own_words(capsys):
    with pytest.raises(GenlabError, match="genlab train ended with exit code 2"):
        command("train", "model=vea")
    assert "vae" in capsys.readouterr().out
