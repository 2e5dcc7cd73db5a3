"""Text to tokens and tokens to ids, as by Keras's legacy ``Tokenizer``, many texts at a time.

The lecture's rule: lower case, replace every character of ``FILTERS`` by a blank, split at blanks.
The module `writing` extends it to scripts without blanks, to emoji, to punctuation of other scripts
and to the zero-width space; Latin text is split as by Keras.
Ids count from 1 by falling frequency; words of equal frequency are in the order of their first
occurrence. Ids at or above ``num_words`` are dropped. All commands split texts by `tokens` or
`spans`; no other character separates words, not even a non-breaking blank.

Keras's IMDB reviews have the ids of a word index: see `index_words`.

No word becomes a Python string: the words of a batch of texts are in one Arrow array. That takes
about eight times the memory of the texts (measured on reviews), so texts come in batches.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from scipy.sparse import csr_array

from seq2report.core.command import UserError
from seq2report.documents.writing import ALONE, CHARACTER, PUNCTUATION

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'  # keras.preprocessing.text.Tokenizer's default
BLANKS = bytes.maketrans(FILTERS.encode(), b" " * len(FILTERS))
BREAK = re.compile(f"({CHARACTER})|[{PUNCTUATION}]")  # a token of its own, or a separator
WORD = re.compile(f"{CHARACTER}|[^ {re.escape(FILTERS)}{PUNCTUATION}{ALONE}]+")
START, UNKNOWN = "<start>", "<unknown>"  # never in a text: < and > are among FILTERS
SPECIAL = {START: 1, UNKNOWN: 2}  # tokens with an id of their own
INDEX_FROM = 3  # what keras.datasets.imdb.load_data adds to a rank
LARGEST_RANK = 2**31 - 1 - INDEX_FROM  # ids are int32


def separated(text: str) -> str:
    """Return a text with blanks around each character that is a token of its own."""
    return text if text.isascii() else BREAK.sub(r" \1 ", text)


def tokens(texts: Iterable[str]) -> tuple[pa.StringArray, np.ndarray]:
    """Return the words of all texts, concatenated, and their number per text, (n,) int64."""
    lowered = [separated(text).lower().encode() for text in texts]
    # Every filter is one byte, and no byte of a longer UTF-8 character equals one.
    text = b" ".join([b"", *lowered, b""]).translate(BLANKS)
    borders = np.flatnonzero(np.diff(np.frombuffer(text, np.uint8) == ord(" ")))
    starts, ends = borders[::2], borders[1::2]
    offsets = np.zeros(len(starts) + 1, np.int32)
    offsets[1:] = np.cumsum(ends - starts)
    letters = text.translate(None, delete=b" ")
    words = pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(letters))
    text_ends = np.cumsum([len(text) + 1 for text in lowered], dtype=np.int64)
    return words, np.diff(np.searchsorted(starts, text_ends), prepend=0)


class Span(NamedTuple):
    """A word of a text: ``text[start:end]``, and the token that it becomes."""

    start: int
    end: int
    token: str


def spans(text: str) -> list[Span]:
    """Return the words of one text with their positions, split and spelled as by `tokens`.

    A token can differ from the lower case of its word alone: a capital sigma becomes another letter
    at the end of a word, which Unicode decides by the characters after it.
    """
    words, _ = tokens([text])
    matches = WORD.finditer(text)  # lower case neither adds nor removes a separator
    return [Span(*m.span(), word) for m, word in zip(matches, words.to_pylist(), strict=True)]


def number(words: pa.Array, known: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Return the index of each word in ``known``, (n,) int32, and ``known`` with new words added.

    New words are in the order of their first occurrence.
    """
    encoded = pa.chunked_array([known, words]).dictionary_encode().combine_chunks()
    return encoded.indices.to_numpy()[len(known) :], encoded.dictionary


class Words:
    """The words of texts, numbered from 0 in the order of first occurrence, and their counts.

    Attributes:
        known: the words, by their number.
        total: occurrences of each word, (len(known),) int64.
        count: occurrences of each word in the counted texts, (len(known),) int64.
    """

    def __init__(self) -> None:
        self.known = pa.array([], pa.string())
        self.total = self.count = np.zeros(0, np.int64)
        self._met = [np.zeros(0, np.int32)]  # numbers by their first counted occurrence

    def add(self, texts: Iterable[str], counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Add a batch of n texts, of which those with True in ``counted``, (n,) bool, are counted.

        Returns:
            The number of each word, (words,) int32, and the words of each text, (n,) int64.
        """
        words, lengths = tokens(texts)
        numbers, self.known = number(words, self.known)
        new = (0, len(self.known) - len(self.count))
        chosen = numbers[np.repeat(counted, lengths)]
        count = np.pad(self.count, new)
        met = pl.Series(chosen).unique(maintain_order=True).to_numpy()
        self._met.append(met[count[met] == 0])
        self.count = count + np.bincount(chosen, minlength=len(count))
        self.total = np.pad(self.total, new) + np.bincount(numbers, minlength=len(count))
        return numbers, lengths

    def vocabulary(self) -> pl.DataFrame:
        """Return columns id (int32, from 1), word, count of the counted words, by falling count."""
        met = np.concatenate(self._met)
        order = met[np.argsort(-self.count[met], kind="stable")]
        return pl.DataFrame(
            {
                "id": np.arange(1, len(order) + 1, dtype=np.int32),
                "word": pl.Series(self.known.take(pa.array(order)), dtype=pl.String),
                "count": self.count[order],
            }
        )

    def ids(self, words: pl.DataFrame) -> np.ndarray:
        """Return the id of each known word, (len(known),) int32, for `encode`.

        ``words`` are the columns id and word of a `vocabulary` or of `index_words`. Other words get
        0, or the id of `UNKNOWN` if ``words`` have the `SPECIAL` tokens.
        """
        ids = pl.DataFrame({"word": pl.Series(self.known, dtype=pl.String)}).join(
            words.select("word", "id"), on="word", how="left", maintain_order="left"
        )
        return ids["id"].fill_null(SPECIAL[UNKNOWN] if has_special(words) else 0).to_numpy()


def vocabulary(documents: pl.DataFrame) -> pl.DataFrame:
    """Return `Words.vocabulary` of documents with a column text."""
    words = Words()
    for rows in documents.iter_slices(5_000):
        words.add(rows["text"], np.ones(rows.height, dtype=bool))
    return words.vocabulary()


def read_word_index(path: Path | str) -> dict[str, int]:
    """Read a JSON object with the rank of each word, from 1 (most frequent).

    Raises:
        UserError: it is something else, or two words have one rank.
    """
    try:
        index = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not JSON ({error}); remove it and fetch it again") from error
    if not isinstance(index, dict) or not index:
        raise UserError(f"{path}: found {type(index).__name__}, expected words and their ranks")
    for word, rank in index.items():
        if type(rank) is not int or not 1 <= rank <= LARGEST_RANK:
            raise UserError(f"{path}: the rank of '{word}' is {rank!r}, expected 1, 2, 3, …")
    if len(set(index.values())) < len(index):
        rank, _ = Counter(index.values()).most_common(1)[0]
        words = [word for word, number in index.items() if number == rank]
        raise UserError(f"{path}: '{words[0]}' and '{words[1]}' have the rank {rank}, expected one")
    return index


def index_words(index: dict[str, int], num_words: int) -> pl.DataFrame:
    """Return columns id (int32) and word: `SPECIAL` tokens, then words with an id below num_words.

    Ids are those of ``keras.datasets.imdb.load_data``: a word's rank + `INDEX_FROM`.
    """
    ids = SPECIAL | {word: rank + INDEX_FROM for word, rank in index.items()}
    columns = {"id": pl.Series(list(ids.values()), dtype=pl.Int32), "word": list(ids)}
    return pl.DataFrame(columns).filter(pl.col("id") < num_words).sort("id")


def real_words(vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Return a vocabulary without its `SPECIAL` tokens."""
    return vocabulary.filter(~pl.col("word").is_in(list(SPECIAL)))


def has_special(words: pl.DataFrame) -> bool:
    """Return whether ids are those of `index_words`."""
    return START in words["word"]


def encode(
    numbers: np.ndarray, lengths: np.ndarray, ids: np.ndarray, start: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return word ids, (words,) int32, and their number per text, (n,) int64.

    ``numbers``, (words,), and ``lengths``, (n,), are those of `Words.add`; ``ids`` has the id of
    each number. Words with the id 0 are dropped. ``start`` is the first id of each text.
    """
    encoded = ids[numbers]
    kept = encoded > 0
    before = np.append(0, np.cumsum(kept))
    lengths = np.diff(before[np.cumsum(lengths)], prepend=0)
    encoded = encoded[kept]
    if start is None:
        return encoded, lengths
    return np.insert(encoded, np.cumsum(lengths) - lengths, start), lengths + 1


def occurrences(ids: np.ndarray, lengths: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each pair of a text and an id in it once: two arrays, (pairs,) int32, sorted by id.

    ``ids`` are the word ids of all texts, (words,), ``lengths`` the words of each text, (n,), and
    ``size`` is the largest id plus 1.
    """
    ends = np.append(0, np.cumsum(lengths))
    rows = csr_array((np.ones(len(ids), bool), ids, ends), shape=(len(lengths), size))
    columns = rows.tocsc()  # sorts by counting; a text is repeated for each occurrence
    text, word = columns.indices, np.repeat(np.arange(size), np.diff(columns.indptr))
    first = np.append(True, (np.diff(text) != 0) | (np.diff(word) != 0))[: len(text)]
    return text[first], word[first]
