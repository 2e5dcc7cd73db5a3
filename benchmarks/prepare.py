"""Inputs that several benchmarks share: corpora, variants, and the arguments of commands.

A benchmark either calls a command in its own process (`call`) or starts it as another one.
"""

import importlib
import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from harness import ROOT
from seq2report.config.resolve import resolve_variant
from seq2report.models.variant import Variant

NEWSGROUPS = {
    "title": "20 Newsgroups",
    "format": "newsgroups",
    "encoding": "latin-1",
    "header": "cut",
    "split": {"test": 0.2, "validation": 0.1, "seed": 1},
}
IMDB = {
    "title": "IMDB",
    "format": "imdb",
    "encoding": "utf-8",
    "split": {"validation": 0.1, "seed": 1},
}


def configuration() -> dict:
    """Return config/config.yaml with the variants of config/lecture.yaml."""
    names = ("config/config.yaml", "config/lecture.yaml")
    config, lecture = (yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) for name in names)
    return config | {"variants": config["variants"] | lecture["variants"]}


def variant(name: str) -> Variant:
    """Return a variant of the default or the lecture's configuration, resolved."""
    return resolve_variant(configuration(), name)


def read_arguments(archive: Path, corpus: dict, folder: Path) -> list[str]:
    """Return the arguments of read.py, which writes documents.parquet and corpus.json."""
    outputs = [f"--documents={folder}/documents.parquet", f"--corpus={folder}/corpus.json"]
    return [f"--archive={archive}", f"--settings={json.dumps(corpus)}", *outputs]


def encode_arguments(documents: Path, encoding: dict, output: Path) -> list[str]:
    """Return the arguments of encode.py."""
    return [f"--documents={documents}", f"--settings={json.dumps(encoding)}", f"--output={output}"]


def embed_arguments(vocabulary: Path, vectors: Path, source: Path, output: Path) -> list[str]:
    """Return the arguments of embed.py; ``vectors`` is a folder that read_vectors.py wrote."""
    read = [f"--words={vectors}/words.parquet", f"--vectors={vectors}/vectors.npy"]
    return [f"--vocabulary={vocabulary}", *read, f"--source={source}", f"--output={output}"]


def train_arguments(
    corpus: Path, sequences: Path, settings: dict, seed: int, output: Path
) -> list[str]:
    """Return the arguments of train_network.py; ``corpus`` and ``sequences`` are folders."""
    inputs = [f"--corpus={corpus}/corpus.json", f"--documents={sequences}/sequences.parquet"]
    settings = [f"--settings={json.dumps(settings)}", f"--seed={seed}"]
    return [*inputs, *settings, f"--output={output}"]


def call(command: str, arguments: Sequence[str]) -> None:
    """Run a command of scripts/ in this process; it is imported at its first call."""
    importlib.import_module(command).main(list(arguments))
