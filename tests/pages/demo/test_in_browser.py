"""The page in a real browser: sliders move the picture, pictures are dropped, and nothing asks any other address."""

import numpy as np
import pytest
from PIL import Image

from genlab.runs.checkpoint_io import AtomicCheckpointIO

from exhibits import SVG, file_of, png, run_of, served

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def opened(tmp_path_factory, folders, cache, browser):
    """``opened(name)``: a page of an untrained model, in a browser."""
    root, made, patch = tmp_path_factory.mktemp("runs"), {}, pytest.MonkeyPatch()
    patch.setenv("GENLAB_CACHE", str(cache))

    def start(name):
        if name not in made:
            run = run_of(name, root, folders["unpaired_folders"] if name == "cyclegan" else None)
            if name == "cvae":
                rename_a_class(run)
            if name == "vae":
                (run / "analyze" / "attributes").mkdir(parents=True)
                known = {"names": np.array(["Wide_Open", HOSTILE]), "directions": np.eye(2, 3, dtype=np.float32)}
                np.savez(run / "analyze" / "attributes" / "directions.npz", **known)
            server = served(run, "max_megabytes=1", "examples=2")
            made[name] = server, browser.open(server.__enter__().url)
        return made[name][1]

    yield start
    for server, _ in made.values():
        server.__exit__(None, None, None)
    patch.undo()


def rename_a_class(run):
    path = run / "checkpoints" / "last.ckpt"
    checkpoint = AtomicCheckpointIO().load_checkpoint(path)
    checkpoint["genlab"]["spec"]["class_names"][3] = HOSTILE
    AtomicCheckpointIO().save_checkpoint(checkpoint, path)


def picture(page):
    src = "document.querySelector('#picture').src"
    return page.until(f"{src}.startsWith('data:image/png') && {src}")


def changed(page, before):
    return page.until(
        f"document.querySelector('#picture').src !== {before!r} && document.querySelector('#picture').src"
    )


def move(page, selector, value):
    page.run(f"""{{ const input = document.querySelector({selector!r});
        input.value = {value}; input.dispatchEvent(new Event("input", {{ bubbles: true }})); }}""")


def quiet(page):
    assert not [
        told for told in page.said() if "a status of 41" not in told.get("text", "")
    ]  # the console notes what is refused
    assert not page.outside()


def test_a_slider_moves_and_the_picture_changes(opened):
    page = opened("vae")
    before = picture(page)
    page.until("document.querySelectorAll('#samples .thumb').length")
    move(page, "#latents input", 2.5)
    after = changed(page, before)
    assert page.run("document.querySelector('#latents output').value") == "2.50"
    page.run("document.querySelector('#latents .reset').click()")
    assert changed(page, after) == before
    quiet(page)


def test_an_attribute_is_added_to_the_code(opened):
    page = opened("vae")
    before = picture(page)
    named = "[...document.querySelectorAll('#attributes .name')].map((one) => one.textContent)"
    assert page.run(named) == ["Wide Open", HOSTILE]
    code = page.run("z()")
    move(page, "#attributes input", 2)
    changed(page, before)
    assert page.run("z()") == pytest.approx([code[0] + 2, *code[1:]])
    quiet(page)


def test_a_seed_gives_its_picture_again(opened):
    page = opened("vae")
    seed = "const seed = document.querySelector('#seed'); seed.value = {}; seed.dispatchEvent(new Event('change'))"
    first = picture(page)
    page.run(f"{{ {seed.format(11)} }}")
    eleven = changed(page, first)
    page.run(f"{{ {seed.format(12)} }}")
    changed(page, eleven)
    page.run(f"{{ {seed.format(11)} }}")
    page.until(f"document.querySelector('#picture').src === {eleven!r}")
    assert page.run("document.querySelector('#download').download") == "vae-on-digits-seed-11.png"


def test_two_pictures_are_given_and_the_path_between_them_is_walked(opened, tmp_path):
    page = opened("vae")
    for i, value in enumerate((0, 200)):
        (tmp_path / f"{i}.png").write_bytes(file_of(np.full((40, 60), value, np.uint8)))
        page.choose(f".slot:nth-child({i + 1}) input[type=file]", tmp_path / f"{i}.png")
        page.until(f"document.querySelectorAll('.slot:nth-child({i + 1}) .views figure').length === 2")
        page.until(f"document.querySelector('.slot:nth-child({i + 1}) .score').textContent.includes('−ELBO in nats: ')")
    end = picture(page)
    page.until("document.querySelectorAll('#path .strip img').length === 9")
    move(page, "#path input", 0.5)
    changed(page, end)
    # a picture that was asked for before may come first
    page.until("document.querySelector('#from').textContent === 'path 0.50'")
    quiet(page)


def test_a_picture_is_dropped_on_the_window(opened):
    page = opened("vae")
    page.run("""(async () => {
        const canvas = new OffscreenCanvas(20, 20);
        canvas.getContext("2d").fillRect(0, 0, 10, 10);
        const files = new DataTransfer();
        files.items.add(new File([await canvas.convertToBlob()], "drawn.png"));
        document.querySelectorAll(".slot .views").forEach((views) => views.replaceChildren());
        dispatchEvent(new DragEvent("drop", { dataTransfer: files, cancelable: true }));
    })()""")
    assert page.until("document.querySelector('.slot .views figcaption')?.textContent") == "given"


def test_every_class_is_shown_of_one_code_and_a_name_is_text_whatever_is_in_it(opened):
    page = opened("cvae")
    before = picture(page)
    page.until("document.querySelectorAll('#label .thumb img[src^=\"data:image/png\"]').length === 10")
    page.run("document.querySelectorAll('#label .thumb')[3].click()")
    after = changed(page, before)
    assert page.run("document.querySelectorAll('#label .thumb')[3].ariaChecked") == "true"
    assert page.run("document.querySelectorAll('#label .thumb span')[3].textContent") == HOSTILE
    page.until(f"document.querySelectorAll('#label .thumb img')[3].src === {after!r}")
    quiet(page)


def test_a_picture_is_translated_there_and_back_in_both_directions(opened, tmp_path):
    page = opened("cyclegan")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (22, 31, 3), np.uint8)).save(tmp_path / "a.png")
    page.choose(".drop input", tmp_path / "a.png")
    captions = "[...document.querySelectorAll('.triple figcaption span')].map((one) => one.textContent).join()"
    page.until(f"{captions} === 'Given: A,Translated: B,And back: A'")
    sizes = (
        "[...document.querySelectorAll('.triple img')].map((one) => `${one.naturalWidth}x${one.naturalHeight}`).join()"
    )
    page.until(f"{sizes} === '31x22,31x22,31x22'")
    page.run("document.querySelectorAll('.ways button')[1].click()")
    page.until(f"{captions} === 'Given: B,Translated: A,And back: B'")
    assert page.run("document.querySelector('#making').hidden")
    quiet(page)


BAD = {
    "large.png": (png(40_000, 40_000), "40,000 x 40,000 pixels"),
    "text.png": (b"no picture\n" * 9, "This is no picture"),
    "script.svg": (SVG, "This is no picture"),
    "heavy.png": (None, "The file has 100 MB, and this page takes 1 MB at most"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("model", ["vae", "cyclegan"])
def test_what_cannot_be_taken_is_told_and_the_page_lives_on(name, model, opened, tmp_path):
    content, words = BAD[name]
    page, path = opened(model), tmp_path / name
    path.write_bytes(content or b"")
    if content is None:
        with open(path, "wb") as file:
            file.truncate(100_000_000)
    page.choose(".drop input" if model == "cyclegan" else ".slot input[type=file]", path)
    shown = f"!document.querySelector('#message').hidden && document.querySelector('#message').textContent.includes({words!r})"
    page.until(shown)
    if model == "vae":
        before = picture(page)
        move(page, "#latents input", -1 - len(name) / 10)
        changed(page, before)
    quiet(page)


@pytest.mark.parametrize("model", ["vae", "cvae", "cyclegan"])
def test_a_telephone_shows_all_of_it_without_scrolling_sideways(model, opened):
    page = opened(model)
    page.size(390, 844)
    try:
        assert page.run("document.documentElement.scrollWidth") <= 390
    finally:
        page.size(1280, 900)
