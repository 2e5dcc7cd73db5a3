"""The packages of seq2report stand on floors, and import from the floors below only."""

import ast
from collections.abc import Iterator
from pathlib import Path

from helpers import ROOT

FLOORS = {
    "core": 1,
    "files": 2,
    "report": 2,
    "documents": 3,
    "models": 4,
    "vectors": 4,
    "answers": 5,
    "config": 5,
    "lessons": 5,
}
PACKAGE = ROOT / "scripts/seq2report"


def imported_packages(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line of each import from seq2report, and the package that it names."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module == "seq2report":
            names = [f"seq2report.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            names = ["seq2report.relative import"]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] == "seq2report":
                yield node.lineno, [*name.split("."), ""][1]


def violations(package: Path, floors: dict[str, int]) -> list[str]:
    """Return ``file:line: package imports package`` for each import that does not lead down."""
    return [
        f"{path}:{line}: {path.parts[0]} imports {imported or 'seq2report'}"
        for path in (path.relative_to(package) for path in sorted(package.glob("*/**/*.py")))
        for line, imported in imported_packages((package / path).read_text(encoding="utf-8"))
        if imported != path.parts[0] and floors.get(imported, 99) >= floors.get(path.parts[0], 0)
    ]


def test_every_module_is_in_one_of_the_nine_packages():
    modules = [path.relative_to(PACKAGE) for path in PACKAGE.glob("*/**/*.py")]
    assert {path.parts[0] for path in modules} == set(FLOORS)
    assert all((PACKAGE / path).with_name("__init__.py").exists() for path in modules)
    # The command stands above all floors.
    assert sorted(path.name for path in PACKAGE.glob("*.py")) == ["__init__.py", "__main__.py"]


def test_imports_lead_down():
    assert violations(PACKAGE, FLOORS) == []


def test_an_import_that_leads_up_is_named_with_its_line(tmp_path):
    for name, source in {
        "low/a.py": "import json\n\nfrom seq2report.high.b import c\n",
        "high/b.py": "from seq2report.low import a\nfrom seq2report.high import b\n",
        "side/d.py": "def f():\n    import seq2report.high.b\n",
        "low/e.py": "from .a import x\n",
        "low/sub/f.py": "from seq2report.low.a import x\nfrom seq2report.side import d\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(source)
    assert violations(tmp_path, {"low": 1, "high": 2, "side": 2}) == [
        "low/a.py:3: low imports high",
        "low/e.py:1: low imports relative import",
        "low/sub/f.py:2: low imports side",
        "side/d.py:2: side imports high",
    ]
