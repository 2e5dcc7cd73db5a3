"""What the DAG does for answers from elsewhere; nothing is run."""

import re

import pytest
from project import BAYES, edited


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
    (asked,) = re.findall(r"read_predictions.py (.*)", output)
    assert asked.startswith("--table resources/downloads/mine.csv --corpus results/tiny/news/corp")
    assert "--ensembles stack --seed 1 --output results/tiny/news/runs/told/seed-1 " in asked
    members = re.findall(r"train_ensemble.py --runs (\S+ \S+) ", output)
    runs = "results/tiny/news/runs"
    expected = [f"{runs}/svm/seed-{seed} {runs}/told/seed-1" for seed in (1, 2)]
    assert sorted(members) == expected
    (compared,) = re.findall(r"evaluate_runs.py .*--runs (.*) --duplicates", output)
    assert compared.count("/told/") == 1
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
    renamed = edited(answered, variants__told__title="Told again")
    assert not {"train_told", "train_both"} & set(project.planned(config=renamed)) - set(planned)
