"""Two voices of a speech synthesiser: different sentences to train on, the same ones to validate and test on.

    python tests/voices.py OUT                        OUT/a and OUT/b, each with train, val and test
    python tests/voices.py OUT --a espeak:en-us+m3:40 --b flite:slt --train 220 --val 20 --test 30

A voice is ``espeak:NAME:PITCH`` (espeak-ng, pitch 0 to 99) or ``flite:NAME`` (kal, kal16, awb, rms, slt). The packages
espeak-ng and flite of the system make the sound; the sentences come from a grammar of a few words, by a fixed draw, so that
everyone has the same. Nothing of it is kept in the repository.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from genlab.random import keyed

VOICES = ("espeak:en-us+m3:35", "espeak:en-us+f3:65")
PROGRAMS = {"espeak": "espeak-ng", "flite": "flite"}
COUNTS = {"train": 220, "val": 20, "test": 30}
SENTENCE = (
    ("the", "a", "one", "my", "our", "every"),
    ("old", "young", "quiet", "hungry", "clever", "tired", "cheerful", "blue", "tall", "shy"),
    ("sailor", "teacher", "badger", "gardener", "painter", "child", "robot", "judge", "owl", "thief", "baker", "nurse"),
    ("carries", "follows", "draws", "forgets", "measures", "sells", "washes", "borrows", "hides", "mends", "admires"),
    ("the", "this", "that", "another", "your", "no"),
    ("heavy", "golden", "empty", "frozen", "broken", "yellow", "tiny", "smooth", "strange", "noisy"),
    ("kettle", "window", "boat", "violin", "ladder", "jacket", "mushroom", "engine", "chair", "pillow", "zebra", "pen"),
    ("near the harbour", "before lunch", "without a word", "in the garage", "on Thursday", "behind the church"),
)


def sentences(count):
    """Different sentences, the same at every call and the first of a longer list."""
    dice, found = keyed("sentences of two voices"), {}
    while len(found) < count:
        words = " ".join(str(dice.choice(group)) for group in SENTENCE)
        found[f"{words.capitalize()}."] = None
    return list(found)


def shares(counts):
    """What each voice says: (voice, split) -> sentences. Those of train are its own, those of val and test of both."""
    ahead = iter(sentences(2 * counts["train"] + counts["val"] + counts["test"]))

    def some(number):
        return list(itertools.islice(ahead, number))

    said = {}
    for split in ("test", "val"):
        said["a", split] = said["b", split] = some(counts[split])
    return said | {("a", "train"): some(counts["train"]), ("b", "train"): some(counts["train"])}


def missing(voices=VOICES):
    """Why there can be no voices here; None: there can."""
    absent = sorted(
        {PROGRAMS[voice.split(":")[0]] for voice in voices if not shutil.which(PROGRAMS[voice.split(":")[0]])}
    )
    return f"no speech synthesiser: apt-get install {' '.join(absent)}" if absent else None


def command(voice, sentence, path):
    """The words of a shell that make a voice say a sentence into a file."""
    engine, name, *pitch = voice.split(":")
    if engine == "flite":
        return ["flite", "-voice", name, "-t", sentence, "-o", str(path)]
    return ["espeak-ng", "-v", name, "-p", *(pitch or ["50"]), "-s", "160", "-w", str(path), sentence]


def speak(voice, sentence, path):
    """Write a sentence as a WAV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(command(voice, sentence, path), check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    assert path.stat().st_size > 44, f"{voice} said nothing into {path}"


def make(root, voices=VOICES, **counts):
    """Two voices in ``root/a`` and ``root/b``; files of one name in val and test are of one sentence. -> the folders."""
    root = Path(root)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(
                speak, dict(zip("ab", voices, strict=True))[side], text, root / side / split / f"{place:03d}.wav"
            )
            for (side, split), texts in shares(COUNTS | counts).items()
            for place, text in enumerate(texts)
        ]
        for job in jobs:
            job.result()
    return root / "a", root / "b"


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for side, voice in zip("ab", VOICES, strict=True):
        parser.add_argument(f"--{side}", default=voice)
    for split, count in COUNTS.items():
        parser.add_argument(f"--{split}", type=int, default=count)
    asked = parser.parse_args()
    voices = asked.a, asked.b
    if reason := missing(voices):
        parser.error(reason)
    folders = make(asked.out, voices, train=asked.train, val=asked.val, test=asked.test)
    print(f"data.a={folders[0]} data.b={folders[1]}")


if __name__ == "__main__":
    main()
