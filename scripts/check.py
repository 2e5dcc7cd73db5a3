"""Check the layers and pipeline steps of every variant against Keras and scikit-learn.

Reads {"num_words": {encoding: n}, "features": {name: settings}, "variants": {name: resolved
variant}} as JSON from standard input; exit status 1 and one line a mistake on standard error. The
networks are built, not trained, so that layers that do not fit each other are found as well.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from seq2report.command import UserError, run
from seq2report.config import format_mistakes
from seq2report.layers import build_steps

ANY_CLASSES, ANY_DIMENSIONS, ANY_FEATURES = 2, 50, 100  # what is checked does not depend on them


def check_variant(variant: dict, num_words: dict[str, int]) -> None:
    """Build the variant's estimator or network.

    Raises:
        UserError: it cannot be built.
    """
    if "pipeline" in variant:
        *_, last = build_steps(variant["pipeline"])
        if not hasattr(last, "predict"):
            raise UserError(f"pipeline: the last step, {type(last).__name__}, does not classify")
        return
    import numpy as np

    from seq2report.network import build_model, compile_model

    words = num_words.get(variant["input"].get("encoding"), ANY_FEATURES)
    pretrained = "embedding" in variant["input"]
    matrix = np.zeros((words, ANY_DIMENSIONS), dtype="float32") if pretrained else None
    compile_model(build_model(variant, words, ANY_CLASSES, matrix), variant["fit"])


def mistakes(
    variants: dict[str, dict], features: dict[str, dict], num_words: dict[str, int]
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
            check_variant(variant, num_words)
        except UserError as error:
            found.append(f"variants.{name}.{error}")
    return found


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    content = json.load(sys.stdin)
    found = mistakes(content["variants"], content["features"], content["num_words"])
    if found:
        raise UserError(format_mistakes(found))


if __name__ == "__main__":
    run(main)
