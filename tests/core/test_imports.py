import json

import pytest
from helpers import ROOT

from seq2report.core.imports import local_imports

SCRIPTS = ROOT / "scripts"


@pytest.fixture
def folder(tmp_path):
    """Write modules and return the names that a script is made of."""

    def names(files, script="script.py"):
        for name, source in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        found = local_imports(tmp_path / script, tmp_path)
        return [path.relative_to(tmp_path).as_posix() for path in found]

    return names


SUBPACKAGE = {"pack/__init__.py": "", "pack/sub/__init__.py": "", "pack/sub/c.py": ""}
PACKAGE = {"pack/__init__.py": "", "pack/a.py": "", "pack/b.py": "", "other.py": ""}


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("x = 1", []),
        ("import other", ["other.py"]),
        ("import os, numpy.linalg, other as o", ["other.py"]),
        ("import pack", ["pack/__init__.py"]),
        ("import pack.a", ["pack/__init__.py", "pack/a.py"]),
        ("from pack import a, b as c", ["pack/__init__.py", "pack/a.py", "pack/b.py"]),
        ("from pack.b import thing", ["pack/__init__.py", "pack/b.py"]),
        ("def f():\n    if x:\n        from pack import b", ["pack/__init__.py", "pack/b.py"]),
        (
            "try:\n    import pack.a\nexcept OSError:\n    import pack.b\nelse:\n    import other",
            [*PACKAGE],
        ),
        ("try:\n    pass\nfinally:\n    with x:\n        import other", ["other.py"]),
        ("match x:\n    case 1:\n        import other", ["other.py"]),
        ("from pack.sub.c import thing", [*SUBPACKAGE]),
        ("from pack.sub import c", [*SUBPACKAGE]),
        ("from pandas import other", []),
        ("'''import other'''\n# import other", []),
    ],
)
def test_a_script_is_made_of_itself_and_what_it_imports(folder, source, files):
    assert folder({**PACKAGE, **SUBPACKAGE, "script.py": source}) == sorted([*files, "script.py"])


def test_imports_of_imports_count_and_circles_end(folder):
    files = {
        "script.py": "import a",
        "a.py": "from pack import b",
        "pack/__init__.py": "import c",
        "pack/b.py": "import script, a",
        "c.py": "",
        "d.py": "import script",
    }
    assert folder(files) == ["a.py", "c.py", "pack/__init__.py", "pack/b.py", "script.py"]


def test_code_cells_of_a_notebook_count_and_prose_does_not(folder):
    cells = [
        {"cell_type": "markdown", "source": ["import other\n"]},
        {"cell_type": "code", "source": ["import os\n", "from pack import a\n"]},
        {"cell_type": "code", "source": "import c"},
    ]
    files = {**PACKAGE, "c.py": "", "page.ipynb": json.dumps({"cells": cells})}
    assert folder(files, "page.ipynb") == ["c.py", "pack/__init__.py", "pack/a.py", "page.ipynb"]


def test_nothing_is_executed(folder):
    assert folder({"script.py": "import bad", "bad.py": "raise SystemExit"}) == [
        "bad.py",
        "script.py",
    ]


def made_of(script):
    return {path.relative_to(SCRIPTS).as_posix() for path in local_imports(script, SCRIPTS)}


def test_a_change_of_the_networks_does_not_train_pipeline_models_again():
    linear, network = (made_of(SCRIPTS / f"train_{kind}.py") for kind in ("pipeline", "network"))
    assert "seq2report/models/runs.py" in linear & network
    assert "seq2report/models/build.py" in network - linear


def test_a_change_of_the_plots_renders_pages_and_computes_nothing_again():
    page = local_imports(ROOT / "reports/comparison.ipynb", SCRIPTS)
    assert SCRIPTS / "seq2report/report/plots.py" in page
    computing = [*SCRIPTS.glob("evaluate_*.py"), *SCRIPTS.glob("train_*.py")]
    assert computing
    assert not any("seq2report/report/plots.py" in made_of(script) for script in computing)
