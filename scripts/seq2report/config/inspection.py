"""Inspect a file or folder of texts: format, encoding, columns, classes and lengths."""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np

from seq2report.config.columns import Column, choose_label, choose_text, read_columns
from seq2report.core.command import UserError
from seq2report.documents.documents import index, to_arrow
from seq2report.documents.formats import FORMATS
from seq2report.documents.splits import assign_splits
from seq2report.documents.tokens import tokens
from seq2report.documents.writing import Scripts
from seq2report.files.archives import form_of, members, names_in
from seq2report.files.local_files import files_in
from seq2report.files.table_files import ENDINGS, kind_of, open_table

ENCODINGS = ("utf-8", "cp1252", "latin-1")  # tried in this order; the last one accepts any bytes
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # the first bytes of such a file
HEADER = re.compile(r"[A-Z][A-Za-z-]*: .*\n(?:[A-Z\t ].*\n)*\n")


@dataclass
class Proposal:
    """Settings of a corpus, and the reasons for them."""

    corpus: dict  # without title and source
    reasons: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)  # columns that may be groups


def inspect(path: Path) -> Proposal:
    """Return the settings for a file or folder; `UserError` if it cannot be a corpus."""
    if not path.exists():
        raise UserError("there is no such file or folder")
    if path.is_dir():
        return inspect_folders(path)
    form = form_of(path)
    if kind_of(path.name) or (form == "zip" and any(map(kind_of, names_in(path)))):
        return inspect_table(path)
    if form in ("text", "binary", "npy"):
        raise UserError(
            "the name does not show the format; expected a folder, a tar or zip of a folder, or a"
            f" table ({ENDINGS})"
        )
    return inspect_folders(path)


def inspect_table(path: Path) -> Proposal:
    """Return the settings for a table; `UserError` without columns of texts and of classes."""
    with open_table(path) as (kind, file):
        chunks = iter(partial(file.read, 1 << 20), b"")
        encoding = "utf-8" if kind == "parquet" else encoding_of(chunks)
    proposal = Proposal({"format": "table"}, [f"format: table ({kind})"])
    if encoding != "utf-8":
        proposal.corpus["encoding"] = encoding
        proposal.reasons.append(f"encoding: {encoding}, as it is not UTF-8; check some texts")
    columns, rows = read_columns(path, encoding)
    text = choose_text(columns)
    split = next((column for column in columns if column.is_split), None)
    candidates = [column for column in columns if column not in (text, split)]
    label, reason = choose_label(text, candidates, rows)
    proposal.corpus["columns"] = {"text": text.name, "label": label.name}
    proposal.reasons += [
        f"text: '{text.name}', the longest column, {text.words:.0f} words per row",
        f"label: '{label.name}', {label.different} classes; {reason}",
    ]
    if split:
        proposal.corpus["columns"]["split"] = split.name
        proposal.reasons.append(f"split: '{split.name}', whose values are train, test or similar")
    _add_id_and_group(proposal, [column for column in candidates if column != label], label, rows)
    return proposal


def _add_id_and_group(proposal: Proposal, columns: list[Column], label: Column, rows: int) -> None:
    """Choose ids and groups among the columns that have no other role."""
    roles = proposal.corpus["columns"]
    if unique := [column.name for column in columns if column.unique and column.words <= 3]:
        roles["id"] = unique[0]
        proposal.reasons.append(f"id: '{unique[0]}', the first column without repeated values")
    repeated = [c for c in columns if 2 * label.different < c.different < rows]
    repeated = [column for column in repeated if column.words < 5 and column.filled > 0.5]
    group = next((column for column in repeated if column.is_named_like_a_group), None)
    if group:
        roles["group"] = group.name
        proposal.reasons.append(f"group: '{group.name}'; its name suggests it, and values repeat")
    proposal.optional = [column.name for column in repeated if column != group]


def inspect_folders(path: Path) -> Proposal:
    """Return the settings for a folder (or its archive) with one folder per class."""
    reason = "format: folders, one folder per class, one file per document"
    proposal = Proposal({"format": "folders"}, [reason])
    encodings, messages, above = Counter(), 0, set()
    for name, content in files_of(path):
        parts = PurePosixPath(name).parts
        if any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        above.add(parts[-3:-2])
        encodings[encoding_of([content])] += 1
        messages += bool(HEADER.match(content.decode("latin-1").replace("\r\n", "\n")))
    if not encodings:
        raise UserError("it has no document; expected one folder per class")
    files, encoding = encodings.total(), max(encodings, key=[*ENCODINGS, "utf-16"].index)
    proposal.corpus["encoding"] = encoding
    if encoding != "utf-8":
        proposal.reasons.append(
            f"encoding: {encoding}, as {files - encodings['utf-8']:,} of {files:,} files are not"
            " UTF-8; check some texts"
        )
    if messages > 0.8 * files:
        proposal.corpus["header"] = "cut"
        proposal.reasons.append(
            f"header: cut, as {messages:,} of {files:,} files begin like a message, and its header"
            " (From, Newsgroups) may reveal the class"
        )
    if {("train",), ("test",)} <= above:
        proposal.corpus["split"] = {}
    return proposal


def encoding_of(chunks: Iterable[bytes]) -> str:
    """Return utf-16, or the first of `ENCODINGS` that decodes a file."""
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ENCODINGS}
    for number, chunk in enumerate(chain(chunks, [b""])):
        if number == 0 and chunk.startswith(UTF_16):
            return "utf-16"
        for name, decoder in list(decoders.items()):
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                del decoders[name]
    return next(iter(decoders))


def files_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file in a folder or an archive."""
    if not path.is_dir():
        yield from members(path)
        return
    for file in files_in(path):
        yield file.relative_to(path).as_posix(), file.read_bytes()


def measure(path: Path, corpus: dict) -> tuple[Counter, np.ndarray, Scripts]:
    """Read and split all documents; return class sizes, words per document, (n,), and scripts."""
    sizes, lengths, rows, scripts = Counter(), [], [], Scripts()
    form = FORMATS[corpus["format"]]
    for row in form.reader(files_of(path) if form.members else path, corpus):
        lengths.append(int(tokens([row[1]])[1][0]))
        scripts.add([row[1]], lengths[-1])
        sizes[row[2]] += 1
        rows.append((row[0], "", *row[2:]))
    assign_splits(index([to_arrow(rows)] if rows else []), **corpus["split"])
    del sizes[None]
    return sizes, np.array(lengths), scripts
