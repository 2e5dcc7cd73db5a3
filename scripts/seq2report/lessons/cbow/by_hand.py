"""CBOW by hand: the lecture's two sentences, and a network with two hidden units.

Keras trains the network from one start, NumPy from many starts at once.
"""

from types import ModuleType
from typing import NamedTuple

import numpy as np
import pandas as pd

SENTENCES = ("surf big waves", "drive fast cars")
WORDS = " ".join(SENTENCES).split()
SENTENCE = np.array([n for n, sentence in enumerate(SENTENCES) for _ in sentence.split()])
UNITS = 2
EPOCHS = 300
RATE = 1.0  # of gradient descent
STARTS = 500
CHECKED_EVERY = 10  # epochs


class Setting(NamedTuple):
    """What the network reads: each neighbour separately, or their mean (as in CBOW)."""

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
    """Weights of s networks: from words to hidden units, and from these to words."""

    hidden: np.ndarray  # (s, words, UNITS): the embedding matrices
    output: np.ndarray  # (s, UNITS, words)


def examples(setting: Setting) -> tuple[list[list[int]], np.ndarray]:
    """Return the contexts, n lists of word numbers, and the targets, (n,) int, of `SENTENCES`."""
    contexts, targets = [], []
    for number in range(len(SENTENCES)):
        sentence = np.flatnonzero(number == SENTENCE).tolist()
        for position, word in enumerate(sentence):
            before = sentence[max(position - setting.window, 0) : position]
            beside = before + sentence[position + 1 : position + 1 + setting.window]
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
    """Return the smallest possible cross-entropy: that of the true shares."""
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
    ``x`` is (n, words) float64, ``targets`` (n,) int, and an epoch is one step of size `RATE`.
    Return the trained weights, and the mean loss before each step, (epochs, s).
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


def first_step(before: Weights) -> pd.DataFrame:
    """Return the first step of training, for the first pair of a word and its neighbour.

    Columns quantity, word, unit and value. The other pairs have other contexts, so the vector of
    this context changes by this pair only: −`RATE` · output · (probability − target) / pairs.
    """
    contexts, targets = examples(SHOWN)
    x, (context,), target = inputs(contexts), contexts[0], targets[0]
    _, losses = descend(before, x[:1], targets[:1], 1)
    probability = probabilities(before, x[:1])[0, 0]
    wanted = np.eye(len(WORDS))[target]
    hidden, output = before.hidden[0, context], before.output[0]
    change = -RATE * output @ (probability - wanted) / len(targets)
    trained, _ = descend(before, x, targets, 1)
    by_word = {"input": x[0], "logit": hidden @ output, "probability": probability}
    by_word |= {"target": wanted, "error": probability - wanted}
    by_unit = {"before": hidden, "change": change, "after": trained.hidden[0, context]}
    frames = [pd.DataFrame({"quantity": ["loss"], "word": [WORDS[target]], "value": losses[0]})]
    for name, values in by_word.items():
        frames.append(pd.DataFrame({"quantity": name, "word": WORDS, "value": values}))
    for unit in range(UNITS):
        weights = {"quantity": "output weight", "word": WORDS, "value": output[unit]}
        frames.append(pd.DataFrame(weights | {"unit": unit + 1}))
    units = {"word": WORDS[context], "unit": range(1, UNITS + 1)}
    for name, values in by_unit.items():
        frames.append(pd.DataFrame({"quantity": name, "value": values} | units))
    return pd.concat(frames, ignore_index=True)[["quantity", "word", "unit", "value"]]


def fit_keras(keras: ModuleType, x: np.ndarray, targets: np.ndarray, epochs: int):
    """Train the same network in Keras; return weights before and after, and losses (epochs,)."""
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
    """Return whether a straight line separates the two sentences, (s,) bool, for (s, 6, 2).

    Two triangles are disjoint if and only if a line along one of their sides separates them
    (the separating axis theorem).
    """
    separated = np.zeros(len(embedding), dtype=bool)
    for a, b in ((0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)):
        side = embedding[:, b] - embedding[:, a]
        across = np.stack([-side[:, 1], side[:, 0]], axis=1)
        place = np.einsum("swd,sd->sw", embedding, across)
        first, second = place[:, SENTENCE == 0], place[:, SENTENCE == 1]
        separated |= first.max(axis=1) < second.min(axis=1)
        separated |= second.max(axis=1) < first.min(axis=1)
    return separated


def neighbourly(embedding: np.ndarray) -> np.ndarray:
    """Return whether each word's nearest word by cosine is in its sentence, (s,) bool."""
    unit = embedding / np.linalg.norm(embedding, axis=2, keepdims=True)
    cosine = unit @ unit.transpose(0, 2, 1)
    cosine[:, range(len(WORDS)), range(len(WORDS))] = -np.inf
    return (SENTENCE[cosine.argmax(axis=2)] == SENTENCE).all(axis=1)


def opposite(embedding: np.ndarray) -> np.ndarray:
    """Return which words lie opposite "big", (s,) of str.

    Seen from the origin, "big", "surf" and "waves" (as one), "fast", and "drive" and "cars" (as
    one) lie in four directions. The direction two steps further round is the opposite one.
    """
    surf, big, waves, drive, fast, cars = embedding.transpose(1, 0, 2)
    groups = np.stack([big, surf + waves, fast, drive + cars], axis=1)
    order = np.arctan2(groups[..., 1], groups[..., 0]).argsort(axis=1)
    place = (order == 0).argmax(axis=1)
    names = np.array(["big", "surf, waves", "fast", "drive, cars"], dtype=object)
    return names[order[np.arange(len(order)), (place + 2) % 4]]


def try_starts(setting: Setting, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Train from `STARTS` random starts and count how often the sentences separate.

    Return one row per start, one row per checked epoch with shares of the starts, and the
    embeddings, (s, words, 2).
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
    starts = {"setting": setting.name, "start": np.arange(1, STARTS + 1), "loss": loss[0]}
    starts = pd.DataFrame(starts | {"line": line, "nearest": near})
    shares = pd.DataFrame(rows, columns=["setting", "epoch", "line", "nearest"])
    return starts, shares, weights.hidden


def words_at(points: np.ndarray, **columns: object) -> pd.DataFrame:
    """Return one row per word at ``points``, (6, 2): ``columns``, word, x, y and sentence."""
    columns |= {"word": WORDS, "x": points[:, 0], "y": points[:, 1]}
    return pd.DataFrame(columns | {"sentence": [SENTENCES[n] for n in SENTENCE]})


def describe_setting(
    setting: Setting, trained: Weights, starts: pd.DataFrame, shares: pd.DataFrame
) -> dict[str, object]:
    """Return a row of the table contexts, from the network shown and the results of all starts."""
    contexts, targets = examples(setting)
    row = {"setting": setting.name, "examples": len(targets)}
    row |= {"floor": floor(inputs(contexts), targets), "loss": starts["loss"].mean()}
    for measure in ("line", "nearest"):
        row[f"{measure}_before"], *_, row[measure] = shares[measure]
    row["shown_line"] = bool(divided(trained.hidden)[0])
    return row | {"shown_nearest": bool(neighbourly(trained.hidden)[0])}


def compare_orders(starts: pd.DataFrame, embeddings: np.ndarray) -> dict[str, pd.DataFrame]:
    """Return how often each arrangement of the words occurs, and one example of each."""
    by_order = starts.assign(opposite=opposite(embeddings)).groupby("opposite", sort=True)
    shown = [
        words_at(embeddings[start - 1]).assign(opposite=order, start=start)
        for order, start in by_order["start"].min().items()
    ]
    columns = ["x", "y", "opposite", "start", "word", "sentence"]
    counts = by_order["line"].agg(starts="size", divided="sum").reset_index()
    return {"orders": counts, "order_examples": pd.concat(shown, ignore_index=True)[columns]}


def compare_probabilities(pairs: pd.DataFrame, trained: Weights) -> pd.DataFrame:
    """Return columns context, target, probability (the network's) and share (in the pairs)."""
    shares = pd.crosstab(pairs["context"], pairs["target"], normalize="index")
    table = pd.DataFrame(probabilities(trained, np.eye(len(WORDS)))[0], columns=WORDS)
    table = table.assign(context=WORDS).melt("context", var_name="target", value_name="probability")
    cells = zip(table["context"], table["target"], strict=True)
    return table.assign(share=[shares.loc[cell] for cell in cells])


def build_tables(keras: ModuleType, seed: int) -> tuple[dict[str, pd.DataFrame], dict]:
    contexts, targets = examples(SHOWN)
    before, after, loss = fit_keras(keras, inputs(contexts), targets, EPOCHS)
    pairs = [
        (WORDS[context], WORDS[target], SENTENCES[SENTENCE[target]])
        for (context,), target in zip(contexts, targets, strict=True)
    ]
    pairs = pd.DataFrame(pairs, columns=["context", "target", "sentence"])
    tables = {"pairs": pairs, "probabilities": compare_probabilities(pairs, after)}
    tables["step"] = first_step(before)
    rows = {name: [] for name in ("embedding", "loss", "contexts", "starts", "separation")}
    for setting in SETTINGS:
        # The same first weights in every setting; Keras's own result for the one that is shown.
        contexts, targets = examples(setting)
        trained, course = descend(before, inputs(contexts), targets, EPOCHS)
        starts, shares, embeddings = try_starts(setting, seed)
        if setting == SHOWN:
            difference = float(np.abs(course[:, 0] - loss).max())
            trained, course = after, loss[:, None]
            tables |= compare_orders(starts, embeddings)
        losses = {"setting": setting.name, "epoch": range(1, EPOCHS + 1), "loss": course[:, 0]}
        rows["embedding"].append(words_at(trained.hidden[0], setting=setting.name))
        rows["loss"].append(pd.DataFrame(losses))
        rows["starts"].append(starts)
        rows["separation"].append(shares)
        rows["contexts"].append(pd.DataFrame([describe_setting(setting, trained, starts, shares)]))
    tables |= {name: pd.concat(parts, ignore_index=True) for name, parts in rows.items()}
    facts = {"words": len(WORDS), "units": UNITS, "weights": 2 * len(WORDS) * UNITS}
    facts |= {"epochs": EPOCHS, "rate": RATE, "starts": STARTS, "difference_to_keras": difference}
    return tables, facts | {"shown_opposite": opposite(after.hidden)[0]}
