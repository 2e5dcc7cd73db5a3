"""Ensembles: combine the probabilities that several models predict for the same documents."""

import logging
from pathlib import Path

import numpy as np
import polars as pl
from scipy.optimize import minimize
from scipy.special import log_softmax

from seq2report.core.command import UserError
from seq2report.core.stored import read_table
from seq2report.models.runs import SMALLEST, checked

LEAST = 1e-4  # of the sum of a stack's weights: 32-bit probabilities still rank the classes


def vote(probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean of the members' probabilities, a soft vote: Σ_m w_m p_m.

    It is the linear opinion pool (Genest & Zidek 1986, Combining probability distributions,
    Statistical Science 1). ``probability`` is (members, documents, classes), ``weights``
    (members,), of sum 1; the result is (documents, classes) float64.
    """
    return sum(np.float64(w) * member for w, member in zip(weights, probability, strict=True))


def stack(probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the log-linear pool of the members' probabilities: p ∝ Π_m p_m^w_m.

    It is the logarithmic opinion pool (Genest & Zidek 1986, Combining probability distributions,
    Statistical Science 1). The sum of the weights acts like a temperature: a higher sum gives more
    confident probabilities. Shapes are as in `vote`; probabilities are clipped to `SMALLEST`.
    """
    return np.exp(_pooled(weights, probability))


def _pooled(weights: np.ndarray, probability: np.ndarray) -> np.ndarray:
    return log_softmax(vote(map(logarithms, probability), weights), axis=1)


def logarithms(probability: np.ndarray) -> np.ndarray:
    """Return the logarithms, float64, of probabilities that are clipped to `SMALLEST`."""
    return np.log(probability.astype(np.float64).clip(SMALLEST))


def pool_loss(
    weights: np.ndarray, probability: np.ndarray, truth: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the mean log loss of `stack` in nats and its gradient with respect to the weights.

    With q the pool and y the true class of a document, the derivative for w_m is the mean over
    documents of Σ_c q_c log p_mc - log p_my. The loss is convex in the weights. ``probability`` is
    p, (members, documents, classes), ``truth`` class numbers, (documents,). The logarithms of one
    member are in memory at a time.
    """
    pooled = _pooled(weights, probability)
    true = np.arange(len(truth)), truth
    loss = -pooled[true].mean()
    residual = np.exp(pooled)
    residual[true] -= 1
    gradient = [np.vdot(logarithms(member), residual) for member in probability]
    return loss, np.array(gradient) / len(truth)


def equal_weights(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return 1/M for each of the M members; a vote does not learn from the documents."""
    return np.full(len(probability), 1 / len(probability))


def stacking_weights(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the non-negative weights with which `stack` has the lowest log loss.

    This is stacking (Wolpert 1992, Stacked generalization, Neural Networks 5): the weights are
    learned from validation documents, on which the members were not fitted. If the pool classifies
    all of them correctly, the weights have no upper limit; see `succession`. Their sum is at least
    `LEAST`: if all members mislead on a few documents, the lowest loss is that of weights of 0,
    which give every document the first class. ``probability`` is (members, documents, classes),
    ``truth`` class numbers, (documents,).
    """
    equal = equal_weights(probability, truth)
    result = minimize(
        pool_loss,
        equal,
        args=(probability, truth),
        method="L-BFGS-B",
        jac=True,
        bounds=[(0, None)] * len(probability),
    )
    logging.info("weights after %d steps: %s", result.nit, result.message)
    weights = result.x if result.x.sum() > LEAST else LEAST * equal
    return weights * (succession(_pooled(weights, probability), truth) or 1)


def succession(logits: np.ndarray, truth: np.ndarray) -> float | None:
    """Return the factor of logits that classify all n documents correctly, otherwise None.

    The log loss then has its infimum at an infinite factor, with an infinite loss for a mistake on
    a new document. By the rule of succession, the next document is correct with odds of n + 1 to 1;
    the factor gives these odds to the median margin. It is None, too, if this margin is 0: there,
    the class was not decided. ``logits`` are (documents, classes), ``truth`` class numbers,
    (documents,).
    """
    second, first = np.sort(logits, axis=1)[:, -2:].T
    margin = np.median(first - second)
    is_right = (logits.argmax(axis=1) == truth).all()
    return np.log(len(truth) + 1) / margin if is_right and margin > 0 else None


METHODS = {"vote": (equal_weights, vote), "stack": (stacking_weights, stack)}  # to fit, to predict


def read_members(files: list[Path]) -> tuple[pl.DataFrame, list[str], np.ndarray]:
    """Return the predictions in predictions.parquet or validation.parquet of several models.

    They are the columns id and label of the documents, the classes, and the probabilities,
    (members, documents, classes) float32, as in the files.

    Raises:
        UserError: two files differ in their documents, their order, or their classes, or one has
            no probabilities.
    """
    tables = [read_table(checked(file)) for file in files]
    columns = [[name for name in table.columns if name.startswith("p_")] for table in tables]
    documents = tables[0].select("id", "label")
    for file, names in zip(files, columns, strict=True):
        if not names:
            raise UserError(
                f"{file}: found labels without probabilities, which an ensemble cannot combine;"
                " remove this member"
            )
    for file, table, names in zip(files, tables, columns, strict=True):
        same = {
            "the same classes": names == columns[0],
            "the same documents in the same order": table.select("id", "label").equals(documents),
        }
        for expected, is_met in same.items():
            if not is_met:
                raise UserError(
                    f"{files[0]} and {file}: expected {expected} in both; train both members"
                    " again on one corpus"
                )
    probability = np.stack([table.select(columns[0]).to_numpy() for table in tables])
    classes = [name.removeprefix("p_") for name in columns[0]]
    return documents, classes, probability
