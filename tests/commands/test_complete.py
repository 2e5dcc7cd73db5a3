import json
import subprocess

import jsonschema
import pytest
import yaml
from helpers import ROOT

import complete

SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
EDITOR = json.loads((ROOT / "config/schema.json").read_text())


def test_what_completes_is_that_of_the_schema(tmp_path):
    made = {"--editor": tmp_path / "schema.json", "--bash": tmp_path / "completion.bash"}
    options = [str(each) for option in made.items() for each in option]
    complete.main(["--schema", str(SCHEMA), *options])
    for path in made.values():
        assert path.read_text() == (ROOT / "config" / path.name).read_text()


@pytest.mark.parametrize("path", [*ROOT.glob("config/*.yaml")], ids=lambda path: path.name)
def test_editors_find_no_mistake_in_a_configuration_that_lies_over_another(path):
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
def test_editors_find_mistakes(overlay):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(overlay, EDITOR)


def test_editors_know_grids():
    given = {"length": {"grid": [100, 200]}, "encoding": "words", "trainable": True}
    variant = {"title": "X", "input": given, "fit": {"epochs": {"grid": [1, 2]}}}
    layers = [{"LSTM": {"units": {"grid": [32, 64]}}}]
    jsonschema.validate({"variants": {"x": variant | {"layers": layers}}}, EDITOR)


def completed(*words: str) -> list[str]:
    """Return what bash offers for the last of these words."""
    script = """
        source config/completion.bash; compopt() { :; }
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _seq2report; printf '%s\\n' "${COMPREPLY[@]}"
    """
    command = ["bash", "-c", script, "bash", "snakemake", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["--config", "gpu_"], {"gpu_absent=error", "gpu_absent=cpu"}),
        (["--config", "gpu", "="], {"0", "1"}),
        (["--config", "gpu_absent", "=", "c"], {"cpu"}),
        (["--config", "gpu", "=", "1", "sa"], {"sample=true", "sample=false"}),
        (["--config", "mirr"], {"mirror="}),
        (["--configfile", "config/fu"], {"config/full.yaml"}),
        (["--configfile", "config/full.yaml", "config/l"], {"config/lecture.yaml"}),
        (["--config", "gpu", "=", "1", "--cores", "g"], set()),
    ],
)
def test_bash_completes_settings_and_files(words, offered):
    assert set(completed(*words)) == offered
