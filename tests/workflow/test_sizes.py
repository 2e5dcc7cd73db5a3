"""What the DAG does for variants that are trained on fewer labels; nothing is run."""

import json
import re

import pytest
from project import BAYES, ENSEMBLE, calls_of, edited, rules_of

NGRAMS = {"steps": [{"TfidfVectorizer": {}}, {"NaiveBayesWeights": {}}]}
SMALL = {"title": "Small", "input": {"features": "ngrams"}, "layers": [{"Dense": {"units": 3}}]}
PAGE = "results/tiny/report/sizes-news.html"


@pytest.fixture(scope="module")
def labelled(project):
    """The configuration with two sizes; the files of its runs and pages are those of a run."""
    config = edited(project.config, compare__labels={"sizes": [10, "all"], "variants": ["svm"]})
    project.finish(config=config)
    return config


def sized(config, *sizes, variants=("svm",)):
    return edited(config, compare__labels={"sizes": [*sizes], "variants": [*variants]})


def test_another_size_trains_only_what_is_new(project, labelled):
    assert project.planned(config=labelled) == {}
    more = sized(labelled, 10, 0.5, "all")
    output = project.snakemake("--dry-run", config=more)
    assert rules_of(output) == {
        "check_sizes": 1,
        "train_svm": 1,
        "evaluate_sizes": 1,
        "evaluate_workflow": 1,
        "configuration": 1,
        "render": 3,  # the page, the first page and how it was made
        "render_summary": 1,
    }
    (trained,) = re.findall(r"rule train_svm:.*?wildcards: (.*?)\n", output, re.DOTALL)
    assert trained == "corpus=news, subset=labels-0.5/, seed=1"
    assert "runs/svm/labels-0.5/seed-1/predictions.parquet" in output


def test_another_seed_trains_its_subset_alone(project, labelled):
    planned = project.planned(PAGE, config=edited(labelled, seeds=[1, 2]))
    assert {name: n for name, n in planned.items() if name.startswith("train_")} == {
        "train_svm": 2  # all labels, and the subset
    }


def test_a_size_less_trains_nothing(project, labelled):
    planned = project.planned(PAGE, config=sized(labelled, "all"))
    assert planned == {"check_sizes": 1, "evaluate_sizes": 1, "render": 1}


def test_a_size_is_an_argument_of_the_commands_and_the_whole_corpus_has_none(project, labelled):
    output = project.commands("--forcerun", "train_svm", config=labelled)
    calls = calls_of(output, "train_pipeline.py")
    folder = "results/tiny/news/runs/svm"
    assert sorted((*call["output"], *call.get("labels", [])) for call in calls) == [
        (f"{folder}/labels-10/seed-1", "10"),
        (f"{folder}/seed-1",),
    ]
    assert [call["seed"] for call in calls] == [["1"]] * 2
    assert output.count("--labels") == 1


def test_the_page_is_made_of_all_sizes_of_the_variants(project, labelled):
    output = project.commands(PAGE, "--forcerun", "evaluate_sizes", config=labelled)
    (asked,) = calls_of(output, "evaluate_sizes.py")
    folder = "results/tiny/news/runs/svm"
    assert asked["runs"] == [f"{folder}/labels-10/seed-1", f"{folder}/seed-1"]
    assert json.loads(*asked["titles"]) == {"svm": "SVM", "dense": "GloVe → dense"}  # their numbers


def test_steps_of_features_are_fitted_per_subset_and_words_are_counted_once(project, labelled):
    config = edited(
        sized(labelled, 10, "all", variants=["small", "dense"]),
        features={"ngrams": NGRAMS},
        variants__small=SMALL,
        compare__variants=["svm", "dense", "small"],
    )
    output = project.commands(PAGE, config=config)
    folders = [call["output"] for call in calls_of(output, "encode_features.py")]
    folder = "results/tiny/news/{}features/ngrams".format
    assert sorted(folders) == [[folder("")], [folder("labels-10/seed-1/")]]
    for subset, where in (("labels-10/", "labels-10/seed-1/"), ("", "")):
        run = f"--output results/tiny/news/runs/small/{subset}seed-1"
        (command,) = (line for line in output.splitlines() if run in line)
        assert f"--documents {folder(where)}/documents.parquet" in command
    assert "encode.py" not in output
    run = "--output results/tiny/news/runs/dense/labels-10/seed-1"
    (command,) = (line for line in output.splitlines() if run in line)
    assert "--documents results/tiny/news/sequences/words/sequences.parquet" in command


def test_the_members_of_an_ensemble_are_trained_on_its_subset(project, labelled):
    config = edited(
        sized(labelled, 10, variants=["both"]),
        variants__both=ENSEMBLE,
        compare__variants=["svm", "both"],
    )
    output = project.commands(PAGE, config=config)
    (asked,) = calls_of(output, "train_ensemble.py")
    runs = "results/tiny/news/runs"
    assert asked["runs"] == [f"{runs}/{name}/labels-10/seed-1" for name in ("svm", "dense")]


def test_without_a_compared_variant_there_is_no_page(project, labelled):
    for variants in ([], ["bayes"]):
        config = edited(sized(labelled, 10, variants=variants), variants__bayes=BAYES)
        output = project.snakemake("--dry-run", config=config)
        assert "sizes-news.html" not in output
        assert "check_sizes" not in output


def test_a_size_that_the_corpus_does_not_have_is_reported_while_planning(project, labelled):
    corpus = project.folder / "results/tiny/news/corpus.json"
    counts = [
        {"split": split, "label": label, "documents": 8}
        for split in ("train", "validation", "test")
        for label in "ab"
    ]
    with project.changed(corpus.relative_to(project.folder), new=json.dumps({"counts": counts})):
        output = project.snakemake("--dry-run", PAGE, config=sized(labelled, 10, 33, "all"))
    assert "compare.labels.sizes, corpus news: found 33, but it has 32 labelled" in output
