"""Layers of variants as Python functions: an example, and the place for your own.

A variant names one by `layers: {file: config/layers.py, function: NAME, arguments: {…}}`. It gets
the tensor behind the input, (documents, words, dimensions) of an embedding, and returns the one
before the softmax output, (documents, numbers). Only layers of Keras itself may stand between: the
saved model is loaded without this file. Of a changed function, the variants that use it are trained
again, and no others.
"""

import keras
from keras import layers


def gru_attention(
    x: keras.KerasTensor, units: int = 32, attention: int = 64, dropout: float = 0.2
) -> keras.KerasTensor:
    """Return the words of a document as one vector, each word by its weight.

    A bidirectional GRU, then the word attention of Yang et al. (2016, "Hierarchical attention
    networks for document classification", NAACL, equations 5 to 7): with h_t the output for word t,
    u_t = tanh(W h_t + b), a = softmax over t of u_t · u, and the document is Σ_t a_t h_t.

    Args:
        x: (documents, words, dimensions).
        units: of the GRU in each direction.
        attention: length of u.
        dropout: share of the result that is dropped in training.
    """
    h = layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)
    u = layers.Dense(attention, activation="tanh")(h)
    a = layers.Softmax(axis=1)(layers.Dense(1, use_bias=False)(u))
    document = layers.Flatten()(layers.Dot(axes=1)([a, h]))
    return layers.Dropout(dropout)(document)
