"""The state of a training on disk, so that one that was broken off goes on from its last epoch.

``variables`` of a model and of its optimizer are all that the next epoch hangs on: the order of the
documents follows from seed and epoch. `keras.callbacks.BackupAndRestore` and Keras's files of
weights leave out the states of the seed generators, which decide what dropout drops next.
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

EVERY = 30.0  # seconds of training between two, at least: nobody minds to lose them
# And so many times what the last one took, so that all of them cost a hundredth of a training at
# most: the largest network of config/full.yaml writes 800 MB in seconds, most write 20 MB at once.
RATIO = 100


@dataclass
class Progress:
    """How far a training has come, beside what is in its model.

    Attributes:
        history: a row of history.csv an epoch, without ``kept``.
        best: the epoch that is kept so far, counted from 1; 0 before the first.
        refitted: epochs of the second fit on all documents.
        best_weights: of the epoch ``best``, as of `keras.Model.get_weights`; none once it is over.
        probability: of the watched documents with these, (n, classes) float32.
    """

    history: list[dict] = field(default_factory=list)
    best: int = 0
    refitted: int = 0
    best_weights: list[np.ndarray] = field(default_factory=list)
    probability: np.ndarray | None = None


class Checkpoint:
    """A file from which the same training goes on, written now and then; also a stopwatch.

    Without a path nothing is read or written.
    """

    def __init__(self, path: Path | None = None, run: dict[str, str] | None = None):
        """Read the file, if it is there and of the same ``run``.

        Args:
            path: of the file.
            run: all that the figures hang on, each under its name.
        """
        self.path, self._run = path, run
        self.progress, self._variables = Progress(), {}
        self._before = (0.0, 0.0)
        if path and path.exists():
            self._read()
        self._watch, self._due = stopwatch(), time.monotonic() + EVERY

    def restore(self, model: keras.Model) -> None:
        """Put a compiled model into the state that was read, if one was."""
        if not self._variables:
            return
        model.optimizer.build(model.trainable_variables)
        for name, variable in _variables(model):
            variable.assign(self._variables.pop(name))

    def write(self, model: keras.Model) -> None:
        """Write the state after an epoch, if it is time to; a training without a file goes on."""
        start = time.monotonic()
        if not self.path or start < self._due:
            return
        progress = self.progress
        about = {
            "run": self._run,
            "passed": self.passed(),
            **{name: getattr(progress, name) for name in ("history", "best", "refitted")},
        }
        try:
            with replacing(self.path) as part, zipfile.ZipFile(part, "w") as archive:
                archive.writestr("about.json", json.dumps(about))
                for name, array in self._arrays(model):
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, _plain(array), allow_pickle=False)
        except UserError as error:  # no room for it: the training itself can do without
            logging.warning("no checkpoint is written: %s", error)
        end = time.monotonic()
        self._due = end + max(EVERY, RATIO * (end - start))

    def passed(self) -> tuple[float, float]:
        """Return seconds and CPU seconds of the training, those of earlier starts included."""
        seconds, cpu_seconds = self._watch()
        return self._before[0] + seconds, self._before[1] + cpu_seconds

    def remove(self) -> None:
        """Take the file away: the run is whole."""
        if self.path:
            self.path.unlink(missing_ok=True)

    def _arrays(self, model: keras.Model) -> Iterator[tuple[str, np.ndarray]]:
        """Yield one after the other, so that no copy of them all is in memory."""
        yield "probability", self.progress.probability
        yield from ((f"best/{n}", each) for n, each in enumerate(self.progress.best_weights))
        for name, variable in _variables(model):
            yield name, keras.ops.convert_to_numpy(variable)

    def _read(self) -> None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                about = json.loads(archive.read("about.json"))
                found = about["run"]
                if others := sorted(k for k in self._run if found.get(k) != self._run[k]):
                    what = ", ".join(others)
                    logging.info("%s is of another run (%s): not used", self.path, what)
                    return
                arrays = {
                    name.removesuffix(".npy"): _load(archive, name)
                    for name in archive.namelist()[1:]
                }
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            logging.warning("%s cannot be read, not used: %s", self.path, error)
            return
        self.progress = Progress(
            **{name: about[name] for name in ("history", "best", "refitted")},
            best_weights=[arrays.pop(name) for name in list(arrays) if name.startswith("best/")],
            probability=arrays.pop("probability"),
        )
        self._variables, self._before = arrays, tuple(about["passed"])
        epochs = self.progress.refitted or len(self.progress.history)
        again = " of the second fit" if self.progress.refitted else ""
        logging.info("going on after epoch %d%s, as %s has it", epochs, again, self.path)


def digest(*paths: Path) -> str:
    """Return one sha256 for what is in these files, in this order."""
    digests = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digests.update(hashlib.file_digest(file, "sha256").digest())
    return digests.hexdigest()


def _variables(model: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    """Yield weights, states of seed generators and of the optimizer, always in the same order."""
    for kind, variables in (("model", model.variables), ("optimizer", model.optimizer.variables)):
        yield from ((f"{kind}/{n}", each) for n, each in enumerate(variables))


def _plain(array: np.ndarray) -> np.ndarray:
    """Return bfloat16, which NumPy's files do not know, as float32, which holds all its values."""
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _load(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(name) as file:
        return np.lib.format.read_array(file, allow_pickle=False)
