"""What the documentation says is so: its commands run, its settings are right, its links lead."""

import csv
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from forks import snakemake
from helpers import ROOT
from project import copy_workflow, without_checks
from reliability import COLLECTED, FILES, listed
from snakemake.utils import update_config

import check as checks
from seq2report.config.check import check
from seq2report.config.check_models import BUILT
from seq2report.config.grids import with_grids
from seq2report.config.resolve import resolve_variant
from seq2report.core.version import __version__

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
CONFIG_README = (ROOT / "config/README.md").read_text()
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")})
# What is not run here: it needs another machine, an installation, the network or a person.
ELSEWHERE = ("source", "export", "mkdir", "cd", "curl", "unzip", "rm", "mv", "sha256sum", "docker")
ELSEWHERE += ("conda", "uv", "apt", "apt-get", "squeue", "scancel", "git", "watch", "nvidia-smi")
ELSEWHERE += ("printf",)


def keys(schema):
    """Yield every key that a configuration may have."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from keys(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys(value)


def test_every_key_of_the_configuration_is_explained():
    explained = set(re.findall(r"`(?:[a-z]+\.)*([a-z_0-9]+)(?:\.<name>)?`", CONFIG_README))
    assert set(keys(SCHEMA)) - explained == set()


def anchors(page: str) -> set[str]:
    """Return what ``#…`` may follow the name of a page: its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page, flags=re.DOTALL), re.M)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_links_of_the_documentation_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            assert target.exists(), f"{page}: {link}"
            if anchor:
                assert anchor in anchors(target.read_text()), f"{page}: {link}"


def blocks() -> Iterator[tuple[str, str, str, str]]:
    """Yield (language, text, where, the YAML before it) of each block of code of all pages."""
    for page in PAGES:
        settings = ""
        for n, found in enumerate(re.findall(r"```(sh|yaml)\n(.*?)```", page.read_text(), re.S)):
            language, text = found
            settings = text if language == "yaml" else settings
            yield language, text, f"{page.relative_to(ROOT)}-{n}", settings


def commands() -> list:
    """Return each command of the documentation once, with the settings that stand above it."""
    found = {}
    for language, text, where, settings in blocks():
        for line in text.replace("\\\n", " ").splitlines() * (language == "sh"):
            words = shlex.split(line, comments=True)
            for command in shlex.join(words).replace("'&&'", "&&").split(" && "):
                if command:
                    found.setdefault(command, (where, settings))
    return [
        pytest.param(command, settings, id=f"{where}: {command}", marks=of_snakemake(command))
        for command, (where, settings) in found.items()
    ]


def of_snakemake(command: str) -> list:
    """Return the marker of commands that plan the workflow, which builds all models."""
    return [pytest.mark.workflow] if "snakemake " in command else []


@cache
def parser_of_snakemake():
    from snakemake.cli import get_argument_parser  # takes more than a second

    return get_argument_parser()


def targets(arguments: list[str]) -> list[str]:
    """Return the targets that a command of Snakemake names; another option ends the test."""
    installed = {"kubernetes": "cluster-generic"}  # plugins of executors
    arguments = [installed.get(each, each) for each in arguments]
    return list(parser_of_snakemake().parse_args(arguments).targets)


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Callable[[str, str], tuple[int, str]]:
    """A function that plans what a command runs, and each of these plans once.

    It plans in a copy of the workflow; the models are built by the test below. A configuration is
    planned as a whole once: with other options, its rules are read, and one of them is planned.
    """
    folder = without_checks(copy_workflow(tmp_path_factory.mktemp("plan"), "resources/sample"))
    plans, whole = {}, set()

    def planned(arguments: str, settings: str) -> tuple[int, str]:
        arguments = re.sub(r" (-n|--dry-run|--cores (all|\d+))(?= |$)", "", f" {arguments}")
        if not settings:  # the file is not shown: as if there was none
            nothing = r" (--configfile mine\.yaml(?! \S+\.yaml)|mine\.yaml)(?= |$)"
            arguments = re.sub(nothing, "", arguments)
        files = tuple(re.findall(r"\S+\.yaml", arguments))
        configured = files, settings if "mine.yaml" in files else ""
        if (arguments, configured) not in plans:
            (folder / "mine.yaml").write_text(settings)
            words = shlex.split(arguments)
            if not targets(words):
                words = ["configuration"] * (configured in whole) + words
                whole.add(configured)
            plans[arguments, configured] = snakemake([*words, "--dry-run"], folder)
        return plans[arguments, configured]

    return planned


@pytest.mark.parametrize(("command", "settings"), commands())
def test_a_command_of_the_documentation_is_one(command, settings, request):
    words = shlex.split(re.sub(r"\S*\bmine\.yaml", "mine.yaml", command))
    while re.fullmatch(r"[A-Z_0-9]+=.*", words[0]):
        words.pop(0)
    program = words[0].rpartition("/")[2]
    if program == "snakemake":
        targets(words[1:])  # Snakemake has all options
        if "--report" in words or "--executor" in words:
            return  # of a finished run, as in test_finished_run.py; of a cluster that is not here
        status, output = request.getfixturevalue("plan")(shlex.join(words[1:]), settings)
        assert status == 0, output
    elif program == "make":
        subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, check=True, timeout=60)
    elif program == "python" and words[1].startswith("scripts/"):
        assert_takes(words[1], words[2:])
    elif program == "seq2report":
        assert_takes(f"scripts/{words[1]}.py", words[2:])
    else:
        assert program in ELSEWHERE or words[1:3] == ["-m", "pip"]


def configurations() -> Iterator[dict]:
    """Yield what the commands of the documentation plan: each one over the default."""
    full, lecture = (ROOT / f"config/{name}.yaml" for name in ("full", "lecture"))
    shown = {command.values[1] for command in commands() if command.marks}
    for overlay in ([], [full], [lecture], [full, lecture], *([text] for text in sorted(shown))):
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        for each in overlay:
            text = each.read_text() if isinstance(each, Path) else each
            update_config(config, yaml.safe_load(text) or {})
        yield with_grids(config)


@pytest.mark.workflow
def test_the_models_that_the_commands_of_the_documentation_plan_can_be_built():
    built = []
    for config in configurations():
        words = {name: each["num_words"] for name, each in config["encodings"].items()}
        models = {name: resolve_variant(config, name) for name in config["variants"]}
        new = {
            name: model.settings()
            for name, model in models.items()
            if model.kind in BUILT and (model, model.input and words) not in built
        }
        assert checks.mistakes(new, config["features"], words, 10**6) == []
        built += [(model, model.input and words) for model in models.values()]
    assert len(built) > 100


@cache
def help_of(script: str) -> str:
    assert (ROOT / script).is_file()
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit):
        import_module(Path(script).stem).main(["--help"])
    return printed.getvalue()


def assert_takes(script: str, arguments: list[str]) -> None:
    """Assert that a script exists and knows each option that it is given."""
    told = help_of(script)
    for word in arguments:
        if word.startswith("--"):
            assert re.search(rf"{word}\b", told), f"{script}: {word}"


@pytest.mark.parametrize(
    "settings",
    [pytest.param(text, id=where) for language, text, where, _ in blocks() if language == "yaml"],
)
def test_settings_of_the_documentation_are_right_ones(settings):
    overlay = yaml.safe_load(settings)
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    if set(overlay) == {"set-resources"}:  # of a profile
        assert {rule.removeprefix("train_") for rule in overlay["set-resources"]} <= set(
            config["variants"]
        )
        return
    if set(overlay) == {"layers"}:  # of a variant
        overlay = {"variants": {"glove_lstm": overlay}}
    elif not set(overlay) <= set(SCHEMA["properties"]):
        overlay = {"variants": overlay}
    if "encoder:" in settings and "encoders" not in overlay:  # it is merged into this file
        update_config(config, yaml.safe_load((ROOT / "config/encoder.yaml").read_text()))
    if "corpora" in overlay:  # a report about the user's own texts
        assert overlay["name"] != config["name"]
        assert overlay["sample"] is False
        assert overlay["compare"]["embeddings"] == []
    update_config(config, overlay)
    check(with_grids(config), ROOT / "workflow/schemas/config.schema.yaml")


def test_messages_that_are_explained_are_messages():
    """Each piece of a message stands so in the code, but for what is Snakemake's own."""
    ours, _, snakemakes = (ROOT / "docs/troubleshooting.md").read_text().partition("## Snakemake's")
    code = "".join(path.read_text() for path in sorted(ROOT.glob("scripts/**/*.py")))
    code = re.sub(r'"\n\s*f?"', "", code).replace("{{", "{").replace("}}", "}")
    rows = [line.split(" | ")[0] for line in ours.splitlines() if line.startswith("| `")]
    pieces = [piece for row in rows for piece in re.findall(r"`([^`]+)`", row)]
    assert len(pieces) > 20
    assert [piece for piece in pieces if piece not in code] == []
    assert "--unlock" in snakemakes


def test_the_citation_is_of_this_version():
    about = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(about)
    assert about["version"] == __version__


def test_the_citation_has_the_date_of_the_last_release():
    about = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (?!Unreleased$)(.+)$", changes, flags=re.MULTILINE)
    release = f"{about['version']} – {about['date-released']}" if "date-released" in about else None
    assert (headings[0] if headings else None) == release


def test_the_page_of_reliability_lists_every_case(request):
    stash = request.config.stash
    if stash[FILES] < {path.name for path in ROOT.glob("tests/**/test_*.py")}:
        pytest.skip("compares the page with all tests, but only some were collected")
    assert listed((ROOT / "docs/reliability.md").read_text()) == stash[COLLECTED]


def my_corpus(language: str) -> list[str]:
    """Return the blocks of docs/my-corpus.md in a language."""
    text = (ROOT / "docs/my-corpus.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def clone(tmp_path):
    """A copy of the workflow, and beside it the files that docs/my-corpus.md speaks of.

    The models are those of the default configuration, which other tests check.
    """
    without_checks(copy_workflow(tmp_path, "resources/sample"))
    (shown,) = my_corpus("csv")
    header, *rows = csv.reader(shown.splitlines())
    with (tmp_path / "tickets.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([str(n), *rows[n % len(rows)][1:]] for n in range(60))
    return tmp_path


def run_in(folder, command):
    """Run a command of the documentation in a folder; return what it prints."""
    program, *arguments = shlex.split(command)
    if program == "snakemake":
        status, output = snakemake(arguments, folder)
    else:
        assert program == "python"
        options = {"cwd": folder, "capture_output": True, "text": True, "timeout": 300}
        done = subprocess.run([sys.executable, *arguments], **options)
        status, output = done.returncode, done.stdout + done.stderr
    assert status == 0, output
    return output


@pytest.mark.workflow
def test_the_commands_from_a_table_to_a_report_are_those_that_are_shown(clone):
    propose, whole, plan = "".join(my_corpus("sh")).splitlines()
    assert "label: 'queue', 2 classes" in run_in(clone, propose)
    assert whole == plan.replace(" -n", " --cores all")
    assert (clone / "config/mine.yaml").read_text().startswith("# Proposed for tickets.csv")
    # The lines that do it by hand read the same file by the same command.
    by_hand = next(block for block in my_corpus("yaml") if "name: tickets" in block)
    found = []
    for text in ((clone / "config/mine.yaml").read_text(), by_hand):
        (clone / "config/mine.yaml").write_text(text)
        planned = run_in(clone, f"{plan} --printshellcmds")
        assert "results/tickets/report/index.html" in planned
        found.append(re.findall(r"python scripts/(fetch|read)\.py (.*)", planned))
    assert found[0] == found[1]
    assert [script for script, _ in found[0]] == ["fetch", "read"]
