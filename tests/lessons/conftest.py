import json

import IPython.display
import pytest
from helpers import ROOT


@pytest.fixture
def displayed(monkeypatch):
    """A function: what the code cells of a notebook display, without a kernel."""

    def execute(notebook, **parameters):
        pieces = []

        def display(*shown):
            pieces.extend(piece.data for piece in shown)

        monkeypatch.setattr(IPython.display, "display", display)
        cells = json.loads((ROOT / f"reports/{notebook}.ipynb").read_text("utf-8"))["cells"]
        defaults, *code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        variables = {}
        exec(defaults, variables)
        exec("\n".join(code), variables | parameters)
        return "".join(pieces)

    return execute
