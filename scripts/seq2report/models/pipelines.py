"""scikit-learn pipelines of a variant: build from settings, fit, save and load without pickle."""

import json
import re
from collections.abc import Iterator
from copy import copy
from io import BytesIO
from pathlib import Path
from types import FunctionType
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import polars as pl
import skops.io
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline, make_pipeline

from seq2report.core.command import UserError, intact
from seq2report.core.durations import progress
from seq2report.core.excerpts import visible
from seq2report.core.wording import plural
from seq2report.documents.writing import ALONE
from seq2report.models.allowed import foreign_nodes, foreign_parts
from seq2report.models.ensembles import logarithms
from seq2report.models.layers import build_steps
from seq2report.models.steps import TemperatureScaled, best_temperature

MOST_ALONE = 3  # characters, in a word of Chinese or Japanese
Documents = list[str] | np.ndarray | csr_matrix  # texts, or one row of features per document
HOLD_STEPS = ("steps", "transformer_list")  # attributes of Pipeline and FeatureUnion


def build_pipeline(parts: list[dict], seed: int) -> Pipeline:
    """Return the pipeline of a variant, which predicts probabilities.

    If the last step has only decision values (a support vector machine), or probabilities that are
    often equal (`SGDClassifier: {loss: modified_huber}`), its decision values are scaled by a
    temperature; see `calibrated`. ``seed`` is as in `seeded`.

    Raises:
        UserError: an unknown step or argument.
    """
    *first, last = seeded(build_steps(parts), seed)
    if not hasattr(last, "predict_proba") or getattr(last, "loss", "") == "modified_huber":
        last = TemperatureScaled(last)
    return make_pipeline(*first, last)


def fitted(pipeline: Pipeline, x: Documents, labels: np.ndarray) -> Pipeline:
    """Return a copy of a pipeline, fitted on documents and their labels, (n,) str.

    Raises:
        UserError: scikit-learn cannot fit it.
    """
    n, model = len(labels), clone(pipeline)
    *first, last = model.named_steps
    read, classes = plural(n, "documents"), plural(len(set(labels)), "classes")
    size = f"{sum(map(len, x)):,} characters" if isinstance(x, list) else _features(x)
    try:
        if first:
            with progress(f"fitting {' → '.join(first)} on {read}, {size}, {classes}"):
                x = model[:-1].fit_transform(x, labels)
            size = _features(x)
        with progress(f"fitting {last} on {read}, {size}, {classes}"):
            model[-1].fit(x, labels)
    except (TypeError, ValueError) as error:
        message = f"scikit-learn cannot fit this pipeline to {read}: {error}"
        raise UserError(message) from error
    return model


def _features(x: np.ndarray | csr_matrix) -> str:
    return plural(x.shape[1], "features")


def joined_word(model: Pipeline) -> str | None:
    """Return a word if most have many characters of scripts without blanks, as sentences do."""
    for part in (model[0], *dict(getattr(model[0], "transformer_list", ())).values()):
        if getattr(part, "analyzer", "") != "word":
            continue
        words = [word for word in getattr(part, "vocabulary_", ()) if " " not in word]
        joined = [word for word in words if len(re.findall(f"[{ALONE}]", word)) > MOST_ALONE]
        if 2 * len(joined) > len(words):
            return joined[0]
    return None


def calibrated(
    pipeline: Pipeline,
    train: tuple[Documents, np.ndarray],
    validation: tuple[Documents, np.ndarray],
    classes: list[str],
) -> tuple[Pipeline, np.ndarray]:
    """Fit a pipeline on the training split and predict the validation split.

    Both are documents and their labels, (n,) str; the classes are sorted.

    Returns:
        A copy of the pipeline, not fitted, with the best temperature for these predictions if it
        has one; and the probabilities of the validation documents, (documents, classes).

    Raises:
        UserError: scikit-learn cannot fit it.
    """
    model, (x, labels) = fitted(pipeline, *train), validation
    known = np.isin(labels, model.classes_)
    if isinstance(model[-1], TemperatureScaled) and known.any():
        decision = model.decision_function(x)[known]
        truth = np.searchsorted(model.classes_, labels[known])
        model[-1].temperature = best_temperature(decision, truth)
    return clone(model), probabilities(model, x, classes)


def probabilities(model: Pipeline, x: Documents, classes: list[str]) -> np.ndarray:
    """Return (documents, classes) float64; a class without fitted documents has 0."""
    probability = np.zeros((len(x) if isinstance(x, list) else x.shape[0], len(classes)))
    known = np.searchsorted(classes, model.classes_)
    probability[:, known] = model.predict_proba(x)
    return probability


def log_probabilities(model: Pipeline, x: Documents, classes: list[str]) -> np.ndarray:
    """Return the logarithms of `probabilities`.

    A naive Bayes classifier computes them exactly; its probabilities are often rounded to 0 and 1.
    """
    if not hasattr(model[-1], "predict_joint_log_proba"):
        return logarithms(probabilities(model, x, classes))
    exact = np.full((len(x) if isinstance(x, list) else x.shape[0], len(classes)), -np.inf)
    exact[:, np.searchsorted(classes, model.classes_)] = model.predict_log_proba(x)
    return exact


def build_features(parts: list[dict], seed: int) -> Pipeline:
    """Return the pipeline that converts each text to a vector, from the ``steps`` of features.

    Raises:
        UserError: an unknown step or argument.
    """
    return make_pipeline(*seeded(build_steps(parts, "steps"), seed))


def seeded(steps: list[BaseEstimator], seed: int) -> list[BaseEstimator]:
    """Set ``seed`` in each step with a random_state that is not set; return the steps."""
    for step in steps:
        for name, value in step.get_params().items():  # includes the steps of a union
            if name.split("__")[-1] == "random_state" and value is None:
                step.set_params(**{name: seed})
    return steps


def save_pipeline(model: Pipeline, folder: Path) -> None:
    """Write model.skops and vocabulary.parquet (step, term; in the order of the features).

    A step in a union has the names of both, ``featureunion/tfidfvectorizer-1``. The vocabulary is a
    separate file because skops describes each entry of a dictionary in many bytes: a vocabulary of
    bigrams would be many times larger than the rest of the model.
    """
    terms = [pl.DataFrame(schema={"step": pl.String, "term": pl.String})]
    for name, step in _vectorizers(model).items():
        ordered = sorted(step.vocabulary_, key=step.vocabulary_.get)
        terms.append(pl.DataFrame({"term": ordered}).select(pl.lit(name).alias("step"), "term"))
    light = _light(model)
    skops.io.dump(light, folder / "model.skops", compression=ZIP_DEFLATED)
    pl.concat(terms).write_parquet(folder / "vocabulary.parquet")


def _vectorizers(step: BaseEstimator, path: tuple[str, ...] = ()) -> dict[str, BaseEstimator]:
    """Return all steps with a vocabulary in a step, including itself, by their path."""
    vectorizers = {"/".join(path): step} if hasattr(step, "vocabulary_") else {}
    for attribute in HOLD_STEPS:
        for name, inner in getattr(step, attribute, []):
            vectorizers |= _vectorizers(inner, (*path, name))
    return vectorizers


def _light(step: BaseEstimator) -> BaseEstimator:
    """Return a shallow copy of a step without vocabularies and without functions.

    A fitted step no longer needs its functions, such as the score of SelectKBest.
    """
    step = copy(step)
    for name, value in vars(step).items():
        if isinstance(value, FunctionType):
            setattr(step, name, None)
    if hasattr(step, "vocabulary_"):
        step.vocabulary_ = {}
    for attribute in HOLD_STEPS:
        if hasattr(step, attribute):
            inner = getattr(step, attribute)
            setattr(step, attribute, [(name, _light(part)) for name, part in inner])
    return step


def load_pipeline(folder: Path) -> Pipeline:
    """Return the pipeline that `save_pipeline` wrote.

    Nothing is unpickled, and the file may contain only what `allowed` lists. This is checked before
    an object is built, and again afterwards.

    Raises:
        UserError: the file contains anything else.
    """
    file = folder / "model.skops"
    with intact(file):
        content = file.read_bytes()
        with ZipFile(BytesIO(content)) as archive:
            _refuse(file, foreign_nodes(json.loads(archive.read("schema.json"))))
        model = skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
    _refuse(file, foreign_parts(model))
    vectorizers = _vectorizers(model)
    with intact(file := folder / "vocabulary.parquet"):
        for (name,), terms in pl.read_parquet(file).group_by("step", maintain_order=True):
            vectorizers[name].vocabulary_ = {term: n for n, term in enumerate(terms["term"])}
    return model


def _refuse(file: Path, foreign: Iterator[str]) -> None:
    if name := next(foreign, None):
        raise UserError(
            f"{file}: found {visible(name)}, expected only classes that a variant can be built"
            " from; the model is not used. Was it trained by another version? Then train it again"
        )


def count_parameters(model: Pipeline) -> int:
    """Return the number of fitted parameters of the last step, such as coefficients."""
    last = model[-1]
    if isinstance(last, TemperatureScaled):
        last = last.estimator_
    names = ("coef_", "intercept_", "feature_log_prob_", "coefs_", "intercepts_", "dual_coef_")
    values = [getattr(last, name) for name in names if getattr(last, name, None) is not None]
    arrays = [array for value in values for array in (value if type(value) is list else [value])]
    return sum(array.size for array in arrays)
