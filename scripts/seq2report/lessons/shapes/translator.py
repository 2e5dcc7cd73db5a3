"""Encoder–decoder: write a number in digits, given its English words.

Digits are 0 to 9 and the end token is `STOP`. The decoder's inputs are one higher, with 0 for
padding, and begin with `START`.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import polars as pl

from seq2report.lessons.shapes.common import IGNORE, Outcome, Task, fit, predict

# fmt: off
ONES = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]
# fmt: on
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBER_WORDS = [*ONES, *TENS, "hundred", "thousand", "and"]
DIGITS = (2, 3, 4)  # of the training numbers
PHRASE = 8  # words of “ninety nine thousand nine hundred and ninety nine”
WRITTEN = DIGITS[-1] + 2  # digits of the longer numbers, and the end token
TRAINED_OF_LENGTH, TESTED_OF_LENGTH = 2_500, 500  # numbers per number of digits, at most
STOP = 10
START = 11
METHODS = {"network": "network", "word by word": "word_by_word"}  # to their columns
METHODS |= {"nearest training phrase": "nearest"}


def spell(number: int) -> str:
    """Return a whole number of 1 to 99,999 in English words, as “three hundred and four”."""
    thousands, rest = divmod(number, 1000)
    hundreds, below = divmod(rest, 100)
    words = [spell(thousands), "thousand"] if thousands else []
    words += [ONES[hundreds - 1], "hundred"] if hundreds else []
    words += ["and"] if words and below else []
    if below >= 20:
        words.append(TENS[below // 10 - 2])
        below %= 10
    return " ".join([*words, ONES[below - 1]] if below else words)


def encode_phrases(numbers: Sequence[int]) -> np.ndarray:
    """Return the words of each number, (n, PHRASE) int32, from 1; padded with 0 on the left."""
    matrix = np.zeros((len(numbers), PHRASE), np.int32)
    for n, number in enumerate(numbers):
        ids = [NUMBER_WORDS.index(word) + 1 for word in spell(number).split()]
        matrix[n, PHRASE - len(ids) :] = ids
    return matrix


def encode_digits(numbers: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the decoder's inputs and targets in training, both (n, WRITTEN) int32.

    The inputs are the start token and the targets of the steps before.
    """
    y = np.full((len(numbers), WRITTEN), IGNORE, np.int32)
    for n, number in enumerate(numbers):
        digits = [int(digit) for digit in str(number)]
        y[n, : len(digits) + 1] = [*digits, STOP]
    x = np.zeros_like(y)
    x[:, 0] = START
    x[:, 1:] = np.where((y[:, :-1] == IGNORE) | (y[:, :-1] == STOP), 0, y[:, :-1] + 1)
    return x, y


def draw_numbers(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the numbers of train, test and longer, each in random order.

    One fifth of the numbers of each length is for the test. Numbers of longer have one digit more
    than the longest training numbers.
    """
    splits = {"train": [], "test": []}
    for digits in DIGITS:
        numbers = rng.permutation(np.arange(10 ** (digits - 1), 10**digits))
        cut = min(round(len(numbers) / 5), TESTED_OF_LENGTH)
        splits["test"].append(numbers[:cut])
        splits["train"].append(numbers[cut : cut + TRAINED_OF_LENGTH])
    drawn = {name: rng.permutation(np.concatenate(numbers)) for name, numbers in splits.items()}
    low, high = 10 ** DIGITS[-1], 10 ** (DIGITS[-1] + 1)
    drawn["longer"] = low + rng.choice(high - low, TESTED_OF_LENGTH, replace=False)
    return drawn


def decode(next_digit: Callable[[np.ndarray], np.ndarray], n: int) -> list[str]:
    """Return the digits of n numbers before the end token, or all digits without one.

    Decoding is greedy: the most probable digit is the input of the next step. ``next_digit`` turns
    inputs, (n, WRITTEN), into probabilities of the next symbol, (n, WRITTEN, STOP + 1).
    """
    x = np.zeros((n, WRITTEN), np.int32)
    x[:, 0] = START
    written = np.full((n, WRITTEN), STOP)
    running = np.ones(n, bool)
    for step in range(WRITTEN):
        best = next_digit(x)[:, step].argmax(axis=-1)
        running &= best != STOP
        written[running, step] = best[running]
        if step + 1 < WRITTEN:
            x[running, step + 1] = best[running] + 1
    return ["".join(str(digit) for digit in row if digit != STOP) for row in written]


def word_by_word(number: int) -> str:
    """Return the digits of each word of a number, joined; “hundred” and “thousand” have none."""
    digits = {word: str(n) for n, word in enumerate(ONES, 1)}
    digits |= {word: str(n) for n, word in enumerate(TENS, 2)}
    return "".join(digits.get(word, "") for word in spell(number).split())


def nearest(train: np.ndarray, tested: np.ndarray) -> list[str]:
    """Return the training number whose phrase shares most words at the same positions.

    Positions are counted from the end. Of equally near numbers, the first one counts.
    """
    known, queries = encode_phrases(train), encode_phrases(tested)
    rows = [((known == phrase) & (phrase > 0)).sum(axis=1).argmax() for phrase in queries]
    return [str(train[row]) for row in rows]


def build_network():
    """Return the encoder–decoder: words, and digits so far → the next symbol, at every step."""
    import keras

    words, digits = (keras.Input((steps,), dtype="int32") for steps in (PHRASE, WRITTEN))
    vectors = keras.layers.Embedding(len(NUMBER_WORDS) + 1, 16)(words)
    _, *state = keras.layers.LSTM(64, return_state=True)(vectors)
    x = keras.layers.Embedding(START + 1, 16)(digits)
    x = keras.layers.LSTM(64, return_sequences=True)(x, initial_state=state)
    return keras.Model([words, digits], keras.layers.Dense(STOP + 1, activation="softmax")(x))


def measure(numbers: pd.DataFrame) -> list[tuple]:
    """Return the share of exact numbers by method and subset, rows of `Outcome.methods`."""
    subsets = {"test": numbers["part"] == "test"}
    subsets |= {f"{n} digits": numbers["digits"] == n for n in (*DIGITS, DIGITS[-1] + 1)}
    return [
        (subset, name, "exact", float((chosen[column] == chosen["true"]).mean()), len(chosen))
        for subset, chosen in ((name, numbers[rows]) for name, rows in subsets.items())
        for name, column in METHODS.items()
    ]


def train(_: pl.DataFrame, seed: int, epochs: int) -> Outcome:
    """Train the network and compare it with two rules; no documents are needed."""
    drawn = draw_numbers(np.random.default_rng(seed))
    x, y = encode_digits(drawn["train"])
    model = build_network()
    fitted = fit(model, [encode_phrases(drawn["train"]), x], y, epochs)

    tested = np.concatenate([drawn["test"], drawn["longer"]])
    phrases = encode_phrases(tested)
    numbers = pd.DataFrame(
        {
            "part": np.repeat(["test", "longer"], [len(drawn["test"]), len(drawn["longer"])]),
            "digits": [len(str(number)) for number in tested],
            "read": [spell(number) for number in tested],
            "true": [str(number) for number in tested],
            "network": decode(lambda x: predict(model, [phrases, x]), len(tested)),
            "word_by_word": [word_by_word(number) for number in tested],
            "nearest": nearest(drawn["train"], tested),
        }
    )
    facts = {"translator_trained": len(drawn["train"]), "translator_tested": len(drawn["test"])}
    facts |= {"translator_longer": len(drawn["longer"]), "translator_digits": DIGITS[-1]}
    return Outcome(model.count_params(), fitted, measure(numbers), facts, numbers)


COLUMNS = ["part", "digits", "read", "true", *METHODS.values()]
DESCRIPTION = "number words to digits"
TASK = Task("encoder–decoder", DESCRIPTION, "exact", "test", 18, "numbers", COLUMNS, train)
