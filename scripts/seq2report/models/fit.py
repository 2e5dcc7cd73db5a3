"""Networks, fitted: one epoch after the other, with early stopping and checkpoints."""

import logging
import time
from dataclasses import dataclass

import keras
import numpy as np

from seq2report.core.command import UserError
from seq2report.documents.sequences import Encoded
from seq2report.models.batches import Read, batches, probabilities
from seq2report.models.checkpoint import Checkpoint, Progress
from seq2report.models.runs import log_loss
from seq2report.models.variant import Fit


@dataclass(frozen=True)
class Fitted:
    """What a training leaves beside the weights of the epoch that was kept.

    Attributes:
        history: the rows of history.csv.
        best_epoch: the one whose weights were kept, counted from 1.
        probability: of the documents that were watched, with these weights, (n, classes).
    """

    history: list[dict]
    best_epoch: int
    probability: np.ndarray


def fit(
    model: keras.Model,
    train: tuple[Encoded, np.ndarray],
    validation: tuple[Encoded, np.ndarray],
    read: Read,
    settings: Fit,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> Fitted:
    """Fit ``model`` in place and leave the weights of the best epoch in it.

    Each epoch sees the training documents in an order that ``seed`` and the epoch alone decide,
    in whole batches (the fewer than ``batch_size`` documents left over are others every epoch).
    With ``patience`` the best epoch is that of the highest validation accuracy (of equals, the
    lowest validation loss), and training stops after so many epochs without a better one (early
    stopping, Prechelt 1998); without it, it is the last epoch. Accuracy, because that is what the
    report compares: the validation loss of a network that grows too sure of itself rises long
    before its accuracy falls.

    Args:
        model: of `build_model`, compiled by `compile_model`.
        train: documents and their class numbers, (n,) int64.
        validation: the same for the validation split.
        read: see `batches`.
        settings: of the variant.
        seed: decides the order of the documents.
        checkpoint: where a training that was broken off goes on from, and what is written.
    """
    patience = settings.patience
    checkpoint = checkpoint or Checkpoint()
    progress = checkpoint.progress
    if not progress.refitted:
        checkpoint.restore(model)
    while not _is_over(progress, settings):
        start, epoch = time.perf_counter(), len(progress.history) + 1
        row = {"epoch": epoch} | _fit_epoch(model, train, read, settings, seed, epoch)
        p = probabilities(model, validation[0], read)
        row |= {
            "val_loss": log_loss(validation[1], p),
            "val_accuracy": float((p.argmax(axis=1) == validation[1]).mean()),
            "seconds": time.perf_counter() - start,
        }
        progress.history.append(row)
        logging.info(
            "epoch %d/%d: loss %.4f, accuracy %.4f, validation loss %.4f, accuracy %.4f, %.1f s",
            epoch,
            settings.epochs,
            *(row[key] for key in ("loss", "accuracy", "val_loss", "val_accuracy", "seconds")),
        )
        _check_finite(row["val_loss"], epoch)
        best = progress.history[progress.best - 1]
        if epoch == 1 or patience is None or _rank(row) > _rank(best):
            progress.best, progress.probability = epoch, p
            progress.best_weights = model.get_weights()
        checkpoint.write(model)
    if not progress.refitted:
        model.set_weights(progress.best_weights)
        progress.best_weights = []  # which may be large
    history = [row | {"kept": row["epoch"] == progress.best} for row in progress.history]
    return Fitted(history, progress.best, progress.probability)


def _is_over(progress: Progress, settings: Fit) -> bool:
    """Say whether all epochs were fitted, or as many without a better one as there is patience."""
    epochs, patience = len(progress.history), settings.patience
    impatient = patience is not None and epochs - progress.best >= patience
    return impatient or epochs == settings.epochs


def refit(
    model: keras.Model,
    train: tuple[Encoded, np.ndarray],
    read: Read,
    settings: Fit,
    seed: int,
    epochs: int,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Fit ``model`` in place for so many epochs, without looking at anything meanwhile.

    With training and validation documents, and the best epoch that `fit` found on one watched by
    the other, this is algorithm 7.2 of Goodfellow et al., Deep Learning (2016). Other arguments
    are as in `fit`.
    """
    checkpoint = checkpoint or Checkpoint()
    checkpoint.restore(model)
    for epoch in range(checkpoint.progress.refitted + 1, epochs + 1):
        row = _fit_epoch(model, train, read, settings, seed, epoch)
        logging.info("epoch %d/%d: loss %.4f, accuracy %.4f", epoch, epochs, *row.values())
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
    """Fit ``model`` in place for one epoch, and return its loss and accuracy on the way."""
    documents, truth = train
    order = np.random.default_rng([seed, epoch]).permutation(len(truth))
    size = min(settings.batch_size, len(truth))
    data = batches(documents, read, order, size, truth)
    weights = None
    if settings.class_weight == "balanced":
        weights = balanced(truth, model.output_shape[-1])
    fitted = model.fit(data, shuffle=False, verbose=0, class_weight=weights).history
    _check_finite(fitted["loss"][0], epoch)
    return {name: fitted[name][0] for name in ("loss", "accuracy")}


def balanced(truth: np.ndarray, classes: int) -> dict[int, float]:
    """Return what a document of each class counts, so that all classes count alike in the loss.

    n / (k × n_c) for n documents, n_c of them of the class, and k classes that there are documents
    of, as scikit-learn has it for ``class_weight="balanced"``; 1 for a class without documents.

    Args:
        truth: class numbers, (n,) int64.
        classes: how many there are.
    """
    sizes = np.bincount(truth, minlength=classes)
    weights = len(truth) / (np.count_nonzero(sizes) * np.maximum(sizes, 1))
    return dict(enumerate(np.where(sizes, weights, 1.0).tolist()))


def _check_finite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise UserError(
            f"the loss became {loss} in epoch {epoch}: try a lower learning rate, as in"
            " fit: {optimizer: {RMSprop: {learning_rate: 0.0001}}}"
        )


def _rank(row: dict) -> tuple[float, float]:
    return row["val_accuracy"], -row["val_loss"]
