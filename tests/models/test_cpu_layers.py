import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2report.models import cpu_layers

X = np.random.default_rng(1).normal(size=(3, 7, 5)).astype("float32")


def pair(layer, x=X):
    """Return a layer of Keras and ours of the same arguments and weights."""
    ours = type(layer).from_config(layer.get_config())
    if isinstance(layer, keras.layers.LSTM):
        ours = cpu_layers.LSTM.from_config(layer.get_config())
    else:
        ours = keras.layers.Bidirectional(
            cpu_layers.LSTM.from_config(layer.forward_layer.get_config())
        )
    layer.build(x.shape)
    ours.build(x.shape)
    rng = np.random.default_rng(2)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    ours.set_weights(layer.get_weights())
    return layer, ours


def outcome(layer, x=X, jit=None, **arguments):
    """Return the output and the gradients of inputs and weights, of a loss that weighs it all.

    ``jit`` is that of `tf.function`; without it, each operation is run by itself, which needs no
    compilation.
    """

    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, **arguments)
            weight = tf.reshape(tf.sin(tf.range(tf.size(y), dtype="float32")), tf.shape(y))
            loss = tf.reduce_sum(weight * y)
        return [y, *tape.gradient(loss, [x, *(w.value for w in layer.trainable_weights)])]

    return (run if jit is None else tf.function(run, jit_compile=jit))(tf.constant(x))


def assert_alike(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(
    ("arguments", "jit"),
    [
        ({}, False),
        ({"return_sequences": True}, False),
        ({"go_backwards": True}, False),
        ({"go_backwards": True, "return_sequences": True}, False),
        ({"recurrent_dropout": 0.5}, False),  # nothing is dropped outside training
        # XLA takes seconds; these two have all parts of the loop.
        ({}, True),
        ({"go_backwards": True, "return_sequences": True}, True),
    ],
)
def test_an_lstm_gives_the_numbers_and_gradients_of_keras(arguments, jit):
    layer, ours = pair(keras.layers.LSTM(4, **arguments))
    assert_alike(outcome(ours, jit=jit), outcome(layer))


@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5), st.integers(1, 5), st.booleans())
@settings(max_examples=8, deadline=None)
def test_an_lstm_of_any_size_gives_the_numbers_of_keras(documents, words, width, units, sequences):
    x = np.random.default_rng(3).normal(size=(documents, words, width)).astype("float32")
    layer, ours = pair(keras.layers.LSTM(units, return_sequences=sequences), x)
    assert_alike(outcome(ours, x, jit=False), outcome(layer, x))


@pytest.mark.parametrize("sequences", [False, True])
def test_inside_bidirectional(sequences):
    inner = keras.layers.LSTM(4, return_sequences=sequences)
    layer, ours = pair(keras.layers.Bidirectional(inner))
    assert isinstance(ours.backward_layer, cpu_layers.LSTM)
    assert_alike(outcome(ours, jit=False), outcome(layer))


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ({}, {"mask": np.arange(7) < np.array([[3], [7], [5]])}),
        ({}, {"initial_state": [np.ones((3, 4), "float32")] * 2}),
        ({"activation": "relu"}, {}),
        ({"recurrent_activation": "hard_sigmoid"}, {}),
        ({"use_bias": False}, {}),
        ({"unroll": True}, {}),
    ],
)
def test_what_the_loop_cannot_do_is_left_to_keras(arguments, given):
    layer, ours = pair(keras.layers.LSTM(4, **arguments))
    assert_alike(outcome(ours, jit=False, **given), outcome(layer, **given))


@pytest.mark.parametrize(("sequences", "jit"), [(False, False), (True, False), (True, True)])
def test_recurrent_dropout_masks_each_gate_for_all_words_alike(monkeypatch, sequences, jit):
    masks = np.random.default_rng(4).choice([0.0, 2.0], size=(4, 3, 4)).astype("float32")
    monkeypatch.setattr(cpu_layers, "drop", lambda *_: tf.constant(masks))
    arguments = {"recurrent_dropout": 0.5, "return_sequences": sequences}
    _, ours = pair(keras.layers.LSTM(4, **arguments))
    w, u, b = (weight.value for weight in ours.trainable_weights)

    def by_hand(x, training):
        h = c = tf.zeros((3, 4))
        hidden = []
        for t in range(x.shape[1]):
            i, f, g, o = (
                x[:, t] @ w[:, k : k + 4] + (h * m) @ u[:, k : k + 4] + b[k : k + 4]
                for k, m in zip(range(0, 16, 4), masks, strict=True)
            )
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
            hidden.append(h)
        return tf.stack(hidden, 1) if sequences else h

    by_hand.trainable_weights = ours.trainable_weights
    expected = outcome(by_hand, training=True)
    assert_alike(outcome(ours, jit=jit, training=True), expected)


@pytest.mark.parametrize("jit", [False, True])
def test_dropout_drops_the_share_and_scales_the_rest(jit):
    layer = cpu_layers.Dropout(0.25, seed=1)
    x = np.ones((100, 100), "float32")
    run = tf.function(lambda x: layer(x, training=True), jit_compile=jit)
    once, again = run(x).numpy(), run(x).numpy()
    assert set(np.unique(once)) == {0.0, np.float32(1 / 0.75)}
    assert abs((once == 0).mean() - 0.25) < 0.02
    assert (once != again).any()
    np.testing.assert_array_equal(layer(x, training=False), x)


def test_dropout_keeps_whole_columns_where_its_noise_has_one_row():
    found = cpu_layers.Dropout(0.5, noise_shape=(1, 50), seed=1)(np.ones((4, 50)), training=True)
    np.testing.assert_array_equal(found, np.tile(found[:1], (4, 1)))


def test_a_network_of_them_has_the_weights_of_one_of_keras():
    def build(layers):
        return keras.Sequential([keras.Input((7, 5)), layers.LSTM(4), layers.Dropout(0.5)])

    ours, theirs = build(cpu_layers), build(keras.layers)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5, atol=1e-6)
