"""Corpora in the configuration: whether their settings fit their format, and their description."""

import re
from collections.abc import Iterator

from seq2report.documents.formats import FORMATS, LAYOUT
from seq2report.files.lines import text_encoding
from seq2report.files.table_names import is_archive, kind_of, no_table

# Settings that tables of a kind do not need: JSON and Parquet have neither delimiters nor a header.
WITHOUT_EFFECT = {"parquet": LAYOUT, "jsonl": [key for key in LAYOUT if key != "encoding"]}


def corpus_mistakes(where: str, corpus: dict, sources: dict) -> Iterator[str]:
    """Yield a message for each setting of a corpus that is missing or does not fit its format."""
    form = FORMATS[corpus["format"]]
    if form.own_test and "test" in corpus["split"]:
        yield f"{where}.split.test: format '{form.name}' has its own test split; remove this key"
    if form.own_test is False and "test" not in corpus["split"]:
        yield f"{where}.split: 'test' is missing; format '{form.name}' has no test split of its own"
    for key in dict.fromkeys(key for other in FORMATS.values() for key in other.settings):
        if key in corpus and key not in form.settings:
            yield f"{where}.{key}: has no meaning for format '{form.name}'; remove it"
    if "header" in corpus and isinstance(corpus["header"], bool) == form.members:
        allowed = "cut or keep" if form.members else "true or false"
        yield f"{where}.header: found {corpus['header']!r}; allowed for {form.name}: {allowed}"
    for key in form.required:
        if key not in corpus:
            yield f"{where}: '{key}' is missing"
    if form.name == "table":
        yield from _table_mistakes(where, corpus, sources)
    try:
        text_encoding(corpus.get("encoding", "utf-8"))
    except ValueError as error:
        yield f"{where}.encoding: {error}"


def _table_mistakes(where: str, corpus: dict, sources: dict) -> Iterator[str]:
    columns = corpus.get("columns", {})
    own_split = "split" in columns
    yield from _column_mistakes(f"{where}.columns", columns, corpus.get("header", True))
    source = corpus["source"]
    file = sources.get(source, {}).get("file", "")
    archive = is_archive(file)
    if not own_split and "test" not in corpus["split"] and not archive:
        yield (
            f"{where}.split: 'test' is missing (or 'columns.split', if a column has the splits, or"
            " a folder or archive with a file per split)"
        )
    if file and not archive and kind_of(file) is None:
        yield f"sources.{source}.file: {no_table(file)}"
    for key in () if archive else WITHOUT_EFFECT.get(kind_of(file), ()):
        if key in corpus:
            yield f"{where}.{key}: has no meaning for a table like '{file}'; remove it"


def _column_mistakes(where: str, columns: dict, header: bool) -> Iterator[str]:
    """Yield a message for each column that cannot have its role."""
    label = str(columns.get("label"))
    for role, column in columns.items():
        names = [str(name) for name in column] if isinstance(column, list) else [str(column)]
        if role != "label" and label in names:
            yield f"{where}.{role}: '{label}' is the column of the label; name another one"
        for name in names:
            if header is False and not re.fullmatch(r"[1-9]\d*", name, re.ASCII):
                yield (
                    f"{where}.{role}: found '{name}', expected its number from 1, as the corpus has"
                    " 'header: false'"
                )


def circumstances(corpus: dict) -> dict[str, str]:
    """Return the split and header policy of a corpus in words; every figure depends on them."""
    split, form = corpus["split"], FORMATS[corpus["format"]]
    test = 100 * split.get("test", 0)
    how = [f"random {100 - test:g}/{test:g}"]
    how += ["stratified by class"] if split.get("stratify") else []
    group = corpus.get("columns", {}).get("group")
    how += [f"no '{group}' in two splits"] if group else []
    how += [f"seed {split['seed']}"]
    return {
        "split": ", ".join(how) if test else "the corpus's own test split",
        "header": corpus.get("header", form.header) if form.members else form.header,
    }
