"""The numbers of a frame: D at each place, the same z in every frame, an offset that a loss leaves free taken away."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.contracts import ConfigError, DataSpec
from genlab.metrics import landscape
from genlab.metrics.landscape import box_around, frame_of, places, require_landscape


class Game:
    """D is a plane over the points, G doubles z; ``offset`` is added to all that D says."""

    needs, device, weight_dtype = (), torch.device("cpu"), torch.float32

    def __init__(self, slope, offset=0.0, free=False):
        self.slope, self.offset, self.offset_is_free = torch.tensor(slope), offset, free

    def judge(self, x, *, label=None):
        return x @ self.slope + self.offset

    def draw(self, n, *, seed=None):
        return torch.randn(n, len(self.slope), generator=torch.Generator().manual_seed(seed))

    def decode(self, z, *, label=None):
        return 2 * z

    def sample(self, n, *, label=None, seed=None):
        return self.decode(self.draw(n, seed=seed))


def real(*rows):
    return np.array(rows, np.float32)


CORNERS = real([-1, 0], [1, 4])


def test_the_box_is_a_square_around_the_points_with_a_margin():
    np.testing.assert_allclose(box_around(CORNERS), [[-2.6, -0.6], [2.6, 4.6]], rtol=1e-6)
    np.testing.assert_allclose(box_around(real([-1], [3])), [[-1.6], [3.6]], rtol=1e-6)
    low, high = box_around(real([5.0], [5.0]))
    assert low < 5 < high


def test_the_grid_goes_along_rows_upwards_with_both_borders():
    box = np.array([[0, 10], [2, 30]], np.float32)
    grid = places(box, 3).reshape(3, 3, 2)
    assert grid[0].tolist() == [[0, 10], [1, 10], [2, 10]]
    assert grid[:, 0].tolist() == [[0, 10], [0, 20], [0, 30]]
    assert places(np.array([[-1], [1]], np.float32), 5)[:, 0].tolist() == [-1, -0.5, 0, 0.5, 1]


def test_the_field_is_ds_probability_at_each_place(monkeypatch):
    monkeypatch.setattr(landscape, "AT_ONCE", 7)
    box = box_around(CORNERS)
    frame = frame_of(Game([1.0, -2.0]), 300, CORNERS, box, 20, 5)
    x, y = (np.linspace(*box[:, axis], 5) for axis in (0, 1))
    expected = 1 / (1 + np.exp(-(x[None, :] - 2 * y[:, None])))
    np.testing.assert_allclose(frame.belief, expected, rtol=1e-4, atol=1e-7)
    assert (frame.step, frame.fake.shape, len(frame.z)) == (300, (20, 2), 0)


def test_fakes_are_of_the_same_z_in_every_frame_of_every_run():
    box = box_around(CORNERS)
    one, later = (frame_of(Game([slope, 0.0]), step, CORNERS, box, 20, 3) for slope, step in ((1.0, 0), (9.0, 500)))
    assert np.array_equal(one.fake, later.fake)
    assert not np.array_equal(one.belief, later.belief)


def test_where_a_loss_leaves_ds_offset_free_one_half_is_between_real_and_fake():
    box = box_around(CORNERS)
    free = [frame_of(Game([1.0, 0.5], offset, free=True), 0, CORNERS, box, 50, 3).belief for offset in (0.0, 40.0)]
    np.testing.assert_allclose(free[0], free[1], atol=1e-5)
    game = Game([1.0, 0.5])
    fake = game.sample(50, seed=landscape.SEED)
    middle = (game.judge(torch.from_numpy(CORNERS)).mean() + game.judge(fake).mean()) / 2
    bound = frame_of(Game([1.0, 0.5], -float(middle)), 0, CORNERS, box, 50, 3).belief
    np.testing.assert_allclose(free[0], bound, atol=1e-5)


def test_arrows_lead_from_even_z_on_a_line_if_z_is_one_number():
    points = real([-1], [1])
    frame = frame_of(Game([1.0]), 0, points, box_around(points), 5, 3)
    np.testing.assert_allclose(frame.z, np.linspace(-2.5, 2.5, 25), atol=1e-6)
    np.testing.assert_allclose(frame.image, 2 * frame.z, atol=1e-6)
    game = Game([1.0])
    game.draw = lambda n, *, seed=None: torch.zeros(n, 3)
    game.sample = lambda n, *, label=None, seed=None: torch.zeros(n, 1)
    assert len(frame_of(game, 0, points, box_around(points), 5, 3).z) == 0


@pytest.mark.parametrize(
    ("model", "shape", "words"),
    [
        (Game([1.0]), (1, 28, 28), r"on a line or in the plane, not of \[1, 28, 28\]. Type: model=gan data=toy2d"),
        (Game([1.0]), (3,), r"not of \[3\]"),
        (SimpleNamespace(sample=None), (2,), "SimpleNamespace has no generator and discriminator to show"),
    ],
)
def test_what_has_no_landscape_is_refused(model, shape, words):
    with pytest.raises(ConfigError, match=f"^here: .*{words}"):
        require_landscape(model, shape, "here")


def test_a_game_of_labels_is_refused():
    game = Game([1.0])
    game.needs, game.spec = ("classes",), DataSpec("x", "points", (2,), {}, "")
    with pytest.raises(ConfigError, match="a landscape for each label"):
        require_landscape(game, (2,), "here")
