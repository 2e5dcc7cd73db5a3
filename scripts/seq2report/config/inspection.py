"""Inspect a file or folder of texts: format, encoding, columns, classes and lengths."""

import codecs
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from seq2report.config.columns import (
    MOST_CLASSES,
    Column,
    Columns,
    choose_label,
    choose_text,
    joined,
    possible_labels,
    read_columns,
)
from seq2report.config.layouts import (
    chosen_encoding,
    encoding_of,
    found_encoding,
    found_layout,
    is_foreign,
    settings_of,
    wide_encoding,
)
from seq2report.core.command import UserError
from seq2report.core.wording import plural, some
from seq2report.documents.documents import index, to_arrow
from seq2report.documents.formats import FASTTEXT, FORMATS
from seq2report.documents.splits import assign_splits
from seq2report.documents.texts import encodable
from seq2report.documents.tokens import tokens
from seq2report.documents.writing import Scripts
from seq2report.files.archives import DAMAGE, form_of, is_hidden, members, names_in, open_content
from seq2report.files.local_files import files_in
from seq2report.files.table_files import Table, tables_in
from seq2report.files.table_names import (
    WORKBOOKS,
    chosen_tables,
    kind_of,
    no_table,
    split_named,
    split_of,
)

TOOLS = (".git", ".hg", ".idea", ".ipynb_checkpoints", ".svn", ".venv", ".vscode")
TAG = re.compile(
    r"</?(?:[abipu]|br|div|em|font|h[1-6]|hr|html|img|li|ol|span|strong|table|td|tr|ul)"
    r"(?:\s+[\w:-]+\s*=[^<>]*)?\s*/?>"  # with attributes, unlike a < b and c > d
    r"|&(?:nbsp|amp|lt|gt|quot|apos|#\d+|\w+(?:uml|lig|acute|grave|circ|tilde|cedil));",
    re.IGNORECASE,
)
MANY_TAGS = 0.05  # share of texts with tags that is worth a notice
HEADER = re.compile(r"[A-Z][A-Za-z-]*: .*\n(?:[A-Z\t ].*\n)*\n")


@dataclass
class Proposal:
    """Settings of a corpus, and the reasons for them."""

    corpus: dict  # without title and source
    reasons: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)  # columns that may be groups


def inspect(path: Path, texts: Sequence[str] = (), label: str | None = None) -> Proposal:
    """Return the settings for a file or folder; `UserError` if it cannot be a corpus.

    ``texts`` and ``label`` are the columns of the texts and classes of a table; without them, they
    are chosen.
    """
    if not path.exists():
        raise UserError("there is no such file or folder")
    if not (path.is_file() or path.is_dir()):
        raise UserError("it is a device or pipe; save its content as a file")
    if encodable(str(path)) != str(path):
        raise UserError("its name is not UTF-8, as paths in a configuration are; rename it")
    if path.is_dir():
        names = [file.relative_to(path).as_posix() for file in files_in(path)]
    elif kind_of(path.name):
        return inspect_table(path, [], texts, label)
    elif is_fasttext(path):
        encoding, reasons = found_encoding(Table(path.name, "fasttext", partial(opened, path)))
        reasons = ["format: fasttext, as its first line begins with __label__", *reasons]
        settings = {} if encoding == "utf-8" else {"encoding": encoding}
        return Proposal({"format": "fasttext"} | settings, reasons)
    elif form_of(path) in ("text", "binary", "npy") or path.suffix.lower() in WORKBOOKS:
        raise UserError(f"{no_table(path.name)}, or a folder, or a tar or zip of a folder")
    else:
        names = names_in(path)
    if chosen_tables(names):
        return inspect_table(path, names, texts, label)
    return inspect_folders(path)


def is_fasttext(path: Path) -> bool:
    """Return whether the first line of a file, compressed or not, begins with fastText's mark."""
    if form_of(path) in ("zip", "tar", "npy"):
        return False
    try:
        with opened(path) as file:
            start = file.read(len("\ufeff__label__".encode()))
    except DAMAGE:  # the readers report it
        return False
    return start.removeprefix(codecs.BOM_UTF8).startswith(FASTTEXT.encode())


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open the content of a file that is no archive."""
    with open_content(path, wanted=bool) as (_, file):
        yield file


def inspect_table(
    path: Path, files: Sequence[str], texts: Sequence[str], label: str | None
) -> Proposal:
    """Return the settings for a table, which may be among the ``files`` of a folder or archive.

    Raises:
        UserError: it has no column of texts or none of classes, or lacks one of those asked for.
    """
    layout, reasons = found_layout(path)
    kind, names = kind_of(next(tables_in(path)).name), chosen_tables(files)
    listed = f": {', '.join(names)}" if names else ""
    proposal = Proposal({"format": "table"}, [f"format: table ({kind}){listed}"])
    if rest := [name for name in files if name not in names and not is_hidden(name)]:
        proposal.reasons.append(f"not read: {some(rest)}")
    proposal.corpus |= settings_of(layout, kind)
    proposal.reasons += [*reasons, *beside(path)]
    _add_columns(proposal, read_columns(path, layout), texts, label)
    return proposal


def _add_columns(
    proposal: Proposal, table: Columns, asked: Sequence[str], asked_label: str | None
) -> None:
    """Choose the columns that have the texts, classes, splits, ids and groups."""
    texts = table.asked(asked, "--text")
    labels = table.asked([asked_label] if asked_label else [], "--label")
    if set(texts) & set(labels):
        raise UserError(f"--text and --label: found '{asked_label}' in both, expected two columns")
    why = "by --text" if texts else "the longest column"
    texts = texts or [choose_text([c for c in table.columns if c not in labels], table)]
    text = joined(texts)
    free = [column for column in table.columns if column not in texts]
    splits = [column for column in free if column.is_split and column not in labels]
    split = next((c for c in splits if c.has_test or not table.has_test), None)
    free = [column for column in free if column != split]
    label, reason = (*labels, "by --label") if labels else choose_label(text, free, table)
    names = [column.name for column in texts]
    proposal.corpus["columns"] = {"text": names if len(names) > 1 else text.name}
    proposal.corpus["columns"]["label"] = label.name
    proposal.reasons += [
        f"text: '{text.name}', {why}, {text.words:.0f} words per row",
        f"label: '{label.name}', {label.different} classes; {reason}",
        *(f"not used: {reason}" for reason in table.out.values()),
    ]
    _add_split(proposal, split, table)
    free = [column for column in free if column != label]
    possible = possible_labels(free, table.rows)
    possible = [c for c in possible if c.is_named_like_a_label or not c.is_named_like_a_group]
    if possible:
        listed = ", ".join(f"'{column.name}' ({column.different})" for column in possible)
        proposal.reasons.append(f"other columns that may be the classes (--label): {listed}")
    free = [column for column in free if column not in possible]
    proposal.reasons += _unused(free, names, table.rows)
    _add_id_and_group(proposal, free, label, table.rows)


def _add_split(proposal: Proposal, split: Column | None, table: Columns) -> None:
    """Take the splits of a column, or of the names of files, if there are any."""
    if split:
        proposal.corpus["columns"]["split"] = split.name
        what = "has the splits" if split.has_test else "marks unlabelled rows"
        proposal.reasons.append(f"split: '{split.name}' {what}")
    elif table.has_test:
        proposal.reasons.append("split: by the names of the files")
    if (split or table).has_test:
        proposal.corpus["split"] = {}


def _unused(columns: list[Column], texts: list[str], rows: int) -> Iterator[str]:
    """Yield a hint for each column that looks like further texts or like many classes."""
    for column in columns:
        name, many = column.name, column.different > MOST_CLASSES and column.may_be_label(rows)
        if column.words >= 2 and column.different > rows / 2:
            options = " ".join(f"--text {shlex.quote(name)}" for name in (name, *texts))
            yield f"not used: '{name}' also has texts; {options} joins them"
        elif many and not column.is_named_like_a_group:
            hint = f"--label {shlex.quote(name)} if these are the classes"
            yield f"not used: '{name}' has {column.different} values; {hint}"


def beside(path: Path) -> list[str]:
    """Return a hint if the files of other splits are in the folder of a table."""
    if path.is_dir() or not split_of(path.name):
        return []
    files = [file.name for file in path.resolve().parent.iterdir() if file.is_file()]
    files = [name for name in files if kind_of(name) and split_of(name) and not is_hidden(name)]
    others = sorted(name for name in files if name != path.name)
    hint = "propose the folder to read them too, as the splits of this corpus"
    return [f"not read: {', '.join(others)}; {hint}"] if others else []


def _add_id_and_group(proposal: Proposal, columns: list[Column], label: Column, rows: int) -> None:
    """Choose ids and groups among the columns that have no other role."""
    roles = proposal.corpus["columns"]
    if unique := [column.name for column in columns if column.unique and column.words <= 3]:
        roles["id"] = unique[0]
        proposal.reasons.append(f"id: '{unique[0]}', the first column without repeated values")
    repeated = [c for c in columns if 2 * label.different < c.different < rows]
    repeated = [column for column in repeated if column.words < 5 and column.filled > 0.5]
    named = [column for column in repeated if column.is_named_like_a_group]
    group = next((column for column in named if column.has_small_groups), None)
    if group:
        roles["group"] = group.name
        proposal.reasons.append(
            f"group: '{group.name}'; its name suggests it,"
            f" {group.different:,} different values in {rows:,} rows"
        )
    proposal.optional = [column.name for column in repeated if column != group]


def inspect_folders(path: Path) -> Proposal:
    """Return the settings for a folder (or its archive) with one folder per class."""
    reason = "format: folders, one folder per class, one file per document"
    proposal = Proposal({"format": "folders"}, [reason])
    encodings, messages, foreign, above, first = Counter(), 0, 0, set(), None
    for name, content in files_of(path):
        if is_hidden(name):
            continue
        parts = PurePosixPath(name).parts
        above.update(map(split_named, parts[-3:-2]))
        encoding = wide_encoding(content) or encoding_of(content)
        encodings[encoding] += 1
        foreign += is_foreign(content)
        first = first or ((name, content) if encoding not in ("ascii", "utf-8") else None)
        messages += bool(HEADER.match(content.decode("latin-1").replace("\r\n", "\n")))
    if not encodings:
        raise UserError("it has no document; expected one folder per class")
    files = encodings.total()
    proposal.corpus["encoding"], why = chosen_encoding(encodings, "files", first, foreign)
    proposal.reasons += [*why, *hidden_folders(path)]
    if messages > 0.8 * files:
        proposal.corpus["header"] = "cut"
        proposal.reasons.append(
            f"header: cut, as {messages:,} of {files:,} files begin like a message, and its header"
            " (From, Newsgroups) may reveal the class"
        )
    if {"train", "test"} <= above:
        proposal.corpus["split"] = {}
    return proposal


def hidden_folders(path: Path) -> Iterator[str]:
    """Yield a hint for each folder that would be a class without the dot before its name."""
    if path.is_dir():
        names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
    else:
        names = names_in(path)
    sizes = Counter()
    for name in names:
        *above, folder, file = ("", *PurePosixPath(name).parts)
        if (
            folder.startswith(".")
            and folder not in TOOLS
            and not is_hidden("/".join([*above, file]))
        ):
            sizes[folder] += 1
    for folder, size in sizes.items():
        why = "because its name begins with a dot; rename it"
        yield f"not read: {plural(size, 'files')} in '{folder}', {why}"


def files_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file in a folder or an archive."""
    if not path.is_dir():
        yield from members(path)
        return
    for file in files_in(path):
        yield file.relative_to(path).as_posix(), file.read_bytes()


def measure(path: Path, corpus: dict) -> tuple[Counter, np.ndarray, list[str]]:
    """Read and split all documents; return class sizes, words per document, (n,), and notices."""
    sizes, lengths, rows, scripts, tagged = Counter(), [], [], Scripts(), Counter()
    form = FORMATS[corpus["format"]]
    for row in form.reader(files_of(path) if form.members else path, corpus):
        lengths.append(int(tokens([row[1]])[1][0]))
        scripts.add([row[1]], lengths[-1])
        tagged.update(tag[0] for tag in [TAG.search(row[1])] if tag)
        sizes[row[2]] += 1
        rows.append((row[0], "", *row[2:]))
    assign_splits(index([to_arrow(rows)] if rows else []), **corpus["split"])
    del sizes[None]
    notices = [*scripts.reasons(), scripts.notice(), _tag_notice(tagged, len(rows))]
    return sizes, np.array(lengths), [notice for notice in notices if notice]


def _tag_notice(tagged: Counter, texts: int) -> str:
    """Return a sentence if many texts have tags; ``tagged`` counts the first one of each text."""
    if tagged.total() < MANY_TAGS * texts:
        return ""
    return (
        f"{tagged.total():,} of {plural(texts, 'texts')} have tags such as"
        f" {max(tagged, key=tagged.get)}, which are read as words; remove them first"
    )
