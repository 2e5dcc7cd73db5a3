"""The pages about variants and about trained models: what they show runs, in a clone of its own."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from forks import snakemake
from helpers import ROOT
from project import copy_workflow, without_checks
from snakemake.utils import update_config

import check as checks
from seq2report.answers import explain, predict
from seq2report.config.grids import with_grids
from seq2report.config.resolve import resolve_variant

pytestmark = pytest.mark.workflow


def blocks(page, language):
    """Return the code blocks of a language in a page of the documentation."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)


def run_block(text, folder):
    """Run a block of shell as it stands, in a folder, with the Python that runs the tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", text],
        cwd=folder,
        env=os.environ | {"PATH": path, "PYTHONPATH": "scripts"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def used(trained, tmp_path_factory):
    """A clone with a trained model where the documentation has one."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "scripts").symlink_to(ROOT / "scripts")
    run = folder / "results/sample/imdb/runs/tfidf_svm/seed-1"
    run.parent.mkdir(parents=True)
    run.symlink_to(trained / "runs/svm/seed-1")
    return folder


@pytest.fixture
def printed(used, monkeypatch, capsys):
    """Call the script of a line in this process, in the clone; return what it prints."""
    monkeypatch.chdir(used)
    scripts = {"scripts/predict.py": predict, "scripts/explain.py": explain}

    def call(line):
        program, script, *arguments = shlex.split(line)
        assert program == "python"
        scripts[script].main(arguments)
        return capsys.readouterr().out

    return call


def test_the_commands_that_show_how_to_use_a_model_do_what_is_said(used, printed):
    asked, of_files, explained, _ = blocks("docs/use-a-model.md", "sh")  # _: test_install.py
    assert len(printed(asked).splitlines()) == 2
    write, as_csv, as_json = of_files.splitlines()
    assert len(run_block(f"{write}\n{as_json}", used).splitlines()) == 2
    assert printed(as_csv.removesuffix(" > answers.csv")).startswith("document,label,p_")
    shown, page = map(printed, explained.splitlines())
    assert "Document 1: " in shown
    assert "Document 2: " in page
    assert "Document 2" in (used / "why.html").read_text()
    (shown,) = blocks("docs/use-a-model.md", "python")
    assert "[[" in run_block(f"python - <<'END'\n{shown}\nEND", used)


def test_the_readmes_commands_to_use_a_model_are_those_of_the_page_with_other_texts():
    (shown,) = [each for each in blocks("README.md", "sh") if "predict.py" in each]
    page = "".join(blocks("docs/use-a-model.md", "sh"))
    of_readme, of_page = (
        {re.sub('".*', '"', line) for line in text.splitlines()} for text in (shown, page)
    )
    assert of_readme <= of_page


SHOWN = blocks("docs/my-variant.md", "yaml")
COMPARED = (
    ["glove_lstm", "longer"],
    [
        "tfidf_svm",
        *(f"lstm_units_{u}_rate_{r}" for u in (32, 64, 128) for r in ("0_2", "0_5")),
    ],
    ["glove_lstm", "tuned"],
    ["glove_lstm", "residual_width_32", "residual_width_64"],
)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A copy of the workflow, and beside it the function that docs/my-variant.md shows."""
    folder = copy_workflow(tmp_path_factory.mktemp("shown"), "resources/sample")
    (function,) = blocks("docs/my-variant.md", "python")
    (folder / "mine.py").write_text(function)
    return without_checks(folder)  # the models are built by the test below


def test_the_variants_that_are_shown_are_planned_by_the_command_beside_them(shown):
    (shown / "mine.yaml").write_text(SHOWN[1])
    (command,) = set(blocks("docs/my-variant.md", "sh"))
    program, *arguments = shlex.split(command)
    status, output = snakemake([*arguments, "--dry-run"], shown)
    assert (program, status) == ("snakemake", 0), output
    trained = set(re.findall(r"^train_(\w+) ", output, flags=re.MULTILINE))
    assert trained == {*COMPARED[1], "vectors"}


def test_the_variants_that_are_shown_are_compared_and_can_be_built(shown, monkeypatch):
    monkeypatch.chdir(shown)
    for block, compared in zip(SHOWN, COMPARED, strict=True):
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        default = set(config["variants"])
        update_config(config, yaml.safe_load(block))
        config = with_grids(config)
        assert config["compare"]["variants"] == compared
        new = {
            name: resolve_variant(config, name).settings()
            for name in set(config["variants"]) - default
        }
        words = {name: each["num_words"] for name, each in config["encodings"].items()}
        assert new
        assert checks.mistakes(new, {}, words, 10**6) == []
