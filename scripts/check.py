"""Check the layers and pipeline steps of every variant with Keras and scikit-learn.

Reads {"num_words": {encoding: n}, "features": {name: settings}, "memory_mb": n, "variants": {name:
resolved variant}} as JSON from standard input; writes one line per error to standard error, with
exit status 1. The networks are built, not trained: this also finds layers that do not fit each
other and networks that need too much memory. The pipelines are fitted to a few short texts.
"""

import json
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from seq2report.config.messages import format_mistakes
from seq2report.core import command
from seq2report.core.command import UserError, first_line, run
from seq2report.core.excerpts import excerpt
from seq2report.documents.pieces import SHORTEST, shortest
from seq2report.models.layers import build_steps
from seq2report.models.pretrained import (
    Architecture,
    check_length,
    check_tuning,
    read_checkpoint,
)
from seq2report.models.sentence_transformers import check_pooling
from seq2report.models.variant import Input, Variant

if TYPE_CHECKING:
    import keras

ANY_TEXTS = (
    *("One word, and 2 others: #tag @name $3 été", "短い文 и слово हिन्दी 😀 or_two!", "One or 2"),
    *("A few others, и слово, of one text: 短い文 😀", "#tag and @name, one or two, été $3 हिन्दी"),
) * 4
ANY_VALUE = {  # of arguments whose right values depend on the documents, or that take long
    **{"min_df": 1, "max_df": 1.0, "max_features": None, "vocabulary": None, "n_features": 512},
    **{"n_components": 2, "class_weight": None, "class_prior": None, "priors": None, "cv": 2},
    **{"nu": 0.1, "constant": "a", "max_iter": 5, "hidden_layer_sizes": (2,)},
    **{"n_jobs": None, "early_stopping": False},
}
SELECTION = "sklearn.feature_selection"  # whether a feature is left depends on the documents
ANY_CLASSES, ANY_DIMENSIONS, ANY_FEATURES = 2, 50, 100  # the checks do not depend on them
# An encoder that is not downloaded yet: that of MiniLM-L6, and one that fits all settings.
ANY_ENCODER = Architecture(30_522, 512, 6, 12, 384, 1536, "gelu", 1e-12, 0.1, 0.1)
LARGEST_ENCODER = replace(ANY_ENCODER, positions=2**31 - 1, layers=2**31 - 1)


def check_variant(
    variant: Variant,
    num_words: dict[str, int],
    memory_mb: int,
    encoder: Architecture = ANY_ENCODER,
    least: int = SHORTEST,
) -> None:
    """Build the variant's estimator or network.

    ``encoder`` is the one that it uses, if any, and ``least`` its shortest input, both as
    `check_encoder` returns them.

    Raises:
        UserError: it cannot be built, or needs too much memory.
    """
    if variant.kind == "pipeline":
        _check_pipeline(variant, encoder)
        return
    import tensorflow as tf

    from seq2report.models.build import build_model, compile_model
    from seq2report.models.memory import estimate, refuse

    read = variant.input
    features = encoder.width if read.form == "vectors" else ANY_FEATURES
    words = num_words.get(read.encoding, features)
    learned = replace(read, dimensions=ANY_DIMENSIONS) if read.embedding else read
    with tf.Graph().as_default():  # without memory for the weights
        network = _tuned(read, encoder, least) if read.encoder else None
        model = build_model(replace(variant, input=learned), words, ANY_CLASSES, encoder=network)
    compile_model(model, variant.fit)
    if read.embedding:
        model.get_layer("embedding").trainable = read.trainable
    refuse(estimate(model, variant.fit, read.length), memory_mb)


def _check_pipeline(variant: Variant, encoder: Architecture) -> None:
    steps = build_steps(variant.pipeline)
    first, last = type(steps[0]).__name__, type(steps[-1]).__name__
    if not hasattr(steps[-1], "predict"):
        raise UserError(f"pipeline: the last step, {last}, does not classify")
    if not variant.input and not hasattr(steps[0], "transform"):
        raise UserError(
            f"pipeline: the first step, {first}, has no features of the texts to read; add a step"
            " before it that computes them, such as CountVectorizer: {}"
        )
    fit_steps(steps, "pipeline", _any_documents(variant.input, encoder))


def _tuned(settings: Input, encoder: Architecture, least: int) -> "keras.Model":
    """Return the network of an encoder as it is trained; `UserError` as `check_tuning`."""
    from seq2report.models.encoders import build_encoder, freeze

    check_tuning(settings, LARGEST_ENCODER if encoder is ANY_ENCODER else encoder, least)
    network = build_encoder(encoder, "mean")
    freeze(network, encoder.layers, settings.train_layers)
    return network


def check_encoder(about: dict) -> tuple[Architecture, int]:
    """Return the architecture of a checkpoint at hand, or any, and the shortest input.

    ``about`` is as `config.encoders.checkpoints` returns it.

    Raises:
        UserError: the checkpoint cannot be used, or not with these settings.
    """
    if "file" not in about:
        return ANY_ENCODER, SHORTEST
    checkpoint = read_checkpoint(Path(about["file"]))
    least = shortest(checkpoint.tokenizer, about.get("prefix", ""))
    check_length(about["length"], checkpoint.architecture, "length", least)
    check_pooling(about, checkpoint.path, checkpoint.poolings)
    return checkpoint.architecture, least


def _any_documents(settings: Input | None, encoder: Architecture) -> Sequence:
    """Return what a pipeline reads of a few documents: texts, or random features."""
    if settings is None:
        return ANY_TEXTS
    random = np.random.default_rng(0)
    if settings.form == "vectors":
        return random.normal(size=(len(ANY_TEXTS), encoder.width))
    return csr_matrix(random.uniform(size=(len(ANY_TEXTS), ANY_FEATURES)))


def check_features(steps: list[dict], where: str) -> None:
    """Build the steps of features.

    Raises:
        UserError: they cannot be built, or the last one classifies.
    """
    built = build_steps(steps, where)
    if not hasattr(built[-1], "transform"):
        raise UserError(
            f"{where}: the last one, {type(built[-1]).__name__}, classifies; expected steps that"
            " compute features; remove it"
        )
    fit_steps(built, where)


def fit_steps(steps: list, where: str, documents: Sequence = ANY_TEXTS) -> None:
    """Fit pipeline steps to a few documents; scikit-learn checks most arguments only then.

    Arguments whose right values depend on the documents are checked without documents.

    Raises:
        UserError: scikit-learn rejects an argument, or steps do not fit each other.
    """
    from sklearn.pipeline import make_pipeline

    for n, step in enumerate(steps):
        for part in (step, *filter(lambda part: hasattr(part, "fit"), step.get_params().values())):
            _check_arguments(part, f"{where}[{n}]")
    pipeline = make_pipeline(
        *(step for step in steps if not type(step).__module__.startswith(SELECTION))
    )
    for name, value in pipeline.get_params().items():
        argument = name.split("__")[-1]
        if argument in ANY_VALUE and value is not None:
            pipeline.set_params(**{name: ANY_VALUE[argument]})
    try:
        with warnings.catch_warnings(action="ignore"):
            pipeline.fit(documents, ["a", "b"] * (len(ANY_TEXTS) // 2))
    except Exception as error:  # regular expressions and scikit-learn raise anything
        if "vocabulary" not in str(error):  # no word in these documents
            message = (
                f"{where}: scikit-learn cannot fit these steps: {excerpt(first_line(error), 300)}"
            )
            raise UserError(message) from error


def _check_arguments(step: object, where: str) -> None:
    sizes = getattr(step, "hidden_layer_sizes", ())  # `ANY_VALUE` replaces them
    for size in sizes if isinstance(sizes, list | tuple) else [sizes]:
        if type(size) is not int or size < 1:
            name = f"{where}.{type(step).__name__}.hidden_layer_sizes"
            raise UserError(f"{name}: found {size!r}, expected whole numbers above 0")
    try:
        with warnings.catch_warnings(action="ignore"):
            step.fit(None, None)
    except Exception as error:
        # Only errors about arguments are of both types. They come before those about documents.
        if isinstance(error, ValueError) and isinstance(error, TypeError):
            raise UserError(f"{where}: {excerpt(first_line(error), 300)}") from error


def mistakes(
    variants: dict[str, dict], features: dict[str, dict], num_words: dict[str, int], memory_mb: int
) -> list[str]:
    """Return a message for each variant, and each kind of features, that cannot be built."""
    messages = []
    for name, settings in features.items():
        try:
            if "steps" in settings:
                check_features(settings["steps"], f"features.{name}.steps")
        except UserError as error:
            messages.append(str(error))
    encoders: dict[str, tuple[Architecture, int]] = {}
    for name, settings in variants.items():
        variant = {key: value for key, value in settings.items() if key != "checkpoint"}
        about = settings.get("checkpoint", {"name": ""})
        try:
            if about["name"] not in encoders:
                encoders[about["name"]] = ANY_ENCODER, SHORTEST
                encoders[about["name"]] = check_encoder(about)
        except UserError as error:
            messages.append(f"encoders.{about['name']}: {error}")
        try:
            check_variant(Variant.read(variant), num_words, memory_mb, *encoders[about["name"]])
        except UserError as error:
            messages.append(f"variants.{name}.{error}")
    return messages


def main(argv: Sequence[str] | None) -> None:
    command.parser(__doc__).parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    content = json.load(sys.stdin)
    keys = ("variants", "features", "num_words", "memory_mb")
    if messages := mistakes(*(content[key] for key in keys)):
        raise UserError(format_mistakes(messages))


if __name__ == "__main__":
    run(main)
