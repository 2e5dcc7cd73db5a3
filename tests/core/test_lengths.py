"""Files and functions stay short enough to be read at once."""

import ast
from pathlib import Path

import pytest
from helpers import ROOT

FILE, FUNCTION = 400, 40  # lines
LONG = {  # functions with a comment that says why
    ("cpu_layers.py", "scan"),
    ("cpu_layers.py", "run"),
    ("statistics.py", "paired_tests"),
}
SOURCES = sorted([*ROOT.glob("scripts/**/*.py"), *ROOT.glob("benchmarks/*.py")])
TESTS = sorted(ROOT.glob("tests/**/*.py"))


def too_long(source: str) -> list[str]:
    """Return the names of the functions that are longer than `FUNCTION` lines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    return [each.name for each in functions if each.end_lineno - each.lineno >= FUNCTION]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path):
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= FILE
    assert [name for name in too_long(source) if (path.name, name) not in LONG] == []


def test_files_of_tests_are_short():
    lines = {path.name: path.read_text("utf-8").count("\n") for path in TESTS}
    assert {name: count for name, count in lines.items() if count > FILE} == {}


def test_a_long_function_is_named():
    body = "    x = 1\n" * 40
    assert too_long(f"def long():\n{body}\ndef short():\n    x = 1\n") == ["long"]


def test_the_exceptions_are_needed():
    found = {(path.name, name) for path in SOURCES for name in too_long(path.read_text("utf-8"))}
    assert found == LONG
