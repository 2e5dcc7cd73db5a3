from html import unescape

import numpy as np
import pandas as pd
import pytest
from ranked import variants

from seq2report.report import outcome


def comparisons(lstm="not distinguishable"):
    verdicts = {("lstm", "svm"): lstm, ("slides", "svm"): "not distinguishable"}
    rows = [(a, b, a.upper(), b.upper(), verdict) for (a, b), verdict in verdicts.items()]
    table = pd.DataFrame(rows, columns=["variant_a", "variant_b", "title_a", "title_b", "verdict"])
    return table.assign(detectable=0.021, low=-0.01, high=0.02)


def recommendation(names=("svm", "lstm", "lstm", "lstm", "lstm")):
    wishes = ["best", "to use", "cheapest within one point", "fastest within one point", "fastest"]
    return pd.DataFrame({"recommendation": wishes, "variant": names})


def runs(ranked=None, recommended=None, compared=None, documents=(1200, 800)):
    """The tables of evaluate_runs that an outcome reads; ``documents`` of the classes."""
    names = [f"class {n}" for n in range(len(documents))]
    return {
        "variants": variants() if ranked is None else ranked,
        "comparisons": comparisons() if compared is None else compared,
        "recommendation": recommendation() if recommended is None else recommended,
        "per_class": pd.DataFrame({"label": names, "documents": documents}),
        "classes": pd.DataFrame(
            [
                {"label": name, "split": split, "documents": n}
                for name, n in zip(names, documents, strict=True)
                for split in ("train", "validation", "test")
            ]
        ),
    }


@pytest.mark.reliability("Bad corpora")
def test_a_class_with_few_or_no_test_documents_is_named():
    shown = unescape(outcome.checks(runs(documents=(1989, 10, 0, 1))).data)
    assert "Without test documents: 1 class (class 2)." in shown
    assert "The smallest class, class 3, has 1 test document." in shown
    assert "Always predicting class 0 is right for 99.5%; set compare: {metric: macro_f1}" in shown
    assert "smallest class" not in outcome.checks(runs()).data


def test_another_metric_leads_with_its_name():
    ranked = variants(metric="macro_f1")
    tables = runs(ranked, documents=(1990, 10))
    shown = outcome.outcome(tables).data
    assert "SVM leads with a macro-F1 of 90.0% on 2,000 test documents (95% interval" in shown
    assert "Always predicting" not in outcome.checks(tables).data


def test_the_outcome_names_the_best_and_its_equals():
    shown = unescape(outcome.outcome(runs()).data)
    assert "SVM leads with 90.0% of 2,000 test documents" in shown
    assert "(95% interval 88.0% to 92.0%)" in shown
    assert "Not distinguishable from it: LSTM." in shown  # and not what was watched
    checks = unescape(outcome.checks(runs()).data)
    assert "a true difference from the best of about 2.1 percentage points in 80%" in checks
    assert "Variants of the lecture's protocol are left out, because" in checks
    assert "The best of" not in checks  # two variants


def test_the_best_of_many_variants_was_chosen_by_its_score():
    checks = outcome.checks(runs(variants(protocol="held out"))).data
    assert "The best of 3 variants on the same test documents is expected to score" in checks


def test_variants_with_the_same_score_have_the_best_score_together():
    ranked = variants(protocol="held out", rank=[1, 1, 3], score=[0.9, 0.9, 0.85])
    shown = unescape(outcome.outcome(runs(ranked)).data)
    assert "SVM and LSTM have the best score, 90.0% of 2,000 test documents correct (SVM:" in shown
    assert "Not distinguishable from SVM: SLIDES." in shown
    assert "leads" not in shown


def test_the_outcome_of_a_clear_best():
    held_out = variants(protocol="held out")
    taken = recommendation(["svm"] * 5)
    shown = outcome.outcome(runs(held_out, taken, comparisons("worse")[:1])).data
    assert "All others differ significantly from it." in shown


def test_no_variant_monitored_on_the_test_documents_is_called_the_best():
    shown = outcome.outcome(runs(variants(protocol="lecture"), recommendation()[:0])).data
    assert "No variant can be called the best" in shown


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, "2,000 test documents (random 80/20, seed 7, message headers: cut); means over the"),
        (
            {"seeds": "3", "header": "none"},
            "2,000 test documents (random 80/20, seed 7); training seed 3",
        ),
    ],
)
def test_circumstances_are_half_a_sentence(columns, expected):
    assert outcome.circumstances(variants(**columns)).startswith(expected)


def test_the_number_of_configurations_that_were_tried_is_among_the_circumstances():
    choice = {"chosen": ["svm_c_1", None, None], "search_cpu_seconds": [600, np.nan, np.nan]}
    chosen = variants(**choice, candidates=pd.array([12, None, None], dtype="Int64"))
    expected = (
        "seeds 1, 2; SVM is the best of 12 configurations on the validation documents"
        " (all trainings: 10.0 min of CPU time)"
    )
    assert outcome.circumstances(chosen).endswith(expected)
    assert outcome.circumstances(chosen[1:]).endswith("seeds 1, 2")
    shown = outcome.checks(runs(chosen, recommendation(), comparisons())).data
    assert shown.count("SVM is the best of 12 configurations") == 1
    assert "; its training time is that of the best one alone." in shown


@pytest.mark.parametrize(
    ("scores", "columns", "expected"),
    [
        ([0.9, 0.89, 0.6], {}, [True, True, False]),  # 1,200 of 2,000 documents are of one class
        ([0.9, 0.89, 0.61], {}, [True, True, True]),
        ([0.9, 0.89, 0.5], {"metric": "balanced_accuracy"}, [True, True, False]),
        ([0.6, 0.6, 0.2], {}, [True, True, False]),  # no variant is better
        ([0.0, 0.0, 0.0], {}, [True, True, True]),
    ],
)
def test_variants_that_know_no_more_than_one_class_have_no_scale(scores, columns, expected):
    ranked = variants(score=scores, **columns)
    assert list(outcome.above_chance(runs(ranked))) == expected


def test_groups_that_are_too_few_for_any_difference_are_named():
    shown = unescape(outcome.checks(runs(compared=comparisons().assign(detectable=np.nan))).data)
    assert "The test documents, or the groups that they belong to, are too few for the" in shown
    alike = comparisons().assign(detectable=np.nan, low=0.0, high=0.0)  # the same answers
    assert "too few" not in outcome.checks(runs(compared=alike)).data
