"""A training that is broken off goes on: killed for real, then started again."""

import json
import os
import signal
import subprocess
import sys
from functools import partial

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import ROOT, call, in_memory

import train_network
from seq2report import checkpoint, cpu_layers, network
from seq2report.checkpoint import Checkpoint

interruption = pytest.mark.reliability("Interruption")

# A checkpoint each epoch, and the end by SIGKILL after so many of them.
KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv.pop(1))
wanted = int(sys.argv.pop(1))
from seq2report.backend import load_keras
load_keras(1)
from seq2report import checkpoint
import train_network
checkpoint.EVERY = 0
write, written = checkpoint.Checkpoint.write, []
def write_and_die(self, model):
    write(self, model)
    written.append(model)
    if len(written) == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
checkpoint.Checkpoint.write = write_and_die
train_network.main(None)
"""
LSTM = [
    {"LSTM": {"units": 4, "recurrent_dropout": 0.2, "return_sequences": True}},
    {"Dropout": {"rate": 0.3}},
    {"Bidirectional": {"layer": {"LSTM": {"units": 3, "dropout": 0.1}}}},
]
WORDS = {"encoding": "words", "form": "sequence", "length": 20, "trainable": True}
WORDS |= {"padding": "pre", "truncating": "pre", "embedding": "glove"}
WILD = {"Adam": {"learning_rate": 0.1}}
STOPPED = {"optimizer": WILD, "batch_size": 8, "epochs": 12, "patience": 2, "refit": True}
LECTURE = {"optimizer": "rmsprop", "batch_size": 8, "epochs": 4, "protocol": "lecture"}
SECONDS = ["fit_seconds", "fit_cpu_seconds", "predict_seconds", "predict_cpu_seconds"]
SECONDS += ["cpu_seconds", "peak_memory_mb"]


def arguments(tiny, output, fit, layers=LSTM, **more):
    return {
        "corpus": tiny / "corpus.json",
        "documents": tiny / "words/sequences.parquet",
        "matrix": tiny / "glove/matrix.npy",
        "settings": {"input": WORDS, "layers": layers, "fit": fit},
        "seed": 1,
        "checkpoint": output.with_name("run.checkpoint"),
        "output": output,
    } | more


def killed_after(epochs, **options):
    """Train in a process of its own that dies after so many epochs."""
    command = [sys.executable, "-c", KILLED, str(ROOT / "scripts"), str(epochs)]
    for name, value in options.items():
        text = json.dumps(value) if isinstance(value, dict) else str(value)
        command += [f"--{name.replace('_', '-')}", text]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not options["output"].exists()
    return done.stderr


def assert_same_run(found, expected):
    """Check that two runs left the same but for seconds; return the metrics of both."""
    assert {path.name for path in found.iterdir()} == {path.name for path in expected.iterdir()}
    metrics = [json.loads((run / "metrics.json").read_text()) for run in (found, expected)]
    same = [{k: v for k, v in each.items() if k not in SECONDS} for each in metrics]
    assert same[0] == same[1]
    history = [pd.read_csv(run / "history.csv").drop(columns="seconds") for run in (found, expected)]
    pd.testing.assert_frame_equal(*history, check_exact=True)
    for name in ("predictions.parquet", "validation.parquet"):
        if (expected / name).exists():
            assert pl.read_parquet(found / name).equals(pl.read_parquet(expected / name))
    models = [keras.models.load_model(run / "model.keras") for run in (found, expected)]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)
    return metrics


@interruption
@pytest.mark.parametrize("fit", [STOPPED, LECTURE], ids=["stopped early and refitted", "lecture"])
def test_a_training_that_was_killed_goes_on_from_its_last_epoch_and_ends_with_the_same_figures(
    tiny, tmp_path, caplog, fit
):
    whole, output = tmp_path / "whole", tmp_path / "run"
    call(train_network, **arguments(tiny, whole, fit))
    assert not (tmp_path / "run.checkpoint").exists()  # not written that early
    killed_after(2, **arguments(tiny, output, fit))
    assert (tmp_path / "run.checkpoint").is_file()
    if "refit" in fit:
        epochs = len(pd.read_csv(whole / "history.csv"))
        best = json.loads((whole / "metrics.json").read_text())["best_epoch"]
        assert 1 < best < epochs < fit["epochs"]
        said = killed_after(epochs - 2 + 1, **arguments(tiny, output, fit))
        assert "going on after epoch 2, as" in said
        assert "epoch 2/" not in said.replace(f"epoch {best}/{best}", "")
    caplog.clear()
    call(train_network, **arguments(tiny, output, fit))
    again = "1 of the second fit" if "refit" in fit else "2"
    assert f"going on after epoch {again}, as" in caplog.text
    found, expected = assert_same_run(output, whole)
    assert found["fit_seconds"] > 0
    assert {path.name for path in tmp_path.iterdir()} == {"run", "whole"}  # no checkpoint is left
