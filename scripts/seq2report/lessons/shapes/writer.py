"""One-to-many: write a word, given its first letter.

Letters are 0 to 25 and the end token is 26. Inputs are one higher, with 0 for padding.
"""

import string
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import polars as pl

from seq2report.documents.tokens import vocabulary
from seq2report.lessons.shapes.common import IGNORE, Outcome, Task, UnfitError, fit, predict

LETTERS = string.ascii_lowercase
END = len(LETTERS)
SYMBOLS = END + 1
SHORTEST, LONGEST = 3, 12  # letters of a word
WORDS = 6_000  # the most frequent ones
HELD_OUT = 1 / 6
FEWEST_WORDS = 600
GENERATED = 40  # words per first letter
STRENGTH = 5.0  # of the shorter context, in letters
PART = "held-out words"  # of the test
COUNTS = (
    *("counts of letters", "counts of letter pairs"),
    *(f"counts of {number} letters in a row" for number in ("three", "four", "five")),
)


def encode_letters(words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and targets, both (n, LONGEST) int32.

    The input of step t is letter t; its target is letter t + 1, or the end token.
    """
    x = np.zeros((len(words), LONGEST), np.int32)
    y = np.full_like(x, IGNORE)
    for n, word in enumerate(words):
        numbers = [LETTERS.index(letter) for letter in word]
        x[n, : len(word)] = np.add(numbers, 1)
        y[n, : len(word)] = [*numbers[1:], END]
    return x, y


def contexts(x: np.ndarray, length: int) -> np.ndarray:
    """Return one number for the last ``length`` letters at each step, (n, LONGEST) int64."""
    keys = np.zeros(x.shape, np.int64)
    for back in range(length):
        keys[:, back:] += x[:, : x.shape[1] - back] * (SYMBOLS + 1) ** back
    return keys


def count_letters(x: np.ndarray, y: np.ndarray, length: int) -> np.ndarray:
    """Return the probability of each next symbol after each context of `contexts`.

    Counts are smoothed with the probabilities after the context that is one letter shorter; these
    weigh as much as `STRENGTH` letters. Below the empty context, all symbols are equally likely
    (MacKay and Peto 1995). The shape is ((SYMBOLS + 1) ** length, SYMBOLS); rows add up to 1.
    """
    p = np.full((1, SYMBOLS), 1 / SYMBOLS)
    counted = y != IGNORE
    for size in range(length + 1):
        counts = np.zeros(((SYMBOLS + 1) ** size, SYMBOLS))
        np.add.at(counts, (contexts(x, size)[counted], y[counted]), 1)
        shorter = p[np.arange(len(counts)) % len(p)]
        p = (counts + STRENGTH * shorter) / (counts.sum(axis=1, keepdims=True) + STRENGTH)
    return p


def bits(p: np.ndarray, y: np.ndarray) -> float:
    """Return the bits per symbol (cross-entropy) of ``y``, (n, LONGEST), that is not `IGNORE`."""
    counted = y != IGNORE
    return float(-np.log2(p[counted, y[counted]].astype(np.float64)).mean())


def generate(
    next_symbol: Callable[[np.ndarray], np.ndarray], first: np.ndarray, rng: np.random.Generator
) -> tuple[list[str], np.ndarray]:
    """Draw words letter by letter; each drawn letter is the input of the next step.

    ``next_symbol`` turns inputs, (n, LONGEST), into probabilities of the next symbol, (n, LONGEST,
    SYMBOLS); ``first`` are the first letters, (n,) of 0 to 25.

    Return the words, and whether the end token was drawn within `LONGEST` letters, (n,) bool.
    """
    x = np.zeros((len(first), LONGEST), np.int32)
    x[:, 0] = first + 1
    ended = np.zeros(len(first), bool)
    for step in range(LONGEST):
        sums = next_symbol(x)[:, step].astype(np.float64).cumsum(axis=1)
        drawn = (sums > rng.random((len(first), 1)) * sums[:, -1:]).argmax(axis=1)
        ended |= drawn == END
        if step + 1 < LONGEST:
            x[~ended, step + 1] = drawn[~ended] + 1
    words = ["".join(LETTERS[number - 1] for number in row if number) for row in x]
    return words, ended


def build_network():
    """Return the network: letters so far → the next symbol, at every step."""
    import keras

    vectors = keras.layers.Embedding(SYMBOLS + 1, 24)
    states = keras.layers.GRU(96, return_sequences=True)
    output = keras.layers.Dense(SYMBOLS, activation="softmax")
    return keras.Sequential([keras.Input((LONGEST,), dtype="int32"), vectors, states, output])


def frequent_words(documents: pl.DataFrame) -> list[str]:
    """Return the most frequent words of `SHORTEST` to `LONGEST` letters a to z, by frequency.

    Raises:
        UnfitError: the training documents have too few words.
    """
    fits = pl.col("word").str.contains(f"^[a-z]{{{SHORTEST},{LONGEST}}}$")
    training = documents.filter(pl.col("split") == "train")
    words = vocabulary(training).filter(fits)["word"].head(WORDS).to_list()
    if len(words) < FEWEST_WORDS:
        raise UnfitError(
            f"the training documents have {len(words):,} different words of {SHORTEST} to {LONGEST}"
            f" letters a to z; at least {FEWEST_WORDS:,} are needed"
        )
    return words


def classify(word: str, ended: bool, training: set[str], corpus: set[str]) -> str:
    if not ended:
        return "no end"
    if len(word) < SHORTEST:
        return "short"
    if word in training:
        return "training"
    return "corpus" if word in corpus else "new"


def measure(model, tables: list[np.ndarray], words: list[str]) -> list[tuple]:
    """Return the bits per symbol of each method on held-out words, rows of `Outcome.methods`."""
    x, y = encode_letters(words)
    uniform = np.full((*y.shape, SYMBOLS), 1 / SYMBOLS)
    probabilities = {"network": predict(model, x), "all symbols equally likely": uniform}
    for length, (name, table) in enumerate(zip(COUNTS, tables, strict=True)):
        probabilities[name] = table[contexts(x, length)]
    tested = int((y != IGNORE).sum())
    return [(PART, name, "bits", bits(p, y), tested) for name, p in probabilities.items()]


def train(documents: pl.DataFrame, seed: int, epochs: int) -> Outcome:
    """Train the network and compare it with counts of letters; see `frequent_words` for errors."""
    rng = np.random.default_rng(seed)
    words = frequent_words(documents)
    words = [words[n] for n in rng.permutation(len(words))]
    cut = round(len(words) * HELD_OUT)
    held_out, training = words[:cut], words[cut:]
    x, y = encode_letters(training)
    model = build_network()
    fitted = fit(model, x, y, epochs)
    tables = [count_letters(x, y, length) for length in range(len(COUNTS))]
    methods = measure(model, tables, held_out)

    first = np.repeat(sorted({LETTERS.index(word[0]) for word in training}), GENERATED)
    known = set(training), set(vocabulary(documents)["word"])
    generators = {
        "network": lambda x: predict(model, x),
        COUNTS[-1]: lambda x: tables[-1][contexts(x, len(COUNTS) - 1)],
    }
    generated = [
        (name, word[0], word, classify(word, ended, *known))
        for name, next_symbol in generators.items()
        for word, ended in zip(*generate(next_symbol, first, rng), strict=True)
    ]
    facts = {"writer_trained": len(training), "writer_tested": len(held_out)}
    facts |= {"writer_first_letters": len(set(first.tolist()))}
    examples = pd.DataFrame(generated, columns=COLUMNS)
    return Outcome(model.count_params(), fitted, methods, facts, examples)


COLUMNS = ["method", "first", "word", "kind"]
DESCRIPTION = "write a word from its first letter"
TASK = Task("one-to-many", DESCRIPTION, "bits", PART, 8, "generated", COLUMNS, train)
