"""docs/code.md lists the packages, modules and scripts that exist, and no others."""

import ast
import fnmatch
import re

from helpers import ROOT

PAGE = (ROOT / "docs/code.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "scripts/seq2report"


def sections():
    """Yield floor, name and listed modules of each package on the page."""
    for section in PAGE.partition("## Packages")[2].split("\n### Floor ")[1:]:
        floor, package = re.match(r"(\d): `(\w+)`\n", section).groups()
        lines = re.findall(r"^- (`.*?`): ", section, re.MULTILINE)
        modules = [module for line in lines for module in re.findall(r"`([\w.]+)`", line)]
        yield int(floor), package, sorted(modules)


def test_each_package_is_listed_with_exactly_its_modules():
    modules = {}
    for path in sorted(PACKAGE.glob("*/**/*.py")):
        if path.name != "__init__.py":
            package, *module = path.relative_to(PACKAGE).with_suffix("").parts
            modules.setdefault(package, []).append(".".join(module))
    assert {package: listed for _, package, listed in sections()} == modules


def test_each_package_is_on_its_floor():
    tree = ast.parse((ROOT / "tests/core/test_packages.py").read_text(encoding="utf-8"))
    (floors,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "FLOORS"
    ]
    assert {package: floor for floor, package, _ in sections()} == floors


def test_every_script_is_named_and_every_named_script_exists():
    named = set(re.findall(r"`([a-z_*]+\.py)`", PAGE))
    scripts = {path.name for path in ROOT.glob("scripts/*.py")}
    matches = {pattern: fnmatch.filter(scripts, pattern) for pattern in named}
    assert [pattern for pattern, names in matches.items() if not names] == []
    assert scripts - {name for names in matches.values() for name in names} == set()


def test_the_files_to_change_exist():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = page.partition("## Where to change what")[2].partition("\n## ")[0]
    files = re.findall(r"`([\w./<>]+)`", table)
    assert len(files) > 10
    missing = [name for name in files if not list(ROOT.glob(re.sub("<.*?>", "*", name)))]
    assert missing == []
