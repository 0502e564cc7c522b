"""The page as a file: it asks for nothing, holds every name as text, and is the same for the same runs."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest

import run_folders
from genlab.pages.html import data, element
from genlab.pages.report import pictures
from genlab.pages.report.content import read_content
from genlab.pages.report.page import page
from genlab.pages.report.sections import drawn
from genlab.runs.listing import runs_in
from genlab.sweeps.folder import SweepFolder
from genlab.sweeps.trials import Trial

EVIL = "<script>alert(1)</script>"
ATTRIBUTE = "\"><img src=x onerror='alert(2)'>"


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.blocks, self.inside = [], "", {}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag in ("script", "style"):
            self.inside.append(dict(attributes).get("id", tag))

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.inside.pop()

    def handle_data(self, data):
        if self.inside:
            self.blocks[self.inside[-1]] = self.blocks.get(self.inside[-1], "") + data
        else:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def json(self, name):
        return json.loads(self.blocks[name])


def written(root, title="a report", **options):
    return page(read_content(list(runs_in(root)), title, **options))


@pytest.fixture
def several(tmp_path):
    """Runs of two configurations, one of two seeds, in many states."""
    rows = [{"step": step, "val/mse": 1 / step, "train/loss": 3 - step / 10} for step in range(1, 9)]
    some = {
        "rows": rows,
        "pictures": ["images/samples_000001.png", "images/samples_000002.png"],
        "typed": ["model=vae"],
    }
    ledger = {"test/recon": 80.0, "test/kl": 20.0, "test/elbo": -100.0, "test/mse": 0.2}
    run_folders.write(tmp_path / "r", "a0", ledger, 0, **some)
    run_folders.write(tmp_path / "r", "a1", ledger | {"test/mse": 0.4}, 1, **some)
    run_folders.write(tmp_path / "r", "b", ledger | {"test/mse": 0.9}, keys={"model.beta": 4.0}, **some)
    run_folders.write(
        tmp_path / "r", "failed", status="failed", error="the loss is not finite", keys={"model.beta": 5.0}
    )
    run_folders.write(
        tmp_path / "r", "running", status="running", heartbeat=run_folders.beat(5), keys={"model.beta": 6.0}
    )
    run_folders.write(
        tmp_path / "r", "dead", status="running", heartbeat=run_folders.beat(900), keys={"model.beta": 7.0}
    )
    run_folders.write(tmp_path / "r", "mute", status="running", keys={"model.beta": 8.0})
    return tmp_path / "r"


def test_the_page_asks_for_nothing_and_may_not(several):
    text = written(several)
    parsed = Parsed(text)
    policy = next(meta["content"] for meta in parsed.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "connect-src" not in policy
    addresses = [own[key] for _, own in parsed.elements for key in ("src", "href", "action", "srcset") if key in own]
    assert all(address.startswith(("data:image/webp;base64,", "#")) for address in addresses)
    bare = re.sub(r'src="data:[^"]*"', "", text).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|@import|url\((?!#)|XMLHttp|innerHTML|document\.write|\beval\(", bare)


def test_the_same_runs_are_the_same_bytes_wherever_they_lie(several, tmp_path):
    copy = shutil.copytree(several, tmp_path / "elsewhere")
    for path in copy.rglob("*"):
        path.touch()
    assert written(several) == written(copy)


@pytest.mark.parametrize("word", [EVIL, ATTRIBUTE, "${title}", "&lt;b&gt;", "</script><script>alert(3)</script>"])
def test_a_name_is_text_wherever_it_comes_from(word, tmp_path):
    name = word.replace("/", "\N{FRACTION SLASH}")
    keys = {"notes": word, "tags": [word], "model.beta": word, "choices.model": word}
    rows = [{"step": step, f"val/{name}": 1.0} for step in (1, 2)]
    more = {"data": word, "git": word, "notes": [word], "alarms": [{"name": word, "text": word, "step": 3}]}
    more |= {
        "extractors": [{"name": word, "digest": word}],
        "versions": {word: word},
        "best": {"metric": word, "value": word},
    }
    found = {"rows": rows, "pictures": [f"images/{name}_000001.png", f"images/{name}.png"], "typed": [f"notes={word}"]}
    for i, state in enumerate(("failed", word)):
        run_folders.write(
            tmp_path / name,
            f"{name}{i}",
            {f"test/{word}": 1.0 + i},
            i,
            keys | {"model.other": i},
            **found,
            **more,
            status=state,
            error=word,
        )
    parsed = Parsed(written(tmp_path, word))
    plain = Parsed(written(run_folders.write(tmp_path / "plain", "a").parent))
    assert len(parsed.all("script")) == len(plain.all("script")) == 4
    allowed = {"type", "id", "class", "src", "width", "height", "loading", "decoding", "alt"}
    assert {key for own in parsed.all("img") for key in own} <= allowed
    assert not [key for _, own in parsed.elements for key in own if key.startswith("on")]
    assert parsed.text.count(word) > 10
    facts = parsed.json("facts")
    assert facts["title"] == word
    assert f"test/{word}" in facts["metrics"]
    assert parsed.json("strips")[0]["kind"] == name


def test_each_run_is_shown_in_its_state_with_the_reason(several):
    parsed = Parsed(written(several))
    states = {run["label"]: run["state"] for run in parsed.json("facts")["runs"]}
    assert states == {
        "a0": "finished",
        "a1": "finished",
        "b": "finished",
        "failed": "failed",
        "running": "running",
        "dead": "stale",
        "mute": "stale",
    }
    assert "the loss is not finite" in parsed.text
    assert "process 4242 on another-machine" in parsed.text
    assert "no sign of life since its last: never" in parsed.text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("summary.json", '{"name": "a", "sta', "summary.json cannot be read"),
        ("summary.json", None, "summary.json is missing"),
        ("config.yaml", "model: {beta", "config.yaml cannot be read"),
        ("config.yaml", "[1, 2]", "config.yaml is no group of keys"),
        ("config.yaml", None, "config.yaml is missing"),
        ("metrics.csv", "step,epoch\n1", "left out 1 row, cut"),
        ("metrics.csv", 'step,epoch\n1,"' + "x" * 200_000, "metrics.csv cannot be read (field larger than field limit"),
        ("metrics.csv", "", "metrics.csv has no column of steps"),
        (
            "summary.json",
            '{"status": "finished", "metrics": {"test/mse": "x", "test/l1": true}, "counts": 3, "alarms": {}}',
            "",
        ),
        (
            "summary.json",
            '{"status": "finished", "extractors": [1], "versions": [], "best": 2, "heartbeat": 1, "error": 4}',
            "4",
        ),
        ("images/samples_000002.png", "no picture", "images/samples_000002.png is no picture"),
    ],
)
def test_a_run_that_is_broken_is_shown_as_far_as_it_can_be(name, content, said, several):
    path = several / "a1" / name
    path.unlink()
    if content is not None:
        path.write_text(content)
    parsed = Parsed(written(several))
    assert said in parsed.text
    assert "a1" in [run["label"] for run in parsed.json("facts")["runs"]]
    assert len(parsed.json("facts")["runs"]) == 7


def test_seeds_stand_in_one_row_with_mean_and_deviation_above_their_own(several):
    text = written(several)
    rows = re.findall(r'<tr class="(group|run|run member)" data-runs="([\d ]+)"', text)
    assert rows[:3] == [("group", "0 1"), ("run member", "0"), ("run member", "1")]
    line = re.search(r'<tr class="group".*?</tr>', text, re.DOTALL)[0]
    assert "0.300<small> ± 0.141</small>" in line
    assert "2 seeds" in line


def test_the_ledger_has_recon_and_kl_and_their_sum(several):
    section = re.search(r'<section class="ledger".*?</section>', written(several), re.DOTALL)[0]
    cells = re.findall(r'<td class="n">(.*?)</td>', section)
    assert [float(re.sub("<.*", "", cell)) for cell in cells[:3]] == [80, 20, -100]
    assert 'style="width:80.00%"' in section
    assert 'style="width:20.00%"' in section


def test_curves_and_pictures_are_in_the_page_once(several):
    parsed = Parsed(written(several))
    curve = parsed.json("points")["curves"]["val/mse"]["0"]
    assert curve["v"][:3] == [1, 0.5, 0.333333]
    assert curve["marks"]["best"] == [8, 0.125]
    assert parsed.json("points")["clocks"]["0"][1] == [2, 0.2, 40, 0.4]
    frames = parsed.json("strips")[0]["frames"]["0"]
    assert [epoch for epoch, _ in frames] == [1, 2]
    assert frames[1][1] is None
    assert len({image["src"] for image in parsed.all("img")} | {frames[0][1]}) == 2


def test_what_a_sweep_has_drawn_is_shown(tmp_path):
    folder = tmp_path / "grid" / "2026-01-02_03-04-05"
    for number in (1, 2):
        typed, keys = [f"model.beta={number}"], {"model.beta": float(number)}
        run_folders.write(folder, str(number), {"val/mse": 0.1 * number}, keys=keys, typed=typed)
    (folder / "sweep.json").write_text("{}")
    parsed = Parsed(written(tmp_path))
    assert "it has drawn no picture yet" in parsed.text
    assert [run["label"] for run in parsed.json("facts")["runs"]] == ["1 beta=1", "2 beta=2"]
    run_folders.write(tmp_path / "x", "y", pictures=["heatmap_beta_latent_dim.png"])
    shutil.copytree(
        tmp_path / "x" / "y", folder / "images", ignore=shutil.ignore_patterns("*.json", "*.yaml", "*.txt", "*.csv")
    )
    parsed = Parsed(written(folder))
    assert "the goal at each pair of values (beta latent dim)" in parsed.text
    assert "the goal at each pair of values (beta latent dim)" in [image["alt"] for image in parsed.all("img")]


@pytest.fixture
def swept(tmp_path):
    """A sweep of four runs, of which one is finished and one is not."""
    folder = SweepFolder(tmp_path / "grid" / "2026-01-02_03-04-05")
    folder.path.mkdir(parents=True)
    folder.begin("method: grid\n", {"run_cap": None, "replicates": 1})
    folder.append(Trial(number, {"model.beta": number}, 0) for number in (1, 2, 3, 4))
    run_folders.write(folder.path, "1", {"val/mse": 0.1})
    run_folders.write(folder.path, "2", keys={"model.beta": 2.0}, status="interrupted")
    return folder


def sweeps_on(root):
    """The section of sweeps as text, and what the page's data say of them."""
    text = written(root)
    section = re.search(r'<section class="sweeps".*?</section>', text, re.DOTALL)[0]
    return re.sub("<[^>]*>", "", section), Parsed(text).json("facts")["sweeps"]


def test_a_sweep_that_runs_is_said_to_with_what_is_done_of_how_many(swept, tmp_path):
    swept.hold()
    words, (found,) = sweeps_on(tmp_path)
    swept.release()
    assert "2026-01-02_03-04-05 running1 of 4 runs finished, 1 interrupted, 2 waiting; 2 runs on this page;" in words
    assert "goes on" not in words
    assert (found["state"], found["counts"]) == ("running", {"finished": 1, "interrupted": 1, "waiting": 2})
    words, (found,) = sweeps_on(tmp_path)
    assert "2026-01-02_03-04-05 interrupted1 of 4 runs finished" in words
    assert "; sweep.py goes on with its folder;" in words
    swept.write_settings(swept.settings() | {"ended": True})
    assert "2026-01-02_03-04-05 finished" in sweeps_on(tmp_path)[0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("sweep.json", "{", "sweep.json cannot be read"),
        ("sweep.yaml", "method: [", "sweep.yaml: is no YAML"),
        ("trials.jsonl", "{}\n", "how far it has come cannot be read (&#x27;overrides&#x27;)"),
        ("trials.jsonl", '{"number": 1\n', "how far it has come cannot be read (Expecting"),
        ("trials.jsonl", "", "grid 2026-01-02_03-04-052 runs on this page; it has drawn no picture yet."),
    ],
)
def test_a_sweep_that_is_broken_is_shown_as_far_as_it_can_be(name, content, said, swept, tmp_path):
    (swept.path / name).write_text(content)
    words, (found,) = sweeps_on(tmp_path)
    assert said in words
    assert str(tmp_path) not in words
    assert found["runs"] == [0, 1]


def test_one_run_alone_makes_a_page(tmp_path):
    parsed = Parsed(written(run_folders.write(tmp_path, "only", {"test/mse": 0.1})))
    assert "There are no two configurations to compare" in parsed.text
    assert [run["label"] for run in parsed.json("facts")["runs"]] == [f"{tmp_path.name}/only"]


def test_elements_escape_what_is_put_in():
    assert element("b", {"title": 'a"<', "hidden": True, "id": None, "open": False}, "<&", element("i", None, ">")) == (
        '<b title="a&quot;&lt;" hidden>&lt;&amp;<i>&gt;</i></b>'
    )
    assert data("x", "</script>") == '<script type="application/json" id="x">"\\u003c/script>"</script>'


def test_two_hundred_runs_are_thinned_and_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(drawn, "POINTS", 12_000)
    monkeypatch.setattr(pictures, "FRAMES", 400)
    rows = [{"step": step, "train/a": 1 / step, "train/b": step} for step in range(1, 61)]
    metrics = {f"test/m{i}": i / 7 for i in range(70)} | {"test/mse": 0.1}
    some = [f"images/samples_{epoch:06d}.png" for epoch in range(1, 4)]
    for i in range(200):
        run_folders.write(tmp_path, f"r{i}", metrics, i % 2, {"model.beta": float(i // 2)}, rows, some)
    parsed = Parsed(written(tmp_path))
    curves = parsed.json("points")["curves"].values()
    assert sum(len(curve["s"]) for some in curves for curve in some.values()) == 12_000
    assert "Curves of more than 30 values are drawn by 30 means" in parsed.text
    assert "400 of the 600 pictures" in parsed.text
    assert "10 more metrics, which few runs have" in parsed.text
    assert len(parsed.json("facts")["groups"]) == 100
