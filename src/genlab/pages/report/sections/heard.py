"""Players for the sounds of runs on speech."""

from __future__ import annotations

from genlab.pages.html import Markup, element, joined
from genlab.pages.report.content import Content
from genlab.pages.report.sounds import Sentence, Sound
from genlab.sweeps.words import plural

ABOUT = (
    "Validation sentences of the last epoch that has pictures: as they are, in the other voice, and back. All three have gone "
    "through the same spectrograms and Griffin-Lim, so that what differs is the model's."
)


def sounds(content: Content) -> Markup:
    """The section of sounds; nothing where there are none."""
    found = content.sounds
    if not found.sentences:
        return Markup()
    left = f" Without {plural(found.left, 'sentence')}: the page has no room for more." if found.left else ""
    figures = [figure(content, run, some) for run, some in sorted(found.sentences.items())]
    return element(
        "section",
        {"class": "sounds", "aria-labelledby": "sounds"},
        element("h2", {"id": "sounds"}, "Sounds"),
        element("p", None, ABOUT, left),
        *figures,
    )


def figure(content: Content, run: int, sentences: list[Sentence]) -> Markup:
    """The players of a run."""
    label = content.records[run].label
    epochs = [sound.epoch for sentence in sentences for sound in sentence.sounds if sound.epoch is not None]
    words = f"epoch {max(epochs)}" if epochs else ""
    caption = [element("i", {"class": "swatch"}), element("b", None, label), " ", element("small", None, words)]
    players = [sentence_of(label, one) for one in sentences]
    return element("figure", {"data-run": run}, element("figcaption", None, *caption), joined(players))


def sentence_of(label: str, sentence: Sentence) -> Markup:
    """The players of a sentence beside each other."""
    title = f"{' → '.join(sentence.direction.split('to'))}, sentence {sentence.number}"
    players = [player(f"{sound.what} of {title}, {label}", sound) for sound in sentence.sounds]
    return element("div", {"class": "sentence"}, element("h3", None, title), *players)


def player(name: str, sound: Sound) -> Markup:
    """One player."""
    audio = element("audio", {"controls": True, "preload": "metadata", "src": sound.uri, "aria-label": name})
    return element("div", {"class": "player"}, element("small", None, sound.what), audio)
