"""The part of ``demo.py`` that needs torch: looks at the model, and serves its page."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from genlab import console
from genlab.apps.command.device import device_for
from genlab.apps.command.main import leave_at_once
from genlab.apps.command.paths import OWN_FOLDERS, prepare, saved_configuration
from genlab.config.build import build
from genlab.contracts import DataError, Stopped
from genlab.data.store.source import PreparedData
from genlab.pages.demo.abilities import require_showable
from genlab.pages.demo.examples import Examples
from genlab.pages.demo.exhibit import Exhibit, kind_of
from genlab.pages.demo.handler import Site
from genlab.pages.demo.page import Page
from genlab.pages.demo.server import Server
from genlab.pages.demo.uploads import Limits
from genlab.pages.demo.worker import Worker
from genlab.pages.names import is_loopback
from genlab.runs.load import Loaded
from genlab.sound.reading import require_installed

PATIENCE = 2.0  # seconds that the answer in hand may take after a signal
USUAL = 8  # examples, where none are typed and the set is at hand
OPEN = "note      everyone who reaches this machine can use the page; host=127.0.0.1 is for this machine alone"


def demonstrate(cfg: DictConfig, loaded: Loaded, server: Server) -> int:
    """Serve the page until a signal comes.

    Raises:
        ConfigError: the model has nothing to show.
        DataError: examples are asked for, and the set is not found.
    """
    if threads := build(cfg.performance, cfg.trust).apply():
        console.say(f"threads   {threads}")
    if loaded.spec.sound:
        require_installed(f"ckpt={cfg.ckpt}")
    loaded.model.to(device_for(cfg.device))
    able, worker = require_showable(loaded.model, loaded.spec, cfg.ckpt), Worker()
    if cfg.check_only:
        console.say("all checks passed; nothing was served")
        return 0
    limits = Limits(int(cfg.max_megabytes * 1e6), cfg.max_pixels, cfg.max_seconds)
    examples = examples_of(cfg, loaded)
    side = cfg.side or max(loaded.spec.shape[1:])
    exhibit = worker(lambda: Exhibit.of(loaded, able, examples, side, limits))
    server.site = Site(Page.of(exhibit.told), exhibit.answers, worker, limits, kind_of(loaded.spec))
    console.say(f"model     {exhibit.told['title']}, {exhibit.told['about']}")
    if not is_loopback(cfg.host):
        console.say(OPEN)
    console.say(f"page      {server.url}   (Ctrl-C ends it)")
    serve(server, worker)
    return 0


def serve(server: Server, worker: Worker) -> None:
    """Serve until a signal comes; who waits for a long answer then waits in vain.

    Raises:
        Stopped: by a signal.
    """
    try:
        server.serve_forever()
    except Stopped as stop:
        if not worker.end(PATIENCE):
            console.say(str(stop))
            leave_at_once(stop.exit_code)
        raise


def examples_of(cfg: DictConfig, loaded: Loaded) -> Examples:
    """Pictures of the run's set: as many as are asked for, else some if it lies here, else none.

    Raises:
        DataError: they are asked for, and the set is not found.
    """
    count = USUAL if cfg.examples is None else cfg.examples
    if not count or (cfg.examples is None and not at_hand(cfg, loaded)):
        return Examples(None, 0, cfg.seed)
    try:
        return Examples(prepared(cfg, loaded), count, cfg.seed)
    except DataError as error:
        if cfg.examples is not None:
            raise
        console.say(f"note      no examples: {error}")
        return Examples(None, 0, cfg.seed)


def prepared(cfg: DictConfig, loaded: Loaded) -> PreparedData:
    """The run's data set."""
    found = prepare(saved_configuration(loaded.config, cfg))
    if found.spec.digest != loaded.spec.digest:
        console.say(f"note      the images of {found.spec.name} are not those that the model was trained on")
    return found


def at_hand(cfg: DictConfig, loaded: Loaded) -> bool:
    """Whether the set is drawn, or lies in folders of its own or ``paths.data``: then nothing is downloaded for it."""
    if "data" not in loaded.config:
        return False
    own = [cfg.data.get(key) or loaded.config.data.get(key) for key in OWN_FOLDERS]
    target = str(loaded.config.data._target_)
    if given := [Path(path).expanduser() for path in own if path is not None]:
        return all(path.exists() for path in given)
    folder = Path(cfg.paths.data).expanduser() / loaded.spec.name
    return target.startswith(DRAWN) or (folder.is_dir() and any(folder.iterdir()))


DRAWN = ("genlab.data.sets.digits.", "genlab.data.sets.shapes.")  # sets without files
