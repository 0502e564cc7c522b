"""A film as one HTML file that asks for nothing else: its frames are inside, and its policy forbids every request."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from genlab.files import replacing
from genlab.film.gif import REST, pace

TEMPLATE = Path(__file__).with_name("page.html")
QUALITY, OPACITY = 82, 60  # of WebP


class Page:
    """A slider over frames; plays, pauses, goes by keys, is light or dark as the reader's system is.

    Without scripts the last frame is seen. Title and words are text, whatever is in them.
    """

    def __init__(self, title: str, about: str) -> None:
        self.title, self.about = title, about
        self.frames: list[tuple[str, str]] = []  # data URI, caption
        self.size = 0, 0  # width and height

    def add(self, picture: np.ndarray, caption: str) -> None:
        """The next frame, uint8 [H, W, 4]."""
        self.size = picture.shape[1], picture.shape[0]
        self.frames.append((data_uri(picture), caption))

    def text(self) -> str:
        """The whole file."""
        wide, high = self.size
        rows = [
            f'<img{" class=shown" * (place == len(self.frames) - 1)} src="{uri}" width="{wide}" height="{high}"'
            f' alt="{escape(caption)}">'
            for place, (uri, caption) in enumerate(self.frames)
        ]
        return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
            title=escape(self.title),
            about=escape(self.about),
            frames="\n".join(rows),
            width=wide + 32,  # and the padding of the page
            last=len(self.frames) - 1,
            caption=escape(self.frames[-1][1]),
            pace=pace(len(self.frames)),
            rest=REST,
        )

    def write(self, path: Path) -> Path:
        """Write the file, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(self.text())
        return path


def data_uri(picture: np.ndarray) -> str:
    """The picture itself as an address: WebP, or PNG where Pillow was built without it. uint8 [H, W, 4]."""
    from PIL import Image, features

    kind = "webp" if features.check("webp") else "png"
    content = io.BytesIO()
    Image.fromarray(picture).save(content, format=kind, quality=QUALITY, alpha_quality=OPACITY)
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
