"""Load functions of a Python file that build the layers of a variant."""

import ast
import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path

from seq2report.core.command import UserError, nearest
from seq2report.core.shipped import ROOT


def digest(file: str, function: str) -> str:
    """Return the SHA-256 digest of the file of a function, without running it.

    The path is relative to the working folder or else to the Snakefile.

    Raises:
        UserError: the file or the function does not exist, or the file is not Python.
    """
    content = _find(file).read_bytes()
    try:
        statements = ast.parse(content).body
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{file}: not valid Python: {error}") from error
    functions = [item.name for item in statements if isinstance(item, ast.FunctionDef)]
    if function not in functions:
        raise UserError(f"{file}: has no function '{function}'; {nearest(function, functions)}")
    return hashlib.sha256(content).hexdigest()


def load_function(file: str, function: str, expected: str) -> Callable:
    """Run a Python file and return one of its functions.

    Raises:
        UserError: the digest is not the expected one, from the plan, or the file cannot be run.
    """
    if digest(file, function) != expected:
        raise UserError(f"{file}: has changed since the run was planned; start the run again")
    spec = importlib.util.spec_from_file_location("own_layers", _find(file))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the file may raise anything
        raise UserError(f"{file}: cannot be run: {type(error).__name__}: {error}") from error
    return getattr(module, function)


def _find(file: str) -> Path:
    for path in (Path(file), ROOT / file):
        if path.is_file():
            return path
    raise UserError(f"{file}: no such file below the working folder {Path.cwd()} or below {ROOT}")
