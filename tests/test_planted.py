"""The list of planted mistakes keeps up with the code: each still applies, and its tests are there."""

import subprocess
import sys

import mutants


def test_every_planted_mistake_still_applies_and_names_files_of_tests_that_exist():
    assert [fault for mutant in mutants.planted([]) if (fault := mutant.fault())] == []


def test_every_test_that_a_planted_mistake_names_exists():
    named = sorted({test for mutant in mutants.planted([]) for test in mutant.tests if "::" in test})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-m",
        "",
        *named,
    ]
    done = subprocess.run(command, cwd=mutants.REPO, capture_output=True, text=True)
    assert done.returncode == 0, [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
