"""Lines of texts: their encoding, and how long one may be."""

import io
from types import SimpleNamespace

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
    endless = SimpleNamespace(read1=lambda size: b"x" * size)
    with pytest.raises(UserError, match=r"^a\.txt: line 1: a row has more than"):
        list(lines.text_lines(endless, "a.txt", "utf-8"))


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        ("é\n".encode("utf-16"), "utf-8", "line 1 is not utf-8 (invalid start byte); set the"),
        ("ab\n".encode("utf-16"), "latin-1", "line 1 has a zero byte; set the encoding ("),
        ("ab\n".encode("utf-32"), "latin-1", "line 1 has a zero byte; set the encoding ("),
        (b"ab\nc\0", "utf-8", "line 2 has a zero byte; set the encoding ("),
        (b"\xe9", "utf-8", "line 1 is not utf-8 (unexpected end of data); set the encoding ("),
        (b"ab\ncd\n", "utf-16", "it has no byte order mark; set the encoding ("),
        ("ab\n".encode("utf-32-le"), "utf-32", "it has no byte order mark; set the encoding ("),
    ],
)
def test_lines_of_another_encoding_are_refused_with_the_right_one(content, encoding, message):
    with pytest.raises(UserError) as refused:
        list(lines.text_lines(io.BytesIO(content), "a.txt", encoding))
    assert str(refused.value).startswith(f"a.txt: {message}")
    right = {b"\xff\xfea": "to utf-16", b"\xff\xfe\xe9": "to utf-16", b"\xff\xfe\0": "to utf-32"}
    solution = next(
        (end for start, end in right.items() if content.startswith(start)), "to that of"
    )
    if "order mark" in message:
        solution = f"to {encoding}-le or {encoding}-be, or is it utf-8?"
    assert solution in str(refused.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf8", "UTF-8", "utf_8"])
def test_a_byte_order_mark_is_no_part_of_the_text_however_the_encoding_is_spelled(encoding):
    content = io.BytesIO("\ufeffa\nb".encode())
    assert list(lines.text_lines(content, "a.txt", encoding)) == ["a", "b"]
