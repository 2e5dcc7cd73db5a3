"""Python functions that build the layers of variants. Add your own here.

A variant names a function with `layers: {file: config/layers.py, function: NAME, arguments: {…}}`.
The function receives the input tensor, (documents, words, dimensions), and returns the tensor
before the softmax output, (documents, features). It may use only Keras layers, because the saved
model is loaded without this file.
"""

import keras
from keras import layers


def gru_attention(
    x: keras.KerasTensor, units: int = 32, attention: int = 64, dropout: float = 0.2
) -> keras.KerasTensor:
    """Return the weighted sum of the words of each document.

    A bidirectional GRU, then the word attention of Yang et al. (2016, "Hierarchical attention
    networks for document classification", NAACL, equations 5 to 7): with h_t the output for word t,
    u_t = tanh(W h_t + b), a = softmax over t of u_t · u, and the document is Σ_t a_t h_t.

    Args:
        x: (documents, words, dimensions).
        units: of the GRU in each direction.
        attention: length of u.
        dropout: rate of dropout on the result.
    """
    h = layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)
    u = layers.Dense(attention, activation="tanh")(h)
    a = layers.Softmax(axis=1)(layers.Dense(1, use_bias=False)(u))
    document = layers.Flatten()(layers.Dot(axes=1)([a, h]))
    return layers.Dropout(dropout)(document)
