"""Trainings that are broken off: killed by SIGKILL, or resumed; the comparison of what is left."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import ROOT

from seq2report.models import checkpoint
from seq2report.models.checkpoint import Checkpoint

# Checkpoints are written each epoch. The end comes after so many calls of a function or method.
KILLED = """
import logging, os, signal, sys
from importlib import import_module
logging.basicConfig(level=logging.INFO)
sys.path.insert(0, sys.argv.pop(1))
script, place, wanted = (sys.argv.pop(1) for _ in range(3))
from seq2report.models.backend import load_keras
load_keras(1)
from seq2report.models import checkpoint
checkpoint.EVERY = checkpoint.RATIO = 0
module, *inside, name = place.split(":")
owner = import_module(module)
for part in inside:
    owner = getattr(owner, part)
whole, calls = getattr(owner, name), []
def call_and_die(*arguments):
    result = whole(*arguments)
    calls.append(result)
    if len(calls) == int(wanted):
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(owner, name, call_and_die)
import_module(script).main(None)
"""
EPOCH = "seq2report.models.checkpoint:Checkpoint:write"
SECONDS = ["fit_seconds", "fit_cpu_seconds", "predict_seconds", "predict_cpu_seconds"]
SECONDS += ["cpu_seconds", "peak_memory_mb"]


def killed_after(calls, script="train_network", place=EPOCH, **options):
    """Run a script in a process of its own that dies after so many calls."""
    command = ["-c", KILLED, str(ROOT / "scripts"), script, place, str(calls)]
    done = _run(command, options)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not options["output"].exists()


def finished(script, **options):
    """Run a script in a process of its own to its end; return its log."""
    done = _run([str(ROOT / f"scripts/{script}.py")], options)
    assert done.returncode == 0, done.stderr
    return done.stderr


def _run(command, options):
    command = [sys.executable, *command]
    for name, value in options.items():
        text = json.dumps(value) if isinstance(value, dict) else str(value)
        command += [f"--{name.replace('_', '-')}", text]
    return subprocess.run(command, capture_output=True, text=True)


@contextmanager
def first_checkpoint(at: Path, copy: Path) -> Iterator[None]:
    """Let a training write a checkpoint each epoch ``at`` a path, and copy the first of them."""
    write = Checkpoint.write

    def write_and_copy(self, model):
        write(self, model)
        if not copy.exists():
            shutil.copy(at, copy)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "EVERY", 0)
        patch.setattr(checkpoint, "RATIO", 0)
        patch.setattr(Checkpoint, "write", write_and_copy)
        yield


def assert_same_run(found, expected):
    """Check that two runs left the same but for seconds."""
    assert {path.name for path in found.iterdir()} == {path.name for path in expected.iterdir()}
    metrics = [json.loads((run / "metrics.json").read_text()) for run in (found, expected)]
    same = [{k: v for k, v in each.items() if k not in SECONDS} for each in metrics]
    assert same[0] == same[1]
    read = [pd.read_csv(run / "history.csv") for run in (found, expected)]
    history = [each.drop(columns="seconds") for each in read]
    pd.testing.assert_frame_equal(*history, check_exact=True)
    for name in ("predictions.parquet", "validation.parquet"):
        if (expected / name).exists():
            assert pl.read_parquet(found / name).equals(pl.read_parquet(expected / name))
    models = [keras.models.load_model(run / "model.keras") for run in (found, expected)]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)
