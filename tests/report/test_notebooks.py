"""Notebooks of reports/ are short: a student reads them, functions live in the packages."""

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
