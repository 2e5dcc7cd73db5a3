import pytest

from seq2report.files import sources

ZEROS, ONES = "0" * 64, "1" * 64


FILES = {"a/x.json": ZEROS, "y.bin": ONES}


@pytest.mark.parametrize(
    ("locations", "message"),
    [
        ([{"files": FILES, "member": "x"}], (0, "'member' and 'files' exclude each other; remove")),
        ([{"files": FILES, "sha256": ONES}], (0, "'sha256' and 'files' exclude each other")),
        ([{}, {"files": FILES, "bytes": 3}], (1, "'bytes' and 'files' exclude each other")),
        (
            [{"files": {"/a": ONES}}],
            (0, "found '/a', expected a path like folder/x.json: its path"),
        ),
        (
            [{"files": {"a//b": ONES}}],
            (0, "found 'a//b', expected a path like folder/x.json: it is"),
        ),
        ([{"files": {"a/": ONES}}], (0, "found 'a/'")),
        ([{"files": {".": ONES}}], (0, "found '.'")),
        ([{"files": {"": ONES}}], (0, "found ''")),
        (
            [{"files": {"a/x": ONES, "b/x": ONES}}],
            (0, "'a/x' and 'b/x' have the same name; remove"),
        ),
        ([{"files": FILES}, {}, {"files": FILES | {"y.bin": ZEROS}}], (2, "'y.bin' is not as in")),
        ([{"files": FILES}, {"files": {"x.json": ZEROS}}], (1, "'y.bin' is not as in the first")),
        ([{"files": {"x.json": ZEROS}}, {"files": FILES}], (1, "'y.bin' is not as in the first")),
    ],
)
def test_files_that_cannot_be_one_tar_are_refused(locations, message):
    (found,) = sources.files_mistakes(locations)
    assert (found[0], message[1] in found[1]) == (message[0], True)


def test_several_locations_may_have_the_same_files_below_other_folders():
    other = {"b/c/y.bin": ONES, "x.json": ZEROS}
    assert list(sources.files_mistakes([{"files": FILES}, {}, {"files": other}])) == []
