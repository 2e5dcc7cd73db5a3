"""Lesson: what the gates of a trained LSTM do, word by word, in a test document.

A small network is trained with Keras; a cell of our own in NumPy then reads the document with its
weights, keeps every gate and state, and is checked against Keras.

gates: every gate and state of every unit after every word. document: the words as they are read.
probabilities: what the network would say if the text ended there. units: which class a unit
speaks for at the end. facts: one row of sizes, the check and headline figures.
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl

from seq2report.core import command
from seq2report.core.command import UserError, read_json, run
from seq2report.core.tables import write_tables
from seq2report.documents.sequences import Sequences, pad, read_sequences
from seq2report.models.backend import load_keras

UNITS = 16
LENGTH = 40  # words that the network reads, the last of a document
SHORTEST = 20  # words of the document that is shown
DOCUMENTS = 2000  # at most, to train on and to test on
BATCH = 64
DIMENSIONS = 50  # of word vectors that are learned
LEARNING_RATE = 0.01
TOLERANCE = 1e-5  # between our cell and Keras
GATES = ("forget", "update", "candidate", "output", "cell", "hidden")


class Weights(NamedTuple):
    """Weights of an LSTM with d inputs and u units; the 4 · u columns are those of i, f, c, o."""

    kernel: np.ndarray  # (d, 4 · u): what a word does
    recurrent: np.ndarray  # (u, 4 · u): what the hidden state before it does
    bias: np.ndarray  # (4 · u,)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(−x)), written with tanh, which does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def squash(cell: np.ndarray) -> np.ndarray:
    """Return what the standard cell lets the output gate scale: tanh of the cell state."""
    return np.tanh(cell)


def layer_squash(weights: np.ndarray, bias: np.ndarray):
    """Return the slide's variant of `squash`: a tanh layer with weights, tanh(c · W + b).

    Args:
        weights: (u, u); the identity makes it the standard cell.
        bias: (u,); zeros make it the standard cell.
    """
    return lambda cell: np.tanh(cell @ weights + bias)


def read_words(vectors: np.ndarray, weights: Weights, squash=squash) -> dict[str, np.ndarray]:
    """Run an LSTM over word vectors from state 0 and return `GATES`, each (words, units) float64.

    Hochreiter and Schmidhuber (1997), with the forget gate of Gers, Schmidhuber and Cummins
    (2000); Keras's order of the gates and its names (i is the update gate of the lecture).

    Args:
        vectors: (words, d), one row a word.
        weights: of the trained layer.
        squash: what the output gate scales, from the cell state.
    """
    kernel, recurrent, bias = (np.asarray(part, dtype=np.float64) for part in weights)
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
    """Return probabilities over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def choose(probability: np.ndarray, truth: np.ndarray, words: np.ndarray) -> tuple[int, str]:
    """Return the row of the document to show, and how it was found.

    The most confident of the documents that are classified rightly: of those of `SHORTEST` to
    `LENGTH` words if there is one, otherwise of the longer ones, of which the last `LENGTH` words
    are read. If none is right, the most confident of all of them.

    Args:
        probability: (n, classes).
        truth: class numbers, (n,).
        words: whole length of each document, (n,), `SHORTEST` or more in one of them.
    """
    right = probability.argmax(axis=1) == truth
    confidence = probability.max(axis=1)
    whole = (words >= SHORTEST) & (words <= LENGTH)
    choices = {
        "whole": right & whole,
        "cut": right & (words > LENGTH),
        "wrong": words >= SHORTEST,
    }
    how, eligible = next((how, rows) for how, rows in choices.items() if rows.any())
    return int(np.where(eligible, confidence, -1).argmax()), how


def part(
    sequences: Sequences, split: str, classes: list[str], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ids (n, `LENGTH`), class numbers, whole lengths and names of at most `DOCUMENTS`.

    Documents without a word are left out: there is nothing to read.
    """
    documents = sequences.part(split)
    chosen = documents.take(rng.permutation(np.flatnonzero(documents.lengths))[:DOCUMENTS])
    ids = pad(chosen, LENGTH, "pre", "pre")
    return ids, chosen.classes(classes), chosen.lengths, chosen.ids.to_numpy()


def build_model(table: np.ndarray | tuple[int, int], classes: int):
    """Return the compiled network: embedding, LSTM, softmax; padding is masked, not read.

    Args:
        table: fixed vectors, (num_words, d) float32, or their shape if they are learned.
        classes: units of the output.
    """
    import keras

    if isinstance(table, tuple):
        embedding = keras.layers.Embedding(*table, mask_zero=True, name="embedding")
    else:
        embedding = keras.layers.Embedding(
            *table.shape, weights=[table], trainable=False, mask_zero=True, name="embedding"
        )
    model = keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            embedding,
            keras.layers.LSTM(UNITS, name="lstm"),
            keras.layers.Dense(classes, activation="softmax", name="output"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE),
        "sparse_categorical_crossentropy",
        jit_compile=True,
    )
    return model


def keras_states(weights: Weights, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what Keras's own layer computes: hidden states (words, u), last cell state (u,)."""
    import keras

    layer = keras.layers.LSTM(len(weights.recurrent), return_sequences=True, return_state=True)
    layer.build((1, *vectors.shape))
    layer.set_weights(weights)
    hidden, _, cell = layer(vectors[None])
    return hidden.numpy()[0], cell.numpy()[0]


def check(*pairs: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the largest absolute difference between what we and what Keras computed.

    Args:
        pairs: ours and Keras's, of equal shapes.

    Raises:
        UserError: it is above `TOLERANCE`, or not a number.
    """
    difference = float(np.max([np.abs(ours - theirs).max() for ours, theirs in pairs]))
    if not difference <= TOLERANCE:
        raise UserError(
            f"the NumPy cell and Keras differ by {difference:.3g}, expected at most {TOLERANCE:g}:"
            " this Keras may order the gates of an LSTM otherwise; compare read_words in"
            " lesson_inside_lstm.py with its documentation"
        )
    return difference


def tidy(states: dict[str, np.ndarray], words: list[str]) -> pd.DataFrame:
    """Return columns step (from 1), word, unit (from 1), gate, value."""
    steps, units = states["cell"].shape
    step, unit = (index.ravel() + 1 for index in np.indices((steps, units)))
    frames = [
        pd.DataFrame({"step": step, "unit": unit, "gate": gate, "value": values.ravel()})
        for gate, values in states.items()
    ]
    table = pd.concat(frames, ignore_index=True)
    table.insert(1, "word", np.array(words, dtype=object)[table["step"] - 1])
    return table


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "seed", "output")
    parser.add_argument("--encoding", type=Path, required=True, help="encoding.json")
    parser.add_argument("--vocabulary", type=Path, required=True, help="vocabulary.parquet")
    parser.add_argument("--sequences", type=Path, required=True, help="sequences.parquet")
    parser.add_argument("--matrix", type=Path, nargs="?", help="matrix.npy of pretrained vectors")
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args(argv)

    load_keras(args.seed)
    classes = read_json(args.corpus)["classes"]
    num_words = read_json(args.encoding)["num_words"]
    sequences = read_sequences(args.sequences)
    table = np.load(args.matrix, allow_pickle=False) if args.matrix else (num_words, DIMENSIONS)
    rng = np.random.default_rng(args.seed)
    x, y, _, _ = part(sequences, "train", classes, rng)
    x_test, y_test, words, names = part(sequences, "test", classes, rng)
    longest = words.max(initial=0)
    if not len(x) or longest < SHORTEST:
        raise UserError(
            f"found {len(x)} training documents with words, and test documents of at most {longest}"
            f" words, expected at least one to train on and one of {SHORTEST} words or more to"
            " show; take a corpus of longer documents"
        )

    start = time.perf_counter()
    model = build_model(table, len(classes))
    # Whole batches only: XLA would compile another program for a shorter one.
    batch = min(BATCH, len(x))
    fitted = len(x) // batch * batch
    model.fit(x[:fitted], y[:fitted], batch_size=batch, epochs=args.epochs, verbose=0)
    seconds = time.perf_counter() - start
    probability = model.predict(x_test, batch_size=len(x_test), verbose=0)
    row, how = choose(probability, y_test, words)
    logging.info("shown: %s, p = %.3f", names[row], probability[row].max())

    ids = x_test[row][x_test[row] > 0]
    vectors = model.get_layer("embedding").get_weights()[0][ids]
    weights = Weights(*model.get_layer("lstm").get_weights())
    states = read_words(vectors, weights)
    kernel, bias = model.get_layer("output").get_weights()
    by_word = softmax(states["hidden"] @ kernel + bias)
    hidden, cell = keras_states(weights, vectors)
    difference = check(
        (states["hidden"], hidden), (states["cell"][-1], cell), (by_word[-1], probability[row])
    )
    identity = layer_squash(np.eye(UNITS), np.zeros(UNITS))
    variant = read_words(vectors, weights, identity)

    spelled = dict(pl.read_parquet(args.vocabulary).select("id", "word").iter_rows())
    document = pd.DataFrame({"step": np.arange(1, len(ids) + 1), "id": ids})
    document.insert(1, "word", [spelled[i] for i in ids])
    said = pd.DataFrame(by_word, columns=classes).assign(**document[["step", "word"]])
    said = said.melt(["step", "word"], var_name="label", value_name="probability")
    # A unit speaks for the true class by so much more than for the mean of the other classes.
    true = y_test[row]
    pull = kernel[:, true] - np.delete(kernel, true, axis=1).mean(axis=1)
    units = pd.DataFrame({"unit": np.arange(1, UNITS + 1), "pull": states["hidden"][-1] * pull})
    units = units.sort_values("pull", ascending=False, ignore_index=True)
    facts = {
        "id": names[row],
        "label": classes[true],
        "predicted": classes[probability[row].argmax()],
        "probability": float(probability[row, true]),
        "chosen": how,
        "document_words": int(words[row]),
        "read_words": len(ids),
        "fitted_documents": fitted,
        "tested_documents": len(y_test),
        "test_accuracy": float((probability.argmax(axis=1) == y_test).mean()),
        "largest_class": float(np.bincount(y_test).max() / len(y_test)),
        "units": UNITS,
        "dimensions": vectors.shape[1],
        "epochs": args.epochs,
        "learned_vectors": args.matrix is None,
        "weights": sum(part.size for part in weights),
        "variant_weights": UNITS * UNITS + UNITS,
        "difference_to_keras": difference,
        "tolerance": TOLERANCE,
        "difference_of_identity_variant": float(np.abs(variant["hidden"] - states["hidden"]).max()),
        "seed": args.seed,
        "fit_seconds": seconds,
    }
    tables = {
        "gates": tidy(states, list(document["word"])),
        "document": document,
        "probabilities": said,
        "units": units,
        "facts": pd.DataFrame([facts]),
    }
    write_tables(tables, args.output)


if __name__ == "__main__":
    run(main)
