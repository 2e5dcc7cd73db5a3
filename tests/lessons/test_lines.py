"""The lines of Keras on the pages of the lessons, run as a student pastes them."""

import json
import re

import pytest
from helpers import ROOT

from seq2report.models.backend import load_keras

LESSONS = [path.stem.removeprefix("lesson_") for path in ROOT.glob("reports/lesson_*.ipynb")]
LINES = 10  # at most, without blank lines and imports


def lines_of(lesson: str) -> str:
    cells = json.loads((ROOT / f"reports/lesson_{lesson}.ipynb").read_text("utf-8"))["cells"]
    prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    (code,) = re.findall(r"```python\n(.*?)```", prose, re.DOTALL)
    return code


@pytest.mark.parametrize("lesson", sorted(LESSONS))
def test_the_lines_of_a_lesson_run(lesson, capsys):
    code = lines_of(lesson)
    written = [
        line for line in code.splitlines() if line and not line.startswith(("import ", "from "))
    ]
    assert len(written) <= LINES
    load_keras(1)
    exec(re.sub(r"epochs=\d+", "epochs=1", code), {})
    assert capsys.readouterr().out.strip()
