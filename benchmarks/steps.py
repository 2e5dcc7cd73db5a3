"""Measure the effect of each optimisation on a training step with one thread.

    python benchmarks/steps.py --output benchmarks/results/steps.csv

The networks of the variants train on random word ids, in batches of 32 documents of 150 words; each
row adds one optimisation. All networks are in one process and take turns, one epoch at a time; the
table has medians of CPU milliseconds per step. It also has a step that only drops half of 100,000
numbers, by Keras's layer and by ours, and the operations of a step of glove_lstm, each compiled on
its own by XLA. "products alone" are the matrix products of an LSTM without anything between them.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

import harness
import prepare
from harness import in_turn, median, write
from seq2report.core.command import run
from seq2report.models.backend import load_keras

WORDS, LENGTH, CLASSES, BATCH, STEPS = 20_000, 150, 20, 32, 48
NUMBERS = 100_000


def networks() -> dict[tuple[str, str], Callable[[], int]]:
    """Return for each (work, way) a function that trains an epoch and returns its steps."""
    import tensorflow as tf

    from seq2report.models import build, cpu_layers

    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(WORDS, 50)).astype("float32")
    x = rng.integers(1, WORDS, size=(STEPS * BATCH, LENGTH)).astype("int32")
    y = rng.integers(CLASSES, size=len(x))
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH, drop_remainder=True)
    dropout = {"Dropout": cpu_layers.Dropout}
    levers = {  # replaced Keras layers, XLA, steps per call
        "Keras's layers": ({}, False, 1),
        "+ XLA": ({}, True, 1),
        "+ Dropout by Philox": (dropout, True, 1),
        "+ LSTM with a gradient of its own": (cpu_layers.FASTER, True, 1),
        "+ several steps per call": (cpu_layers.FASTER, True, build.STEPS),
    }
    ways = {}
    for variant in ("glove_lstm", "glove_stacked", "glove_bilstm"):
        settings = prepare.variant(variant)
        for way, (ours, xla, steps) in levers.items():
            model = build.build_model(settings, WORDS, CLASSES, matrix, ours)
            model.compile(
                "rmsprop",
                "sparse_categorical_crossentropy",
                metrics=["accuracy"],
                jit_compile=xla,
                steps_per_execution=steps,
            )
            ways[variant, way] = lambda model=model: model.fit(data, verbose=0) and STEPS

    return ways | dropouts() | operations(x[:BATCH], matrix)


def dropouts() -> dict[tuple[str, str], Callable[[], int]]:
    """Return for each Dropout layer a function that applies it once and returns 1."""
    import keras
    import tensorflow as tf

    from seq2report.models import cpu_layers

    ways, ones = {}, tf.ones(NUMBERS)
    for way, kind in (("Keras's Dropout", keras.layers.Dropout), ("ours", cpu_layers.Dropout)):
        layer = kind(0.5)
        drop = tf.function(lambda x, layer=layer: layer(x, training=True), jit_compile=True)
        ways[f"{NUMBERS:,} random numbers", way] = lambda drop=drop: len([drop(ones)])
    return ways


def operations(x: np.ndarray, matrix: np.ndarray) -> dict[tuple[str, str], Callable[[], int]]:
    """Return one function per operation of a step; it runs the operation and returns the count."""
    import keras
    import tensorflow as tf

    from seq2report.models import cpu_layers

    width, units = matrix.shape[1], 64
    layer = cpu_layers.LSTM(units)
    layer.build((BATCH, LENGTH, width))
    embedding = keras.layers.Embedding(*matrix.shape, weights=[matrix])
    embedding.build()
    weights = [*embedding.trainable_variables, *layer.trainable_variables]
    optimizer = keras.optimizers.RMSprop()
    optimizer.build(weights)
    normal = tf.random.normal
    words, flat, gates = normal((BATCH, LENGTH, width)), BATCH * LENGTH, 4 * units
    inputs, hidden, gradients = normal((flat, width)), normal((flat, units)), normal((flat, gates))
    kernel, recurrent = normal((width, gates)), normal((units, gates)) / units
    updates = [normal(weight.shape) for weight in weights]
    products = partial(lstm_products, inputs, hidden, gradients, kernel, recurrent)

    def recur() -> list:
        with tf.GradientTape() as tape:
            tape.watch(words)
            loss = tf.reduce_sum(layer(words))
        return tape.gradient(loss, [words, *layer.trainable_variables])

    def embed() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(embedding(x) * words)
        return tf.convert_to_tensor(tape.gradient(loss, embedding.trainable_variables[0].value))

    def update() -> None:
        optimizer.apply(updates, weights)

    return _compiled(
        {"products alone": products, "LSTM, forward and backward": recur, "embedding": embed}
        | {"optimizer": update}
    )


def lstm_products(inputs, hidden, gradients, kernel, recurrent) -> list:
    """Compute the matrix products of a step of an LSTM; all arguments are tensors."""
    import tensorflow as tf

    def step(h: tf.Tensor) -> tuple:
        return (tf.matmul(tf.matmul(h, recurrent), recurrent, transpose_b=True),)

    before = tf.while_loop(lambda _: True, step, (hidden[:BATCH],), maximum_iterations=LENGTH)
    after = [tf.matmul(matrix, gradients, transpose_a=True) for matrix in (inputs, hidden)]
    return [before, after, inputs @ kernel, tf.matmul(gradients, kernel, transpose_b=True)]


def _compiled(functions: dict[str, Callable]) -> dict[tuple[str, str], Callable[[], int]]:
    import tensorflow as tf

    compiled = {name: tf.function(step, jit_compile=True) for name, step in functions.items()}
    return {
        ("parts of a step", name): lambda step=step: len([step() for _ in range(STEPS)])
        for name, step in compiled.items()
    }


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__, repetitions=3)
    args = parser.parse_args(argv)
    load_keras(seed=1)
    ways = networks()

    def measure(way: tuple[str, str], _round: int) -> dict:
        begin = time.process_time()
        steps = ways[way]()
        return {"ms": (time.process_time() - begin) * 1e3 / steps}

    in_turn(ways, measure, 1)  # compiles
    found = in_turn(ways, measure, args.repetitions)
    rows = [
        {"work": work, "way": way, "cpu_ms_per_step": round(median(runs, "ms"), 1)}
        for (work, way), runs in found.items()
    ]
    write(rows, args.output)


if __name__ == "__main__":
    run(main)
