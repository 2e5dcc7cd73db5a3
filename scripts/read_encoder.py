"""Read a pretrained encoder of the BERT family once, for all corpora.

encoder.keras is its network, from word pieces to one vector per document; tokenizer.json is its
tokeniser, without truncation and padding; encoder.json has its architecture, a digest of its
weights, the length with which one piece of a document is read (`pieces.shortest`), and its
settings.

The checkpoint is a tar, zip or wheel with config.json, model.safetensors, and tokenizer.json or
vocab.txt. No code and no pickle in it is used.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from seq2report.core import command
from seq2report.core.command import replacing, run, write_json
from seq2report.documents.pieces import shortest
from seq2report.models.backend import load_keras
from seq2report.models.pretrained import read_checkpoint
from seq2report.models.sentence_transformers import check_pooling


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "settings", "output")
    parser.add_argument("--file", type=Path, required=True, help="tar, zip or wheel")
    args = parser.parse_args(argv)

    checkpoint = read_checkpoint(args.file)
    architecture = checkpoint.architecture
    check_pooling(args.settings, checkpoint.path, checkpoint.poolings)
    weights = checkpoint.read_weights()  # its sizes are true: what is built is no larger
    load_keras(seed=0)
    from seq2report.models.encoders import build_encoder, set_pretrained

    model = build_encoder(architecture, args.settings["pooling"])
    set_pretrained(model, weights, architecture)
    message = "%d layers, vectors of %d numbers, %d word pieces, %d parameters"
    sizes = (architecture.layers, architecture.width, architecture.vocabulary)
    logging.info(message, *sizes, model.count_params())
    with replacing(args.output) as folder:
        folder.mkdir()
        model.save(folder / "encoder.keras")
        checkpoint.tokenizer.save(str(folder / "tokenizer.json"))
        about = {
            "architecture": asdict(architecture),
            "parameters": model.count_params(),
            "weights": digest(model.get_weights()),
            "shortest": shortest(checkpoint.tokenizer, args.settings.get("prefix", "")),
        }
        write_json(folder / "encoder.json", about | args.settings)


def digest(weights: Sequence[np.ndarray]) -> str:
    """Return the SHA-256 digest of weights. That of encoder.keras differs, as it has a date."""
    digests = hashlib.sha256()
    for array in weights:
        digests.update(np.ascontiguousarray(array))
    return digests.hexdigest()


if __name__ == "__main__":
    run(main)
