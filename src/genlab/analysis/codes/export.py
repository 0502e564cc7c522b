"""Codes in the files that the embedding projector of TensorBoard opens: vectors, metadata, sprite, and what names them.

Smilkov et al., 2016 (arXiv:1611.05469). The rules of its reader: both tables are tab-separated; vectors have no heading,
metadata have one if and only if they have several columns; images stand on the sprite row by row, as many in a row as fit
into its width; the page refuses sprites beyond ``MOST_PIXELS`` a side.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from genlab.analysis.base.encoded import Encoded
from genlab.contracts import DataSpec
from genlab.images import from_uint8, grid, to_uint8, widened

VECTORS, METADATA, SPRITE, CONFIG = "vectors.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt"
MOST_PIXELS = 8192  # a side of the sprite: what WebGL takes for a texture everywhere
LEAST_SIDE = 4  # pixels of an image on it


def exported(codes: Encoded, spec: DataSpec, title: str, side: int) -> dict[str, bytes]:
    """The four files by name. ``title``: of the tensor; ``side``: of an image on the sprite, at most, in pixels."""
    small = thumbnails(codes.image, fitting(side, codes.image.shape, len(codes)))
    high, wide = small.shape[-2:]
    return {
        VECTORS: vectors(codes.mean),
        METADATA: metadata(codes, spec),
        SPRITE: png(sprite(small)),
        CONFIG: configuration(title, wide, high),
    }


def fitting(side: int, shape: Sequence[int], count: int) -> int:
    """The longer side of an image so that ``count`` of them fit onto the sprite; never above their own."""
    return max(LEAST_SIDE, min(side, max(shape[-2:]), MOST_PIXELS // across(count)))


def across(count: int) -> int:
    """Images in a row of the sprite."""
    return math.ceil(math.sqrt(count))


def thumbnails(image: Tensor, side: int) -> Tensor:
    """uint8 [N, C, H, W] -> the same, the longer side of ``side`` pixels, smoothed; C is 1 or 3."""
    high, wide = image.shape[-2:]
    scale = side / max(high, wide)
    size = max(1, round(high * scale)), max(1, round(wide * scale))
    if size == (high, wide):
        return image
    parts = [
        torch.nn.functional.interpolate(from_uint8(part), size=size, mode="bilinear", antialias=True)
        for part in image.split(500)
    ]
    return to_uint8(torch.cat(parts))


def sprite(image: Tensor) -> Tensor:
    """uint8 [N, C, h, w] row by row on one page without gaps, uint8 [3, h S, w S] with S = ``across``; the rest is black."""
    return grid(widened(image, 3), across(len(image)), gap=0, background=0)


def png(page: Tensor) -> bytes:
    """uint8 [3, H, W] as a PNG file."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(page.permute(1, 2, 0).numpy()).save(content, format="PNG")
    return content.getvalue()


def vectors(code: Tensor) -> bytes:
    """A line a code, [N, D]: numbers of float32, between tabs."""
    lines = ("\t".join(f"{value:.9g}" for value in row) for row in code.float().tolist())
    return ("\n".join(lines) + "\n").encode()


def metadata(codes: Encoded, spec: DataSpec) -> bytes:
    """A line an image: index and label, by name where classes have one; of attributes a column each."""
    columns = {"index": [str(int(i)) for i in codes.index], **labels(codes, spec)}
    lines = [list(columns)] if len(columns) > 1 else []
    lines += [list(row) for row in zip(*columns.values(), strict=True)]
    return "".join("\t".join(map(cell, line)) + "\n" for line in lines).encode("utf-8", "backslashreplace")


def labels(codes: Encoded, spec: DataSpec) -> dict[str, list[str]]:
    """The columns of labels, by their headings."""
    if codes.label is None:
        return {}
    if spec.labels == "classes":
        names = spec.class_names
        return {"label": [names[k] if names else str(k) for k in codes.label.tolist()]}
    plain = codes.label.T.tolist()
    return {name: [f"{value:g}" for value in column] for name, column in zip(spec.attributes, plain, strict=True)}


def cell(text: str) -> str:
    """A text without what would end its cell or its line; a blank where nothing is left, which the reader would skip."""
    return " ".join(text.split()) or " "


def configuration(title: str, wide: int, high: int) -> bytes:
    """The file that names the others: ProjectorConfig as protocol-buffer text."""
    quoted = cell(title).replace("\\", "\\\\").replace('"', '\\"')
    return (
        "embeddings {\n"
        f'  tensor_name: "{quoted}"\n'
        f'  tensor_path: "{VECTORS}"\n'
        f'  metadata_path: "{METADATA}"\n'
        f'  sprite {{\n    image_path: "{SPRITE}"\n    single_image_dim: {wide}\n    single_image_dim: {high}\n  }}\n'
        "}\n"
    ).encode("utf-8", "backslashreplace")
