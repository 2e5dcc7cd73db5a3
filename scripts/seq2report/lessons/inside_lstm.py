"""What the gates of a trained LSTM do, word by word, in a test document.

A small network is trained with Keras. A NumPy cell then reads the document with the same weights,
keeps every gate and state, and is checked against Keras.
"""

import logging
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl

from seq2report.core.command import UserError
from seq2report.core.durations import stopwatch
from seq2report.lessons import common
from seq2report.lessons.common import Corpus, Documents, embedding

UNITS = 16
LENGTH = 40  # words that the network reads: the last words of a document
SHORTEST = 20  # words of the document that is shown, at least
DOCUMENTS = 2000  # at most, for training and for testing
BATCH = 64
LEARNING_RATE = 0.01
SENTENCE = 10  # words of a text that readers can choose: the last words of a document
CLASSES = 3  # of these texts, at most
TOLERANCE = 1e-5  # largest accepted difference between the NumPy cell and Keras
GATES = ("forget", "update", "candidate", "output", "cell", "hidden")


class Weights(NamedTuple):
    """Weights of an LSTM with d inputs and u units; columns in the order i, f, c, o."""

    kernel: np.ndarray  # (d, 4 · u), applied to the word vector
    recurrent: np.ndarray  # (u, 4 · u), applied to the previous hidden state
    bias: np.ndarray  # (4 · u,)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(−x)), computed by tanh, which does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def layer_squash(weights: np.ndarray, bias: np.ndarray):
    """Return the tanh layer of the lecture's slide, tanh(c · W + b), instead of tanh(c).

    The identity, (u, u), and zeros, (u,), give the standard cell.
    """
    return lambda cell: np.tanh(cell @ weights + bias)


def read_words(vectors: np.ndarray, weights: Weights, squash=np.tanh) -> dict[str, np.ndarray]:
    """Run an LSTM over word vectors from state 0 and return `GATES`, each (words, units) float64.

    Hochreiter and Schmidhuber (1997), with the forget gate of Gers, Schmidhuber and Cummins
    (2000). Order and names of the gates are Keras's; i is the update gate of the lecture. The
    output gate scales ``squash`` of the cell state. ``vectors`` is (words, d).
    """
    kernel, recurrent, bias = (np.asarray(array, dtype=np.float64) for array in weights)
    units = recurrent.shape[0]
    hidden, cell = np.zeros(units), np.zeros(units)
    steps = []
    for vector in np.asarray(vectors, dtype=np.float64):
        update, forget, candidate, output = np.split(vector @ kernel + hidden @ recurrent + bias, 4)
        update, forget, output = sigmoid(update), sigmoid(forget), sigmoid(output)
        candidate = np.tanh(candidate)
        cell = forget * cell + update * candidate
        hidden = output * squash(cell)
        steps.append((forget, update, candidate, output, cell, hidden))
    return dict(zip(GATES, np.stack(steps, axis=1), strict=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def choose(probability: np.ndarray, truth: np.ndarray, words: np.ndarray) -> tuple[int, str]:
    """Return the row of the document to show, and why: "whole", "cut" or "wrong".

    The document is the one with the most confident correct prediction: among documents of
    `SHORTEST` to `LENGTH` words if there is one (whole), otherwise among longer documents, of
    which the network reads the last `LENGTH` words (cut). If no prediction is correct, it is the
    most confident one of all (wrong). At least one document must have `SHORTEST` words.
    """
    right = probability.argmax(axis=1) == truth
    confidence = probability.max(axis=1)
    whole = (words >= SHORTEST) & (words <= LENGTH)
    choices = {"whole": right & whole, "cut": right & (words > LENGTH)}
    choices["wrong"] = words >= SHORTEST
    how, eligible = next((name, rows) for name, rows in choices.items() if rows.any())
    return int(np.where(eligible, confidence, -1).argmax()), how


def choose_documents(corpus: Corpus, seed: int) -> tuple[Documents, Documents]:
    """Return random documents, without empty ones, to train on and to test on.

    Raises:
        UserError: nothing to train on, or no test document of `SHORTEST` words.
    """
    rng = np.random.default_rng(seed)
    train, test = (
        common.draw_documents(corpus, split, rng, DOCUMENTS, LENGTH) for split in ("train", "test")
    )
    longest = test.words.max(initial=0)
    if not len(train.ids) or longest < SHORTEST:
        raise UserError(
            f"found {len(train.ids)} training documents with words, and test documents of at most"
            f" {longest} words, expected at least one to train on and one of {SHORTEST} words or"
            " more to show; set `lessons: {corpus: …}` to a corpus of longer documents, or remove"
            " `inside_lstm` from `lessons.pages`"
        )
    return train, test


def fit_model(corpus: Corpus, train: Documents, epochs: int) -> tuple[object, int]:
    """Return the trained network, and how many documents it was trained on.

    The network is an embedding, an LSTM and a softmax layer; padding is masked.
    """
    import keras

    model = keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            embedding(corpus.vectors, mask_zero=True, name="embedding"),
            keras.layers.LSTM(UNITS, name="lstm"),
            keras.layers.Dense(len(corpus.classes), activation="softmax", name="output"),
        ]
    )
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=True)
    # Full batches only: XLA would compile another program for a smaller one.
    batch = min(BATCH, len(train.ids))
    count = len(train.ids) // batch * batch
    model.fit(train.ids[:count], train.truth[:count], batch_size=batch, epochs=epochs, verbose=0)
    return model, count


def keras_states(weights: Weights, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return hidden states (words, u) and the last cell state (u,) as Keras computes them."""
    import keras

    layer = keras.layers.LSTM(len(weights.recurrent), return_sequences=True, return_state=True)
    layer.build((1, *vectors.shape))
    layer.set_weights(weights)
    hidden, _, cell = layer(vectors[None])
    return hidden.numpy()[0], cell.numpy()[0]


def check(*pairs: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the largest absolute difference between results of the NumPy cell and of Keras.

    Raises:
        UserError: the difference is above `TOLERANCE`, or not a number.
    """
    difference = float(np.max([np.abs(own - expected).max() for own, expected in pairs]))
    if not difference <= TOLERANCE:
        raise UserError(
            f"the NumPy cell and Keras differ by {difference:.3g}, expected at most {TOLERANCE:g}:"
            " this version of Keras may order the gates of an LSTM differently; compare read_words"
            " in lessons/inside_lstm.py with its documentation"
        )
    return difference


class Reading(NamedTuple):
    """How the network reads one document, computed by the NumPy cell."""

    states: dict[str, np.ndarray]  # as `read_words` returns them
    at_start: np.ndarray  # (classes,), probabilities before any word
    by_word: np.ndarray  # (words, classes), probabilities if the text ended at a word
    kernel: np.ndarray  # (units, classes), weights of the output layer
    weights: Weights
    difference: float  # to Keras, see `check`
    variant_difference: float  # of the hidden states of the slide's variant with the identity


def read_document(model, ids: np.ndarray, probability: np.ndarray) -> Reading:
    """Read word ids without padding with the weights of ``model``; check the result against Keras.

    Keras's ``probability`` of each class after the last word is (classes,).
    """
    vectors = model.get_layer("embedding").get_weights()[0][ids]
    weights = Weights(*model.get_layer("lstm").get_weights())
    states = read_words(vectors, weights)
    kernel, bias = model.get_layer("output").get_weights()
    by_word = softmax(states["hidden"] @ kernel + bias)
    hidden, cell = keras_states(weights, vectors)
    difference = check(
        (states["hidden"], hidden), (states["cell"][-1], cell), (by_word[-1], probability)
    )
    identity = layer_squash(np.eye(UNITS), np.zeros(UNITS))
    variant = read_words(vectors, weights, identity)
    variant_difference = float(np.abs(variant["hidden"] - states["hidden"]).max())
    return Reading(states, softmax(bias), by_word, kernel, weights, difference, variant_difference)


def tidy(states: dict[str, np.ndarray], words: list[str]) -> pd.DataFrame:
    """Return columns step (from 1), word, unit (from 1), gate, value; one row per value."""
    steps, units = states["cell"].shape
    step, unit = (index.ravel() + 1 for index in np.indices((steps, units)))
    frames = [
        pd.DataFrame({"step": step, "unit": unit, "gate": gate, "value": values.ravel()})
        for gate, values in states.items()
    ]
    table = pd.concat(frames, ignore_index=True)
    table.insert(1, "word", np.array(words, dtype=object)[table["step"] - 1])
    return table


def rank_units(hidden: np.ndarray, kernel: np.ndarray, true: int) -> pd.DataFrame:
    """Return columns unit (from 1) and pull, the strongest support for the true class first.

    ``pull`` is what a unit adds to the logit of the true class, minus the mean of what it adds to
    the logits of the other classes. ``hidden`` is the last hidden state, (units,), and ``kernel``
    has the weights of the output layer, (units, classes).
    """
    pull = kernel[:, true] - np.delete(kernel, true, axis=1).mean(axis=1)
    units = pd.DataFrame({"unit": np.arange(1, UNITS + 1), "pull": hidden * pull})
    return units.sort_values("pull", ascending=False, ignore_index=True)


def build_tables(
    reading: Reading, ids: np.ndarray, vocabulary: pl.DataFrame, classes: list[str], true: int
) -> dict[str, pd.DataFrame]:
    """Return the tables gates, document, probabilities and units of the document that was read."""
    spelled = dict(vocabulary.select("id", "word").iter_rows())
    document = pd.DataFrame({"step": np.arange(1, len(ids) + 1), "id": ids})
    document.insert(1, "word", [spelled[i] for i in ids])
    probabilities = pd.DataFrame(reading.by_word, columns=classes)
    probabilities = probabilities.assign(**document[["step", "word"]])
    probabilities = probabilities.melt(["step", "word"], None, "label", "probability")
    units = rank_units(reading.states["hidden"][-1], reading.kernel, true)
    gates = tidy(reading.states, list(document["word"]))
    return {"gates": gates, "document": document, "probabilities": probabilities, "units": units}


def choose_sentences(probability: np.ndarray, truth: np.ndarray) -> list[int]:
    """Return the rows of the most confident predictions: a correct one per class, and a wrong one.

    Of many classes, the first `CLASSES` are used. ``probability`` is (n, classes).
    """
    predicted, confidence = probability.argmax(axis=1), probability.max(axis=1)
    groups = [(truth == n) & (predicted == n) for n in range(min(CLASSES, probability.shape[1]))]
    groups.append(truth != predicted)
    return [int(np.where(rows, confidence, -1).argmax()) for rows in groups if rows.any()]


def read_sentences(
    model, test: Documents, classes: list[str], spelled: dict[int, str]
) -> dict[str, pd.DataFrame]:
    """Return the tables sentences and states: how the network reads some short texts.

    A text is the last `SENTENCE` words of a test document; ``spelled`` are the words by their ids.
    """
    long = np.flatnonzero(test.words >= SENTENCE)
    ids = np.zeros((len(long), LENGTH), dtype=np.int32)
    ids[:, -SENTENCE:] = test.ids[long, -SENTENCE:]
    probability = model.predict(ids, batch_size=len(ids), verbose=0)
    rows, states = [], []
    for number, row in enumerate(choose_sentences(probability, test.truth[long]), start=1):
        read = ids[row, -SENTENCE:]
        words, best = [spelled[i] for i in read], probability[row].argmax()
        facts = {"sentence": number, "id": test.names[long[row]]}
        facts |= {"label": classes[test.truth[long[row]]], "predicted": classes[best]}
        rows.append(facts | {"probability": float(probability[row, best]), "text": " ".join(words)})
        reading = read_document(model, read, probability[row])
        states.append(tidy(reading.states, words).assign(sentence=number))
    return {"sentences": pd.DataFrame(rows), "states": pd.concat(states, ignore_index=True)}


def describe_document(
    test: Documents, row: int, probability: np.ndarray, classes: list[str], how: str
) -> dict[str, object]:
    """Return facts of the document that `choose` chose; ``probability`` is (classes,)."""
    true = test.truth[row]
    facts = {"id": test.names[row], "label": classes[true], "chosen": how}
    facts |= {"predicted": classes[probability.argmax()], "probability": float(probability[true])}
    facts["document_words"] = int(test.words[row])
    return facts | {"read_words": int((test.ids[row] > 0).sum())}


def run_lesson(
    corpus: Corpus, vocabulary: pl.DataFrame, epochs: int, seed: int
) -> dict[str, pd.DataFrame]:
    """Train the network and return the tables of `build_tables` and `read_sentences`, and facts.

    Keras has to be seeded before; ``vocabulary`` has the columns id and word.
    """
    train, test = choose_documents(corpus, seed)
    watch = stopwatch()
    model, count = fit_model(corpus, train, epochs)
    _, cpu_seconds = watch()
    probability = model.predict(test.ids, batch_size=len(test.ids), verbose=0)
    row, how = choose(probability, test.truth, test.words)
    logging.info("shown: %s, p = %.3f", test.names[row], probability[row].max())
    ids = test.ids[row][test.ids[row] > 0]
    reading = read_document(model, ids, probability[row])
    facts = describe_document(test, row, probability[row], corpus.classes, how)
    facts |= common.describe_training(corpus, count, test, epochs)
    facts["probability_at_start"] = float(reading.at_start[test.truth[row]])
    facts["test_accuracy"] = float((probability.argmax(axis=1) == test.truth).mean())
    facts |= {"units": UNITS, "dimensions": len(reading.weights.kernel)}
    facts["weights"] = sum(array.size for array in reading.weights)
    facts |= {"variant_weights": UNITS * UNITS + UNITS, "tolerance": TOLERANCE}
    facts["difference_to_keras"] = reading.difference
    facts["difference_of_identity_variant"] = reading.variant_difference
    facts |= {"seed": seed, "fit_cpu_seconds": cpu_seconds}
    tables = build_tables(reading, ids, vocabulary, corpus.classes, test.truth[row])
    spelled = dict(vocabulary.select("id", "word").iter_rows())
    tables |= read_sentences(model, test, corpus.classes, spelled)
    return tables | {"facts": pd.DataFrame([facts])}
