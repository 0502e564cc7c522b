"""The landscape of a trained game: D's best and the distance of densities in a case where both are known; the film again."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlab.analysis.landscape import film_again, landscape, said_of_d, said_of_points, scene_of
from genlab.contracts import ConfigError
from genlab.data.sets.toy1d import Toy1D
from genlab.film.frame import Frame, Scene
from genlab.film.kept import keep


class Learnt:
    """G makes N(shift, 1); D is best against data of N(0, 1): its log-odds are log p - log q = shift^2/2 - shift x."""

    needs, device, weight_dtype, offset_is_free = (), torch.device("cpu"), torch.float32, False

    def __init__(self, shift):
        self.shift = shift

    def judge(self, x, *, label=None):
        return self.shift**2 / 2 - self.shift * x[:, 0]

    def draw(self, n, *, seed=None):
        return torch.randn(n, 1, generator=torch.Generator().manual_seed(seed))

    def decode(self, z, *, label=None):
        return z + self.shift

    def sample(self, n, *, label=None, seed=None):
        return self.decode(self.draw(n, seed=seed))


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("none")
    return scene_of(Toy1D([0.0], 1.0, 20_000, 0, 100, None).prepare(folder, folder), "a line", "val", 2000)


def test_of_a_best_d_the_numbers_are_those_of_the_closed_form(scene):
    """Two normal distributions a distance of 1 apart: total variation 2 Phi(1/2) - 1 = 0.3829, 0.372 through the kernel."""
    shown, numbers = landscape(Learnt(1.0), scene, 0, 4000, 128)
    assert shown.shape[2] == 4
    assert numbers["total_variation"] == pytest.approx(0.372, abs=0.03)
    assert numbers["from_best"] < 0.02
    best = 1 / (1 + np.exp(scene.real[:, 0] - 0.5))
    assert numbers["d_real"] == pytest.approx(best.mean(), abs=1e-4)
    assert numbers["d_fake"] == pytest.approx(1 - best.mean(), abs=0.03)  # by symmetry


def test_a_d_that_knows_nothing_is_far_from_best_unless_there_is_nothing_to_know(scene):
    blind, learnt = Learnt(1.0), Learnt(0.0)
    blind.judge = lambda x, *, label=None: torch.zeros(len(x))
    assert landscape(blind, scene, 0, 4000, 128)[1]["from_best"] > 0.15
    numbers = landscape(learnt, scene, 0, 4000, 128)[1]
    assert (numbers["d_real"], numbers["d_fake"]) == (0.5, 0.5)
    assert numbers["from_best"] < 0.03
    assert numbers["total_variation"] < 0.05


def test_what_has_no_landscape_is_refused(scene):
    images = SimpleNamespace(points={"val": None}, modes=None, spec=SimpleNamespace(name="digits"))
    with pytest.raises(ConfigError, match="digits has no points.*data=toy2d"):
        scene_of(images, "", "val", 10)
    with pytest.raises(ConfigError, match="what=landscape"):
        landscape(SimpleNamespace(), scene, 0, 10, 8)


def test_the_film_of_a_run_is_made_again_from_its_frames(scene, tmp_path):
    assert film_again(tmp_path, scene, 9, tmp_path / "out") == []
    box = np.array([[-3], [3]], np.float32)
    for step in (0, 50):
        keep(Frame(step, box, np.full(8, 0.5, np.float32), scene.real[:50]), tmp_path / "tables" / "landscape")
    written = film_again(tmp_path, scene, 9, tmp_path / "out")
    assert [path.name for path in written] == ["landscape.gif", "landscape.html"]
    assert 'alt="batch 50"' in written[1].read_text()


def test_modes_are_those_of_generated_points(scene):
    """The data are within 3 sigma of their mode but for 0.3 %, and half of points 3 sigma away are."""
    near, away = (landscape(Learnt(shift), scene, 0, 4000, 16)[1] for shift in (0.0, 3.0))
    assert near["high_quality"] == pytest.approx(0.997, abs=0.004)
    assert away["high_quality"] == pytest.approx(0.5, abs=0.03)


def test_a_probability_is_said_only_where_d_gives_one():
    found = {"d_real": 0.6, "d_fake": 0.4}
    told = said_of_d(found, "non_saturating")
    assert told == "D is on average 0.600 on real points and 0.400 on generated ones"
    assert said_of_d(found, "hinge").startswith(
        "the sigmoid of D's output (no probability under the loss hinge) is on average"
    )
    assert said_of_d(found | {"from_best": 0.1}, "saturating").endswith("; it is 0.100 away from the best D")


def test_of_a_set_without_modes_nothing_is_said_of_them(scene):
    assert said_of_points({}, Scene("", scene.real), 10) == "10 generated points; the modes of this set are not known"
