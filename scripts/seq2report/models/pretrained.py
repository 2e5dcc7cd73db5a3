"""Read a pretrained encoder of the BERT family: configuration, weights and tokeniser.

A checkpoint is a folder, tar, zip or wheel with config.json, model.safetensors, and tokenizer.json
or vocab.txt, as published on Hugging Face. Nothing is unpickled. `read_checkpoint` reads the
header of the weights only, and finds every error before the weights are read.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from seq2report.core.command import UserError, first_line
from seq2report.core.excerpts import excerpt, visible
from seq2report.documents.pieces import SHORTEST, check_tokenizer, read_tokenizer
from seq2report.files import archives
from seq2report.models.checkpoint_files import LARGEST, beginning, names_in, on_disk, read_json
from seq2report.models.sentence_transformers import check_case, check_modules, read_poolings
from seq2report.models.variant import Input

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CONFIG, WEIGHTS = "config.json", "model.safetensors"
TOKENIZER, VOCABULARY, OPTIONS = "tokenizer.json", "vocab.txt", "tokenizer_config.json"
OTHER_WEIGHTS = ("pytorch_model.bin", "tf_model.h5", "model.safetensors.index.json")
DTYPES = ("BF16", "F16", "F32", "F64")
ACTIVATIONS = {  # of config.json: the function, and whether it is the tanh approximation
    "gelu": ("gelu", False),
    "gelu_python": ("gelu", False),
    "gelu_new": ("gelu", True),
    "gelu_fast": ("gelu", True),
    "gelu_pytorch_tanh": ("gelu", True),
    "relu": ("relu", False),
}
# The keys of config.json, by model_type, for the fields of `Architecture`, with their defaults.
KEYS = {
    "bert": {
        "vocabulary": ("vocab_size", None),
        "positions": ("max_position_embeddings", None),
        "layers": ("num_hidden_layers", None),
        "heads": ("num_attention_heads", None),
        "width": ("hidden_size", None),
        "inner": ("intermediate_size", None),
        "activation": ("hidden_act", "gelu"),
        "epsilon": ("layer_norm_eps", 1e-12),
        "dropout": ("hidden_dropout_prob", 0.1),
        "attention_dropout": ("attention_probs_dropout_prob", 0.1),
    },
    "distilbert": {
        "vocabulary": ("vocab_size", None),
        "positions": ("max_position_embeddings", None),
        "layers": ("n_layers", None),
        "heads": ("n_heads", None),
        "width": ("dim", None),
        "inner": ("hidden_dim", None),
        "activation": ("activation", "gelu"),
        "epsilon": (None, 1e-12),  # always, whatever config.json says
        "dropout": ("dropout", 0.1),
        "attention_dropout": ("attention_dropout", 0.1),
    },
}
# Settings of config.json that would need another network, and their only values.
ONLY = {
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
    "auto_map": None,  # code of its own
    "feed_forward_type": None,
    "pruned_heads": {},
}
# Names of tensors below the prefix of the model, by model_type. {n} is the number of a layer.
EMBEDDINGS = {
    "pieces": "embeddings.word_embeddings.weight",
    "positions": "embeddings.position_embeddings.weight",
    "norm.weight": "embeddings.LayerNorm.weight",
    "norm.bias": "embeddings.LayerNorm.bias",
}
LAYERS = {
    "bert": {
        "query": "encoder.layer.{n}.attention.self.query",
        "key": "encoder.layer.{n}.attention.self.key",
        "value": "encoder.layer.{n}.attention.self.value",
        "output": "encoder.layer.{n}.attention.output.dense",
        "attention_norm": "encoder.layer.{n}.attention.output.LayerNorm",
        "inner": "encoder.layer.{n}.intermediate.dense",
        "outer": "encoder.layer.{n}.output.dense",
        "norm": "encoder.layer.{n}.output.LayerNorm",
    },
    "distilbert": {
        "query": "transformer.layer.{n}.attention.q_lin",
        "key": "transformer.layer.{n}.attention.k_lin",
        "value": "transformer.layer.{n}.attention.v_lin",
        "output": "transformer.layer.{n}.attention.out_lin",
        "attention_norm": "transformer.layer.{n}.sa_layer_norm",
        "inner": "transformer.layer.{n}.ffn.lin1",
        "outer": "transformer.layer.{n}.ffn.lin2",
        "norm": "transformer.layer.{n}.output_layer_norm",
    },
}
TYPES = "embeddings.token_type_embeddings.weight"  # of BERT; texts have the type 0


@dataclass(frozen=True)
class Architecture:
    """The numbers that determine the network of an encoder."""

    vocabulary: int  # word pieces
    positions: int  # longest input, in word pieces
    layers: int
    heads: int  # of attention
    width: int  # of the vector of a word piece
    inner: int  # width of the feed-forward network of a layer
    activation: str  # a key of `ACTIVATIONS`
    epsilon: float  # of layer normalisation
    dropout: float
    attention_dropout: float


@dataclass(frozen=True)
class Checkpoint:
    """A checked pretrained encoder; its weights are still on disk."""

    path: Path
    architecture: Architecture
    tokenizer: "Tokenizer"
    names: dict[str, str]  # of the tensors, by the names of `tensor_shapes`
    weights: str  # path of model.safetensors in the checkpoint
    poolings: dict[str, dict]  # settings of sentence-transformers, by the file that has them

    def read_weights(self) -> dict[str, np.ndarray]:
        """Return the tensors by the names of `tensor_shapes`, float32; "types" of BERT is optional.

        Raises:
            UserError: the file is damaged.
        """
        import ml_dtypes  # noqa: F401 (the type BF16, for NumPy)
        from safetensors import SafetensorError, safe_open

        with on_disk(self.path, self.weights) as file:
            try:
                with safe_open(file, framework="numpy") as stored:
                    return {
                        name: _finite(stored.get_tensor(tensor), tensor)
                        for name, tensor in self.names.items()
                    }
            except (SafetensorError, ValueError) as error:
                raise UserError(
                    f"{self.path}: {self.weights} is damaged ({first_line(error)}); remove"
                    f" {self.path} and fetch it again"
                ) from error


def _finite(tensor: np.ndarray, name: str) -> np.ndarray:
    """Return a tensor as float32; `ValueError` if not all of its values are finite numbers."""
    with np.errstate(over="ignore"):
        tensor = tensor.astype(np.float32)
    if not np.isfinite(tensor).all():
        raise ValueError(f"{name} has values that are no finite numbers")
    return tensor


def read_checkpoint(path: Path) -> Checkpoint:
    """Return the checkpoint in a folder or archive; its weights are not read yet.

    Raises:
        UserError: a file is missing or damaged, the architecture is not supported, a tensor is
            missing or has another shape, or the tokeniser does not fit.
    """
    names = names_in(path)
    check_modules(path, names)
    files = _find(path, names)
    config = read_json(path, files[CONFIG])
    architecture = read_architecture(config, f"{path}: {files[CONFIG]}")
    header = _read_header(path, files[WEIGHTS])
    tensors = _match(config["model_type"], architecture, header, f"{path}: {files[WEIGHTS]}")
    tokenizer = _read_tokenizer(path, files, config)
    check_tokenizer(tokenizer, architecture.vocabulary, str(path))
    check_case(path, names, tokenizer)
    poolings = read_poolings(path, names)
    return Checkpoint(path, architecture, tokenizer, tensors, files[WEIGHTS], poolings)


def read_architecture(config: dict, where: str) -> Architecture:
    """Return the architecture of the content of config.json.

    Raises:
        UserError: it is not one of the BERT family, or a value is missing or not allowed; the
            message begins with ``where``.
    """
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in KEYS:
        raise UserError(
            f"{where}: found model_type {visible(str(kind))}, expected {' or '.join(KEYS)}; use an"
            " encoder of the BERT family"
        )
    config = {key: value for key, value in config.items() if value is not None}
    for key, value in ONLY.items():
        if (found := config.get(key, value)) != value:
            expected = f"expected {value!r}" if value else "which is not supported"
            raise UserError(f"{where}: {key} is {visible(repr(found))}, {expected}")
    types, values = {field.name: field.type for field in fields(Architecture)}, {}
    for name, (key, default) in KEYS[kind].items():
        value = config.get(key, default)
        if value is None:
            raise UserError(f"{where}: {key} is missing")
        values[name] = _checked(value, types[name], f"{where}: {key}")
    architecture = Architecture(**values)
    if architecture.width % architecture.heads:
        width, heads = KEYS[kind]["width"][0], KEYS[kind]["heads"][0]
        raise UserError(f"{where}: {width} is not a multiple of {heads}")
    return architecture


def _checked(value: object, kind: type, where: str) -> object:
    """Return a value of config.json; `UserError` if it is not allowed."""
    if kind is str:
        if not isinstance(value, str) or value not in ACTIVATIONS:
            raise UserError(
                f"{where}: found {visible(str(value))}, expected {' or '.join(ACTIVATIONS)}; use"
                " another encoder: with another function, the vectors would be others"
            )
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    least = 0 if kind is float else 1
    most = 1 if kind is float else 1 << 24
    if not is_number or not least <= value <= most or (kind is int and value != int(value)):
        raise UserError(f"{where}: found {excerpt(repr(value), 40)}, expected {least} to {most}")
    return kind(value)


def check_length(
    length: int, architecture: Architecture, where: str, shortest: int = SHORTEST
) -> None:
    """Check the number of word pieces that are read of a document.

    ``shortest`` is that of `pieces.shortest`.

    Raises:
        UserError: the encoder reads no more than the prefix, or not so many.
    """
    if not shortest <= length <= architecture.positions:
        raise UserError(
            f"{where}: found {length}, expected {shortest} to {architecture.positions} word pieces:"
            f" {shortest - 1} are the special tokens and the prefix, if any, and"
            f" {architecture.positions} is the longest input of the encoder"
        )


def check_tuning(settings: Input, architecture: Architecture, shortest: int = SHORTEST) -> None:
    """Check how a variant reads and trains an encoder; ``shortest`` is that of `check_length`.

    Raises:
        UserError: the encoder does not read ``length`` pieces, or has less than ``train_layers``.
    """
    check_length(settings.length, architecture, "input.length", shortest)
    if (settings.train_layers or 0) > architecture.layers:
        raise UserError(
            f"input.train_layers: found {settings.train_layers}, expected at most"
            f" {architecture.layers}, the layers of the encoder"
        )


def operations(architecture: Architecture, length: int, train_layers: int | None) -> float:
    """Return the floating-point operations per word piece of a document with ``length`` pieces.

    Reading a document (``train_layers`` 0) takes two per weight of the layers, and four per width
    and pair of pieces in the attention; training takes twice as many again for each layer that is
    trained (Kaplan et al. 2020, table 1 and section 2.1). None trains all layers.
    """
    a = architecture
    layer = 2 * (4 * a.width**2 + 2 * a.width * a.inner) + 4 * a.width * length
    trained = a.layers if train_layers is None else train_layers
    return layer * (a.layers + 2.0 * trained)


def tensor_shapes(architecture: Architecture) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield our name of each tensor, such as ``3.query.weight`` of the layer 3, and its shape."""
    a = architecture
    yield from (("pieces", (a.vocabulary, a.width)), ("positions", (a.positions, a.width)))
    yield from (("norm.weight", (a.width,)), ("norm.bias", (a.width,)))
    sizes = {"inner": (a.inner, a.width), "outer": (a.width, a.inner)}
    for n in range(a.layers):
        for name in LAYERS["bert"]:
            shape = (a.width,) if name.endswith("norm") else sizes.get(name, (a.width, a.width))
            yield from ((f"{n}.{name}.weight", shape), (f"{n}.{name}.bias", shape[:1]))


def _match(kind: str, architecture: Architecture, header: dict, where: str) -> dict[str, str]:
    """Return the name of each tensor in the file by our name; `UserError` if one does not fit."""
    stem = f"{kind}." if any(name.startswith(f"{kind}.") for name in header) else ""
    names = {}
    for name, shape in tensor_shapes(architecture):
        number, _, rest = name.partition(".")
        if number.isdecimal():
            part, ending = rest.rsplit(".", 1)
            tensor = f"{stem}{LAYERS[kind][part].format(n=number)}.{ending}"
        else:
            tensor = stem + EMBEDDINGS[name]
        names[name] = _fitting(tensor, shape, header, where)
    if kind == "bert" and (types := stem + TYPES) in header:
        count, *_ = [*header[types]["shape"], 1]
        names["types"] = _fitting(types, (max(count, 1), architecture.width), header, where)
    return names


def _fitting(name: str, shape: tuple[int, ...], header: dict, where: str) -> str:
    """Return the name of a tensor; `UserError` if it is missing, or of another shape or type."""
    # Names of layer normalisation in checkpoints of TensorFlow.
    old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
        "LayerNorm.bias", "LayerNorm.beta"
    )
    name = name if name in header else old
    if name not in header:
        raise UserError(f"{where}: the tensor {name} is missing; does config.json belong to it?")
    found, dtype = header[name]["shape"], header[name].get("dtype")
    if found != list(shape):
        raise UserError(f"{where}: {name} has the shape {found}, expected {list(shape)}")
    if dtype not in DTYPES:
        raise UserError(
            f"{where}: {name} has the type {visible(str(dtype))}, expected {', '.join(DTYPES)};"
            " convert the weights"
        )
    return name


def _find(path: Path, names: list[str]) -> dict[str, str]:
    """Return the paths of the files of the checkpoint by their names; `UserError` without one."""
    folders = [str(PurePosixPath(n).parent) for n in names if PurePosixPath(n).name == WEIGHTS]
    if len(folders) != 1:
        others = [n for n in names if PurePosixPath(n).name in OTHER_WEIGHTS]
        found = others[0] if others else f"{len(folders)} files of this name"
        hint = "; convert the weights to one safetensors file" if others else ""
        raise UserError(f"{path}: found {visible(found)}, expected one {WEIGHTS}{hint}")
    wanted = {str(PurePosixPath(folders[0]) / name): name for name in (CONFIG, WEIGHTS)}
    optional = (TOKENIZER, VOCABULARY, OPTIONS)
    wanted |= {str(PurePosixPath(folders[0]) / name): name for name in optional}
    files = {wanted[plain]: n for n in names if (plain := str(PurePosixPath(n))) in wanted}
    for needed in (CONFIG, TOKENIZER):
        if needed not in files and not (needed == TOKENIZER and VOCABULARY in files):
            either = f"{TOKENIZER} or {VOCABULARY}" if needed == TOKENIZER else needed
            raise UserError(f"{path}: found no {either} beside {WEIGHTS}")
    return files


def _read_header(path: Path, name: str) -> dict[str, dict]:
    """Return dtype and shape of each tensor in a safetensors file, by its name."""
    start = beginning(path, name, 8)
    size = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if archives.POINTER.startswith(start or b"-"):
        raise UserError(f"{path}: {name}: {archives.IS_POINTER}")
    try:
        if not 2 <= size <= LARGEST:
            raise ValueError(f"its header has {size} bytes")
        header = json.loads(beginning(path, name, 8 + size)[8:])
        return {key: value for key, value in header.items() if _is_tensor(value)}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        message = f"{path}: {name} is damaged, or no safetensors file: {first_line(error)}"
        raise UserError(message) from error


def _is_tensor(value: dict) -> bool:
    shape = value.get("shape")
    return isinstance(shape, list) and all(type(size) is int for size in shape)


def _read_tokenizer(path: Path, files: dict[str, str], config: dict) -> "Tokenizer":
    whole = {
        name: beginning(path, files[name]) for name in (TOKENIZER, VOCABULARY) if name in files
    }
    options = read_json(path, files[OPTIONS]) if OPTIONS in files else {}
    options["tokenizer_class"] = options.get("tokenizer_class") or config.get("tokenizer_class")
    return read_tokenizer(whole.get(TOKENIZER), whole.get(VOCABULARY), options, str(path))
