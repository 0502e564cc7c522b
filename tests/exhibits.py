"""Pages of small models that nobody has trained, served on a free port, and a client that asks them."""

from __future__ import annotations

import base64
import http.client
import io
import json
import struct
import threading
import time
import zlib
from contextlib import contextmanager
from urllib.parse import urlencode

import numpy as np
from PIL import Image

import untrained
from genlab.apps.demonstrating import demonstrate
from genlab.config.compose import compose
from genlab.pages.demo.server import Server
from genlab.runs.load import load_run

from photographs import CUT, SMALL

OPTIONS = {
    "vae": ["model=vae", "data=digits", "model.latent_dim=3"],
    "cvae": ["model=cvae", "data=digits", "model.latent_dim=3"],
    "dcgan": ["model=dcgan", "data=digits", "model.latent_dim=3", "model.net.width=4"],
    "ae": ["model=ae", "data=digits", "model.latent_dim=3"],
    "ss_aae": ["model=ss_aae", "data=digits", "model.latent_dim=3", "model.labelled=100"],
    "restoration": ["model=restoration", "data=digits"],
    "cyclegan": ["model=cyclegan", "data=unpaired_folders", *CUT, *SMALL["cyclegan"]],
    "pix2pix": ["model=pix2pix", "data=paired_folders", *CUT, *SMALL["pix2pix"]],
    "gan": ["model=gan", "data=toy2d"],
}


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def run_of(model, root, path=None, /, **said):
    """A run directory. ``path``: of the pictures of a set of one's own."""
    cfg = compose("train", [*OPTIONS[model], *([f"data.path={path}"] if path else [])])
    return untrained.saved(cfg, root / model, **said)


@contextmanager
def served(run, *overrides):
    """A server of the page of a run, while open."""
    cfg = compose("demo", [f"ckpt={run}", "port=0", "device=cpu", *overrides])
    with Server(cfg.host, cfg.port, list(cfg.names)) as server:
        thread = threading.Thread(target=demonstrate, args=(cfg, load_run(run, list(cfg.trust)), server), daemon=True)
        thread.start()
        while server.site is None and thread.is_alive():
            time.sleep(0.01)
        assert server.site is not None
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


def answer(server, method, path, body=None, **headers):
    """Status, headers and content of an answer, the content as JSON where it is some."""
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        got = connection.getresponse()
        content = got.read()
        as_json = got.headers.get_content_type() == "application/json"
        return got.status, got.headers, json.loads(content) if as_json else content
    finally:
        connection.close()


def question(server, path, asked, **headers):
    """Status and content of the answer to a mapping."""
    status, _, content = answer(server, "POST", path, json.dumps(asked), Content_Type="application/json", **headers)
    return status, content


def upload(server, path, content, **asked):
    """Status and content of the answer to a file."""
    there = f"{path}?{urlencode(asked)}" if asked else path
    status, _, got = answer(server, "POST", there, content, Content_Type="application/octet-stream")
    return status, got


def pixels(uri):
    """uint8 [H, W] or [H, W, 3] of a picture in an answer."""
    assert uri.startswith("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def file_of(array, kind="PNG"):
    """A picture file of uint8 [H, W] or [H, W, 3]."""
    content = io.BytesIO()
    Image.fromarray(array).save(content, format=kind)
    return content.getvalue()


def chunk(kind, content):
    """A part of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height):
    """A PNG that says it has so many pixels, and has hardly any."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def told(server):
    """What the page knows of the model."""
    page = server.site.page.content.decode()
    return json.loads(page.partition('id="told">')[2].partition("</script>")[0])
