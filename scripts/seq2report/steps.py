"""Steps of pipelines that scikit-learn does not have."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone

SMALLEST = np.finfo(np.float64).eps  # margin, for decision values that are all the same
BOUNDS = (-10.0, 10.0)  # of the logarithm of a temperature


class TemperatureScaled(ClassifierMixin, BaseEstimator):
    """A classifier that has decision values alone, given probabilities (Guo et al. 2017).

    They are softmax(decision values / temperature), which leaves the decisions as they are; with
    two classes, whose decision value d is that of the second one, 1 / (1 + exp(-d / temperature)).

    Args:
        estimator: not fitted; `fit` fits a copy of it.
        temperature: more than 0; see `best_temperature`.
    """

    def __init__(self, estimator: ClassifierMixin, temperature: float = 1.0) -> None:
        self.estimator = estimator
        self.temperature = temperature

    def fit(self, x: np.ndarray, y: np.ndarray) -> "TemperatureScaled":
        """Fit the estimator; the temperature stays."""
        self.estimator_ = clone(self.estimator).fit(x, y)
        self.classes_ = self.estimator_.classes_
        self.n_features_in_ = self.estimator_.n_features_in_
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        """Return what the estimator decides by: (n,) for two classes, or else (n, classes)."""
        return self.estimator_.decision_function(x)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the classes that the estimator decides for, (n,)."""
        return self.estimator_.predict(x)

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities, (n, classes)."""
        return softmax(_logits(self.decision_function(x)) / self.temperature, axis=1)


def best_temperature(decision: np.ndarray, truth: np.ndarray) -> float:
    """Return the temperature whose probabilities have the lowest log loss.

    Where all n documents are right, the log loss falls as long as the temperature does, down to 0,
    and a mistake on another document would then cost without end. By the rule of succession the
    next one is right with odds of n + 1 to 1: these are given to a document of the median margin.

    Args:
        decision: of documents that the estimator was not fitted on, (n,) or (n, classes).
        truth: their class numbers, (n,).
    """
    logits = _logits(decision)
    true = logits[np.arange(len(truth)), truth]

    def log_loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return (logsumexp(logits / temperature, axis=1) - true / temperature).mean()

    if (logits.argmax(axis=1) == truth).all():
        second, first = np.sort(logits, axis=1)[:, -2:].T
        return float(max(np.median(first - second), SMALLEST) / np.log(len(truth) + 1))
    return float(np.exp(minimize_scalar(log_loss, bounds=BOUNDS, method="bounded").x))


def _logits(decision: np.ndarray) -> np.ndarray:
    return decision if decision.ndim == 2 else np.stack([np.zeros_like(decision), decision], axis=1)
