"""Corpora in the configuration: whether their settings fit their format, and their description."""

import re
from collections.abc import Iterator

from seq2report.documents.formats import FORMATS
from seq2report.files.lines import text_encoding
from seq2report.files.table_names import kind_of, no_table


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
    except ValueError:
        hint = "utf-8, latin-1 or another encoding that Python knows"
        yield f"{where}.encoding: unknown '{corpus['encoding']}'; allowed: {hint}"


def _table_mistakes(where: str, corpus: dict, sources: dict) -> Iterator[str]:
    own_split = "split" in corpus.get("columns", {})
    if own_split and "test" in corpus["split"]:
        yield f"{where}: 'split.test' and 'columns.split' exclude each other; remove one of them"
    source = corpus["source"]
    file = sources.get(source, {}).get("file", "")
    archive = re.search(r"\.(zip|tar|tgz|tar\.[a-z0-9]+)$", file.lower())
    if not own_split and "test" not in corpus["split"] and not archive:
        yield (
            f"{where}.split: 'test' is missing (or 'columns.split', if a column has the splits, or"
            " a folder or archive with a file per split)"
        )
    if file and not archive and kind_of(file) is None:
        yield f"sources.{source}.file: {no_table(file)}"


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
