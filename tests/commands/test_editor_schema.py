import json

import jsonschema
import pytest
import yaml
from helpers import ROOT

import editor_schema

SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
EDITOR = json.loads((ROOT / "config/schema.json").read_text())


def test_the_editor_schema_is_made_from_the_schema(tmp_path):
    made = tmp_path / "schema.json"
    editor_schema.main(["--schema", str(SCHEMA), "--output", str(made)])
    assert made.read_text() == (ROOT / "config/schema.json").read_text()


@pytest.mark.parametrize("path", sorted(ROOT.glob("config/*.yaml")), ids=lambda path: path.name)
def test_editors_accept_the_configuration_files(path):
    jsonschema.validate(yaml.safe_load(path.read_text()), EDITOR)
    assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")


@pytest.mark.parametrize(
    "overlay",
    [
        {"sedes": [1]},
        {"seeds": "1"},
        {"fit": {"optimizer": 3}},
        {"variants": {"x": {"input": {"form": "onehott"}}}},
        {"corpora": {"x": {"format": "imdbb"}}},
        {"corpora": {"x": {"title": {"grid": ["a", "b"]}}}},
        {"variants": {"x": {"input": {"length": "150"}}}},
        {"variants": {"x": {"fit": {"epochs": {"gird": [1, 2]}}}}},
    ],
)
def test_editors_report_mistakes(overlay):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(overlay, EDITOR)


def test_editors_accept_grids():
    given = {"length": {"grid": [100, 200]}, "encoding": "words", "trainable": True}
    variant = {"title": "X", "input": given, "fit": {"epochs": {"grid": [1, 2]}}}
    layers = [{"LSTM": {"units": {"grid": [32, 64]}}}]
    jsonschema.validate({"variants": {"x": variant | {"layers": layers}}}, EDITOR)
