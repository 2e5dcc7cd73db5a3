import contextlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2report.core.command import UserError
from seq2report.files import sources


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
        ({"file": "x", "from": [{"url": "ftp://h/x"}]}, "http://, https:// or file:"),
        ({"file": "x", "from": [{"url": "data/x"}]}, r"a path: file:folder/x"),
        ({"file": "x", "from": [{"url": 1}]}, "http://, https:// or file:"),
        ({"file": "x", "from": [{"package": "x"}]}, "name==version"),
        ({"file": "x", "from": [{"package": "--index-url=http://h/ x==1"}]}, "name==version"),
    ],
)
def test_a_wrong_source_is_refused(source, message):
    with pytest.raises(UserError, match=re.escape(message)):
        sources.parse_source(source if isinstance(source, str) else json.dumps(source))


@settings(max_examples=30)
@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from([*sources.SOURCE_KEYS, *sources.ENTRY_KEYS]), x)
        ),
    )
)
def test_any_source_is_read_or_refused(source):
    with contextlib.suppress(UserError):
        assert sources.parse_source(json.dumps(source)).file
