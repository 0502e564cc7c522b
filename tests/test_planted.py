"""The list of planted mistakes keeps up with the code: each still applies, and its tests are there."""

import mutants


def test_every_planted_mistake_still_applies_and_names_tests_that_exist():
    assert [fault for mutant in mutants.planted([]) if (fault := mutant.fault())] == []
