"""What is seen on a frame: each place in the colour of what D holds of it, each point where it is, arrows from z to G(z)."""

import numpy as np
import pytest

from genlab.film import line, plane
from genlab.film.canvas import on_white
from genlab.film.frame import Frame, Scene
from genlab.film.write import painter, picture

BOX = np.array([[-1, -1], [1, 1]], np.float32)
FAR = np.array([[5.0, 5.0]], np.float32)  # outside of what is shown


def rgb(text):
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)])


def at(made, x, y):
    """The colour at a place of the field."""
    column = plane.EDGE + (x + 1) / 2 * plane.SIDE
    row = plane.HEAD + (1 - y) / 2 * plane.SIDE
    return made[int(row), int(column), :3].astype(int)


def in_plane(belief, fake=FAR, real=FAR, step=0):
    return picture(Scene("", real), Frame(step, BOX, belief.astype(np.float32), fake))


def test_the_field_has_the_colour_of_what_d_holds_of_each_place():
    """Rows go upwards, columns to the right."""
    belief = np.zeros((9, 9))
    belief[5:, :] = 1  # above: real
    belief[5:, :4] = 0.5  # above, to the left: neither
    made = in_plane(belief)
    for place, colour in {
        (0.0, -0.6): plane.GENERATED,
        (0.6, -0.6): plane.GENERATED,
        (0.7, 0.7): plane.GENUINE,
        (-0.7, 0.7): plane.EVEN,
    }.items():
        assert np.abs(at(made, *place) - rgb(colour)).max() <= 6, place


def test_points_lie_where_they_are_and_fakes_above_real_ones():
    places = [(-0.5, 0.25), (0.5, -0.75), (0.0, 0.0)]
    made = in_plane(np.full((4, 4), 0.5), fake=np.float32([places[0], places[2]]), real=np.float32(places[1:]))
    assert np.abs(at(made, *places[0]) - rgb(plane.FAKE)).max() < 40
    assert np.abs(at(made, *places[2]) - rgb(plane.FAKE)).max() < 40
    assert at(made, *places[1])[2] > at(made, *places[1])[0] + 40  # blue
    assert np.abs(at(made, 0.5, 0.5) - rgb(plane.EVEN)).max() <= 6


def test_a_line_marks_where_d_gives_one_half_and_only_there():
    slope = np.linspace(0, 1, 33)[None].repeat(33, 0)
    dark = in_plane(slope)[plane.HEAD + 20 : plane.HEAD + plane.SIDE - 20, :, :3].max(-1) < 170
    columns = (dark[:, plane.EDGE + 5 : plane.EDGE + plane.SIDE - 5].all(0)).nonzero()[0] + 5
    assert len(columns) in (1, 2)
    assert abs(columns.mean() - plane.SIDE / 2) < 3
    assert not (in_plane(np.full((4, 4), 0.4))[100:500, 100:500, :3].max(-1) < 170).any()


def test_a_frame_does_not_depend_on_those_before_it():
    scene, dice = Scene("", FAR), np.random.default_rng(0)
    frames = [
        Frame(step, BOX, dice.random((8, 8), np.float32), dice.uniform(-1, 1, (30, 2)).astype(np.float32))
        for step in (0, 100, 200)
    ]
    draw = painter(scene, frames[0]).draw
    together = [draw(frame) for frame in frames]
    for frame, made in zip(frames, together, strict=True):
        assert np.array_equal(made, picture(scene, frame))
    assert not np.array_equal(together[0], together[1])


def on_a_line(belief, fake, z=(), image=(), known=True):
    centres = {"centres": np.zeros((1, 1), np.float32), "sigma": 0.2} if known else {}
    scene = Scene("", np.random.default_rng(0).normal(0, 0.2, (500, 1)).astype(np.float32), **centres)
    box = np.array([[-1], [1]], np.float32)
    numbers = (np.asarray(x, np.float32) for x in (belief, np.reshape(fake, (-1, 1)), z, image))
    return on_white(picture(scene, Frame(100, box, *numbers))).astype(int)


def columns_of(made, colour, rows, near=30):
    """Where a colour is seen in rows of pixels: x in [-1, 1]."""
    found = (np.abs(made[rows] - rgb(colour)).max(-1) <= near).any(0).nonzero()[0]
    return (found / line.WIDE - 0.06) / 0.88 * 2 - 1


def rows_of(made, colour, column, near=30):
    """How high a colour is seen in the upper part in a column: in [0, 1] of D's axis."""
    found = (np.abs(made[:, column] - rgb(colour)).max(-1) <= near).nonzero()[0]
    found = found[found > 0.09 * line.HIGH]
    return (1 - found / line.HIGH - 0.36) / 0.55 * 1.02


def test_arrows_lead_from_evenly_spaced_z_to_their_images():
    made = on_a_line(np.full(64, 0.9), [0.0], z=[-2, 0, 2], image=[0.5, 0.6, -0.3])
    heads = columns_of(made, line.FAKE, slice(int(line.HIGH * 0.725), int(line.HIGH * 0.735)))
    for image in (0.5, 0.6, -0.3):
        assert np.abs(heads - image).min() < 0.01
    assert np.all(np.min(np.abs(heads[:, None] - np.array([0.5, 0.6, -0.3])), 1) < 0.03)
    feet = columns_of(made, line.FAKE, slice(int(line.HIGH * 0.915), int(line.HIGH * 0.925)), near=90)
    assert np.all(np.min(np.abs(feet[:, None] - np.array([-1, 0, 1])), 1) < 0.12)
    assert np.all(np.min(np.abs(feet[:, None] - np.array([-1, 0, 1])), 0) < 0.12)


def test_ds_curve_is_as_high_as_d_and_the_best_one_is_dashed_beside_it():
    """A generator far from the data: the best D is 1 where the data is."""
    made = on_a_line(np.full(64, 0.25), [0.8], z=[-1, 1], image=[0.8, 0.8])
    for column in (200, 600):
        heights = rows_of(made, line.JUDGE, column)
        assert abs(np.median(heights) - 0.25) < 0.02
    dashes = [rows_of(made, line.JUDGE, column).max() for column in range(330, 430)]
    assert max(dashes) == pytest.approx(1, abs=0.02)
    unknown = on_a_line(np.full(64, 0.25), [0.8], z=[-1, 1], image=[0.8, 0.8], known=False)
    assert max(rows_of(unknown, line.JUDGE, column).max() for column in range(330, 430)) < 0.3


def test_without_a_z_of_one_number_the_curves_have_the_whole_picture():
    made = on_a_line(np.full(64, 0.5), [0.0])
    assert made.shape == (line.HIGH, line.WIDE, 3)
    assert len(columns_of(made, line.REAL, slice(int(0.88 * line.HIGH), int(0.9 * line.HIGH)))) > 0


def test_a_picture_before_white_has_no_trace_of_what_is_transparent():
    clear = np.zeros((1, 2, 4), np.uint8)
    clear[0, 1] = 200, 100, 0, 128
    assert on_white(clear).tolist() == [[[255, 255, 255], [227, 177, 127]]]
