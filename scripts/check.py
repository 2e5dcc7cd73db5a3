"""Check the layers and pipeline steps of every variant with Keras and scikit-learn.

Reads {"num_words": {encoding: n}, "features": {name: settings}, "memory_mb": n, "variants": {name:
resolved variant}} as JSON from standard input; writes one line per error to standard error, with
exit status 1. The networks are built, not trained: this also finds layers that do not fit each
other and networks that need too much memory.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from seq2report.config.messages import format_mistakes
from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.models.layers import build_steps
from seq2report.models.variant import Variant

ANY_CLASSES, ANY_DIMENSIONS, ANY_FEATURES = 2, 50, 100  # the checks do not depend on them


def check_variant(variant: Variant, num_words: dict[str, int], memory_mb: int) -> None:
    """Build the variant's estimator or network.

    Raises:
        UserError: it cannot be built, or needs too much memory.
    """
    if variant.kind == "pipeline":
        *_, last = build_steps(variant.pipeline)
        if not hasattr(last, "predict"):
            raise UserError(f"pipeline: the last step, {type(last).__name__}, does not classify")
        return
    import tensorflow as tf

    from seq2report.models.build import build_model, compile_model
    from seq2report.models.memory import estimate, refuse

    read = variant.input
    words = num_words.get(read.encoding, ANY_FEATURES)
    learned = replace(read, dimensions=ANY_DIMENSIONS) if read.embedding else read
    with tf.Graph().as_default():  # without memory for the weights
        model = build_model(replace(variant, input=learned), words, ANY_CLASSES)
        compile_model(model, variant.fit.optimizer)
    if read.embedding:
        model.get_layer("embedding").trainable = read.trainable
    refuse(estimate(model, variant.fit), memory_mb)


def check_features(steps: list[dict], where: str) -> None:
    """Build the steps of features.

    Raises:
        UserError: they cannot be built, or the last one classifies.
    """
    *_, last = build_steps(steps, where)
    if not hasattr(last, "transform"):
        raise UserError(
            f"{where}: the last one, {type(last).__name__}, classifies; expected steps that"
            " compute features; remove it"
        )


def mistakes(
    variants: dict[str, dict], features: dict[str, dict], num_words: dict[str, int], memory_mb: int
) -> list[str]:
    """Return a message for each variant, and each kind of features, that cannot be built."""
    messages = []
    for name, settings in features.items():
        try:
            check_features(settings["steps"], f"features.{name}.steps")
        except UserError as error:
            messages.append(str(error))
    for name, variant in variants.items():
        try:
            check_variant(Variant.read(variant), num_words, memory_mb)
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
