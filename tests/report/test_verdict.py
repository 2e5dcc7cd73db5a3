"""The card of a corpus: is another kind of variant worth its cost?"""

import re
from html import unescape

import numpy as np
import pandas as pd
import pytest
from ranked import variants

from seq2report.report import outcome, verdict
from seq2report.report.outcome import SPLITS

LEVEL = "not distinguishable"


def card(judged=LEVEL, names=("svm", "svm"), **columns) -> str:
    """Return the text of a card; ``judged``: verdict on the LSTM, ``names``: best and to use."""
    ranked = variants(**columns)
    back = {"better": "worse", "worse": "better"}.get(judged, judged)
    rows = [("lstm", "svm", judged), ("svm", "lstm", back)]
    tables = {
        "variants": ranked,
        "comparisons": pd.DataFrame(rows, columns=["variant_a", "variant_b", "verdict"]).assign(
            detectable=0.021, low=-0.01, high=0.02
        ),
        "recommendation": pd.DataFrame(
            {"recommendation": ["best", "to use"], "variant": list(names)}
        ),
        "per_class": pd.DataFrame({"label": ["a", "b"], "documents": [1200, 800]}),
        "classes": pd.DataFrame(
            [(n, s, 50) for n in "ab" for s in ("train", "validation", "test")],
            columns=["label", "split", "documents"],
        ),
    }
    shown = re.sub(r"<figure.*</figure>|<[^>]+>", " ", verdict.card(tables).data, flags=re.DOTALL)
    return " ".join(unescape(shown).split())


@pytest.mark.parametrize(
    ("judged", "times", "expected"),
    [
        ("worse", [10, 60, 1], "(significantly worse), at 6 times the cost"),
        (LEVEL, [10, 60, 1], "(no significant difference), at 6 times the cost"),
        (LEVEL, [10, 15, 1], "(no significant difference), at a similar cost"),
        ("worse", [60, 10, 1], "(significantly worse), at 1/6 of the cost"),
        ("better", [10, 60, 1], "(significantly better), at 6 times the cost"),
    ],
)
def test_the_runner_up_has_its_verdict_and_its_cost(judged, times, expected):
    said = card(judged, kind="pipeline", fit_cpu_seconds=times)
    assert f"Second A LSTM <b> : 89.5% {expected}." in said


@pytest.mark.parametrize(
    ("judged", "kind"), [("better", "good"), (LEVEL, "level"), ("worse", "bad")]
)
def test_the_runner_up_has_the_colour_of_its_verdict(judged, kind):
    table = variants()
    lstm, svm = (table[table["variant"] == name].iloc[0] for name in ("lstm", "svm"))
    pair = pd.DataFrame([("lstm", "svm", judged)], columns=["variant_a", "variant_b", "verdict"])
    assert verdict._next({"comparisons": pair}, lstm, svm)[:2] == (kind, "Second")


@pytest.mark.parametrize(
    ("judged", "times", "expected"),
    [
        ("worse", [10, 60, 1], "at 6 times the cost: not worth it here."),
        (LEVEL, [10, 60, 1], "at 6 times the cost: not worth it here."),
        (LEVEL, [10, 15, 1], "at a similar cost: an alternative."),
        ("worse", [10, 15, 1], "at a similar cost: not worth it here."),
        ("worse", [60, 10, 1], "at 1/6 of the cost: worth it if training has to be cheap."),
        ("better", [10, 60, 1], "at 6 times the cost: worth its cost if every point counts."),
    ],
)
def test_another_kind_is_judged_by_its_verdict_and_its_cost(judged, times, expected):
    table = variants(fit_cpu_seconds=times)
    lstm, svm = (table[table["variant"] == name].iloc[0] for name in ("lstm", "svm"))
    pair = pd.DataFrame([("lstm", "svm", judged)], columns=["variant_a", "variant_b", "verdict"])
    _, label, shown = verdict._judged({"comparisons": pair, "variants": table}, lstm, svm)
    assert label.startswith("Network")
    assert shown.endswith(expected)


def test_what_another_variant_surpasses_for_less_is_not_worth_it_though_cheaper_than_the_best():
    names = ["best", "bayes", "lstm", "slides"]
    table = pd.concat([variants(), variants().head(1)], ignore_index=True).assign(
        variant=names,
        title=["Best", "Bayes", "LSTM", "Slides"],
        kind=["ensemble", "pipeline", "network", "pipeline"],
        protocol=["held out", "held out", "held out", "lecture"],
        score=[0.93, 0.91, 0.89, 0.9],
        fit_cpu_seconds=[900.0, 30.0, 60.0, 10.0],
    )
    pair = pd.DataFrame([("lstm", "best", "worse")], columns=["variant_a", "variant_b", "verdict"])

    def said(rows):
        by_name = table.set_index("variant", drop=False)
        tables = {"comparisons": pair, "variants": rows}
        kind, _, shown = verdict._judged(tables, by_name.loc["lstm"], by_name.loc["best"])
        return kind, re.sub(r"<[^>]+>", "", shown)

    kind, shown = said(table)
    assert (kind, shown.count("Bayes")) == ("bad", 1)
    assert shown.endswith("has a higher score and costs less.")
    assert "not worth it here" in shown
    kind, shown = said(table.assign(fit_cpu_seconds=[900.0, 40.0, 60.0, 10.0]))
    assert kind == "level"  # 40 s and 60 s count as equal
    _, shown = said(table[table["variant"] != "bayes"])  # the slides' figure decides nothing
    assert shown.endswith("worth it if training has to be cheap.")


def test_the_best_is_named_beside_a_cheaper_variant_that_is_not_worse():
    said = card(names=("svm", "lstm"))
    assert said.startswith("News Use A LSTM <b> : 89.5% , 30 s to train.")
    assert "Best C SVM : 90.0% (no significant difference), at 2 times the cost." in said
    assert "a true difference from the best of about 2.1 percentage points in 80%" in said


def test_beside_a_network_stands_the_cheapest_pipeline_that_is_not_worse():
    pipelines = ["svm", "chars", "bayes"]
    table = pd.DataFrame(
        {
            "variant": ["dense", *pipelines],
            "kind": ["network", *["pipeline"] * 3],
            "protocol": "held out",
            "fit_cpu_seconds": [20.0, 3.0, 8.0, 1.0],
            "answered_classes": 2,
            "document_shape": None,
        }
    )
    pairs = pd.DataFrame({"variant_a": pipelines, "variant_b": "dense"})
    use = table.iloc[0]
    for judged, expected in (
        ([LEVEL, LEVEL, "worse"], "svm"),
        (["worse", LEVEL, "worse"], "chars"),
        (["worse", "worse", "worse"], "svm"),  # the best of them
    ):
        tables = {"variants": table, "comparisons": pairs.assign(verdict=judged)}
        assert verdict.another_kind(tables, use)["variant"] == expected
    tables["variants"] = table.assign(answered_classes=[2, 1, 2, 1])  # the majority class
    assert verdict.another_kind(tables, use)["variant"] == "chars"


def test_by_the_lectures_protocol_alone_the_card_leads_to_the_lectures_figures():
    ranked = variants(protocol="lecture", pareto=False)
    tables = {
        "variants": ranked,
        "recommendation": pd.DataFrame(columns=["recommendation", "variant"]),
    }
    about = pd.DataFrame([("a", s, 50) for s in SPLITS], columns=["label", "split", "documents"])
    tables |= {"per_class": about, "classes": about}
    card = verdict.card(tables).data
    assert '<a href="lecture.html">' in card
    assert "No verdict" not in card
    assert "Dashed" not in card
    explained = verdict.explanation([tables]).data
    assert "Use" not in explained
    assert "dashed" not in explained


def test_a_variant_has_one_line_although_it_is_the_second_and_of_another_kind():
    said = card("worse", fit_cpu_seconds=[10, 60, 1])
    assert "Second" not in said
    assert said.count("LSTM") == 1
    assert "at 6 times the cost: not worth it here." in said


def test_a_variant_with_the_same_score_is_as_good_and_not_the_second():
    said = card(kind="pipeline", rank=[1, 1, 3], score=[0.9, 0.9, 0.85])
    assert "Use C SVM : 90.0% , the best score, 60 s to train." in said
    assert "As good A LSTM <b> : 90.0% (no significant difference), at 1/2 of the cost." in said


def test_costs_that_are_not_measured_are_as_on_the_page_of_the_variant():
    unmeasured = {"fit_cpu_seconds": [60, np.nan, 10], "cost_seconds": [np.nan, 7200.0, np.nan]}
    unmeasured |= {"cost_money": [None, "12 EUR", None]}
    said = card(kind=["pipeline", "predictions", "network"], **unmeasured)
    assert "), answers from elsewhere, with the stated cost 2.0 h, 12 EUR." in said
    said = card(kind=["pipeline", "ensemble", "network"], **unmeasured)
    assert f"(no significant difference), {outcome.UNMEASURED}." in said
