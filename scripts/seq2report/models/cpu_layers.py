"""Keras layers that train faster on a CPU, with the arguments, weights and results of Keras's own.

A network without a GPU trains with these layers and is saved with Keras's own. They are written for
XLA (``jit_compile``) and also run without it.

Keras's own layers are slow for two reasons. The gradient of an LSTM is computed step by step,
including sums of small matrix products. XLA's default random number generator takes half a
microsecond per number on a CPU, so that the dropout of one layer can take as long as its training
(``benchmarks/steps.py`` measures both).
"""

from collections.abc import Callable

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("seq2report")  # Bidirectional copies its layer
class LSTM(keras.layers.LSTM):
    """Long short-term memory (Hochreiter and Schmidhuber 1997) with its own gradient.

    The projection of the inputs is one large product before the loop over words, and the gradient
    of the recurrent weights is one after it. Only what depends on the previous word is in the loop.
    Keras's own code handles the other cases: a mask, other activations, dropout of the inputs,
    initial or returned states.
    """

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: list | None = None,
        mask: tf.Tensor | None = None,
        training: bool = False,
    ) -> tf.Tensor:
        """Return (documents, units), or (documents, words, units) with ``return_sequences``."""
        if mask is not None or initial_state is not None or not self._is_plain():
            return super().call(sequences, initial_state, mask, training)
        words = tf.transpose(sequences, (1, 0, 2))
        if self.go_backwards:
            words = tf.reverse(words, (0,))
        projected = tf.tensordot(words, self.cell.kernel, 1) + self.cell.bias
        recurrent = tf.convert_to_tensor(self.cell.recurrent_kernel)
        masks = None
        if training and self.recurrent_dropout:
            shape = (4, tf.shape(words)[1], self.units)
            masks = drop(tf.ones(shape), self.recurrent_dropout, self.cell.seed_generator)
        hidden = scan(projected, recurrent, masks, self.return_sequences)
        return tf.transpose(hidden, (1, 0, 2)) if self.return_sequences else hidden

    def _is_plain(self) -> bool:
        return (
            self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and self.use_bias
            and not (self.dropout or self.stateful or self.return_state or self.unroll)
            and self.compute_dtype == "float32"
        )


@keras.saving.register_keras_serializable("seq2report")
class Dropout(keras.layers.Dropout):
    """Dropout with a random number generator that is also fast under XLA."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return ``inputs``, in training with dropped units and the others scaled up."""
        if not training or not self.rate:
            return inputs
        return drop(inputs, self.rate, self.seed_generator, self.noise_shape)


def drop(
    x: tf.Tensor, rate: float, seeds: keras.random.SeedGenerator, noise_shape: tuple | None = None
) -> tf.Tensor:
    """Set a share ``rate`` of the numbers of ``x`` to 0 and divide the others by ``1 - rate``."""
    return tf.nn.experimental.stateless_dropout(
        x, rate, seed=seeds.next(), noise_shape=noise_shape, rng_alg="philox"
    )


# Longer than other functions: one algorithm, whose two loops share their arrays.
def scan(
    projected: tf.Tensor, recurrent: tf.Tensor, masks: tf.Tensor | None, sequences: bool
) -> tf.Tensor:
    """Run an LSTM over projected words, with the gates in Keras's order i, f, g (candidate), o.

    With a_t = projected_t + h_{t-1}·recurrent: c_t = σ(f)·c_{t-1} + σ(i)·tanh(g) and
    h_t = σ(o)·tanh(c_t), both 0 before the first word. tanh(x) = 2σ(2x) - 1, so that one σ serves
    all four gates.

    Args:
        projected: (words, documents, 4·units) float32, with a fixed number of words.
        recurrent: (units, 4·units) float32.
        masks: (4, documents, units) float32, factors of h for each gate (recurrent dropout),
            or None.
        sequences: whether to return h of every word, (words, documents, units), instead of h of
            the last word, (documents, units).
    """
    words, units = projected.shape[0], recurrent.shape[0]
    # Products with the recurrent weights: one, or with masks one per gate.
    masks = [1.0] if masks is None else tf.unstack(masks)
    count = len(masks)
    twice = tf.repeat([1.0, 1.0, 2.0, 1.0], units)
    zeros = tf.zeros((tf.shape(projected)[1], units))

    def rows(width: int) -> tf.TensorArray:
        return tf.TensorArray(tf.float32, words, element_shape=(None, width))

    @tf.custom_gradient
    def run(projected: tf.Tensor, recurrent: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        inputs = rows(4 * units).unstack(projected * twice)
        blocks = list(zip(masks, tf.split(recurrent * twice, count, axis=1), strict=True))

        def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, *kept: tf.TensorArray) -> tuple:
            factors, carries, forgets, befores, hiddens = kept
            befores = befores.write(t, h)
            a = inputs.read(t) + tf.concat([tf.matmul(h * mask, u) for mask, u in blocks], 1)
            i, f, g, o = tf.split(tf.sigmoid(a), 4, axis=1)
            g = 2 * g - 1
            before, c = c, f * c + i * g
            tanh_c = tf.tanh(c)
            h = o * tanh_c
            # Factors of the backward pass: ∂c/∂a of i, f, g and ∂h/∂a of o, then ∂h/∂c.
            factor = (g * i * (1 - i), before * f * (1 - f), i * (1 - g * g), h * (1 - o))
            factors = factors.write(t, tf.concat(factor, 1))
            carries = carries.write(t, o - h * tanh_c)
            if sequences:
                hiddens = hiddens.write(t, h)
            return t + 1, h, c, factors, carries, forgets.write(t, f), befores, hiddens

        start = (0, zeros, zeros, rows(4 * units), *(rows(units) for _ in range(4)))
        _, h, _, factors, carries, forgets, befores, hiddens = tf.while_loop(
            lambda t, *_: t < words, step, start, maximum_iterations=words
        )

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            back = [tf.transpose(u) for u in tf.split(recurrent, count, axis=1)]
            arriving = rows(units).unstack(upstream) if sequences else None

            def step_back(t: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor, das: tf.TensorArray) -> tuple:
                if sequences:
                    dh += arriving.read(t)
                dc += dh * carries.read(t)
                da = tf.concat((dc, dc, dc, dh), 1) * factors.read(t)
                parts = zip(tf.split(da, count, axis=1), back, masks, strict=True)
                dh = tf.add_n([tf.matmul(part, u) * mask for part, u, mask in parts])
                return t - 1, dh, dc * forgets.read(t), das.write(t, da)

            start = (words - 1, zeros if sequences else upstream, zeros, rows(4 * units))
            *_, das = tf.while_loop(
                lambda t, *_: t >= 0, step_back, start, maximum_iterations=words
            )
            da = das.stack()
            before = befores.stack()
            parts = zip(masks, tf.split(da, count, axis=2), strict=True)
            products = [tf.tensordot(before * mask, part, ((0, 1), (0, 1))) for mask, part in parts]
            return da, tf.concat(products, 1)

        return hiddens.stack() if sequences else h, gradient

    return run(projected, recurrent)


FASTER = {"LSTM": LSTM, "Dropout": Dropout}
