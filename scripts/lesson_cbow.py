"""Learn word vectors from their neighbours: six words by hand, then a whole corpus.

By hand: the lecture's two sentences, a network with two hidden units, trained by Keras for one
start and by NumPy for many. In a corpus, if one is given: CBOW and skip-gram with negative
sampling, by gensim.

pairs, embedding, loss, probabilities, contexts, starts, separation, orders, order_examples: of the
two sentences. settings, neighbours, map, bands: of the corpus. facts: one row of sizes and headline
figures.
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
from threadpoolctl import threadpool_limits

from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.tables import write_tables
from seq2report.documents.sequences import read_sequences
from seq2report.models.backend import load_keras
from seq2report.vectors.similarity import nearest, same_class
from seq2report.vectors.word_maps import FEWEST as FEWEST_OF_A_MAP
from seq2report.vectors.word_maps import NO_CLASS, choose_words, draw_maps, word_classes
from seq2report.vectors.word_maps import WORDS as WORDS_OF_A_MAP
from train_vectors import READ, Documents, train

SENTENCES = ("surf big waves", "drive fast cars")
WORDS = " ".join(SENTENCES).split()
SENTENCE = np.array([n for n, sentence in enumerate(SENTENCES) for _ in sentence.split()])
UNITS = 2
EPOCHS = 300
RATE = 1.0  # of gradient descent
STARTS = 500
CHECKED_EVERY = 10  # epochs

METHODS = {"CBOW": "cbow", "skip-gram": "skipgram"}
# Words that are read, over all passes. A pass of skip-gram has more examples and takes longer.
READ_WORDS = {"CBOW": 4_000_000, "skip-gram": 1_200_000}
PASSES = (2, 20)  # at least and at most
DIMENSIONS, WINDOW, NEGATIVE = 50, 5, 5
QUERIES = 8
BANDS = {"5 to 9": 5, "10 to 29": 10, "30 to 99": 30, "100 and more": 100}
OF_A_BAND = 500  # words at most


class Setting(NamedTuple):
    """What the network reads: each neighbour by itself, or the mean of all (as in CBOW)."""

    name: str
    window: int  # neighbours on each side
    mean: bool


SETTINGS = (
    Setting("each neighbour, window 1", 1, False),
    Setting("each neighbour, window 2", 2, False),
    Setting("mean of the neighbours, window 1", 1, True),
    Setting("mean of the neighbours, window 2", 2, True),
)
SHOWN = SETTINGS[0]  # the lecture's


class Weights(NamedTuple):
    """Weights of s networks: from a word to the hidden units, and from these to a word."""

    hidden: np.ndarray  # (s, words, UNITS): the embedding matrices
    output: np.ndarray  # (s, UNITS, words)


def examples(setting: Setting) -> tuple[list[list[int]], np.ndarray]:
    """Return the contexts, n lists of word numbers, and the targets, (n,) int, of `SENTENCES`."""
    contexts, targets = [], []
    for number in range(len(SENTENCES)):
        sentence = np.flatnonzero(number == SENTENCE).tolist()
        for place, word in enumerate(sentence):
            before = sentence[max(place - setting.window, 0) : place]
            beside = before + sentence[place + 1 : place + 1 + setting.window]
            if setting.mean:
                contexts.append(beside)
                targets.append(word)
            else:  # a word is a neighbour of its neighbours: as a context, it has them as targets
                contexts += [[word]] * len(beside)
                targets += beside
    return contexts, np.array(targets)


def inputs(contexts: list[list[int]]) -> np.ndarray:
    """Return the mean of the one-hot vectors of each context, (n, words) float64."""
    return np.stack([np.eye(len(WORDS))[context].mean(axis=0) for context in contexts])


def floor(x: np.ndarray, targets: np.ndarray) -> float:
    """Return the smallest cross-entropy that any network can have: that of the true shares."""
    _, kind = np.unique(x, axis=0, return_inverse=True)
    counts = np.zeros((kind.max() + 1, len(WORDS)))
    np.add.at(counts, (kind, targets), 1)
    share = counts / counts.sum(axis=1, keepdims=True)
    return float(np.mean(-np.log(share[kind, targets]))) + 0.0  # 0, not −0


def draw_starts(starts: int, seed: int) -> Weights:
    """Return random weights as Keras's `Dense` draws them (Glorot and Bengio 2010, uniform)."""
    limit = np.sqrt(6 / (len(WORDS) + UNITS))
    rng = np.random.default_rng(seed)
    shapes = (starts, len(WORDS), UNITS), (starts, UNITS, len(WORDS))
    return Weights(*(rng.uniform(-limit, limit, shape) for shape in shapes))


def probabilities(weights: Weights, x: np.ndarray) -> np.ndarray:
    """Return the softmax of x · hidden · output, (s, n, words), for ``x`` (n, words)."""
    logits = x @ weights.hidden @ weights.output
    shifted = np.exp(logits - logits.max(axis=2, keepdims=True))
    return shifted / shifted.sum(axis=2, keepdims=True)


def descend(
    weights: Weights, x: np.ndarray, targets: np.ndarray, epochs: int
) -> tuple[Weights, np.ndarray]:
    """Train s networks at once by gradient descent on all examples together.

    Cross-entropy and softmax; the gradients are those of Rumelhart, Hinton and Williams (1986).

    Args:
        weights: what to start from, left as it is.
        x: (n, words) float64.
        targets: (n,) int.
        epochs: steps of size `RATE`.

    Returns:
        The trained weights, and the mean loss before each step, (epochs, s).
    """
    rows = np.arange(len(targets))
    hidden, output = weights
    losses = []
    for _ in range(epochs):
        error = probabilities(Weights(hidden, output), x)
        losses.append(-np.log(error[:, rows, targets]).mean(axis=1))
        error[:, rows, targets] -= 1
        error /= len(targets)
        state = x @ hidden
        hidden = hidden - RATE * (x.T @ (error @ output.transpose(0, 2, 1)))
        output = output - RATE * (state.transpose(0, 2, 1) @ error)
    return Weights(hidden, output), np.array(losses).reshape(epochs, -1)


def fit_keras(keras: ModuleType, x: np.ndarray, targets: np.ndarray, epochs: int):
    """Build the same network in Keras and train it: weights before and after, losses (epochs,)."""
    model = keras.Sequential(
        [
            keras.Input((len(WORDS),)),
            keras.layers.Dense(UNITS, use_bias=False),
            keras.layers.Dense(len(WORDS), use_bias=False, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(RATE), "sparse_categorical_crossentropy")
    before = Weights(*(part[None].astype(float) for part in model.get_weights()))
    read = x.astype("float32")
    # All examples at once: a tenth of the CPU time of model.fit.
    losses = [float(model.train_on_batch(read, targets)) for _ in range(epochs)]
    after = Weights(*(part[None].astype(float) for part in model.get_weights()))
    return before, after, np.array(losses)


def divided(embedding: np.ndarray) -> np.ndarray:
    """Return whether a straight line has one sentence on each side, (s,) bool.

    Two triangles lie apart if and only if a line along one of their sides divides them
    (the separating axis theorem).

    Args:
        embedding: (s, 6, 2), the words of one sentence before those of the other.
    """
    found = np.zeros(len(embedding), dtype=bool)
    for a, b in ((0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)):
        side = embedding[:, b] - embedding[:, a]
        across = np.stack([-side[:, 1], side[:, 0]], axis=1)
        place = np.einsum("swd,sd->sw", embedding, across)
        first, second = place[:, SENTENCE == 0], place[:, SENTENCE == 1]
        found |= first.max(axis=1) < second.min(axis=1)
        found |= second.max(axis=1) < first.min(axis=1)
    return found


def neighbourly(embedding: np.ndarray) -> np.ndarray:
    """Return whether the nearest word by cosine is of the same sentence for all words, (s,) bool.

    Args:
        embedding: (s, 6, 2).
    """
    unit = embedding / np.linalg.norm(embedding, axis=2, keepdims=True)
    cosine = unit @ unit.transpose(0, 2, 1)
    cosine[:, range(len(WORDS)), range(len(WORDS))] = -np.inf
    return (SENTENCE[cosine.argmax(axis=2)] == SENTENCE).all(axis=1)


def opposite(embedding: np.ndarray) -> np.ndarray:
    """Return which words lie opposite "big", (s,) of str.

    Seen from the origin, "big", "surf" and "waves" (as one), "fast", and "drive" and "cars" (as
    one) lie in four directions; going round, the one two places on is the opposite one.

    Args:
        embedding: (s, 6, 2).
    """
    surf, big, waves, drive, fast, cars = embedding.transpose(1, 0, 2)
    groups = np.stack([big, surf + waves, fast, drive + cars], axis=1)
    order = np.arctan2(groups[..., 1], groups[..., 0]).argsort(axis=1)
    place = (order == 0).argmax(axis=1)
    names = np.array(["big", "surf, waves", "fast", "drive, cars"], dtype=object)
    return names[order[np.arange(len(order)), (place + 2) % 4]]


def try_starts(setting: Setting, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Train from `STARTS` random starts and look how often the sentences fall apart.

    Returns:
        A row a start (setting, start, loss, line, nearest), a row an epoch that was looked at
        (setting, epoch, line, nearest: shares of the starts), and the embeddings, (s, words, 2).
    """
    contexts, targets = examples(setting)
    x = inputs(contexts)
    weights = draw_starts(STARTS, seed)
    rows = []
    for epoch in range(0, EPOCHS + 1, CHECKED_EVERY):
        line, near = divided(weights.hidden), neighbourly(weights.hidden)
        rows.append((setting.name, epoch, line.mean(), near.mean()))
        if epoch < EPOCHS:
            weights, _ = descend(weights, x, targets, CHECKED_EVERY)
    _, loss = descend(weights, x, targets, 1)
    starts = pd.DataFrame(
        {
            "setting": setting.name,
            "start": np.arange(1, STARTS + 1),
            "loss": loss[0],
            "line": line,
            "nearest": near,
        }
    )
    shares = pd.DataFrame(rows, columns=["setting", "epoch", "line", "nearest"])
    return starts, shares, weights.hidden


def learn_by_hand(keras: ModuleType, seed: int) -> tuple[dict[str, pd.DataFrame], dict]:
    """Return the tables and facts of the two sentences."""
    contexts, targets = examples(SHOWN)
    x = inputs(contexts)
    before, after, loss = fit_keras(keras, x, targets, EPOCHS)
    tables = {
        "pairs": pd.DataFrame(
            {
                "context": [WORDS[context[0]] for context in contexts],
                "target": [WORDS[target] for target in targets],
                "sentence": [SENTENCES[SENTENCE[target]] for target in targets],
            }
        )
    }
    embeddings, losses, starts, separation, kinds = [], [], [], [], []
    for setting in SETTINGS:
        of_setting, y = examples(setting)
        # The same first weights in every setting; Keras's own result for the one that is shown.
        trained, course = descend(before, inputs(of_setting), y, EPOCHS)
        if setting == SHOWN:
            difference = float(np.abs(course[:, 0] - loss).max())
            trained, course = after, loss[:, None]
        points = pd.DataFrame(trained.hidden[0], columns=["x", "y"])
        points.insert(0, "word", WORDS)
        points.insert(0, "setting", setting.name)
        embeddings.append(points.assign(sentence=[SENTENCES[n] for n in SENTENCE]))
        epochs = np.arange(1, EPOCHS + 1)
        losses.append(
            pd.DataFrame({"setting": setting.name, "epoch": epochs, "loss": course[:, 0]})
        )
        tried, shares, found = try_starts(setting, seed)
        starts.append(tried)
        separation.append(shares)
        kinds.append(
            {
                "setting": setting.name,
                "examples": len(y),
                "floor": floor(inputs(of_setting), y),
                "loss": tried["loss"].mean(),
                "line_before": shares["line"].iloc[0],
                "line": shares["line"].iloc[-1],
                "nearest_before": shares["nearest"].iloc[0],
                "nearest": shares["nearest"].iloc[-1],
                "shown_line": bool(divided(trained.hidden)[0]),
                "shown_nearest": bool(neighbourly(trained.hidden)[0]),
            }
        )
        if setting == SHOWN:
            orders = tried.assign(opposite=opposite(found))
            by_order = orders.groupby("opposite", sort=True)
            tables["orders"] = by_order["line"].agg(starts="size", divided="sum").reset_index()
            first = by_order["start"].min()
            tables["order_examples"] = pd.concat(
                [
                    pd.DataFrame(found[start - 1], columns=["x", "y"]).assign(
                        opposite=order,
                        start=start,
                        word=WORDS,
                        sentence=[SENTENCES[n] for n in SENTENCE],
                    )
                    for order, start in first.items()
                ],
                ignore_index=True,
            )
    expected = pd.crosstab(tables["pairs"]["context"], tables["pairs"]["target"], normalize="index")
    said = pd.DataFrame(probabilities(after, np.eye(len(WORDS)))[0], columns=WORDS)
    said = said.assign(context=WORDS).melt("context", var_name="target", value_name="probability")
    said["share"] = [
        expected.loc[c, t] for c, t in zip(said["context"], said["target"], strict=True)
    ]
    tables |= {
        "embedding": pd.concat(embeddings, ignore_index=True),
        "loss": pd.concat(losses, ignore_index=True),
        "probabilities": said,
        "contexts": pd.DataFrame(kinds),
        "starts": pd.concat(starts, ignore_index=True),
        "separation": pd.concat(separation, ignore_index=True),
    }
    facts = {
        "words": len(WORDS),
        "units": UNITS,
        "weights": 2 * len(WORDS) * UNITS,
        "epochs": EPOCHS,
        "rate": RATE,
        "starts": STARTS,
        "difference_to_keras": difference,
        "shown_opposite": opposite(after.hidden)[0],
    }
    return tables, facts


def passes(method: str, words: int) -> int:
    """Return how often a corpus of so many words is read: `READ_WORDS` in all, within `PASSES`."""
    return int(np.clip(round(READ_WORDS[method] / words), *PASSES))


def list_neighbours(
    words: np.ndarray, vectors: np.ndarray, queries: pd.DataFrame, method: str
) -> pd.DataFrame:
    """Return columns word, label, method, rank (from 1), neighbour, cosine.

    Args:
        words: (n,) of str.
        vectors: (n, d) float32.
        queries: columns row (in ``words``), word and label.
        method: name of these vectors.
    """
    best, cosine = nearest(vectors, queries["row"].to_numpy())
    rows = [
        (word, label, method, rank, words[other], float(value))
        for word, label, others, values in zip(
            queries["word"], queries["label"], best, cosine, strict=True
        )
        for rank, (other, value) in enumerate(zip(others, values, strict=True), start=1)
    ]
    return pd.DataFrame(rows, columns=["word", "label", "method", "rank", "neighbour", "cosine"])


def choose_queries(shown: pd.DataFrame) -> pd.DataFrame:
    """Return the most frequent words of each class, at most `QUERIES`; without classes, of all.

    Of more classes than that, some are taken, at equal steps through the sorted classes.
    """
    classed = shown[shown["label"] != NO_CLASS]
    if classed.empty:
        return shown.head(QUERIES)
    each = max(1, QUERIES // classed["label"].nunique())
    rows = classed.groupby("label").head(each).sort_values("label", kind="stable")
    return rows.iloc[np.unique(np.linspace(0, len(rows) - 1, QUERIES).round().astype(int))]


def measure_bands(
    vectors: np.ndarray, labels: np.ndarray, counts: np.ndarray, seed: int
) -> pd.DataFrame:
    """Return how words fare that occur rarely, and often: a row for each of `BANDS`.

    Args:
        vectors: (n, d) float32, of words that go with a class.
        labels: (n,) of str.
        counts: (n,) int, how often each word occurs in what was read.
        seed: of the choice among more than `OF_A_BAND` words.

    Returns:
        Columns occurrences, words (that were looked at), length (mean of the vectors' lengths) and
        same_class.
    """
    rng = np.random.default_rng(seed)
    band = np.searchsorted(list(BANDS.values()), counts, side="right") - 1
    rows = []
    for number, name in enumerate(BANDS):
        chosen = rng.permutation(np.flatnonzero(band == number))[:OF_A_BAND]
        lengths = np.linalg.norm(vectors[chosen], axis=1)
        length = lengths.mean() if len(chosen) else np.nan
        rows.append((name, len(chosen), length, same_class(vectors, labels, chosen)))
    return pd.DataFrame(rows, columns=["occurrences", "words", "length", "same_class"])


def learn_corpus(
    vocabulary: Path, sequences: Path, seed: int
) -> tuple[dict[str, pd.DataFrame], dict]:
    """Return the tables and facts of a corpus.

    Raises:
        UserError: it holds too little text.
    """
    known = pl.read_parquet(vocabulary).sort("id")
    spelled = np.empty(known["id"].max() + 1, dtype=object)
    spelled[known["id"].to_numpy()] = known["word"].to_list()
    documents = read_sequences(sequences)
    read = documents.part(*READ)
    tokens = int(read.lengths.sum())
    how = {"dimensions": DIMENSIONS, "window": WINDOW, "negative": NEGATIVE}
    found, settings = {}, []
    for method, called in METHODS.items():
        start = time.process_time()
        epochs = passes(method, max(tokens, 1))
        words, found[method] = train(
            Documents(read, spelled), how | {"method": called, "epochs": epochs}, seed
        )
        seconds = time.process_time() - start
        logging.info("%s: %d words, %d passes", method, len(words), epochs)
        settings.append(
            {"method": method, **how, "passes": epochs, "words_read": epochs * tokens}
            | {"vectors": len(words), "train_cpu_seconds": seconds}
        )

    # Both methods have the same words in the same order.
    classed = word_classes(documents, known)
    table = pl.DataFrame({"word": words}).with_row_index("row")
    table = table.join(classed, on="word", maintain_order="left")
    labels = table["label"].to_numpy()
    with_class = np.flatnonzero(labels != NO_CLASS)
    counts = sum(np.bincount(part.flat(), minlength=len(spelled)) for part in read.batches())
    counts = counts[table["id"].to_numpy()]
    shown = choose_words(table, len(set(labels[with_class]))).to_pandas()
    if len(shown) < FEWEST_OF_A_MAP:
        shown = table.head(WORDS_OF_A_MAP).to_pandas()
    queries = choose_queries(shown)
    words = np.array(words, dtype=object)
    of_map, share = shown["row"].to_numpy(), shown["label"].value_counts(normalize=True)
    neighbours, bands = [], []
    for row in settings:
        vectors = found[row["method"]]
        frequent, kinds = vectors[of_map], shown["label"].to_numpy()
        unit = frequent / np.linalg.norm(frequent, axis=1, keepdims=True)
        row["mean_cosine"] = float(np.mean((unit @ unit.T)[np.triu_indices(len(unit), 1)]))
        inside = np.flatnonzero(kinds != NO_CLASS)
        row["same_class"] = same_class(frequent[inside], kinds[inside], np.arange(len(inside)))
        neighbours.append(list_neighbours(words, vectors, queries, row["method"]))
        of_bands = measure_bands(vectors[with_class], labels[with_class], counts[with_class], seed)
        bands.append(of_bands.assign(method=row["method"]))
    # The map is of the method whose neighbours are more often of the same class.
    drawn = max(settings, key=lambda row: np.nan_to_num(row["same_class"]))["method"]
    places = draw_maps(found[drawn][of_map])["t-SNE"]
    share = share.drop(NO_CLASS, errors="ignore")
    facts = {
        "documents": len(read.ids),
        "tokens": tokens,
        "vectors": len(words),
        "classes": len(set(labels[with_class])),
        "map_words": len(shown),
        "drawn": drawn,
        "guess": float(((share / share.sum()) ** 2).sum()) if len(share) else np.nan,
        "softmax_multiplications": len(words) * DIMENSIONS,
        "negative_multiplications": (1 + NEGATIVE) * DIMENSIONS,
        "rare": float((counts < BANDS["10 to 29"]).mean()),
    }
    tables = {
        "settings": pd.DataFrame(settings),
        "neighbours": pd.concat(neighbours, ignore_index=True),
        "bands": pd.concat(bands, ignore_index=True),
        "map": shown[["word", "label", "count"]].assign(x=places[:, 0], y=places[:, 1]),
    }
    return tables, facts


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "seed", "output")
    parser.add_argument("--vocabulary", type=Path, nargs="?", help="vocabulary.parquet")
    parser.add_argument("--sequences", type=Path, nargs="?", help="sequences.parquet")
    args = parser.parse_args(argv)
    if bool(args.vocabulary) != bool(args.sequences):
        pair = ("--vocabulary", "--sequences")
        given, other = pair if args.vocabulary else pair[::-1]
        raise UserError(f"{given} without {other}: expected both or none; add {other}")

    logging.getLogger("gensim").setLevel(logging.WARNING)  # it tells of every second otherwise
    keras = load_keras(args.seed)
    with threadpool_limits(1):  # matrices this small take longer on many threads
        tables, facts = learn_by_hand(keras, args.seed)
    facts = {"seed": args.seed, **facts, "corpus": args.vocabulary is not None}
    if args.vocabulary:
        of_corpus, more = learn_corpus(args.vocabulary, args.sequences, args.seed)
        tables |= of_corpus
        facts |= more
    tables["facts"] = pd.DataFrame([facts])
    write_tables(tables, args.output)
    shares = tables["contexts"].set_index("setting")["line"]
    logging.info("divided by a line: %s", shares.round(3).to_dict())


if __name__ == "__main__":
    run(main)
