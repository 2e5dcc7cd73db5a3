"""The files of sentence-transformers beside a pretrained encoder, and what they refuse."""

from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seq2report.core.command import UserError
from seq2report.core.excerpts import visible
from seq2report.models.checkpoint_files import read_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# The modules around the encoder, those that we have, and the poolings.
MODULES, COMPUTED = "modules.json", ("Transformer", "Pooling", "Normalize")
POOLINGS = {"cls_token": "cls", "mean_tokens": "mean"}
SETTINGS = "sentence_*_config.json"  # of the encoder


def check_modules(path: Path, names: list[str]) -> None:
    """Refuse layers after the encoder that are not computed, such as the dense one of LaBSE."""
    for file in (name for name in names if PurePosixPath(name).name == MODULES):
        for module in read_json(path, file, list):
            whole = str(module.get("type")) if isinstance(module, dict) else str(module)
            kind = whole.rpartition(".")[2]
            if kind not in COMPUTED:
                raise UserError(
                    f"{path}: {file} has the module {visible(kind)}, expected only"
                    f" {', '.join(COMPUTED)}: other layers are not computed; use another encoder,"
                    " or remove all files except config.json, model.safetensors and those of the"
                    " tokeniser to use this one without its last layers"
                )


def check_case(path: Path, names: list[str], tokenizer: "Tokenizer") -> None:
    """Refuse texts that are lower-cased before a tokeniser that keeps their case."""
    normalizer = tokenizer.normalizer
    if normalizer and normalizer.normalize_str("A") == "a":
        return
    for file in (name for name in names if fnmatch(PurePosixPath(name).name, SETTINGS)):
        if read_json(path, file).get("do_lower_case"):
            raise UserError(
                f"{path}: {file} has do_lower_case, but the tokeniser keeps upper case; use another"
                " encoder, or remove this file to use this one with upper case"
            )


def read_poolings(path: Path, names: list[str]) -> dict[str, dict]:
    """Return the settings in each file such as 1_Pooling/config.json, by its name."""
    parts = {name: PurePosixPath(name).parts for name in names}
    return {
        name: read_json(path, name)
        for name, (*folders, file) in parts.items()
        if file == "config.json" and folders and folders[-1].endswith("_Pooling")
    }


def check_pooling(settings: dict, path: Path, poolings: dict[str, dict]) -> None:
    """Check that an encoder of the configuration has the pooling of its checkpoint, if known.

    Args:
        settings: of the encoder, with its pooling, and maybe a prefix.
        path: of the checkpoint, which has these ``poolings``, as `read_poolings` returns them.

    Raises:
        UserError: it has another one.
    """
    pooling, prefix = settings["pooling"], settings.get("prefix")
    for file, pooled in poolings.items():
        found = _pooling(pooled)
        if found not in ("", pooling):
            raise UserError(
                f"pooling: found {pooling}, but {path}: {file} has {visible(found)}; set the same"
                " pooling (mean or cls), or remove this file to use another one"
            )
        if pooling == "mean" and prefix and pooled.get("include_prompt") is False:
            raise UserError(
                f"prefix: found {visible(repr(prefix))}, but {path}: {file} has no include_prompt:"
                " the mean would include the prefix; leave it out, use another encoder, or remove"
                " this file to include it"
            )


def _pooling(settings: dict) -> str:
    """Return the pooling of a 1_Pooling/config.json, "" if it has none."""
    stem = "pooling_mode_"
    modes = [key.removeprefix(stem) for key in settings if key.startswith(stem) and settings[key]]
    named = settings.get("pooling_mode")
    return str(named or " and ".join(POOLINGS.get(mode, mode) for mode in modes))
