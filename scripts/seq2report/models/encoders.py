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
from seq2report.models.pretrained import ACTIVATIONS, LAYERS, Architecture, check_tuning
from seq2report.models.variant import Input


def load_encoder(file: Path, settings: Input, products: str | None) -> keras.Model:
    """Return the network in an encoder.keras, with encoder.json beside it, ready for training.

    Training changes all of it, or its last ``train_layers`` layers. It computes in the precision
    that is Keras's default at the moment, and ``products`` as in `build_encoder`.

    Raises:
        UserError: a file is missing or damaged, or the settings are none of `check_tuning`.
    """
    about = read_json(file.with_name("encoder.json"))
    architecture = Architecture(**about["architecture"])
    check_tuning(settings, architecture, about["shortest"])
    model = build_encoder(architecture, about["pooling"], products)
    with intact(file):
        model.load_weights(file)
    freeze(model, architecture.layers, settings.train_layers)
    return model


def build_encoder(
    architecture: Architecture, pooling: str, products: str | None = None
) -> keras.Model:
    """Return the network of an encoder with random weights, named ``encoder``.

    ``pooling`` makes one vector of those of the pieces: their mean, or the one of the first special
    token (cls). ``products`` is the dtype policy of matrix products, such as ``mixed_bfloat16``;
    None for that of all layers.
    """
    a = architecture
    ids = keras.Input((None,), dtype="int32", name="ids")
    is_piece = ops.greater_equal(ids, 0)
    position = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    x = keras.layers.Embedding(a.vocabulary, a.width, name="pieces")(ops.maximum(ids, 0))
    x += keras.layers.Embedding(a.positions, a.width, name="positions")(position)
    x = keras.layers.LayerNormalization(epsilon=a.epsilon, name="norm")(x)
    x = keras.layers.Dropout(a.dropout)(x)
    seen = ops.expand_dims(is_piece, (1, 2))  # each piece reads all pieces of its document
    for n in range(a.layers):
        x = _layer(x, seen, a, n, products)
    vector = _pooled(x, is_piece) if pooling == "mean" else x[:, 0]
    return keras.Model(ids, vector, name="encoder")


def _layer(
    x: keras.KerasTensor, seen: keras.KerasTensor, a: Architecture, n: int, products: str | None
) -> keras.KerasTensor:
    attended = keras.layers.Dropout(a.dropout)(_attention(x, seen, a, n, products))
    x = keras.layers.LayerNormalization(epsilon=a.epsilon, name=f"{n}_attention_norm")(x + attended)
    function, is_approximate = ACTIVATIONS[a.activation]
    inner = keras.layers.Dense(a.inner, dtype=products, name=f"{n}_inner")(x)
    inner = ops.cast(inner, x.dtype)
    inner = ops.gelu(inner, approximate=is_approximate) if function == "gelu" else ops.relu(inner)
    outer = keras.layers.Dense(a.width, dtype=products, name=f"{n}_outer")(inner)
    outer = keras.layers.Dropout(a.dropout)(outer)
    return keras.layers.LayerNormalization(epsilon=a.epsilon, name=f"{n}_norm")(x + outer)


def _attention(
    x: keras.KerasTensor, seen: keras.KerasTensor, a: Architecture, n: int, products: str | None
) -> keras.KerasTensor:
    """Return what each piece reads from all pieces (Vaswani et al. 2017, section 3.2.2).

    Not keras.layers.MultiHeadAttention, because its softmax would be computed as its products are,
    which is slow on a CPU in 16 bits.
    """
    size = a.width // a.heads

    def heads(name: str) -> keras.KerasTensor:
        y = keras.layers.Dense(a.width, dtype=products, name=f"{n}_{name}")(x)
        y = keras.layers.Reshape((-1, a.heads, size), dtype=products)(y)
        return keras.layers.Permute((2, 1, 3), dtype=products)(y)

    query, key, value = map(heads, ("query", "key", "value"))
    scores = ops.cast(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), x.dtype)
    shares = keras.layers.Softmax()(scores * size**-0.5, seen)
    shares = keras.layers.Dropout(a.attention_dropout)(shares)
    read = ops.matmul(ops.cast(shares, value.dtype), value)
    read = keras.layers.Permute((2, 1, 3), dtype=products)(read)
    read = keras.layers.Reshape((-1, a.width), dtype=products)(read)
    return keras.layers.Dense(a.width, dtype=products, name=f"{n}_output")(read)


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
    for n in range(a.layers):
        for name in (f"{n}.{part}" for part in LAYERS["bert"]):
            pair = [weights[f"{name}.weight"].T, weights[f"{name}.bias"]]
            model.get_layer(name.replace(".", "_")).set_weights(pair)


def freeze(model: keras.Model, layers: int, trained: int | None) -> None:
    """Let training change the last ``trained`` of the encoder's ``layers`` only; None for all."""
    for layer in model.layers if trained is not None else ():
        number = layer.name.split("_")[0]
        layer.trainable = number.isdecimal() and int(number) >= layers - trained
