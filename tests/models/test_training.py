"""A second fit starts from a new network, in the one that is compiled already."""

from functools import partial

import keras
import numpy as np
import polars as pl
import pytest
from helpers import in_memory

from seq2report.core.command import UserError
from seq2report.models import fit as fitting
from seq2report.models import training
from seq2report.models.batches import inputs_of
from seq2report.models.checkpoint import Checkpoint
from seq2report.models.training import Network
from seq2report.models.variant import Variant

WORDS, LENGTH, CLASSES = 30, 6, 2
INPUT = {"encoding": "words", "form": "sequence", "length": LENGTH, "dimensions": 3}
INPUT |= {"padding": "pre", "truncating": "pre", "trainable": True}
LAYERS = [{"Flatten": {}}, {"BatchNormalization": {}}, {"Dropout": {"rate": 0.5}}]
NAMES = pl.Series([str(n) for n in range(20)])
TOKENS = np.random.default_rng(1).integers(1, WORDS, size=(20, LENGTH)).tolist()
TOKENS = pl.Series(TOKENS, dtype=pl.List(pl.Int32))
DOCUMENTS = in_memory(pl.DataFrame({"id": NAMES, "split": NAMES, "label": NAMES, "tokens": TOKENS}))


def network(**fit) -> Network:
    fit = {"optimizer": "adam", "batch_size": 10, "epochs": 2} | fit
    variant = Variant.read({"input": INPUT, "layers": LAYERS, "fit": fit})
    return Network(variant, WORDS, CLASSES, None, None, 1, None)


def compiled(network: Network) -> keras.Model:
    model, _ = network.compiled(len(DOCUMENTS))
    model.optimizer.build(model.trainable_variables)
    return model


def values(model: keras.Model) -> list[np.ndarray]:
    """Return the weights, states of seed generators and variables of the optimizer."""
    return [each.numpy() for each in (*model.variables, *model.optimizer.variables)]


def fit(model: keras.Model, network: Network) -> None:
    truth = np.arange(len(DOCUMENTS)) % CLASSES
    read = partial(inputs_of, settings=network.variant.input, num_words=WORDS)
    fitting.refit(model, (DOCUMENTS, truth), read, network.variant.fit, 1, 2)


SCHEDULE = {"CosineDecay": {"initial_learning_rate": 1, "decay_steps": 9}}
OPTIMIZERS = ["adadelta", "adafactor", "adagrad", "adam", "adamax", "ftrl", "lion", "muon", "nadam"]
OPTIMIZERS += ["rmsprop", {"SGD": {"momentum": 0.9}}, {"Adam": {"learning_rate": SCHEDULE}}]


@pytest.mark.parametrize(
    "given",
    [*({"optimizer": each} for each in OPTIMIZERS), {"optimizer": "adam", "warmup": 0.5}],
    ids=str,
)
def test_a_restart_leaves_no_trace_of_a_training(given):
    asked = network(**given)
    model, expected = compiled(asked), values(compiled(asked))
    for variable in (*model.variables, *model.optimizer.variables):
        variable.assign(keras.ops.ones_like(variable) * 7)
    asked.restart(model, len(DOCUMENTS))
    model.optimizer.build(model.trainable_variables)
    found = values(model)
    assert len(found) > 8
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_training_after_a_restart_is_that_of_a_new_network_and_is_not_compiled_again():
    asked = network()
    model = compiled(asked)
    fit(model, asked)
    trained, expected = model.train_function, values(model)
    asked.restart(model, len(DOCUMENTS))
    fit(model, asked)
    assert model.train_function is trained
    for one, other in zip(values(model), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_that_was_not_trained_can_be_restarted():
    asked = network()
    model, _ = asked.compiled(len(DOCUMENTS))
    asked.restart(model, len(DOCUMENTS))
    for one, other in zip(values(model), values(compiled(asked)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_last_step_that_ruins_the_weights_ends_the_training(monkeypatch):
    """The loss of an epoch is that before its last step."""

    def refit(model, *_):
        model.set_weights([weight + np.inf for weight in model.get_weights()])

    monkeypatch.setattr(training, "refit", refit)
    columns = {"id": NAMES, "label": pl.Series(["a", "b"] * 10), "tokens": TOKENS}
    splits = pl.Series(["train"] * 12 + ["validation"] * 4 + ["test"] * 4)
    documents = in_memory(pl.DataFrame(columns).insert_column(1, splits.alias("split")))
    with pytest.raises(UserError, match="epoch 1: try a lower learning rate"):
        training.train(network(epochs=1, refit=True), documents, ["a", "b"], Checkpoint())


def test_a_warm_up_after_a_restart_has_the_length_of_the_second_fit():
    asked = network(optimizer="sgd", warmup=0.5, epochs=10)  # 20 batches, then 40
    model = compiled(asked)
    model.optimizer.iterations.assign(20)
    assert model.optimizer.learning_rate == 0
    asked.restart(model, 2 * len(DOCUMENTS))
    model.optimizer.iterations.assign(20)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
