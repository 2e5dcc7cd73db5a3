"""Lesson: the shapes of recurrent networks, each trained on a small real task beside rules.

One-to-many writes a word, given its first letter. Many-to-many tells the form of every word of a
sentence (small, Capitalised, ALL CAPS) that it reads in small letters. The encoder–decoder writes
a number in digits that it reads in words. Many-to-one is what every classification of the report
is, and is not trained again here.

scores: a row a shape, the network beside the best rule. methods: all figures of all methods.
history: loss of each epoch. generated, tagged, numbers: what was generated, tagged and written.
facts: one row of sizes.
"""

import logging
import string
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl

from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.tables import write_tables
from seq2report.documents.tokens import vocabulary
from seq2report.models.backend import load_keras

DOCUMENTS = {"train": 10_000, "test": 2_000}  # at most
BATCH = 128
ASK = 256  # rows of a prediction at once
LEARNING_RATE = 0.01

# One-to-many. Letters are 0 … 25 and the end mark is 26; what is read is one higher, 0 is nothing.
LETTERS = string.ascii_lowercase
END = len(LETTERS)
SYMBOLS = END + 1
SHORTEST, LONGEST = 3, 12  # letters of a word
WORDS = 6_000  # the most frequent ones
HELD_OUT = 1 / 6
FEWEST_WORDS = 600
GENERATED = 40  # words for every first letter
STRENGTH = 5.0  # of the shorter context, in letters

# Many-to-many.
FORMS = ["small", "Capitalised", "ALL CAPS"]
SENTENCES = {"train": 10_000, "test": 2_500}  # at most
FEWEST_SENTENCES = {"train": 300, "test": 100}
SENTENCE = (4, 24)  # words: shorter sentences are left out, longer ones are cut
FEWEST_LARGE = 0.01  # share of words with large letters, the first ones of sentences aside
KNOWN_WORDS, KNOWN_ENDINGS = 8_000, 1_500

# Encoder–decoder.
# fmt: off
ONES = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]
# fmt: on
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBER_WORDS = [*ONES, *TENS, "hundred", "thousand", "and"]
DIGITS = (2, 3, 4)  # of the numbers of the training
PHRASE = 8  # words of “ninety nine thousand nine hundred and ninety nine”
WRITTEN = DIGITS[-1] + 2  # digits of the longer numbers, and the end mark
TRAINED_OF_LENGTH, TESTED_OF_LENGTH = 2_500, 500  # numbers of each number of digits, at most
STOP = 10  # the end mark; what is read is one higher than a digit, 0 is nothing
START = 11

EPOCHS = {"one-to-many": 8, "many-to-many": 3, "encoder–decoder": 18}
IGNORE = -1  # a target that does not count


# Of each shape: its task, the metric of its headline, and the part of the test that this is about.
TASKS = {
    "one-to-many": ("write a word from its first letter", "bits", "held-out words"),
    "many-to-many": ("form of every word", "macro-F1", "inside"),
    "encoder–decoder": ("number words to digits", "exact", "test"),
}
LOWER_IS_BETTER = {"bits"}
COLUMNS = {
    "scores": (
        "shape task metric score baseline baseline_score tested cpu_seconds parameters skipped"
    ),
    "methods": "shape part method metric score tested",
    "history": "shape epoch loss",
    "generated": "method first word kind",
    "tagged": "sentence position word read form network usual",
    "numbers": "part digits read true network word_by_word nearest",
}


class UnfitError(Exception):
    """The corpus cannot carry a task; the message says why, as the page does."""


class Outcome(NamedTuple):
    """What a task leaves.

    Attributes:
        parameters: weights of the network.
        loss: of each epoch.
        methods: rows of the table methods, without the shape; the network and every rule.
        facts: sizes, columns of the table facts.
        table: name of the table of examples.
        examples: its rows.
    """

    parameters: int
    loss: list[float]
    methods: list[tuple[str, str, str, float, int]]
    facts: dict
    table: str
    examples: pd.DataFrame


def fit(model, x: np.ndarray | list[np.ndarray], y: np.ndarray, epochs: int) -> list[float]:
    """Fit a network in place and return the loss of each epoch.

    No XLA: to compile these small networks costs more than it saves in so few epochs.
    """
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=IGNORE)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss)
    return model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0).history["loss"]


def ask(model, x: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """Return the probabilities that a network gives to what it may say at each step, float32."""
    return model.predict(x, batch_size=ASK, verbose=0)


# --- one-to-many ---------------------------------------------------------------------------------


def letters_of(words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return what is read and what has to follow at each step, both (n, LONGEST) int32.

    Step t reads letter t and has letter t + 1 for its target, at the last letter the end mark.
    """
    x = np.zeros((len(words), LONGEST), np.int32)
    y = np.full_like(x, IGNORE)
    for n, word in enumerate(words):
        numbers = [LETTERS.index(letter) for letter in word]
        x[n, : len(word)] = np.add(numbers, 1)
        y[n, : len(word)] = [*numbers[1:], END]
    return x, y


def contexts(x: np.ndarray, read: int) -> np.ndarray:
    """Return a number for the last ``read`` letters at each step, the latest one counting least."""
    keys = np.zeros(x.shape, np.int64)
    for back in range(read):
        keys[:, back:] += x[:, : x.shape[1] - back] * (SYMBOLS + 1) ** back
    return keys


def count_letters(x: np.ndarray, y: np.ndarray, read: int) -> np.ndarray:
    """Return the probability of each next symbol after each context of `contexts`.

    Counts, mixed with what one letter less of context says, which counts as `STRENGTH` letters;
    with no letter, that is the same probability for every symbol (MacKay and Peto 1995).

    Returns:
        ((SYMBOLS + 1) ** read, SYMBOLS) float64, rows add up to 1.
    """
    p = np.full((1, SYMBOLS), 1 / SYMBOLS)
    counted = y != IGNORE
    for length in range(read + 1):
        counts = np.zeros(((SYMBOLS + 1) ** length, SYMBOLS))
        np.add.at(counts, (contexts(x, length)[counted], y[counted]), 1)
        shorter = p[np.arange(len(counts)) % len(p)]
        p = (counts + STRENGTH * shorter) / (counts.sum(axis=1, keepdims=True) + STRENGTH)
    return p


def bits(p: np.ndarray, y: np.ndarray) -> float:
    """Return the cross-entropy in bits for each symbol of ``y`` that counts.

    Args:
        p: probabilities, (n, LONGEST, SYMBOLS).
        y: targets, (n, LONGEST).
    """
    counted = y != IGNORE
    return float(-np.log2(p[counted, y[counted]].astype(np.float64)).mean())


def generate(
    next_symbol: Callable[[np.ndarray], np.ndarray], first: np.ndarray, rng: np.random.Generator
) -> tuple[list[str], np.ndarray]:
    """Draw words letter by letter; each letter drawn is what the next step reads.

    Args:
        next_symbol: probabilities (n, LONGEST, SYMBOLS) of what follows each step of (n, LONGEST).
        first: the first letter of each word, (n,) of 0 … 25.
        rng: draws the letters.

    Returns:
        The words, and whether the end mark came within `LONGEST` letters, (n,) bool.
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


def build_writer():
    """Return the network of one-to-many: letters so far → the next letter, at every step."""
    import keras

    return keras.Sequential(
        [
            keras.Input((LONGEST,), dtype="int32"),
            keras.layers.Embedding(SYMBOLS + 1, 24),
            keras.layers.GRU(96, return_sequences=True),
            keras.layers.Dense(SYMBOLS, activation="softmax"),
        ]
    )


def frequent_words(documents: pl.DataFrame) -> list[str]:
    """Return the most frequent words of `SHORTEST` to `LONGEST` letters a to z, by frequency."""
    fits = pl.col("word").str.contains(f"^[a-z]{{{SHORTEST},{LONGEST}}}$")
    return vocabulary(documents).filter(fits)["word"].head(WORDS).to_list()


def one_to_many(documents: pl.DataFrame, rng: np.random.Generator, epochs: int) -> Outcome:
    """Train the writer of words and compare it with counts of letters.

    Raises:
        UnfitError: the training documents have too few words.
    """
    words = frequent_words(documents.filter(pl.col("split") == "train"))
    if len(words) < FEWEST_WORDS:
        raise UnfitError(
            f"its training documents have {len(words):,} different words of {SHORTEST} to"
            f" {LONGEST} letters a to z, and at least {FEWEST_WORDS:,} are needed"
        )
    words = [words[n] for n in rng.permutation(len(words))]
    cut = round(len(words) * HELD_OUT)
    held, train = words[:cut], words[cut:]
    x, y = letters_of(train)
    model = build_writer()
    loss = fit(model, x, y, epochs)

    x_held, y_held = letters_of(held)
    by_counts = {
        f"counts of {name}": count_letters(x, y, read)
        for read, name in enumerate(("letters", "letter pairs", "three letters in a row"))
    }
    said = {
        "network": ask(model, x_held),
        "all letters alike": np.full((*y_held.shape, SYMBOLS), 1 / SYMBOLS),
    }
    said |= {
        name: table[contexts(x_held, read)] for read, (name, table) in enumerate(by_counts.items())
    }
    tested = int((y_held != IGNORE).sum())
    methods = [
        ("held-out words", name, "bits", bits(p, y_held), tested) for name, p in said.items()
    ]

    first = np.repeat(sorted({LETTERS.index(word[0]) for word in train}), GENERATED)
    spoken = set(vocabulary(documents)["word"])
    shown = set(train)
    generated = []
    rule = "counts of three letters in a row"
    for name, next_symbol in (
        ("network", lambda x: ask(model, x)),
        (rule, lambda x: by_counts[rule][contexts(x, 2)]),
    ):
        made, ended = generate(next_symbol, first, rng)
        for word, whole in zip(made, ended, strict=True):
            kind = "new"
            if not whole:
                kind = "no end"
            elif len(word) < SHORTEST:
                kind = "short"
            elif word in shown:
                kind = "training"
            elif word in spoken:
                kind = "corpus"
            generated.append((name, word[0], word, kind))
    facts = {
        "writer_trained": len(train),
        "writer_tested": len(held),
        "writer_first_letters": len(set(first.tolist())),
    }
    examples = pd.DataFrame(generated, columns=COLUMNS["generated"].split())
    return Outcome(model.count_params(), loss, methods, facts, "generated", examples)


# --- many-to-many --------------------------------------------------------------------------------


def sentence_words(documents: pl.DataFrame, split: str, seed: int) -> pl.DataFrame:
    """Return the words of at most `SENTENCES` sentences in random order, a row a word.

    A sentence ends at . ! ? : or ; before a blank, at an empty line or at a tag in angle brackets.
    Words are letters, with apostrophes inside; addresses with @ are left out.

    Returns:
        Columns sentence (from 0), position (from 0), word, read (the word in small letters) and
        form (number of `FORMS`; “McDonald” counts as Capitalised).
    """
    shortest, longest = SENTENCE
    split_at = pl.lit("\n\n")
    text = (
        pl.col("text")
        .str.replace_all(r"<[^<>\n]{1,200}>", "\n\n")
        .str.replace_all(r"\S+@\S+", " ")
        .str.replace_all(r"\n[\s>|:]*\n", "\n\n")
        .str.replace_all(r"[.!?:;][\"'”’)\]]*\s+", "\n\n")
    )
    sentences = (
        documents.filter(pl.col("split") == split)
        .select(text.str.split(split_at).alias("sentence"))
        .explode("sentence")
        .select(words=pl.col("sentence").str.extract_all(r"\p{L}+(?:['’]\p{L}+)*"))
        .filter(pl.col("words").list.len() >= shortest)
    )
    sentences = sentences.sample(min(SENTENCES[split], len(sentences)), shuffle=True, seed=seed)
    words = (
        sentences.with_row_index("sentence")
        .with_columns(pl.col("words").list.head(longest))
        .explode("words")
        .select("sentence", word="words", read=pl.col("words").str.to_lowercase())
    )
    large = pl.col("word") != pl.col("read")
    capitals = large & (pl.col("word").str.to_uppercase() == pl.col("word"))
    return words.select(
        "sentence",
        pl.int_range(pl.len()).over("sentence").alias("position"),
        "word",
        "read",
        form=pl.when(capitals & (pl.col("word").str.len_chars() > 1))
        .then(2)
        .otherwise(large.cast(pl.Int32)),
    )


def number(values: pl.Series, most: int) -> dict[str, int]:
    """Give the most frequent values the numbers 2, 3, …, those that occur once aside."""
    counts = values.value_counts().filter(pl.col("count") > 1)
    kept = counts.sort(["count", values.name], descending=[True, False])[values.name].head(most)
    return {value: n for n, value in enumerate(kept, 2)}


def grid(words: pl.DataFrame, values: Sequence[int] | np.ndarray, empty: int) -> np.ndarray:
    """Return one value a word as a matrix, (sentences, longest sentence) int32."""
    matrix = np.full((words["sentence"].n_unique(), SENTENCE[1]), empty, np.int32)
    matrix[words["sentence"], words["position"]] = values
    return matrix


def ending() -> pl.Expr:
    """Return the last three letters of what is read."""
    return pl.col("read").str.tail(3)


def usual_forms(train: pl.DataFrame) -> tuple[dict[str, int], int]:
    """Return the form that each word mostly has inside of sentences, and that of rare words.

    Of equally frequent forms it is the one that comes first in `FORMS`. Rare are the words that
    training shows once; an unknown word will mostly be like them.
    """
    inside = train.filter(pl.col("position") > 0)
    counts = inside.group_by("read", "form").len().sort(["len", "form"], descending=[True, False])
    usual = counts.unique("read", keep="first", maintain_order=True)
    once = counts.filter(pl.col("len").sum().over("read") == 1)["form"].to_numpy()
    rare = int(np.bincount(once, minlength=len(FORMS)).argmax())
    return dict(usual.select("read", "form").iter_rows()), rare


def look_up(words: pl.DataFrame, usual: dict[str, int], rare: int) -> np.ndarray:
    """Return the form of each word by `usual_forms`; first words of sentences at least capitalised.

    Returns:
        (words,) int64.
    """
    forms = np.array([usual.get(word, rare) for word in words["read"]])
    return np.where((words["position"] == 0).to_numpy(), np.maximum(forms, 1), forms)


def tagging_scores(truth: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """Return accuracy and macro-F1, the mean of F1 over the forms that occur in ``truth``."""
    from sklearn.metrics import f1_score

    forms = np.unique(truth)
    f1 = f1_score(truth, said, labels=forms, average="macro", zero_division=0)
    return {"accuracy": float((truth == said).mean()), "macro-F1": float(f1)}


def build_tagger(words: int, endings: int):
    """Return the network of many-to-many: words and their endings → a form of each word."""
    import keras

    read = [keras.Input((SENTENCE[1],), dtype="int32") for _ in range(2)]
    vectors = [
        keras.layers.Embedding(words + 2, 32)(read[0]),
        keras.layers.Embedding(endings + 2, 16)(read[1]),
    ]
    x = keras.layers.Concatenate()(vectors)
    x = keras.layers.Bidirectional(keras.layers.LSTM(32, return_sequences=True))(x)
    return keras.Model(read, keras.layers.Dense(len(FORMS), activation="softmax")(x))


def many_to_many(documents: pl.DataFrame, seed: int, epochs: int) -> Outcome:
    """Train the tagger of words and compare it with the usual form of each word.

    Raises:
        UnfitError: there are too few sentences, or too few large letters in them.
    """
    parts = {split: sentence_words(documents, split, seed) for split in SENTENCES}
    train, test = parts["train"], parts["test"]
    found = {split: words["sentence"].n_unique() for split, words in parts.items()}
    if any(found[split] < FEWEST_SENTENCES[split] for split in found):
        raise UnfitError(
            f"it has {found['train']:,} sentences to train on and {found['test']:,} to test on,"
            f" and at least {FEWEST_SENTENCES['train']:,} and {FEWEST_SENTENCES['test']:,} are"
            " needed"
        )
    share = min(
        (words.filter(pl.col("position") > 0)["form"] > 0).mean() for words in parts.values()
    )
    if share < FEWEST_LARGE:
        raise UnfitError(
            f"only {100 * share:.1f}% of its words inside of sentences have large letters, and at"
            f" least {100 * FEWEST_LARGE:.0f}% are needed: there is nothing to learn"
        )
    known = number(train["read"], KNOWN_WORDS)
    endings = number(train.select(ending())["read"], KNOWN_ENDINGS)

    def reads(words: pl.DataFrame) -> list[np.ndarray]:
        return [
            grid(words, [known.get(word, 1) for word in words["read"]], 0),
            grid(words, [endings.get(end, 1) for end in words.select(ending())["read"]], 0),
        ]

    model = build_tagger(len(known), len(endings))
    loss = fit(model, reads(train), grid(train, train["form"], IGNORE), epochs)
    place = test["sentence"].to_numpy(), test["position"].to_numpy()
    usual, rare = usual_forms(train)
    said = {
        "network": ask(model, reads(test)).argmax(axis=-1)[place],
        "always small": np.zeros(len(test), int),
        "usual form of the word": look_up(test, usual, rare),
    }
    truth, first = test["form"].to_numpy(), place[1] == 0
    unknown = ~test["read"].is_in(list(usual)).to_numpy()
    rows = {"inside": ~first, "first words": first, "inside, unknown words": ~first & unknown}
    methods = [
        (part, name, metric, score, int(chosen.sum()))
        for part, chosen in rows.items()
        if chosen.any()
        for name, forms in said.items()
        for metric, score in tagging_scores(truth[chosen], forms[chosen]).items()
    ]
    columns = {name: pl.Series(forms) for name, forms in said.items() if name != "always small"}
    tagged = test.with_columns(**columns).to_pandas()
    for name in ("form", *columns):
        tagged[name] = np.array(FORMS, dtype=object)[tagged[name]]
    facts = {
        "tagger_trained": found["train"],
        "tagger_tested": found["test"],
        "tagger_large": float((truth[~first] > 0).mean()),
        "tagger_rare_form": FORMS[rare],
    }
    examples = tagged.rename(columns={"usual form of the word": "usual"})
    return Outcome(model.count_params(), loss, methods, facts, "tagged", examples)


# --- encoder–decoder -----------------------------------------------------------------------------


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


def phrases(numbers: Sequence[int]) -> np.ndarray:
    """Return the words of each number, (n, PHRASE) int32, from 1; zeros before short ones."""
    matrix = np.zeros((len(numbers), PHRASE), np.int32)
    for n, number in enumerate(numbers):
        ids = [NUMBER_WORDS.index(word) + 1 for word in spell(number).split()]
        matrix[n, PHRASE - len(ids) :] = ids
    return matrix


def digits_of(numbers: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return what the decoder reads in training and what it has to write, (n, WRITTEN) int32.

    It reads the start mark and the true digits, each a step after it had to write it.
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

    A fifth of the numbers of each number of digits is for the test; longer numbers have one digit
    more than any of the training.
    """
    parts = {"train": [], "test": []}
    for digits in DIGITS:
        numbers = rng.permutation(np.arange(10 ** (digits - 1), 10**digits))
        cut = min(round(len(numbers) / 5), TESTED_OF_LENGTH)
        parts["test"].append(numbers[:cut])
        parts["train"].append(numbers[cut : cut + TRAINED_OF_LENGTH])
    drawn = {name: rng.permutation(np.concatenate(found)) for name, found in parts.items()}
    low, high = 10 ** DIGITS[-1], 10 ** (DIGITS[-1] + 1)
    drawn["longer"] = low + rng.choice(high - low, TESTED_OF_LENGTH, replace=False)
    return drawn


def decode(next_digit: Callable[[np.ndarray], np.ndarray], n: int) -> list[str]:
    """Write digits greedily: the most probable one, which the next step then reads.

    Args:
        next_digit: probabilities (n, WRITTEN, STOP + 1) of what follows each step of (n, WRITTEN).
        n: how many numbers are written at once.

    Returns:
        What stands before the end mark; all digits where it does not come.
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
    """Return the digits of each word of a number, one after the other; large units have none."""
    digits = {word: str(n) for n, word in enumerate(ONES, 1)}
    digits |= {word: str(n) for n, word in enumerate(TENS, 2)}
    return "".join(digits.get(word, "") for word in spell(number).split())


def nearest(train: np.ndarray, tested: np.ndarray) -> list[str]:
    """Return the training number whose phrase has most words in common, place by place.

    Places are counted from the end; of equally near ones it is the first.
    """
    known, asked = phrases(train), phrases(tested)
    rows = [((known == phrase) & (phrase > 0)).sum(axis=1).argmax() for phrase in asked]
    return [str(train[row]) for row in rows]


def build_translator():
    """Return the encoder–decoder: words, and digits so far → the next digit, at every step."""
    import keras

    words = keras.Input((PHRASE,), dtype="int32")
    digits = keras.Input((WRITTEN,), dtype="int32")
    vectors = keras.layers.Embedding(len(NUMBER_WORDS) + 1, 16)(words)
    _, *state = keras.layers.LSTM(64, return_state=True)(vectors)
    x = keras.layers.Embedding(START + 1, 16)(digits)
    x = keras.layers.LSTM(64, return_sequences=True)(x, initial_state=state)
    return keras.Model([words, digits], keras.layers.Dense(STOP + 1, activation="softmax")(x))


def encoder_decoder(rng: np.random.Generator, epochs: int) -> Outcome:
    """Train the writer of numbers and compare it with two rules."""
    drawn = draw_numbers(rng)
    train = drawn["train"]
    x, y = digits_of(train)
    model = build_translator()
    loss = fit(model, [phrases(train), x], y, epochs)

    tested = np.concatenate([drawn["test"], drawn["longer"]])
    read = phrases(tested)
    numbers = pd.DataFrame(
        {
            "part": np.repeat(["test", "longer"], [len(drawn["test"]), len(drawn["longer"])]),
            "digits": [len(str(number)) for number in tested],
            "read": [spell(number) for number in tested],
            "true": [str(number) for number in tested],
            "network": decode(lambda x: ask(model, [read, x]), len(tested)),
            "word by word": [word_by_word(number) for number in tested],
            "nearest training phrase": nearest(train, tested),
        }
    )
    names = ["network", "word by word", "nearest training phrase"]
    parts = {"test": numbers["part"] == "test"}
    parts |= {f"{n} digits": numbers["digits"] == n for n in (*DIGITS, DIGITS[-1] + 1)}
    methods = [
        (part, name, "exact", float((of[name] == of["true"]).mean()), len(of))
        for part, of in ((part, numbers[rows]) for part, rows in parts.items())
        for name in names
    ]
    facts = {
        "translator_trained": len(train),
        "translator_tested": len(drawn["test"]),
        "translator_longer": len(drawn["longer"]),
        "translator_digits": DIGITS[-1],
    }
    renamed = {"word by word": "word_by_word", "nearest training phrase": "nearest"}
    examples = numbers.rename(columns=renamed)
    return Outcome(model.count_params(), loss, methods, facts, "numbers", examples)


# --- all together --------------------------------------------------------------------------------


def score(shape: str, outcome: Outcome) -> dict:
    """Return the network's headline figure beside that of the best rule."""
    _, metric, part = TASKS[shape]
    found = {row[1]: row[3] for row in outcome.methods if row[0] == part and row[2] == metric}
    network = found.pop("network")
    best = (min if metric in LOWER_IS_BETTER else max)(found, key=found.get)
    tested = next(row[4] for row in outcome.methods if row[0] == part)
    return {
        "score": network,
        "baseline": best,
        "baseline_score": found[best],
        "tested": tested,
        "parameters": outcome.parameters,
    }


def table(name: str, rows: list) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS[name].split())


def read_documents(path: Path, seed: int) -> pl.DataFrame:
    """Return split and text of at most `DOCUMENTS` training and test documents.

    Raises:
        UserError: there are none of one of the two.
    """
    documents = pl.read_parquet(path, columns=["split", "text"])
    parts = []
    for split, most in DOCUMENTS.items():
        part = documents.filter(pl.col("split") == split)
        if part.is_empty():
            raise UserError(
                f"{path}: found no documents of the split {split!r}, expected some of train and of"
                " test; give the corpus a 'split' in the configuration"
            )
        parts.append(part.sample(min(most, len(part)), seed=seed))
    return pl.concat(parts)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "documents", "seed", "output")
    parser.add_argument("--epochs", type=int, help="of every task, instead of its own number")
    args = parser.parse_args(argv)
    if args.epochs is not None and args.epochs < 1:
        raise UserError(f"--epochs {args.epochs}: expected 1 or more, or to leave it out")

    documents = read_documents(args.documents, args.seed)
    keras = load_keras(args.seed)
    tasks = {
        "one-to-many": lambda rng, epochs: one_to_many(documents, rng, epochs),
        "many-to-many": lambda rng, epochs: many_to_many(documents, args.seed, epochs),
        "encoder–decoder": encoder_decoder,
    }
    facts = {
        "seed": args.seed,
        "train_documents": len(documents.filter(pl.col("split") == "train")),
        "test_documents": len(documents.filter(pl.col("split") == "test")),
    }
    made = {name: table(name, []) for name in COLUMNS}
    scores, methods, history = [], [], []
    for shape, carry_out in tasks.items():
        keras.utils.set_random_seed(args.seed)  # a task is the same whether another is skipped
        epochs = args.epochs or EPOCHS[shape]
        task, metric, _ = TASKS[shape]
        row = {"shape": shape, "task": task, "metric": metric, "skipped": ""}
        start = time.process_time()
        try:
            outcome = carry_out(np.random.default_rng(args.seed), epochs)
        except UnfitError as reason:
            logging.warning("%s is skipped: %s", shape, reason)
            scores.append(row | {"skipped": str(reason)})
            continue
        row |= score(shape, outcome) | {"cpu_seconds": time.process_time() - start}
        logging.info("%(shape)s: %(score).3f (%(baseline)s: %(baseline_score).3f)", row)
        scores.append(row)
        methods += [(shape, *method) for method in outcome.methods]
        history += [(shape, epoch, loss) for epoch, loss in enumerate(outcome.loss, 1)]
        facts |= outcome.facts
        made[outcome.table] = outcome.examples[COLUMNS[outcome.table].split()]
    made |= {
        "scores": table("scores", scores),
        "methods": table("methods", methods),
        "history": table("history", history),
        "facts": pd.DataFrame([facts]),
    }
    write_tables(made, args.output)


if __name__ == "__main__":
    run(main)
