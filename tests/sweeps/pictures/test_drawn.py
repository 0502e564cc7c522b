"""What stands in the pictures of a sweep, read from what is drawn."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from genlab.sweeps.pictures import heatmap, history, importance, parallel, rate_distortion, scatter
from genlab.sweeps.pictures.page import BEST, Swept
from genlab.sweeps.pictures.shade import Shade, limits
from genlab.sweeps.ranking import fold

from sweeping import BETA, HIGH, LATENT, LOW, grid, run, scattered

SWEPT = Swept([BETA, LATENT], "grid", "beta_latent_grid", 64)


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def drawn_map(rows, goal=HIGH, swept=SWEPT):
    pair = heatmap.wide_last(fold(rows), tuple(swept.keys[:2]))
    return heatmap.heat_map(fold(rows), pair, goal, swept)


# ---- heat map ---------------------------------------------------------------------------------------------------------


def test_the_fields_of_a_heat_map_are_the_values():
    figure = drawn_map(grid())  # rows beta 1, 2, 4; columns latent_dim 2, 8
    (image,) = figure.axes[0].images
    assert image.get_array().tolist() == [[-12, -18], [-22, -28], [-42, -48]]
    assert image.origin == "lower"
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["1", "2", "4"]
    assert sorted(words(figure)) == sorted(["-12.0", "-18.0", "-22.0", "-28.0", "-42.0", "-48.0"])


def test_replicates_stand_as_mean_and_standard_deviation():
    figure = drawn_map(grid(seeds=3))
    assert figure.axes[0].images[0].get_array()[0, 0] == -13
    assert "-13.0\n±1.0" in words(figure)


@pytest.mark.parametrize(("goal", "place"), [(HIGH, (0, 0)), (LOW, (1, 2))])
def test_the_best_field_is_framed_and_dark(goal, place):
    axes = drawn_map(grid(), goal).axes[0]
    (frame,) = [patch for patch in axes.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    assert to_hex(frame.get_edgecolor()) == BEST
    assert (frame.get_x() + 0.5, frame.get_y() + 0.5) == place
    colours = axes.images[0].to_rgba(axes.images[0].get_array())[..., :3].sum(-1)
    assert np.unravel_index(colours.argmin(), colours.shape) == place[::-1]


def test_a_failed_cell_is_hatched_and_has_no_value():
    rows = grid()
    rows[3] = run(3, None, "failed", model__beta=2, model__latent_dim=8)
    axes = drawn_map(rows).axes[0]
    assert axes.images[0].get_array().mask.tolist() == [[False, False], [False, True], [False, False]]
    (hatched,) = [patch for patch in axes.patches if patch.get_hatch()]
    assert (hatched.get_x() + 0.47, hatched.get_y() + 0.47) == (1, 1)
    assert "failed" in [text.get_text() for text in axes.texts]


def test_over_a_third_parameter_a_field_has_the_best():
    rows = [run(i, -float(i), model__a=i % 2, model__b=i // 2 % 2, model__c=i // 4) for i in range(8)]
    figure = drawn_map(rows, HIGH, Swept(["model.a", "model.b", "model.c"], "grid"))
    assert figure.axes[0].images[0].get_array().tolist() == [[0, -2], [-1, -3]]


def test_one_diverged_cell_does_not_take_the_colours_of_the_others():
    values = [-100.0 - i for i in range(20)] + [-1e6]
    assert limits(values) == (-119, -100)
    assert limits(values[:20]) == (-119, -100)
    assert limits([5.0, 5.0, 5.0]) == (4.95, 5.05)
    shade = Shade(values, HIGH)
    assert shade.colour(-1e6) == shade.colour(-119.0) != shade.colour(-100.0)


# ---- rate and distortion ------------------------------------------------------------------------------------------------


def test_the_curve_has_distortion_in_nats_a_dimension_over_rate_in_order_of_beta():
    figure = rate_distortion.rate_distortion(fold(grid()[::-1]), SWEPT)
    lines = {line.get_label(): line.get_xydata().tolist() for line in figure.axes[0].get_lines()}
    curves = {bars.get_label(): bars.lines[0].get_xydata().tolist() for bars in figure.axes[0].containers}
    assert curves["latent_dim 2"] == [[12, 0], [6, 16 / 64], [3, 39 / 64]]
    assert curves["latent_dim 8"] == [[12, 6 / 64], [6, 22 / 64], [3, 45 / 64]]
    (dashed,) = [points for points in lines.values() if len(points) == 2]
    assert [x + 64 * y for x, y in dashed] == pytest.approx([12, 12])  # the best ELBO is -12
    assert figure.axes[0].get_ylabel().endswith("nats a dimension")


def test_points_of_a_curve_are_labelled_by_beta():
    assert sorted(words(rate_distortion.rate_distortion(fold(grid(latents=(2,))), Swept([BETA], "grid")))) == [
        "1",
        "2",
        "4",
    ]


def test_spread_of_seeds_is_drawn_both_ways_in_the_axes_units():
    rows = [
        run(0, replicate=i, metrics={"test/kl": 4.0 + 2 * i, "test/recon": 64.0 + 128 * i}, model__beta=1)
        for i in (0, 1)
    ]
    ((point,),) = rate_distortion.curves(fold(rows), Swept([BETA], "grid", "", 64)).values()
    assert (point.rate, point.distortion) == (5, 2)
    assert point.spread == pytest.approx((2**0.5, 2**0.5))


def test_test_images_are_shown_before_validation_and_beta_is_found_where_the_objective_has_it():
    rows = [run(0, metrics={"val/kl": 1.0, "val/recon": 1.0, "test/kl": 2.0, "test/recon": 2.0}, model__beta=1)]
    assert rate_distortion.split_of(fold(rows)) == "test"
    assert rate_distortion.beta_key(["model.optimizer.betas", "model.objective.beta"]) == "model.objective.beta"
    assert rate_distortion.beta_key(["model.optimizer.beta", "model.beta_2"]) is None


# ---- searches -----------------------------------------------------------------------------------------------------------


def search():
    """Five cells that ended in the order 2 0 1 3 4; cell 3 is pruned, 1 failed."""
    results, states = [-5.0, None, -8.0, -1.0, -4.0], ["finished", "failed", "finished", "pruned", "finished"]
    runs = zip(results, states, [20.0, 30.0, 10.0, 40.0, 50.0], strict=True)
    return fold(run(i, result, state, ended=end, model__beta=i) for i, (result, state, end) in enumerate(runs))


def test_the_history_is_in_order_of_ends_and_a_pruned_cell_is_never_the_best():
    assert [cell.number for cell in history.by_end(search())] == [2, 0, 1, 3, 4]
    assert history.best_so_far(history.by_end(search()), HIGH) == [-8, -5, -5, -5, -4]
    assert history.best_so_far(history.by_end(search()), LOW) == [-8, -8, -8, -8, -8]
    axes = history.history(search(), HIGH, Swept([BETA], "bayes")).axes[0]
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert lines["finished"] == [[1, -8], [2, -5], [5, -4]]
    assert lines["best so far"] == [[1, -8], [2, -5], [3, -5], [4, -5], [5, -4]]
    assert [x for x, _ in lines["pruned"]] == [4]
    assert [x for x, _ in lines["failed"]] == [3]


def test_the_history_leaves_out_what_has_not_ended():
    cells = fold([run(0, -1.0), run(1, -2.0, "running"), run(2, None, "waiting"), run(3, -2.0, "preempted")])
    assert [cell.number for cell in history.by_end(cells)] == [0]


def test_bars_of_importance_are_the_shares_the_largest_first():
    shares = {BETA: 0.2, "model.lr": 0.795, "model.x": 0.005}
    figure = importance.importance(search(), HIGH, Swept([BETA], "bayes", importance=shares))
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.795, 0.2, 0.005]
    assert words(figure) == ["80%", "20%", "< 1%"]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["lr", "beta", "x"]


def test_every_cell_is_a_line_through_its_values_to_its_result():
    rows = grid(betas=(1, 10, 100))
    figure = parallel.parallel(fold(rows), HIGH, SWEPT)
    drawn = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) > 2 and line.get_color() != "white"]
    lines = [line.get_ydata() for line in drawn]
    assert len(lines) == 6
    assert sorted(line[-1] for line in lines) == pytest.approx([0, 6 / 996, 900 / 996, 906 / 996, 990 / 996, 1])
    assert lines[-1][-1] == 1  # the best is on top
    assert [round(line[0] * 2) / 2 for line in lines] == [1, 1, 0.5, 0.5, 0, 0]  # worst first: beta 100, 10, 1


def test_a_cell_without_a_result_ends_at_its_last_parameter():
    rows = [*grid(), run(9, None, "failed", model__beta=2, model__latent_dim=4)]
    lines = parallel.parallel(fold(rows), HIGH, SWEPT).axes[0].get_lines()
    assert sorted({float(line.get_xdata()[-1]) for line in lines if len(line.get_xdata()) > 2}) == [1, 2]


# ---- values -------------------------------------------------------------------------------------------------------------


def test_one_parameter_is_drawn_with_error_bars_of_one_standard_deviation():
    figure = scatter.panels(fold(grid(latents=(2,), seeds=3)), HIGH, Swept([BETA], "grid"))
    (axes,) = figure.axes
    bars = [bars.lines[2][0].get_segments()[0][:, 1].tolist() for bars in axes.containers]
    assert sorted(bars) == [[-44, -42], [-24, -22], [-14, -12]]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "2", "4"]


def test_a_map_of_drawn_values_marks_every_cell_and_the_best():
    rows = scattered(40, 2)
    axes = scatter.scatter_map(fold(rows), tuple(rows[0].values), HIGH, Swept(list(rows[0].values), "random")).axes[0]
    assert len(axes.collections) == 41
    assert to_hex(axes.collections[-1].get_edgecolor()[0]) == BEST
    best = max((row for row in rows if row.state == "finished"), key=lambda row: row.metrics["val/elbo"])
    rates = [row.values["model.optimizer.lr"] for row in rows]
    place = np.log(best.values["model.optimizer.lr"] / min(rates)) / np.log(max(rates) / min(rates))
    assert axes.collections[-1].get_offsets()[0][0] == pytest.approx(place)
