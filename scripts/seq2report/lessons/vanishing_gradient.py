"""How far back simple RNN, LSTM and GRU reach, by their gradients and by a memory task."""

import logging
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from seq2report.core.command import UserError
from seq2report.core.durations import stopwatch
from seq2report.lessons import common
from seq2report.lessons.common import Corpus, Documents, draw_documents, embedding

CELLS = ("SimpleRNN", "LSTM", "GRU")  # of Keras
SIMPLE = "simple RNN"  # its name in tables
UNITS = 32
LENGTH = 100  # words that a network reads
FAR = 50  # steps back; the gradient there is compared with the gradient at the last word
DOCUMENTS = 2000  # at most, for training and for testing
MEASURED = 200  # test documents whose gradients are measured, at most
BATCH = 64

SYMBOLS = 8
STEPS_BACK = (5, 10, 20, 40)
CALLS, UPDATES = 2, 100  # training of a memory network: calls, and updates per call
REPETITIONS = 2
UNSEEN = 1000  # test sequences of a memory network
LEARNING_RATE = {"documents": 0.003, "memory": 0.005}
OPEN = 4.0  # bias of an opened gate: sigmoid(4) = 98.2 % of the state is kept per step
USUAL, OPENED = "as Keras starts it", "gate opened"


def shown(kind: str) -> str:
    """Return the name of one of `CELLS` in tables."""
    return SIMPLE if kind == "SimpleRNN" else kind


class Network:
    """Embedding, one Keras cell and a dense output layer; the number of steps is an argument.

    The number of steps is a tensor, so XLA compiles one program for all sequence lengths. One
    call of `train` makes many updates: for short sequences, starting each update would take most
    of the time.
    """

    def __init__(self, kind: str, vectors, classes: int, length: int, rate: float) -> None:
        """Build the layers and compile the functions, for at most ``length`` steps.

        ``kind`` is one of `CELLS`, ``vectors`` are those of a `Corpus`, ``rate`` is that of Adam.
        """
        import keras

        self.kind, self.length = kind, length
        self.name = shown(kind)
        self.embedding = embedding(vectors)
        self.cell = getattr(keras.layers, f"{kind}Cell")(UNITS)
        self.output = keras.layers.Dense(classes)
        self.embedding.build()
        self.cell.build((None, self.embedding.output_dim))
        self.output.build((None, UNITS))
        layers = (self.embedding, self.cell, self.output)
        self.variables = [variable for layer in layers for variable in layer.trainable_variables]
        self.optimizer = keras.optimizers.Adam(rate)
        self.optimizer.build(self.variables)
        self.start = [variable.numpy() for variable in self.variables]
        self.optimizer_start = [variable.numpy() for variable in self.optimizer.variables]
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self._compile()

    def _compile(self) -> None:
        import tensorflow as tf

        ids = tf.TensorSpec((None, self.length), "int32")
        numbers = tf.TensorSpec((None,), "int32")
        self.train = tf.function(self._train, jit_compile=True)
        self.logits = tf.function(
            lambda x, steps: self._read(self.embedding(x), steps),
            input_signature=[ids, tf.TensorSpec((), "int32")],
        )
        self.gradient = tf.function(self._gradient, input_signature=[ids, numbers])

    def restart(self, weights: list[np.ndarray]) -> None:
        """Set the trainable weights, and reset the optimizer."""
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

        # XLA needs the largest number of states that it has to keep for backpropagation.
        _, hidden, *_ = tf.while_loop(
            lambda i, *_: i < steps, step, (0, *states), maximum_iterations=self.length
        )
        return self.output(hidden)

    def _train(self, ids, truth, steps):
        """Update the weights once per batch: ids (k, n, length), truth (k, n) int32."""
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
            # A document's logit depends on its own words only, so the gradient of the sum holds
            # the gradient of every document.
            true_class = tf.reduce_sum(tf.gather(logits, truth, batch_dims=1))
        return tape.gradient(true_class, vectors)


def gradient_norms(network: Network, ids: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return Euclidean norms of the logit's gradient, (n, length) float64; column k: k steps back.

    The logit of the true class is used, not its probability: softmax is flat where a network is
    confident, and its small gradient would look like a forgotten word. ``ids`` is (n, length of
    the network) int32, without padding, and ``truth`` is (n,) int32.
    """
    gradient = network.gradient(ids, truth).numpy().astype(np.float64)
    return np.linalg.norm(gradient, axis=2)[:, ::-1]


def quartiles(norms: np.ndarray) -> pd.DataFrame:
    """Return columns steps_back, lower, median, upper (quartiles over the rows of ``norms``)."""
    lower, median, upper = np.quantile(norms, [0.25, 0.5, 0.75], axis=0)
    back = np.arange(norms.shape[1])
    return pd.DataFrame({"steps_back": back, "lower": lower, "median": median, "upper": upper})


def choose_documents(corpus: Corpus, seed: int) -> tuple[Documents, Documents, Documents]:
    """Return random documents to train on, to test on and to measure gradients on.

    Raises:
        UserError: no training document, or no test document of `LENGTH` words.
    """
    rng = np.random.default_rng(seed)
    fitted = draw_documents(corpus, "train", rng, DOCUMENTS, LENGTH)
    tested = draw_documents(corpus, "test", rng, DOCUMENTS, LENGTH)
    measured = draw_documents(corpus, "test", rng, MEASURED, LENGTH, shortest=LENGTH)
    if not len(fitted.ids) or not len(measured.ids):
        raise UserError(
            f"found {len(fitted.ids)} training documents and {len(measured.ids)} test documents"
            f" of {LENGTH} words or more, expected at least one of each: the gradient is measured"
            f" {LENGTH - 1} steps back, without padding; "
            "set `lessons: {corpus: …}` to a corpus of longer documents, or remove"
            " `vanishing_gradient` from `lessons.pages`"
        )
    return fitted, tested, measured


def train_network(network: Network, fitted: Documents, epochs: int, seed: int) -> int:
    """Train on documents, in full batches; return the number of documents per epoch."""
    batch = min(BATCH, len(fitted.ids))
    count = len(fitted.ids) // batch * batch
    for epoch in range(1, epochs + 1):
        order = np.random.default_rng([seed, epoch]).permutation(len(fitted.ids))[:count]
        order = order.reshape(-1, batch)
        network.train(fitted.ids[order], fitted.truth[order], LENGTH)
    return count


def measure_cell(
    network: Network, documents: tuple[Documents, Documents, Documents], epochs: int, seed: int
) -> tuple[list[pd.DataFrame], dict, int]:
    """Return gradients before and after training, a row of networks, and documents per epoch."""
    fitted, tested, measured = documents
    before = quartiles(gradient_norms(network, measured.ids, measured.truth))
    count = train_network(network, fitted, epochs, seed)
    after = quartiles(gradient_norms(network, measured.ids, measured.truth))
    for stage, frame in (("before", before), ("after", after)):
        frame.insert(0, "stage", stage)
        frame.insert(1, "cell", network.name)
    predicted = network.logits(tested.ids, LENGTH).numpy().argmax(axis=1)
    accuracy = float((predicted == tested.truth).mean())
    weights = sum(int(np.prod(variable.shape)) for variable in network.cell.trainable_variables)
    logging.info("%s: test accuracy %.3f", network.name, accuracy)
    row = {"cell": network.name, "cell_weights": weights, "test_accuracy": accuracy}
    return [before, after], row, count


def compare_on_documents(
    corpus: Corpus, epochs: int, seed: int
) -> tuple[dict[str, pd.DataFrame], dict]:
    """Return the tables gradients, falls and networks, and facts of the documents."""
    import keras

    documents = choose_documents(corpus, seed)
    gradients, networks = [], []
    for kind in CELLS:
        keras.utils.set_random_seed(seed)
        rate = LEARNING_RATE["documents"]
        network = Network(kind, corpus.vectors, len(corpus.classes), LENGTH, rate)
        frames, row, count = measure_cell(network, documents, epochs, seed)
        gradients += frames
        networks.append(row)
    gradients = pd.concat(gradients, ignore_index=True)
    tables = {"gradients": gradients, "falls": falls(gradients), "networks": pd.DataFrame(networks)}
    _, tested, measured = documents
    facts = common.describe_training(corpus, count, tested, epochs)
    facts |= {"measured_documents": len(measured.truth), "length": LENGTH, "units": UNITS}
    return tables, facts


def falls(gradients: pd.DataFrame) -> pd.DataFrame:
    """Return columns stage, cell, last_word, far (`FAR` steps back) and fall, their ratio.

    ``fall`` is infinite where the median is 0 that far back: less than float32 can represent.
    """
    medians = gradients.pivot_table("median", ["stage", "cell"], "steps_back", sort=False)
    table = pd.DataFrame({"last_word": medians[0], "far": medians[FAR]})
    with np.errstate(divide="ignore", invalid="ignore"):
        table["fall"] = table["last_word"] / table["far"]
    return table.reset_index()


def open_gate(network: Network, weights: list[np.ndarray]) -> list[np.ndarray]:
    """Return ``weights`` with the bias of the gate that keeps the state set to `OPEN`.

    That is the LSTM's forget gate (a high bias: Gers, Schmidhuber and Cummins 2000; Jozefowicz,
    Zaremba and Sutskever 2015) and the GRU's update gate, which in Keras is the share of the old
    state that is kept. Keras's bias is (4 · units,) in the order i, f, c, o for an LSTM and
    (2, 3 · units) in the order z, r, h for a GRU; its first row belongs to the input.
    """
    opened = [value.copy() for value in weights]
    index = next(n for n, v in enumerate(network.variables) if v is network.cell.bias)
    if network.kind == "LSTM":
        opened[index][UNITS : 2 * UNITS] = OPEN
    else:
        opened[index][0, :UNITS] = OPEN
    return opened


def kept_per_step(kind: str, start: str) -> float:
    """Return the share of the old state that the gate keeps if input and state are 0."""
    usual = 1.0 if kind == "LSTM" else 0.0  # Keras: unit_forget_bias, and zeros for a GRU
    return float(1 / (1 + np.exp(-(OPEN if start == OPENED else usual))))


def train_memory(network: Network, steps: int, calls: int, rng: np.random.Generator) -> float:
    """Train a network to name the first of ``steps`` random symbols; return its test accuracy.

    The training has ``calls`` × `UPDATES` updates of `BATCH` sequences. All sequences are newly
    drawn; short ones can occur more than once, also in training and test. Nothing marks the first
    symbol, except that the state is still zero.
    """
    import tensorflow as tf

    shape = (UPDATES, BATCH, network.length)
    for _ in range(calls):
        x = rng.integers(0, SYMBOLS, shape, dtype=np.int32)
        network.train(x, x[:, :, 0], tf.constant(steps))
    x = rng.integers(0, SYMBOLS, (UNSEEN, network.length), dtype=np.int32)
    answers = network.logits(x, tf.constant(steps)).numpy().argmax(axis=1)
    return float((answers == x[:, 0]).mean())


def recall(seed: int, calls: int, steps_back: Sequence[int], repetitions: int) -> pd.DataFrame:
    """Return columns cell, start, steps, repetition, accuracy: the memory task.

    Symbols are one-hot vectors. One network is trained per cell, start, number of steps and
    repetition, see `train_memory`.
    """
    import keras

    one_hot = np.eye(SYMBOLS, dtype=np.float32)
    rows = []
    for kind in CELLS:
        arguments = (kind, one_hot, SYMBOLS, max(steps_back), LEARNING_RATE["memory"])
        network = Network(*arguments)
        for repetition in range(1, repetitions + 1):
            weights_seed = np.random.default_rng([seed, repetition]).integers(1e9)
            keras.utils.set_random_seed(int(weights_seed))
            starts = {USUAL: Network(*arguments).start}
            if kind != "SimpleRNN":
                starts[OPENED] = open_gate(network, starts[USUAL])
            for start, steps in product(starts, steps_back):
                network.restart(starts[start])
                rng = np.random.default_rng([seed, repetition, steps])
                accuracy = train_memory(network, steps, calls, rng)
                rows.append((network.name, start, steps, repetition, accuracy))
        logging.info("memory task: %s", network.name)
    return pd.DataFrame(rows, columns=["cell", "start", "steps", "repetition", "accuracy"])


def run_lesson(corpus: Corpus, epochs: int, calls: int, seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables gradients, falls, networks, memory, starts and facts.

    Training on documents has ``epochs``, that of a memory network ``calls`` × `UPDATES` updates.
    """
    watch = stopwatch()
    tables, facts = compare_on_documents(corpus, epochs, seed)
    memory = recall(seed, calls, STEPS_BACK, REPETITIONS)
    after = tables["falls"].query("stage == 'after'").set_index("cell")["fall"]
    starts = memory[["cell", "start"]].drop_duplicates().query("cell != @SIMPLE")
    starts["kept"] = [kept_per_step(kind, start) for kind, start in starts.to_numpy()]
    facts |= {"seed": seed, "far": FAR, "symbols": SYMBOLS, "updates": calls * UPDATES}
    facts |= {"batch": BATCH, "repetitions": REPETITIONS, "unseen_sequences": UNSEEN}
    facts |= {"open_bias": OPEN, "fall_simple_rnn": after[SIMPLE], "fall_lstm": after["LSTM"]}
    facts |= {"fall_gru": after["GRU"], "fit_cpu_seconds": watch()[1]}
    return tables | {"memory": memory, "starts": starts, "facts": pd.DataFrame([facts])}
