"""pyproject.toml, the locks and the conda files say the same, with TensorFlow for CPU and GPU."""

import re
import subprocess
import tomllib
from itertools import chain

import pytest
import yaml
from helpers import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FIRST, LIMIT = re.findall(r"3\.\d+", PROJECT["project"]["requires-python"])
EXTRAS = PROJECT["project"]["optional-dependencies"]
FILES = {"network": ("requirements.lock", "environment.yml")}
FILES |= {"gpu": ("requirements-gpu.lock", "environment-gpu.yml")}
every_extra = pytest.mark.parametrize("extra", FILES)


def required(extra: str, *groups: str) -> list[Requirement]:
    lists = PROJECT["project"]["dependencies"], EXTRAS["workflow"], EXTRAS[extra]
    return [
        Requirement(line)
        for line in chain(*lists, *(PROJECT["dependency-groups"][group] for group in groups))
    ]


def lock_of(extra: str) -> str:
    return (ROOT / FILES[extra][0]).read_text()


def locked(extra: str) -> dict[str, list[Requirement]]:
    """The lock's requirements by name; several where they depend on the platform."""
    found: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^\S+==.+?(?= \\$)", lock_of(extra), flags=re.MULTILINE):
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def environment(extra: str) -> dict:
    return yaml.safe_load((ROOT / FILES[extra][1]).read_text())


def version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    return specifier.version


def test_what_builds_the_package_is_locked_for_its_test():
    (build,) = PROJECT["build-system"]["requires"]
    assert build in PROJECT["dependency-groups"]["dev"]


@every_extra
def test_every_direct_dependency_is_locked_within_its_bounds(extra):
    lock = locked(extra)
    for requirement in required(extra, "dev"):
        versions = [version(pin) for pin in lock[canonicalize_name(requirement.name)]]
        assert versions
        assert all(v in requirement.specifier for v in versions), requirement


@every_extra
def test_every_locked_package_has_a_hash(extra):
    blocks = re.split(r"^(?=\S+==)", lock_of(extra), flags=re.MULTILINE)[1:]
    assert len(blocks) > 100
    assert all("--hash=sha256:" in block for block in blocks)


@every_extra
def test_a_lock_names_no_package_index(extra):
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock_of(extra))


def test_the_builds_of_tensorflow_exclude_each_other_and_all_else_is_the_same():
    assert PROJECT["tool"]["uv"]["conflicts"] == [[{"extra": "network"}, {"extra": "gpu"}]]
    cpu, gpu = locked("network"), locked("gpu")
    assert cpu.keys() - gpu.keys() == {"tensorflow-cpu"}
    assert "nvidia-cudnn-cu12" in gpu.keys() - cpu.keys()
    assert all(name.startswith("nvidia-") for name in gpu.keys() - cpu.keys())
    for name in (cpu.keys() & gpu.keys()) - {"tensorflow"}:
        assert cpu[name] == gpu[name]
    # On Linux x86_64 the one lock has tensorflow-cpu alone, the other tensorflow alone.
    here = {"sys_platform": "linux", "platform_machine": "x86_64", "python_full_version": "3.11.9"}
    here |= {"python_version": "3.11", "platform_python_implementation": "CPython"}
    assert not any(pin.marker.evaluate(here) for pin in cpu["tensorflow"])
    assert all(pin.marker is None for pin in gpu["tensorflow"])
    versions = {version(pin) for pin in cpu["tensorflow-cpu"] + cpu["tensorflow"]}
    assert versions == {version(pin) for pin in gpu["tensorflow"]}


@every_extra
def test_conda_users_get_the_locked_versions_of_all_direct_dependencies(extra):
    (pip,) = [i["pip"] for i in environment(extra)["dependencies"] if isinstance(i, dict)]
    listed = [Requirement(line) for line in pip]
    key = lambda r: (canonicalize_name(r.name), sorted(r.extras), str(r.marker))  # noqa: E731
    assert sorted(map(key, listed)) == sorted(map(key, required(extra)))
    lock = locked(extra)
    for requirement in listed:
        pins = {version(pin) for pin in lock[canonicalize_name(requirement.name)]}
        assert version(requirement) in pins, requirement


@every_extra
def test_conda_and_pip_users_get_a_python_that_the_project_allows(extra):
    listed = environment(extra)["dependencies"]
    (python,) = [each for each in listed if str(each).startswith("python=")]
    assert python.removeprefix("python=") == FIRST


def test_the_workflow_refuses_versions_of_snakemake_that_the_project_does_not_allow():
    (snakemake,) = [each for each in required("network") if each.name == "snakemake"]
    (least,) = re.findall(r'min_version\("(.+)"\)', (ROOT / "workflow/Snakefile").read_text())
    assert f">={least}" in map(str, snakemake.specifier)


def test_every_place_allows_the_same_versions_of_python():
    last = f"3.{int(LIMIT.removeprefix('3.')) - 1}"
    for page in ("README.md", "docs/first-report.md"):
        assert f"Python {FIRST} to {last} " in (ROOT / page).read_text().replace(". In", " In")
    code = re.search(r"\$\(PYTHON\) -c '(.+)'\n", (ROOT / "Makefile").read_text())[1]
    allowed = []
    for minor in range(30):
        with pytest.raises(SystemExit) as ended:
            exec(code.replace("sys.version_info", f"(3, {minor}, 0)"), {})
        allowed += [] if ended.value.code else [f"3.{minor}"]
    assert (allowed[0], allowed[-1]) == (FIRST, last)
    assert f"Python {FIRST} to {last} is needed" in ended.value.code


def test_the_data_of_the_benchmarks_is_asked_for_before_anything_is_installed():
    # Without the option, a make that runs the tests adds a line about the folder.
    planned = ["make", "--dry-run", "--no-print-directory", "bench", "MIRROR=nowhere"]
    done = subprocess.run(planned, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith('test -d "nowhere" || { echo "error: where is the data?')
