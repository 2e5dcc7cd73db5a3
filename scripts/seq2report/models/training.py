"""The training of a network from its settings: fitted, and asked about the test documents once."""

import logging
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np

from seq2report.core.durations import stopwatch
from seq2report.documents.sequences import Encoded
from seq2report.models import cpu_layers, cudnn
from seq2report.models.batches import inputs_of, probabilities
from seq2report.models.build import build_model, compile_model, computed_by, document_shape
from seq2report.models.checkpoint import Checkpoint
from seq2report.models.fit import fit, refit
from seq2report.models.variant import Variant


@dataclass(frozen=True)
class Trained:
    """A trained network and what it predicts.

    Attributes:
        model: of Keras's own layers, so that whoever loads it needs nothing of ours.
        history: the rows of history.csv.
        test: the test documents and their probabilities, (documents, classes).
        validation: the same of the validation split; None by the lecture's protocol, which fits
            these documents.
        facts: for metrics.json.
    """

    model: keras.Model
    history: list[dict]
    test: tuple[Encoded, np.ndarray]
    validation: tuple[Encoded, np.ndarray] | None
    facts: dict


@dataclass(frozen=True)
class Network:
    """How the network of a variant is built, each time alike.

    Attributes:
        variant: its settings.
        num_words: token ids stay below this number; or the number of features.
        classes: number of classes.
        matrix: pretrained vectors, (num_words, dimensions) float32, or None.
        seed: of weights and dropout.
        gpu: name of the GPU that trains; None for the CPU.
    """

    variant: Variant
    num_words: int
    classes: int
    matrix: np.ndarray | None
    seed: int
    gpu: str | None

    def build(self, ours: dict[str, type] | None = None) -> keras.Model:
        """Return the network, not compiled; ``ours`` is as in `build_model`."""
        return build_model(self.variant, self.num_words, self.classes, self.matrix, ours)

    def compiled(self) -> tuple[keras.Model, str | None]:
        """Return a fresh network to be fitted, and why cuDNN cannot compute it, if so."""
        keras.utils.set_random_seed(self.seed)
        model = self.build(None if self.gpu else cpu_layers.FASTER)
        lost = cudnn.choose(model, self.variant.input.padding) if self.gpu else None
        compile_model(model, self.variant.fit.optimizer)
        return model, lost


def train(
    network: Network, documents: Encoded, class_names: list[str], checkpoint: Checkpoint
) -> Trained:
    """Fit a network as its variant says, and predict validation and test documents.

    By the lecture's protocol, training and validation documents are fitted and the accuracy on the
    test documents is watched. With ``refit``, a fresh network is fitted on training and validation
    documents for as many epochs as were best.
    """
    variant, settings = network.variant, network.variant.fit
    read = partial(inputs_of, given=variant.input, num_words=network.num_words)
    model, cudnn_lost = network.compiled()
    model.summary(print_fn=logging.info)
    both = documents.of_split("train", "validation")
    fitted = documents.of_split("train") if variant.is_held_out else both
    watched = documents.of_split("validation" if variant.is_held_out else "test")
    test = documents.of_split("test") if variant.is_held_out else watched
    pairs = ((each, each.classes(class_names)) for each in (fitted, watched))
    found = fit(model, *pairs, read, settings, network.seed, checkpoint)
    if settings.refit:
        fitted = both
        logging.info("a fresh network, %d epochs", found.best_epoch)
        model, _ = network.compiled()
        pair = (both, both.classes(class_names))
        refit(model, pair, read, settings, network.seed, found.best_epoch, checkpoint)
    fit_seconds, fit_cpu_seconds = checkpoint.passed()
    predicting = stopwatch()
    probability = probabilities(model, test, read)
    predict_seconds, predict_cpu_seconds = predicting()
    facts = {
        "fitted_documents": len(fitted.ids),
        "epochs": len(found.history),
        "best_epoch": found.best_epoch,
        "fit_seconds": fit_seconds,
        "fit_cpu_seconds": fit_cpu_seconds,
        "predict_seconds": predict_seconds,
        "predict_cpu_seconds": predict_cpu_seconds,
    }
    saved = network.build()
    saved.set_weights(model.get_weights())
    return Trained(
        saved,
        found.history,
        (test, probability),
        (watched, found.probability) if variant.is_held_out else None,
        facts | describe(model, network, cudnn_lost),
    )


def describe(model: keras.Model, network: Network, cudnn_lost: str | None) -> dict:
    """Return what metrics.json says of a compiled network and of what computes it."""
    return {
        "protocol": network.variant.fit.protocol or "held out",
        "parameters": model.count_params(),
        "document_shape": " × ".join(map(str, document_shape(model, network.variant.input))),
        "device": network.gpu or "CPU",
        "jit_compile": bool(model.jit_compile),
        "path": computed_by(model, network.gpu),
        **({"cudnn_lost": cudnn_lost} if cudnn_lost else {}),
    }
