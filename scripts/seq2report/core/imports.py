"""Which files a script is made of: the workflow tracks them all as inputs."""

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def local_imports(script: Path | str, root: Path | str) -> list[Path]:
    """Return ``script`` and every file below ``root`` that it imports, directly or not, sorted.

    ``script`` may be a notebook. Imports are read from the source (``import a.b``,
    ``from a import b``, anywhere in the file), nothing is executed; a module that is not a file
    below ``root`` is passed over.
    """
    root = Path(root)
    files: set[Path] = set()
    waiting = [Path(script)]
    while waiting:
        path = waiting.pop()
        if path not in files:
            files.add(path)
            for module in _modules(_source(path)):
                waiting.extend(_files(module, root))
    return sorted(files)


def _source(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = (cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    return "\n".join("".join(cell["source"]) for cell in cells)


@cache  # by the text: the workflow asks for dozens of scripts, which share their helpers
def _modules(source: str) -> frozenset[str]:
    modules = set()
    for node in _statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(modules)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements in a node, at any depth; unlike ``ast.walk``, no expressions."""
    for field in ("body", "orelse", "handlers", "finalbody", "cases"):
        for inner in getattr(node, field, ()):
            yield inner
            yield from _statements(inner)


@cache  # a plan asks more than 10,000 times
def _files(module: str, root: Path) -> tuple[Path, ...]:
    parts = module.split(".")
    packages = [root.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts) + 1)]
    return tuple(filter(Path.is_file, [*packages, root.joinpath(*parts).with_suffix(".py")]))
