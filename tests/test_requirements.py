"""pyproject.toml, the lock and environment.yml say the same."""

import re
import tomllib

import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DIRECT = [
    Requirement(line)
    for line in PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
]
LOCK = (ROOT / "requirements.lock").read_text()


def locked() -> dict[str, list[Requirement]]:
    """The lock's requirements by name; several where they depend on the platform."""
    found: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^\S+==.+?(?= \\$)", LOCK, flags=re.MULTILINE):
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    return specifier.version


def test_every_direct_dependency_is_locked_within_its_bounds():
    lock = locked()
    for requirement in DIRECT:
        versions = [version(pin) for pin in lock[canonicalize_name(requirement.name)]]
        assert versions
        assert all(v in requirement.specifier for v in versions), requirement


def test_every_locked_package_has_a_hash():
    blocks = re.split(r"^(?=\S+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) > 100
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_lock_names_no_package_index():
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", LOCK)


def test_conda_users_get_the_locked_versions_of_all_direct_dependencies():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    listed = [Requirement(line) for line in pip]
    key = lambda r: (canonicalize_name(r.name), str(r.marker))  # noqa: E731
    wanted = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    assert sorted(map(key, listed)) == sorted(map(key, wanted))
    lock = locked()
    for requirement in listed:
        pins = {version(pin) for pin in lock[canonicalize_name(requirement.name)]}
        assert version(requirement) in pins, requirement


def test_conda_and_pip_users_get_a_python_that_the_project_allows():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (python,) = [i for i in environment["dependencies"] if str(i).startswith("python=")]
    minimum = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert python.removeprefix("python=") == minimum
