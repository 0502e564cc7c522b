"""Every idea of the lectures has commands that compose, runs that its analyses can look at, a picture and a number."""

import re

import pytest
from hydra.utils import get_class
from PIL import Image

from genlab.analysis.base.needs import able_models
from genlab.config.files import Conf
from genlab.sweeps.spec import read_sweep
from lecture_pages import DOCS, ROOT, ideas

NOT_BUILT: set[int] = set()
NO_PICTURE = {16}  # a closed form
NOT_MEASURED = {35, 37, 38}  # that say of a part that it is "not measured yet"
BUILT = [idea for idea in ideas() if idea.number not in NOT_BUILT]
KILOBYTES = 260  # of one picture, at most


def each(idea):
    return f"{idea.number}-{idea.title}"


def test_there_are_43_ideas_each_once_and_in_order():
    assert [idea.number for idea in ideas()] == list(range(1, 44))


def test_what_is_not_built_is_said_in_a_sentence_and_nothing_else_is():
    assert {idea.number for idea in ideas() if "This idea is not yet in genlab." in idea.text} == NOT_BUILT


def test_what_is_not_measured_is_known():
    assert {idea.number for idea in ideas() if "not measured" in idea.text.replace("\n", " ")} == NOT_MEASURED


@pytest.mark.parametrize("idea", BUILT, ids=each)
def test_an_idea_has_words_commands_a_picture_a_number_and_a_page_to_go_on(idea):
    words = idea.text.partition("```")[0].split()
    assert 20 <= len(words) <= 90
    assert idea.lines
    assert bool(idea.pictures) != (idea.number in NO_PICTURE)
    assert re.search(r"\d", idea.part("Measured"))
    assert "](" in idea.part("More")


@pytest.mark.parametrize("idea", BUILT, ids=each)
def test_every_line_is_a_command_that_composes(idea):
    others = [line for line in idea.lines if not line.startswith("python src/")]
    assert all(
        line.startswith(("tensorboard --logdir ", "pytest -n 0 tests/", "python tests/voices.py ")) for line in others
    )
    for command in idea.commands:
        cfg = command.composed()
        if command.door == "sweep":
            read_sweep(ROOT / cfg.file)


@pytest.mark.parametrize("idea", BUILT, ids=each)
def test_what_is_looked_at_has_been_trained_above_by_a_model_that_can(idea):
    trained = {}
    for command in idea.commands:
        cfg = command.composed()
        assert set(command.looks_at) <= set(trained), command.rest
        if command.door == "analyze" and command.looks_at:
            able = able_models(get_class(cfg.what._target_).needs)
            assert {trained[name] for name in command.looks_at} <= set(able), command.rest
        if command.door == "train":
            trained[command.makes] = cfg.choices.model


def test_the_table_has_every_idea_and_its_figures_stand_on_the_page_of_the_idea():
    table = (DOCS / "lectures.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| \[(.+?)\]\(lectures_(\w+)\.md#\S+\) \| (.*?) \| (.*?) \|$", table, re.MULTILINE)
    assert [(int(n), title, page) for n, title, page, *_ in rows] == [(i.number, i.title, i.page) for i in ideas()]
    for (number, *_, typed, measured), idea in zip(rows, ideas(), strict=True):
        text = " ".join(idea.text.split())
        assert not [figure for figure in re.findall(r"\d[\d.,]*\d|\d", measured) if figure not in text], number
        assert not [word for word in re.findall(r"`([^`]+)`", typed) if not all(w in text for w in word.split())], (
            number
        )
        assert ("not measured yet" in measured) <= ("not measured yet" in text), number


def test_no_recipe_analysis_or_sweep_is_without_a_lecture():
    text, conf = "\n".join(idea.text for idea in ideas()), Conf()
    assert not [name for name in conf.options("experiment") if f"experiment={name}" not in text]
    assert not [name for name in conf.options("what") if f"what={name}" not in text]
    assert not [path.name for path in (ROOT / "sweeps").glob("*.yaml") if f"sweeps/{path.name}" not in text]


def test_the_pictures_are_there_small_and_none_is_left_over():
    shown = {name for idea in ideas() for name in idea.pictures}
    for name in shown:
        path = DOCS / name
        assert path.stat().st_size < KILOBYTES * 1000, name
        with Image.open(path) as picture:
            picture.load()
    assert {f"images/{path.name}" for path in (DOCS / "images").glob("lectures_*")} <= shown
