"""Every row of the table in docs/data.md has tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "decode": "tests/data/files/test_decode.py",
    "io": "tests/data/files/test_picture_io.py",
    "tiff": "tests/data/files/test_tiff.py",
    "folders": "tests/apps/test_odd_folders.py",
    "pictures": "tests/translate/test_odd_pictures.py",
    "sources": "tests/data/sets/test_sources.py",
    "translate": "tests/translate/test_translate.py",
}
TESTED = {  # by the beginning of a row: tests of training, tests of translation
    "JPEG (": ["decode every_format_gives_the_picture", "io eight_bits_come_back", "io a_format_that_is_not_written"],
    "GIF, PPM": ["decode every_format_gives_the_picture", "pictures formats_that_are_not_written"],
    "any other ending": ["folders other_files_are_counted", "pictures formats_that_are_not_written"],
    "1, 2, 4 and 8 bits": ["tiff files_of_eight_bits", "tiff white_may_be_zero", "io a_palette_with_transparency"],
    "16 bits, grey or colour": ["decode sixteen_bits_are", "folders planes_of", "io sixteen_bits_with_alpha"],
    "16 bits of which": ["folders twelve_bits", "pictures the_range_of", "io numbers_outside"],
    "signed or 32-bit": ["decode a_tiff_of_numbers_between", "io numbers_of_every_kind"],
    "fractions in [0, 1]": ["decode a_tiff_of_numbers_between", "io numbers_of_every_kind"],
    "16-bit colour in PPM": ["decode a_ppm_of_sixteen_bits", "decode ten_bits_of_an_avif"],
    "TIFF by planes": ["tiff every_orientation", "io profile_resolution_and_place"],
    "four and more bands": ["tiff a_fourth_band", "tiff what_cannot_be_read_right"],
    "CMYK": ["decode what_is_not_used_of_a_file", "io cmyk_comes_out_as_rgb"],
    "YCbCr": ["tiff what_cannot_be_read_right"],
    "transparency": ["decode what_is_transparent", "io half_transparent_colours", "io transparency_is_carried_over"],
    "EXIF and TIFF": ["tiff every_orientation", "sources pictures_stand_upright", "io pictures_are_turned_upright"],
    "a colour profile": ["decode a_profile_other", "io profile_resolution_and_place", "io a_profile_that"],
    "resolution (dpi)": ["io profile_resolution_and_place", "io a_place_on_the_map_is_left_out"],
    "other EXIF": ["io other_exif_is_left_out"],
    "several frames": ["decode a_profile_other_than_srgb_and_further_frames", "io pictures_are_turned_upright"],
    "more than 100 million": ["decode a_picture_above", "decode a_picture_of_more_than", "pictures large_pictures"],
    "a file that is cut short": ["tiff a_file_that_was_cut_short", "folders every_skipped", "translate a_corrupt_file"],
}  # fmt: skip


def test_every_row_has_tests_that_exist():
    table = (ROOT / "docs" / "data.md").read_text().partition("### What a file may be")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| (?!a file \|)([^|]+) \|", table, re.MULTILINE)
    assert len(rows) == len(TESTED)
    known = {
        key: [n.name for n in ast.parse((ROOT / path).read_text()).body if isinstance(n, ast.FunctionDef)]
        for key, path in FILES.items()
    }
    for row, (beginning, tests) in zip(rows, TESTED.items(), strict=True):
        assert row.startswith(beginning)
        for file, name in (test.split() for test in tests):
            assert any(found.startswith(f"test_{name}") for found in known[file]), (row, name)
