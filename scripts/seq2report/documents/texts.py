"""Texts to classify: from arguments, a file or standard input, in batches."""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from seq2report.core.command import UserError
from seq2report.documents.formats import text_of, whole_lines
from seq2report.files.delimited import QUOTES, Layout
from seq2report.files.lines import text_encoding, text_lines
from seq2report.files.table_files import read_rows
from seq2report.files.table_names import is_archive, kind_of, no_table

DOCUMENTS, CHARACTERS = 2048, 1 << 22  # of a batch, at most: more are never in memory
LONE = re.compile("[\ud800-\udfff]")  # surrogates, which are halves of characters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a run's folder and the arguments of `read_texts` to a command."""
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="…/<variant>/seed-<n>")
    about = "a document; without any, or with -, standard input has one per line"
    parser.add_argument("texts", nargs="*", metavar="TEXT", help=about)
    parser.add_argument(
        "--file", type=Path, help=".txt (one document per line), or a table as for a corpus"
    )
    parser.add_argument(
        "--column",
        action="append",
        help="column of such a table (default: text); repeat it to join several",
    )
    parser.add_argument(
        "--encoding", default="utf-8", type=encoding, help="of the texts (default: utf-8)"
    )
    parser.add_argument("--delimiter", type=delimiter, help="of a table, one character or \\t")
    parser.add_argument("--quote", choices=QUOTES, help="around the values of a table")
    parser.add_argument(
        "--no-header",
        dest="header",
        action="store_false",
        help="the columns of the table have no names but numbers, from 1",
    )


def asked_texts(args: argparse.Namespace) -> Iterator[str]:
    """Return `read_texts` of the parsed arguments of a command.

    Raises:
        UserError: an option about tables would have no effect on these texts.
    """
    is_table = args.file is not None and args.file.suffix.lower() != ".txt"
    is_delimited = is_table and kind_of(args.file.name) not in ("jsonl", "parquet")
    lines = {"delimiter": args.delimiter, "quote": args.quote, "no-header": not args.header}
    useless = [f"--{name}" for name, value in lines.items() if value and not is_delimited]
    useless += ["--column"] if args.column and not is_table else []
    if useless:
        raise UserError(
            f"{' and '.join(useless)}: without effect on {args.file or 'texts without --file'},"
            " allowed only with --file and a table (--column) or CSV or TSV file (the others);"
            " remove it"
        )
    layout = Layout(args.encoding, args.delimiter, args.quote, args.header)
    texts = [] if args.texts == ["-"] and not args.file else args.texts
    return read_texts(texts, args.file, args.column or ["text"], layout)


def read_texts(
    arguments: list[str], file: Path | None, columns: list[str], layout: Layout
) -> Iterator[str]:
    """Yield the documents of a command's arguments.

    Without texts and file, standard input has one document per line. A file has one document per
    line (.txt) or per row of a table, by its ending. Raises `UserError` without any document.
    """
    number = 0
    for number, text in enumerate(_read(arguments, file, columns, layout), 1):  # noqa: B007
        yield text
    if not number:
        raise UserError(f"{file or 'standard input'}: found no document, expected one or more")


def _read(
    arguments: list[str], file: Path | None, columns: list[str], layout: Layout
) -> Iterator[str]:
    if arguments and file:
        raise UserError("found texts and --file, expected one of the two")
    if arguments:
        yield from readable(arguments)
    elif file is None:
        if sys.stdin.isatty():
            raise UserError(
                "found no document; give texts, --file, or standard input, one document per line"
            )
        yield from text_lines(sys.stdin.buffer, "standard input", layout.encoding)
    else:
        try:
            yield from _read_file(file, columns, layout)
        except OSError as error:
            raise UserError(f"{file}: cannot be read: {error.strerror or error}") from error


def _read_file(file: Path, columns: list[str], layout: Layout) -> Iterator[str]:
    if file.suffix.lower() == ".txt":
        with file.open("rb") as content:
            yield from text_lines(content, str(file), layout.encoding)
    elif kind_of(file.name) or is_archive(file.name):
        try:
            for where, _, row in read_rows(file, columns, layout):
                row = {k: encodable(v) if isinstance(v, str) else v for k, v in row.items()}
                yield whole_lines(text_of(row, columns, f"{where}: the text") or "")
        except UserError as error:
            hint = "; name another one with --column" if "the column '" in str(error) else ""
            raise UserError(f"{file}: {error}{hint}") from error
    else:
        raise UserError(f"{file}: {no_table(file.name)}, or .txt with one document per line")


def encoding(text: str) -> str:
    try:
        return text_encoding(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def delimiter(text: str) -> str:
    """Return a delimiter; a shell passes a tab most easily as its name."""
    if len(text := text.replace("\\t", "\t")) != 1 or text in '"\r\n':
        raise argparse.ArgumentTypeError(f"found {text!r}, expected one character or \\t")
    return text


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the texts in their order, at most `DOCUMENTS` and about `CHARACTERS` at a time."""
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if len(batch) == DOCUMENTS or size >= CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def encodable(text: str) -> str:
    """Return a text with U+FFFD instead of each lone surrogate (half of a character)."""
    return LONE.sub("\N{REPLACEMENT CHARACTER}", text)


def readable(texts: Sequence[str]) -> list[str]:
    """Return texts as those of a corpus: `encodable`, and with the line ends of Python's ``open``.

    Raises:
        TypeError: one text instead of several, of which each character would be a document.
    """
    if isinstance(texts, str):
        raise TypeError("found one text, expected a list of texts: [text]")
    return [whole_lines(encodable(text)) for text in texts]
