"""Write the run folder, which has the same files for every kind of model.

The folder contains everything that its model needs for predictions, so that it can be copied to
another machine: the files of `MODEL`, and in an ensemble those of each member in
``members/<variant>``.
"""

import argparse
import csv
import logging
import platform
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from hashlib import file_digest
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core.command import (
    UserError,
    damaged,
    intact,
    read_json,
    replacing,
    write_json,
)
from seq2report.core.stored import read_table
from seq2report.core.version import __version__
from seq2report.documents.subsets import DRAWN, numbers
from seq2report.models.variant import DIGESTS, FEATURES, Input

SMALLEST = np.finfo(np.float64).eps  # lower bound of a probability in a log loss
METRICS = ("accuracy", "balanced_accuracy", "macro_f1")  # by which models can be compared
HISTORY_COLUMNS = ["epoch", "loss", "accuracy", "val_loss", *(f"val_{name}" for name in METRICS)]
HISTORY_COLUMNS += ["seconds", "kept"]
# Documents and their probabilities, (documents, classes); or class numbers, (documents,), without.
Predicted = tuple[pl.DataFrame, np.ndarray]
# Files and a folder of a run that describe its model, and that its predictions need.
MODEL = ("run.json", "metrics.json", "model.keras", "model.skops", "vocabulary.parquet", "features")
MODEL += ("tokenizer.json", "encoder.json", "ensemble.json", DIGESTS)


def about_run(args: argparse.Namespace, **more: object) -> dict:
    """Return the content of run.json, which has no date, from the arguments of a command.

    ``args`` has output, settings, seed, labels, corpus and circumstances (name, sample, split and
    header of the corpus); ``more`` are facts of one kind of model.
    """
    corpus, documents = read_json(args.corpus), {}
    for row in corpus["counts"]:
        documents[row["split"]] = documents.get(row["split"], 0) + row["documents"]
    facts = {"documents": documents, "digest": corpus["digest"]}
    if getattr(args, "labels", None) is not None:  # of a command that trains
        drawn = dict(zip(DRAWN, numbers(args.labels, corpus["counts"]), strict=True))
        more = {"labels": {"size": args.labels, **drawn}} | more
    return {
        "variant": variant_of(args.output),
        "seed": args.seed,
        "settings": args.settings,
        "classes": corpus["classes"],
        "corpus": args.circumstances | facts,
        **more,
        "versions": versions(),
        "seq2report": __version__,
    }


def variant_of(run: Path) -> str:
    """Return the variant of a run folder, <variant>/seed-<n> or …/labels-<size>/seed-<n>."""
    folder = run.parent
    return (folder.parent if folder.name.startswith("labels-") else folder).name


def durations(fit: tuple[float, float], predict: tuple[float, float]) -> dict[str, float]:
    """Return seconds and CPU seconds of fitting and prediction, with their names in metrics."""
    names = ("fit_seconds", "fit_cpu_seconds", "predict_seconds", "predict_cpu_seconds")
    return dict(zip(names, (*fit, *predict), strict=True))


def fit_cost(metrics: dict, of: str = "fit") -> float | None:
    """Return the CPU seconds of a training by its metrics, or None if they are unknown.

    If a GPU was used, they are wall-clock seconds: CPU time lacks that of the GPU. ``of`` can be
    ``features``, for the share of the features that it reads.
    """
    is_on_cpu = metrics.get("device") in ("CPU", None)
    return metrics.get(f"{of}_cpu_seconds" if is_on_cpu else f"{of}_seconds")


def copy_model(run: Path, folder: Path) -> None:
    """Copy the files of `MODEL` from a run folder to a new folder."""
    folder.mkdir(parents=True)
    for part in (run / name for name in MODEL):
        if part.is_dir():
            shutil.copytree(part, folder / part.name)
        elif part.is_file():
            shutil.copy(part, folder)


def write_digests(run: Path) -> None:
    """Write `DIGESTS`, one line per file of a run folder: digest, two blanks, path."""
    files = sorted(file for file in run.rglob("*") if file.is_file() and file.name != DIGESTS)
    lines = (f"{_digest(file)}  {file.relative_to(run).as_posix()}\n" for file in files)
    (run / DIGESTS).write_text("".join(lines), encoding="utf-8")


def check_digests(run: Path, *names: str) -> None:
    """Compare files of a run folder, by default those of `MODEL`, with `DIGESTS`.

    A missing file is left to its reader.

    Raises:
        UserError: a file has other bytes than after the training.
    """
    with intact(run / DIGESTS):
        lines = (run / DIGESTS).read_text(encoding="utf-8").splitlines()
        digests = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    for file in map(run.joinpath, names) if names else _model_files(run):
        if (name := file.relative_to(run).as_posix()) not in digests:
            raise damaged(run / DIGESTS, f"it lacks {name}")
        with intact(file):
            is_changed = file.is_file() and _digest(file) != digests[name]
        if is_changed:
            raise damaged(file, f"it has other bytes than its digest in {DIGESTS}")


def checked(file: Path) -> Path:
    """Return a file directly in a run folder, after `check_digests`."""
    check_digests(file.parent, file.name)
    return file


def read_predictions(runs: Iterable[Path]) -> Iterator[tuple[Path, pl.DataFrame]]:
    """Yield each run folder and its predictions.parquet, sorted by id.

    Raises:
        UserError: two runs have different test documents or labels.
    """
    first = documents = None
    for run in runs:
        table = read_table(file := checked(run / "predictions.parquet")).sort("id")
        about = table.select("id", "label")
        if documents is None:
            first, documents = file, about
        elif not about.equals(documents):
            raise UserError(
                f"{file}: found other test documents or labels than in {first}, expected the same;"
                " train both again on the same corpus"
            )
        yield run, table


def class_numbers(names: pl.Series, classes: list[str]) -> np.ndarray:
    """Return the numbers of class names, (n,) int32."""
    return names.cast(pl.Enum(classes)).to_physical().cast(pl.Int32).to_numpy()


def _model_files(run: Path) -> Iterator[Path]:
    for part in (run / name for name in MODEL if name != DIGESTS):
        if part.is_symlink() and part.is_dir():  # which could lead to the whole disk
            raise damaged(part, "it is a link to another folder")
        files = (file for file in (part, *part.rglob("*")) if file.is_file())
        yield from (file for file in files if not file.name.startswith("."))  # of a file manager


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def with_features(facts: dict, folder: Path, predicted: int) -> dict:
    """Return facts of metrics.json that include the features in ``folder``.

    Their time is added to the durations, and the parameters of a frozen encoder to the parameters;
    features_seconds and features_cpu_seconds are their shares of fit_seconds and fit_cpu_seconds.
    ``predicted`` is the number of test documents.
    """
    file = folder / "cost.json"
    cost = read_json(file)
    frozen = read_json(folder / "features.json").get("parameters", 0)
    names = ("parameters", "frozen_parameters")
    facts = facts | {name: facts[name] + frozen for name in names}
    with intact(file):
        fitted = {"fit": facts["fitted_documents"], "predict": predicted}
        added = {
            f"{kind}_{name}": (kind == "fit") * cost["fit"][name] + n * cost["document"][name]
            for kind, n in fitted.items()
            for name in ("seconds", "cpu_seconds")
        }
    facts |= {f"features_{name}": added[f"fit_{name}"] for name in ("seconds", "cpu_seconds")}
    return facts | {name: facts[name] + seconds for name, seconds in added.items()}


def copy_features(features: Path, settings: Input, run: Path) -> None:
    """Copy what converts texts to features to the folder ``features`` of a run."""
    (run / "features").mkdir()
    for name in FEATURES[settings.form]:
        shutil.copy(features / name, run / "features")


def save_run(
    folder: Path,
    about: dict,
    save_model: Callable[[Path], None],
    test: Predicted,
    validation: Predicted | None,
    facts: dict,
    history: list[dict] | None = None,
) -> None:
    """Replace a run folder as a whole, and log the scores.

    ``about`` is the content of run.json, and ``save_model`` writes the model to a folder. Other
    arguments are as in `write_run`.
    """
    with replacing(folder) as part:
        part.mkdir()
        write_json(part / "run.json", about)
        save_model(part)
        metrics = write_run(part, test, validation, about["classes"], history or [], facts)
    logging.info("test accuracy %(accuracy).4f, macro-F1 %(macro_f1).4f", metrics)


def write_run(
    folder: Path,
    test: Predicted,
    validation: Predicted | None,
    classes: list[str],
    history: list[dict],
    facts: dict,
) -> dict:
    """Write history.csv, predictions.parquet, validation.parquet and metrics.json to a folder.

    `DIGESTS` is written at last.

    Args:
        test: test documents (columns id and label) and their probabilities or classes.
        validation: the same for the validation split, by a model that was not fitted on it; None
            without such a model, and then there is no validation.parquet. Without documents, it has
            no rows.
        classes: class names, sorted.
        history: one row per epoch; empty for a model without epochs.
        facts: content of the metrics in addition to the scores. ``peak_memory_mb`` is the lower
            bound of the reported peak; with None, none is reported.

    Returns:
        The content of metrics.json.
    """
    metrics = _write_predictions(folder / "predictions.parquet", *test, classes)
    watched = dict.fromkeys(metrics)
    if validation:
        watched = _write_predictions(folder / "validation.parquet", *validation, classes)
    metrics |= {"test_documents": len(test[1])}
    metrics |= {f"val_{name}": value for name, value in watched.items()}
    with (folder / "history.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, HISTORY_COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(history)
    metrics |= facts | environment(facts.get("peak_memory_mb", 0))
    write_json(folder / "metrics.json", metrics)
    write_digests(folder)
    return metrics


def _write_predictions(
    path: Path, documents: pl.DataFrame, answers: np.ndarray, classes: list[str]
) -> dict:
    """Write id, label, predicted and p_<class>, one row per document; return the scores.

    Without probabilities, ``answers`` are class numbers, and there is no p_<class>. All scores are
    None without documents.
    """
    has_probabilities = answers.ndim > 1
    predicted = answers.argmax(axis=1) if has_probabilities else answers
    columns = zip(classes, answers.T, strict=True) if has_probabilities else ()
    documents.select(
        "id",
        pl.col("label").cast(pl.String),
        predicted=pl.Series(classes)[predicted],
        **{f"p_{name}": pl.Series(p, dtype=pl.Float32) for name, p in columns},
    ).write_parquet(path)
    truth = class_numbers(documents["label"], classes)
    if not len(truth):
        return dict.fromkeys((*METRICS, "loss"))
    if has_probabilities:
        return scores(truth, predicted, answers)
    return label_scores(truth, predicted, len(classes)) | {"loss": None}


def scores(truth: np.ndarray, predicted: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Return `label_scores` and log loss in nats; ``probability`` is (n, classes)."""
    loss = log_loss(truth, probability)
    return label_scores(truth, predicted, probability.shape[1]) | {"loss": loss}


def label_scores(truth: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, float]:
    """Return `METRICS`.

    Balanced accuracy is the mean recall and macro-F1 the mean F1 of the classes with documents.
    ``truth`` and ``predicted`` are class numbers, (n,).
    """
    of_classes = class_scores(truth, predicted, classes)
    return {
        "accuracy": float(np.mean(truth == predicted)),
        "balanced_accuracy": float(np.nanmean(of_classes["recall"])),
        "macro_f1": float(np.nanmean(of_classes["f1"])),
    }


def log_loss(truth: np.ndarray, probability: np.ndarray) -> float:
    """Return the mean of −ln p(true class) in nats; p, (n, classes), is clipped to `SMALLEST`."""
    probability = probability.astype(np.float64)  # float32 rows sum to 1 within 1e-7 only
    probability /= probability.sum(axis=1, keepdims=True)
    return float(-np.log(probability[np.arange(len(truth)), truth].clip(SMALLEST)).mean())


def class_scores(truth: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Return precision, recall, f1 and number of documents of each class, (classes,); 0/0 is 0.

    A class without documents has no scores (NaN): no answer for it can be right. The others equal
    those of scikit-learn to the last digit. Loading scikit-learn or pandas for them would take
    longer than everything else that is done with a run after training. ``truth`` and ``predicted``
    are class numbers, (n,).
    """
    documents, answers = (np.bincount(n, minlength=classes) for n in (truth, predicted))
    right = np.bincount(truth[truth == predicted], minlength=classes)
    precision, recall = (right / np.maximum(total, 1) for total in (answers, documents))
    f1 = 2 * right / np.maximum(documents + answers, 1)
    columns = {"precision": precision, "recall": recall, "f1": f1}
    for column in columns.values():
        column[documents == 0] = np.nan
    return columns | {"documents": documents}


def environment(least_mb: int | None = 0) -> dict:
    """Return CPU time and peak memory of this process so far, versions and machine.

    ``least_mb`` is a lower bound of the peak; with None, none is reported.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    peak_mb = round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6)
    return {
        "cpu_seconds": time.process_time(),
        "peak_memory_mb": None if least_mb is None else max(peak_mb, least_mb),
        "versions": versions(),
        "machine": f"{platform.system()} {platform.machine()}",
        "seq2report": __version__,
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the numerical libraries that are loaded."""
    loaded = [name for name in ("numpy", "sklearn", "tensorflow", "keras") if name in sys.modules]
    return {
        "python": platform.python_version(),
        **{name: sys.modules[name].__version__ for name in loaded},
    }
