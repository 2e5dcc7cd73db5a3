"""Measure how fast one core computes an encoder of the size of MiniLM-L6, with random weights.

The plan estimates the duration of a fine-tuning on a CPU from it. An operation is an addition or a
multiplication of two numbers, as `models.pretrained.operations` counts them.
"""

import time
from collections.abc import Sequence
from itertools import product

import numpy as np

import harness
from harness import in_turn, median, write
from seq2report.core.command import run
from seq2report.models.backend import has_bfloat16, load_keras
from seq2report.models.pretrained import Architecture, operations

MINILM = Architecture(30_522, 512, 6, 12, 384, 1536, "gelu", 1e-12, 0.1, 0.1)
DOCUMENTS, LENGTHS, BATCHES = 16, (128, 256), 4
WAYS = {"encode": 0, "train the last 2 layers": 2, "train all layers": None}
PRODUCTS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}  # dtype policy of each precision


def build_models() -> dict:
    """Return a compiled network for each of the `WAYS` and each precision that it uses here."""
    import keras

    from seq2report.models.encoders import build_encoder, freeze

    models = {}
    for way, precision in product(WAYS, PRODUCTS):
        if precision == "bfloat16" and (way == "encode" or not has_bfloat16()):
            continue
        encoder = build_encoder(MINILM, "mean", PRODUCTS[precision])
        freeze(encoder, MINILM.layers, WAYS[way])
        ids = keras.Input((None,), dtype="int32")
        output = keras.layers.Dense(2, activation="softmax")(encoder(ids))
        models[way, precision] = keras.Model(ids, output)
        models[way, precision].compile("adam", "sparse_categorical_crossentropy")
    return models


def main(argv: Sequence[str] | None) -> None:
    args = harness.parser(__doc__, repetitions=5).parse_args(argv)
    load_keras(seed=1)
    random, models = np.random.default_rng(1), build_models()

    def measure(case: tuple[str, str, int], _round: int) -> dict:
        way, precision, length = case
        x = random.integers(1, MINILM.vocabulary, (DOCUMENTS, length), dtype=np.int32)
        y, model = np.zeros(DOCUMENTS, np.int32), models[way, precision]
        start = time.perf_counter()
        for _ in range(BATCHES):
            model.predict_on_batch(x) if way == "encode" else model.train_on_batch(x, y)
        return {"rate": BATCHES * x.size / (time.perf_counter() - start)}

    cases = [(*model, length) for model, length in product(models, LENGTHS)]
    in_turn(cases, measure, 1)  # TensorFlow traces
    rows = []
    for (way, precision, length), runs in in_turn(cases, measure, args.repetitions).items():
        rate = median(runs, "rate")
        count = operations(MINILM, length, WAYS[way])
        rows.append(
            {
                "way": way,
                "precision": precision,
                "pieces_of_a_document": length,
                "pieces_per_second": round(rate),
                "documents_per_second": round(rate / length, 1),
                "operations_per_second": float(f"{rate * count:.2g}"),
            }
        )
    write(rows, args.output)


if __name__ == "__main__":
    run(main)
