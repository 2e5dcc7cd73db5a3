"""Which recurrent layers of a network cuDNN computes on a GPU, and what costs the others that.

The rules are those of Keras's LSTM and GRU, which take cuDNN's kernel by themselves where they can.
They are here as well because more hangs on them: XLA cannot compile that kernel, so that it has to
be the one or the other; and a mask that cuDNN cannot read ends a training that Keras gave to it.
"""

import keras


def choose(model: keras.Model, padding: str | None) -> str | None:
    """Give each recurrent layer of ``model`` to cuDNN where it can have it, the others not.

    Args:
        model: not compiled yet, of Keras's own layers.
        padding: the side that documents are padded on, ``pre`` or ``post``; None where they are no
            sequences.

    Returns:
        The layers that cuDNN cannot compute and why, in words; None where there are none.
    """
    masked, lost = masked_layers(model), []
    for layer in model.layers:
        for each in recurrent(layer):
            reasons = losses(each, padding if layer.name in masked else None)
            if hasattr(each, "use_cudnn"):
                each.use_cudnn = not reasons  # True: an error, rather than another path in silence
                each.supports_jit = bool(reasons)  # Keras takes what cuDNN may have out of XLA
            if reasons:
                lost.append(f"{type(each).__name__} ({', '.join(reasons)})")
    return "; ".join(dict.fromkeys(lost)) or None  # both directions of a layer once


def is_used(model: keras.Model) -> bool:
    """Say whether `choose` gave a layer to cuDNN."""
    layers = [each for layer in model.layers for each in recurrent(layer)]
    return any(getattr(each, "use_cudnn", False) is True for each in layers)


def recurrent(layer: keras.layers.Layer) -> list[keras.layers.RNN]:
    """Return the layers that loop over words in a layer: itself, or what it wraps."""
    if isinstance(layer, keras.layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    if isinstance(layer, keras.layers.Wrapper):
        return recurrent(layer.layer)
    return [layer] if isinstance(layer, keras.layers.RNN) else []


def losses(layer: keras.layers.RNN, masked: str | None = None) -> list[str]:
    """Return what of a layer's arguments cuDNN cannot do; nothing where it computes the layer.

    Args:
        layer: a recurrent one.
        masked: where a mask reaches the layer, the side that documents are padded on.
    """
    if not isinstance(layer, keras.layers.LSTM | keras.layers.GRU):
        return ["cuDNN is for LSTM and GRU"]
    found = []
    if layer.recurrent_dropout:
        found.append(f"recurrent_dropout: {layer.recurrent_dropout}")
    for name, needed in (
        ("activation", keras.activations.tanh),
        ("recurrent_activation", keras.activations.sigmoid),
    ):
        if getattr(layer, name) is not needed:
            found.append(f"{name}: {keras.activations.serialize(getattr(layer, name))}")
    if layer.unroll:
        found.append("unroll: true")
    if not layer.use_bias:
        found.append("use_bias: false")
    if isinstance(layer, keras.layers.GRU) and not layer.reset_after:
        found.append("reset_after: false")
    if not layer.use_cudnn:
        found.append("use_cudnn: false")
    if masked == "pre":
        found.append("left padding under a mask")
    elif masked:  # a document without words, or a word without a vector: cuDNN reads neither
        found.append("a mask that may leave gaps or nothing")
    return found


def masked_layers(model: keras.Model) -> set[str]:
    """Return the names of the layers that a mask reaches, such as that of ``Masking``."""
    masks, reached = {}, set()  # masks by the tensor that they belong to
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        before = [masks.get(id(each)) for each in keras.tree.flatten(layer.input)]
        if any(mask is not None for mask in before):
            reached.add(layer.name)
        if layer.supports_masking:
            before = before if isinstance(layer.input, list) else before[0]
            masks[id(layer.output)] = layer.compute_mask(layer.input, before)
    return reached
