"""Look at a file or folder of texts and write a configuration to run on it.

Says what was found and why it is taken for what: the format, the encoding, which column has the
texts, the classes, ids, groups and parts. What is proposed is read as the workflow reads it, and
the configuration is checked before it is written.
"""

import codecs
import json
import random
import re
import shlex
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np
import yaml

from seq2report.config.check import check
from seq2report.core import command
from seq2report.core.command import UserError, replacing, run
from seq2report.core.excerpts import excerpt
from seq2report.documents.documents import index, to_arrow
from seq2report.documents.formats import SPLITS, as_text, read_folders, read_table
from seq2report.documents.splits import assign_splits
from seq2report.documents.tokens import tokens
from seq2report.files.archives import form_of, members, names_in
from seq2report.files.local_files import files_in
from seq2report.files.table_files import (
    ENDINGS,
    PACKED,
    column_names,
    kind_of,
    open_table,
    read_rows,
)

ROOT = Path(__file__).parent.parent
BASE = ROOT / "config/config.yaml"
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
ENCODINGS = ("utf-8", "cp1252", "latin-1")  # in this order; the last one takes any bytes
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how such a file begins
LOOKED_AT = 5000  # rows that are looked at to tell columns apart, a random choice
MOST_CLASSES = 200
FEW_ROWS = 3  # a class; a column with fewer on average has no classes
UNBALANCED = 3  # times that the largest class is larger than the smallest
ENOUGH_WORDS = 50_000  # to train word vectors on
LONGEST = 400  # words that networks read
LINE = 160  # characters of a reason
LABELS = r"label|class|category|kategorie|klasse|target|topic|thema|sentiment|rating|stars"
GROUPS = r"author|autor|user|customer|kunde|speaker|sender|from|person|patient|group|thread|account"
HEADER = re.compile(r"[A-Z][A-Za-z-]*: .*\n(?:[A-Z\t ].*\n)*\n")


@dataclass
class Found:
    """What is proposed, and why.

    Attributes:
        corpus: its settings but for title and source.
        reasons: a line each.
        optional: columns that may be groups, which the reader has to decide.
    """

    corpus: dict
    reasons: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Column:
    """What is known of a column from the rows that were looked at.

    Attributes:
        name: as it stands in the table.
        values: text or None, a row each.
        unique: whether all values of the whole table are different, and none is missing.
        different: how many different values all rows have.
    """

    name: str
    values: list[str | None]
    unique: bool
    different: int

    @property
    def words(self) -> float:
        """Words a row, on average."""
        return sum(len((each or "").split()) for each in self.values) / len(self.values)

    @property
    def filled(self) -> float:
        """Share of the rows that have a value."""
        return sum(bool((each or "").strip()) for each in self.values) / len(self.values)


def look_at(path: Path) -> Found:
    """Return what a file or folder is.

    Raises:
        UserError: nothing that could be a corpus.
    """
    if not path.exists():
        raise UserError("there is no such file or folder")
    if path.is_dir():
        return look_at_folders(path)
    form = form_of(path)
    if kind_of(path.name) or (form == "zip" and any(map(kind_of, names_in(path)))):
        return look_at_table(path)
    if form in ("text", "binary", "npy"):
        raise UserError(
            "what it is cannot be told from its name; expected a folder, a tar or zip of one, or a"
            f" table ({ENDINGS})"
        )
    return look_at_folders(path)


def look_at_table(path: Path) -> Found:
    """Tell the columns of a table apart by what is in them.

    Raises:
        UserError: it has no column of texts or none of classes.
    """
    with open_table(path) as (kind, file):
        chunks = iter(partial(file.read, 1 << 20), b"")
        encoding = "utf-8" if kind == "parquet" else encoding_of(chunks)
    found = Found({"format": "table"}, [f"format: table, of the kind {kind}"])
    if encoding != "utf-8":
        found.corpus["encoding"] = encoding
        found.reasons.append(f"encoding: {encoding}, as it is not UTF-8; look at the texts")
    columns, rows = read_columns(path, encoding)
    text = max(columns, key=lambda column: column.words)
    if text.words < 2:
        raise UserError(
            f"no column of texts; the longest is '{text.name}' with {text.words:.1f} words a row"
        )
    parts = next((column for column in columns if is_split(column)), None)
    label, why = choose_label(text, [each for each in columns if each not in (text, parts)], rows)
    found.corpus["columns"] = roles = {"text": text.name, "label": label.name}
    found.reasons += [
        f"text: '{text.name}', the longest column, {text.words:.0f} words a row",
        f"label: '{label.name}', {label.different} classes; {why}",
    ]
    others = [column for column in columns if column not in (text, label, parts)]
    if name := next((column for column in others if column.unique and column.words <= 3), None):
        roles["id"] = name.name
        found.reasons.append(f"id: '{name.name}', the first column with another value in each row")
    if parts:
        roles["split"] = parts.name
        found.reasons.append(f"split: '{parts.name}', which says train, test and the like")
    repeated = [
        column.name
        for column in others
        if 2 * label.different < column.different < rows
        and column.words < 5
        and column.filled > 0.5
    ]
    if group := next((each for each in repeated if re.search(GROUPS, each.lower())), None):
        roles["group"] = group
        found.reasons.append(f"group: '{group}', by its name, and because values come again")
    found.optional = [each for each in repeated if each != group]
    return found


def read_columns(path: Path, encoding: str) -> tuple[list[Column], int]:
    """Return the columns of a table that hold text or numbers, and how many rows there are."""
    names = column_names(path, encoding)
    chosen, rows, rng = [], 0, random.Random(0)
    seen: dict[str, set[int]] = {name: set() for name in names}
    for rows, (place, row) in enumerate(read_rows(path, names, encoding), 1):
        values = {}
        for name in names:
            if isinstance(row[name], list | dict | bytes):
                seen.pop(name, None)
            elif name in seen:
                values[name] = as_text(row[name], f"{place}: column '{name}'")
                seen[name].add(hash(values[name]))
        if len(chosen) < LOOKED_AT:
            chosen.append(values)
        elif (at := rng.randrange(rows)) < LOOKED_AT:
            chosen[at] = values
    if len(seen) < 2 or not rows:
        told = ", ".join(names) or "none"
        raise UserError(
            f"found {rows} rows of the columns {told}; expected texts and their classes"
        )
    columns = []
    for name, different in seen.items():
        values = [row.get(name) for row in chosen]
        unique = len(different) == rows and all(values)
        columns.append(Column(name, values, unique, len(different)))
    return columns, rows


def is_split(column: Column) -> bool:
    """Say whether a column names parts."""
    values = {value or "" for value in column.values}
    return {"train", "test"} <= values <= {*SPLITS, "unlabelled"}


def choose_label(text: Column, columns: list[Column], rows: int) -> tuple[Column, str]:
    """Return the column of the classes, and why it is that one.

    One whose name says so; if there is none, the one that the texts tell best.

    Raises:
        UserError: no column has few different values that come again.
    """
    possible = [
        column
        for column in columns
        if 2 <= column.different <= min(MOST_CLASSES, rows / FEW_ROWS) and column.words < 8
    ]
    if not possible:
        told = ", ".join(f"'{each.name}' ({each.different})" for each in columns)
        raise UserError(
            f"no column of classes beside '{text.name}'; expected one with 2 to"
            f" {MOST_CLASSES} different values, {FEW_ROWS} rows or more of each on average; found"
            f" {told} among {rows} rows"
        )
    if named := [column for column in possible if re.search(LABELS, column.name.lower())]:
        possible = named
    agreement = {column.name: told_by(text, column) for column in possible}
    # Of those that are told about equally well, rather not one that may be an author.
    best = max(
        possible,
        key=lambda each: (round(agreement[each.name], 1), not re.search(GROUPS, each.name.lower())),
    )
    told = ", ".join(f"'{name}' {kappa:.2f}" for name, kappa in agreement.items())
    by_name = "by its name" if named else "the texts tell it best"
    return best, f"{by_name} (kappa of a quick naive Bayes: {told})"


def told_by(text: Column, label: Column) -> float:
    """Return how well texts tell a column: Cohen's kappa of a naive Bayes on rows new to it."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.metrics import cohen_kappa_score
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.naive_bayes import ComplementNB

    vectors = HashingVectorizer(n_features=1 << 16, alternate_sign=False, norm=None)
    words = vectors.transform(value or "" for value in text.values)
    truth = np.array([value or "" for value in label.values])
    folds = KFold(3, shuffle=True, random_state=0)
    answers = cross_val_predict(ComplementNB(), words, truth, cv=folds)
    return float(cohen_kappa_score(truth, answers))


def encoding_of(chunks: Iterable[bytes]) -> str:
    """Return utf-16, or the first of `ENCODINGS`, that a file is of."""
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


def look_at_folders(path: Path) -> Found:
    """Tell what is in a folder, or in an archive of one.

    Raises:
        UserError: there is nothing that could be a document.
    """
    found = Found({"format": "folders"}, ["format: folders, a folder a class, a file a document"])
    encodings, messages, above = Counter(), 0, set()
    for name, content in files_of(path):
        parts = PurePosixPath(name).parts
        if any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        above.add(parts[-3:-2])
        encodings[encoding_of([content])] += 1
        messages += bool(HEADER.match(content.decode("latin-1").replace("\r\n", "\n")))
    if not encodings:
        raise UserError("no document found in it; expected a folder for each class")
    encoding = max(encodings, key=[*ENCODINGS, "utf-16"].index)
    found.corpus["encoding"] = encoding
    if encoding != "utf-8":
        found.reasons.append(
            f"encoding: {encoding}, as {encodings.total() - encodings['utf-8']:,} of"
            f" {encodings.total():,} files are not UTF-8; see whether texts are right"
        )
    if messages > 0.8 * encodings.total():
        found.corpus["header"] = "cut"
        found.reasons.append(
            f"header: cut, as {messages:,} of {encodings.total():,} files begin like a message, and"
            " what stands there (From, Newsgroups) may give the class away"
        )
    if {("train",), ("test",)} <= above:
        found.corpus["split"] = {}
    return found


def files_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file in a folder or an archive."""
    if not path.is_dir():
        yield from members(path)
        return
    for file in files_in(path):
        yield file.relative_to(path).as_posix(), file.read_bytes()


def documents_of(path: Path, corpus: dict) -> Iterable[tuple]:
    """Return the documents as the workflow reads them."""
    options = {key: corpus[key] for key in ("columns", "encoding", "header") if key in corpus}
    if corpus["format"] == "table":
        return read_table(path, **options)
    return read_folders(files_of(path), own_split="test" not in corpus["split"], **options)


def measure(path: Path, corpus: dict) -> tuple[Counter, np.ndarray]:
    """Read all documents and split them; return class sizes, and words of each document, (n,).

    Raises:
        UserError: they cannot be read or split.
    """
    sizes, lengths, rows = Counter(), [], []
    for row in documents_of(path, corpus):
        lengths.append(int(tokens([row[1]])[1][0]))
        sizes[row[2]] += 1
        rows.append((row[0], "", *row[2:]))
    assign_splits(index([to_arrow(rows)] if rows else []), **corpus["split"])
    del sizes[None]
    return sizes, np.array(lengths)


def propose(path: Path) -> tuple[str, list[str]]:
    """Return the configuration for a file or folder, and what was found, a line each.

    Raises:
        UserError: it can be no corpus.
    """
    try:
        found = look_at(path)
        corpus = found.corpus
        given = "split" in corpus or "split" in corpus.get("columns", {})
        corpus["split"] = {} if given else {"test": 0.2}
        corpus["split"] |= {"validation": 0.1, "seed": 1, "stratify": True}
        sizes, lengths = measure(path, corpus)
    except UserError as error:
        raise UserError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error
    quantiles = np.quantile(lengths, [0.25, 0.5, 0.75, 0.9])
    length = int(min(LONGEST, max(20, 10 * np.ceil(quantiles[-1] / 10))))
    largest, smallest = sizes.most_common(1)[0], sizes.most_common()[-1]
    unbalanced = largest[1] >= UNBALANCED * smallest[1]
    found.reasons += [
        f"{len(lengths):,} documents of {len(sizes)} classes, from {smallest[1]:,}"
        f" ('{smallest[0]}') to {largest[1]:,} ('{largest[0]}')",
        "words a document: up to {:.0f} in a quarter of them, {:.0f} in half, {:.0f} in three"
        " quarters, {:.0f} in nine tenths".format(*quantiles),
        f"length: networks read {length} words of a document",
        f"split: {'the test part that is given' if given else 'a fifth of them for the test'}; each"
        " class has the same share in each part that is drawn (stratify)",
    ]
    if empty := int((lengths == 0).sum()):
        found.reasons.append(f"{empty:,} documents have no word; they stay in")
    if unbalanced:
        found.reasons.append(
            f"class_weight: balanced, as the largest class is {largest[1] / smallest[1]:.0f} times"
            " the smallest"
        )
    found.reasons = [excerpt(line, LINE) for line in found.reasons]
    text = configuration(path, found, length, unbalanced, lengths.sum() >= ENOUGH_WORDS)
    check(merged(yaml.safe_load(text)), SCHEMA)
    return text, found.reasons


def merged(own: dict) -> dict:
    """Return a configuration laid over the default, as Snakemake does it."""
    from snakemake.utils import update_config

    config = yaml.safe_load(BASE.read_text(encoding="utf-8"))
    update_config(config, own)
    return config


def name_of(path: Path) -> str:
    """Return a name that a configuration may have and the default has not taken."""
    stem = path.resolve().name.split(".")[0] if not path.is_dir() else path.resolve().name
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40] or "mine"
    base = yaml.safe_load(BASE.read_text(encoding="utf-8"))
    taken = {"sample", "full", *base["corpora"], *base["sources"]}
    return f"own_{name}" if name in taken else name


def file_name(path: Path, name: str) -> str:
    """Return what the source's file is called: the ending tells what kind of table it is."""
    if path.is_dir():
        return f"{name}.tar"
    endings = path.suffixes[-2:] if path.suffix.lower() in PACKED else path.suffixes[-1:]
    return name + re.sub(r"[^a-z0-9.]", "", "".join(endings).lower())


def configuration(path: Path, found: Found, length: int, unbalanced: bool, enough: bool) -> str:
    """Return the configuration as commented YAML; text from data is quoted as in JSON."""
    name = name_of(path)
    variants = ["majority", "naive_bayes", "tfidf_svm", "tfidf_chars_svm", "nb_svm"]
    variants += ["multihot_dense", "learned_dense", *(["own_lstm"] if enough else [])]
    variants += ["ngrams_dense", "ensemble"]
    full = yaml.safe_load((ROOT / "config/full.yaml").read_text(encoding="utf-8"))
    lines = [
        f"# What scripts/propose.py found in {excerpt(path.name, LINE)}:",
        *(f"# - {line}" for line in found.reasons),
        "# It is laid over config/config.yaml; config/README.md explains every key.",
        f"name: {name} # results go to results/{name}/",
        "sample: false",
        "seeds: [1] # several tell how much of a figure is chance: [1, 2, 3]",
        "compare:",
        f"  corpora: [{name}]",
        "  # Defined in config/config.yaml and below. glove_lstm can be added: it fetches GloVe.",
        "  variants:",
        *(f"    - {variant}" for variant in variants),
        *([] if enough else ["  embeddings: [] # there are too few words to train vectors on"]),
        "lessons: {pages: []}",
        "sources:",
        f"  {name}:",
        f"    file: {file_name(path, name)}",
        f"    from: [{{url: {quoted(f'file:{path}')}}}]",
        "  # In the place of the sample's vectors, which are those of the sample's words.",
        f"  glove_sample: {quoted(full['sources']['glove_50d_full'])}",
        "corpora:",
        f"  {name}:",
        f"    title: {quoted(path.resolve().name.split('.')[0])}",
        f"    source: {name}",
        *(f"    {key}: {quoted(value)}" for key, value in found.corpus.items()),
    ]
    for column in found.optional:
        lines += [
            f"    # Values of {quoted(column)} come again. Where texts of one value are alike,",
            "    # add it to the columns as group: then no value is in two parts.",
        ]
    if unbalanced:
        lines += [
            "# In networks, small classes count as much as large ones. Linear models have an",
            "# argument of their own for it, in their step: LinearSVC: {class_weight: balanced}.",
            "fit: {class_weight: balanced}",
        ]
    lines += [
        "variants:",
        f"  learned_dense: {{input: {{length: {length}}}}}",
        f"  glove_lstm: {{input: {{length: {length}}}}}",
    ]
    if enough:
        lines += [
            "  own_lstm: # starts from vectors that are trained on these texts",
            "    extends: glove_lstm",
            "    title: CBOW of the corpus → LSTM",
            "    input: {embedding: cbow}",
        ]
    return "\n".join(lines) + "\n"


def quoted(value: object) -> str:
    """Return a value as JSON on one line, which YAML reads as well."""
    return json.dumps(value, ensure_ascii=False)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("path", type=Path, help="a table, a folder, or an archive of a folder")
    parser.add_argument("--output", type=Path, default=Path("config/mine.yaml"))
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    args = parser.parse_args(argv)

    if args.output.exists() and not args.overwrite:
        raise UserError(f"{args.output} is there already; name another --output or --overwrite it")
    text, reasons = propose(args.path)
    print("\n".join(reasons))
    with replacing(args.output) as part:
        part.write_text(text, encoding="utf-8")
    print(f"\n{args.output} is written. Now run:")
    print(f"snakemake --cores all --configfile {shlex.quote(str(args.output))}")


if __name__ == "__main__":
    run(main)
