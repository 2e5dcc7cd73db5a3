"""Describe a corpus in tidy tables.

corpus: title, size, number of different words, notice, content digest. scripts: letters by script,
and whether a token is a word or a character. classes: documents by split and class. lengths:
documents by number of words and by number of ids. cuts: losses by length of truncation. growth:
different words against words read, over the training documents; heaps: the law fitted to it.
outside: out-of-vocabulary words by split. words: the most frequent words. encoding: numbers of
words counted and kept. coverage: share of the vocabulary with a pretrained vector, one row per
embedding; missing: the most frequent words without one. examples: beginning of one training
document per class. document: one short training document; document_words: its words, their ids and
why words are lost; document_row: the row of ids that a network reads of it.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from seq2report.core import command
from seq2report.core.command import UserError, intact, read_json, run
from seq2report.core.excerpts import HIDDEN, add_contacts, beginning, excerpt, showing
from seq2report.core.stored import open_parquet, read_table
from seq2report.core.tables import write_tables
from seq2report.documents.sequences import Sequences, pad, read_sequences
from seq2report.documents.tokens import (
    SPECIAL,
    START,
    UNKNOWN,
    has_special,
    number,
    real_words,
    spans,
    tokens,
)

TOP_WORDS = 40
EXCERPT = 400  # characters of an example
CUTS = (25, 50, 100, 150, 200, 400, 800)  # ids, in addition to those of the networks
POINTS = 100  # of the growth curve
SHORT = 50  # documents of which one is followed
DOCUMENT_WORDS = 50  # preferred length of the document that is followed step by step
DOCUMENT_CHARACTERS = 1500  # of that document, at most
COVERAGE = ["embedding", "dimensions", "words", "words_found", "tokens", "tokens_found"]
ABOUT = ("documents", "unique_tokens", "notice", "digest")
MISSING = ["embedding", "word", "count", "documents"]


def count_words(documents: Path, vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Count the words of each document, in the order of the corpus.

    The texts of one row group are in memory at a time.

    Returns:
        Columns id, split, label, and int64: words (of the document), known (those in the
        vocabulary) and different (different words of the training documents so far).
    """
    kept = pa.array(vocabulary["word"].to_list(), pa.string())
    met = pa.array([], pa.string())
    with open_parquet(documents) as file:
        counts, end = np.empty((3, file.metadata.num_rows), np.int64), 0
        for group in range(file.num_row_groups):
            of_group, met = _count(file.read_row_group(group, columns=["text", "split"]), kept, met)
            counts[:, end : end + of_group.shape[1]] = of_group
            end += of_group.shape[1]
    about = read_table(documents, columns=["id", "split", "label"])
    return about.with_columns(words=counts[0], known=counts[1], different=counts[2])


def _count(rows: pa.Table, kept: pa.Array, met: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Return words, known and different of some documents, (3, n) int64, and all words so far."""
    spelled, words = tokens(rows["text"].to_pylist())
    ends = np.cumsum(words)
    train = np.repeat(pc.equal(rows["split"], "train").to_numpy(), words)
    numbers, now_met = number(spelled.filter(pa.array(train)), met)
    # A new word gets the next number, so the highest number counts the different words.
    different = np.maximum.accumulate(np.append(len(met), numbers + 1))
    known = pc.is_in(spelled, value_set=kept).to_numpy(zero_copy_only=False)
    known_before, train_before = (np.append(0, np.cumsum(flags))[ends] for flags in (known, train))
    return np.stack([words, np.diff(known_before, prepend=0), different[train_before]]), now_met


def lengths(counted: pl.DataFrame) -> pl.DataFrame:
    """Count the documents of each length.

    Columns counted ("words", or "ids": the words with an id), split, words (the length) and
    documents.
    """
    return pl.concat(
        counted.group_by("split", words=column)
        .len("documents")
        .select(pl.lit(column).alias("counted"), "split", "words", "documents")
        .sort("split", "words")
        for column in ("words", "ids")
    )


def cuts(ids: np.ndarray, configured: Iterable[int]) -> pl.DataFrame:
    """Return the losses by length of truncation, the shortest first.

    Args:
        ids: number of ids of each document, (n,).
        configured: lengths that the report's networks read, in addition to `CUTS`.

    Returns:
        Columns cut (length), configured (bool), documents, longer (documents that are truncated),
        ids, lost (ids that are not read), numbers (documents × cut) and zeros (padding).
    """
    cut = sorted({*CUTS, *configured})
    read = np.array([np.minimum(ids, length).sum() for length in cut])
    return pl.DataFrame(
        {
            "cut": cut,
            "configured": [length in configured for length in cut],
            "documents": [len(ids)] * len(cut),
            "longer": [int((ids > length).sum()) for length in cut],
            "ids": [int(ids.sum())] * len(cut),
            "lost": ids.sum() - read,
            "numbers": len(ids) * np.array(cut),
            "zeros": len(ids) * np.array(cut) - read,
        }
    )


def growth(counted: pl.DataFrame) -> pl.DataFrame:
    """Return words and different words of the training documents so far, at most `POINTS` rows."""
    train = counted.filter(pl.col("split") == "train")
    curve = train.select(pl.col("words").cum_sum(), "different")
    steps = np.linspace(0, curve["words"][-1], POINTS + 1)[1:]
    return curve[np.unique(np.searchsorted(curve["words"], steps))]


def heaps(curve: pl.DataFrame) -> tuple[float, float]:
    """Fit Heaps' law, V(n) = K n^β, for the different words V among n words; return K and β.

    By least squares to the logarithms (Heaps 1978, "Information Retrieval: Computational and
    Theoretical Aspects", section 7.5; before him Herdan 1960, "Type-Token Mathematics"). NaN for
    fewer than two points.
    """
    points = curve.filter(pl.col("words") > 0)
    if points.height < 2:
        return np.nan, np.nan
    beta, log_k = np.polyfit(np.log(points["words"]), np.log(points["different"]), 1)
    return float(np.exp(log_k)), float(beta)


def outside(counted: pl.DataFrame) -> pl.DataFrame:
    """Return columns split, words and unknown (out of vocabulary), sorted by split."""
    sums = counted.group_by("split").agg(pl.col("words", "known").sum())
    return sums.select("split", "words", unknown=pl.col("words") - pl.col("known")).sort("split")


def typical(counted: pl.DataFrame) -> list[str]:
    """Return one id per class: the training document whose length is nearest to the median."""
    train = counted.filter(pl.col("split") == "train")
    distance = (pl.col("words") - pl.col("words").median()).abs()
    return train.filter(distance.rank("ordinal").over("label") == 1)["id"].to_list()


def short(counted: pl.DataFrame) -> list[str]:
    """Return the ids of short training documents that illustrate the encoding, the best first.

    Preferred are documents that lose a word, then those with a length near `DOCUMENT_WORDS`, then
    those that lose the fewest words.
    """
    train = counted.filter(pl.col("split") == "train")
    lost = pl.col("words") - pl.col("known")
    return (
        train.sort(lost == 0, (pl.col("words") - DOCUMENT_WORDS).abs(), lost, "id")["id"]
        .head(SHORT)
        .to_list()
    )


def spell(text: str, vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Return columns position, word and word_id (null without an id), one row per word of a text.

    With a vocabulary that has marks, the first word is the mark for the start of a document.
    """
    words, _ = tokens([text])
    start = [START] if has_special(vocabulary) else []
    unknown = SPECIAL[UNKNOWN] if has_special(vocabulary) else pl.lit(None, pl.Int32)
    return (
        pl.DataFrame({"word": [*start, *words.to_pylist()]}, schema={"word": pl.String})
        .with_row_index("position")
        .join(vocabulary.select("word", word_id="id"), on="word", how="left", maintain_order="left")
        .with_columns(pl.col("word_id").fill_null(unknown))
    )


def follow(
    spelled: pl.DataFrame, document: Sequences, vocabulary: pl.DataFrame, reader: dict
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return why words of a document are lost, and the row of ids that a network reads.

    Args:
        spelled: as `spell` returns it.
        document: the ids of this one document.
        vocabulary: columns word and id.
        reader: length, padding and truncating of the network.

    Returns:
        ``spelled`` with a column lost ("no id", "cut", "unknown" if a mark replaces the word, or
        ""), and the row: columns position, id and word (null for padding).
    """
    row = pad(document, **reader)
    count = int(document.lengths[0])
    # Padded like the ids, the positions of the words show which of them are read.
    numbered = replace(document, tokens=np.arange(1, count + 1), starts=np.zeros(1, np.int64))
    places = pad(numbered, **reader)[0]
    place = pl.col("word_id").is_not_null().cum_sum()
    lost = (
        pl.when(pl.col("word_id").is_null())
        .then(pl.lit("no id"))
        .when(~place.is_in(places.tolist()))
        .then(pl.lit("cut"))
        .when((pl.col("word_id") == SPECIAL[UNKNOWN]) & has_special(vocabulary))
        .then(pl.lit("unknown"))
        .otherwise(pl.lit(""))
    )
    decoded = pl.DataFrame({"id": row[0]}).join(
        vocabulary.select("id", "word"), on="id", how="left", maintain_order="left"
    )
    return spelled.with_columns(lost=lost), decoded.with_row_index("position")


def hide(words: pl.DataFrame, text: str, shown: str) -> pl.DataFrame:
    """Return a table in which • stands for each word of a contact.

    ``shown`` is the ``text`` with its contacts hidden, of the same length.
    """
    hidden = {word.token for word in spans(text) if HIDDEN in shown[word.start : word.end]}
    is_hidden = pl.col("word").is_in(list(hidden))
    return words.with_columns(word=pl.when(is_hidden).then(pl.lit(HIDDEN)).otherwise("word"))


def show_documents(
    documents: Path,
    counted: pl.DataFrame,
    sequences: Sequences,
    vocabulary: pl.DataFrame,
    readers: list[dict],
    contacts: str,
) -> dict[str, pd.DataFrame]:
    """Return the tables examples, document, document_words and document_row.

    ``readers``: length, padding and truncating of each network; the first one reads the document.
    """
    ids, candidates, show = typical(counted), short(counted), showing(contacts)
    rows = pl.scan_parquet(documents).filter(pl.col("id").is_in([*ids, *candidates]))
    with intact(documents):
        texts = rows.select("id", "label", "text").collect(engine="streaming")
    texts = texts.join(counted.select("id", "words"), on="id", maintain_order="left")
    content = dict(texts.select("id", "text").iter_rows())
    # Preferred is a document of which nothing is hidden.
    whole = (name for name in candidates if show(content[name]) == content[name])
    chosen = next(whole, candidates[0])
    document = texts.filter(pl.col("id") == chosen)
    sequence = sequences.take(np.flatnonzero(sequences.ids == chosen))
    # If no network reads words in their order, nothing is padded or truncated.
    length = max(1, int(sequence.lengths[0]))
    reader = readers[0] if readers else {"length": length, "padding": "pre", "truncating": "pre"}
    text = document["text"][0]
    tables = follow(spell(text, vocabulary), sequence, vocabulary, reader)
    words, row = (hide(table, text, show(text)) for table in tables)
    columns = ["id", "label", "words", "text"]
    examples = texts.filter(pl.col("id").is_in(ids)).sort("label")[columns].to_pandas()
    examples["text"] = examples["text"].map(lambda text: excerpt(show(text), EXCERPT))
    start = beginning(show(text), DOCUMENT_CHARACTERS)
    return {
        "examples": examples,
        "document": document[columns].to_pandas().assign(text=start, **reader),
        "document_words": words.to_pandas().convert_dtypes(),  # ids stay integers beside a null
        "document_row": row.to_pandas(),
    }


def read_coverage(coverage: list[Path], missing: list[Path]) -> dict[str, pd.DataFrame]:
    """Return the tables coverage and missing; folders of the files name the embedding."""
    shares = [{"embedding": file.parent.name} | read_json(file) for file in coverage]
    words = [
        {"embedding": file.parent.name} | row
        for file in missing
        for row in read_table(file).head(TOP_WORDS).to_dicts()
    ]
    return {
        "coverage": pd.DataFrame(shares, columns=COVERAGE),
        "missing": pd.DataFrame(words, columns=MISSING),
    }


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = command.parser(__doc__, "corpus", "documents", "output")
    parser.add_argument("--title", required=True, help="of the corpus")
    for file in ("vocabulary.parquet", "encoding.json", "sequences.parquet"):
        parser.add_argument(f"--{Path(file).stem}", type=Path, required=True, help=file)
    readers = "JSON list: length, padding and truncating of each network that reads these ids"
    parser.add_argument("--readers", type=json.loads, required=True, help=readers)
    for file in ("coverage.json", "missing.parquet"):
        any_number = {"type": Path, "nargs": "*", "default": [], "help": f"<embedding>/{file}"}
        parser.add_argument(f"--{Path(file).stem}", **any_number)
    add_contacts(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None) -> None:
    args = parse(argv)
    vocabulary, sequences = read_table(args.vocabulary), read_sequences(args.sequences)
    counted = count_words(args.documents, vocabulary)
    if not sequences.ids.equals(counted["id"]):
        raise UserError(
            f"{args.sequences}: found other documents than in {args.documents}, expected the same"
            " in the same order; encode them again"
        )
    counted = counted.with_columns(ids=sequences.lengths)
    labelled = counted.filter(pl.col("split") != "unlabelled")
    configured = {reader["length"] for reader in args.readers}
    curve = growth(counted)
    corpus = read_json(args.corpus)
    about = {"title": args.title} | {key: corpus[key] for key in ABOUT}
    tables = {
        "corpus": pd.DataFrame([about | {"classes": len(corpus["classes"])}]),
        "scripts": pd.DataFrame(corpus["scripts"], columns=["script", "token", "letters"]),
        "classes": pd.DataFrame(corpus["counts"]),
        "lengths": lengths(counted).to_pandas(),
        "cuts": cuts(labelled["ids"].to_numpy(), configured).to_pandas(),
        "growth": curve.to_pandas(),
        "heaps": pd.DataFrame([heaps(curve)], columns=["k", "beta"]),
        "outside": outside(counted).to_pandas(),
        "words": vocabulary.head(TOP_WORDS).to_pandas(),
        "encoding": pd.DataFrame(
            [read_json(args.encoding) | {"kept_words": real_words(vocabulary).height}]
        ),
    }
    tables |= read_coverage(args.coverage, args.missing)
    tables |= show_documents(
        args.documents, counted, sequences, vocabulary, args.readers, args.contacts
    )
    write_tables(tables, args.output)


if __name__ == "__main__":
    run(main)
