"""Steps of pipelines that scikit-learn does not have."""

from functools import reduce

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array, diags_array
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.svm import LinearSVC
from sklearn.utils.validation import validate_data

SMALLEST = np.finfo(np.float64).eps  # margin, for decision values that are all the same
BOUNDS = (-10.0, 10.0)  # of the logarithm of a temperature


class NaiveBayesSVC(ClassifierMixin, BaseEstimator):
    """NB-SVM: a linear SVM on features times their log-count ratios (Wang and Manning 2012).

    With two classes one problem is solved, with more one against the rest for each. The features
    are taken as given: `CountVectorizer: {binary: true}` gives those of the paper.

    Args:
        C: weight of the errors, as in LinearSVC.
        alpha: added to the count of each feature in each class.
        beta: 1 for the coefficients of the SVM, 0 for their mean magnitude instead of each (which
            is naive Bayes), between them a mixture.
        random_state: of LinearSVC.

    Attributes:
        coef_: what a feature as given counts for, (classes, features) float32; one row for two
            classes, for the second one.
        intercept_: (classes,) or (1,).
        classes_: names, sorted.
    """

    def __init__(
        self,
        C: float = 1.0,  # noqa: N803 (its name in scikit-learn)
        alpha: float = 1.0,
        beta: float = 0.25,
        random_state: int | None = None,
    ) -> None:
        self.C = C
        self.alpha = alpha
        self.beta = beta
        self.random_state = random_state

    def fit(self, x: np.ndarray, y: np.ndarray) -> "NaiveBayesSVC":
        """Fit to features, (n, features), sparse or not, none negative, and class names, (n,).

        Raises:
            ValueError: a negative feature, or fewer than two classes.
        """
        x, y = validate_data(self, x, y, accept_sparse="csr", dtype=np.float64)
        x = csr_array(x)
        if x.data.min(initial=0) < 0:
            raise ValueError("NaiveBayesSVC counts features, but one of them is negative")
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"NaiveBayesSVC needs two classes, but all are {self.classes_[0]!r}")
        against_rest = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        self.coef_ = np.empty((len(against_rest), x.shape[1]), dtype=np.float32)
        self.intercept_ = np.empty(len(against_rest))
        scaled = csr_array((np.empty_like(x.data), x.indices, x.indptr), shape=x.shape)
        for n, name in enumerate(against_rest):  # one after the other, all in the same copy
            ratios = log_count_ratios(x, y == name, self.alpha)
            np.multiply(x.data, ratios[x.indices], out=scaled.data)
            svm = LinearSVC(C=self.C, random_state=self.random_state).fit(scaled, y == name)
            weights = svm.coef_[0]
            mixed = (1 - self.beta) * np.abs(weights).mean() + self.beta * weights
            self.coef_[n], self.intercept_[n] = mixed * ratios, svm.intercept_[0]
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        """Return (n,), more than 0 for the second of two classes; or (n, classes)."""
        x = validate_data(self, x, accept_sparse="csr", reset=False)
        decision = x @ self.coef_.T + self.intercept_
        return decision if len(self.classes_) > 2 else decision[:, 0]

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return class names, (n,)."""
        return self.classes_[_logits(self.decision_function(x)).argmax(axis=1)]


def log_count_ratios(x: csr_array, is_of: np.ndarray, alpha: float) -> np.ndarray:
    """Return ln((p / |p|) / (q / |q|)), (features,) (Wang and Manning 2012, section 2).

    p and q are the sums of each feature over the documents of a class and over the rest, both plus
    ``alpha``; |·| is the sum over the features.

    Args:
        x: (n, features), none negative.
        is_of: whether a document is of the class, (n,) bool.
        alpha: more than 0.
    """
    p, q = (alpha + x.T @ rows.astype(np.float64) for rows in (is_of, ~is_of))
    return np.log(p / p.sum()) - np.log(q / q.sum())


class NaiveBayesWeights(TransformerMixin, BaseEstimator):
    """Features, each times how much it tells about the class: the weights of NB-SVM.

    A feature's weight is the largest, over the classes, absolute log-count ratio of the documents
    that have it, the class against the rest (Wang and Manning 2012, with two classes; the sign,
    which they keep, is for what comes after it to learn).

    Args:
        alpha: added to each count.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, x: csr_array, y: np.ndarray) -> "NaiveBayesWeights":
        """Count documents of each class, (n,) ``y``, that have each feature of ``x``, (n, f)."""
        has, y = csr_array(x != 0, dtype=np.float64), np.asarray(y)
        ratios = (log_count_ratios(has, y == name, self.alpha) for name in np.unique(y))
        self.weights_ = reduce(np.maximum, map(np.abs, ratios))
        self.n_features_in_ = x.shape[1]
        return self

    def transform(self, x: csr_array) -> csr_array:
        """Return ``x``, (n, f), each column times its weight, of the type that ``x`` has."""
        return x @ diags_array(self.weights_.astype(x.dtype), format="csr")


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
