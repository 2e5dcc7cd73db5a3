"""scikit-learn pipelines of a variant: built from its settings, saved and loaded without pickle."""

import logging
from copy import copy
from pathlib import Path
from zipfile import ZIP_DEFLATED

import numpy as np
import pandas as pd
import polars as pl
import skops.io
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline, make_pipeline

from seq2report.command import UserError
from seq2report.layers import build_steps


def build_pipeline(parts: list[dict], seed: int) -> Pipeline:
    """Return the pipeline of a variant; it gives probabilities.

    Where the last step gives none (a support vector machine), its decision values are scaled by
    one temperature found in cross-validation on the training documents, which leaves its
    decisions as they are (Guo et al. 2017).

    Args:
        parts: ``pipeline`` of the variant.
        seed: given to each step that takes a random_state and was given none.

    Raises:
        UserError: an unknown step or argument.
    """
    *first, last = build_steps(parts)
    for step in (*first, last):
        if step.get_params().get("random_state", seed) is None:
            step.set_params(random_state=seed)
    if not hasattr(last, "predict_proba"):
        # Three folds, not five: one number is fitted, and each fold is a training of its own.
        last = CalibratedClassifierCV(last, method="temperature", ensemble=False, cv=3)
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


def save_pipeline(model: Pipeline, folder: Path) -> None:
    """Write model.skops and vocabulary.parquet (step, term; in the order of the features).

    The vocabulary stands apart because skops describes every entry of a dictionary at length: a
    vocabulary of bigrams inside it outweighs the rest of the model many times.
    """
    terms, steps = [], []
    for name, step in model.steps:
        if hasattr(step, "vocabulary_"):
            ordered = sorted(step.vocabulary_, key=step.vocabulary_.get)
            terms.append(pd.DataFrame({"step": name, "term": ordered}))
            step = copy(step)
            step.vocabulary_ = {}
        steps.append((name, step))
    skops.io.dump(Pipeline(steps), folder / "model.skops", compression=ZIP_DEFLATED)
    terms = pd.concat(terms) if terms else pd.DataFrame({"step": [], "term": []}, dtype=str)
    terms.to_parquet(folder / "vocabulary.parquet", index=False)


def load_pipeline(folder: Path) -> Pipeline:
    """Return the pipeline that `save_pipeline` wrote.

    Nothing in it is unpickled; types that are neither known to skops nor scikit-learn's own are
    refused by skops.
    """
    file = folder / "model.skops"
    unknown = skops.io.get_untrusted_types(file=file)
    model = skops.io.load(file, trusted=[name for name in unknown if name.startswith("sklearn.")])
    for name, terms in pd.read_parquet(folder / "vocabulary.parquet").groupby("step")["term"]:
        model.named_steps[name].vocabulary_ = {term: n for n, term in enumerate(terms)}
    return model


def count_parameters(model: Pipeline) -> int:
    """Return how many fitted numbers the last step decides with: coefficients and the like."""
    last = model[-1]
    if isinstance(last, CalibratedClassifierCV):
        last = last.calibrated_classifiers_[0].estimator
    names = ("coef_", "intercept_", "feature_log_prob_", "coefs_", "intercepts_", "dual_coef_")
    fitted = [getattr(last, name, None) for name in names]
    return sum(
        part.size
        for values in fitted
        if values is not None
        for part in (values if isinstance(values, list) else [values])
    )
