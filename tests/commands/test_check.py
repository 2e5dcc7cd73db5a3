import io
import json
import math
import sys

import pytest
from checked import DENSE, FLATTEN, INPUT, LSTM, branched, mistakes, network
from pretrained import DATA

import check
from seq2report.core.command import UserError, run
from seq2report.models.pretrained import Architecture
from seq2report.models.variant import Variant

COSINE = {"initial_learning_rate": 0.1}
STEPS = {"boundaries": [10], "values": [0.1, 0.01]}


def test_right_models_are_not_mistakes():
    wrapped = {"Bidirectional": {"layer": {"LSTM": {"units": 3}}}}
    pretrained = {key: INPUT[key] for key in INPUT if key != "dimensions"} | {"embedding": "glove"}
    assert not mistakes(
        a=network(FLATTEN, DENSE),
        b=network(wrapped, {"Dropout": {"rate": 0.5, "name": "last"}}, optimizer={"Adam": {}}),
        g=network(branched([LSTM, DENSE], [{"GlobalMaxPooling1D": {}}]), DENSE),
        h=network(
            branched([DENSE], [branched([DENSE], [DENSE], name="Add")], name="Average"), LSTM
        ),
        c=network(DENSE, given={"encoding": "words", "form": "multihot"}),
        d=network({"GlobalMaxPooling1D": {}}, given=pretrained),
        e={"pipeline": [{"TfidfVectorizer": {"ngram_range": [1, 2]}}, {"LinearSVC": {"C": 2}}]},
        j={"pipeline": [{"CountVectorizer": {"stop_words": ["der", "die"]}}, {"LinearSVC": {}}]},
        f=network(
            {"RNN": {"cell": {"LSTMCell": {"units": 3}}}},
            optimizer={"sgd": {"momentum": 0.9, "use_ema": False}},
        ),
        i=network(
            {"GlobalMaxPooling1D": {}},
            optimizer={"Adam": {"learning_rate": {"CosineDecay": COSINE | {"decay_steps": 9}}}},
        ),
    )


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"LSMT": {"units": 3}}], "layers[0]: unknown layer 'LSMT'; did you mean 'LSTM'?"),
        (
            [FLATTEN, {"Dense": {"unit": 3}}],
            "layers[1].Dense: unknown argument 'unit'; did you mean",
        ),
        ([FLATTEN, {"Dense": {}}], "layers[1].Dense: argument 'units' is missing"),
        ([FLATTEN, {"Dense": {"units": -1}}], "layers[1].Dense: Received an invalid value"),
        ([{"Dropout": {"rate": 5}}], "layers[0].Dropout.rate: found 5, expected at least 0 and le"),
        ([{"LSTM": {"units": 3, "dropout": 1}}], "layers[0].LSTM.dropout: found 1, expected at le"),
        ([{"LSTM": {"units": "1e3"}}], "layers[0].LSTM.units: found '1e3', expected a number; wi"),
        ([{"GRU": {"units": "64"}}], "layers[0].GRU.units: found '64', expected a number; without"),
        ([{"LSTM": {"units": True}}], "layers[0].LSTM.units: found True, expected a number"),
        (
            [{"Conv1D": {"filters": 3, "kernel_size": ["3"]}}],
            "layers[0].Conv1D.kernel_size: found '3', expected a number; without quotes, and with",
        ),
        (
            [{"Bidirectional": {"layer": {"GRU": {"units": 3, "recurrent_dropout": 2}}}}],
            "layers[0].Bidirectional.layer.GRU.recurrent_dropout: found 2, expected at least 0 and",
        ),
        (
            [{"Bidirectional": {"layer": {"LSTM": {"unit": 3}}}}],
            "layers[0].Bidirectional.layer.LSTM: unknown argument 'unit'; did you mean 'units'?",
        ),
        (
            [{"Bidirectional": {"layer": {"LSMT": {"units": 3}}}}],
            "layers[0].Bidirectional.layer: unknown layer 'LSMT'; did you mean 'LSTM'?",
        ),
        ([{"Bidirectional": {"layer": "LSTM"}}], "layers[0].Bidirectional: Please initialize"),
        (
            [branched([{"Conv1D": {"filters": 3, "kernel_size": 2}}], [{"Conv1D": {"filter": 3}}])],
            "layers[0].Concatenate.branches[1][0].Conv1D: unknown argument 'filter'; did you mean",
        ),
        (
            [branched([FLATTEN], [FLATTEN, {"Bidirectional": {"layer": {"LSMT": {}}}}])],
            "layers[0].Concatenate.branches[1][1].Bidirectional.layer: unknown layer 'LSMT'; did",
        ),
        (
            [branched([FLATTEN], [branched([DENSE], [{"Desne": {}}])])],
            "layers[0].Concatenate.branches[1][0].Concatenate.branches[1][0]: unknown layer 'D",
        ),
        (
            [branched([FLATTEN], [FLATTEN, LSTM])],
            "layers[0].Concatenate.branches[1][1]: LSTM does not fit the shape (None, 48) of what",
        ),
        (
            [branched([FLATTEN], [DENSE])],
            "layers[0]: Concatenate does not fit the shapes (None, 48), (None, 12, 3) of its",
        ),
        (
            [branched([FLATTEN], [LSTM], name="Add")],
            "layers[0]: Add does not fit the shapes (None, 48), (None, 3) of its branches",
        ),
        (
            [branched([FLATTEN], [FLATTEN], name="Dense", units=3)],
            "layers[0]: Dense does not fit the shapes (None, 48), (None, 48) of its branches",
        ),
        (
            [branched([FLATTEN], [FLATTEN], name="Identity")],
            "layers[0]: Identity gives more than one output; the next layer reads one",
        ),
        (
            [branched([FLATTEN], name="Concatenat")],
            "layers[0]: unknown layer 'Concatenat'; did you mean 'Concatenate'?",
        ),
        (
            [branched([FLATTEN], axes=1)],
            "layers[0].Concatenate: unknown argument 'axes'; did you mean 'axis'?",
        ),
        ([branched()], "layers[0].Concatenate.branches: found [], expected a list of lists of lay"),
        (
            [{"Concatenate": {"branches": FLATTEN}}],
            "layers[0].Concatenate.branches: found {'Flatten': {}}, expected a list of lists",
        ),
        (
            [branched([FLATTEN], [])],
            "layers[0].Concatenate.branches[1]: found [], expected a list of names, each with its",
        ),
        (
            [branched(FLATTEN)],
            "layers[0].Concatenate.branches[0]: found {'Flatten': {}}, expected a list of names",
        ),
        (
            [branched(["Flatten"])],
            "layers[0].Concatenate.branches[0][0]: found 'Flatten', expected one name with its arg",
        ),
        ([DENSE], "layers: they end in shape (None, 12, 3), but the softmax output needs one vec"),
    ],
)
def test_a_wrong_layer_is_reported_with_its_path(layers, message):
    (found,) = mistakes(v=network(*layers))
    assert found.startswith(f"variants.v.{message}")
    assert "\n" not in found


@pytest.mark.reliability("Bad configuration")
def test_layers_that_do_not_fit_are_reported_with_the_shape_before_them():
    (found,) = mistakes(v=network(FLATTEN, LSTM))
    assert found.startswith("variants.v.layers")
    assert "LSTM" in found
    assert "does not fit the shape (None, 48)" in found


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ("rmsprp", "fit.optimizer: unknown optimizer 'rmsprp'; did you mean 'rmsprop'?"),
        ("RMSProp", "fit.optimizer: unknown optimizer 'RMSProp'; did you mean 'RMSprop'?"),
        (
            {"Adam": {"learing_rate": 0.1}},
            "fit.optimizer.Adam: unknown argument 'learing_rate'; did you mean 'learning_rate'?",
        ),
        (
            {"Adam": {"use_ema": True, "ema_momentum": 0.9}},
            "fit.optimizer.Adam: 'use_ema' cannot be used: Keras would replace the",
        ),
        ({"adam": {"learning_rate": "x"}}, "fit.optimizer.adam.learning_rate: found 'x', expected"),
        ({"Adam": {"weight_decay": "x"}}, "fit.optimizer.Adam.weight_decay: found 'x', expected a"),
        (
            {"Adam": {"learning_rate": 0}},
            "fit.optimizer.Adam.learning_rate: found 0, expected more",
        ),
        ({"SGD": {"learning_rate": -1.0}}, "fit.optimizer.SGD.learning_rate: found -1.0, expected"),
        ({"Adam": {"beta_2": 1}}, "fit.optimizer.Adam.beta_2: found 1, expected less than 1"),
        (
            {"SGD": {"weight_decay": -1}},
            "fit.optimizer.SGD.weight_decay: found -1, expected at lea",
        ),
        (
            {"Adam": {"learning_rate": {"CosinDecay": COSINE}}},
            "fit.optimizer.Adam.learning_rate: unknown schedule 'CosinDecay'; did you mean 'Cosine",
        ),
        (
            {"Adam": {"learning_rate": {"CosineDecay": COSINE}}},
            "fit.optimizer.Adam.learning_rate.CosineDecay: argument 'decay_steps' is missing",
        ),
        (
            {"Adam": {"learning_rate": {"CosineDecay": COSINE | {"decay_steps": 0}}}},
            "fit.optimizer.Adam.learning_rate.CosineDecay.decay_steps: found 0, expected more than",
        ),
        (
            {"Adam": {"learning_rate": math.inf}},
            "fit.optimizer.Adam.learning_rate: found inf, expected a finite number",
        ),
        (
            {"SGD": {"learning_rate": {"PiecewiseConstantDecay": STEPS | {"values": [0.1, -5]}}}},
            "fit.optimizer.SGD.learning_rate.PiecewiseConstantDecay.values: found -5, expected at",
        ),
        (
            {"SGD": {"learning_rate": {"PiecewiseConstantDecay": STEPS | {"boundaries": "a"}}}},
            "fit.optimizer.SGD.learning_rate.PiecewiseConstantDecay.boundaries: found 'a', expect",
        ),
        (
            {"LossScaleOptimizer": {"inner_optimizer": "adam"}},
            "fit.optimizer.LossScaleOptimizer: 'str' object has no attribute",
        ),
    ],
)
def test_a_wrong_optimizer_is_reported(optimizer, message):
    (found,) = mistakes(v=network(FLATTEN, optimizer=optimizer))
    assert found.startswith(f"variants.v.{message}")


@pytest.mark.reliability("Bad configuration")
def test_several_mistakes_come_in_one_message_and_end_with_status_1(monkeypatch, capsys):
    variants = {f"v{n}": network(FLATTEN, LSTM | {"LSTM": {"unit": n}}) for n in range(6)}
    content = {
        "num_words": {"words": 30},
        "features": {},
        "memory_mb": 1000,
        "variants": {"good": network(FLATTEN), **variants},
    }
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(content)))
    monkeypatch.setattr(sys, "argv", ["check.py"])
    with pytest.raises(SystemExit) as end:
        run(check.main)
    assert end.value.code == 1
    heading, *lines, more = capsys.readouterr().err.splitlines()
    assert heading == "error: the configuration is not valid"
    assert len(lines) == 5
    assert lines[0].startswith("  variants.v0.layers[1].LSTM: unknown argument 'unit'")
    assert more == "  … and 1 more"


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("length", "encoder"),
    [(2, check.ANY_ENCODER), (33, Architecture(60, 32, 2, 2, 16, 32, "gelu", 1e-12, 0.1, 0.1))],
)
def test_an_input_that_a_fine_tuned_encoder_cannot_read_is_refused(length, encoder):
    pieces = {"form": "pieces", "encoder": "tiny", "length": length, "train_layers": 1}
    variant = Variant.read(network(DENSE, given=pieces))
    with pytest.raises(UserError, match=rf"^input\.length: found {length}, expected 3 to "):
        check.check_variant(variant, {}, 1000, encoder)


def test_more_layers_to_train_than_the_encoder_has_are_refused_once_it_is_known(tmp_path):
    pieces = {"form": "pieces", "encoder": "tiny", "length": 8, "train_layers": 8}
    about = {"name": "tiny", "length": 8, "pooling": "mean"}
    variant = network(DENSE, given=pieces) | {"checkpoint": about}
    assert not mistakes(v=variant)
    about["file"] = str(DATA / "bert_plain")
    message = (
        "variants.v.input.train_layers: found 8, expected at most 2, the layers of the encoder"
    )
    assert mistakes(v=variant) == [message]


def test_a_prefix_that_fills_the_length_is_refused():
    """Otherwise, all documents are equal."""
    about = {"name": "tiny", "length": 8, "pooling": "mean", "file": str(DATA / "bert_plain")}
    about["prefix"] = "the film was: "  # the colon is an unknown piece
    variants = {
        f"of_{length}": network(
            DENSE, given={"form": "pieces", "encoder": "tiny"} | {"length": length}
        )
        | {"checkpoint": about}
        for length in (6, 7)
    }
    (message,) = mistakes(**variants)
    assert message.startswith(
        "variants.of_6.input.length: found 6, expected 7 to 32 word pieces: 6"
    )
    about["length"] = 6
    assert mistakes(**variants)[0].startswith("encoders.tiny: length: found 6, expected 7 to 32")
