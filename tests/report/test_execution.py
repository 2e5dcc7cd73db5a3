"""The cells of a notebook in the process of its page."""

import sys

import nbformat
import pytest
from IPython import get_ipython

import render


def executed(folder, *cells):
    parameters = nbformat.v4.new_code_cell("word = 'none'", metadata={"tags": ["parameters"]})
    code = [parameters, *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=code), folder / "n.ipynb")
    render.execute(folder / "n.ipynb", folder / "done.ipynb", {})
    return nbformat.read(folder / "done.ipynb", as_version=4).cells[len(code) * -1 + 1 :]


def test_a_cell_shows_what_it_displays_and_its_last_value_in_this_order(tmp_path):
    cells = [
        "from IPython.display import HTML, display\ndisplay(HTML('<b>'), HTML('<i>'))\nHTML('<u>')",
        "print('out')\nHTML('<s>');",
        "import sys\nprint('problem', file=sys.stderr)",
    ]
    first, second, third = executed(tmp_path, *cells)
    assert [shown["data"]["text/html"] for shown in first.outputs] == ["<b>", "<i>", "<u>"]
    assert [dict(shown) for shown in second.outputs] == [
        {"output_type": "stream", "name": "stdout", "text": "out\n"}
    ]
    assert third.outputs[0]["name"] == "stderr"
    assert [cell.execution_count for cell in (first, second, third)] == [2, 3, 4]


def test_notebooks_share_no_names_and_leave_nothing_behind(tmp_path):
    before = (sys.displayhook, sys.excepthook, sys.stdout)
    executed(tmp_path, "left = 1")
    (cell,) = executed(tmp_path, "print('left' in globals(), word)")
    assert cell.outputs[0]["text"] == "False none\n"
    assert (sys.displayhook, sys.excepthook, sys.stdout) == before
    assert get_ipython() is None


@pytest.mark.parametrize(
    ("cell", "name", "line"),
    [
        ("def f():\n    return {}['lost']\nf()", "KeyError", "return {}['lost']"),
        ("1 +", "SyntaxError", "1 +"),
        # A value that cannot be shown would be a gap in the page.
        (
            "class A:\n    def _repr_html_(self):\n        return 1 / 0\nA()",
            "ZeroDivision",
            "1 / 0",
        ),
    ],
)
def test_an_error_ends_the_notebook_and_its_traceback_is_kept(tmp_path, cell, name, line):
    with pytest.raises(render.UserError, match=rf"cell \d of n.ipynb failed with {name}"):
        executed(tmp_path, cell, "print('never')")
    assert get_ipython() is None
    *_, failed, last = nbformat.read(tmp_path / "done.ipynb", as_version=4).cells
    (error,) = (out for out in failed.outputs if out.output_type == "error")
    assert line in "".join(error["traceback"])
    assert last.outputs == []


def test_a_signal_ends_the_command_and_is_no_error_of_a_cell(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        executed(tmp_path, "raise KeyboardInterrupt")
