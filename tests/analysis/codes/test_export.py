"""Files for the embedding projector, by TensorBoard's own reader, and by the rules that it goes by."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from genlab.analysis.base.encoded import Encoded
from genlab.analysis.codes.export import MOST_PIXELS, across, exported, fitting, thumbnails
from genlab.contracts import DataSpec

NAMES = ("plain", "a\ttab", "<script>alert(1)</script>")


def codes(count=5, label=True, channels=1, size=4, spec=None):
    stream = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (count, channels, size, size), generator=stream, dtype=torch.uint8)
    labels = torch.arange(count) % 3 if label else None
    mean = torch.randn(count, 3, generator=stream, dtype=torch.float64)
    return Encoded(torch.arange(count) * 10, image, labels, mean, None)


def spec_of(classes=3, attributes=()):
    return DataSpec("x", "images", (1, 4, 4), {}, "", classes, NAMES if classes else (), attributes)


def table(content):
    return [line.split("\t") for line in content.decode().splitlines()]


def written(folder, **changed):
    given = {"codes": codes(), "spec": spec_of(), "title": 'a "run"\\', "side": 64} | changed
    for name, content in exported(**given).items():
        (folder / name).write_bytes(content)
    return folder


def test_a_vector_an_image_without_a_heading_to_the_precision_of_float32():
    own = codes()
    rows = table(exported(own, spec_of(), "t", 64)["vectors.tsv"])
    assert torch.equal(torch.tensor([[float(x) for x in row] for row in rows]), own.mean.float())


def test_metadata_have_a_heading_if_and_only_if_they_have_several_columns():
    rows = table(exported(codes(), spec_of(), "t", 64)["metadata.tsv"])
    assert rows[0] == ["index", "label"]
    assert rows[1:] == [["0", "plain"], ["10", "a tab"], ["20", NAMES[2]], ["30", "plain"], ["40", "a tab"]]
    alone = table(exported(codes(label=False), spec_of(0), "t", 64)["metadata.tsv"])
    assert alone == [["0"], ["10"], ["20"], ["30"], ["40"]]


def test_attributes_have_a_column_each():
    own = Encoded(*codes(2).__dict__.values())
    own = Encoded(own.index, own.image, torch.tensor([[1, 0], [0, 1]]), own.mean, None)
    rows = table(exported(own, spec_of(0, ("Smiling", "Male")), "t", 64)["metadata.tsv"])
    assert rows == [["index", "Smiling", "Male"], ["0", "1", "0"], ["10", "0", "1"]]


def test_images_stand_on_the_sprite_row_by_row():
    own = codes()
    page = np.asarray(Image.open(io.BytesIO(exported(own, spec_of(), "t", 64)["sprite.png"])))
    assert page.shape == (8, 12, 3)  # five images: three across, two down
    for n in range(5):
        top, left = 4 * (n // 3), 4 * (n % 3)
        assert (page[top : top + 4, left : left + 4] == own.image[n, 0, :, :, None].numpy()).all()
    assert (page[4:, 8:] == 0).all()


def test_the_sprite_stays_below_the_largest_texture():
    for count in (10, 5000, 90_000):
        side = fitting(64, (count, 3, 48, 64), count)
        assert side * across(count) <= MOST_PIXELS
    assert fitting(64, (10, 1, 28, 28), 10) == 28
    assert thumbnails(torch.zeros(2, 3, 60, 80, dtype=torch.uint8), 20).shape == (2, 3, 15, 20)


def test_tensorboard_opens_what_is_written(tmp_path):
    """Its own plug-in serves vectors, labels and sprite of the folder."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.projector import projector_plugin
    from werkzeug.test import Client

    written(tmp_path)
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(tmp_path))
    context = base_plugin.TBContext(logdir=str(tmp_path), multiplexer=multiplexer, data_provider=provider)
    plugin = projector_plugin.ProjectorPlugin(context)
    apps = plugin.get_plugin_apps()

    def ask(path, **arguments):
        response = Client(apps[path]).get(path, query_string={"run": ".", **arguments})
        assert response.status_code == 200, response.data
        return response.data

    assert json.loads(ask("/runs")) == ["."]
    (embedding,) = json.loads(ask("/info"))["embeddings"]
    assert embedding["tensorName"].startswith('a "run"\\')
    assert embedding["sprite"]["singleImageDim"] == [4, 4]
    name = {"name": embedding["tensorName"]}
    assert len(np.frombuffer(ask("/tensor", **name), np.float32)) == 15
    assert table(ask("/metadata", **name, num_rows=5))[1:][2] == ["20", NAMES[2]]
    assert Image.open(io.BytesIO(ask("/sprite_image", **name))).size == (12, 8)


def test_the_description_parses_as_what_tensorboard_declares(tmp_path):
    pytest.importorskip("tensorboard")
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    text = (written(tmp_path, title="two\nlines é <b>") / "projector_config.pbtxt").read_text()
    (found,) = text_format.Parse(text, ProjectorConfig()).embeddings
    assert found.tensor_name == "two lines é <b>"
    assert (found.tensor_path, found.metadata_path) == ("vectors.tsv", "metadata.tsv")
    assert (found.sprite.image_path, list(found.sprite.single_image_dim)) == ("sprite.png", [4, 4])
