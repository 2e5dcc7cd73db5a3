"""scikit-learn pipelines of a variant: built from its settings, saved and loaded without pickle."""

import logging
from copy import copy
from pathlib import Path
from zipfile import ZIP_DEFLATED

import numpy as np
import pandas as pd
import polars as pl
import skops.io
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline, make_pipeline

from seq2report.core.command import UserError
from seq2report.models.layers import build_steps
from seq2report.models.steps import TemperatureScaled, best_temperature

HOLD_STEPS = ("steps", "transformer_list")  # attributes of Pipeline and FeatureUnion
OURS = ("sklearn.", "seq2report.models.steps.")  # what a saved pipeline may hold


def build_pipeline(parts: list[dict], seed: int) -> Pipeline:
    """Return the pipeline of a variant; it gives probabilities.

    Where the last step gives none (a support vector machine), its decision values are scaled by
    one temperature, which `calibrated` finds.

    Args:
        parts: ``pipeline`` of the variant.
        seed: given to each step that takes a random_state and was given none.

    Raises:
        UserError: an unknown step or argument.
    """
    *first, last = seeded(build_steps(parts), seed)
    if not hasattr(last, "predict_proba"):
        last = TemperatureScaled(last)
    return make_pipeline(*first, last)


def fitted(pipeline: Pipeline, documents: pl.DataFrame) -> Pipeline:
    """Return a copy of a pipeline that is fitted on documents, columns text and label.

    Raises:
        UserError: scikit-learn cannot fit it.
    """
    steps, n = " → ".join(pipeline.named_steps), documents.height
    logging.info("fitting %s on %d documents", steps, n)
    labels = documents["label"].to_numpy().astype(str)
    try:
        return clone(pipeline).fit(documents["text"].to_list(), labels)
    except ValueError as error:
        raise UserError(
            f"scikit-learn cannot fit this pipeline to {n} documents: {error}"
        ) from error


def calibrated(
    pipeline: Pipeline, train: pl.DataFrame, validation: pl.DataFrame, classes: list[str]
) -> tuple[Pipeline, np.ndarray]:
    """Fit a pipeline on the training split and have it predict the validation split.

    Args:
        pipeline: of `build_pipeline`.
        train: columns text and label.
        validation: the same.
        classes: class names, sorted.

    Returns:
        A copy of the pipeline that is not fitted and has the temperature that is best for these
        predictions, if it needs one; and the probabilities of the validation documents, (documents,
        classes).

    Raises:
        UserError: scikit-learn cannot fit it.
    """
    model = fitted(pipeline, train)
    if isinstance(model[-1], TemperatureScaled):
        told = validation.filter(pl.col("label").cast(pl.String).is_in(model.classes_.tolist()))
        decision = model.decision_function(told["text"].to_list())
        truth = np.searchsorted(model.classes_, told["label"].to_numpy().astype(str))
        model[-1].temperature = best_temperature(decision, truth)
    return clone(model), probabilities(model, validation, classes)


def probabilities(model: Pipeline, documents: pl.DataFrame, classes: list[str]) -> np.ndarray:
    """Return (documents, classes) float64; a class that no fitted document is of has 0.

    Args:
        model: fitted.
        documents: column text.
        classes: class names, sorted.
    """
    found = np.zeros((documents.height, len(classes)))
    known = np.searchsorted(classes, model.classes_)
    found[:, known] = model.predict_proba(documents["text"].to_list())
    return found


def build_features(parts: list[dict], seed: int) -> Pipeline:
    """Return the steps from text to a vector a document.

    Args:
        parts: ``steps`` of features.
        seed: given to each step that takes a random_state and was given none.

    Raises:
        UserError: an unknown step or argument.
    """
    return make_pipeline(*seeded(build_steps(parts, "steps"), seed))


def seeded(steps: list[BaseEstimator], seed: int) -> list[BaseEstimator]:
    """Give ``seed`` to each step that takes a random_state and was given none; return them."""
    for step in steps:
        for name, value in step.get_params().items():  # those of the steps of a union too
            if name.split("__")[-1] == "random_state" and value is None:
                step.set_params(**{name: seed})
    return steps


def save_pipeline(model: Pipeline, folder: Path) -> None:
    """Write model.skops and vocabulary.parquet (step, term; in the order of the features).

    A step inside a union is told by the names of both, ``featureunion/tfidfvectorizer-1``.
    The vocabulary stands apart because skops describes every entry of a dictionary at length: a
    vocabulary of bigrams inside it outweighs the rest of the model many times.
    """
    terms = [pd.DataFrame({"step": [], "term": []}, dtype=str)]
    for name, step in _vectorizers(model).items():
        ordered = sorted(step.vocabulary_, key=step.vocabulary_.get)
        terms.append(pd.DataFrame({"step": name, "term": ordered}))
    light = _without_vocabularies(model)
    skops.io.dump(light, folder / "model.skops", compression=ZIP_DEFLATED)
    terms = pd.concat(terms)
    terms.to_parquet(folder / "vocabulary.parquet", index=False)


def _vectorizers(step: BaseEstimator, path: tuple[str, ...] = ()) -> dict[str, BaseEstimator]:
    """Return the steps in a step, itself included, that have a vocabulary, by their place in it."""
    found = {"/".join(path): step} if hasattr(step, "vocabulary_") else {}
    for attribute in HOLD_STEPS:
        for name, inner in getattr(step, attribute, []):
            found |= _vectorizers(inner, (*path, name))
    return found


def _without_vocabularies(step: BaseEstimator) -> BaseEstimator:
    """Return a copy of a step that shares all with it but the vocabularies, which are empty."""
    step = copy(step)
    if hasattr(step, "vocabulary_"):
        step.vocabulary_ = {}
    for attribute in HOLD_STEPS:
        if hasattr(step, attribute):
            inner = getattr(step, attribute)
            setattr(step, attribute, [(name, _without_vocabularies(each)) for name, each in inner])
    return step


def load_pipeline(folder: Path) -> Pipeline:
    """Return the pipeline that `save_pipeline` wrote.

    Nothing in it is unpickled; types that are neither known to skops nor scikit-learn's own nor
    ours are refused by skops.
    """
    file = folder / "model.skops"
    unknown = skops.io.get_untrusted_types(file=file)
    model = skops.io.load(file, trusted=[name for name in unknown if name.startswith(OURS)])
    vectorizers = _vectorizers(model)
    for name, terms in pd.read_parquet(folder / "vocabulary.parquet").groupby("step")["term"]:
        vectorizers[name].vocabulary_ = {term: n for n, term in enumerate(terms)}
    return model


def count_parameters(model: Pipeline) -> int:
    """Return how many fitted numbers the last step decides with: coefficients and the like."""
    last = model[-1]
    if isinstance(last, TemperatureScaled):
        last = last.estimator_
    names = ("coef_", "intercept_", "feature_log_prob_", "coefs_", "intercepts_", "dual_coef_")
    fitted = [getattr(last, name, None) for name in names]
    return sum(
        part.size
        for values in fitted
        if values is not None
        for part in (values if isinstance(values, list) else [values])
    )
