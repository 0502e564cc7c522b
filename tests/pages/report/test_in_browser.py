"""The page in a real browser: no error, no request; sorted, filtered, slid, swiped, by pointer and keys, wide and narrow."""

import json
import threading

import pytest

import run_folders
from genlab.apps.report import all_runs
from genlab.pages.report.content import read_content
from genlab.pages.report.page import page
from genlab.pages.report.serve import Server, Watched

EVIL = "<script>alert(1)</script>"
LABELS = "[...document.querySelectorAll('#runs tbody tr:not([hidden]) th')].map((head) => head.textContent)"


@pytest.fixture(scope="session")
def real(trained, tmp_path_factory):
    """The report over real runs."""
    path = tmp_path_factory.mktemp("real") / "report.html"
    path.write_text(page(read_content(all_runs([trained]), "Real runs")))
    return path


@pytest.fixture(scope="session")
def known(tmp_path_factory):
    """The report over runs whose numbers are known."""
    root = tmp_path_factory.mktemp("known")
    runs = [("b", 0.5, 2), ("a0", 0.1, 4), ("a1", 0.3, 4), (EVIL.replace("/", "\N{FRACTION SLASH}"), 0.9, 3)]
    for i, (name, value, epochs) in enumerate(runs):
        rows = [{"step": 10 * step, "val/mse": value + 1 / step, "train/loss": 2.0 - step / 10} for step in range(1, 9)]
        some = [f"images/samples_{epoch:06d}.png" for epoch in range(1, epochs + 1)]
        keys = {"model.beta": 1.0 if name.startswith("a") else 2.0 + i}
        run_folders.write(root, name, {"test/mse": value}, i, keys, rows=rows, pictures=some)
    path = root / "report.html"
    path.write_text(page(read_content(all_runs([root]), EVIL)))
    return path


@pytest.fixture
def tab(browser, known):
    """The known report, opened; nothing must have gone wrong when the test is over."""
    found = browser.open(f"file://{known}")
    yield found
    assert found.said() == []
    assert [address for address in found.asked() if not address.startswith("file:")] == []


def typed(tab, selector, value):
    """Type into a field, or move a slider."""
    tab.run(
        f"(() => {{ const field = document.querySelector({json.dumps(selector)}); field.value = {json.dumps(str(value))};"
        " field.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )


def click(tab, selector):
    tab.run(f"document.querySelector({json.dumps(selector)}).click()")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_real_runs_without_an_error_or_a_request_and_no_wider_than_the_window(width, dark, browser, real):
    tab = browser.open(f"file://{real}", width, 900, dark)
    tab.run("document.querySelectorAll('.card').forEach((card) => card.scrollIntoView())")
    tab.until("document.querySelectorAll('#charts svg path.line').length > 4")
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.run("document.querySelectorAll('.panel:not([hidden]) figure:not([hidden]) img').length") >= 3
    assert "unreadable" in tab.run("document.querySelector('.trouble').textContent")
    assert "recon" in tab.run("document.querySelector('.ledger').textContent")
    assert tab.said() == []
    assert tab.asked() == [f"file://{real}"]


def test_a_seed_beyond_the_error_of_the_mean_still_lies_on_the_track(tab):
    bars = "[{ number: 0, at: 1, error: 0.1, values: [0, 1, 2], runs: facts.groups[0].runs, done: true }]"
    made = f"stretch({bars}, {{ decimals: 1, good: 0, nats: false }}, false)"
    lefts = tab.run(
        f"{made}.flatMap((row) => [...row.querySelectorAll('i')].map((mark) => parseFloat(mark.style.left)))"
    )
    assert lefts == pytest.approx([45.2, 2, 50, 98, 50])  # whisker, three seeds, mean


def test_a_name_with_a_script_is_text(tab):
    assert tab.run("document.title") == EVIL
    assert any("alert(1)" in label for label in tab.run(LABELS))
    assert tab.run("document.scripts.length") == 4


def test_the_table_is_sorted_by_its_heads_with_seeds_together_and_apart(tab):
    assert tab.run(LABELS)[1:] == ["a* (2 runs)", "b"]
    click(tab, "#runs button[data-name='test/mse']")
    assert [label[:2] for label in tab.run(LABELS)] == ["a*", "b", "<s"]
    assert tab.run("document.querySelector('#runs [aria-sort=ascending] button').dataset.name") == "test/mse"
    click(tab, "#runs button[data-name='test/mse']")
    assert [label[:2] for label in tab.run(LABELS)] == ["<s", "b", "a*"]
    click(tab, "#together")
    assert [label[:2] for label in tab.run(LABELS)] == ["<s", "b", "a1", "a0"]
    click(tab, "#together")
    click(tab, ".opener")
    assert [label[:2] for label in tab.run(LABELS)] == ["<s", "b", "a*", "a1", "a0"]


def test_the_charts_that_are_drawn_are_marked_and_one_press_takes_one_away(tab):
    pressed = "[...document.querySelectorAll('#which .chip[aria-pressed=true]')].map((chip) => chip.textContent)"
    drawn = "[...document.querySelectorAll('#charts .card')].map((card) => card.dataset.name)"
    assert tab.run(pressed) == tab.run(drawn) == ["val/mse", "train/loss"]
    click(tab, "#which .chip")
    assert tab.run(pressed) == tab.run(drawn) == ["train/loss"]


def test_on_paper_nothing_is_dark_or_cut_and_charts_have_numbers_and_names(browser, real):
    """A4 has 718 pixels between usual margins."""
    tab = browser.open(f"file://{real}", 718, 1000, dark=True)
    tab.run("document.documentElement.dataset.theme = 'dark'")
    tab.ask("Emulation.setEmulatedMedia", media="print")
    tab.run("dispatchEvent(new Event('beforeprint'))")
    assert tab.run("getComputedStyle(document.querySelector('h1')).color") == "rgb(29, 32, 38)"
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.run("document.documentElement.scrollWidth") <= 718
    assert tab.run("document.querySelectorAll('#charts .card').length") > 4
    assert tab.run(
        "[...document.querySelectorAll('#charts .card')].every((card) => card.querySelector('.tick').getBBox().width)"
    )
    assert tab.run("document.querySelector('#pair .printed').innerText").startswith("A: ")
    assert tab.run("document.querySelector('.panel:not([hidden]) h3').innerText") == "samples"
    assert not tab.run("[...document.querySelectorAll('.best details')].some((fold) => !fold.open)")
    tab.run("dispatchEvent(new Event('afterprint'))")
    assert not tab.run("[...document.querySelectorAll('.best details')].some((fold) => fold.open)")


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("mse<0.4", ["a0", "a1"]),
        ("test/mse>=0.5 beta=2", ["b"]),
        ("B", ["b"]),
        ("alert", ["<s"]),
        ("state=failed", []),
        ("seed!=0 mse<0.2", ["a0"]),
    ],
)
def test_the_filter_takes_words_and_conditions_for_table_curves_and_pictures(words, left, tab):
    click(tab, "#together")
    typed(tab, "#filter", words)
    assert [label[:2] for label in tab.run(LABELS)] == left
    assert tab.run("document.querySelector('#count').value") == f"{len(left)} of 4 runs"
    assert tab.run("document.querySelectorAll('.panel:not([hidden]) figure:not([hidden])').length") == len(left)


def test_a_value_that_differs_is_a_filter_too(tab):
    chip = "[...document.querySelectorAll('.facets .chip')].find((chip) => chip.title === 'model.beta=1')"
    tab.run(f"{chip}.click()")
    assert tab.run(f"{chip}.getAttribute('aria-pressed')") == "true"
    assert [label[:2] for label in tab.run(LABELS)] == ["a*"]
    tab.run(f"{chip}.click()")
    assert len(tab.run(LABELS)) == 3


def test_the_slider_moves_every_strip_to_the_epoch_by_pointer_and_keys(tab):
    shown = "[...document.querySelectorAll('.panel figure:not([hidden]) small')].map((small) => small.textContent)"
    assert sorted(tab.run(shown)) == ["epoch 2", "epoch 3", "epoch 4", "epoch 4"]
    before = tab.run("document.querySelector('.panel figure img').src")
    typed(tab, "#epoch", 0)
    assert set(tab.run(shown)) == {"epoch 1"}
    assert tab.run("document.querySelector('.panel figure img').src") != before
    tab.run("document.querySelector('#epoch').focus()")
    tab.press("ArrowRight")
    assert set(tab.run(shown)) == {"epoch 2"}
    assert tab.run("document.querySelector('.panel figure img').alt").endswith("epoch 2")


def test_two_runs_show_what_differs_then_numbers_then_pictures_under_a_swipe(tab):
    runs = tab.run("facts.runs.map((run) => run.label)")
    typed(tab, "#one", runs.index("a0"))
    typed(tab, "#other", runs.index("b"))
    heads = tab.run("[...document.querySelectorAll('#pair h3')].map((head) => head.textContent)")
    assert heads == ["2 keys differ", "2 metrics in common", "Pictures"]
    assert "model.beta" in tab.run("document.querySelector('#pair table').textContent")
    assert tab.run("document.querySelector('#pair .winner').textContent") == "0.100"
    typed(tab, "#pair .edge", 25)
    assert (
        tab.run("getComputedStyle(document.querySelector('.stage figure:last-child img')).clipPath")
        == "inset(0px 0px 0px 25%)"
    )
    typed(tab, "#pair .both", 0)
    assert "epoch 1" in tab.run("document.querySelector('.names').textContent")
    click(tab, "#swap")
    assert tab.run("document.querySelector('.names').textContent").startswith("A: b")


def test_a_chart_has_lines_ends_and_the_values_under_a_cursor(tab):
    tab.run("document.querySelector('.card[data-name=\"val/mse\"]').scrollIntoView()")
    tab.until("document.querySelectorAll('.card[data-name=\"val/mse\"] path.line').length === 4")
    marks = tab.run("document.querySelector('.card[data-name=\"val/mse\"] .marks tbody tr').textContent")
    assert marks.startswith("a0")
    assert "0.225 at 80" in marks
    tab.run("document.querySelector('.card[data-name=\"val/mse\"] svg').focus()")
    tab.press("End")
    tip = tab.run("document.querySelector('.card[data-name=\"val/mse\"] .tip').textContent")
    assert tip.startswith("80")
    click(tab, "#means")
    tab.until("document.querySelectorAll('.card[data-name=\"val/mse\"] path.line').length === 3")
    typed(tab, "#axis", "epoch")
    tab.until("document.querySelector('.card[data-name=\"val/mse\"] svg .axis').textContent === 'epochs'")


def test_smoothing_keeps_a_constant_and_reaches_as_far_in_long_curves_as_in_short_ones(tab):
    assert tab.run("smoothed([3, 3, 3, 3], 0.9)") == pytest.approx([3, 3, 3, 3])
    step = "smoothed([...Array({n}).keys()].map((i) => Number(i >= {n} / 2)), 0.6)[Math.floor({n} * 0.52)]"
    short, long = (tab.run(step.replace("{n}", str(n))) for n in (100, 1000))
    assert short == pytest.approx(long, abs=0.15)
    assert tab.run("smoothed([1, 2], 0)") == [1, 2]


def test_unticked_runs_are_not_drawn_and_that_outlives_a_reload(tab, known):
    tab.run("document.querySelectorAll('#runs tr.group .tick input')[0].click()")
    assert tab.run("visible().length") == 2
    tab.go(f"file://{known}")
    assert tab.run("visible().length") == 2
    tab.run("sessionStorage.clear()")


def test_without_scripts_the_table_the_differences_and_the_last_pictures_are_there(browser, known):
    tab = browser.open("about:blank#x")
    tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    tab.ask("Page.navigate", url=f"file://{known}")
    tab.until("document.querySelectorAll('#runs tbody tr').length === 5")
    assert tab.run("document.querySelector('.bar.works').offsetHeight") == 0
    assert tab.run("document.querySelectorAll('figure img').length") == 4


def test_it_prints_on_white_without_what_is_pressed(tab):
    tab.ask("Emulation.setEmulatedMedia", media="print")
    assert tab.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert tab.run("getComputedStyle(document.querySelector('#filter').parentElement).display") == "none"
    assert len(tab.ask("Page.printToPDF", printBackground=True)["data"]) > 10_000


def test_a_served_page_comes_anew_when_a_run_goes_on_and_keeps_what_was_chosen(browser, tmp_path):
    run_folders.write(tmp_path, "a", {"test/mse": 0.5})
    run_folders.write(
        tmp_path, "b", {"test/mse": 0.4}, keys={"model.beta": 2.0}, status="running", heartbeat=run_folders.beat()
    )
    server = Server(0, Watched(lambda: all_runs([tmp_path]), "Served"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tab = browser.open(f"http://127.0.0.1:{server.server_port}/")
    try:
        typed(tab, "#filter", "mse<0.45")
        assert tab.run(LABELS) == ["b"]
        digest = tab.run("document.documentElement.dataset.digest")
        run_folders.write(tmp_path, "c", {"test/mse": 0.1}, keys={"model.beta": 3.0})
        tab.until(f"document.readyState === 'complete' && document.documentElement.dataset.digest !== '{digest}'")
        assert tab.run(LABELS) == ["b", "c"]
        assert tab.said() == []
        assert {address.split("/")[2] for address in tab.asked()} == {f"127.0.0.1:{server.server_port}"}
    finally:
        tab.go("about:blank#done")
        server.shutdown()
        server.server_close()
