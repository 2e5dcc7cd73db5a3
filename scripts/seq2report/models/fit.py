"""Fit networks epoch by epoch, with early stopping and checkpoints."""

import logging
import time
from dataclasses import dataclass

import keras
import numpy as np

from seq2report.core.command import UserError
from seq2report.documents.sequences import Encoded
from seq2report.models.batches import Read, batches, probabilities, shuffled
from seq2report.models.checkpoint import Checkpoint
from seq2report.models.runs import scores
from seq2report.models.variant import Fit

EPOCH = "epoch %d/%d: loss %.4f, accuracy %.4f"


@dataclass(frozen=True)
class Fitted:
    """The results of `fit`, without the weights."""

    history: list[dict]  # rows of history.csv
    best_epoch: int  # the epoch whose weights are kept, counted from 1
    probability: np.ndarray  # of the validation documents with these weights, (n, classes)


def fit(
    model: keras.Model,
    train: tuple[Encoded, np.ndarray],
    validation: tuple[Encoded, np.ndarray],
    read: Read,
    settings: Fit,
    seed: int,
    checkpoint: Checkpoint | None = None,
    metric: str = "accuracy",
) -> Fitted:
    """Fit ``model`` in place; it keeps the weights of the best epoch.

    ``seed`` and the epoch determine the order of the documents, which are read in whole batches;
    the remaining ones differ. With ``patience``, the best epoch has the highest validation
    ``metric``, then the lowest loss, and training stops after that many epochs without a better one
    (early stopping, Prechelt 1998). Otherwise it is the last epoch. The metric is decisive because
    the report compares it; the loss of an overconfident network rises long before accuracy falls.

    ``train`` and ``validation`` are documents and their class numbers, (n,) int64. The training
    resumes from the state of ``checkpoint``.
    """
    checkpoint = checkpoint or Checkpoint()
    progress, patience = checkpoint.progress, settings.patience
    if not progress.refitted:
        checkpoint.restore(model)
    while (epoch := len(progress.history) + 1) <= settings.epochs:
        if patience and epoch > progress.best + patience:
            break
        row, probability = _epoch(model, train, validation, read, settings, seed, epoch)
        progress.history.append(row)
        best = progress.history[progress.best - 1]
        if epoch == 1 or patience is None or _rank(row, metric) > _rank(best, metric):
            progress.best, progress.probability, progress.best_weights = epoch, probability, []
            progress.best_weights = model.get_weights()  # after the former ones are freed
        checkpoint.write(model)
    if not progress.refitted:
        model.set_weights(progress.best_weights)
        progress.best_weights = []  # may be large
    history = [row | {"kept": row["epoch"] == progress.best} for row in progress.history]
    return Fitted(history, progress.best, progress.probability)


def _epoch(
    model: keras.Model,
    train: tuple[Encoded, np.ndarray],
    validation: tuple[Encoded, np.ndarray],
    read: Read,
    settings: Fit,
    seed: int,
    epoch: int,
) -> tuple[dict, np.ndarray]:
    """Fit one epoch; return its row of the history and the validation probabilities."""
    start = time.perf_counter()
    row = {"epoch": epoch} | _fit_epoch(model, train, read, settings, seed, epoch)
    documents, truth = validation
    probability = probabilities(model, documents, read)
    watched = scores(truth, probability.argmax(axis=1), probability)
    row |= {f"val_{name}": value for name, value in watched.items()}
    row["seconds"] = time.perf_counter() - start
    more = ", validation loss %.4f, accuracy %.4f, macro-F1 %.4f, %.1f s"
    names = ("loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "seconds")
    logging.info(EPOCH + more, epoch, settings.epochs, *(row[name] for name in names))
    check_finite(row["val_loss"], epoch)
    return row, probability


def _rank(row: dict, metric: str) -> tuple[float, float]:
    return row[f"val_{metric}"], -row["val_loss"]


def refit(
    model: keras.Model,
    train: tuple[Encoded, np.ndarray],
    read: Read,
    settings: Fit,
    seed: int,
    epochs: int,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Fit ``model`` in place for ``epochs`` epochs, without validation.

    With training and validation documents, and the best epoch of an earlier `fit`, this is
    algorithm 7.2 of Goodfellow et al., Deep Learning (2016). Other arguments are as in `fit`.
    """
    checkpoint = checkpoint or Checkpoint()
    checkpoint.restore(model)
    for epoch in range(checkpoint.progress.refitted + 1, epochs + 1):
        row = _fit_epoch(model, train, read, settings, seed, epoch)
        logging.info(EPOCH, epoch, epochs, *row.values())
        checkpoint.progress.refitted = epoch
        checkpoint.write(model)


def _fit_epoch(
    model: keras.Model,
    train: tuple[Encoded, np.ndarray],
    read: Read,
    settings: Fit,
    seed: int,
    epoch: int,
) -> dict[str, float]:
    """Fit one epoch; return its mean loss and accuracy."""
    documents, truth = train
    size = min(settings.batch_size, len(truth))
    data = batches(documents, read, shuffled(documents, size, seed, epoch), size, truth)
    is_balanced = settings.class_weight == "balanced"
    weights = balanced(truth, model.output_shape[-1]) if is_balanced else None
    fitted = model.fit(data, shuffle=False, verbose=0, class_weight=weights).history
    check_finite(fitted["loss"][0], epoch)
    return {name: fitted[name][0] for name in ("loss", "accuracy")}


def balanced(truth: np.ndarray, classes: int) -> dict[int, float]:
    """Return the weight of a document of each class, so that all classes have the same total.

    n / (k × n_c) for n documents, n_c of them of the class, and k classes with documents, as
    scikit-learn defines ``class_weight="balanced"``; 1 for a class without documents. ``truth``
    are class numbers, (n,) int64.
    """
    sizes = np.bincount(truth, minlength=classes)
    weights = len(truth) / (np.count_nonzero(sizes) * np.maximum(sizes, 1))
    return dict(enumerate(np.where(sizes, weights, 1.0).tolist()))


def check_finite(loss: float, epoch: int) -> None:
    """Raise `UserError` if the loss of an epoch, or what was computed after it, is no number."""
    if not np.isfinite(loss):
        raise UserError(
            f"the loss became {loss} in epoch {epoch}: try a lower learning rate, as in"
            " fit: {optimizer: {RMSprop: {learning_rate: 0.0001}}}"
        )
