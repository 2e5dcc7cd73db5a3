"""One real run of a tiny corpus: what it leaves, and what runs again for real."""

import hashlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys

import forks
import pandas as pd
import pytest
import yaml
from helpers import GROUPS, NEWSGROUPS, ROOT
from project import ENSEMBLE, Project, edited, keep_check, without_checks

import publish
from seq2report.answers import predict

pytestmark = pytest.mark.workflow


# Without a network, with a home that nobody can write to and that no variable names; Snakemake
# itself wants another place for its cache then.
POOR = 'ip link set lo up && mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'
POOR = [
    "unshare",
    "--mount",
    "--net",
    "sh",
    "-c",
    f'{POOR} && shift && exec env -u HOME XDG_CACHE_HOME="$PWD/.cache" "$@"',
]
POOR += ["sh", pwd.getpwuid(os.getuid()).pw_dir]

OWN_FUNCTION = """
import keras

def first(x):
    return keras.layers.Flatten()(x)
"""


@pytest.fixture(scope="module")
def poor(tmp_path_factory) -> list[str]:
    """What a command is put behind to run on a poor machine; nothing where that cannot be made."""
    folder = tmp_path_factory.getbasetemp()
    return POOR if not subprocess.run([*POOR, "touch", folder]).returncode else []


@pytest.fixture(scope="module")
def project(tmp_path_factory, config, poor) -> Project:
    """A run with the lesson that trains least and a network of a function of the user."""
    folder = tmp_path_factory.mktemp("ein Ordner für Überraschungen")
    layers = {"file": "own.py", "function": "first"}
    config = edited(config, lessons__pages=["one_hot"], variants__dense__layers=layers)
    project = Project.create(folder, config)
    (folder / "own.py").write_text(OWN_FUNCTION)
    project.snakemake(under=poor)
    without_checks(folder)  # no rule reads the check
    return project


def test_a_run_ends_in_a_report_and_tables_beside_it(project):
    report = project.folder / "results/tiny/report"
    pages = sorted(path.name for path in report.glob("*.html"))
    assert pages == [
        "compared-news.html",
        "corpus-news.html",
        "embeddings-news.html",
        "index.html",
        "lecture.html",
        "lesson-one_hot.html",
        "made.html",
        "summary.html",
        "trust-news.html",
        "variant-dense.html",
        "variant-svm.html",
    ]
    for link in re.findall(r'href="([^"#:]+)"', (report / "index.html").read_text()):
        assert (report / link).is_file(), link
    assert "A sample of" in (report / "index.html").read_text()


@pytest.mark.reliability("Bad machine")
def test_a_folder_with_blanks_and_umlauts_in_its_name_does_no_harm(project):
    assert re.search(r" .*ü", project.folder.name)
    assert (project.folder / "results/tiny/report/index.html").is_file()


@pytest.mark.reliability("Bad machine")
def test_a_run_needs_no_network_and_writes_to_the_home_only_in_the_cache_of_snakemake(
    project, poor
):
    if not poor:
        pytest.skip("only root can take network and home away, and not on every machine")
    home = subprocess.run(
        [*poor, "sh", "-c", f"touch {POOR[-1]}/x"], capture_output=True, text=True
    )
    assert "Read-only file system" in home.stderr
    call = "import socket; socket.create_connection(('192.0.2.1', 80))"
    network = subprocess.run([*poor, sys.executable, "-c", call], capture_output=True, text=True)
    assert "Network is unreachable" in network.stderr
    assert (project.folder / "results/tiny/report/index.html").is_file()


def test_how_it_was_made_tells_of_every_job_but_its_own_page(project):
    made = project.folder / "results/tiny/report/tables/made"
    jobs = pd.read_csv(made / "jobs.csv")
    left = {path.parent.name for path in (project.folder / "results/tiny/benchmarks").glob("*/*")}
    assert left - set(jobs["rule"]) == {"evaluate_workflow"}
    assert "made" not in set(jobs.loc[jobs["rule"] == "render", "job"])
    edges = set(pd.read_csv(made / "edges.csv").itertuples(index=False, name=None))
    assert {("fetch", "read"), ("read", "train_svm"), ("train_dense", "evaluate_runs")} <= edges
    told = yaml.safe_load((made / "configuration.yaml").read_text())
    assert told == project.config | {"corpora": {"news": NEWSGROUPS}}  # of which it tells


def test_every_rule_left_its_log_and_benchmark(project):
    results = project.folder / "results/tiny"
    rules = {path.name for path in (results / "benchmarks").iterdir()}
    assert rules == {path.name for path in (results / "logs").iterdir()}
    assert {"read", "encode", "embed", "train", "evaluate_runs", "render"} <= rules


def test_the_merged_configuration_lies_beside_the_results(project):
    assert json.loads((project.folder / "results/tiny/config.json").read_text()) == project.config


def test_publishing_tells_the_commit_and_whether_the_results_are_of_it(project):
    shutil.copy(ROOT / ".gitignore", project.folder)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", *command], cwd=project.folder, check=True)
    asked = project.folder, project.folder / "results/tiny/config.json"
    told = publish.code(*asked)
    assert re.fullmatch("[0-9a-f]{40}", told.pop("commit"))
    assert told == {"clean": True, "up_to_date": True}  # a second run has nothing to do
    with project.changed("scripts/evaluate_labels.py"):
        told = publish.code(*asked)
    assert (told["clean"], told["up_to_date"]) == (False, False)
    shutil.rmtree(project.folder / ".git")


OWN_TEXTS = {"file": "own file", "folder": "own folder/a/1.txt"}
FETCHED = {"file": "own-file.txt", "folder": "own-folder.tar"}


def with_own_texts(config: dict, **digests: str) -> dict:
    """Return the configuration with a corpus of each of `OWN_TEXTS`."""
    changes = {}
    for kind in OWN_TEXTS:
        place = {"url": f"file:own {kind}"}
        place |= {"sha256": digests[kind]} if digests else {}
        changes[f"sources__own_{kind}"] = {"file": FETCHED[kind], "from": [place]}
        changes[f"corpora__own_{kind}"] = {**NEWSGROUPS, "source": f"own_{kind}"}
    return edited(config, **changes)


def test_own_texts_that_changed_are_fetched_and_read_again(project):
    fetched = {kind: f"resources/downloads/{name}" for kind, name in FETCHED.items()}
    documents = [f"results/tiny/own_{kind}/documents.parquet" for kind in OWN_TEXTS]
    targets, config = fetched.values(), with_own_texts(project.config)

    def write(text: str) -> None:
        for name in OWN_TEXTS.values():
            (project.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (project.folder / name).write_text(text)

    write("a text")
    project.snakemake(*targets, config=config)
    assert project.planned(*targets, config=config) == {}
    write("another text")
    assert project.planned(*targets, config=config) == {"fetch": 2}
    assert project.planned(*documents, config=config) == {"fetch": 2, "read": 2}
    project.snakemake(*targets, config=config)
    content = {kind: (project.folder / file).read_bytes() for kind, file in fetched.items()}
    assert all(b"another text" in each for each in content.values())
    assert project.planned(*targets, config=config) == {}
    # What has a digest cannot be another one.
    digests = {kind: hashlib.sha256(each).hexdigest() for kind, each in content.items()}
    pinned = with_own_texts(project.config, **digests)
    project.snakemake(*targets, config=pinned)
    write("a third text")
    assert project.planned(*targets, config=pinned) == {}


OWN = """
module seq2report:
    snakefile: {snakefile!r}
    config: config

use rule * from seq2report as seq2report_*

rule best:
    input: "results/tiny/report/tables/news/runs/recommendation.csv"
    output: "best.txt"
    shell: "grep '^best,' {{input}} > {{output}}"
"""


def test_another_workflow_imports_this_one_with_a_configuration_of_its_own(project, tmp_path):
    own = tmp_path / "Snakefile"
    own.write_text(OWN.format(snakefile=str(project.folder / "Snakefile")))
    asked = ["best.txt", "--snakefile", own]
    assert project.planned(*asked) == {"best": 1}  # what is there is not made again
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(project.folder / "own.py", tmp_path / "elsewhere")
    nothing_made = [*asked, "--directory", tmp_path / "elsewhere"]
    planned = project.planned(*nothing_made)
    assert planned["seq2report_train_svm"] == planned["seq2report_train_dense"] == 1
    config = edited(project.config, compare__variants=["svm"])
    assert "seq2report_train_dense" not in project.planned(*nothing_made, config=config)
    project.snakemake(*asked)
    assert (project.folder / "best.txt").read_text().startswith("best,")


def test_the_import_that_the_documentation_shows_is_planned_as_it_stands(tmp_path, checked):
    keep_check(checked, tmp_path, "mine")
    text = (ROOT / "docs/module.md").read_text()
    shown, _ = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "Snakefile").write_text(shown)
    (tmp_path / "seq2report").symlink_to(ROOT)
    own = {"name": "mine", "compare": {"corpora": ["newsgroups"], "variants": ["naive_bayes"]}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(own))
    status, output = forks.snakemake(["--dry-run", "best"], tmp_path)
    assert status == 0, output
    trained = re.findall(r"^(seq2report_train_\w+) ", output, flags=re.MULTILINE)
    assert set(trained) == {"seq2report_train_naive_bayes"}


def test_a_run_is_used_elsewhere_by_its_folder_alone(project, tmp_path, capsys):
    run = shutil.copytree(project.folder / "results/tiny/news/runs/svm/seed-1", tmp_path / "run")
    predict.main([str(run), "the moon", "--format", "json"])
    printed = capsys.readouterr()
    assert json.loads(printed.out)["label"] in GROUPS
    first, second, third, *_ = printed.err.splitlines()
    assert first.endswith("documents of news")
    assert "test documents (random 75/25, seed 1): " in second
    assert ", 95% interval " in second
    assert third.startswith("the corpus is a sample")


def test_a_failed_notebook_is_kept_with_its_traceback_and_no_page_is_made(project):
    name = "results/tiny/report/corpus-news.html"
    page = project.folder / name
    whole = page.read_bytes()
    old, new = r"described[\"corpus\"]", r"described[\"lost\"]"
    with project.changed("reports/corpus.ipynb", old, new):
        output = project.snakemake(name, status=1)
    assert "of corpus.ipynb failed with KeyError: 'lost'" in output
    executed = (project.folder / "results/tiny/logs/render/corpus-news.ipynb").read_text()
    assert "KeyError" in executed
    assert not page.exists()
    # Snakemake removes the other pages of its job.
    assert "Removing output files of failed job render_corpus" in output
    assert "compared-news.html" in output
    project.snakemake(name)
    assert page.read_text().splitlines() == whole.decode().splitlines()


def test_jobs_are_chosen_when_another_one_ends_and_not_every_second(project):
    tables = [f"report/tables/news/{name}/{name}.csv" for name in ("labels", "published")]
    targets = [f"results/tiny/{file}" for file in (*tables, "config.json")]
    output = project.snakemake("--cores", "1", "--verbose", "--force", *targets)
    assert re.findall(r"Ready jobs: (\d)", output) == ["3", "2", "1"]


def test_an_ensemble_of_finished_runs_is_compared_with_its_members(project):
    config = edited(
        project.config, variants__both=ENSEMBLE, compare__variants=["svm", "dense", "both"]
    )
    evaluated = "results/tiny/report/tables/news/runs/variants.csv"
    project.snakemake(evaluated, config=config)
    runs = pd.read_csv(project.folder / "results/tiny/report/tables/news/runs/runs.csv")
    runs = runs.set_index("variant")
    assert runs.loc["both", ["kind", "members"]].tolist() == ["ensemble", "svm, dense"]
    assert runs.loc["both", "parameters"] == runs.loc[["svm", "dense"], "parameters"].sum()


def test_a_chosen_run_is_used_elsewhere_and_nothing_is_chosen_where_a_candidate_failed(
    project, tmp_path, capsys
):
    grid = {"grid": [1, 100_000]}  # no word is in so many documents
    steps = [{"TfidfVectorizer": {"min_df": grid}}, {"LinearSVC": {}}]
    tuned = {"title": "Tuned", "pipeline": steps, "choose": {"by": "val_accuracy"}}
    config = edited(project.config, compare__variants=["svm", "tuned"], variants__tuned=tuned)
    run = "results/tiny/news/runs/tuned/seed-1"
    output = project.snakemake(f"{run}/run.json", config=config, status=1)
    assert "Error in rule train_tuned_min_df_100000:" in output
    assert (
        "variants.tuned: nothing is chosen on 'news': 1 of 2 candidates have no finished run,"
        " ['tuned_min_df_100000']"
    ) in output
    grid["grid"][1] = 2
    config = edited(config, variants__tuned=tuned)
    assert "train_tuned_min_df_1" not in project.planned(f"{run}/run.json", config=config)
    project.snakemake("results/tiny/report/variant-tuned.html", config=config)
    page = (project.folder / "results/tiny/report/variant-tuned.html").read_text()
    assert "Chosen from 2 configurations: min_df " in page
    moved = shutil.copytree(project.folder / run, tmp_path / "run")
    predict.main([str(moved), "the moon"])
    printed = capsys.readouterr().err
    assert "the best of 2 on the validation documents: tuned_min_df_" in printed


def test_a_grid_is_written_down_as_it_stands(project):
    steps = [{"TfidfVectorizer": {}}, {"LinearSVC": {"C": {"grid": [1, 2]}}}]
    config = edited(project.config, name="grid", variants__svm__pipeline=steps)
    project.snakemake("results/grid/config.json", config=config)
    assert json.loads((project.folder / "results/grid/config.json").read_text()) == config


def test_a_network_of_the_users_own_function_is_trained(project):
    run = project.folder / "results/tiny/news/runs/dense/seed-1"
    layers = json.loads((run / "run.json").read_text())["settings"]["layers"]
    assert layers["function"] == "first"
    assert (run / "model.keras").is_file()


def test_a_run_leaves_validation_documents(project):
    for variant in ("svm", "dense"):
        folder = project.folder / f"results/tiny/news/runs/{variant}/seed-1"
        assert (folder / "validation.parquet").is_file()
