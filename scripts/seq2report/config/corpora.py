"""Corpora in the configuration: what their format allows, and what their figures depend on."""

from collections.abc import Iterator

from seq2report.files.table_files import ENDINGS, kind_of

HAS_OWN_TEST_PART = {  # by the corpus format; None: by the corpus
    "newsgroups": False,
    "newsgroups_bydate": True,
    "imdb": True,
    "keras_imdb": True,
    "folders": None,
    "table": None,
}
MEANS_SOMETHING = {  # keys of a corpus, for which formats
    "encoding": ("newsgroups", "newsgroups_bydate", "imdb", "folders", "table"),
    "header": ("newsgroups", "newsgroups_bydate", "folders"),
    "word_index": ("keras_imdb",),
    "columns": ("table",),
}
MAY_BE_LEFT_OUT = {  # of these
    "encoding": ("table",),
    "header": ("newsgroups", "newsgroups_bydate", "folders"),
}


def corpus_mistakes(where: str, corpus: dict, sources: dict) -> Iterator[str]:
    form = corpus["format"]
    if HAS_OWN_TEST_PART[form] and "test" in corpus["split"]:
        yield f"{where}.split.test: a corpus of format '{form}' has a test part; take this key out"
    if HAS_OWN_TEST_PART[form] is False and "test" not in corpus["split"]:
        yield f"{where}.split: 'test' is missing; format '{form}' has no test part of its own"
    for key, forms in MEANS_SOMETHING.items():
        if key in corpus and form not in forms:
            yield f"{where}.{key}: means nothing for format '{form}'; take it out"
        if key not in corpus and form in forms and form not in MAY_BE_LEFT_OUT.get(key, ()):
            yield f"{where}: '{key}' is missing"
    if form == "table":
        yield from _table_mistakes(where, corpus, sources)
    try:
        "".encode(corpus.get("encoding", "utf-8"))
    except LookupError:
        hint = "utf-8, latin-1 or another encoding that Python knows"
        yield f"{where}.encoding: unknown '{corpus['encoding']}'; allowed: {hint}"


def _table_mistakes(where: str, corpus: dict, sources: dict) -> Iterator[str]:
    given = "split" in corpus.get("columns", {})
    if given and "test" in corpus["split"]:
        yield f"{where}: 'split.test' and 'columns.split' exclude each other; take one of them out"
    if not given and "test" not in corpus["split"]:
        yield f"{where}.split: 'test' is missing (or 'columns.split', if a column tells the part)"
    file = sources.get(corpus["source"], {}).get("file")
    if file and not file.lower().endswith(".zip") and kind_of(file) is None:
        yield (
            f"sources.{corpus['source']}.file: '{file}' does not tell what kind of table it is; end"
            f" the name in {ENDINGS}"
        )


def circumstances(corpus: dict) -> dict[str, str]:
    """Return what every figure of a corpus hangs on, in words: its split and header policy."""
    split = corpus["split"]
    test = 100 * split.get("test", 0)
    how = [f"random {100 - test:g}/{test:g}"]
    how += ["stratified by class"] if split.get("stratify") else []
    group = corpus.get("columns", {}).get("group")
    how += [f"no '{group}' in two parts"] if group else []
    how += [f"seed {split['seed']}"]
    has_header = corpus["format"] in MEANS_SOMETHING["header"]
    unsaid = "none" if corpus["format"] == "folders" else "keep"
    return {
        "split": ", ".join(how) if test else "the corpus's own test part",
        "header": corpus.get("header", unsaid) if has_header else "none",
    }
