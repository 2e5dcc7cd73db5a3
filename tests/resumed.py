"""Trainings that are broken off and resumed; the comparison of two runs."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest

from seq2report.models import checkpoint
from seq2report.models.checkpoint import Checkpoint

SECONDS = ["fit_seconds", "fit_cpu_seconds", "predict_seconds", "predict_cpu_seconds"]
SECONDS += ["cpu_seconds", "peak_memory_mb"]


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
