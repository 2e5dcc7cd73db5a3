"""The folder that every run leaves, whatever kind of model it trained.

It holds all that its model needs to answer, so that it can be copied to another machine and used
there: `MODEL`, and of an ensemble, the same of each member in ``members/<variant>``.
"""

import platform
import resource
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from seq2report.core.command import write_json
from seq2report.core.version import __version__

SMALLEST = np.finfo(np.float64).eps  # probability that a log loss is taken of
HISTORY_COLUMNS = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "kept"]
Predicted = tuple[pl.DataFrame, np.ndarray]  # documents and their probabilities
# Files of a run, and a folder, that its model needs to answer, and to tell how good it is.
MODEL = ("run.json", "metrics.json", "model.keras", "model.skops", "vocabulary.parquet", "features")


def about_run(
    folder: Path, settings: dict, seed: int, corpus: dict, circumstances: dict, **more: object
) -> dict:
    """Return what is in run.json: what was trained on what, without a date.

    Args:
        folder: the run's, ``…/<variant>/seed-<n>``.
        settings: resolved, of the variant.
        seed: of the run.
        corpus: content of corpus.json.
        circumstances: what else is known of the corpus: name, sample, split, header.
        more: what kinds of models tell beside.
    """
    documents: dict[str, int] = {}
    for row in corpus["counts"]:
        documents[row["split"]] = documents.get(row["split"], 0) + row["documents"]
    told = {"title": corpus["title"], "documents": documents, "digest": corpus["digest"]}
    return {
        "variant": folder.parent.name,
        "seed": seed,
        "settings": settings,
        "classes": corpus["classes"],
        "corpus": circumstances | told,
        **more,
        **{key: environment()[key] for key in ("versions", "seq2report")},
    }


def copy_model(run: Path, folder: Path) -> None:
    """Copy what is in `MODEL` of a run's folder to a new folder."""
    folder.mkdir(parents=True)
    for part in (run / name for name in MODEL):
        if part.is_dir():
            shutil.copytree(part, folder / part.name)
        elif part.is_file():
            shutil.copy(part, folder)


def write_run(
    folder: Path,
    test: Predicted,
    validation: Predicted | None,
    classes: list[str],
    history: list[dict],
    facts: dict,
) -> dict:
    """Write history.csv, predictions.parquet, validation.parquet and metrics.json.

    Args:
        folder: exists; the model is already in it.
        test: the test documents (columns id and label) and their probabilities, (documents,
            classes), in the order of the documents and of ``classes``.
        validation: the same of the validation split, by a model that was not fitted on it; None
            where there is no such model, and then no validation.parquet.
        classes: class names, sorted.
        history: a row an epoch; empty for a model that has no epochs.
        facts: what the metrics tell beside the scores.

    Returns:
        What is in metrics.json.
    """
    metrics = _write_predictions(folder / "predictions.parquet", *test, classes)
    metrics |= {"test_documents": len(test[1]), "val_accuracy": None, "val_loss": None}
    if validation:
        watched = _write_predictions(folder / "validation.parquet", *validation, classes)
        metrics |= {f"val_{name}": watched[name] for name in ("accuracy", "loss")}
    pd.DataFrame(history, columns=HISTORY_COLUMNS).to_csv(folder / "history.csv", index=False)
    metrics |= facts | environment()
    write_json(folder / "metrics.json", metrics)
    return metrics


def _write_predictions(
    path: Path, documents: pl.DataFrame, probability: np.ndarray, classes: list[str]
) -> dict:
    """Write columns id, label, predicted and p_<class>, a row a document; return the scores."""
    predicted = probability.argmax(axis=1)
    columns = {f"p_{name}": p for name, p in zip(classes, probability.T, strict=True)}
    documents.select(
        "id",
        pl.col("label").cast(pl.String),
        predicted=pl.Series(classes)[predicted],
        **{name: pl.Series(p, dtype=pl.Float32) for name, p in columns.items()},
    ).write_parquet(path)
    truth = documents["label"].cast(pl.Enum(classes)).to_physical().to_numpy()
    return scores(truth, predicted, probability)


def scores(truth: np.ndarray, predicted: np.ndarray, probability: np.ndarray) -> dict:
    """Return accuracy, macro-averaged F1 over all classes, and log loss in nats.

    Args:
        truth: class numbers, (n,).
        predicted: class numbers, (n,).
        probability: (n, classes).
    """
    return {
        "accuracy": float(np.mean(truth == predicted)),
        "macro_f1": float(class_scores(truth, predicted, probability.shape[1])["f1"].mean()),
        "loss": log_loss(truth, probability),
    }


def log_loss(truth: np.ndarray, probability: np.ndarray) -> float:
    """Return the mean of −ln p(true class) in nats; a p below `SMALLEST` counts as that.

    Args:
        truth: class numbers, (n,).
        probability: (n, classes).
    """
    probability = probability.astype(np.float64)  # float32 rows sum to 1 within 1e-7 only
    probability /= probability.sum(axis=1, keepdims=True)
    return float(-np.log(probability[np.arange(len(truth)), truth].clip(SMALLEST)).mean())


def class_scores(truth: np.ndarray, predicted: np.ndarray, classes: int) -> pd.DataFrame:
    """Return precision, recall, F1 and the number of documents of each class, a row a class.

    What would be 0/0 is 0. These are scikit-learn's figures, to the last digit; to load it for them
    takes longer than all else that is done with a run but its training.

    Args:
        truth: class numbers, (n,).
        predicted: class numbers, (n,).
        classes: how many there are.
    """
    is_of, named = (np.bincount(each, minlength=classes) for each in (truth, predicted))
    right = np.bincount(truth[truth == predicted], minlength=classes)
    return pd.DataFrame(
        {
            "precision": right / np.maximum(named, 1),
            "recall": right / np.maximum(is_of, 1),
            "f1": 2 * right / np.maximum(is_of + named, 1),
            "documents": is_of,
        }
    )


def environment() -> dict:
    """Return CPU time and peak memory of this process so far, and what a figure hangs on."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    return {
        "cpu_seconds": time.process_time(),
        "peak_memory_mb": round(peak / (1e6 if sys.platform == "darwin" else 1e3)),
        "versions": versions(),
        "machine": f"{platform.system()} {platform.machine()}",
        "seq2report": __version__,
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of what computes, of that which is loaded."""
    loaded = [name for name in ("numpy", "sklearn", "tensorflow", "keras") if name in sys.modules]
    return {
        "python": platform.python_version(),
        **{name: sys.modules[name].__version__ for name in loaded},
    }
