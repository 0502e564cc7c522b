"""A film as GIF and as a page: every frame, in order, with its caption; and nothing on the page that asks for anything."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from genlab.film.frame import Frame, Scene
from genlab.film.gif import QUICK, REST, SLOW, Gif, pace
from genlab.film.page import Page
from genlab.film.write import write_film

SHADES = (0, 90, 180, 250)


def flat(shade, alpha=255):
    return np.broadcast_to(np.array([shade, shade, 255 - shade, alpha], np.uint8), (20, 30, 4)).copy()


class Parsed(HTMLParser):
    """The elements of a page, with their attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.inside = [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        self.words[self.inside] = self.words.get(self.inside, "") + data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def page():
    made = Page("gan on <ring> & $co", 'what "is" seen')
    for step, shade in enumerate(SHADES):
        made.add(flat(shade, 128 if step == 1 else 255), f"batch {step}<i>")
    return made


def test_a_gif_has_every_frame_on_white_and_rests_on_the_last(tmp_path):
    gif = Gif([flat(shade) for shade in SHADES])
    for shade in SHADES:
        gif.add(flat(shade))
    gif.add(flat(0, alpha=0))
    with Image.open(gif.write(tmp_path / "a" / "film.gif")) as film:
        assert (film.n_frames, film.info["loop"]) == (5, 0)
        durations = []
        for place in range(5):
            film.seek(place)
            durations.append(film.info["duration"])
            if place == 4:
                assert film.convert("RGB").getpixel((3, 3)) == (255, 255, 255)
    assert durations == [pace(5)] * 4 + [REST]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["film.gif"]


def test_a_film_of_few_frames_is_slower_and_none_is_too_slow_or_too_quick():
    assert [pace(count) for count in (1, 5, 40, 1000)] == [SLOW, SLOW, 150, QUICK]


def test_what_stands_still_in_a_gif_keeps_its_colour_to_the_bit(tmp_path):
    dice = np.random.default_rng(0)
    pictures = [flat(120) for _ in range(6)]
    for picture in pictures:
        picture[:, :15, 0] = np.arange(0, 240, 16)
        picture[:, 15:, :3] = dice.integers(0, 255, (20, 15, 3))
    gif = Gif(pictures[:2])
    for picture in pictures:
        gif.add(picture)
    still = [np.asarray(frame.convert("RGB"))[:, :15] for frame in gif.frames]
    assert all(np.array_equal(still[0], other) for other in still)


def test_the_page_holds_every_frame_in_order_with_its_caption(page):
    images = Parsed(page.text()).all("img")
    assert [image["alt"] for image in images] == [f"batch {step}<i>" for step in range(4)]
    assert [image.get("class") for image in images] == [None, None, None, "shown"]
    for image, shade in zip(images, SHADES, strict=True):
        kind, _, content = image["src"].removeprefix("data:image/").partition(";base64,")
        assert kind in ("webp", "png")
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA"))
        assert picture.shape == (20, 30, 4)
        assert np.abs(picture[10, 10, :3].astype(int) - [shade, shade, 255 - shade]).max() < 12
        assert (image["width"], image["height"]) == ("30", "20")


def test_the_page_asks_for_nothing(page):
    text = page.text()
    parsed = Parsed(text)
    policy = next(meta["content"] for meta in parsed.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; img-src data:;")
    addresses = [value for _, own in parsed.elements for key, value in own.items() if key in ("src", "href", "action")]
    assert all(address.startswith("data:image/") for address in addresses)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttp", re.sub(r'src="[^"]*"', "", text))


def test_words_on_the_page_are_text_whatever_is_in_them(page):
    parsed = Parsed(page.text())
    assert parsed.words["h1"] == parsed.words["title"] == "gan on <ring> & $co"
    assert 'what "is" seen' in parsed.words["p"]
    assert parsed.words["output"] == "batch 3<i>"
    assert not parsed.all("ring")
    assert not parsed.all("i")


def test_the_page_can_be_worked_by_slider_button_and_keys(page):
    """What the keys do was seen in a browser; here, that each is there and named."""
    text = page.text()
    parsed = Parsed(text)
    (slider,), (button,) = parsed.all("input"), parsed.all("button")
    assert (slider["type"], slider["min"], slider["max"], slider["value"]) == ("range", "0", "3", "3")
    assert button["aria-label"] == "Play"
    for word in ("ArrowLeft", "ArrowRight", "prefers-color-scheme: dark", "prefers-reduced-motion"):
        assert word in text
    assert f"at === last ? {REST} : {pace(4)}" in text


@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_film_has_the_frames_it_was_given(dimensions, tmp_path):
    dice = np.random.default_rng(0)
    box = np.array([[-1] * dimensions, [1] * dimensions], np.float32)
    real = dice.uniform(-1, 1, (40, dimensions)).astype(np.float32)
    frames = [
        Frame(
            1000 * i,
            box,
            dice.random([16] * dimensions, np.float32),
            dice.uniform(-1, 1, (40, dimensions)).astype(np.float32),
        )
        for i in range(3)
    ]
    gif, html = write_film(Scene("a title", real), frames, tmp_path, "landscape")
    with Image.open(gif) as film:
        assert film.n_frames == 3
    parsed = Parsed(html.read_text(encoding="utf-8"))
    assert [image["alt"] for image in parsed.all("img")] == ["batch 0", "batch 1,000", "batch 2,000"]
    assert parsed.words["h1"] == "a title"
