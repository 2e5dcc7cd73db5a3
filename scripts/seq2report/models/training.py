"""Train a network as its variant says, and predict the validation and test documents."""

import gc
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np

from seq2report.core.durations import shortest
from seq2report.core.wording import plural
from seq2report.documents.sequences import Encoded
from seq2report.models import cpu_layers, cudnn
from seq2report.models.backend import has_bfloat16, precise
from seq2report.models.batches import inputs_of, probabilities
from seq2report.models.build import (
    build_model,
    compile_model,
    computed_by,
    document_shape,
    frozen_parameters,
)
from seq2report.models.checkpoint import Checkpoint
from seq2report.models.encoders import load_encoder
from seq2report.models.fit import check_finite, fit, refit
from seq2report.models.runs import durations
from seq2report.models.tuning import optimizer_of
from seq2report.models.variant import Variant


@dataclass(frozen=True)
class Trained:
    """A trained network and its predictions."""

    model: keras.Model  # with Keras's own layers, so that it can be loaded without this code
    history: list[dict]  # rows of history.csv
    test: tuple[Encoded, np.ndarray]  # test documents and their probabilities, (documents, classes)
    validation: tuple[Encoded, np.ndarray] | None  # None for the lecture's protocol
    facts: dict  # for metrics.json


@dataclass(frozen=True)
class Network:
    """Everything that is needed to build the network of a variant."""

    variant: Variant
    num_words: int  # token ids are below this number; or the number of features
    classes: int  # number of classes
    matrix: np.ndarray | None  # pretrained vectors, (num_words, dimensions) float32, or None
    encoder: Path | None  # encoder.keras of the encoder that is trained, or None
    seed: int  # of weights and dropout
    gpu: str | None  # name of the GPU that trains; None for the CPU
    metric: str = "accuracy"  # of the validation documents, decides which epoch is the best

    @property
    def products(self) -> str:
        """The dtype policy of matrix products in training."""
        return "mixed_bfloat16" if self.encoder and has_bfloat16() else "float32"

    def build(
        self,
        ours: dict[str, type] | None = None,
        precision: str = "float32",
        products: str | None = None,
    ) -> keras.Model:
        """Return the network, not compiled; ``ours`` is as in `build_model`.

        ``precision`` is the dtype policy of all layers, and ``products`` the one of an encoder's
        matrix products, None for the same.
        """
        sizes, encoder = (self.num_words, self.classes), None
        with precise(precision):
            if self.encoder:
                encoder = load_encoder(self.encoder, self.variant.input, products)
            return build_model(self.variant, *sizes, self.matrix, encoder, ours)

    def new(self) -> keras.Model:
        """Return a new network as it is trained, not compiled."""
        keras.utils.set_random_seed(self.seed)
        # A CPU computes only matrix products faster in 16 bits, a GPU all layers.
        precision = self.products if self.gpu else "float32"
        return self.build(None if self.gpu else cpu_layers.FASTER, precision, self.products)

    def compiled(self, documents: int) -> tuple[keras.Model, str | None]:
        """Return a new network, compiled for a training on so many documents.

        The second value is the reason why cuDNN cannot compute it, if so.
        """
        model = self.new()
        lost = cudnn.choose(model, self.variant.input.padding) if self.gpu else None
        compile_model(model, self.variant.fit, documents, self.gpu)
        return model, lost

    def restart(self, model: keras.Model, documents: int) -> None:
        """Give a trained network, and its optimizer, all variables of a new one.

        The training and the predictions stay compiled, which takes longer than a short training.
        """
        _assign(model.variables, self.new().variables)
        gc.collect()  # frees the new one, which refers to itself and may be large
        if self.variant.fit.warmup is not None:  # its batches are part of the compiled training
            compile_model(model, self.variant.fit, documents, self.gpu)
            return
        optimizer = optimizer_of(self.variant.fit, documents)
        optimizer.build(model.trainable_variables)
        # That of a second fit that is resumed has trained nothing yet, and is not built.
        model.optimizer.build(model.trainable_variables)
        _assign(model.optimizer.variables, optimizer.variables)

    def saved(self, model: keras.Model) -> keras.Model:
        """Return a trained network with Keras's own layers and 32-bit numbers."""
        saved = self.build()
        _assign(saved.weights, model.weights)  # one by one: no second copy of all
        return saved


def _assign(variables: list[keras.Variable], values: list[keras.Variable]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def train(
    network: Network, documents: Encoded, class_names: list[str], checkpoint: Checkpoint
) -> Trained:
    """Fit a network as its variant says, and predict the validation and test documents.

    The lecture's protocol fits training and validation documents and uses the test documents for
    validation. With ``refit``, a new network is fitted on training and validation documents for the
    best number of epochs.
    """
    variant, settings = network.variant, network.variant.fit
    read = partial(inputs_of, settings=variant.input, num_words=network.num_words)
    both, test = documents.of_split("train", "validation"), documents.of_split("test")
    fitted = documents.of_split("train") if variant.is_held_out else both
    watched = documents.of_split("validation") if variant.is_held_out else test
    model, cudnn_lost = network.compiled(len(fitted.ids))
    model.summary(print_fn=logging.info)
    pairs = ((split, split.classes(class_names)) for split in (fitted, watched))
    result = fit(model, *pairs, read, settings, network.seed, checkpoint, network.metric)
    if settings.refit:
        fitted = both
        logging.info("a fresh network, %s", plural(result.best_epoch, "epochs"))
        network.restart(model, len(both.ids))
        pair = (both, both.classes(class_names))
        refit(model, pair, read, settings, network.seed, result.best_epoch, checkpoint)
    fit_time = checkpoint.passed()
    saved = network.saved(model)
    # A saved network has 32-bit numbers: its answers elsewhere are to be those of this run. Those
    # for the validation documents, which may be of another network, keep the precision of training.
    answering = model if network.products == "float32" else saved
    probability, predict_time = shortest(lambda: probabilities(answering, test, read))
    check_finite(probability.sum(), result.best_epoch)  # the last step may have been too large
    facts = {
        "fitted_documents": len(fitted.ids),
        "epochs": len(result.history),
        "best_epoch": result.best_epoch,
        **durations(fit_time, predict_time),
        **describe(model, network, cudnn_lost),
    }
    validation = (watched, result.probability) if variant.is_held_out else None
    return Trained(saved, result.history, (test, probability), validation, facts)


def describe(model: keras.Model, network: Network, cudnn_lost: str | None) -> dict:
    """Return what metrics.json contains about a compiled network and the device."""
    return {
        "protocol": network.variant.fit.protocol or "held out",
        "parameters": model.count_params(),
        "frozen_parameters": frozen_parameters(model),
        "document_shape": " × ".join(map(str, document_shape(model, network.variant.input))),
        "device": network.gpu or "CPU",
        "jit_compile": bool(model.jit_compile),
        "precision": network.products,
        "computed_by": computed_by(model, network.gpu),
        **({"cudnn_lost": cudnn_lost} if cudnn_lost else {}),
    }
