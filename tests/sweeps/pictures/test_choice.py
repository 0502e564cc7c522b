"""Which pictures a sweep gets, and that equal sweeps get equal files."""

import pytest

from genlab.sweeps.pictures.choice import draw_all, pictures
from genlab.sweeps.pictures.page import Swept

from sweeping import HIGH, grid, run, scattered

MAP, CURVE, VALUES = "heatmap_beta_latent_dim.png", "rate_distortion.png", "values.png"
SEARCH = ["parallel.png", "importance.png", "history.png"]
OTHER = [run(i, float(-i), model__net="ab"[i % 2], model__beta=1 + i // 2) for i in range(4)]


def swept(rows, method="grid", **more):
    return Swept(list(rows[0].values), method, **more)


@pytest.mark.parametrize(
    ("rows", "method", "names"),
    [
        (grid(), "grid", [MAP, CURVE]),
        (OTHER, "grid", ["heatmap_net_beta.png"]),
        (grid(latents=(8,)), "grid", [CURVE, VALUES]),
        (grid(betas=(1,)), "grid", [VALUES]),
        (grid(betas=(1,), latents=(2,)), "grid", []),
        (grid(), "random", [MAP, CURVE, "importance.png", "history.png"]),
        (scattered(40, 2), "random", ["map_lr_net.png", VALUES, "importance.png", "history.png"]),
        (scattered(70, 2), "bayes", ["map_lr_net.png", VALUES, *SEARCH]),
        (scattered(40, 5), "bayes", [VALUES, *SEARCH]),
        ([run(0, -1.0, model__beta=1), run(1, None, "failed", model__beta=2)], "grid", []),
    ],
)
def test_each_sweep_gets_the_pictures_that_fit(rows, method, names):
    importance = dict.fromkeys(rows[0].values, 0.5)
    assert [picture.name for picture in pictures(rows, HIGH, swept(rows, method, importance=importance))] == names


def test_a_third_parameter_makes_a_map_of_each_pair():
    rows = [run(i, -float(i), model__a=i % 2, model__b=i // 2 % 2, model__c=i // 4) for i in range(8)]
    names = [picture.name for picture in pictures(rows, HIGH, swept(rows))]
    assert names == ["heatmap_a_b.png", "heatmap_a_c.png", "heatmap_b_c.png", "parallel.png"]


def test_without_a_goal_only_the_curve_is_drawn():
    assert [picture.name for picture in pictures(grid(), None, swept(grid()))] == [CURVE]


def test_a_search_of_which_no_importance_is_known_has_no_picture_of_it():
    assert "importance.png" not in [picture.name for picture in pictures(grid(), HIGH, swept(grid(), "bayes"))]


def test_pictures_are_written_and_said_and_equal_rows_in_another_order_make_the_same_bytes(tmp_path, capsys):
    rows, about = grid(seeds=2), swept(grid(), name="beta_latent_grid")
    paths = draw_all(tmp_path / "a", rows, HIGH, about)
    said = capsys.readouterr().err.splitlines()
    assert paths == [tmp_path / "a" / "images" / MAP, tmp_path / "a" / "images" / CURVE]
    assert [line.split(": ")[1] for line in said] == [
        "val/elbo at each beta and latent_dim",
        "distortion against rate of val images, points labelled by beta",
    ]
    again = [path.read_bytes() for path in draw_all(tmp_path / "b", rows[::-1], HIGH, about)]
    assert [path.read_bytes() for path in paths] == again
    assert not any(b"Matplotlib" in content for content in again)
    assert [path.name for path in sorted((tmp_path / "a" / "images").iterdir())] == [MAP, CURVE]
