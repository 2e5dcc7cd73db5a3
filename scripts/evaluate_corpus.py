"""Describe a corpus in tidy tables.

corpus: its title, size, number of different words and content digest. classes: documents of each
split and class. lengths: how many documents have how many words, and how many ids. cuts: what is
lost where no more than so many ids of a document are read. growth: different words against words
read, over the training documents; heaps: the law that is fitted to it. outside: words of each split
that are not in the vocabulary. words: the most frequent ones. encoding: how many words were counted
and kept. coverage: how much of them has a vector, a row an embedding. missing: the most frequent
words without a vector. examples: how a training document of each class begins. document: one short
training document; document_words: its words, the ids that they get and what is lost of them;
document_row: the row of numbers that a network reads of it.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seq2report.core import command
from seq2report.core.command import UserError, read_json, run
from seq2report.core.excerpts import beginning, excerpt
from seq2report.core.tables import write_tables
from seq2report.documents.sequences import Sequences, pad, read_sequences
from seq2report.documents.tokens import MARKS, START, UNKNOWN, marked, number, tokens

TOP_WORDS = 40
EXCERPT = 400  # characters of an example
CUTS = (25, 50, 100, 150, 200, 400, 800)  # ids, beside those that networks of the report read
POINTS = 100  # of the curve of growth
DOCUMENT_WORDS = 50  # about as many has the document that is followed step by step
DOCUMENT_CHARACTERS = 1500  # and no more of it are shown
COVERAGE = ["embedding", "dimensions", "words", "words_found", "tokens", "tokens_found"]
MISSING = ["embedding", "word", "count", "documents"]


def count_words(documents: Path, vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Return what there is to count of each document, in their order.

    Args:
        documents: Parquet file, columns id, split, label and text; the texts of a row group are in
            memory at a time, and the different words of the training documents.
        vocabulary: column word.

    Returns:
        Columns id, split, label; words (how many it has), known (how many of these are in the
        vocabulary) and different (how many different words the training documents have up to here),
        all int64.
    """
    kept = pa.array(vocabulary["word"].to_list(), pa.string())
    met = pa.array([], pa.string())
    with pq.ParquetFile(documents) as file:
        counts, end = np.empty((3, file.metadata.num_rows), np.int64), 0
        for group in range(file.num_row_groups):
            of_group, met = _count(file.read_row_group(group, columns=["text", "split"]), kept, met)
            counts[:, end : end + of_group.shape[1]] = of_group
            end += of_group.shape[1]
    about = pl.read_parquet(documents, columns=["id", "split", "label"])
    return about.with_columns(words=counts[0], known=counts[1], different=counts[2])


def _count(rows: pa.Table, kept: pa.Array, met: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Return words, known and different of some documents, (3, n) int64, and the words now met."""
    spelled, words = tokens(rows["text"].to_pylist())
    ends = np.cumsum(words)
    train = np.repeat(pc.equal(rows["split"], "train").to_numpy(), words)
    numbers, now_met = number(spelled.filter(pa.array(train)), met)
    # A word that is new has the next number, so the highest one tells how many there are.
    different = np.maximum.accumulate(np.append(len(met), numbers + 1))
    known = pc.is_in(spelled, value_set=kept).to_numpy(zero_copy_only=False)
    known_before, train_before = (np.append(0, np.cumsum(each))[ends] for each in (known, train))
    return np.stack([words, np.diff(known_before, prepend=0), different[train_before]]), now_met


def lengths(counted: pl.DataFrame) -> pl.DataFrame:
    """Return columns counted, split, words, documents: how many documents have that many of it.

    What is counted are all words of a document, or its ids: the words that have one.

    Args:
        counted: columns split, words and ids, a row a document.
    """
    return pl.concat(
        counted.group_by("split", words=column)
        .len("documents")
        .select(pl.lit(column).alias("counted"), "split", "words", "documents")
        .sort("split", "words")
        for column in ("words", "ids")
    )


def cuts(ids: np.ndarray, configured: Iterable[int]) -> pl.DataFrame:
    """Return what is lost by each cut, the shortest first.

    Args:
        ids: of each document, (n,).
        configured: cuts of the report's own networks, beside `CUTS`.

    Returns:
        Columns cut (ids that are read), configured (bool), documents and longer (how many of them
        are cut), ids and lost (how many of all ids are not read), numbers (documents × cut) and
        zeros (how many of them are padding).
    """
    rows = []
    for cut in sorted({*CUTS, *configured}):
        read = int(np.minimum(ids, cut).sum())
        rows.append(
            {
                "cut": cut,
                "configured": cut in configured,
                "documents": len(ids),
                "longer": int((ids > cut).sum()),
                "ids": int(ids.sum()),
                "lost": int(ids.sum()) - read,
                "numbers": len(ids) * cut,
                "zeros": len(ids) * cut - read,
            }
        )
    return pl.DataFrame(rows)


def growth(counted: pl.DataFrame) -> pl.DataFrame:
    """Return how the vocabulary of the training documents grows, at most `POINTS` rows.

    Args:
        counted: columns split, words and different, as `count_words` returns them; at least one
            training document.

    Returns:
        Columns words (read so far, of all documents up to one) and different (among these).
    """
    train = counted.filter(pl.col("split") == "train")
    curve = train.select(pl.col("words").cum_sum(), "different")
    steps = np.linspace(0, curve["words"][-1], POINTS + 1)[1:]
    return curve[np.unique(np.searchsorted(curve["words"], steps))]


def heaps(curve: pl.DataFrame) -> tuple[float, float]:
    """Return K and β of Heaps' law, V(n) = K n^β, for the different words V among n words.

    Fitted by least squares to the logarithms (Heaps 1978, "Information Retrieval: Computational and
    Theoretical Aspects", section 7.5; before him Herdan 1960, "Type-Token Mathematics").

    Args:
        curve: columns words (n) and different (V).

    Returns:
        NaN, NaN where there are fewer than two points.
    """
    points = curve.filter(pl.col("words") > 0)
    if points.height < 2:
        return np.nan, np.nan
    beta, log_k = np.polyfit(np.log(points["words"]), np.log(points["different"]), 1)
    return float(np.exp(log_k)), float(beta)


def outside(counted: pl.DataFrame) -> pl.DataFrame:
    """Return columns split, words, unknown (of these not in the vocabulary), sorted by split.

    Args:
        counted: columns split, words and known, a row a document.
    """
    sums = counted.group_by("split").agg(pl.col("words", "known").sum())
    return sums.select("split", "words", unknown=pl.col("words") - pl.col("known")).sort("split")


def middling(counted: pl.DataFrame) -> list[str]:
    """Return the id of one training document of each class, that nearest to its median length.

    Args:
        counted: columns id, split, label and words, a row a document.
    """
    train = counted.filter(pl.col("split") == "train")
    distance = (pl.col("words") - pl.col("words").median()).abs()
    return train.filter(distance.rank("ordinal").over("label") == 1)["id"].to_list()


def short(counted: pl.DataFrame) -> str:
    """Return the id of a training document that shows in few words what happens to all.

    Something of it is lost, if that happens at all; then its length is nearest to
    `DOCUMENT_WORDS`; then the least of it is lost.

    Args:
        counted: columns id, split, words and known, a row a document.
    """
    train = counted.filter(pl.col("split") == "train")
    lost = pl.col("words") - pl.col("known")
    return train.sort(lost == 0, (pl.col("words") - DOCUMENT_WORDS).abs(), lost, "id")["id"][0]


def begin(
    documents: pl.DataFrame, shorten: Callable[[str, int], str], longest: int
) -> pl.DataFrame:
    """Return documents with only so much of their text as is shown.

    Args:
        documents: columns id, label, words and text.
        shorten: `excerpt` or `beginning`.
        longest: characters.
    """
    shown = [shorten(text, longest) for text in documents["text"]]
    return documents.select("id", "label", "words", text=pl.Series(shown, dtype=pl.String))


def spell(text: str, vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Return columns position, word, word_id (null where it is dropped), a row a word of the text.

    Where a vocabulary has marks, the mark that starts a document is its first word.

    Args:
        text: of a document.
        vocabulary: columns word and id.
    """
    words, _ = tokens([text])
    start = [START] if marked(vocabulary) else []
    unknown = MARKS[UNKNOWN] if marked(vocabulary) else pl.lit(None, pl.Int32)
    return (
        pl.DataFrame({"word": [*start, *words.to_pylist()]}, schema={"word": pl.String})
        .with_row_index("position")
        .join(vocabulary.select("word", word_id="id"), on="word", how="left", maintain_order="left")
        .with_columns(pl.col("word_id").fill_null(unknown))
    )


def follow(
    spelled: pl.DataFrame, document: Sequences, vocabulary: pl.DataFrame, reader: dict
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what becomes of the words of a document, and the row of numbers that a network reads.

    Args:
        spelled: columns position, word and word_id, as `spell` returns them.
        document: its ids; of one document.
        vocabulary: columns word and id.
        reader: length, padding and truncating of the network.

    Returns:
        ``spelled`` with a column lost ("no id"; "cut"; "unknown" where a mark stands for it; or
        nothing), and columns position, id and word (null for padding) of the row.
    """
    row = pad(document, **reader)
    count = int(document.lengths[0])
    # Padded like the ids, the places of the words tell which of them are read.
    numbered = replace(document, tokens=np.arange(1, count + 1), starts=np.zeros(1, np.int64))
    places = pad(numbered, **reader)[0]
    place = pl.col("word_id").is_not_null().cum_sum()
    lost = (
        pl.when(pl.col("word_id").is_null())
        .then(pl.lit("no id"))
        .when(~place.is_in(places.tolist()))
        .then(pl.lit("cut"))
        .when((pl.col("word_id") == MARKS[UNKNOWN]) & marked(vocabulary))
        .then(pl.lit("unknown"))
        .otherwise(pl.lit(""))
    )
    decoded = pl.DataFrame({"id": row[0]}).join(
        vocabulary.select("id", "word"), on="id", how="left", maintain_order="left"
    )
    return spelled.with_columns(lost=lost), decoded.with_row_index("position")


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "documents", "output")
    parser.add_argument("--vocabulary", type=Path, required=True, help="vocabulary.parquet")
    parser.add_argument("--encoding", type=Path, required=True, help="encoding.json")
    parser.add_argument(
        "--sequences", type=Path, required=True, help="sequences.parquet, beside it tokens.npy"
    )
    parser.add_argument(
        "--readers",
        type=json.loads,
        required=True,
        help="JSON list: length, padding and truncating of each network that reads these ids; the"
        " first one is shown reading",
    )
    parser.add_argument(
        "--coverage", type=Path, nargs="*", default=[], help="<embedding>/coverage.json, any number"
    )
    parser.add_argument(
        "--missing", type=Path, nargs="*", default=[], help="<embedding>/missing.parquet"
    )
    args = parser.parse_args(argv)

    vocabulary, sequences = pl.read_parquet(args.vocabulary), read_sequences(args.sequences)
    counted = count_words(args.documents, vocabulary)
    if not sequences.ids.equals(counted["id"]):
        raise UserError(
            f"{args.sequences}: found other documents than in {args.documents}, expected the same"
            " in the same order; encode them again"
        )
    counted = counted.with_columns(ids=sequences.lengths)
    labelled = counted.filter(pl.col("split") != "unlabelled")
    curve = growth(counted)

    chosen = short(counted)
    rows = pl.scan_parquet(args.documents).filter(pl.col("id").is_in([*middling(counted), chosen]))
    texts = rows.select("id", "label", "text").collect(engine="streaming")
    texts = texts.join(counted.select("id", "words"), on="id", maintain_order="left")
    examples = texts.filter(pl.col("id").is_in(middling(counted))).sort("label")
    document = texts.filter(pl.col("id") == chosen)
    ids = sequences.take(np.flatnonzero(sequences.ids == chosen))
    # Where no network reads words in their order, nothing is padded or cut.
    whole = {"length": max(1, int(ids.lengths[0])), "padding": "pre", "truncating": "pre"}
    reader = next(iter(args.readers), whole)
    words, row = follow(spell(document["text"][0], vocabulary), ids, vocabulary, reader)

    coverage = [{"embedding": file.parent.name} | read_json(file) for file in args.coverage]
    missing = [
        {"embedding": file.parent.name} | row
        for file in args.missing
        for row in pl.read_parquet(file).head(TOP_WORDS).iter_rows(named=True)
    ]
    corpus = read_json(args.corpus)
    about = {key: corpus[key] for key in ("title", "documents", "unique_tokens", "digest")}
    tables = {
        "corpus": pd.DataFrame([about | {"classes": len(corpus["classes"])}]),
        "classes": pd.DataFrame(corpus["counts"]),
        "lengths": lengths(counted).to_pandas(),
        "cuts": cuts(
            labelled["ids"].to_numpy(), {each["length"] for each in args.readers}
        ).to_pandas(),
        "growth": curve.to_pandas(),
        "heaps": pd.DataFrame([heaps(curve)], columns=["k", "beta"]),
        "outside": outside(counted).to_pandas(),
        "words": vocabulary.head(TOP_WORDS).to_pandas(),
        "encoding": pd.DataFrame([read_json(args.encoding)]),
        "coverage": pd.DataFrame(coverage, columns=COVERAGE),
        "missing": pd.DataFrame(missing, columns=MISSING),
        "examples": begin(examples, excerpt, EXCERPT).to_pandas(),
        "document": begin(document, beginning, DOCUMENT_CHARACTERS).to_pandas().assign(**reader),
        "document_words": words.to_pandas().convert_dtypes(),  # ids stay whole beside a null
        "document_row": row.to_pandas(),
    }
    write_tables(tables, args.output)


if __name__ == "__main__":
    run(main)
