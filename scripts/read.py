"""Read a corpus from its archive: documents.parquet and corpus.json.

documents.parquet has a row a document, sorted by id: id, text, label, split. corpus.json tells
its classes, how many documents each split and class has, how many different words (by the
lecture's tokenizer) all documents hold, and the content digest.

Texts are never in memory all at once: sorted blocks of them wait in files beside documents.parquet
until all ids are known.
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
from seq2report.documents.corpora import (
    READERS,
    SCHEMA,
    assign_splits,
    blocks,
    classes,
    content_digest,
    document_digest,
    index,
    merge,
    read_table,
    table,
)
from seq2report.documents.tokens import number, read_word_index, tokens
from seq2report.files.archives import members


@dataclass(frozen=True)
class Corpus:
    """What an archive holds, in its own split.

    Attributes:
        tables: the documents, in files that are mapped into memory.
        documents: their `index`.
        unique_tokens: how many different words all documents hold, whatever their split.
        digest: their `content_digest`.
    """

    tables: list[pa.Table]
    documents: pl.DataFrame
    unique_tokens: int
    digest: str


def read(archive: Path, settings: dict, word_index: Path | None, folder: Path) -> Corpus:
    """Read an archive, some documents at a time.

    Args:
        archive: a tar or zip file, or a table.
        settings: a corpus of the configuration.
        word_index: JSON with each word's rank, for an archive that holds ranks.
        folder: where texts are put for the time being.

    Raises:
        UserError: the archive or a document in it is not what the settings say.
    """
    options = {key: settings[key] for key in ("encoding", "header", "columns") if key in settings}
    if settings["format"] == "folders":
        options["given_split"] = "test" not in settings["split"]
    if word_index:
        ranks = options["word_index"] = read_word_index(word_index)
        if lost := split_words(ranks):
            logging.warning(
                "%d words of the index, such as %r, will be split or changed when the text is"
                " encoded: they get other ids than in the archive",
                *(len(lost), lost[0]),
            )
    tables, digests, known = [], bytearray(), pa.array([], pa.string())
    try:
        if settings["format"] == "table":
            found = read_table(archive, **options)
        else:
            found = READERS[settings["format"]](members(archive), **options)
        for rows in blocks(found):
            digests += b"".join(document_digest(*row[1:4]) for row in rows)
            _, known = number(tokens([row[1] for row in rows])[0], known)
            tables.append(on_disk(table(rows), folder / f"{len(tables)}.arrow"))
        return Corpus(tables, index(tables), len(known), content_digest(digests))
    except UserError as error:
        raise UserError(f"{archive}: {error}") from error


def on_disk(rows: pa.Table, path: Path) -> pa.Table:
    """Return the same table, but in a file that is mapped into memory."""
    with pa.ipc.new_file(path, rows.schema) as file:
        file.write_table(rows)
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def check_digest(found: str, expected: str | None, archive: Path) -> None:
    """Compare the content digest with the pinned one, if there is one.

    Raises:
        UserError: they differ.
    """
    if expected and found != expected:
        raise UserError(
            f"{archive}: the documents in it are not the expected ones\n"
            f"  expected content digest {expected}\n  found                   {found}\n"
            "Fetch the archive again (delete it first). If you changed the corpus's 'encoding' or"
            " 'header' on purpose, take its 'digest' out of the configuration."
        )


def split_words(words: Iterable[str]) -> list[str]:
    """Return those of ``words`` that the lecture's tokenizer would not leave as they are."""
    words = list(words)
    found, lengths = tokens(words)
    left = iter(found.to_pylist())
    return [word for word, n in zip(words, lengths, strict=True) if [*islice(left, n)] != [word]]


def check_training(documents: pl.DataFrame) -> None:
    """Warn of classes that no training document is of, or refuse to go on with one class.

    Raises:
        UserError: the training documents are all of one class.
    """
    train = classes(documents.filter(pl.col("split") == "train"))
    lacking = sorted(set(classes(documents)) - set(train))
    advice = "add documents of it, or set 'stratify: true' in the corpus's 'split'"
    if len(train) < 2:
        raise UserError(
            f"all training documents are of the class {train}, none is of {lacking}; {advice}"
        )
    if lacking:
        logging.warning("no training document is of the class %s; %s", lacking, advice)


def describe(corpus: Corpus, documents: pl.DataFrame, title: str) -> dict:
    """Return what corpus.json holds; ``documents`` have the split that was decided."""
    counts = documents.group_by("split", "label").len("documents")
    counts = counts.cast({"split": pl.String, "label": pl.String}).sort("split", "label")
    return {
        "title": title,
        "documents": documents.height,
        "classes": classes(documents),
        "counts": counts.to_dicts(),
        "unique_tokens": corpus.unique_tokens,
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
    with replacing(args.documents) as part:
        corpus = read(args.archive, settings, args.word_index, part.parent)
        documents = corpus.documents
        logging.info("%d documents, content digest %s", documents.height, corpus.digest)
        check_digest(corpus.digest, settings.get("digest"), args.archive)
        documents = assign_splits(documents, **split)
        check_training(documents)
        with pq.ParquetWriter(
            part, SCHEMA, compression="zstd", use_dictionary=["label", "split"]
        ) as file:
            for rows in merge(corpus.tables, documents):
                file.write_table(rows)  # a row group
    write_json(args.corpus, describe(corpus, documents, settings["title"]))


if __name__ == "__main__":
    run(main)
