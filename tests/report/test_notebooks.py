"""Notebooks of reports/ are short: a student reads them, functions live in the packages."""

import ast
import json

import pytest
from helpers import ROOT

LONGEST = 15  # lines of a code cell
NOTEBOOKS = sorted((ROOT / "reports").glob("*.ipynb"))


def long_cells(notebook):
    """Return ``cell n: m lines`` for each code cell of more than `LONGEST` lines."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lengths = {
        n: len("".join(cell["source"]).splitlines())
        for n, cell in enumerate(cells)
        if cell["cell_type"] == "code"
    }
    return [f"cell {n}: {lines} lines" for n, lines in lengths.items() if lines > LONGEST]


def code(notebook):
    """Return the code of a notebook, its cells one below the other."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_every_table_has_a_caption_which_screen_readers_read():
    modules = (ROOT / "scripts/seq2report").rglob("*_page.py")
    sources = [*map(code, NOTEBOOKS), *(path.read_text(encoding="utf-8") for path in modules)]
    nodes = (node for source in sources for node in ast.walk(ast.parse(source)))
    tables = [node for node in nodes if isinstance(node, ast.Call)]
    tables = [node for node in tables if ast.unparse(node.func) == "html.table"]
    assert len(tables) > 40
    assert not [
        ast.unparse(call)
        for call in tables
        if len(call.args) < 3 and "caption" not in {keyword.arg for keyword in call.keywords}
    ]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_code_cell_is_short(notebook):
    assert long_cells(notebook) == [], f"{notebook.name}: at most {LONGEST} lines per cell"


def test_a_long_cell_is_named(tmp_path):
    cells = [("markdown", 40), ("code", 15), ("code", 16)]
    content = [
        {"cell_type": kind, "source": "\n".join(["x"] * lines).splitlines(keepends=True)}
        for kind, lines in cells
    ]
    path = tmp_path / "page.ipynb"
    path.write_text(json.dumps({"cells": content}), encoding="utf-8")
    assert long_cells(path) == ["cell 2: 16 lines"]
