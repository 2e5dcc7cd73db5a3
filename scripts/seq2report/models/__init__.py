import os

# Keras and TensorFlow read these when they are loaded. Settings of a home or shell must not change
# results: ~/.keras/keras.json may name another precision or backend, variables limit the epochs.
os.environ.update(KERAS_HOME=os.devnull, KERAS_BACKEND="tensorflow")
for variable in (
    *("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED", "TF_XLA_FLAGS"),
    *("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_DEFAULT_FPMATH_MODE", "NVIDIA_TF32_OVERRIDE"),
    *("TF_ENABLE_AUTO_MIXED_PRECISION", "TF_ENABLE_AUTO_MIXED_PRECISION_GRAPH_REWRITE"),
):
    os.environ.pop(variable, None)
