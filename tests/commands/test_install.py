"""The wheel in a virtual environment of its own, where the packages of all extras are missing."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from helpers import ROOT, TRAINED

from seq2report.answers.predictor import load
from seq2report.models.runs import write_digests

# Modules of the extras network and workflow; without them, a scikit-learn model has to work.
EXTRAS = ("keras", "tensorflow", "snakemake", "gensim", "matplotlib", "altair", "vl_convert")
EXTRAS += ("papermill", "ipykernel", "IPython", "nbconvert", "requests", "remotezip", "pygments")
BLOCK = """
import sys


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {extras!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Missing())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel of `make dist`, made in the environment of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "ready").touch()
    places = {"BIN": Path(sys.executable).parent, "READY": folder / "ready", "DIST": folder}
    command = ["make", "dist", *(f"{name}={place}" for name, place in places.items())]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("seq2report-*.whl")
    return wheel


@pytest.fixture(scope="module")
def environment(tmp_path_factory, wheel):
    """Return a virtual environment with the wheel; the base dependencies are those of the tests."""
    folder = tmp_path_factory.mktemp("elsewhere") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps"]
    subprocess.run([*install, "--python", folder / "bin/python", wheel], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "blocked.py").write_text(BLOCK.format(extras=EXTRAS))
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\nimport blocked\n")
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory, trained):
    """A copied run folder of a pipeline; and of a network, which lacks the model."""
    folder = tmp_path_factory.mktemp("runs")
    svm = Path(shutil.copytree(trained / "runs/svm/seed-1", folder / "copied"))
    network = Path(shutil.copytree(svm, folder / "network"))
    about = json.loads((network / "run.json").read_text()) | {"settings": TRAINED["lstm"]}
    (network / "run.json").write_text(json.dumps(about))
    write_digests(network)
    return {"svm": svm, "network": network}


def run(environment, *arguments, program="seq2report", status=0):
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [environment / "bin" / program, *map(str, arguments)]
    folder = environment.parent
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


def test_the_wheel_has_the_package_and_the_files_that_it_reads(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    package = {
        path.relative_to(ROOT / "scripts").as_posix() for path in ROOT.glob("scripts/*/**/*.py")
    }
    files = {name for name in names if ".dist-info/" not in name}
    assert files - package == {
        "seq2report/core/VERSION",
        "seq2report/shipped/config/config.yaml",
        "seq2report/shipped/config/full.yaml",
        "seq2report/shipped/reports/template/style.css",
        "seq2report/shipped/workflow/schemas/config.schema.yaml",
    }
    assert package <= files


def test_the_package_is_that_of_the_wheel_and_the_extras_are_missing(environment):
    show = "import seq2report.core.version as v; print(v.__file__, v.__version__)"
    file, version = run(environment, "-c", show, program="python").split()
    assert Path(file).is_relative_to(environment)
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text()
    assert "No module named 'keras'" in run(
        environment, "-c", "import keras", program="python", status=1
    )


def test_a_pipeline_predicts_from_a_copied_run_folder(environment, runs):
    texts = ["the shuttle and the moon", "hockey in the playoffs"]
    out = run(environment, "predict", runs["svm"], *texts, "--format", "json")
    model = load(runs["svm"])
    for line, row in zip(out.splitlines(), model.predict(texts), strict=True):
        answers = json.loads(line)["probabilities"]
        assert list(answers.values()) == pytest.approx(row, abs=1e-6)


def test_words_are_explained_on_a_page_in_the_style_of_the_report(environment, runs):
    out = run(environment, "explain", runs["svm"], "hockey and the moon", "--html", "why.html")
    assert out.startswith("Document 1: ")
    style = (ROOT / "reports/template/style.css").read_text()
    assert style in (environment.parent / "why.html").read_text()


def test_a_configuration_is_proposed_below_the_working_folder(environment):
    rows = "".join(f"some words of {label},{label}\n" for label in "ab" * 20)
    (environment.parent / "texts.csv").write_text(f"text,label\n{rows}")
    assert "label: 'label', 2 classes" in run(environment, "propose", "texts.csv")
    assert "name: texts" in (environment.parent / "config/mine.yaml").read_text()


def test_a_network_without_tensorflow_is_one_message_with_the_command(environment, runs):
    message = run(environment, "predict", runs["network"], "hockey", status=1).splitlines()[-1]
    assert message == (
        "error: a network needs Keras and TensorFlow: found no module 'keras'; install them:"
        " pip install 'seq2report[network]'"
    )


def test_an_unknown_command_is_refused_with_those_that_exist(environment):
    assert "predict, explain, propose" in run(environment, "train", status=2).replace("'", "")
