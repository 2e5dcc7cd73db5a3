"""Read a corpus from its archive: documents.parquet and corpus.json.

documents.parquet has one row per document, sorted by id: id, text, label, split, and the group if
the corpus has groups. corpus.json has the classes, the number of documents in each split and class,
the number of different words in all documents (by the lecture's tokenizer), the letters of each
script, a notice if texts have no blanks or labels look alike, and the content digest.

Texts are never in memory all at once: sorted blocks of them are in temporary files until all ids
are known.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run, write_json
from seq2report.core.labels import label_notices
from seq2report.core.wording import plural, some
from seq2report.documents.documents import (
    blocks,
    classes,
    content_digest,
    document_digest,
    index,
    merge,
    to_arrow,
)
from seq2report.documents.formats import FORMATS, SPLITS
from seq2report.documents.splits import assign_splits
from seq2report.documents.tokens import number, read_word_index, tokens
from seq2report.documents.writing import Scripts


@dataclass(frozen=True)
class Corpus:
    """The documents of an archive.

    Attributes:
        texts: the documents, in files that are mapped into memory.
        documents: their `index`, with the corpus's own splits.
        unique_tokens: number of different words in all documents, whatever their split.
        scripts: their letters by script.
        digest: their `content_digest`.
    """

    texts: list[pa.Table]
    documents: pl.DataFrame
    unique_tokens: int
    scripts: Scripts
    digest: str


def read(archive: Path, settings: dict, word_index: Path | None, folder: Path) -> Corpus:
    """Read an archive or table, some documents at a time; ``folder`` is for temporary files.

    Raises:
        UserError: the archive or a document in it does not fit the settings.
    """
    ranks = read_word_index(word_index) if word_index else None
    if split := split_words(ranks or ()):
        message = (
            "%d words of the index, such as %r, will be split or changed when the text is"
            " encoded: they get other ids than in the archive"
        )
        logging.warning(message, len(split), split[0])
    texts, digests, known, scripts = [], bytearray(), pa.array([], pa.string()), Scripts()
    try:
        for rows in blocks(FORMATS[settings["format"]].read(archive, settings, ranks)):
            digests += b"".join(document_digest(*row[1:4]) for row in rows)
            words, _ = tokens([row[1] for row in rows])
            scripts.add((row[1] for row in rows), len(words))
            _, known = number(words, known)
            texts.append(on_disk(to_arrow(rows), folder / f"{len(texts)}.arrow"))
        return Corpus(texts, index(texts), len(known), scripts, content_digest(digests))
    except UserError as error:
        raise UserError(f"{archive}: {error}") from error


def on_disk(rows: pa.Table, path: Path) -> pa.Table:
    """Return the same table from a file that is mapped into memory."""
    with pa.ipc.new_file(path, rows.schema) as file:
        file.write_table(rows)
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def check_digest(digest: str, expected: str | None, archive: Path) -> None:
    """Raise `UserError` unless the content digest is the pinned one, if any."""
    if expected and digest != expected:
        raise UserError(
            f"{archive}: the documents in it are not the expected ones\n"
            f"  expected content digest {expected}\n  found                   {digest}\n"
            "Fetch the archive again (delete it first). If you changed the corpus's 'encoding' or"
            " 'header' on purpose, remove its 'digest' from the configuration."
        )


def split_words(words: Iterable[str]) -> list[str]:
    """Return those of ``words`` that the lecture's tokenizer changes."""
    words = list(words)
    spelled, lengths = tokens(words)
    left = iter(spelled.to_pylist())
    return [word for word, n in zip(words, lengths, strict=True) if [*islice(left, n)] != [word]]


def check_classes(documents: pl.DataFrame, stratify: bool) -> None:
    """Warn of classes without a document in a split; `UserError` if only one class has training."""
    known, advice = set(classes(documents)), "add documents of it"
    if not stratify:
        advice += ", or set 'stratify: true' in the corpus's 'split'"
    for split, name in zip(SPLITS, ("training", "validation", "test"), strict=True):
        present = classes(documents.filter(pl.col("split") == split))
        lacking = sorted(known - set(present))
        if split == "train" and len(present) < 2:
            raise UserError(
                f"all training documents are of the class {present}, none is of {some(lacking)};"
                f" {advice}"
            )
        if lacking:
            message = "no %s document is of the class %s; %s"
            logging.warning(message, name, some(lacking), advice)


def notices(corpus: Corpus) -> list[str]:
    """Return sentences about texts without blanks, and about labels."""
    return [*filter(None, [corpus.scripts.notice()]), *label_notices(classes(corpus.documents))]


def describe(corpus: Corpus, documents: pl.DataFrame) -> dict:
    """Return the content of corpus.json for ``documents`` with their final splits."""
    counts = documents.group_by("split", "label").len("documents")
    counts = counts.cast({"split": pl.String, "label": pl.String}).sort("split", "label")
    return {
        "documents": documents.height,
        "classes": classes(documents),
        "counts": counts.to_dicts(),
        "unique_tokens": corpus.unique_tokens,
        "scripts": corpus.scripts.letters(),
        "notice": " ".join(notices(corpus)),
        "digest": corpus.digest,
    }


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "settings")
    parser.add_argument("--archive", type=Path, required=True, help="tar, zip or table")
    parser.add_argument("--word-index", type=Path, nargs="?", help="JSON, if the corpus has one")
    parser.add_argument("--documents", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--corpus", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)

    settings, split = args.settings, args.settings["split"]
    with replacing(args.documents) as output:
        corpus = read(args.archive, settings, args.word_index, output.parent)
        documents = corpus.documents
        logging.info("%s, content digest %s", plural(documents.height, "documents"), corpus.digest)
        check_digest(corpus.digest, settings.get("digest"), args.archive)
        for notice in notices(corpus):
            logging.warning("%s: %s", args.archive, notice)
        documents = assign_splits(documents, **split)
        check_classes(documents, split.get("stratify", False))
        options = {"compression": "zstd", "use_dictionary": ["label", "split"]}
        with pq.ParquetWriter(output, corpus.texts[0].schema, **options) as file:
            for rows in merge(corpus.texts, documents):
                file.write_table(rows)  # one row group
    write_json(args.corpus, describe(corpus, documents))


if __name__ == "__main__":
    run(main)
