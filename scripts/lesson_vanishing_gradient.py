"""Lesson: how far back simple RNN, LSTM and GRU can look, by their gradients and by a memory task.

gradients: how much a word k steps before the end moves the output, before and after training, on
documents. falls: by which factor that is less `FAR` steps back than at the last word. networks:
their size and accuracy. memory: how often each names the first of n random symbols. starts: what
the gates keep before training. facts: one row of sizes and headline figures.
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seq2report.core import command
from seq2report.core.command import UserError, read_json, run
from seq2report.core.tables import write_tables
from seq2report.documents.sequences import Sequences, pad, read_sequences
from seq2report.models.backend import load_keras

CELLS = ("SimpleRNN", "LSTM", "GRU")
UNITS = 32
LENGTH = 100  # words that a network reads
FAR = 50  # steps back that are compared with the last word
DOCUMENTS = 2000  # at most, to train on and to test on
MEASURED = 200  # documents whose gradients are taken, at most
BATCH = 64
DIMENSIONS = 50  # of word vectors that are learned

SYMBOLS = 8
STEPS_BACK = (5, 10, 20, 40)
CALLS, UPDATES = 2, 100  # updates of a memory network: so many calls of so many
REPETITIONS = 2
UNSEEN = 1000  # sequences that a memory network is tested on
LEARNING_RATE = {"documents": 0.003, "memory": 0.005}
OPEN = 4.0  # bias of an opened gate: it keeps sigmoid(4) = 98.2 % a step
USUAL, OPENED = "as Keras starts it", "gate opened"


class Network:
    """Embedding, one Keras cell and a softmax layer, read for as many steps as the call says.

    The number of steps is a tensor, so that XLA compiles one program for sequences of every
    length, and many updates are one call of it: for short sequences most of the time would
    otherwise go into starting each.
    """

    def __init__(
        self, kind: str, table: np.ndarray | tuple[int, int], classes: int, length: int, rate: float
    ) -> None:
        """Build it.

        Args:
            kind: one of `CELLS`.
            table: fixed vectors, (ids, dimensions) float32, or their shape if they are learned.
            classes: units of the output.
            length: steps at most.
            rate: learning rate of Adam.
        """
        import keras
        import tensorflow as tf

        layers = keras.layers
        kinds = {"SimpleRNN": layers.SimpleRNNCell, "LSTM": layers.LSTMCell, "GRU": layers.GRUCell}
        if isinstance(table, tuple):
            self.embedding = layers.Embedding(*table)
        else:
            self.embedding = layers.Embedding(*table.shape, weights=[table], trainable=False)
        self.kind, self.length = kind, length
        self.cell, self.output = kinds[kind](UNITS), layers.Dense(classes)
        self.embedding.build()
        self.cell.build((None, self.embedding.output_dim))
        self.output.build((None, UNITS))
        self.variables = [
            variable
            for layer in (self.embedding, self.cell, self.output)
            for variable in layer.trainable_variables
        ]
        self.optimizer = keras.optimizers.Adam(rate)
        self.optimizer.build(self.variables)
        self.start = self.weights()
        self.optimizer_start = [variable.numpy() for variable in self.optimizer.variables]
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.train = tf.function(self._train, jit_compile=True)
        ids = tf.TensorSpec((None, length), "int32")
        self.logits = tf.function(
            lambda x, steps: self._read(self.embedding(x), steps),
            input_signature=[ids, tf.TensorSpec((), "int32")],
        )
        self.gradient = tf.function(
            self._gradient, input_signature=[ids, tf.TensorSpec((None,), "int32")]
        )

    def weights(self) -> list[np.ndarray]:
        """Return the weights that are trained, in a fixed order."""
        return [variable.numpy() for variable in self.variables]

    def restart(self, weights: list[np.ndarray]) -> None:
        """Put ``weights`` in, and let the optimizer forget what it has seen."""
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables, self.optimizer_start, strict=True):
            variable.assign(value)

    def _read(self, vectors, steps):
        """Return logits (n, classes) after the first ``steps`` of ``vectors`` (n, length, d)."""
        import tensorflow as tf

        by_step = tf.transpose(vectors, (1, 0, 2))
        n = tf.shape(vectors)[0] if vectors.shape[0] is None else vectors.shape[0]
        states = [tf.zeros((n, UNITS)) for _ in tf.nest.flatten(self.cell.state_size)]

        def step(i, *before):
            _, after = self.cell(by_step[i], list(before))
            return (i + 1, *tf.nest.flatten(after))

        # XLA needs to know how many states it has to keep at most for the way back.
        _, hidden, *_ = tf.while_loop(
            lambda i, *_: i < steps, step, (0, *states), maximum_iterations=self.length
        )
        return self.output(hidden)

    def _train(self, ids, truth, steps):
        """Update the weights once for each batch: ids (k, n, length), truth (k, n) int32."""
        import tensorflow as tf

        for k in tf.range(ids.shape[0]):
            with tf.GradientTape() as tape:
                loss = self.loss(truth[k], self._read(self.embedding(ids[k]), steps))
            self.optimizer.apply(tape.gradient(loss, self.variables), self.variables)

    def _gradient(self, ids, truth):
        """Return d (logit of the true class) / d (word vector), the shape of the vectors."""
        import tensorflow as tf

        vectors = self.embedding(ids)
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            logits = self._read(vectors, self.length)
            # A document's logit hangs on its own words only: the sum has every one's gradient.
            true_class = tf.reduce_sum(tf.gather(logits, truth, batch_dims=1))
        return tape.gradient(true_class, vectors)


def gradient_norms(network: Network, ids: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return Euclidean norms of the logit's gradient, (n, length) float64; column k: k steps back.

    The logit of the true class, not its probability: softmax flattens where a network is sure,
    and that would be taken for a forgotten word.

    Args:
        network: its length is that of ``ids``.
        ids: word ids, (n, length) int32, no padding.
        truth: class numbers, (n,) int32.
    """
    gradient = network.gradient(ids, truth).numpy().astype(np.float64)
    return np.linalg.norm(gradient, axis=2)[:, ::-1]


def quartiles(norms: np.ndarray) -> pd.DataFrame:
    """Return columns steps_back, lower, median, upper (quartiles over the rows of ``norms``)."""
    lower, median, upper = np.quantile(norms, [0.25, 0.5, 0.75], axis=0)
    back = np.arange(norms.shape[1])
    return pd.DataFrame({"steps_back": back, "lower": lower, "median": median, "upper": upper})


def choose(documents: Sequences, count: int, rng: np.random.Generator, shortest: int) -> np.ndarray:
    """Return rows of at most ``count`` documents of ``shortest`` words or more, in random order."""
    rows = np.flatnonzero(documents.lengths >= shortest)
    return rng.permutation(rows)[:count]


def on_documents(
    sequences: Sequences,
    classes: list[str],
    table: np.ndarray | tuple[int, int],
    epochs: int,
    seed: int,
) -> tuple[dict[str, pd.DataFrame], dict]:
    """Return the tables gradients, falls and networks, and facts of the documents.

    Raises:
        UserError: no training document, or no test document of `LENGTH` words.
    """
    import keras

    rng = np.random.default_rng(seed)
    train, test = sequences.part("train"), sequences.part("test")
    fitted = choose(train, DOCUMENTS, rng, 1)
    tested = choose(test, DOCUMENTS, rng, 1)
    measured = choose(test, MEASURED, rng, LENGTH)
    if not len(fitted) or not len(measured):
        raise UserError(
            f"found {len(fitted)} training documents and {len(measured)} test documents of"
            f" {LENGTH} words or more, expected at least one of each: the gradient is measured"
            f" {LENGTH - 1} steps back, without padding; take a corpus of longer documents"
        )

    def read(documents: Sequences, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        chosen = documents.take(rows)
        return pad(chosen, LENGTH, "pre", "pre"), chosen.classes(classes).astype(np.int32)

    x, y = read(train, fitted)
    x_test, y_test = read(test, tested)
    x_measured, y_measured = read(test, measured)
    batch = min(BATCH, len(x))
    batches = len(x) // batch
    gradients, networks = [], []
    for kind in CELLS:
        keras.utils.set_random_seed(seed)
        rate = LEARNING_RATE["documents"]
        network = Network(kind, table, len(classes), LENGTH, rate)
        before = quartiles(gradient_norms(network, x_measured, y_measured))
        for epoch in range(1, epochs + 1):
            order = np.random.default_rng([seed, epoch]).permutation(len(x))[: batch * batches]
            order = order.reshape(batches, batch)
            network.train(x[order], y[order], LENGTH)
        after = quartiles(gradient_norms(network, x_measured, y_measured))
        for stage, frame in (("before", before), ("after", after)):
            frame.insert(0, "stage", stage)
            frame.insert(1, "cell", kind)
            gradients.append(frame)
        accuracy = float((network.logits(x_test, LENGTH).numpy().argmax(1) == y_test).mean())
        weights = sum(int(np.prod(variable.shape)) for variable in network.cell.trainable_variables)
        networks.append({"cell": kind, "cell_weights": weights, "test_accuracy": accuracy})
        logging.info("%s: test accuracy %.3f", kind, accuracy)
    gradients = pd.concat(gradients, ignore_index=True)
    facts = {
        "fitted_documents": batch * batches,
        "tested_documents": len(tested),
        "measured_documents": len(measured),
        "length": LENGTH,
        "units": UNITS,
        "epochs": epochs,
        "learned_vectors": isinstance(table, tuple),
        "largest_class": float(np.bincount(y_test).max() / len(y_test)),
    }
    tables = {
        "gradients": gradients,
        "falls": falls(gradients),
        "networks": pd.DataFrame(networks),
    }
    return tables, facts


def falls(gradients: pd.DataFrame) -> pd.DataFrame:
    """Return columns stage, cell, last_word, far (`FAR` steps back) and fall, their ratio.

    ``fall`` is infinite where the median is 0 that far back: below what float32 can hold.
    """
    medians = gradients.pivot_table(
        index=["stage", "cell"], columns="steps_back", values="median", sort=False
    )
    table = pd.DataFrame({"last_word": medians[0], "far": medians[FAR]})
    with np.errstate(divide="ignore", invalid="ignore"):
        table["fall"] = table["last_word"] / table["far"]
    return table.reset_index()


def open_gate(network: Network, weights: list[np.ndarray]) -> list[np.ndarray]:
    """Return ``weights`` with the bias of the gate that keeps the state set to `OPEN`.

    That is the LSTM's forget gate (a high bias: Gers, Schmidhuber and Cummins 2000; Jozefowicz,
    Zaremba and Sutskever 2015) and the GRU's update gate, which in Keras is the share of the old
    state that stays. Keras's bias is (4 · units,) in the order i, f, c, o for an LSTM and
    (2, 3 · units) in the order z, r, h for a GRU; its first row belongs to the input.
    """
    opened = [value.copy() for value in weights]
    place = next(n for n, v in enumerate(network.variables) if v is network.cell.bias)
    if network.kind == "LSTM":
        opened[place][UNITS : 2 * UNITS] = OPEN
    else:
        opened[place][0, :UNITS] = OPEN
    return opened


def kept_a_step(kind: str, start: str) -> float:
    """Return the share of the old state that the gate lets through, at input and state 0."""
    usual = 1.0 if kind == "LSTM" else 0.0  # Keras: unit_forget_bias, and zeros for a GRU
    return float(1 / (1 + np.exp(-(OPEN if start == OPENED else usual))))


def recall(seed: int, calls: int, steps_back: Sequence[int], repetitions: int) -> pd.DataFrame:
    """Return columns cell, start, steps, repetition, accuracy: the memory task.

    A sequence is ``steps`` random symbols of `SYMBOLS`, one-hot; after the last of them the
    network names the first. Every network is trained for one number of steps, with ``calls`` ×
    `UPDATES` updates of `BATCH` sequences that are never seen twice. The first symbol is marked
    by nothing but the state, which is still zero.
    """
    import keras
    import tensorflow as tf

    longest = max(steps_back)
    one_hot = np.eye(SYMBOLS, dtype=np.float32)
    rows = []
    for kind in CELLS:
        rate = LEARNING_RATE["memory"]
        network = Network(kind, one_hot, SYMBOLS, longest, rate)
        for repetition in range(1, repetitions + 1):
            keras.utils.set_random_seed(
                int(np.random.default_rng([seed, repetition]).integers(1e9))
            )
            weights = Network(kind, one_hot, SYMBOLS, longest, rate).start
            starts = {USUAL: weights}
            if kind != "SimpleRNN":
                starts[OPENED] = open_gate(network, weights)
            for start, values in starts.items():
                for steps in steps_back:
                    rng = np.random.default_rng([seed, repetition, steps])
                    network.restart(values)
                    for _ in range(calls):
                        shape = (UPDATES, BATCH, longest)
                        x = rng.integers(0, SYMBOLS, shape, dtype=np.int32)
                        network.train(x, x[:, :, 0], tf.constant(steps))
                    x = rng.integers(0, SYMBOLS, (UNSEEN, longest), dtype=np.int32)
                    named = network.logits(x, tf.constant(steps)).numpy().argmax(axis=1)
                    row = {"cell": kind, "start": start, "steps": steps, "repetition": repetition}
                    rows.append(row | {"accuracy": float((named == x[:, 0]).mean())})
        logging.info("memory task: %s", kind)
    return pd.DataFrame(rows)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "corpus", "seed", "output")
    parser.add_argument("--encoding", type=Path, required=True, help="encoding.json")
    parser.add_argument("--sequences", type=Path, required=True, help="sequences.parquet")
    parser.add_argument("--matrix", type=Path, nargs="?", help="matrix.npy of pretrained vectors")
    parser.add_argument("--epochs", type=int, default=4, help="of the training on documents")
    parser.add_argument(
        "--calls", type=int, default=CALLS, help=f"× {UPDATES} updates of a memory network"
    )
    args = parser.parse_args(argv)

    load_keras(args.seed)
    classes = read_json(args.corpus)["classes"]
    num_words = read_json(args.encoding)["num_words"]
    sequences = read_sequences(args.sequences)
    table = np.load(args.matrix, allow_pickle=False) if args.matrix else (num_words, DIMENSIONS)

    start = time.perf_counter()
    tables, facts = on_documents(sequences, classes, table, args.epochs, args.seed)
    memory = recall(args.seed, args.calls, STEPS_BACK, REPETITIONS)
    after = tables["falls"].query("stage == 'after'").set_index("cell")["fall"]
    starts = memory[["cell", "start"]].drop_duplicates().query("cell != 'SimpleRNN'")
    starts["kept"] = [kept_a_step(kind, start) for kind, start in starts.to_numpy()]
    facts |= {
        "seed": args.seed,
        "far": FAR,
        "symbols": SYMBOLS,
        "updates": args.calls * UPDATES,
        "batch": BATCH,
        "repetitions": REPETITIONS,
        "unseen_sequences": UNSEEN,
        "open_bias": OPEN,
        "fall_simple_rnn": after["SimpleRNN"],
        "fall_lstm": after["LSTM"],
        "fall_gru": after["GRU"],
        "fit_seconds": time.perf_counter() - start,
    }
    tables |= {"memory": memory, "starts": starts, "facts": pd.DataFrame([facts])}
    write_tables(tables, args.output)


if __name__ == "__main__":
    run(main)
