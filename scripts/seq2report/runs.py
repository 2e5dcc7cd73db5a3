"""The folder that every run leaves, whatever kind of model it trained."""

import platform
import resource
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, log_loss

from seq2report import __version__
from seq2report.command import write_json

HISTORY_COLUMNS = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "kept"]


def write_run(
    folder: Path,
    test: pd.DataFrame,
    probability: np.ndarray,
    classes: list[str],
    history: list[dict],
    facts: dict,
) -> dict:
    """Write history.csv, predictions.parquet and metrics.json; return the metrics.

    Args:
        folder: exists; the model is already in it.
        test: columns id and label of the test documents.
        probability: (documents, classes), in the order of ``test`` and ``classes``.
        classes: class names, sorted.
        history: a row an epoch; empty for a model that has no epochs.
        facts: what the metrics tell beside the scores.
    """
    predicted = np.asarray(classes, dtype=object)[probability.argmax(axis=1)]
    predictions = pd.DataFrame({"id": test["id"], "label": test["label"], "predicted": predicted})
    predictions = predictions.join(
        pd.DataFrame(probability, columns=[f"p_{name}" for name in classes]).astype("float32")
    )
    predictions.to_parquet(folder / "predictions.parquet", index=False)
    pd.DataFrame(history, columns=HISTORY_COLUMNS).to_csv(folder / "history.csv", index=False)
    metrics = scores(test["label"], predicted, probability, classes) | facts | environment()
    write_json(folder / "metrics.json", metrics)
    return metrics


def scores(
    label: pd.Series, predicted: np.ndarray, probability: np.ndarray, classes: list[str]
) -> dict:
    """Return accuracy, macro-averaged F1 over all classes, and log loss in nats."""
    probability = probability.astype(np.float64)  # float32 rows sum to 1 within 1e-7 only
    probability /= probability.sum(axis=1, keepdims=True)
    return {
        "accuracy": float(accuracy_score(label, predicted)),
        "macro_f1": float(
            f1_score(label, predicted, labels=classes, average="macro", zero_division=0)
        ),
        "loss": float(log_loss(label, probability, labels=classes)),
        "test_documents": len(label),
    }


def environment() -> dict:
    """Return the peak memory of this process so far, and the versions that a figure hangs on."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    loaded = [name for name in ("numpy", "sklearn", "tensorflow", "keras") if name in sys.modules]
    versions = {name: sys.modules[name].__version__ for name in loaded}
    return {
        "peak_memory_mb": round(peak / (1e6 if sys.platform == "darwin" else 1e3)),
        "versions": {"python": platform.python_version(), **versions},
        "machine": f"{platform.system()} {platform.machine()}",
        "seq2report": __version__,
    }
