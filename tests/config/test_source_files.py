import pytest
import yaml
from helpers import ROOT

from seq2report.config.check import check
from seq2report.core.command import UserError

FILES = {"config.json": "0" * 64, "model.safetensors": "1" * 64}
PLACE = "sources.mine.from[0]"


def with_location(**location):
    """Return the messages about a location, below their heading."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    location = {"url": "https://127.0.0.1/tiny", **location}
    config["sources"]["mine"] = {"file": "mine.tar", "from": [location]}
    try:
        check(config, ROOT / "workflow/schemas/config.schema.yaml")
    except UserError as error:
        return [line.removeprefix("  ") for line in str(error).splitlines()[1:]]
    return []


def test_a_location_may_have_files():
    assert with_location(files=FILES) == []


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("location", "message"),
    [
        ({"files": {}}, "files: {} should be non-empty"),
        ({"files": ["config.json"]}, "files: found ['config.json'], expected a mapping"),
        ({"files": {"config.json": "1"}}, "files.config.json: '1' does not have the form"),
        ({"files": {1: "0" * 64}}, "files: found 1, expected text"),
        ({"files": FILES, "member": "x"}, "'member' and 'files' exclude each other; remove one"),
        ({"files": {"../x": "0" * 64}}, "files: found '../x', expected a path like folder/x.json"),
    ],
)
def test_files_of_a_location_that_cannot_be_fetched_are_reported_before_anything_runs(
    location, message
):
    (found,) = with_location(**location)
    assert found.startswith(PLACE)
    assert message in found
