"""The folder that every run leaves, whatever kind of model it trained."""

import platform
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from seq2report import __version__
from seq2report.command import write_json

SMALLEST = np.finfo(np.float64).eps  # probability that a log loss is taken of
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
    true = probability[np.arange(len(label)), pd.Categorical(label, classes).codes]
    return {
        "accuracy": float(np.mean(label.to_numpy() == predicted)),
        "macro_f1": float(class_scores(label, predicted, classes)["f1"].mean()),
        "loss": float(-np.log(true.clip(SMALLEST)).mean()),
        "test_documents": len(label),
    }


def class_scores(label: pd.Series, predicted: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """Return precision, recall, F1 and the number of documents of each class, a row a class.

    What would be 0/0 is 0. These are scikit-learn's figures, to the last digit; to load it for them
    takes longer than all else that is done with a run but its training.
    """
    codes = [pd.Categorical(names, classes).codes for names in (label, predicted)]
    is_of, named = (np.bincount(each, minlength=len(classes)) for each in codes)
    right = np.bincount(codes[0][codes[0] == codes[1]], minlength=len(classes))
    return pd.DataFrame(
        {
            "label": classes,
            "precision": right / np.maximum(named, 1),
            "recall": right / np.maximum(is_of, 1),
            "f1": 2 * right / np.maximum(is_of + named, 1),
            "documents": is_of,
        }
    )


def environment() -> dict:
    """Return CPU time and peak memory of this process so far, and what a figure hangs on."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    loaded = [name for name in ("numpy", "sklearn", "tensorflow", "keras") if name in sys.modules]
    versions = {name: sys.modules[name].__version__ for name in loaded}
    return {
        "cpu_seconds": time.process_time(),
        "peak_memory_mb": round(peak / (1e6 if sys.platform == "darwin" else 1e3)),
        "versions": {"python": platform.python_version(), **versions},
        "machine": f"{platform.system()} {platform.machine()}",
        "seq2report": __version__,
    }
