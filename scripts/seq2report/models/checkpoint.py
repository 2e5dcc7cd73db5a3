"""Checkpoints: the state of a training on disk, from which an interrupted training resumes.

The variables of the model and of its optimizer determine the next epoch: the order of the documents
follows from seed and epoch. `keras.callbacks.BackupAndRestore` and Keras's files of weights leave
out the states of the seed generators, which determine the next dropout masks.
"""

import hashlib
import json
import logging
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from seq2report.core.command import UserError, replacing
from seq2report.core.durations import stopwatch

EVERY = 30.0  # minimum seconds of training between two checkpoints
# And at least this multiple of the time that the last checkpoint took, so that checkpoints take at
# most 1% of a training: the largest network of config/full.yaml writes 800 MB, most write 20 MB.
RATIO = 100
NUMBERS = ("history", "best", "refitted")  # attributes of `Progress` that are stored as JSON


@dataclass
class Progress:
    """The progress of a training, without the variables of its model."""

    history: list[dict] = field(default_factory=list)  # rows of history.csv, without ``kept``
    best: int = 0  # the best epoch so far, counted from 1; 0 before the first
    refitted: int = 0  # epochs of the second fit on all documents
    # Of the epoch ``best``, as `keras.Model.get_weights` returns them; empty after the first fit.
    best_weights: list[np.ndarray] = field(default_factory=list)
    probability: np.ndarray | None = None  # of the validation documents, (n, classes) float32


class Checkpoint:
    """A checkpoint file of one training, and its stopwatch.

    Without a path, nothing is read or written.
    """

    def __init__(self, path: Path | None = None, run: dict[str, str] | None = None):
        """Read the file if it exists and ``run``, which determines all figures, is the same."""
        self.path, self._run = path, run
        self.progress, self._variables = Progress(), {}
        self._before = (0.0, 0.0)
        if path and path.exists():
            self._read()
        self._watch, self._due = stopwatch(), time.monotonic() + EVERY

    def restore(self, model: keras.Model) -> None:
        """Assign the variables that were read, if any, to a compiled model."""
        if not self._variables:
            return
        model.optimizer.build(model.trainable_variables)
        for name, variable in _variables(model):
            variable.assign(self._variables.pop(name))

    def write(self, model: keras.Model) -> None:
        """Write the state after an epoch if the last checkpoint is old enough."""
        start = time.monotonic()
        if not self.path or start < self._due:
            return
        about = {"run": self._run, "passed": self.passed()}
        about |= {name: getattr(self.progress, name) for name in NUMBERS}
        try:
            with replacing(self.path) as part, zipfile.ZipFile(part, "w") as archive:
                archive.writestr("about.json", json.dumps(about))
                for name, array in self._arrays(model):
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, _plain(array), allow_pickle=False)
        except UserError as error:  # the disk is full: the training continues without
            logging.warning("no checkpoint is written: %s", error)
        end = time.monotonic()
        self._due = end + max(EVERY, RATIO * (end - start))

    def passed(self) -> tuple[float, float]:
        """Return seconds and CPU seconds of the training, including earlier attempts."""
        seconds, cpu_seconds = self._watch()
        return self._before[0] + seconds, self._before[1] + cpu_seconds

    def remove(self) -> None:
        """Remove the file after the run is complete."""
        if self.path:
            self.path.unlink(missing_ok=True)

    def _arrays(self, model: keras.Model) -> Iterator[tuple[str, np.ndarray]]:
        """Yield the arrays one by one, so that only one copy is in memory."""
        yield "probability", self.progress.probability
        yield from ((f"best/{n}", array) for n, array in enumerate(self.progress.best_weights))
        for name, variable in _variables(model):
            yield name, variable.numpy()  # one copy; convert_to_numpy makes two

    def _read(self) -> None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                about = json.loads(archive.read("about.json"))
                if others := sorted(
                    key for key, value in self._run.items() if about["run"].get(key) != value
                ):
                    names = ", ".join(others)
                    logging.info("%s is of another run (%s): not used", self.path, names)
                    return
                arrays = {
                    name.removesuffix(".npy"): _load(archive, name)
                    for name in archive.namelist()[1:]
                }
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            logging.warning("%s cannot be read, not used: %s", self.path, error)
            return
        self.progress = Progress(
            **{name: about[name] for name in NUMBERS},
            best_weights=[arrays.pop(name) for name in list(arrays) if name.startswith("best/")],
            probability=arrays.pop("probability"),
        )
        self._variables, self._before = arrays, tuple(about["passed"])
        epochs = self.progress.refitted or len(self.progress.history)
        second = " of the second fit" if self.progress.refitted else ""
        logging.info("going on after epoch %d%s, as in %s", epochs, second, self.path)


def digest(*paths: Path) -> str:
    """Return one SHA-256 digest of the content of these files, in this order."""
    digests = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digests.update(hashlib.file_digest(file, "sha256").digest())
    return digests.hexdigest()


def _variables(model: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    """Yield weights, states of seed generators and of the optimizer, always in the same order."""
    for kind, variables in (("model", model.variables), ("optimizer", model.optimizer.variables)):
        yield from ((f"{kind}/{n}", variable) for n, variable in enumerate(variables))


def _plain(array: np.ndarray) -> np.ndarray:
    """Convert bfloat16, which NumPy's files do not support, to float32 without loss."""
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _load(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(name) as file:
        return np.lib.format.read_array(file, allow_pickle=False)
