"""Functions of a Python file that make the layers of a variant, and whether they have changed."""

import ast
import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

from seq2report.core.command import UserError, nearest

ROOT = Path(__file__).resolve().parents[3]


def digest(file: str, function: str) -> str:
    """Return the SHA-256 digest of a function and all else of its file that it uses.

    Comments, blank lines, and what the function does not use are not part of it. Nothing is run.

    Args:
        file: its path, below the working folder or else beside the Snakefile.
        function: its name.

    Raises:
        UserError: there is no such file or function, or the file is no Python.
    """
    used = "\n".join(ast.dump(statement) for statement in _used(_parse(file), file, function))
    return hashlib.sha256(used.encode()).hexdigest()


def load_function(file: str, function: str, expected: str) -> Callable:
    """Run a Python file and return a function of it.

    Args:
        file: as for `digest`.
        function: its name.
        expected: its digest when the work was planned.

    Raises:
        UserError: the function is another one by now, or the file cannot be run.
    """
    if digest(file, function) != expected:
        raise UserError(
            f"{file}: '{function}' has changed since this was planned; start the run again"
        )
    spec = importlib.util.spec_from_file_location("own_layers", _find(file))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the file raises
        raise UserError(f"{file}: cannot be run: {type(error).__name__}: {error}") from error
    return getattr(module, function)


def _find(file: str) -> Path:
    looked = [Path(file), ROOT / file]
    for path in looked:
        if path.is_file():
            return path
    raise UserError(f"there is no file {file}, neither below the working folder nor below {ROOT}")


def _parse(file: str) -> ast.Module:
    try:
        return ast.parse(_find(file).read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{file}: is no Python: {error}") from error


def _used(tree: ast.Module, file: str, function: str) -> Iterator[ast.stmt]:
    """Yield the statements of a file that a function needs, in their order.

    One that is no definition, import or assignment may do anything, and is always needed.
    """
    binds = [(statement, _bound(statement)) for statement in tree.body]
    functions = [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]
    if function not in functions:
        raise UserError(f"{file}: has no function '{function}'; {nearest(function, functions)}")
    needed, waiting = set(), {function}
    for statement, names in binds:
        if names is None:
            waiting |= _names(statement)
    while waiting:
        needed |= waiting
        waiting = {
            name
            for statement, names in binds
            if names is not None and names & needed
            for name in _names(statement)
        } - needed
    for statement, names in binds:
        if names is None or names & needed:
            yield statement


def _bound(statement: ast.stmt) -> set[str] | None:
    """Return the names that a statement defines, and does nothing else; None of any other one."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        names = {(each.asname or each.name).split(".")[0] for each in statement.names}
        return None if "*" in names else names
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        stored = {
            each.id
            for target in targets
            for each in ast.walk(target)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        return stored or None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return set()  # the docstring
    return None


def _names(statement: ast.stmt) -> set[str]:
    return {each.id for each in ast.walk(statement) if isinstance(each, ast.Name)}
