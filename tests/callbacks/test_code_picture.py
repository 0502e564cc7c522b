"""The picture of codes: which coordinates it shows, of which images, in whose colours, beside which draws."""

import csv
import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA

from evaluators import evaluators
from genlab.apps.command.paths import prepare
from genlab.apps.train.build import build_model
from genlab.callbacks.evaluators import code_picture
from genlab.callbacks.evaluators.code_picture import CodePicture, classes
from genlab.callbacks.evaluators.code_scatter import Panel, code_scatter
from genlab.contracts import Code, Images
from genlab.figures import pixels, square_around

SOME = np.random.default_rng(0).normal(size=(60, 2))


class Known:
    """Encodes an image as the first numbers of its pixels, and draws one code again and again."""

    noise_size = 2

    def __init__(self, size):
        self.size = size

    def encode(self, x, *, label=None):
        return Code(x.flatten(1)[:, 20 : 20 + self.size])

    def sample(self, n, *, label=None, seed=None):
        return torch.zeros(n, 1, 8, 8)

    def draw(self, n, *, seed=None):
        return torch.full((n, 2), 7.0)


@pytest.fixture
def now(composed, tmp_path):
    cfg = composed("model=vae", "data=digits", "metrics=[default]", "metrics.codes.images=50")
    prepared = prepare(cfg)
    stages = evaluators(cfg, build_model(cfg, prepared.spec), prepared, tmp_path).stages
    assert not any(isinstance(one, CodePicture) for one in stages["val"][1])
    found, fitting = stages["test"]
    return found, next(one for one in fitting if isinstance(one, CodePicture))


def measured(now, size, step=37):
    """The tables, from batches of ``step`` images."""
    stage, one = now
    stage.model = Known(size)
    images = torch.from_numpy(np.array(stage.prepared.images["test"])).float() / 255
    one.begin(stage)
    for number, index in enumerate(torch.arange(len(images)).split(step)):
        batch = Images(images[index], torch.zeros(len(index), dtype=torch.int64), index)
        one.look(stage, code_picture.Seen(stage.model, batch, 0), number)
    assert one.finish(stage) == {}
    return images, stage.tables


def test_codes_of_two_numbers_are_shown_as_they_are_with_the_class_of_their_image(now):
    images, tables = measured(now, 2)
    rows, labels = tables["codes"], now[0].prepared.labels["test"]
    assert len({row["index"] for row in rows}) == len(rows) == 50
    for row in rows:
        assert [row["z1"], row["z2"]] == images[row["index"]].flatten()[20:22].tolist()
        assert row["label"] == labels[row["index"]]
    assert "code_variances" not in tables
    assert measured(now, 2, step=180)[1]["codes"] == rows


def test_of_larger_codes_the_two_directions_of_the_largest_variance_are_shown(now):
    images, tables = measured(now, 6)
    codes = images[[row["index"] for row in tables["codes"]]].flatten(1)[:, 20:26].double().numpy()
    found, known = np.array([[row["pc1"], row["pc2"]] for row in tables["codes"]]), PCA(2).fit(codes)
    np.testing.assert_allclose(np.abs(found), np.abs(known.transform(codes)), atol=1e-9)
    shares = [row["share"] for row in tables["code_variances"]]
    np.testing.assert_allclose(shares[:2], known.explained_variance_ratio_)
    assert sum(shares) == pytest.approx(1)


def test_draws_of_the_prior_stand_beside_codes_of_two_numbers_alone(now):
    stage, one = now
    measured(now, 2)
    codes, drawn = one.panels(stage)
    assert drawn.title == "50 draws of the prior"
    assert (drawn.points == 7).all()
    np.testing.assert_array_equal(codes.labels, [row["label"] for row in stage.tables["codes"]])
    stage.tables.clear()
    measured(now, 6)
    assert len(one.panels(stage)) == 1
    stage.tables.clear()
    assert "codes" not in measured(now, 1)[1]


def test_labels_that_are_no_classes_have_no_colours(composed, now):
    prepared = prepare(composed("data=shapes", "data.count=300", "data.image_size=16", "metrics=none"))
    now[0].prepared = prepared
    assert classes(now[0]) is None


def words_of(made):
    return " ".join(text.get_text() for text in made.texts)


def test_a_picture_without_colours_says_why(composed, now):
    stage, one = now
    measured(now, 2)
    shapes = prepare(composed("data=shapes", "data.count=300", "data.image_size=16", "metrics=none")).spec
    assert words_of(one.picture(stage)) == ""  # a legend says what the colours are
    assert one.picture(stage).legends
    bare = dataclasses.replace(shapes, attributes=(), levels=())
    several = f"one colour: shapes has {len(shapes.attributes)} attributes, and no classes to colour by"
    for spec, why in ((shapes, several), (bare, "one colour: shapes has no labels to colour by")):
        for row in stage.tables["codes"]:
            row.pop("label", None)
        stage.prepared = SimpleNamespace(spec=spec)
        assert words_of(one.picture(stage)) == why
        assert not one.picture(stage).legends
    many = Panel("codes", SOME, np.zeros(60, int), ("x", "y"))
    assert words_of(code_scatter([many], tuple(map(str, range(21))))) == "one colour: 21 classes, more than 20"


def test_each_class_has_its_colour_and_no_class_hides_another():
    labels = np.repeat([0, 1], 30)
    names = tuple(map(str, range(12)))
    plain, coloured = (
        pixels(code_scatter([Panel("codes", SOME, found, ("x", "y"))], names)) for found in (None, labels)
    )
    assert plain.shape[1] < coloured.shape[1]
    assert len(np.unique(coloured.reshape(-1, 3), axis=0)) > len(np.unique(plain.reshape(-1, 3), axis=0))
    two = code_scatter([Panel("codes", SOME, labels, ("x", "y")), Panel("prior", SOME, None, ("x", "y"))], names)
    drawn = [axes.collections[0] for axes in two.axes]
    assert [len(np.unique(one.get_facecolors(), axis=0)) for one in drawn] == [2, 1]
    shown = np.asarray(drawn[0].get_offsets())
    assert not np.array_equal(shown, SOME)
    np.testing.assert_array_equal(shown[shown[:, 0].argsort()], SOME[SOME[:, 0].argsort()])


def test_a_point_far_away_does_not_shrink_the_others():
    far = np.concatenate([np.repeat(SOME, 10, 0), [[1e6, 0.0]]])
    (left, right), (low, high) = square_around(far)
    assert right - left == pytest.approx(high - low)
    assert right - left < 8


def test_a_run_leaves_the_picture_and_its_table(train):
    run = train("model=ae", "model.latent_dim=2", "data=digits", "trainer.max_epochs=1", "metrics.codes.images=40")
    with Image.open(run / "images" / "codes.png") as image:
        assert image.size[0] > 1.5 * image.size[1]  # codes, and draws of the mixture
    rows = list(csv.DictReader((run / "tables" / "codes.csv").open()))
    assert len(rows) == 40
    assert rows[0].keys() == {"index", "z1", "z2", "label"}
