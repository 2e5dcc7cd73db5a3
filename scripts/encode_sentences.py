"""Turn documents into vectors of a frozen pretrained encoder.

vectors.npy has one vector of length 1 per labelled document, float32; documents.parquet has their
id, split and label. The encoder is copied, and features.json has its settings. cost.json has the
seconds and CPU seconds per document.

With ``--checkpoint``, an interrupted run continues with the documents that are not in this folder.
"""

import argparse
import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import read_json, replacing, run, write_json
from seq2report.core.imports import local_imports
from seq2report.core.machine import machine
from seq2report.documents.pieces import read_pieces
from seq2report.models.backend import gpu_name, load_keras
from seq2report.models.pretrained import Architecture, check_length
from seq2report.models.runs import versions


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "settings", "output")
    command.add_devices(parser)
    parser.add_argument("--pieces", type=Path, required=True, help="sequences.parquet")
    parser.add_argument("--encoder", type=Path, required=True, help="encoder.keras")
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder to resume from")
    args = parser.parse_args(argv)

    about = read_json(args.encoder.with_name("encoder.json"))
    name, length = args.settings["encoder"], args.settings["length"]
    architecture = Architecture(**about["architecture"])
    check_length(length, architecture, f"encoders.{name}.length", about["shortest"])
    pieces = read_pieces(args.pieces)
    load_keras(0, args.threads, args.gpu, args.gpu_absent, args.gpu_share)
    from seq2report.models.build import load_network
    from seq2report.models.sentences import Unfinished, encode

    model = load_network(args.encoder)
    shape = (len(pieces), model.output_shape[-1])
    unfinished = Unfinished(args.checkpoint, json.dumps(identity(args), sort_keys=True), shape)
    times = encode(model, pieces, length, unfinished)
    with replacing(args.output) as folder:
        folder.mkdir()
        np.save(folder / "vectors.npy", unfinished.vectors, allow_pickle=False)
        table = {"id": pieces.ids, "split": pieces.split, "label": pieces.label}
        pl.DataFrame(table).cast(pl.String).write_parquet(folder / "documents.parquet")
        shutil.copy(args.encoder, folder)
        shutil.copy(args.encoder.with_name("tokenizer.json"), folder)
        write_json(folder / "features.json", about | args.settings)
        write_json(folder / "cost.json", cost(*times, len(pieces)))
    unfinished.remove()
    logging.info("%d vectors of %d numbers", *shape)


def identity(args: argparse.Namespace) -> dict[str, object]:
    """Return everything that determines the vectors, by name."""
    from seq2report.models.checkpoint import digest

    # encoder.keras has a date, and encoder.json the digest of its weights.
    inputs = (args.pieces.with_name("tokens.npy"), args.encoder.with_name("encoder.json"))
    return {
        "settings": args.settings,
        "inputs": digest(args.pieces, *inputs),
        "code": digest(*local_imports(__file__, Path(__file__).parent)),
        "versions": versions(),
        "device": gpu_name() or machine()["processor"],
        "threads": args.threads,
    }


def cost(seconds: float, cpu_seconds: float, documents: int) -> dict:
    """Return the content of cost.json; with a GPU, CPU time is wall-clock time, see `fit_cost`."""
    cpu_seconds = seconds if gpu_name() else cpu_seconds
    each = {"seconds": seconds / documents, "cpu_seconds": cpu_seconds / documents}
    return {"fit": dict.fromkeys(each, 0.0), "document": each}


if __name__ == "__main__":
    run(main)
