"""The lines of tables and texts, and the line of a byte that cannot be decoded."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from seq2report.core.command import UserError

SET_ENCODING = "set the encoding ('encoding' of a corpus, --encoding of a command) to"
MARKS = {  # the first bytes of a file
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
LARGEST_ROW = 1 << 26  # characters, which are in memory at once
# Encodings that Python has for domain names and for its own source code.
NO_TEXT = ("idna", "punycode", "raw-unicode-escape", "unicode-escape")


class Lines(io.TextIOWrapper):
    """The lines of a table, with their ends; ``left`` is what the row may still have."""

    left = LARGEST_ROW

    def __next__(self) -> str:
        line = self.readline(self.left + 1)
        self.left -= len(line)
        if self.left < 0:
            raise UserError(TOO_LARGE)
        if not line:
            raise StopIteration
        return line


TOO_LARGE = (
    f"a row has more than {LARGEST_ROW:,} characters, which is the most that is read;"
    " does a quotation mark or a line end lack? Remove such rows"
)


def text_encoding(name: str) -> str:
    """Return Python's name of an encoding of texts; `ValueError` if it is none."""
    try:
        "".encode(name)
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        known = NO_TEXT[0]
    if known in NO_TEXT:
        hint = "utf-8, latin-1 or another encoding that Python knows"
        raise ValueError(f"unknown '{name}'; allowed: {hint}")
    return known


def lines_of(file: BinaryIO, encoding: str) -> Lines:
    """Return the lines of a file, without a byte order mark."""
    return Lines(file, without_mark(encoding), newline="")


def without_mark(encoding: str) -> str:
    """Return an encoding that leaves out a byte order mark, in any spelling of its name."""
    known = codecs.lookup(encoding).name
    return "utf-8-sig" if known == "utf-8" else known


def encoding_hint(start: bytes) -> str:
    """Return what to do about a text of another encoding, by the first bytes of its file."""
    for encoding, marks in MARKS.items():
        if start.startswith(marks):
            return f"{SET_ENCODING} {encoding}, as the first bytes show"
    return f"{SET_ENCODING} that of the file, for example latin-1"


def without_order(encoding: str) -> str:
    """Return a message about UTF-16 or UTF-32 without the mark that gives the order of bytes."""
    encodings = f"{encoding}-le or {encoding}-be"
    return f"it has no byte order mark; {SET_ENCODING} {encodings}, or is it utf-8?"


def lines_before(
    error: UnicodeDecodeError, chunk: bytes, decoder: io.IncrementalNewlineDecoder
) -> int:
    """Return the number of lines in ``chunk`` before the byte that the decoder refused."""
    pending = len(error.object) - len(chunk)
    lines = decoder.decode(chunk[: max(0, error.start - pending)]).count("\n")
    return lines + (decoder.getstate()[1] & 1)  # a CR that waits for an LF


def text_lines(file: BinaryIO, name: str, encoding: str) -> Iterator[str]:
    """Yield the lines of a file, which end with CR, LF or both, without their ends."""
    codec = codecs.getincrementaldecoder(without_mark(encoding))
    decoder = io.IncrementalNewlineDecoder(codec(), True)
    number, begun, more, start = 0, [], True, b""
    while more:
        chunk = file.read1(1 << 16)
        more, start = bool(chunk), start or chunk
        try:
            text = decoder.decode(chunk, final=not more)
        except UnicodeDecodeError as error:
            line = number + 1 + lines_before(error, chunk, decoder)
            hint = encoding_hint(start)
            raise UserError(
                f"{name}: line {line} is not {encoding} ({error.reason}); {hint}"
            ) from error
        except UnicodeError as error:
            raise UserError(f"{name}: {without_order(encoding)}") from error
        if (zero := text.find("\0")) >= 0:
            line = number + 1 + text.count("\n", 0, zero)
            raise UserError(f"{name}: line {line} has a zero byte; {encoding_hint(start)}")
        first, *others = text.split("\n")
        begun.append(first)
        if sum(map(len, begun)) > LARGEST_ROW:
            raise UserError(f"{name}: line {number + 1}: {TOO_LARGE}")
        for begin in others:
            number += 1
            yield "".join(begun)
            begun = [begin]
    if last := "".join(begun):
        yield last
