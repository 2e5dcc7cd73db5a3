"""Vectors of documents from a frozen encoder."""

import json
import logging
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seq2report.core.command import read_json, write_json
from seq2report.core.durations import stopwatch
from seq2report.core.stored import create_numbers
from seq2report.documents.pieces import BATCH, Pieces, Splitter

if TYPE_CHECKING:
    import keras

SMALLEST = np.finfo(np.float32).tiny  # length of a vector that is divided by
EVERY = 30.0  # seconds between two writes and messages


class SentenceEncoder:
    """The frozen encoder in a folder of features.

    Attributes:
        parameters: their number.
        width: length of a vector.
        splitter: its tokeniser.
    """

    def __init__(self, folder: Path) -> None:
        from seq2report.models.build import load_network

        about = read_json(folder / "features.json")
        self.parameters = about["parameters"]
        self.splitter = Splitter.load(folder / "tokenizer.json", about["length"], about)
        self._model = load_network(folder / "encoder.keras")
        self.width = self._model.output_shape[-1]

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        """Return one vector of length 1 per text, (texts, width) float32."""
        pieces = self.splitter.pieces(texts)
        vectors = np.empty((len(pieces), self.width), np.float32)
        for rows in blocks(pieces.lengths):
            vectors[rows] = block_vectors(self._model, pieces.take(rows), self.splitter.length)
        return vectors

    def knows(self, texts: Sequence[str]) -> np.ndarray:
        """Return whether the encoder knows any piece of each text, (texts,) bool."""
        return self.splitter.knows(texts)

    def read(self, text: str) -> str:
        """Return the part of a text that the encoder reads."""
        return self.splitter.read(text)


def blocks(lengths: np.ndarray) -> list[np.ndarray]:
    """Return the rows of documents, in blocks of similar length and in a fixed random order."""
    order = np.argsort(lengths, kind="stable")
    parts = np.split(order, range(BATCH, len(order), BATCH))
    return [parts[n] for n in np.random.default_rng(0).permutation(len(parts))]


def block_vectors(model: "keras.Model", pieces: Pieces, length: int) -> np.ndarray:
    """Return the vectors of some documents, of length 1, (n, width) float32."""
    vectors = model.predict_on_batch(pieces.matrix(length))
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(sizes, SMALLEST)


class Unfinished:
    """The vectors that are done, in a folder that survives an interruption.

    Attributes:
        vectors: (n, width) float32; a row that is not done has NaN.
        passed: seconds and CPU seconds of earlier attempts.
    """

    def __init__(self, folder: Path, identity: str, shape: tuple[int, int]) -> None:
        self._folder, self._identity = folder, identity
        self._file, self._about = folder / "vectors.npy", folder / "about.json"
        self.passed = (0.0, 0.0)
        if not self._resume(shape):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self.vectors = create_numbers(self._file, np.float32, shape)
            self.vectors[:] = np.nan
            self.write(self.passed)

    def _resume(self, shape: tuple[int, int]) -> bool:
        try:
            about = json.loads(self._about.read_text(encoding="utf-8"))
            if about["identity"] != self._identity:
                logging.info("%s is of another run: not used", self._folder)
                return False
            self.vectors = np.lib.format.open_memmap(self._file, mode="r+")
            self.passed = tuple(about["passed"])
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return self.vectors.shape == shape

    def is_done(self) -> np.ndarray:
        """Return whether the vector of each document is there, (n,) bool."""
        return ~np.isnan(self.vectors).any(axis=1)

    def write(self, passed: tuple[float, float]) -> None:
        """Write the vectors to the disk, with the seconds and CPU seconds of all attempts."""
        self.vectors.flush()
        write_json(self._about, {"identity": self._identity, "passed": passed})

    def remove(self) -> None:
        """Remove the folder after the vectors are complete."""
        shutil.rmtree(self._folder, ignore_errors=True)


def encode(
    model: "keras.Model", pieces: Pieces, length: int, unfinished: Unfinished
) -> tuple[float, float]:
    """Fill the vectors of all documents; return seconds and CPU seconds, with earlier attempts."""
    watch, before, done = stopwatch(), unfinished.passed, unfinished.is_done()
    if done.any():
        logging.info("%d of %d documents are done", done.sum(), len(done))

    def passed() -> tuple[float, float]:
        seconds, cpu_seconds = watch()
        return before[0] + seconds, before[1] + cpu_seconds

    waiting = [rows for rows in blocks(pieces.lengths) if not done[rows].all()]
    due = time.monotonic() + EVERY
    for n, rows in enumerate(waiting, 1):
        unfinished.vectors[rows] = block_vectors(model, pieces.take(rows), length)
        if time.monotonic() >= due:
            left = watch()[0] / n * (len(waiting) - n)
            message = "%d of %d documents to do, about %.0f s left"
            logging.info(message, sum(map(len, waiting[n:])), len(pieces), left)
            unfinished.write(passed())
            due = time.monotonic() + EVERY
    unfinished.write(passed())
    return passed()
