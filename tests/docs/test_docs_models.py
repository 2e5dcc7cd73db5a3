"""The pages about variants and about trained models: what they show runs, in a clone of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT
from project import keep_check

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


def clone(folder):
    """Make a folder look like a clone of this project in which nothing ran yet."""
    for part in ("Snakefile", "workflow", "config", "resources", "scripts", "reports"):
        (folder / part).symlink_to(ROOT / part)
    return folder


@pytest.fixture(scope="module")
def used(trained, tmp_path_factory):
    """A clone with a trained model where the documentation has one."""
    folder = clone(tmp_path_factory.mktemp("clone"))
    run = folder / "results/sample/imdb/runs/tfidf_svm/seed-1"
    run.parent.mkdir(parents=True)
    run.symlink_to(trained / "runs/svm/seed-1")
    return folder


def test_the_commands_that_show_how_to_use_a_model_do_what_is_said(used):
    asked, of_files, explained, _ = blocks("docs/use-a-model.md", "sh")  # _: test_install.py
    assert len(run_block(asked, used).splitlines()) == 2
    assert len(run_block(of_files, used).splitlines()) == 2
    assert (used / "answers.csv").read_text().startswith("document,label,p_")
    assert "Document 1: " in run_block(explained, used)
    assert "Document 2" in (used / "why.html").read_text()
    (shown,) = blocks("docs/use-a-model.md", "python")
    assert "[[" in run_block(f"python - <<'END'\n{shown}\nEND", used)


def test_the_readmes_commands_to_use_a_model_run(used):
    (shown,) = [each for each in blocks("README.md", "sh") if "predict.py" in each]
    assert "Document 1: " in run_block(shown, used)


@pytest.mark.parametrize(
    ("block", "variants"),
    list(
        zip(
            blocks("docs/my-variant.md", "yaml"),
            (
                {"glove_lstm", "longer"},
                {"tfidf_svm"}
                | {f"lstm_units_{u}_rate_{r}" for u in (32, 64, 128) for r in ("0_2", "0_5")},
                {"glove_lstm", "tuned"},
                {"glove_lstm", "residual_width_32", "residual_width_64"},
            ),
            strict=True,
        )
    ),
)
def test_the_variants_that_are_shown_are_built_and_planned_by_the_command_beside_them(
    block, variants, tmp_path, checked
):
    keep_check(checked, clone(tmp_path))
    (tmp_path / "mine.yaml").write_text(block)
    (function,) = blocks("docs/my-variant.md", "python")
    (tmp_path / "mine.py").write_text(function)
    (command,) = set(blocks("docs/my-variant.md", "sh"))
    planned = run_block(f"{command.strip()} --dry-run", tmp_path)
    assert set(re.findall(r"^train_(\w+) ", planned, flags=re.MULTILINE)) == variants | {"vectors"}
