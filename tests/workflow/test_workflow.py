"""The DAG: what runs, and what runs again after which change; nothing is run."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from project import ENSEMBLE, PlannedProject, edited

TRAINING = {"train_svm", "train_dense"}


@pytest.fixture(scope="module")
def project(tmp_path_factory, config) -> PlannedProject:
    """A project that counts as run."""
    project = PlannedProject(tmp_path_factory.mktemp("planned"), config)
    assert project.planned() == {}
    return project


def test_a_changed_helper_reruns_exactly_its_users(project):
    with project.changed("scripts/seq2report/documents/sequences.py"):
        assert project.planned() == {
            "train_dense": 1,
            "evaluate_runs": 1,
            "evaluate_corpus": 1,
            "evaluate_labels": 1,
            "evaluate_published": 1,
            "evaluate_embeddings": 1,
            "evaluate_answers": 1,
            "evaluate_lecture": 1,
            "evaluate_workflow": 1,
            "render": 8,
        }


def test_a_changed_picture_reruns_only_the_pages(project):
    with project.changed("scripts/seq2report/report/plots.py"):
        assert set(project.planned()) == {"render", "evaluate_workflow"}


def test_a_changed_notebook_reruns_only_its_page_and_the_one_that_tells_of_all(project):
    with project.changed("reports/corpus.ipynb", "## Classes and splits", "## Classes"):
        assert project.planned() == {"evaluate_workflow": 1, "render": 2}


def test_a_changed_published_figure_reruns_only_the_tables_and_pages_of_known_figures(project):
    with project.changed("reports/published.yaml"):
        assert project.planned() == {
            "evaluate_lecture": 1,
            "evaluate_published": 1,
            "evaluate_workflow": 1,
            "render": 3,
        }


def test_a_variant_that_watches_the_test_documents_is_not_asked_about_their_labels(project):
    watching = {"extends": "dense", "title": "Watching", "fit": {"protocol": "lecture"}}
    config = edited(
        project.config,
        variants__watching=watching,
        encodings__words__fit="all",
        compare__variants=["svm", "dense", "watching"],
    )
    output = project.commands("--forcerun", "evaluate_labels", config=config)
    (asked,) = re.findall(r"evaluate_labels.py .*--runs (.*) --output", output)
    runs = "results/tiny/news/runs"
    assert asked.split() == [f"{runs}/svm/seed-1", f"{runs}/dense/seed-1"]


def test_a_changed_check_of_the_configuration_reruns_nothing(project):
    with project.changed("scripts/seq2report/config/check.py"):
        assert project.planned() == {}


def test_a_changed_setting_of_a_variant_retrains_that_variant_alone(project):
    layers = [{"Flatten": {}}, {"Dense": {"units": 3}}]
    planned = project.planned(config=edited(project.config, variants__dense__layers=layers))
    assert set(planned) & TRAINING == {"train_dense"}


def test_a_changed_title_retrains_nothing(project):
    planned = project.planned(config=edited(project.config, variants__dense__title="Dense"))
    assert not set(planned) & TRAINING
    assert planned["render"] >= 1


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
        "render": 9,
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


def test_variants_that_differ_in_length_alone_are_shown_as_a_sweep(project):
    longer = {"extends": "dense", "title": "Longer", "input": {"length": 60}}
    wider = {"extends": "dense", "title": "Wider", "layers": [{"GlobalMaxPooling1D": {}}]}
    config = edited(
        project.config,
        variants__longer=longer,
        variants__wider=wider,
        compare__variants=["svm", "dense", "longer", "wider"],
    )
    page = "results/tiny/report/compared-news.html"
    output = project.commands(page, config=config)
    assert '"sweeps": [{"dense": 40, "longer": 60}]' in output


def test_an_embedding_that_no_variant_starts_from_is_trained_and_shown_where_it_is_named(project):
    train = {"method": "cbow", "dimensions": 5, "window": 2, "negative": 2, "epochs": 1}
    config = edited(project.config, embeddings__cbow={"title": "CBOW", "train": train})
    assert "train_vectors" not in project.planned(config=config)
    config = edited(config, compare__embeddings=["cbow", "glove"])
    planned = project.planned(config=config)
    assert not set(planned) & TRAINING
    assert {name: planned[name] for name in ("train_vectors", "embed", "evaluate_embeddings")} == {
        **{"train_vectors": 1, "embed": 1, "evaluate_embeddings": 1}
    }
    output = project.commands("results/tiny/report/embeddings-news.html", config=config)
    (asked,) = re.findall(r"evaluate_embeddings.py (.*)", output)
    matrices = ["glove before", "dense after", "cbow before"]
    assert re.findall(r"--matrix (\S+ \S+)", asked) == matrices
    assert re.findall(r"--start (\S+ \S+)", asked) == ["dense glove"]
    assert '"before": {"glove": "GloVe", "cbow": "CBOW"}, "after": {"dense": ' in output


def test_another_name_keeps_its_results_apart(project):
    planned = project.planned(config=edited(project.config, name="other"))
    assert planned["train_dense"] == planned["train_svm"] == planned["read"] == 1
    assert "fetch" not in planned


def test_a_run_leaves_validation_documents_but_where_they_are_fitted(project):
    lecture = {
        "extends": "dense",
        "title": "By the lecture",
        "input": {"encoding": "counted"},
        "fit": {"protocol": "lecture"},
    }
    config = edited(
        project.config,
        encodings__counted={"num_words": 2000, "fit": "all"},
        variants__lecture=lecture,
        compare__variants=["svm", "dense", "lecture"],
    )
    output = project.snakemake("--dry-run", "--forceall", config=config)
    runs = dict(re.findall(r"rule train_(\w+):.*?output: (.*?)\n", output, flags=re.DOTALL))
    assert {name: "validation.parquet" in files for name, files in runs.items()} == {
        **{"svm": True, "dense": True, "lecture": False}
    }


def test_the_networks_that_loop_over_words_most_are_trained_first_branches_included(project):
    lstm = {"LSTM": {"units": 3}}
    branches = [[{"Flatten": {}}], [lstm], [{"Bidirectional": {"layer": lstm}}]]
    variants = {
        "branched": {
            "extends": "dense",
            "title": "B",
            "layers": [{"Concatenate": {"branches": branches}}],
        },
        "single": {"extends": "dense", "title": "S", "layers": [lstm]},
    }
    config = edited(
        project.config,
        compare__variants=["dense", *variants],
        **{f"variants__{name}": variant for name, variant in variants.items()},
    )
    output = project.snakemake("--dry-run", config=config)
    jobs = re.findall(r"rule train_(\w+):\n((?: +.*\n)+)", output)
    found = {name: re.findall(r"priority: (\d+)", about) for name, about in jobs}
    assert found == {"single": ["1"], "branched": ["2"]}


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


@pytest.mark.reliability("Bad configuration")
def test_a_mistake_is_refused_before_anything_runs_in_one_short_message(project):
    config = edited(project.config, name="wrong", variants__dense__layers=[{"Flaten": {}}])
    with project.with_check():
        output = project.snakemake(config=config, status=1)
    assert "variants.dense.layers[0]: unknown layer 'Flaten'; did you mean 'Flatten'?" in output
    assert "Traceback" not in output
    assert not (project.folder / "results/wrong").exists()


@pytest.mark.reliability("Bad configuration")
def test_a_network_that_no_memory_holds_is_refused_before_anything_runs(project):
    layers = [{"Flatten": {}}, {"Dense": {"units": 10**9}}]
    config = edited(project.config, name="wrong", variants__dense__layers=layers)
    with project.with_check():
        output = project.snakemake(config=config, status=1)
        assert re.search(r"variants.dense.layers: to train them takes at least [\d,.]+ GB", output)
        assert "Traceback" not in output
        output = project.snakemake("--dry-run", config=config | {"memory_mb": 10**9})
    assert "memory_mb" not in output


@pytest.mark.reliability("Bad configuration")
def test_two_variants_of_one_name_are_refused_before_anything_runs(project, tmp_path):
    again = tmp_path / "mine.yaml"
    again.write_text("variants:\n  svm: {title: A}\n  svm: {title: B}\n")
    output = project.snakemake("--configfile", project.folder / "tiny.yaml", again, status=1)
    assert "mine.yaml: line 3: duplicate key 'svm', first in line 2" in output
    assert "Traceback" not in output


def test_a_grid_is_trained_and_shown_as_variants(project):
    layers = [{"Flatten": {}}, {"Dense": {"units": {"grid": [3, 4]}}}]
    config = edited(project.config, name="grid", variants__dense__layers=layers)
    planned = project.planned(config=config)
    assert {rule for rule in planned if rule.startswith("train_")} == {
        *("train_svm", "train_dense_units_3", "train_dense_units_4")
    }
    output = project.commands(config=config)
    assert "report/variant-dense_units_4.html" in output
    assert '"dense_units_3": "GloVe \\u2192 dense, units 3"' in output


@pytest.mark.reliability("Bad configuration")
def test_no_command_grows_with_the_number_of_variants_and_seeds(project):
    """Linux limits an argument, and a command of a rule is one, to 128 KiB."""

    variants = {f"long_name_{n}": BAYES | {"title": f"Bayes {n}"} for n in range(40)}
    config = edited(project.config, compare__variants=["svm", "dense", *variants])
    config = config | {"variants": project.config["variants"] | variants, "seeds": [1, 2]}
    output = project.snakemake("--dry-run", "--printshellcmds", "--forceall", config=config)
    commands = re.findall(r"Shell command: (python .*(?:evaluate|render).*|cp .*)", output)
    assert len(commands) > 40
    assert max(command.count("long_name") for command in commands) < 6


@pytest.mark.reliability("Repeatability")
def test_a_local_file_in_place_of_a_newer_one_is_read_again(project, tiny_archive):
    time = tiny_archive.stat().st_mtime_ns
    os.utime(tiny_archive, ns=(time, time - 10**15))
    planned = project.planned()
    os.utime(tiny_archive, ns=(time, time))
    assert {"fetch", "read", *TRAINING} <= set(planned)
    assert project.planned() == {}


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


OWN_LAYERS = """import keras

def first(x, units=2):
    return keras.layers.Dense(units)(keras.layers.Flatten()(x))

def second(x):
    return keras.layers.GlobalMaxPooling1D()(x)
"""


def test_a_changed_file_of_functions_retrains_exactly_the_variants_that_use_it(project):
    variants = {}
    for name, file in (("first", "own.py"), ("second", "own.py"), ("third", "other.py")):
        (project.folder / file).write_text(OWN_LAYERS)
        function = "first" if name == "third" else name
        variants[name] = {
            "title": name,
            "input": {"encoding": "words", "length": 9, "dimensions": 3},
            "layers": {"file": file, "function": function},
        }
    config = edited(
        project.config,
        compare__variants=["svm", *variants],
        **{f"variants__{name}": variant for name, variant in variants.items()},
    )
    runs = [f"results/tiny/news/runs/{name}/seed-1/run.json" for name in variants]
    project.finish(*runs, config=config)
    assert project.planned(*runs, config=config) == {}
    with project.changed("own.py", "GlobalMaxPooling1D", "GlobalAveragePooling1D"):
        planned = project.planned(*runs, config=config)
        assert planned == {"train_first": 1, "train_second": 1}
    with project.changed("own.py", "(units)", "(units, unit=3)"):
        with project.with_check():
            output = project.snakemake("--dry-run", *runs, config=config, status=1)
        assert "variants.first.layers.first: " in output
        assert "Traceback" not in output


def test_a_training_job_asks_for_the_memory_that_its_variant_was_seen_to_take(project, config):
    table = "variant,peak_mb\ndense,810\nother,1300\n"
    old = (project.folder / "workflow/memory.csv").read_text()
    with project.changed("workflow/memory.csv", old, table):
        output = project.snakemake("--dry-run", "--forceall")
    jobs = re.findall(r"rule (train_\w+):.*?mem_mb=(\d+)", output, flags=re.DOTALL)
    assert dict(jobs) == {"train_dense": "1000", "train_svm": "1600"}  # a fifth more, in hundreds


BAYES = {"title": "NB", "pipeline": [{"CountVectorizer": {}}, {"MultinomialNB": {}}]}


@pytest.fixture
def ensemble(project):
    """The configuration with an ensemble, of which one member is not compared."""
    return edited(project.config, variants__both=ENSEMBLE, compare__variants=["svm", "both"])


def test_an_ensemble_needs_what_its_members_predict(project, ensemble):
    target = "results/tiny/news/runs/both/seed-1/metrics.json"
    assert project.planned(target, config=ensemble) == {"train_both": 1}
    output = project.snakemake("--dry-run", "--printshellcmds", target, config=ensemble)
    (inputs,) = re.findall(r"rule train_both:\n    input: (.*)", output)
    for member in ("svm", "dense"):
        for file in ("metrics.json", "validation.parquet", "predictions.parquet"):
            assert f"results/tiny/news/runs/{member}/seed-1/{file}" in inputs
    assert "--method vote --seed 1" in output
    layers = [{"Flatten": {}}, {"Dense": {"units": 3}}]
    planned = project.planned(target, config=edited(ensemble, variants__dense__layers=layers))
    assert planned == {"train_dense": 1, "train_both": 1}


def test_a_member_that_is_not_compared_is_trained_and_not_shown(project, ensemble):
    config = edited(
        ensemble, variants__bayes=BAYES, variants__both__ensemble__members=["svm", "bayes"]
    )
    planned = project.planned(config=config)
    assert {rule for rule in planned if rule.startswith("train_")} == {"train_bayes", "train_both"}
    output = project.commands(config=config)
    command = r"evaluate_runs.py .* --titles (.*?) --runs (.*?) --dup"
    titles, shown = re.search(command, output).groups()
    assert json.loads(titles) == {"svm": "SVM", "both": "Both"}
    assert [Path(folder).parent.name for folder in shown.split()] == ["svm", "both"]


def test_a_network_that_is_only_a_member_is_on_no_page(project, ensemble):
    config = edited(
        ensemble,
        variants__longer={"extends": "dense", "title": "Longer", "input": {"length": 60}},
        variants__both__ensemble__members=["dense", "longer"],
    )
    assert "evaluate_embeddings" not in project.planned(config=config)
    output = project.commands(config=config)
    assert '"sweeps": []' in output


def test_a_training_asks_for_a_gpu_and_does_without_where_the_profile_has_none(project):
    config = project.config | {"gpu": 1, "gpu_absent": "cpu"}
    for limit, taken in (([], 1), (["--resources", "gpu=0"], 0)):
        command = ["--dry-run", "--printshellcmds", "--forcerun", "train_dense", *limit]
        output = project.snakemake(*command, config=config)
        assert f"--gpu {taken} --gpu-absent cpu" in output
        assert f"gpu={taken}, " in output


@pytest.mark.reliability("Repeatability")
@pytest.mark.parametrize("cores", ["1", "64"])
def test_a_training_has_one_thread_however_many_cores_there_are(project, cores):
    command = ["--dry-run", "--printshellcmds", "--forceall", "--cores", cores]
    output = project.snakemake(*command)
    assert re.findall(r"train_network.py .*--threads (\d+)", output) == ["1"]


def test_another_device_trains_nothing_again(project):
    config = project.config | {"gpu": 1, "gpu_absent": "cpu"}
    assert not TRAINING & project.planned(config=config).keys()


def test_another_method_plans_the_ensemble_again_and_retrains_nothing(project, ensemble):
    config = edited(ensemble, compare__variants=["svm", "dense", "both"])
    evaluated = "results/tiny/report/tables/news/runs/variants.csv"
    project.finish(evaluated, config=config)
    assert project.planned(evaluated, config=config) == {}
    other = edited(config, variants__both__ensemble__method="stack")
    assert project.planned(evaluated, config=other) == {"train_both": 1, "evaluate_runs": 1}
    project.finish(evaluated)  # as it was
