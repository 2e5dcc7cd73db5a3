"""Networks of pretrained encoders of the BERT family, of Keras's own layers alone.

A saved network needs no code of ours. Its input are the ids of word pieces, (documents, pieces)
int32, filled up with -1; its output is one vector per document, (documents, width). It is the
encoder of Devlin et al. (2019, "BERT") with absolute positions and normalisation after each block;
DistilBERT (Sanh et al. 2019) differs in the names of its weights only.
"""

from pathlib import Path

import keras
import numpy as np
from keras import ops

from seq2report.core.command import intact, read_json
from seq2report.models.pretrained import ACTIVATIONS, Architecture


def load_encoder(file: Path, train_layers: int | None) -> keras.Model:
    """Return the network in an encoder.keras, with encoder.json beside it, ready for training.

    Training changes all of it, or its last ``train_layers`` layers. It computes in the precision
    that is Keras's default at the moment.

    Raises:
        UserError: a file is missing or damaged.
    """
    about = read_json(file.with_name("encoder.json"))
    architecture = Architecture(**about["architecture"])
    model = build_encoder(architecture, about["pooling"])
    with intact(file):
        model.load_weights(file)
    freeze(model, architecture.layers, train_layers)
    return model


def build_encoder(architecture: Architecture, pooling: str) -> keras.Model:
    """Return the network of an encoder with random weights, named ``encoder``.

    ``pooling`` makes one vector of those of the pieces: their mean, or the one of the first special
    token (cls).
    """
    a = architecture
    ids = keras.Input((None,), dtype="int32", name="ids")
    is_piece = ops.greater_equal(ids, 0)
    position = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    x = keras.layers.Embedding(a.vocabulary, a.width, name="pieces")(ops.maximum(ids, 0))
    x += keras.layers.Embedding(a.positions, a.width, name="positions")(position)
    x = keras.layers.LayerNormalization(epsilon=a.epsilon, name="norm")(x)
    x = keras.layers.Dropout(a.dropout)(x)
    seen = ops.expand_dims(is_piece, 1)  # each piece reads all pieces of its document
    for n in range(a.layers):
        x = _layer(x, seen, a, n)
    vector = _pooled(x, is_piece) if pooling == "mean" else x[:, 0]
    return keras.Model(ids, vector, name="encoder")


def _layer(
    x: keras.KerasTensor, seen: keras.KerasTensor, a: Architecture, n: int
) -> keras.KerasTensor:
    attention = keras.layers.MultiHeadAttention(
        a.heads, a.width // a.heads, dropout=a.attention_dropout, name=f"{n}_attention"
    )
    attended = keras.layers.Dropout(a.dropout)(attention(x, x, attention_mask=seen))
    x = keras.layers.LayerNormalization(epsilon=a.epsilon, name=f"{n}_attention_norm")(x + attended)
    function, is_approximate = ACTIVATIONS[a.activation]
    inner = keras.layers.Dense(a.inner, name=f"{n}_inner")(x)
    inner = ops.gelu(inner, approximate=is_approximate) if function == "gelu" else ops.relu(inner)
    outer = keras.layers.Dropout(a.dropout)(keras.layers.Dense(a.width, name=f"{n}_outer")(inner))
    return keras.layers.LayerNormalization(epsilon=a.epsilon, name=f"{n}_norm")(x + outer)


def _pooled(x: keras.KerasTensor, is_piece: keras.KerasTensor) -> keras.KerasTensor:
    weight = ops.expand_dims(ops.cast(is_piece, x.dtype), 2)
    return ops.sum(x * weight, axis=1) / ops.sum(weight, axis=1)


def set_pretrained(model: keras.Model, weights: dict[str, np.ndarray], a: Architecture) -> None:
    """Set the weights of `build_encoder`'s network, by the names of `pretrained.tensor_shapes`.

    The vector of the type of a text ("types", row 0) is added to those of the positions.
    """
    positions = weights["positions"] + weights.get("types", np.zeros((1, a.width), np.float32))[0]
    model.get_layer("pieces").set_weights([weights["pieces"]])
    model.get_layer("positions").set_weights([positions])
    norm = [weights["norm.weight"], weights["norm.bias"]]
    model.get_layer("norm").set_weights(norm)
    size = a.width // a.heads
    for n in range(a.layers):
        names = ("query", "key", "value", "output", "attention_norm", "inner", "outer", "norm")
        pair = {m: [weights[f"{n}.{m}.weight"].T, weights[f"{n}.{m}.bias"]] for m in names}
        heads = []
        for name in ("query", "key", "value"):
            kernel, bias = pair[name]
            heads += [kernel.reshape(a.width, a.heads, size), bias.reshape(a.heads, size)]
        kernel, bias = pair["output"]
        heads += [kernel.reshape(a.heads, size, a.width), bias]
        model.get_layer(f"{n}_attention").set_weights(heads)
        for name in ("attention_norm", "inner", "outer", "norm"):
            model.get_layer(f"{n}_{name}").set_weights(pair[name])


def freeze(model: keras.Model, layers: int, trained: int | None) -> None:
    """Let training change the last ``trained`` of the encoder's ``layers`` only; None for all."""
    for layer in model.layers if trained is not None else ():
        number = layer.name.split("_")[0]
        layer.trainable = number.isdecimal() and int(number) >= layers - trained
