"""What the DAG does for each kind of variant; nothing is run."""

import json
import os
import re
from pathlib import Path

import pytest
from project import BAYES, ENSEMBLE, TRAINING, calls_of, edited, rules_of


def test_a_variant_that_watches_the_test_documents_is_not_asked_about_their_labels(project):
    watching = {"extends": "dense", "title": "Watching", "fit": {"protocol": "lecture"}}
    config = edited(
        project.config,
        variants__watching=watching,
        encodings__words__fit="all",
        compare__variants=["svm", "dense", "watching"],
    )
    output = project.commands("--forcerun", "evaluate_labels", config=config)
    (asked,) = calls_of(output, "evaluate_labels.py")
    runs = "results/tiny/news/runs"
    assert asked["runs"] == [f"{runs}/svm/seed-1", f"{runs}/dense/seed-1"]


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


def test_pipelines_are_trained_first_then_the_networks_that_loop_over_words_most(project):
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
        compare__variants=["svm", "dense", *variants],
        **{f"variants__{name}": variant for name, variant in variants.items()},
    )
    output = project.snakemake("--dry-run", "--forcerun", "train_svm", config=config)
    jobs = re.findall(r"rule train_(\w+):\n((?: +.*\n)+)", output)
    found = {name: re.findall(r"priority: (\d+)", about) for name, about in jobs}
    assert found == {"svm": ["9"], "single": ["1"], "branched": ["2"]}  # train_vectors has 10


def test_a_grid_is_trained_and_shown_as_variants(project):
    layers = [{"Flatten": {}}, {"Dense": {"units": {"grid": [3, 4]}}}]
    config = edited(project.config, name="grid", variants__dense__layers=layers)
    output = project.commands(config=config)
    assert {rule for rule in rules_of(output) if rule.startswith("train_")} == {
        *("train_svm", "train_dense_units_3", "train_dense_units_4")
    }
    assert "report/variant-dense_units_4.html" in output
    assert '"dense_units_3": "GloVe \\u2192 dense, units 3"' in output


def tuned(*values):
    """Return the SVM with these values of C, of which one is chosen."""
    steps = [{"TfidfVectorizer": {}}, {"LinearSVC": {"C": {"grid": [*values]}}}]
    return {"title": "Tuned", "pipeline": steps, "choose": {"by": "val_accuracy"}}


def test_a_chosen_grid_is_compared_as_one_variant_and_no_test_answers_are_read(project):
    both = {"title": "Both", "ensemble": {"members": ["tuned", "dense"], "method": "vote"}}
    names = ["svm", "tuned", "dense", "both"]
    reads = {"input": {"features": "words"}, "pipeline": tuned(0.1, 10)["pipeline"][1:]}
    changes = {"variants__tuned": tuned() | reads, "variants__both": both}
    changes["features"] = {"words": {"steps": [{"TfidfVectorizer": {}}]}}
    config = edited(project.config, compare__variants=names, seeds=[1, 2], **changes)
    planned = project.planned(config=config)
    assert planned["choose_tuned"] == 2  # one run per seed
    assert planned["train_tuned_c_0_1"] == planned["train_tuned_c_10"] == 2
    output = project.commands("--forcerun", "choose_tuned", config=config)
    runs = "results/tiny/news/runs"
    candidates = [f"{runs}/tuned_c_{n}/seed-{seed}" for n in ("0_1", "10") for seed in (1, 2)]
    asked = calls_of(output, "choose.py")
    assert [sorted(call["runs"]) for call in asked] == [sorted(candidates)] * 2
    assert [call["by"] for call in asked] == [["val_accuracy"]] * 2
    (compared,) = calls_of(output, "evaluate_runs.py")
    assert compared["runs"] == [f"{runs}/{name}/seed-{seed}" for name in names for seed in (1, 2)]
    assert {call["runs"][0] for call in calls_of(output, "train_ensemble.py")} == {
        f"{runs}/tuned/seed-{seed}" for seed in (1, 2)
    }
    pages = set(re.findall(r"report/(variant-\w+)\.html", output))
    assert pages == {f"variant-{name}" for name in names}


def test_another_candidate_is_the_only_one_that_is_trained(project):
    config = edited(
        project.config, compare__variants=["svm", "tuned"], variants__tuned=tuned(0.1, 10)
    )
    project.finish(config=config)
    assert project.planned(config=config) == {}
    more = edited(config, variants__tuned=tuned(0.1, 3, 10))
    planned = project.planned(config=more)
    assert {rule for rule in planned if rule.startswith("train_")} == {"train_tuned_c_3"}
    assert planned["choose_tuned"] == planned["evaluate_runs"] == 1
    same = edited(
        config,
        variants__tuned=tuned(0.1, 10),
        variants__svm__pipeline=[{"TfidfVectorizer": {}}, {"LinearSVC": {"C": 10}}],
    )
    output = project.commands("--forcerun", "choose_tuned", config=same)
    assert "rule train_tuned_c_10:" not in output
    (asked,) = calls_of(output, "choose.py")
    runs = "results/tiny/news/runs"
    assert asked["runs"] == [f"{runs}/tuned_c_0_1/seed-1", f"{runs}/svm/seed-1"]


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


def test_a_training_job_asks_for_the_memory_that_its_variant_was_seen_to_take(project, config):
    table = "variant,peak_mb\ndense,810\nother,1300\n"
    old = (project.folder / "workflow/memory.csv").read_text()
    with project.changed("workflow/memory.csv", old, table):
        output = project.snakemake("--dry-run", "--forceall")
    jobs = re.findall(r"rule (train_\w+):.*?mem_mb=(\d+)", output, flags=re.DOTALL)
    assert dict(jobs) == {"train_dense": "1000", "train_svm": "1600"}  # a fifth more, in hundreds


@pytest.fixture
def ensemble(project):
    """The configuration with an ensemble, of which one member is not compared."""
    return edited(project.config, variants__both=ENSEMBLE, compare__variants=["svm", "both"])


def test_an_ensemble_needs_what_its_members_predict(project, ensemble):
    target = "results/tiny/news/runs/both/seed-1/metrics.json"
    output = project.snakemake("--dry-run", "--printshellcmds", target, config=ensemble)
    assert rules_of(output) == {"train_both": 1}
    (inputs,) = re.findall(r"rule train_both:\n    input: (.*)", output)
    for member in ("svm", "dense"):
        for file in ("metrics.json", "validation.parquet", "predictions.parquet"):
            assert f"results/tiny/news/runs/{member}/seed-1/{file}" in inputs
    (asked,) = calls_of(output, "train_ensemble.py")
    assert (asked["method"], asked["seed"]) == (["vote"], ["1"])
    layers = [{"Flatten": {}}, {"Dense": {"units": 3}}]
    planned = project.planned(target, config=edited(ensemble, variants__dense__layers=layers))
    assert planned == {"train_dense": 1, "train_both": 1}


def test_a_member_that_is_not_compared_is_trained_and_not_shown(project, ensemble):
    config = edited(
        ensemble, variants__bayes=BAYES, variants__both__ensemble__members=["svm", "bayes"]
    )
    output = project.commands(config=config)
    trained = {rule for rule in rules_of(output) if rule.startswith("train_")}
    assert trained == {"train_bayes", "train_both"}
    (asked,) = calls_of(output, "evaluate_runs.py")
    assert json.loads(*asked["titles"]) == {"svm": "SVM", "both": "Both"}
    assert [Path(folder).parent.name for folder in asked["runs"]] == ["svm", "both"]


def test_a_network_that_is_only_a_member_is_on_no_page(project, ensemble):
    config = edited(
        ensemble,
        variants__longer={"extends": "dense", "title": "Longer", "input": {"length": 60}},
        variants__both__ensemble__members=["dense", "longer"],
    )
    output = project.commands(config=config)
    assert "evaluate_embeddings" not in rules_of(output)
    assert '"sweeps": []' in output


def test_a_training_asks_for_a_gpu_and_does_without_where_the_profile_has_none(project):
    config = project.config | {"gpu": 1, "gpu_absent": "cpu"}
    for limit, taken in (([], 1), (["--resources", "gpu=0"], 0)):
        command = ["--dry-run", "--printshellcmds", "--forcerun", "train_dense", *limit]
        output = project.snakemake(*command, config=config)
        (asked,) = calls_of(output, "train_network.py")
        assert (asked["gpu"], asked["gpu-absent"]) == ([str(taken)], ["cpu"])
        assert f"gpu={taken}, " in output


def test_another_metric_retrains_only_networks_with_early_stopping(project):
    config = edited(project.config, compare__metric="macro_f1")
    planned = project.planned(config=config)
    assert "evaluate_runs" in planned
    assert not TRAINING & planned.keys()
    output = project.commands(config=edited(config, fit__patience=1))
    assert "train_network.py" in output
    assert "--metric macro_f1 --seed" in output


@pytest.mark.parametrize("name", ["index", "variants", "lecture"])
def test_no_two_jobs_have_the_same_log(project, name):
    config = edited(project.config, compare__corpora=[name], lessons__corpus=name)
    config["corpora"] = {name: config["corpora"]["news"]}
    output = project.snakemake("--dry-run", "--forceall", config=config)
    logs = re.findall(r"^ +log: (.+)$", output, flags=re.MULTILINE)
    assert len(logs) == sum(rules_of(output).values())
    assert [log for log in logs if logs.count(log) > 1] == []


def test_gpu_auto_takes_a_gpu_of_this_machine_and_in_a_job_of_a_cluster_only_an_assigned_one(
    project, tmp_path, monkeypatch
):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 0, GPU-a, 3, 10000\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CUDA_", "SLURM_"))}
    environment["PATH"] = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setattr(project, "environment", lambda: environment)
    table = project.changed("workflow/gpu.csv", new="dense,1,9\n")
    command = ["--dry-run", "--printshellcmds", "--forcerun", "train_dense"]
    in_job = ["--mode", "remote", *command]
    with table:
        for arguments, assigned, gpus in (
            (command, None, 1),
            (in_job, None, 0),
            (in_job, "", 0),
            (in_job, "0", 1),
        ):
            if assigned is not None:
                environment["CUDA_VISIBLE_DEVICES"] = assigned
            output = project.snakemake(*arguments, config=project.config | {"gpu": "auto"})
            assert f"--gpu {gpus} --gpu-absent cpu" in output


@pytest.mark.reliability("Repeatability")
@pytest.mark.parametrize("cores", ["1", "64"])
def test_a_training_has_one_thread_however_many_cores_there_are(project, cores):
    command = ["--dry-run", "--printshellcmds", "--forceall", "--cores", cores]
    output = project.snakemake(*command)
    assert [call["threads"] for call in calls_of(output, "train_network.py")] == [["1"]]


def test_another_method_plans_the_ensemble_again_and_retrains_nothing(project, ensemble):
    config = edited(ensemble, compare__variants=["svm", "dense", "both"])
    evaluated = "results/tiny/report/tables/news/runs/variants.csv"
    project.finish(evaluated, config=config)
    assert project.planned(evaluated, config=config) == {}
    other = edited(config, variants__both__ensemble__method="stack")
    assert project.planned(evaluated, config=other) == {"train_both": 1, "evaluate_runs": 1}
    project.finish(evaluated)  # as it was


def test_the_captions_of_snakemakes_report_are_whole(project, tmp_path):
    project.snakemake("--report", tmp_path / "report.html")
    report = (tmp_path / "report.html").read_text()
    captions = set(map(json.loads, re.findall(r'"caption": ("(?:[^"\\]|\\.)*")', report)))
    texts = {re.sub("<[^>]+>", "", caption).strip() for caption in captions}
    assert {text.partition(" ")[0] for text in texts} == {"A", "One"}
    assert not [caption for caption in captions if re.search(r"<tt[^>]*>\s*</tt>", caption)]
