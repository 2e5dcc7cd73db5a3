"""The DAG: what runs, and what runs again after which change; nothing is run."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from project import BAYES, TRAINING, PlannedProject, edited, without_checks

PAGES = {"render", "render_corpus", "render_variants", "render_summary"}


def test_nothing_is_left_to_do_after_a_run(project):
    assert project.planned() == {}


def test_a_changed_helper_reruns_exactly_its_users(project):
    with project.changed("scripts/seq2report/documents/sequences.py"):
        assert project.planned() == {
            "train_dense": 1,
            "train_svm": 1,  # a pipeline may read features
            "evaluate_runs": 1,
            "evaluate_corpus": 1,
            "evaluate_labels": 1,
            "evaluate_published": 1,
            "evaluate_embeddings": 1,
            "evaluate_answers": 1,
            "evaluate_lecture": 1,
            "evaluate_workflow": 1,
            "render": 3,
            "render_corpus": 1,
            "render_variants": 1,
            "render_summary": 1,
        }


def test_a_changed_picture_reruns_only_the_pages(project):
    with project.changed("scripts/seq2report/report/plots.py"):
        assert set(project.planned()) == {*PAGES, "evaluate_workflow"}


def test_a_changed_notebook_reruns_only_the_job_of_its_page_and_the_one_that_tells_of_all(project):
    with project.changed("reports/corpus.ipynb", "## Classes and splits", "## Classes"):
        assert project.planned() == {"evaluate_workflow": 1, "render_corpus": 1, "render": 1}


def test_a_changed_published_figure_reruns_only_the_tables_and_pages_of_known_figures(project):
    with project.changed("reports/published.yaml"):
        assert project.planned() == {
            "evaluate_lecture": 1,
            "evaluate_published": 1,
            "evaluate_workflow": 1,
            "render_corpus": 1,
            "render": 2,
        }


def test_a_changed_check_of_the_configuration_reruns_nothing(project):
    with project.changed("scripts/seq2report/config/check.py"):
        assert project.planned() == {}


def test_a_changed_setting_of_a_variant_retrains_that_variant_alone(project):
    layers = [{"Flatten": {}}, {"Dense": {"units": 3}}]
    planned = project.planned(config=edited(project.config, variants__dense__layers=layers))
    assert set(planned) & TRAINING == {"train_dense"}


@pytest.mark.parametrize("place", ["variants__dense__title", "corpora__news__title"])
def test_a_changed_title_makes_only_tables_and_pages_again(project, place):
    planned = project.planned(config=edited(project.config, **{place: "Other"}))
    tables = {"configuration", "evaluate_runs", "evaluate_corpus", "evaluate_lecture"}
    tables |= {"evaluate_workflow", "evaluate_published"}
    assert set(planned) - tables == PAGES


def test_a_new_variant_trains_alone(project):
    bayes = {"title": "NB", "pipeline": [{"CountVectorizer": {}}, {"MultinomialNB": {}}]}
    config = edited(
        project.config,
        variants__bayes=bayes,
        compare__variants=["svm", "dense", "bayes"],
    )
    planned = project.planned(config=config)
    assert {rule for rule in planned if rule.startswith("train_")} == {"train_bayes"}


def test_a_changed_lesson_is_taught_again_and_nothing_else(project):
    with project.changed("scripts/lesson_number_sequence.py"):
        assert project.planned() == {
            "lesson_number_sequence": 1,
            "evaluate_lecture": 1,
            "evaluate_workflow": 1,
            "render": 3,
        }


def test_a_lesson_less_makes_no_page_of_it_and_retrains_nothing(project):
    planned = project.planned(config=edited(project.config, lessons__pages=["one_hot"]))
    # The navigation of each page.
    assert planned == {
        "configuration": 1,
        "evaluate_lecture": 1,
        "evaluate_workflow": 1,
        "render": 4,
        "render_corpus": 1,
        "render_variants": 1,
        "render_summary": 1,
    }


def test_lessons_read_vectors_only_where_there_are_some(project):
    config = edited(project.config, lessons__pages=["inside_lstm"])
    command = ["--dry-run", "--printshellcmds", "lesson_inside_lstm"]
    assert "--matrix results/tiny/news/embed" in project.snakemake(*command, config=config)
    learned = {"encoding": "words", "length": 40, "dimensions": 5}
    config = edited(config, variants__dense__input=learned)
    output = project.snakemake(*command, config=config)
    assert "--vocabulary results/tiny/news" in output
    assert "--matrix" not in output


def test_another_name_keeps_its_results_apart(project):
    planned = project.planned(config=edited(project.config, name="other"))
    assert planned["train_dense"] == planned["train_svm"] == planned["read"] == 1
    assert "fetch" not in planned


def test_another_seed_is_another_run(project):
    planned = project.planned(config=edited(project.config, seeds=[1, 2]))
    assert planned["train_dense"] == planned["train_svm"] == 1


def test_a_dry_run_needs_no_network(project):
    nowhere = {"file": "far.tar.gz", "from": [{"url": "http://127.0.0.1:9/far.tar.gz"}]}
    planned = project.planned(config=edited(project.config, sources__tiny=nowhere))
    assert planned["fetch"] == planned["read"] == 1


def test_a_setting_that_changes_no_result_is_written_down_and_changes_nothing_else(project):
    config = edited(project.config, variants__bayes=BAYES)
    written = {"configuration": 1, "evaluate_workflow": 1, "render": 1}
    assert project.planned(config=config) == written


def test_another_mirror_fetches_nothing_again(project):
    assert project.planned(config=project.config | {"mirror": "/nowhere"}) == {}


def test_the_workflow_runs_from_another_folder(project, tmp_path):
    snakefile = ["--snakefile", project.folder / "Snakefile", "--directory", tmp_path]
    assert project.planned(*snakefile, directory=tmp_path)["train_dense"] == 1


def test_a_plan_beside_a_run_or_in_a_job_changes_no_run(project, tmp_path, monkeypatch):
    """A run that is being trained has no end either, and the node of a job may have less memory."""
    copy = PlannedProject(shutil.copytree(project.folder, tmp_path / "x"), project.config)
    run = copy.folder / "results/tiny/news/runs/dense/seed-1"
    run.with_name("seed-1.complete").unlink()
    message, time = f"{run.relative_to(copy.folder)}: found", (run / "run.json").stat().st_mtime
    lock = copy.folder / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.write_text("results/tiny/news/runs/dense/seed-1/run.json\n")
    assert message not in copy.snakemake("--dry-run")
    lock.write_text("results/other/news/runs/dense/seed-1/run.json\n")
    (copy.folder / "scripts/check.py").write_text("raise SystemExit('error: checked again')")
    with monkeypatch.context() as patch:
        patch.setenv("SEQ2REPORT_IN_JOB", "1")
        assert message not in copy.snakemake("--dry-run")
    without_checks(copy.folder)
    assert (run / "run.json").stat().st_mtime == time > 1
    assert message in copy.snakemake("--dry-run")
    assert (run / "run.json").stat().st_mtime == 1


OWN_LAYERS = """import keras

def wrong(x):
    return keras.layers.Dense(2, unit=3)(x)
"""


@pytest.fixture(scope="module")
def refused(project) -> str:
    """What a run prints that has wrong variants; the check, which loads TensorFlow, runs once."""
    (project.folder / "own.py").write_text(OWN_LAYERS)
    layers = {
        "dense": [{"Flaten": {}}],
        "huge": [{"Flatten": {}}, {"Dense": {"units": 10**9}}],
        "own": {"file": "own.py", "function": "wrong"},
    }
    variants = {
        name: project.config["variants"]["dense"] | {"title": name, "layers": of_variant}
        for name, of_variant in layers.items()
    }
    changes = {f"variants__{name}": variant for name, variant in variants.items()}
    with project.with_check():
        output = project.snakemake(config=edited(project.config, name="wrong", **changes), status=1)
    assert "Traceback" not in output
    assert not (project.folder / "results/wrong").exists()
    return output


@pytest.mark.reliability("Bad configuration")
def test_a_mistake_is_refused_before_anything_runs_in_one_short_message(refused):
    assert "variants.dense.layers[0]: unknown layer 'Flaten'; did you mean 'Flatten'?" in refused


@pytest.mark.reliability("Bad configuration")
def test_a_network_that_no_memory_holds_is_refused_before_anything_runs(refused):
    assert re.search(r"variants.huge.layers: to train them takes at least [\d,.]+ GB", refused)


@pytest.mark.reliability("Bad configuration")
def test_a_function_with_a_mistake_is_refused_before_anything_runs(refused):
    assert re.search(r"variants.own.layers.wrong: .*'?unit'?", refused)


@pytest.mark.reliability("Bad configuration")
def test_two_variants_of_one_name_are_refused_before_anything_runs(project, tmp_path):
    again = tmp_path / "mine.yaml"
    again.write_text("variants:\n  svm: {title: A}\n  svm: {title: B}\n")
    output = project.snakemake("--configfile", project.folder / "tiny.yaml", again, status=1)
    assert "mine.yaml: line 3: duplicate key 'svm', first in line 2" in output
    assert "Traceback" not in output


@pytest.mark.reliability("Bad configuration")
def test_no_command_grows_with_the_number_of_variants_and_seeds(project):
    """Linux limits an argument, and a command of a rule is one, to 128 KiB."""

    variants = {f"long_name_{n}": BAYES | {"title": f"Bayes {n}"} for n in range(40)}
    config = edited(project.config, compare__variants=["svm", "dense", *variants])
    config = config | {"variants": project.config["variants"] | variants, "seeds": [1, 2]}
    output = project.snakemake("--dry-run", "--printshellcmds", "--forceall", config=config)
    commands = re.findall(r"Shell command: (python .*(?:evaluate|render).*|cp .*)", output)
    assert len(commands) > 15
    assert max(command.count("long_name") for command in commands) < 6


@pytest.mark.reliability("Repeatability")
def test_local_data_is_read_again_for_other_content_and_not_for_another_time(project, tiny_archive):
    archive = project.folder / tiny_archive.name
    content, time = archive.read_bytes(), archive.stat().st_mtime_ns
    archive.write_bytes(content[::-1])
    os.utime(archive, ns=(time, time))
    planned = project.planned()
    archive.write_bytes(content)
    os.utime(archive, ns=(time, time + 10**15))
    assert project.planned() == {}
    os.utime(archive, ns=(time, time))
    assert {"fetch", "read", *TRAINING} <= set(planned)


LOST = {
    "a run's predictions": ("news/runs/svm/seed-1/predictions.parquet", "train_svm"),
    "the documents": ("news/documents.parquet", "read"),
    "a table": ("report/tables/news/runs/confusion.csv", "evaluate_runs"),
}


@pytest.mark.reliability("Repeatability")
@pytest.mark.parametrize(("file", "rule"), LOST.values(), ids=LOST)
def test_a_result_that_is_lost_is_made_again_although_its_page_is_there(project, file, rule):
    path = project.folder / "results/tiny" / file
    away = path.rename(path.with_name("away"))
    planned = project.planned()
    away.rename(path)
    assert rule in planned


@pytest.mark.reliability("Bad corpora")
def test_a_file_name_with_braces_is_a_name(project, tmp_path, tiny_archive):
    file = Path(shutil.copy(tiny_archive, tmp_path / "{corpus} {v1}.tar.gz"))
    config = edited(project.config, sources__tiny__from=[{"url": f"file:{file}"}])
    assert project.planned(config=config)["read"] == 1


@pytest.mark.reliability("Bad machine")
def test_a_folder_name_with_braces_above_the_workflow_is_refused(project, tmp_path):
    (tmp_path / "a {b}").symlink_to(project.folder)
    snakefile = ["--dry-run", "--snakefile", tmp_path / "a {b}/Snakefile"]
    output = project.snakemake(*snakefile, directory=tmp_path, status=1)
    assert "found braces, which Snakemake replaces in paths; rename the folder" in output


def test_another_device_trains_nothing_again(project):
    config = project.config | {"gpu": 1, "gpu_absent": "cpu"}
    assert not TRAINING & project.planned(config=config).keys()


def test_features_of_steps_alone_are_planned_without_a_complaint(project):
    """A rule whose wildcard has no value must match no file, not every file."""
    bayes = {
        "title": "NB",
        "input": {"features": "counts"},
        "pipeline": [{"MultinomialNB": {}}],
    }
    config = project.config | {"features": {"counts": {"steps": [{"CountVectorizer": {}}]}}}
    config = edited(config, variants__bayes=bayes, compare__variants=["svm", "dense", "bayes"])
    output = project.snakemake("--dry-run", config=config)
    assert "Error" not in output
    assert "encode_features" in output


def test_the_stored_configuration_has_the_order_of_its_file_as_the_pages_do(project):
    target = "results/tiny/config.json"
    printed = project.snakemake("--dry-run", "--printshellcmds", "--force", target)
    (file,) = re.findall(rf"cp (\S+) {target}", printed)
    stored = json.loads((project.folder / file).read_text(encoding="utf-8"))
    assert json.dumps(stored) == json.dumps(project.config)
