import re

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


@pytest.mark.parametrize(
    "block", re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
)
def test_the_readmes_configurations_are_right_ones(block):
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load(block))
    check(config, ROOT / "workflow/schemas/config.schema.yaml")


def test_the_page_of_reliability_lists_every_case(request):
    stash = request.config.stash
    if stash[FILES] < {path.name for path in ROOT.glob("tests/test_*.py")}:
        pytest.skip("only where all tests are collected")
    assert listed((ROOT / "docs/reliability.md").read_text()) == stash[COLLECTED]
