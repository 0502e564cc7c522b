"""Small sets in the folders and formats of the published ones, cut out of scikit-learn's two photographs."""

import numpy as np
from PIL import Image, ImageOps

import photographs

DOMAINS = ("horse2zebra", "apple2orange", "summer2winter_yosemite", "monet2photo", "vangogh2photo")


def everything(root):
    """Every published set, in ``root``."""
    celeba(root / "celeba")
    side_by_side(root / "maps", ("train", "val"))
    side_by_side(root / "facades", ("train", "val", "test"))
    for name in DOMAINS:
        domains(root / name)


def saved(picture, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def celeba(folder, count=80):
    """Faces, 48x58, in the official partition's proportions, with three attributes."""
    rows, parts = [], []
    for i, cut in enumerate(photographs.cuts("flower", count)):
        name = f"{i:06d}.jpg"
        saved(cut.resize((48, 58)), folder / "img_align_celeba" / name)
        rows.append(f"{name} {-1 if i % 3 else 1:2d} {1 if i % 2 else -1:2d} -1")
        parts.append(f"{name} {0 if i < count // 2 else 1 if i < 3 * count // 4 else 2}")
    (folder / "list_attr_celeba.txt").write_text("\n".join([str(count), "Bald Smiling Young", *rows, ""]))
    (folder / "list_eval_partition.txt").write_text("\n".join([*parts, ""]))


def side_by_side(folder, splits):
    """Photographs left, their negatives right."""
    for split in splits:
        for i, cut in enumerate(photographs.cuts("china", 36 if split == "train" else 4)):
            both = np.concatenate([np.asarray(cut), np.asarray(ImageOps.invert(cut))], 1)
            saved(Image.fromarray(both), folder / split / f"{i}.jpg")
    return folder


def domains(folder):
    """A temple in A, a flower in B, in training and test parts; one grey file, as in the original."""
    for side, name, counts in (("A", "china", (36, 4)), ("B", "flower", (33, 6))):
        for part, count in zip(("train", "test"), counts, strict=True):
            for i, cut in enumerate(photographs.cuts(name, count)):
                saved(cut.convert("L") if i == 1 else cut, folder / f"{part}{side}" / f"{i}.jpg")
