"""Check the layers and pipeline steps of every variant against Keras and scikit-learn.

Reads {"num_words": {encoding: n}, "features": {name: settings}, "memory_mb": n, "variants": {name:
resolved variant}} as JSON from standard input; exit status 1 and one line a mistake on standard
error. The networks are built, not trained, so that layers that do not fit each other are found as
well, and those that need more memory than there is.
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

ANY_CLASSES, ANY_DIMENSIONS, ANY_FEATURES = 2, 50, 100  # what is checked does not depend on them


def check_variant(variant: Variant, num_words: dict[str, int], memory_mb: int) -> None:
    """Build the variant's estimator or network.

    Raises:
        UserError: it cannot be built, or not be trained in so much memory.
    """
    if variant.kind == "pipeline":
        *_, last = build_steps(variant.pipeline)
        if not hasattr(last, "predict"):
            raise UserError(f"pipeline: the last step, {type(last).__name__}, does not classify")
        return
    import tensorflow as tf

    from seq2report.models.build import build_model, compile_model
    from seq2report.models.memory import estimate, refuse

    given = variant.input
    words = num_words.get(given.encoding, ANY_FEATURES)
    learned = replace(given, dimensions=ANY_DIMENSIONS) if given.embedding else given
    with tf.Graph().as_default():  # in which weights have a shape and take no memory
        model = build_model(replace(variant, input=learned), words, ANY_CLASSES)
        compile_model(model, variant.fit.optimizer)
    if given.embedding:
        model.get_layer("embedding").trainable = given.trainable
    refuse(estimate(model, variant.fit), memory_mb)


def mistakes(
    variants: dict[str, dict],
    features: dict[str, dict],
    num_words: dict[str, int],
    memory_mb: int,
) -> list[str]:
    """Return a message for each variant, and each kind of features, that cannot be built."""
    found = []
    for name, settings in features.items():
        try:
            *_, last = build_steps(settings["steps"], f"features.{name}.steps")
        except UserError as error:
            found.append(str(error))
        else:
            if not hasattr(last, "transform"):
                found.append(
                    f"features.{name}.steps: the last one, {type(last).__name__}, classifies;"
                    " features are what its input would be, so take it out"
                )
    for name, variant in variants.items():
        try:
            check_variant(Variant.read(variant), num_words, memory_mb)
        except UserError as error:
            found.append(f"variants.{name}.{error}")
    return found


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    content = json.load(sys.stdin)
    found = mistakes(*(content[key] for key in ("variants", "features", "num_words", "memory_mb")))
    if found:
        raise UserError(format_mistakes(found))


if __name__ == "__main__":
    run(main)
