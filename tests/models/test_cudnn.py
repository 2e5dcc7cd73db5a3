import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import SEQUENCE, branched, variant

from seq2report.models import build, cudnn

X = np.random.default_rng(1).normal(size=(2, 3, 4)).astype("float32")
KINDS = {"LSTM": keras.layers.LSTM, "GRU": keras.layers.GRU}
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "activation": st.sampled_from(["tanh", "relu", None]),
        "recurrent_activation": st.sampled_from(["sigmoid", "hard_sigmoid", "tanh"]),
        "recurrent_dropout": st.sampled_from([0.0, 0.3]),
        "dropout": st.sampled_from([0.0, 0.3]),
        "use_bias": st.booleans(),
        "unroll": st.booleans(),
        "reset_after": st.booleans(),
        "go_backwards": st.booleans(),
        "return_sequences": st.booleans(),
        "return_state": st.booleans(),
        "use_cudnn": st.sampled_from(["auto", False]),
    },
)


@pytest.fixture(scope="module")
def kernel():
    """What Keras asks of cuDNN where it believes that there is a GPU; there is no kernel."""
    asked = []

    def refuse(**arguments):
        asked.append(arguments["rnn_mode"])
        raise tf.errors.NotFoundError(None, None, "no GPU")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.config, "list_logical_devices", lambda kind=None: ["a GPU"])
        patch.setattr(tf.raw_ops, "CudnnRNNV3", refuse)
        yield asked


def is_asked(kernel, layer, **arguments):
    kernel.clear()
    layer(X, training=True, **arguments)
    return bool(kernel)


def made(kind, arguments):
    if kind != "GRU":
        arguments = {key: value for key, value in arguments.items() if key != "reset_after"}
    return KINDS[kind](2, **arguments)


@given(st.sampled_from(sorted(KINDS)), ARGUMENTS)
@settings(max_examples=80, deadline=None)
def test_cudnn_is_lost_by_the_arguments_by_which_keras_loses_it(kernel, kind, arguments):
    layer = made(kind, arguments)
    reasons = cudnn.losses(layer)
    assert is_asked(kernel, layer) == (not reasons)
    if not reasons:  # what Keras itself keeps out of XLA
        assert not layer.supports_jit


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    ("mask", "padding"),
    [
        ([[0, 1, 1], [1, 1, 1]], "pre"),
        ([[1, 1, 0], [0, 0, 0]], "post"),  # a document without words
        ([[1, 0, 1], [1, 1, 0]], "post"),  # a word without a vector
    ],
)
def test_a_mask_with_which_keras_leaves_cudnn_costs_it(kernel, kind, mask, padding):
    layer = KINDS[kind](2)
    assert is_asked(kernel, layer, mask=np.array([[1, 1, 1], [1, 1, 0]], bool))  # some it reads
    assert not is_asked(kernel, layer, mask=np.array(mask, bool))
    assert cudnn.losses(layer, padding)


@pytest.mark.parametrize("layer", [keras.layers.SimpleRNN(2), keras.layers.ConvLSTM1D(2, 2)])
def test_cudnn_is_for_lstm_and_gru(layer):
    assert cudnn.losses(layer) == ["cuDNN is for LSTM and GRU"]


LSTM, MASKING, POOL = {"LSTM": {"units": 2}}, {"Masking": {}}, {"GlobalMaxPooling1D": {}}
SEQUENCES = {"LSTM": {"units": 2, "return_sequences": True}}
DROPPED = {"LSTM": {"units": 2, "recurrent_dropout": 0.1}}


def built(layers, padding="pre"):
    given = SEQUENCE | {"dimensions": 5, "padding": padding}
    return build.build_model(variant(given, layers), 30, 3)


@pytest.mark.parametrize(
    ("layers", "reached"),
    [
        ([LSTM], False),
        ([MASKING, LSTM], True),
        ([MASKING, {"Dropout": {"rate": 0.1}}, LSTM], True),
        ([MASKING, SEQUENCES, LSTM], True),
        ([MASKING, {"Bidirectional": {"layer": SEQUENCES}}, LSTM], True),
        ([MASKING, {"Conv1D": {"filters": 2, "kernel_size": 2}}, LSTM], False),
        ([branched([MASKING, SEQUENCES], [SEQUENCES]), LSTM], True),
        ([branched([{"Conv1D": {"filters": 2, "kernel_size": 1}}], [SEQUENCES]), LSTM], False),
    ],
)
def test_a_mask_is_known_to_reach_a_layer_where_keras_hands_it_one(monkeypatch, layers, reached):
    handed, call = [], keras.layers.LSTM.call

    def record(self, sequences, initial_state=None, mask=None, training=False):
        handed.append((self.name, mask is not None))
        return call(self, sequences, initial_state, mask, training)

    monkeypatch.setattr(keras.layers.LSTM, "call", record)
    model = built(layers)
    last = model.layers[-2].name
    handed.clear()
    model(np.ones((2, 20), "int32"))
    assert dict(handed)[last] is reached
    assert (last in cudnn.masked_layers(model)) is reached


@pytest.mark.parametrize(
    ("layers", "path", "lost"),
    [
        ([LSTM], "GPU, cuDNN", None),
        ([{"Bidirectional": {"layer": LSTM}}], "GPU, cuDNN", None),
        ([DROPPED], "GPU, XLA", "LSTM (recurrent_dropout: 0.1)"),
        ([{"Bidirectional": {"layer": DROPPED}}], "GPU, XLA", "LSTM (recurrent_dropout: 0.1)"),
        ([SEQUENCES, DROPPED], "GPU, cuDNN", "LSTM (recurrent_dropout: 0.1)"),
        ([MASKING, LSTM], "GPU, XLA", "LSTM (left padding under a mask)"),
        (
            [{"GRU": {"units": 2, "activation": "relu", "reset_after": False, "unroll": True}}],
            "GPU, XLA",
            "GRU (activation: relu, unroll: true, reset_after: false)",
        ),
        ([{"SimpleRNN": {"units": 2}}], "GPU, XLA", "SimpleRNN (cuDNN is for LSTM and GRU)"),
        ([POOL], "GPU", None),
    ],
)
def test_on_a_gpu_it_is_cudnn_or_xla_and_what_cost_cudnn_is_told(kernel, layers, path, lost):
    model = built(layers)
    assert cudnn.choose(model, "pre") == lost
    build.compile_model(model, variant().fit)
    assert build.computed_by(model, "A name") == path
    assert model.jit_compile is (path == "GPU, XLA")
    recurrent = [each for layer in model.layers for each in cudnn.recurrent(layer)]
    kernel.clear()
    x = np.ones((2, 20), "int32")
    if path == "GPU, cuDNN":  # and nothing else: Keras says so where it is not to be had
        with pytest.raises(ValueError, match="cuDNN is not supported"):
            model(x, training=True)
        assert kernel
    else:
        model(x, training=True)
        assert not kernel
        assert all(layer.supports_jit for layer in recurrent)


def test_a_mask_of_documents_padded_on_the_right_is_not_trusted_either():
    assert cudnn.choose(built([MASKING, LSTM], "post"), "post") == (
        "LSTM (a mask that may leave gaps or nothing)"
    )
