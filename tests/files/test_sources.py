import contextlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2report.core.command import UserError
from seq2report.files import sources

ZEROS, ONES = "0" * 64, "1" * 64


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "mapping with the keys file, from, mirror"),
        ({"file": "x"}, "'from' is missing"),
        ({"file": "../x", "from": []}, "without a folder"),
        ({"file": "x", "from": {}}, "list of locations"),
        ({"file": "x", "from": [], "mirror": "/etc/x"}, "path inside a mirror"),
        ({"file": "x", "frm": []}, "unknown key 'frm'; did you mean 'from'"),
        ({"file": "x", "from": [{}]}, "x, location 1: needs either a url or a package"),
        ({"file": "x", "from": [{"url": "http://h/x", "sha": "1"}]}, "did you mean 'sha256'"),
        ({"file": "x", "from": [{"url": "http://h/x", "sha256": "1"}]}, "64 hexadecimal"),
        ({"file": "x", "from": [{"url": "http://h/x", "bytes": True}]}, "whole number above 0"),
        ({"file": "x", "from": [{"url": "http://h/x", "member": 1}]}, "a name in the archive"),
        ({"file": "x", "from": [{"url": "http://h", "files": {}}]}, "64 hexadecimal digits each"),
        (
            {"file": "x", "from": [{"url": "http://h", "files": {"a": "1"}}]},
            "to map paths to sha256",
        ),
        (
            {"file": "x", "from": [{"url": "http://h", "files": {"../a": ZEROS}}]},
            "x, location 1: files: found '../a', expected a path like folder/x.json: its path",
        ),
        ({"file": "x", "from": [{"url": "ftp://h/x"}]}, "http://, https:// or file:"),
        ({"file": "x", "from": [{"url": "data/x"}]}, r"a path: file:folder/x"),
        ({"file": "x", "from": [{"url": "file:a\ud800"}]}, "found the character U+D800"),
        ({"file": "\ud800", "from": []}, "found the character U+D800"),
        ({"file": "x", "from": [{"url": 1}]}, "http://, https:// or file:"),
        ({"file": "x", "from": [{"package": "x"}]}, "name==version"),
        ({"file": "x", "from": [{"package": "--index-url=http://h/ x==1"}]}, "name==version"),
    ],
)
def test_a_wrong_source_is_refused(source, message):
    with pytest.raises(UserError, match=re.escape(message)):
        sources.parse_source(source if isinstance(source, str) else json.dumps(source))


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


@settings(max_examples=30)
@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from([*sources.FILE_KEYS, *sources.ENTRY_KEYS]), x)
        ),
    )
)
def test_any_source_is_read_or_refused(source):
    with contextlib.suppress(UserError):
        assert sources.parse_source(json.dumps(source)).file
