"""Survey of a set's pictures before training: sizes and colour modes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genlab.contracts import Unreadable
from genlab.data.files.decode import GREY, header
from genlab.data.report.surveyed import File, Surveyed, digest_of, looked_at


@dataclass(frozen=True)
class Picture(File):
    """``size`` is (width, height) after EXIF rotation, ``mode`` is Pillow's; None and empty if the header cannot be read."""

    size: tuple[int, int] | None
    mode: str

    @property
    def is_readable(self) -> bool:
        """Whether it has a header."""
        return self.size is not None

    @property
    def colours(self) -> Literal["grey", "colour", "other", "unreadable"]:
        """``other``: pictures that must be converted (palettes, transparency, CMYK)."""
        if self.size is None:
            return "unreadable"
        return "grey" if self.mode in GREY else "colour" if self.mode == "RGB" else "other"


class Survey(Surveyed[Picture]):
    """The pictures of each part."""

    def grey(self) -> list[str]:
        """The names of grey files."""
        return [picture.name for picture in self.every if picture.colours == "grey"]

    def others(self) -> Counter[str]:
        """How many files there are of each mode that is neither grey nor RGB."""
        return Counter(picture.mode for picture in self.every if picture.colours == "other")


def survey(files: dict[str, list[Path]]) -> Survey:
    """Examine every picture once; names are relative to the folder that contains them all."""
    return Survey(*looked_at(files, survey_file))


def survey_file(path: Path, root: Path) -> Picture:
    """Hash a file and read its header."""
    name = path.relative_to(root).as_posix()
    try:
        found = header(path)
    except Unreadable:
        return Picture(name, *(digest_of(path)), None, "")
    return Picture(name, *digest_of(path), found.size, found.mode)
