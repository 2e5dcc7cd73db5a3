"""What the DAG does for answers from elsewhere; nothing is run."""

import re

import pytest
from project import BAYES, calls_of, edited


@pytest.fixture
def answered(project):
    """The tiny configuration with two seeds, answers, and an ensemble of them."""
    (project.folder / "mine.csv").write_text("id,label\n")
    told = {"title": "Told", "predictions": {"source": "mine", "cost": {"seconds": 9}}}
    both = {"title": "Both", "ensemble": {"members": ["svm", "told"], "method": "stack"}}
    return edited(
        project.config,
        seeds=[1, 2],
        sources__mine={"file": "mine.csv", "from": [{"url": "file:mine.csv"}]},
        variants__told=told,
        variants__both=both,
        variants__bayes=BAYES,
        compare__variants=["svm", "bayes", "told", "both"],
    )


def test_answers_are_read_once_and_before_anything_is_trained(project, answered):
    output = project.commands("--forceall", config=answered)
    runs = "results/tiny/news/runs"
    (asked,) = calls_of(output, "read_predictions.py")
    assert asked["table"] == ["resources/downloads/mine.csv"]
    assert asked["corpus"] == ["results/tiny/news/corpus.json"]
    assert asked["ensembles"] == ["stack"]
    assert asked["output"] == [f"{runs}/told/seed-1"]
    members = [call["runs"] for call in calls_of(output, "train_ensemble.py")]
    expected = [[f"{runs}/svm/seed-{seed}", f"{runs}/told/seed-1"] for seed in (1, 2)]
    assert sorted(members) == expected
    (compared,) = calls_of(output, "evaluate_runs.py")
    assert [run for run in compared["runs"] if "/told/" in run] == [f"{runs}/told/seed-1"]
    rules = re.findall(r"^rule (\w+):\n(?:    .*\n)*?    priority: (\d+)", output, re.M)
    first = {rule: int(priority) for rule, priority in rules}
    assert first.pop("train_told") > max(first.values(), default=0)


@pytest.mark.workflow
def test_other_answers_make_again_only_what_depends_on_them(project, answered):
    project.finish(config=answered)
    assert project.planned(config=answered) == {}
    (project.folder / "mine.csv").write_text("id,label\n1,a\n")
    planned = project.planned(config=answered)
    assert {name for name in planned if name.startswith("train")} == {"train_told", "train_both"}
    assert not {"read", "encode"} & set(planned)
    project.finish(config=answered)
    renamed = project.planned(config=edited(answered, variants__told__title="Told again"))
    assert renamed
    assert not {"train_told", "train_both"} & set(renamed)
