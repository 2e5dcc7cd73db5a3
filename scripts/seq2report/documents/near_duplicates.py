"""Documents that are nearly copies of others: quoted, re-flowed, truncated or corrected.

Two documents are near duplicates if the Jaccard similarity of their sets of `WORDS`-grams of words
is at least `SIMILAR`: the number of n-grams in both, divided by the number in either. Words are
those of `tokens`: lower case, without punctuation, and in scripts without blanks each character is
one. A text of fewer words is one n-gram, so it has near duplicates with the same words only.

MinHash (Broder 1997, On the resemblance and containment of documents) proposes pairs: those with
the same `MINIMA` minima in one of `BANDS` bands. Every proposed pair is verified with its sets, so
no other pair is ever reported. A pair with similarity s is proposed with the probability
1 - (1 - s^MINIMA)^BANDS: more than 99.9% for `SIMILAR`, and more than 99.999% for .85.

Time and memory are linear in the number of documents. Documents with the same words are one, and
where many documents are alike, each is compared with `COMPARED` of each role only (training, test,
unlabelled), with different labels if possible. n-grams are hashes of 63 bits without a random seed:
the results are the same on every machine.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from pandas.util import hash_array
from rensa import RMinHash
from scipy.sparse import csr_array

from seq2report.core.stored import open_parquet
from seq2report.documents.duplicates import ROLES
from seq2report.documents.tokens import tokens

WORDS = 5
SIMILAR = 0.8
BANDS, MINIMA = 20, 5
COMPARED = 8
TEXTS, PAIRS = 1_000, 10_000  # that are hashed and verified at once
SEED = 1
ROLE = pl.col("split").replace_strict(ROLES)
FACTORS = np.cumprod(np.full(WORDS, 0x9E3779B97F4A7C15, np.uint64))  # odd, modulo 2^64


def find(documents: Path, texts: pl.DataFrame) -> pl.DataFrame:
    """Return the near duplicates in a table of documents.

    ``texts`` are those of `number`. Each pair of different texts is there once.

    Returns:
        Columns first and second (numbers of texts) and similarity.
    """
    rows = texts["text"].drop_nulls().unique().sort().to_numpy()
    keys, start, has_words = np.empty((BANDS, len(rows)), np.uint32), 0, np.zeros(len(rows), bool)
    for grams, counts in _read(documents, rows):
        end = start + len(counts)
        keys[:, start:end], has_words[start:end] = bands(grams, counts), counts > 0
        start = end
    members = texts.select("text", "label", role=ROLE).unique()
    members = members.join(pl.DataFrame({"text": rows[has_words]}), on="text", how="semi")
    return verify(documents, propose(rows, keys, members))


def number(digests: pl.DataFrame) -> pl.DataFrame:
    """Return the documents of `read_digests` with the number of their text instead of the digest.

    The column text is the number of the first row with this digest, null without one.
    """
    known = pl.col("digest").is_not_null()
    text = pl.when(known).then(pl.col("row").min().over("digest"))
    return digests.with_row_index("row").with_columns(text=text).drop("row", "digest")


def nearly_leaked(texts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per test document with near duplicates in training or validation.

    Documents with an exact duplicate there are left out. ``texts`` are those of `number`, ``pairs``
    those of `find`.

    Returns:
        Sorted by id: columns id, same_label (bool: a near duplicate has the same label), similarity
        to the most similar one, and its id (twin; the first of several) and label (twin_label).
    """
    learned = texts.filter(pl.col("split").is_in(["train", "validation"]))
    test = texts.filter(pl.col("split") == "test").join(learned, on="text", how="anti")
    # One row per text and label and not per document: a text may occur many times.
    twins = learned.group_by(other="text", twin_label="label").agg(twin=pl.col("id").min())
    found = test.select("text", "label").unique().join(_both_ways(pairs), on="text")
    found = found.join(twins, on="other").sort("similarity", "twin", descending=[True, False])
    same = (pl.col("label") == pl.col("twin_label")).any()
    most = found.group_by("text", "label").agg(
        same.alias("same_label"), pl.col("similarity", "twin", "twin_label").first()
    )
    return test.join(most, on=["text", "label"]).drop("text", "label", "split").sort("id")


def count_near(texts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return columns part, among and near: documents with near duplicates and no exact one.

    The roles part and among are those of `count_duplicates`; a pair without any is left out.
    Arguments are those of `nearly_leaked`.
    """
    roles = texts.drop_nulls("text").group_by("text", role=ROLE).agg(documents=pl.len())
    found = roles.join(_both_ways(pairs), on="text").join(roles, left_on="other", right_on="text")
    found = found.select("text", "documents", part="role", among="role_right").unique()
    exact = roles.select("text", among="role", copies="documents")
    found = found.join(exact, on=["text", "among"], how="left")
    itself = (pl.col("part") == pl.col("among")).cast(pl.Int64)
    found = found.filter(pl.col("copies").fill_null(0) <= itself)
    return found.group_by("part", "among").agg(near=pl.col("documents").sum().cast(pl.Int64))


def _both_ways(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return pairs in both orders: columns text, other and similarity."""
    one, other = ("first", "second"), ("second", "first")
    return pl.concat(
        pairs.select(text=a, other=b, similarity="similarity") for a, b in (one, other)
    )


def ngrams(texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of the n-grams of all texts, int64, and their number per text, (n,).

    n-grams that occur twice in a text are there twice. A text without any word has none.
    """
    words, lengths = tokens(" ".join(text.split()) for text in texts)
    encoded = words.dictionary_encode()
    names = encoded.dictionary.to_numpy(zero_copy_only=False).astype(object)
    hashes = hash_array(names, categorize=False)[encoded.indices.to_numpy()]
    # Zeros make each text with a word as long as one n-gram.
    padded = np.where(lengths > 0, np.maximum(lengths, WORDS), 0)
    spread = np.zeros(padded.sum() + WORDS, np.uint64)
    spread[_places(padded, lengths)] = hashes
    every = sum(spread[k : len(spread) - WORDS + k] * factor for k, factor in enumerate(FACTORS))
    counts = np.maximum(padded - WORDS + 1, 0)
    return (every[_places(padded, counts)] >> np.uint64(1)).astype(np.int64), counts


def _places(room: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Return the indices of the first ``used`` places of each text, if each has ``room`` places."""
    starts = np.cumsum(room) - room - (np.cumsum(used) - used)
    return np.arange(used.sum()) + np.repeat(starts, used)


def bands(grams: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return one key per band and text, (BANDS, n) uint32: hashes of `MINIMA` minima of MinHash."""
    ends = np.append(0, np.cumsum(counts)).astype(np.uint64)
    keys = np.empty((BANDS, len(counts)), np.uint32)
    for start in range(0, len(counts), TEXTS):
        here = ends[start : start + TEXTS + 1]
        minima = RMinHash.digest_matrix_from_flat_token_hashes(
            grams.view(np.uint64)[here[0] : here[-1]],
            here - here[0],
            num_perm=BANDS * MINIMA,
            seed=SEED,
        )
        minima = np.array(minima.to_rows(), np.uint64).reshape(-1, BANDS, MINIMA)
        hashes = (minima * FACTORS[:MINIMA]).sum(axis=2) >> np.uint64(32)
        keys[:, start : start + TEXTS] = hashes.T
    return keys


def propose(rows: np.ndarray, keys: np.ndarray, members: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with the same key in a band, columns first and second (numbers of texts).

    Args:
        rows: sorted numbers of the texts, (n,).
        keys: of `bands`, (BANDS, n).
        members: columns text (number), role and label, once each; other texts are left out.
    """
    pairs = pl.DataFrame(schema={"first": pl.UInt32, "second": pl.UInt32})
    for band in keys:
        alike = pl.DataFrame({"text": rows, "key": band}).join(members, on="text", how="semi")
        alike = alike.filter(pl.col("key").is_duplicated())
        # The first text of each label, then the second ones, and so on.
        turn = pl.int_range(pl.len()).over("key", "role", "label")
        chosen = alike.join(members, on="text").sort("text", "label").with_columns(turn=turn)
        place = pl.int_range(pl.len()).over("key", "role")
        chosen = chosen.sort("turn", "text", "label").filter(place < COMPARED)
        chosen = chosen.select("key", other="text").unique()
        new = alike.join(chosen, on="key").filter(pl.col("text") != pl.col("other"))
        new = new.select(
            first=pl.min_horizontal("text", "other"), second=pl.max_horizontal("text", "other")
        )
        pairs = pl.concat([pairs, new]).unique()
    return pairs.sort("second", "first")


def _read(documents: Path, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the `ngrams` of the texts in these sorted rows, one row group at a time."""
    with open_parquet(documents) as file:
        start = 0
        for group in range(file.num_row_groups):
            texts = file.read_row_group(group, columns=["text"])["text"]
            here = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + len(texts))]
            yield ngrams(texts.take(here - start).to_pylist())
            start += len(texts)


def verify(documents: Path, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of `propose` that are near duplicates, with their similarity.

    The n-grams of the texts of all pairs are in a temporary file, those of `PAIRS` pairs in memory.
    """
    if pairs.is_empty():
        return pairs.with_columns(similarity=pl.lit(0.0))
    involved = np.union1d(pairs["first"], pairs["second"])
    with tempfile.TemporaryFile() as file:
        sizes = []
        for grams, counts in _read(documents, involved):
            text = np.repeat(np.arange(len(counts)), counts)
            order = np.lexsort((grams, text))
            grams, text = grams[order], text[order]
            first = np.append(True, (np.diff(grams) != 0) | (np.diff(text) != 0))[: len(grams)]
            file.write(grams[first].tobytes())
            sizes.append(np.bincount(text[first], minlength=len(counts)))
        file.flush()
        ends = np.append(0, np.cumsum(np.concatenate(sizes)))
        sets, similarity = np.memmap(file, np.int64, "r"), []
        for some in pairs.iter_slices(PAIRS):
            numbers = np.searchsorted(involved, some.select("first", "second").to_numpy())
            similarity.append(_similarity(sets, ends, numbers))
    verified = pairs.with_columns(similarity=np.concatenate(similarity))
    return verified.filter(pl.col("similarity") >= SIMILAR)


def _similarity(sets: np.ndarray, ends: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return the Jaccard similarity of pairs of sets, (pairs, 2); set n is sets[ends[n]:ends[n+1]].

    The sets are sorted.
    """
    used, numbers = np.unique(pairs, return_inverse=True)
    grams = np.concatenate([sets[ends[n] : ends[n + 1]] for n in used])
    sizes = np.diff(ends)[used]
    shape = (len(used), np.iinfo(np.int64).max)  # one column per n-gram
    matrix = csr_array((np.ones(len(grams), bool), grams, np.append(0, np.cumsum(sizes))), shape)
    matrix.has_canonical_format = True
    first, second = numbers.reshape(pairs.shape).T
    common = np.diff(matrix[first].multiply(matrix[second]).indptr)
    return common / (sizes[first] + sizes[second] - common)
