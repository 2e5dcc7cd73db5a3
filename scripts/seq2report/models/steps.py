"""Pipeline steps that scikit-learn does not have."""

from functools import reduce

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array, diags_array
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.svm import LinearSVC
from sklearn.utils.validation import validate_data

from seq2report.models.ensembles import succession

BOUNDS = (-10.0, 10.0)  # of the logarithm of a temperature


class NaiveBayesSVC(ClassifierMixin, BaseEstimator):
    """NB-SVM: a linear SVM on features times their log-count ratios (Wang and Manning 2012).

    With more than two classes, one problem per class is solved, the class against the rest.
    `CountVectorizer: {binary: true}` gives the features of the paper.

    Args:
        C: weight of the errors, as in LinearSVC.
        alpha: added to the count of each feature in each class, above 0.
        beta: interpolates between naive Bayes (0: all coefficients of the SVM are replaced by
            their mean magnitude) and the SVM (1).
        random_state: of LinearSVC.

    Attributes:
        coef_: weights of the features, (classes, features) float32; one row with two classes, for
            the second one.
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
        self.C, self.alpha, self.beta, self.random_state = C, alpha, beta, random_state

    def fit(self, x: np.ndarray, y: np.ndarray) -> "NaiveBayesSVC":
        """Fit to features, (n, features), dense or sparse, and class names, (n,).

        Raises:
            ValueError: ``alpha`` or a feature that is too small, or fewer than two classes.
        """
        x, y = validate_data(self, x, y, accept_sparse="csr", dtype=np.float64)
        x = _counts(self, x)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"NaiveBayesSVC needs two classes, but all are {self.classes_[0]!r}")
        against_rest = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        self.coef_ = np.empty((len(against_rest), x.shape[1]), dtype=np.float32)
        self.intercept_ = np.empty(len(against_rest))
        scaled = csr_array((np.empty_like(x.data), x.indices, x.indptr), shape=x.shape)
        for n, name in enumerate(against_rest):  # reuses one copy of the features
            ratios = log_count_ratios(x, y == name, self.alpha)
            np.multiply(x.data, ratios[x.indices], out=scaled.data)
            svm = LinearSVC(C=self.C, random_state=self.random_state).fit(scaled, y == name)
            weights = svm.coef_[0]
            mixed = (1 - self.beta) * np.abs(weights).mean() + self.beta * weights
            self.coef_[n], self.intercept_[n] = mixed * ratios, svm.intercept_[0]
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        """Return (n,), positive for the second of two classes; or (n, classes)."""
        x = validate_data(self, x, accept_sparse="csr", reset=False)
        decision = x @ self.coef_.T + self.intercept_
        return decision if len(self.classes_) > 2 else decision[:, 0]

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.classes_[_logits(self.decision_function(x)).argmax(axis=1)]


def _counts(step: BaseEstimator, x: np.ndarray | csr_array) -> csr_array:
    """Return features as counts of a step of naive Bayes.

    Raises:
        ValueError: ``alpha`` is not above 0, or a feature is negative.
    """
    name, counts = type(step).__name__, csr_array(x)
    if not 0 < step.alpha < np.inf:
        raise ValueError(f"{name}.alpha: found {step.alpha}, expected a number above 0")
    if counts.data.min(initial=0) < 0:
        raise ValueError(
            f"{name} counts features, but one of them is negative; HashingVectorizer needs"
            " 'alternate_sign: false'"
        )
    return counts


def log_count_ratios(x: csr_array, is_of: np.ndarray, alpha: float) -> np.ndarray:
    """Return ln((p / |p|) / (q / |q|)), (features,) (Wang and Manning 2012, section 2).

    p and q are the sums of each feature over the documents of a class and over the rest, both plus
    ``alpha``; |·| is the sum over the features. ``is_of``, (n,) bool, marks the documents of the
    class.
    """
    p, q = (alpha + x.T @ rows.astype(np.float64) for rows in (is_of, ~is_of))
    return np.log(p / p.sum()) - np.log(q / q.sum())


class NaiveBayesWeights(TransformerMixin, BaseEstimator):
    """Scale each feature by the weight that it has in NB-SVM.

    The weight is the maximum over the classes of the absolute log-count ratio, the class against
    the rest, of the documents with the feature (Wang and Manning 2012, for two classes; they keep
    the sign, which the next step can learn). ``alpha``, above 0, is added to each count.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, x: csr_array, y: np.ndarray) -> "NaiveBayesWeights":
        has, y = csr_array(_counts(self, x) != 0, dtype=np.float64), np.asarray(y)
        ratios = (log_count_ratios(has, y == name, self.alpha) for name in np.unique(y))
        self.weights_ = reduce(np.maximum, map(np.abs, ratios))
        self.n_features_in_ = x.shape[1]
        return self

    def transform(self, x: csr_array) -> csr_array:
        dtype = np.result_type(x.dtype, np.float32)  # counts are integers, weights are not
        return x @ diags_array(self.weights_.astype(dtype), format="csr")


class TemperatureScaled(ClassifierMixin, BaseEstimator):
    """Probabilities for a classifier with decision values only (Guo et al. 2017).

    They are softmax(decision values / temperature). The class with the highest value is predicted,
    as by `SVC: {break_ties: true}`. With two classes and the decision value d of the second one,
    this is 1 / (1 + exp(-d / temperature)).
    """

    def __init__(self, estimator: ClassifierMixin, temperature: float = 1.0) -> None:
        self.estimator, self.temperature = estimator, temperature

    def fit(self, x: np.ndarray, y: np.ndarray) -> "TemperatureScaled":
        """Fit the estimator without changing the temperature."""
        self.estimator_ = clone(self.estimator).fit(x, y)
        self.classes_ = self.estimator_.classes_
        self.n_features_in_ = self.estimator_.n_features_in_
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        return self.estimator_.decision_function(x)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.classes_[_logits(self.decision_function(x)).argmax(axis=1)]

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return softmax(_logits(self.decision_function(x)) / self.temperature, axis=1)


def best_temperature(decision: np.ndarray, truth: np.ndarray) -> float:
    """Return the temperature with the lowest log loss.

    If all documents are classified correctly, it is that of `ensembles.succession`.
    ``decision`` are the values for validation documents, (n,) or (n, classes), ``truth`` their
    class numbers, (n,).
    """
    logits = _logits(decision)
    true = logits[np.arange(len(truth)), truth]

    def log_loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return (logsumexp(logits / temperature, axis=1) - true / temperature).mean()

    if factor := succession(logits, truth):
        return float(1 / factor)
    return float(np.exp(minimize_scalar(log_loss, bounds=BOUNDS, method="bounded").x))


def _logits(decision: np.ndarray) -> np.ndarray:
    return decision if decision.ndim == 2 else np.stack([np.zeros_like(decision), decision], axis=1)
