"""Lines of texts: their encoding, and how long one may be."""

import io

import pytest

from seq2report.core.command import UserError
from seq2report.files import lines


@pytest.mark.parametrize("name", ["x", "rot13", "base64", "zlib", "undefined", "punycode", "a\0"])
def test_what_is_no_encoding_of_texts_is_refused(name):
    with pytest.raises(ValueError):
        lines.text_encoding(name)
    assert lines.text_encoding("UTF8") == "utf-8"


@pytest.mark.reliability("Bad corpora")
def test_an_endless_line_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(lines, "LARGEST_ROW", 9)
    assert list(lines.text_lines(io.BytesIO(b"x" * 9 + b"\ny"), "a.txt", "utf-8"))[1] == "y"
    endless = io.BufferedReader(io.FileIO("/dev/zero"))
    with pytest.raises(UserError, match=r"^a\.txt: line 1: a row has more than"):
        list(lines.text_lines(endless, "a.txt", "utf-8"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf8", "UTF-8", "utf_8"])
def test_a_byte_order_mark_is_no_part_of_the_text_however_the_encoding_is_spelled(encoding):
    content = io.BytesIO("\ufeffa\nb".encode())
    assert list(lines.text_lines(content, "a.txt", encoding)) == ["a", "b"]
