"""Read a corpus from its archive: documents.parquet and corpus.json.

documents.parquet has a row a document, sorted by id: id, text, label, split. corpus.json tells
its classes, how many documents each split and class has, how many different words (by the
lecture's tokenizer) all documents hold, and the content digest.
"""

import argparse
import json
import logging
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa

from seq2report.archives import members
from seq2report.command import UserError, replacing, run, write_json
from seq2report.corpora import READERS, assign_splits, content_digest, table
from seq2report.tokens import number, read_word_index, tokens


def read(archive: Path, settings: dict, word_index: Path | None = None) -> pl.DataFrame:
    """Return the documents of an archive in the corpus's own split.

    Args:
        archive: a tar or zip file.
        settings: a corpus of the configuration.
        word_index: JSON with each word's rank, for an archive that holds ranks.

    Raises:
        UserError: the archive or a document in it is not what the settings say.
    """
    options = {key: settings[key] for key in ("encoding", "header") if key in settings}
    if word_index:
        index = options["word_index"] = read_word_index(word_index)
        if lost := split_words(index):
            logging.warning(
                "%d words of the index, such as %r, will be split or changed when the text is"
                " encoded: they get other ids than in the archive",
                *(len(lost), lost[0]),
            )
    try:
        return table(READERS[settings["format"]](members(archive), **options))
    except UserError as error:
        raise UserError(f"{archive}: {error}") from error


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


def unique_tokens(documents: pl.DataFrame) -> int:
    """Return how many different words all documents hold, whatever their split."""
    known = pa.array([], pa.string())
    for part in documents.iter_slices(5_000):
        _, known = number(tokens(part["text"])[0], known)
    return len(known)


def describe(documents: pl.DataFrame, title: str, digest: str) -> dict:
    """Return what corpus.json holds."""
    counts = documents.group_by("split", "label").len("documents").sort("split", "label")
    return {
        "title": title,
        "documents": documents.height,
        "classes": documents["label"].drop_nulls().unique().sort().to_list(),
        "counts": counts.to_dicts(),
        "unique_tokens": unique_tokens(documents),
        "digest": digest,
    }


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--archive", type=Path, required=True, help="tar or zip file")
    parser.add_argument("--settings", type=json.loads, required=True, help="the corpus, as JSON")
    parser.add_argument("--word-index", type=Path, nargs="?", help="JSON, if the corpus has one")
    parser.add_argument("--documents", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--corpus", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)

    documents = read(args.archive, args.settings, args.word_index)
    digest = content_digest(documents)
    logging.info("%d documents, content digest %s", documents.height, digest)
    check_digest(digest, args.settings.get("digest"), args.archive)
    split = args.settings["split"]
    documents = assign_splits(documents, split["seed"], split["validation"], split.get("test"))
    with replacing(args.documents) as part:
        documents.write_parquet(part)
    write_json(args.corpus, describe(documents, args.settings["title"], digest))


if __name__ == "__main__":
    run(main)
