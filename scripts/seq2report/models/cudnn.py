"""Choose the recurrent layers that cuDNN computes on a GPU, and name what excludes the others.

Keras's LSTM and GRU follow the same rules when they choose cuDNN's kernel. They are repeated here
because XLA cannot compile this kernel, so that a model uses either XLA or cuDNN, and because a mask
that cuDNN does not support would end a training after Keras has chosen cuDNN.
"""

import keras


def choose(model: keras.Model, padding: str | None) -> str | None:
    """Use cuDNN for each recurrent layer that supports it; return the others with the reasons.

    ``model`` has Keras's own layers and is not compiled. ``padding`` is None if the documents are
    not sequences.
    """
    masked, lost = masked_layers(model), []
    for layer in model.layers:
        for inner in recurrent(layer):
            reasons = losses(inner, padding if layer.name in masked else None)
            if hasattr(inner, "use_cudnn"):
                inner.use_cudnn = not reasons  # True: an error instead of a silent fallback
                inner.supports_jit = bool(reasons)  # Keras compiles these layers without XLA
            if reasons:
                lost.append(f"{type(inner).__name__} ({', '.join(reasons)})")
    return "; ".join(dict.fromkeys(lost)) or None  # both directions of a layer are listed once


def is_used(model: keras.Model) -> bool:
    """Return whether `choose` has chosen cuDNN for a layer."""
    layers = [inner for layer in model.layers for inner in recurrent(layer)]
    return any(getattr(layer, "use_cudnn", False) is True for layer in layers)


def recurrent(layer: keras.layers.Layer) -> list[keras.layers.RNN]:
    """Return the recurrent layers in a layer: itself, or those that it wraps."""
    if isinstance(layer, keras.layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    if isinstance(layer, keras.layers.Wrapper):
        return recurrent(layer.layer)
    return [layer] if isinstance(layer, keras.layers.RNN) else []


def losses(layer: keras.layers.RNN, masked: str | None = None) -> list[str]:
    """Return the arguments of a recurrent layer that cuDNN does not support.

    ``masked`` is the padding, pre or post, if a mask reaches the layer.
    """
    if not isinstance(layer, keras.layers.LSTM | keras.layers.GRU):
        return ["cuDNN is for LSTM and GRU"]
    reasons = []
    if layer.recurrent_dropout:
        reasons.append(f"recurrent_dropout: {layer.recurrent_dropout}")
    for name, needed in (
        ("activation", keras.activations.tanh),
        ("recurrent_activation", keras.activations.sigmoid),
    ):
        if getattr(layer, name) is not needed:
            reasons.append(f"{name}: {keras.activations.serialize(getattr(layer, name))}")
    if layer.unroll:
        reasons.append("unroll: true")
    needs_reset = isinstance(layer, keras.layers.GRU)
    for name in ("use_bias", *["reset_after"] * needs_reset, "use_cudnn"):
        if not getattr(layer, name):
            reasons.append(f"{name}: false")
    if masked == "pre":
        reasons.append("left padding under a mask")
    elif masked:  # an empty document, or a token without a vector: cuDNN supports neither
        reasons.append("a mask that may leave gaps or nothing")
    return reasons


def masked_layers(model: keras.Model) -> set[str]:
    """Return the names of the layers that a mask reaches, such as that of ``Masking``."""
    masks, reached = {}, set()  # masks by the id of their tensor
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        before = [masks.get(id(tensor)) for tensor in keras.tree.flatten(layer.input)]
        if any(mask is not None for mask in before):
            reached.add(layer.name)
        if layer.supports_masking:
            before = before if isinstance(layer.input, list) else before[0]
            masks[id(layer.output)] = layer.compute_mask(layer.input, before)
    return reached
