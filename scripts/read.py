"""Read a corpus from its archive: documents.parquet and corpus.json.

documents.parquet has a row a document, sorted by id: id, text, label, split. corpus.json tells
its classes, how many documents each split and class has, and the content digest.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seq2report.archives import members
from seq2report.command import UserError, replacing, run, write_json
from seq2report.corpora import READERS, assign_splits, content_digest, table


def read(archive: Path, settings: dict) -> pl.DataFrame:
    """Return the documents of an archive in the corpus's own split.

    Args:
        archive: a tar or zip file.
        settings: a corpus of the configuration.

    Raises:
        UserError: the archive or a document in it is not what the settings say.
    """
    options = {"encoding": settings["encoding"]}
    if settings["format"] == "newsgroups":
        options["header"] = settings.get("header", "keep")
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


def describe(documents: pl.DataFrame, title: str, digest: str) -> dict:
    """Return what corpus.json holds."""
    counts = documents.group_by("split", "label").len("documents").sort("split", "label")
    return {
        "title": title,
        "documents": documents.height,
        "classes": documents["label"].drop_nulls().unique().sort().to_list(),
        "counts": counts.to_dicts(),
        "digest": digest,
    }


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--archive", type=Path, required=True, help="tar or zip file")
    parser.add_argument("--settings", type=json.loads, required=True, help="the corpus, as JSON")
    parser.add_argument("--documents", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--corpus", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)

    documents = read(args.archive, args.settings)
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
