"""Train a Keras network of a variant: model.keras, history, metrics and predictions.

The run folder also gets embedding.npy, the embedding matrix after training, where the network
has one that it trains. The test documents are looked at once, with the weights that were kept;
by the lecture's protocol they are the ones that are watched after each epoch.
"""

import argparse
import json
import logging
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.backend import load_keras
from seq2report.command import read_json, replacing, run
from seq2report.runs import write_run
from seq2report.sequences import read_sequences


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="corpus.json")
    parser.add_argument("--encoding", type=Path, required=True, help="encoding.json")
    parser.add_argument("--sequences", type=Path, required=True, help="sequences.parquet")
    parser.add_argument("--matrix", type=Path, nargs="?", help="matrix.npy of pretrained vectors")
    parser.add_argument("--settings", type=json.loads, required=True, help="variant, as JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, help="run folder to write")
    args = parser.parse_args(argv)

    load_keras(args.seed, args.threads)
    import tensorflow as tf

    from seq2report import cpu_layers, network

    gpus = tf.config.list_physical_devices("GPU")
    classes = read_json(args.corpus)["classes"]
    num_words = read_json(args.encoding)["num_words"]
    sequences = read_sequences(args.sequences)
    matrix = np.load(args.matrix, allow_pickle=False) if args.matrix else None
    build = partial(network.build_model, args.settings, num_words, len(classes), matrix)
    model = build() if gpus else build(cpu_layers.FASTER)
    network.compile_model(model, args.settings["fit"])
    model.summary(print_fn=logging.info)

    given, fit = args.settings["input"], args.settings["fit"]
    lecture = fit.get("protocol") == "lecture"
    fitted = sequences.part("train", "validation") if lecture else sequences.part("train")
    watched = sequences.part("test" if lecture else "validation")
    test = watched if lecture else sequences.part("test")
    read = partial(network.inputs_of, given=given, num_words=num_words)
    start, cpu_start = time.perf_counter(), time.process_time()
    training = network.fit(
        model,
        (fitted, fitted.classes(classes)),
        (watched, watched.classes(classes)),
        read,
        fit,
        args.seed,
    )
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    start = time.perf_counter()
    probability = network.probabilities(model, test, read)
    facts = {
        "kind": "network",
        "protocol": fit.get("protocol", "held out"),
        "seed": args.seed,
        "fitted_documents": len(fitted.ids),
        "val_accuracy": None if lecture else training.kept["val_accuracy"],
        "parameters": model.count_params(),
        "document_shape": " × ".join(map(str, network.document_shape(model, given))),
        "epochs": len(training.history),
        "best_epoch": training.best_epoch,
        "fit_seconds": seconds,
        "fit_cpu_seconds": cpu_seconds,
        "predict_seconds": time.perf_counter() - start,
        "threads": args.threads,
        "device": tf.config.experimental.get_device_details(gpus[0])["device_name"]
        if gpus
        else "CPU",
        "jit_compile": bool(model.jit_compile),
    }
    with replacing(args.output) as part:
        part.mkdir()
        saved = build()  # of Keras's own layers: whoever loads it needs nothing of ours
        saved.set_weights(model.get_weights())
        saved.save(part / "model.keras")
        if given.get("trainable"):
            vectors = model.get_layer("embedding").get_weights()[0]
            np.save(part / "embedding.npy", vectors, allow_pickle=False)
        documents = pl.DataFrame({"id": test.ids, "label": test.label})
        metrics = write_run(part, documents, probability, classes, training.history, facts)
    logging.info("test accuracy %(accuracy).4f, macro-F1 %(macro_f1).4f", metrics)


if __name__ == "__main__":
    run(main)
