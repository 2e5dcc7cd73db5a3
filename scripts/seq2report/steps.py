"""Steps of pipelines that scikit-learn does not have."""

import numpy as np
import scipy.sparse
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone

SMALLEST = np.finfo(np.float64).eps  # margin, for decision values that are all the same
BOUNDS = (-10.0, 10.0)  # of the logarithm of a temperature


class NaiveBayesWeights(TransformerMixin, BaseEstimator):
    """Features, each times how much it tells about the class: the weights of NB-SVM.

    A feature's weight is the largest, over the classes, absolute log-count ratio of the class
    against the rest: how many documents of each have the feature, smoothed by ``alpha``, as shares
    of all such counts (Wang & Manning 2012, with two classes; the sign, which they keep, is
    learned by what comes after it).

    Args:
        alpha: added to each count.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, x: scipy.sparse.csr_matrix, y: np.ndarray) -> "NaiveBayesWeights":
        """Count documents of each class, (n,) ``y``, that have each feature of ``x``, (n, f)."""
        names, of = np.unique(y, return_inverse=True)
        member = scipy.sparse.csr_matrix((np.ones(len(of)), (of, np.arange(len(of)))))
        inside = (member @ (x != 0).astype(np.float64)).toarray() + self.alpha
        outside = inside.sum(axis=0) - inside + self.alpha * (2 - len(names))
        shares = (count / count.sum(axis=1, keepdims=True) for count in (inside, outside))
        self.weights_ = np.abs(np.subtract(*map(np.log, shares))).max(axis=0)
        self.n_features_in_ = len(self.weights_)
        return self

    def transform(self, x: scipy.sparse.csr_matrix) -> scipy.sparse.csr_matrix:
        """Return ``x``, (n, f), each column times its weight, of the type that ``x`` has."""
        return x @ scipy.sparse.diags(self.weights_.astype(x.dtype), format="csr")


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
