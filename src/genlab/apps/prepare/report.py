"""The report of ``prepare.py``: splits, files, irregularities, and the location of the decoded set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genlab.apps.prepare.sound_report import sound_files, sound_oddities
from genlab.apps.prepare.words import NAMED, copies, leaks, listed, megabytes, table
from genlab.contracts import DataSpec
from genlab.data.report.sound_survey import SoundSurvey
from genlab.data.report.survey import Picture, Survey
from genlab.data.store.columns import Column, whole_of
from genlab.data.store.source import SPLITS, PreparedData

CLASSES = 40


def report(prepared: PreparedData, survey: Survey, sounds: SoundSurvey | None = None) -> list[str]:
    """The lines of the report; ``sounds``: of sets of sound files."""
    lines = list(heading(prepared))
    if survey.every:
        lines += ["", *files(survey), "", *oddities(prepared.spec, survey)]
    elif sounds is not None:
        lines += ["", *sound_files(sounds), "", *sound_oddities(prepared, sounds)]
    else:
        lines += ["", *values(prepared)]
    labels = list(classes(prepared))
    lines += ["", *labels] if labels else []
    return [*lines, "", *storage(prepared)]


# ---- the set --------------------------------------------------------------------------------------------------------


def heading(prepared: PreparedData) -> Iterator[str]:
    """The set as training will see it."""
    spec = prepared.spec
    yield f"data       {spec.name}: {spec.kind}, {'x'.join(map(str, spec.shape))}" + (
        f", {spec.note}" if spec.note else ""
    )
    yield f"digest     {spec.digest[:12]}"
    yield "counts     " + "   ".join(f"{split} {count:,}" for split, count in spec.sizes.items())
    yield from (f"note       {remark}" for remark in spec.remarks)


def storage(prepared: PreparedData) -> Iterator[str]:
    """Where the decoded set lies, and how large it is."""
    folder = next((place for part in prepared.columns.values() for c in part.values() if (place := home(c))), None)
    if folder is None:
        yield "store      none: nothing has to be decoded"
    else:
        size = sum(file.stat().st_size for file in folder.iterdir())
        yield f"store      {folder}   {megabytes(size)}"


def home(column: Column) -> Path | None:
    """The folder of a memory-mapped column; None for one in memory."""
    name = getattr(whole_of(column), "filename", None)
    return Path(name).parent if name else None


def values(prepared: PreparedData) -> Iterator[str]:
    """For sets without picture files: number of rows and range of values of each split."""
    rows: list[tuple[str, ...]] = [("split", "rows", "column", "values", "mean")]
    for split in SPLITS:
        for name, column in prepared.columns[split].items():
            if name != "label" and isinstance(column, np.ndarray):
                low, high, mean = column.min(), column.max(), column.mean(dtype=np.float64)
                number = ",.0f" if column.dtype == np.uint8 else ".3g"
                rows.append((split, f"{len(column):,}", name, f"{low:{number}} … {high:{number}}", f"{mean:.3g}"))
    yield from table(rows, left=(0, 2))


def classes(prepared: PreparedData) -> Iterator[str]:
    """Number of images per class or attribute in each split."""
    spec, columns = prepared.spec, prepared.columns
    if any("label" not in columns[split] for split in SPLITS):
        return
    labels = {split: np.asarray(columns[split]["label"]) for split in SPLITS}
    if spec.classes:
        names = spec.class_names or tuple(map(str, range(spec.classes)))
        counts = {split: np.bincount(label, minlength=spec.classes) for split, label in labels.items()}
    elif spec.attributes and set(spec.levels) <= {2}:
        names, counts = spec.attributes, {split: label.sum(0) for split, label in labels.items()}
    else:
        return
    rows: list[tuple[str, ...]] = [("class" if spec.classes else "attribute", *SPLITS)]
    rows += [(name, *(f"{counts[split][i]:,}" for split in SPLITS)) for i, name in enumerate(names[:CLASSES])]
    yield from table(rows, left=(0,))
    if len(names) > CLASSES:
        yield f"and {len(names) - CLASSES} more"


# ---- its files ------------------------------------------------------------------------------------------------------


def files(survey: Survey) -> Iterator[str]:
    """One line per part: number, sizes and colour modes of the files."""
    kinds = ("grey", "colour", "other")
    rows: list[tuple[str, ...]] = [("part", "files", "size", *kinds, "MB")]
    for part, pictures in survey.parts.items():
        counts = [str(sum(picture.colours == kind for picture in pictures)) for kind in kinds]
        volume = f"{sum(picture.bytes for picture in pictures) / 1e6:,.1f}"
        rows.append((part, f"{len(pictures):,}", sizes(pictures), *counts, volume))
    yield from table(rows, left=(0, 2))


def sizes(pictures: list[Picture]) -> str:
    """``256x256``, or the smallest, the median and the largest picture (width x height) by its area."""
    seen = sorted((p.size for p in pictures if p.size is not None), key=lambda size: (size[0] * size[1], size))
    if not seen:
        return "-"
    if len(set(seen)) == 1:
        return f"all {seen[0][0]}x{seen[0][1]}"
    return " … ".join(f"{width}x{height}" for width, height in (seen[0], seen[len(seen) // 2], seen[-1]))


def oddities(spec: DataSpec, survey: Survey) -> Iterator[str]:
    """Irregularities: unreadable files, missing partners, grey images among colour ones, duplicates."""
    total, grey, others = len(survey.every), survey.grey(), survey.others()
    unreadable, partnerless = left_out(spec, survey)
    yield f"unreadable {listed(unreadable, NAMED * 5) if unreadable else 'none'}"
    if partnerless or set(survey.parts) == {"A", "B"}:
        yield f"alone      {listed(partnerless, NAMED * 5) if partnerless else 'every file has its partner'}"
    if 0 < len(grey) < total:
        yield f"grey       {listed(grey, NAMED) if len(grey) <= NAMED else f'{len(grey):,} of {total:,}'}"
    if others:
        modes = ", ".join(f"{count:,} {mode}" for mode, count in others.most_common())
        yield f"other      {modes} (read as {'grey' if spec.shape[0] == 1 else 'colour'})"
    yield from copies(survey)
    yield from leaks(survey, "picture")


def left_out(spec: DataSpec, survey: Survey) -> tuple[list[str], list[str]]:
    """The names of unreadable files, and of files without a partner."""
    paths = [survey.path(picture.name) for picture in survey.every] if set(survey.parts) == {"A", "B"} else []
    partnerless = [name for name in spec.skipped if paths and not any(path.endswith(f"/{name}") for path in paths)]
    unreadable = [name for name in spec.skipped if name not in partnerless]
    told = tuple(f"/{name}" for name in unreadable)
    return unreadable + [name for name in survey.unreadable() if not survey.path(name).endswith(told)], partnerless
