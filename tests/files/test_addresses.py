import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2report.files.addresses import redact

WORD = st.from_regex(r"[A-Za-z0-9%_~.-]{1,9}", fullmatch=True)


@settings(max_examples=50)
@given(st.lists(WORD, max_size=2), st.lists(WORD, max_size=3), st.none() | WORD)
def test_what_redact_leaves_of_an_address(login, query, fragment):
    secret = f"{':'.join(login)}@" if login else ""
    asked = "?" + "&".join(f"k={value}" for value in query) if query else ""
    url = f"https://{secret}host:81/a/b.zip{asked}{f'#{fragment}' if fragment else ''}"
    assert redact(url) == f"https://host:81/a/b.zip{'?…' if query else ''}"


@pytest.mark.parametrize("url", ["file:resources/a b#1.zip", "file:/srv/a.zip?b"])
def test_an_address_of_a_file_stays_as_it_is(url):
    assert redact(url) == url
