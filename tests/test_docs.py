import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from reliability import COLLECTED, FILES, listed
from snakemake.utils import update_config

from seq2report.config import check

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
CONFIG_README = (ROOT / "config/README.md").read_text()


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


def test_links_of_the_documentation_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page}: {link}"


MY_CORPUS = (ROOT / "docs/my-corpus.md").read_text()


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    "block", [*blocks((ROOT / "README.md").read_text(), "yaml"), *blocks(MY_CORPUS, "yaml")]
)
def test_the_configurations_that_are_shown_are_right_ones(block):
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load(block))
    check(config, ROOT / "workflow/schemas/config.schema.yaml")


def test_the_page_of_reliability_lists_every_case(request):
    stash = request.config.stash
    if stash[FILES] < {path.name for path in ROOT.glob("tests/test_*.py")}:
        pytest.skip("only where all tests are collected")
    assert listed((ROOT / "docs/reliability.md").read_text()) == stash[COLLECTED]


@pytest.fixture
def clone(tmp_path):
    """A copy of the workflow, and beside it the files that docs/my-corpus.md speaks of."""
    for part in ("Snakefile", "workflow", "config", "scripts", "reports", "environment.yml"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    shutil.copytree(ROOT / "resources/sample", tmp_path / "resources/sample")
    (shown,) = blocks(MY_CORPUS, "csv")
    header, *rows = csv.reader(shown.splitlines())
    with (tmp_path / "tickets.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([str(n), *rows[n % len(rows)][1:]] for n in range(60))
    return tmp_path


def run_in(folder, command):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    options = {"shell": True, "cwd": folder, "env": os.environ | {"PATH": path}, "text": True}
    done = subprocess.run(command, capture_output=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_commands_from_a_table_to_a_report_are_those_that_are_shown(clone):
    propose, whole, plan = "".join(blocks(MY_CORPUS, "sh")).splitlines()
    assert "label: 'queue', 2 classes" in run_in(clone, propose)
    assert whole == plan.replace(" -n", " --cores all")
    planned = run_in(clone, plan)
    assert "results/tickets/report/index.html" in planned
    assert (clone / "config/mine.yaml").read_text().startswith("# What scripts/propose.py found")
    # The lines that do it by hand read the same file to the same documents.
    by_hand = next(block for block in blocks(MY_CORPUS, "yaml") if "name: tickets" in block)
    found = []
    for text in ((clone / "config/mine.yaml").read_text(), by_hand):
        (clone / "config/mine.yaml").write_text(text)
        documents = "results/tickets/tickets/documents.parquet"
        run_in(clone, f"{whole} --force {documents}")
        found.append((clone / documents).read_bytes())
    assert found[0] == found[1]
