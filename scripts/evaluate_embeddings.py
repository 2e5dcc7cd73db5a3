"""Compare word vectors before and after training: maps, neighbours, movement, analogies.

embeddings: the compared sets of vectors. maps: one row per word, embedding and method (PCA, t-SNE):
its position, from -1 to 1, and its class. documents, document_maps: the same for test documents,
each the mean of the vectors of its words. quality: trustworthiness of each map. neighbours: the
nearest words in the full space. moved: the words that training moved most; movement: the median.
analogies: a to b as c to what. projector/: vectors of frequent words for the Embedding Projector.
"""

import argparse
import csv
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import yaml

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run
from seq2report.core.excerpts import add_contacts, excerpt, showing, visible
from seq2report.core.stored import read_numbers, read_table
from seq2report.core.tables import write_tables
from seq2report.documents.documents import read_texts
from seq2report.documents.sequences import Sequences, read_sequences
from seq2report.documents.tokens import real_words
from seq2report.models.runs import checked
from seq2report.vectors.similarity import (
    cosines,
    list_neighbours,
    nearest,
    same_class,
    solve,
    unit_rows,
)
from seq2report.vectors.word2vec import spell_ids
from seq2report.vectors.word_maps import (
    FEWEST,
    NO_CLASS,
    SEED,
    choose_documents,
    choose_words,
    document_vectors,
    draw_maps,
    framed,
    trust,
    word_classes,
)

PROBES = 12  # words whose neighbours are listed
DOCUMENTS = 400  # on a map; t-SNE of twice as many takes three times as long
SHOWN = 160  # characters of a document
MOVED = 20  # words in the table of moved words
OFTEN = 20  # training documents that a moved word occurs in, at least
NEAR = 4  # neighbours of a moved word
ANSWERS = 3  # of an analogy
PROJECTED = 1500  # words in the files for the projector
LONGEST = 60  # characters of a word in these files
KEY = ["embedding", "stage"]
OF_MAPS = [*KEY, "method", "word", "label", "count", "x", "y"]
OF_DOCUMENTS = [*KEY, "method", "id", "x", "y"]
OF_MOVED = ["embedding", "start", "word", "label", "documents", "cosine"]
OF_MOVED += ["length_before", "length_after", "near_before", "near_after"]
OF_MOVEMENT = ["embedding", "start", "documents", "words", "median_cosine"]


class Embedding(NamedTuple):
    """An embedding matrix and its origin."""

    key: dict[str, str]  # embedding (its name, or that of the variant that trained it) and stage
    matrix: np.ndarray  # (ids, d) float32; a row of zeros for a word without a vector


def read_embedding(name: str, stage: str, file: str, ids: np.ndarray) -> Embedding:
    """Read an embedding matrix; ``ids`` are those of words, all other rows become zeros.

    Training also moves the rows of padding and of ids that no word has, and these could be the
    nearest to a word.
    """
    matrix = read_numbers(checked(Path(file)) if stage == "after" else file)
    matrix[np.setdiff1d(np.arange(len(matrix)), ids)] = 0
    return Embedding({"embedding": name, "stage": stage}, matrix)


def read_analogies(path: Path) -> list[tuple[str, list[str]]]:
    """Return kind and the four words of each analogy.

    Raises:
        UserError: an analogy does not have four different words.
    """
    kinds = yaml.safe_load(path.read_text(encoding="utf-8"))
    analogies = [(kind, line.split()) for kind, lines in kinds.items() for line in lines]
    for kind, words in analogies:
        if len(words) != 4 or len(set(words)) != 4:
            raise UserError(
                f"{path}: {kind}: found '{' '.join(words)}', expected four different words a b c d,"
                " to be read 'a is to b as c is to d'"
            )
    return analogies


def joined(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Return one table with these columns of any number of tables."""
    empty = pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True)[columns] if tables else empty


def describe(
    embeddings: list[Embedding], ids: np.ndarray, known: int, starts: dict[str, str]
) -> pd.DataFrame:
    """Return the table embeddings; ``starts``: where training of a variant started from.

    ``ids`` are those of words, of which ``known`` have a vector in every embedding.
    """
    rows = [
        key
        | {"start": starts.get(key["embedding"], "") if key["stage"] == "after" else ""}
        | {"dimensions": matrix.shape[1], "words": int(matrix[ids].any(axis=1).sum())}
        | {"vocabulary": len(ids), "in_all": known}
        for key, matrix in embeddings
    ]
    return pd.DataFrame(rows)


def choose(words: pl.DataFrame, classes: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the words of the maps, and those of them whose neighbours are listed."""
    shown = choose_words(words, classes).to_pandas()
    probes = shown.groupby("label", sort=True).head(max(2, PROBES // max(1, classes)))
    probes = probes[probes["label"] != NO_CLASS].head(2 * PROBES)
    return shown, shown.head(PROBES) if probes.empty else probes


def draw(
    embeddings: list[Embedding], points: str, about: pd.DataFrame, vectors_of: Callable
) -> tuple[list[pd.DataFrame], list[dict]]:
    """Return one map per embedding and method, and one row of quality per map.

    ``points`` are "words" or "documents"; ``about`` has one row per point, with its label;
    ``vectors_of`` returns their vectors, (n, d) float32, for an embedding matrix.
    """
    maps, quality = [], []
    for key, matrix in embeddings:
        vectors, labels = vectors_of(matrix), about["label"].to_numpy()
        of_class = same_class(vectors, labels, np.flatnonzero(labels != NO_CLASS))
        for method, drawn in draw_maps(vectors).items():
            xy = framed(drawn).round(4)
            maps.append(about.assign(**key, method=method, x=xy[:, 0], y=xy[:, 1]))
            quality.append(
                {**key, "points": points, "number": len(vectors), "method": method, "seed": SEED}
                | {"trustworthiness": trust(vectors, drawn), "same_class": of_class}
            )
    return maps, quality


def draw_all(
    embeddings: list[Embedding],
    shown: pd.DataFrame,
    chosen: Sequences,
    documents: Path,
    contacts: str,
) -> dict[str, pd.DataFrame]:
    """Return the tables maps, document_maps (empty if documents are few), documents and quality.

    ``shown`` are the words of the maps, ``chosen`` the documents.
    """
    words = shown[["word", "label", "count"]]
    maps, quality = draw(embeddings, "words", words, lambda matrix: matrix[shown["id"]])
    about = pd.DataFrame({"id": chosen.ids.to_list(), "label": chosen.label.to_list()})
    enough = embeddings if len(chosen) >= FEWEST else []
    document_maps, more = draw(
        enough, "documents", about, lambda matrix: document_vectors(chosen, matrix)
    )
    logging.info("%d words on %d maps", len(shown), len(maps))
    logging.info("%d documents on %d maps", len(chosen), len(document_maps))
    texts, show = read_texts(documents, chosen.ids), showing(contacts)
    excerpts = [excerpt(show(texts[name]), SHOWN) for name in about["id"]]
    return {
        "maps": joined(maps, OF_MAPS),
        "document_maps": joined(document_maps, OF_DOCUMENTS),
        "documents": about.assign(excerpt=excerpts),
        "quality": pd.DataFrame(quality + more),
    }


def neighbours_in_all(
    embeddings: list[Embedding], probes: pd.DataFrame, spelled: np.ndarray
) -> pd.DataFrame:
    """Return the table neighbours of some words (id, word, label)."""
    rows, labels = probes["id"].to_numpy(), probes.set_index("word")["label"]
    listed = [
        list_neighbours(spelled, matrix, rows).assign(
            **key, label=lambda near: near["word"].map(labels)
        )
        for key, matrix in embeddings
    ]
    return joined(listed, [*KEY, "word", "label", "rank", "neighbour", "cosine"])


def compare(
    before: Embedding, after: Embedding, words: pd.DataFrame, spelled: np.ndarray
) -> tuple[pd.DataFrame, dict]:
    """Return the words that training moved most, rows of the table moved, and a row of movement.

    ``words`` are rows of `word_classes` with a vector in both and in `OFTEN` training documents;
    ``spelled`` has the word of each id.
    """
    ids = words["id"].to_numpy()
    moved = words[["word", "label", "documents"]].assign(
        cosine=cosines(before.matrix[ids], after.matrix[ids]),
        length_before=np.linalg.norm(before.matrix[ids], axis=1),
        length_after=np.linalg.norm(after.matrix[ids], axis=1),
    )
    key = {"embedding": after.key["embedding"], "start": before.key["embedding"]}
    total = {"documents": OFTEN, "words": len(words), "median_cosine": moved["cosine"].median()}
    most = np.argsort(moved["cosine"].to_numpy(), kind="stable")[:MOVED]
    moved = moved.iloc[most].assign(**key)
    for when, embedding in (("before", before), ("after", after)):
        best, _ = nearest(embedding.matrix, ids[most])
        moved[f"near_{when}"] = [", ".join(spelled[row[:NEAR]]) for row in best]
    return moved, key | total


def ask_analogies(
    embeddings: list[Embedding], asked: list[tuple[str, list[str]]], words: pl.DataFrame
) -> pd.DataFrame:
    """Return the table analogies: the rank of the expected answer, and the best answers.

    ``words`` (columns id and word) are the possible answers.
    """
    spelled, ids = words["word"].to_list(), words["id"].to_numpy()
    row = {word: n for n, word in enumerate(spelled)}
    rows = []
    for key, matrix in embeddings:
        unit = unit_rows(matrix[ids])
        for kind, (a, b, c, expected) in asked:
            entry = {**key, "kind": kind, "a": a, "b": b, "c": c, "expected": expected}
            missing = [word for word in (a, b, c, expected) if word not in row]
            entry |= {"missing": ", ".join(missing), "rank": None, "cosine": None, "answers": ""}
            if not missing:
                order, cosine = solve(unit, row[a], row[b], row[c])
                (place,) = np.flatnonzero(order == row[expected])
                best = zip(order[:ANSWERS], cosine[:ANSWERS], strict=True)
                entry |= {
                    "rank": int(place) + 1,
                    "cosine": float(cosine[place]),
                    "answers": ", ".join(f"{spelled[n]} {value:.2f}" for n, value in best),
                }
            rows.append(entry)
    return pd.DataFrame(rows).astype({"rank": "Int64", "cosine": float})


def write_for_projector(folder: Path, words: pd.DataFrame, vectors: np.ndarray) -> None:
    """Write vectors.tsv and metadata.tsv (word, label, count), one line per word, to a new folder.

    No character of a word or class can end a cell or a line (`excerpts.visible`).
    """
    folder.mkdir(parents=True)
    numbers = pl.DataFrame(vectors)  # Polars writes numbers ten times as fast as pandas
    form = {"separator": "\t", "include_header": False, "float_precision": 4}
    numbers.write_csv(folder / "vectors.tsv", **form)
    about = pd.DataFrame(
        {
            "word": words["word"].str[:LONGEST].map(visible),
            "label": words["label"].map(visible).replace("", "none"),
            "count": words["count"],
        }
    )
    about.to_csv(folder / "metadata.tsv", sep="\t", index=False, quoting=csv.QUOTE_NONE)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = command.parser(__doc__, "documents", "output")
    for file in ("vocabulary.parquet", "sequences.parquet", "analogies.yaml"):
        parser.add_argument(f"--{Path(file).stem}", type=Path, required=True, help=file)
    matrix = {"nargs": 3, "metavar": ("NAME", "STAGE", "FILE"), "required": True}
    matrix["help"] = "an embedding matrix of this encoding; STAGE is before or after (training)"
    start = {"nargs": 2, "metavar": ("AFTER", "BEFORE"), "default": []}
    start["help"] = "names of two of these matrices: training of AFTER started from BEFORE"
    parser.add_argument("--matrix", action="append", **matrix)
    parser.add_argument("--start", action="append", **start)
    add_contacts(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None) -> None:
    args = parse(argv)
    asked, sequences = read_analogies(args.analogies), read_sequences(args.sequences)
    vocabulary = read_table(args.vocabulary)
    ids = real_words(vocabulary)["id"].to_numpy()
    embeddings = [read_embedding(*given, ids) for given in args.matrix]
    known = np.logical_and.reduce([matrix.any(axis=1) for _, matrix in embeddings])
    about = describe(embeddings, ids, int(known.sum()), dict(args.start))
    for _, matrix in embeddings:
        matrix[~known] = 0  # all are compared on the same words
    words = word_classes(sequences, vocabulary).filter(pl.col("id").is_in(np.flatnonzero(known)))
    spelled = spell_ids(vocabulary)

    shown, probes = choose(words, sequences.label.drop_nulls().n_unique())
    chosen = choose_documents(sequences, known, DOCUMENTS)
    often = words.filter(pl.col("documents") >= OFTEN).to_pandas()
    by_key = {tuple(embedding.key.values()): embedding for embedding in embeddings}
    compared = [
        compare(by_key[before, "before"], by_key[after, "after"], often, spelled)
        for after, before in args.start
    ]
    tables = {
        "embeddings": about,
        **draw_all(embeddings, shown, chosen, args.documents, args.contacts),
        "neighbours": neighbours_in_all(embeddings, probes, spelled),
        "analogies": ask_analogies(embeddings, asked, words),
        "moved": joined([moved for moved, _ in compared], OF_MOVED),
        "movement": pd.DataFrame([row for _, row in compared], columns=OF_MOVEMENT),
    }
    with replacing(args.output) as folder:
        write_tables(tables, folder)
        frequent = words.sort("count", descending=True, maintain_order=True).head(PROJECTED)
        for key, matrix in embeddings:
            vectors = matrix[frequent["id"].to_numpy()]
            projector = folder / "projector" / "-".join(key.values())
            write_for_projector(projector, frequent.to_pandas(), vectors)


if __name__ == "__main__":
    run(main)
