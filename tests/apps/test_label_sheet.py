"""The page of samples of several labels: each row is beside its name."""

from types import SimpleNamespace

import pytest
import torch

from genlab.apps import generating
from genlab.apps import label_sheet as page
from genlab.figures import printed
from genlab.images import to_uint8


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [6, 5, 2])
def test_each_row_is_beside_the_name_of_its_label(count, channels, monkeypatch):
    """Each image has a shade of its own; its row's name is 12 pixels below its top."""
    told = []
    monkeypatch.setattr(page, "printed", lambda bands, words, high: told.extend(words) or printed(bands, words, high))
    shades = torch.arange(1, count + 1).view(-1, 1, 1, 1) / 16
    sheet = to_uint8(page.label_sheet(shades.expand(-1, channels, 8, 8), ["shirt", "ankle boot"], 3)).numpy()
    assert len(sheet) == channels
    assert [text for *_, text, _, _ in told] == (["shirt", "ankle boot"] if count > 3 else ["shirt"])
    left = sheet.shape[2] - 3 * 42 - page.MARGIN
    for i in range(count):
        top, beside = told[i // 3][1] - 12, left + i % 3 * 42
        assert (sheet[0, top : top + 40, beside : beside + 40] == to_uint8(shades[i])[0, 0, 0].item()).all()
    for x, y, *_ in told:
        assert (sheet[0, y : y + 15, x : left - 5] < 160).any()  # there is ink
        assert (sheet[0, y : y + 15, left - 5 : left - 2] == 255).all()  # and it ends before the images


@pytest.mark.parametrize(("class_names", "told"), [(("shirt", "bag", "boot"), ["boot", "shirt"]), ((), ["2", "0"])])
def test_rows_are_named_by_their_labels_in_the_order_in_which_they_were_typed(class_names, told, monkeypatch):
    monkeypatch.setattr(generating, "label_sheet", lambda shown, names, columns: (names, columns))
    model = SimpleNamespace(spec=SimpleNamespace(class_names=class_names, classes=3))
    _, sheet = generating.sample(SimpleNamespace(n=5), model, None, torch.tensor([2, 0]))
    assert sheet(torch.ones(10, 1, 8, 8)) == (told, 5)
