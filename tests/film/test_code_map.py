"""What is seen on a map of codes: each image where its code lies in the plane, in the colour of its class."""

import numpy as np
import pytest
from PIL import Image

from genlab.figures import class_colours
from genlab.film import code_map
from genlab.film.canvas import WORDS, on_white
from genlab.film.code_map import CodeFrame, CodeMap, CodeScene, View, caption, write_map

PLAIN = View(np.zeros(2), np.eye(2), ("$z_1$", "$z_2$"))
BOX = ((-1.0, 1.0), (-1.0, 1.0))
NAMES = tuple("abcdefghij")


def frame(code, index=None, epoch=1.0):
    code = np.float32(code)
    return CodeFrame(100, epoch, np.arange(len(code)) if index is None else np.array(index), code)


def scene(classes=None, names=(), view=PLAIN, title="", plain=""):
    return CodeScene(title, view, None if classes is None else np.array(classes), names, plain)


def drawn(shown, one, count=10):
    return CodeMap(shown, BOX, count).draw(one)


def at(made, x, y):
    """The colour at a place of the field, and how opaque it is."""
    column, row = code_map.LEFT + (x + 1) / 2 * code_map.SIDE, code_map.HEAD + (1 - y) / 2 * code_map.SIDE
    return made[int(row), int(column)].astype(int)


def rgb(text):
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)])


def test_a_code_lies_at_its_place_in_the_colour_of_its_images_class():
    """Classes go by the index of an image in its split, not by its place in the frame."""
    classes = [9, 9, 3, 9, 0, 9, 1]
    made = drawn(scene(classes, NAMES), frame([[-0.5, 0.25], [0.5, -0.75], [0.0, 0.0]], [2, 4, 6]))
    for place, number in (((-0.5, 0.25), 3), ((0.5, -0.75), 0), ((0.0, 0.0), 1)):
        assert np.abs(at(made, *place)[:3] - 255 * class_colours(10)[number][:3]).max() < 4
        assert at(made, *place)[3] > 190
    assert at(made, 0.5, 0.5)[3] == 0


def test_codes_are_seen_in_the_plane_of_the_view():
    view = View(np.array([1.0, 2.0, 3.0]), np.array([[0, 1], [1, 0], [0, 0]]), ("", ""))
    code = [[1.25, 1.5, 9.0]]
    assert view.points(np.array(code)).tolist() == [[-0.5, 0.25]]
    assert at(drawn(scene(view=view), frame(code)), -0.5, 0.25)[3] > 190


def test_without_classes_or_with_too_many_all_have_one_colour_and_there_is_no_legend():
    many = tuple(map(str, range(21)))
    for one in (scene(), scene([0, 20], many)):
        made = drawn(one, frame([[0.0, 0.0], [0.5, 0.5]]))
        assert all(np.abs(at(made, x, x)[:3] - rgb(WORDS)).max() < 4 for x in (0.0, 0.5))
        assert made.shape[1] == code_map.LEFT + code_map.SIDE + code_map.RIGHT
    assert drawn(scene([0, 1], NAMES), frame([[0.0, 0.0]])).shape[1] > made.shape[1]


def test_the_legend_has_every_class_below_the_last_in_its_colour():
    made = on_white(drawn(scene([0], NAMES), frame([[9.0, 9.0]]))).astype(int)
    column = made[:, code_map.LEFT + code_map.SIDE + 16]
    for number, colour in enumerate(class_colours(10)):
        row = code_map.HEAD + code_map.ROW * (number + 0.5)
        assert np.abs(column[int(row)] - 255 * colour[:3]).max() < 4


NO_FORMULA = r"$\nothing$"  # who takes it for one cannot draw it


def test_names_of_classes_and_the_title_are_text_whatever_is_in_them():
    drawn(scene([0, 1, 2], ("_hidden", NO_FORMULA, "x" * 200), title=NO_FORMULA), frame([[0.0, 0.0]]))


def test_no_class_hides_another():
    """Two classes at the same 200 places, one after the other in the frame: of each some lie above."""
    codes = np.linspace([-0.9, 0], [0.9, 0], 200)
    made = drawn(scene([0] * 200 + [1] * 200, NAMES), frame(np.concatenate([codes, codes])), 400)
    row = made[code_map.HEAD + code_map.SIDE // 2, code_map.LEFT : code_map.LEFT + code_map.SIDE, :3].astype(int)
    first, second = (np.abs(row - 255 * colour[:3]).max(-1) < 60 for colour in class_colours(10)[:2])
    assert first.sum() > 100
    assert second.sum() > 100


def test_a_frame_does_not_depend_on_those_before_it():
    dice = np.random.default_rng(0)
    shown = scene(dice.integers(0, 10, 50), NAMES)
    frames = [frame(dice.uniform(-1, 1, (count, 2)), epoch=count) for count in (30, 50, 40)]
    draw = CodeMap(shown, BOX, 10).draw
    together = [draw(one) for one in frames]
    for one, made in zip(frames, together, strict=True):
        assert np.array_equal(made, drawn(shown, one))


@pytest.mark.parametrize(
    ("epoch", "words"), [(0.0, "epoch 0"), (3.0, "epoch 3"), (30 / 17, "epoch 1.76"), (1000.0, "epoch 1000")]
)
def test_a_frame_tells_its_epoch(epoch, words):
    assert caption(frame([[0.0, 0.0]], epoch=epoch)) == words


def test_a_film_shows_all_its_frames_within_one_box(tmp_path, monkeypatch):
    """So they can be compared: what moves are the codes, not the axes."""
    boxes = []
    monkeypatch.setattr(code_map, "CodeMap", lambda scene, box, count: boxes.append(box) or CodeMap(scene, box, count))
    near, far = np.float32([[0, 0], [0.1, 0]]), np.float32([[-4, 0], [4, 0]])
    shown = scene(title="a <b>", plain="One colour: of digits")
    gif, html = write_map(shown, [frame(near, epoch=0), frame(far), frame(near, epoch=2)], tmp_path, "map")
    ((left, right), (low, high)) = boxes[0]
    assert (left < -4, right > 4, high - low) == (True, True, right - left)
    with Image.open(gif) as film:
        assert film.n_frames == 3
    page = html.read_text()
    assert "<h1>Codes of a &lt;b&gt;</h1>" in page
    assert "puts 2 validation images, the same ones in every frame. One colour: of digits.</p>" in page


def test_ten_frames_of_two_thousand_images_are_less_than_two_megabytes(tmp_path):
    dice = np.random.default_rng(0)
    shown = scene(dice.integers(0, 10, 2000), NAMES)
    frames = [frame(dice.standard_normal((2000, 2)), epoch=epoch) for epoch in range(11)]
    assert max(path.stat().st_size for path in write_map(shown, frames, tmp_path, "map")) < 2_000_000
