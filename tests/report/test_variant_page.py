"""The page of a variant: its drawing, its pictures, and the words that decided."""

import json
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest
from helpers import page_of

import evaluate_runs
from seq2report.core.tables import write_tables
from seq2report.report import (
    comparison_plots,
    confusion_page,
    corpus_page,
    outcome,
    variant_page,
    variant_plots,
)

HOSTILE = "<script>alert(1)</script>&\"'</td>"
CLASSES = [HOSTILE, "b", "c"]


def test_a_class_without_documents_has_no_shares():
    pairs = [(a, b, 2 * (a == b == "x")) for a in "xy" for b in "xy"]
    table = pd.DataFrame(pairs, columns=["label", "predicted", "documents"])
    found = variant_plots.confusion_shares(table, ["x", "y"])
    assert found.to_numpy().tolist() == [[1, 0], [0, 0]]


def history(seeds):
    rows = [
        {"seed": seed, "epoch": epoch, "loss": 1 / epoch, "val_loss": 1.0, "kept": epoch == 2}
        | {"accuracy": 0.1 * epoch, "val_accuracy": 0.1 * seed}
        for seed in range(1, seeds + 1)
        for epoch in range(1, 3 + (seed == 1))
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("seeds", "bands"), [(1, 0), (2, 0), (3, 2)])
def test_a_band_stands_for_three_seeds_or_more(seeds, bands):
    (axes,) = variant_plots.learning_curves(history(seeds), "accuracy", 1)[0].axes
    assert len(axes.collections) == bands
    if bands:
        _, validation = axes.collections
        assert validation.get_paths()[0].vertices[:, 1].max() == pytest.approx(0.3)
        assert axes.lines[1].get_ydata() == pytest.approx([0.2, 0.2, 0.1])  # one seed went on


def test_learning_curves_show_the_metric_that_decides():
    table = history(1).assign(val_macro_f1=[0.5, 0.7, 0.6])
    (axes,), (loss,) = (each.axes for each in variant_plots.learning_curves(table, "macro_f1", 1))
    titles = [each.get_title(loc="left") for each in (axes, loss)]
    assert titles == ["macro-F1", "log loss"]
    assert axes.lines[0].get_ydata() == pytest.approx([0.5, 0.7, 0.6])
    assert axes.lines[-1].get_ydata() == pytest.approx([0.7])  # the epoch that is kept
    named = pd.DataFrame({"title": ["A"], "number": [1]})
    table = table.assign(title="A")
    ((figure,), names) = comparison_plots.learning_curves(table, named, "macro_f1")
    (panel,) = figure.axes
    assert [name.title for name in names] == ["A", "validation", "epoch that is kept"]
    assert panel.get_ylabel() == "macro-F1"
    assert [list(line.get_ydata()) for line in panel.lines] == [[0.5, 0.7, 0.6], [0.7]]


@pytest.mark.parametrize(
    ("count", "row", "column"), [(61, "c07", "c09"), (300, "c14 to c15", "c18 to c19")]
)
def test_the_cells_of_a_large_heat_map_name_their_classes_shares_and_documents(count, row, column):
    classes = [f"c{n:02}" for n in range(count)]
    pairs = [(name, name) for name in classes] + [(row[:3], column[:3])]
    confusion = pd.DataFrame(pairs, columns=["label", "predicted"]).assign(documents=3)
    (axes,) = variant_plots.heat_map(confusion, classes).axes
    (grid,) = (json.loads(patch.get_gid()) for patch in axes.patches)
    down, across = grid["rows"].index(f"true {row}"), grid["columns"].index(f"predicted {column}")
    cells = [line.split(";") for line in grid["cells"]]
    assert {len(line) for line in [cells, *cells]} == {min(count, variant_plots.PIXELS)}
    assert cells[down][across] == ("50% (3)" if count == 61 else "33% (3)")
    assert cells[down][down] == ("50% (3)" if count == 61 else "67% (6)")
    assert cells[0][1] == ""


def layers(*rows):
    return pd.DataFrame(
        rows, columns=["position", "kind", "name", "arguments", "shape", "parameters", "frozen"]
    ).astype({"parameters": "Int64", "frozen": "Int64"})


BRANCHED = layers(
    ("0", "text", "Text", "", "", None, None),
    ("1", "layer", "Embedding", "dimensions: 4", "30 × 4", 1200, 1100),
    ("2/0/0", "layer", "Conv1D", "", "3", 9, 0),
    ("2/0/1", "layer", "Pool", "", "3", 0, 0),
    ("2/1/0", "layer", "LSTM", "", "2", 8, 0),
    ("2", "merge", "Concatenate", "", "5", 0, 0),
    ("10", "output", "Dense", "", "2 classes", 12, 0),
)


def drawn(rows, settings=None, **names):
    about = {"titles": {}, "linked": [], **names}
    return variant_page.drawing({"News": rows}, settings or {"title": "A"}, **about).data


@pytest.mark.parametrize("name", ["Dropout", "LSTM"])
def test_dropout_is_explained_if_a_network_has_it(name):
    rows = BRANCHED.assign(name=BRANCHED["name"].replace("Conv1D", name))
    shown = variant_page.drawings({"News": rows}, [{"title": "A"}], {}, [])
    assert ("during prediction" in "".join(part.data for part in shown)) == (name == "Dropout")


def test_branches_are_drawn_side_by_side_above_what_merges_them():
    html = drawn(BRANCHED)
    assert re.findall("<strong>(.*?)</strong>", html) == [
        *("Text", "Embedding", "Conv1D", "Pool", "LSTM", "Concatenate", "Dense")
    ]
    skeleton = re.sub(r'<div class="box.*?</div>', "□", html[: html.index("<figcaption>")])
    flow, branches = '<div class="flow">', '<div class="branches">'
    inside = f"{branches}{flow}□□</div>{flow}□</div></div>"
    assert skeleton.endswith(f"<figure>{flow}□□{inside}□□</div>")
    assert "<small>1,200 parameters, 1,100 of them frozen</small>" in html
    assert "<small>0 parameters" not in html


def test_members_are_linked_where_they_have_a_page():
    rows = layers(
        ("0", "text", "Text", "", "", None, None),
        ("1/0/0", "member", "svm", "weight: 0.250", "", 7, 0),
        ("1/1/0", "member", "lstm", "weight: 0.750", "", 8, 0),
        ("1", "output", "stack", "", "2 classes", None, None),
    )
    html = drawn(rows, titles={"svm": HOSTILE, "lstm": "LSTM"}, linked=["svm"])
    assert '<a href="variant-svm.html">&lt;script&gt;' in html
    assert "<strong>LSTM</strong>" in html
    assert "weight: 0.750" in html
    assert "product of the members" in html


@pytest.mark.parametrize("form", ["features", "vectors", "pieces"])
def test_a_form_that_no_configuration_can_name_is_not_among_the_settings(form):
    shown = drawn(BRANCHED, {"title": "A", "input": {"form": form, "features": "f"}})
    assert "input: {features: f}" in shown
    assert "form: multihot" in drawn(BRANCHED, {"title": "A", "input": {"form": "multihot"}})


def test_settings_stand_as_in_the_configuration():
    settings = {"layers": [{"LSTM": {"units": 4}}], "title": "<b>", "fit": {"epochs": 2}}
    settings["input"] = {"form": "sequence", "padding": "pre", "encoding": "words", "length": 30}
    html = drawn(BRANCHED, settings)
    (text,) = re.findall("<pre>(.*?)</pre>", html, flags=re.DOTALL)
    assert text.splitlines() == [
        "title: &lt;b&gt;",
        "input: {encoding: words, length: 30,",
        "  form: sequence, padding: pre}",
        "layers:",
        "- LSTM: {units: 4}",
        "fit: {epochs: 2}",
    ]


def tables(kind="held out", with_history=True):
    variants = ["a", "b"]
    pairs = [(a, b) for a in CLASSES for b in CLASSES]
    about = pd.DataFrame({"variant": variants, "title": [HOSTILE, "Other"]})
    runs = {
        "variants": about.assign(
            corpus=HOSTILE,
            split="random",
            header="cut",
            seeds="1",
            runs=1,
            test_documents=20,
            metric="accuracy",
            score=[0.8, 0.9],
            number=[1, 2],
            rank=[2, 1],
            score_sd=np.nan,
            low=0.7,
            high=0.95,
            protocol=kind,
            kind="network",
            fit_cpu_seconds=3.0,
            parameters=1385,
            frozen_parameters=0,
            ece=0.1,
            brier=0.2,
        ),
        "history": history(1 if with_history else 0).assign(variant="a", title=HOSTILE),
        "confusion": about.merge(
            pd.DataFrame(pairs, columns=["label", "predicted"]), how="cross"
        ).assign(documents=2),
        "per_class": about.merge(pd.DataFrame({"label": CLASSES}), how="cross").assign(
            precision=0.5, recall=0.5, f1=0.5, documents=7
        ),
        "calibration": about.assign(confidence=0.5, accuracy=0.4, documents=3, low=0.2, high=0.8),
        "comparisons": pd.DataFrame({"variant_a": ["a"], "variant_b": ["b"], "verdict": ["worse"]}),
        "recommendation": about.iloc[1:].assign(recommendation="best"),
    }
    document = dict.fromkeys(["id", "label", "answer", "excerpt"], HOSTILE)
    document |= {"probability": 0.9, "words": 3}
    documents = pd.DataFrame([document | {"kind": "mistake"}, document | {"id": "2"}])
    answers = {
        "layers": BRANCHED.assign(variant="a", name=HOSTILE, arguments=HOSTILE),
        "cells": pd.DataFrame(
            [document | {"variant": "a", "label": CLASSES[1], "answer": CLASSES[0]}]
        ),
        "documents": documents.assign(variant="a", words=pd.array([3, None], dtype="Int64")),
        "words": pd.DataFrame(
            {
                "variant": "a",
                "id": HOSTILE,
                "word": HOSTILE,
                "after": HOSTILE,
                "effect": [0.2, -0.1],
            }
        ),
    }
    about_corpus = pd.DataFrame([{"title": HOSTILE, "documents": 100}])
    return {"runs": runs, "answers": answers, "corpus": {"corpus": about_corpus}}


def rendered(folder, changed=lambda made: None, candidates=None, **options):
    made = tables(**options)
    changed(made)
    for name, found in made.items():
        (folder / "news" / name).mkdir(parents=True)
        write_tables(found, folder / "news" / name)
    return page_of(
        "variant",
        folder,
        table_folder=str(folder),
        corpora=["news"],
        variant="a",
        settings={"title": HOSTILE, "layers": [{HOSTILE: {HOSTILE: HOSTILE}}]},
        candidates=candidates or {},
        titles={"a": HOSTILE},
    )


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return rendered(tmp_path_factory.mktemp("variant"))


@pytest.mark.reliability("Security")
def test_text_from_corpora_and_configuration_is_escaped(html):
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 30
    assert len(re.findall("</td>", html)) == len(re.findall("<td", html))


def test_the_page_begins_with_how_the_variant_did(html):
    assert "</strong> 80.0% of 20 test documents correct, rank 2 of 2;" in html
    assert "<em>worse than the best, Other</em>" in html
    assert "95.0%; 3.0 s to train; 1,385 parameters.</small>" in html


def test_a_page_has_all_sections(html):
    headings = re.findall(r"<h3[^>]*>(.*?)<a", html)
    assert headings == [
        *("Learning curves", "Confusion matrix", "Confidence and calibration"),
        *("Most confident errors", "Deciding words"),
    ]
    assert html.count('class="weighed') == 2  # legend, and the one document that was explained


def test_a_variant_without_epochs_or_mistakes_has_its_page(tmp_path):
    def best(made):
        made["runs"]["recommendation"]["variant"] = "a"
        made["answers"]["documents"]["kind"] = "right"

    html = rendered(tmp_path, best, with_history=False)
    assert "Learning curves" not in html
    assert "All answers on the test documents are correct." in html
    assert "rank 2 of 2; <em>the best</em>" in html


@pytest.mark.parametrize("runs", [1, 2])
def test_answers_of_several_seeds_are_not_called_documents(runs):
    made = tables(with_history=False)
    own = {name: rows for part in ("runs", "answers") for name, rows in made[part].items()}
    own = {name: rows[rows["variant"] == "a"] for name, rows in own.items() if "variant" in rows}
    own["variants"] = own["variants"].assign(runs=runs)
    own["documents"] = own["documents"].assign(kind="right")
    shown = "".join(part.data for part in variant_page.sections(own, "x"))
    counted = "2 of 6 documents (33.3%)" if runs == 1 else "2 of 6 answers (all seeds) (33.3%)"
    assert counted in shown
    assert ("All answers of the first seed on the test documents" in shown) == (runs == 2)


def test_by_the_lectures_protocol_nothing_is_compared_with_the_best(tmp_path):
    def none(made):
        made["runs"]["recommendation"] = made["runs"]["recommendation"].iloc[:0]

    html = unescape(rendered(tmp_path, none, kind="lecture"))
    assert "lecture's protocol monitors accuracy on the test documents</em>" in html


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize("number", [5, 50, 500, 5000])
def test_tables_and_pages_stay_small_for_any_number_of_classes(number):
    rng, names = np.random.default_rng(1), [f"{n:04d}" + "x" * 60 for n in range(number)]
    truth, predicted = rng.integers(0, number, (2, 400))
    brier = np.full(1, 0.5)
    given = evaluate_runs.Answers(truth, truth, predicted[None], np.full((1, 400), 0.5), brier)
    made = tables(with_history=False)
    own = {name: rows for part in ("runs", "answers") for name, rows in made[part].items()}
    own = {name: rows[rows["variant"] == "a"] for name, rows in own.items() if "variant" in rows}
    own["confusion"] = evaluate_runs.confusion({"a": given}, names).reset_index("variant")
    own["per_class"] = evaluate_runs.per_class({"a": given}, names).reset_index("variant")
    assert len(own["confusion"]) <= 400
    assert len(own["per_class"]) == number
    page, other = (
        "".join(part.data for part in variant_page.sections(own, corpus)) for corpus in ("x", "y")
    )
    assert len(page) < 500_000
    tables_of = [re.findall('data-name="(.*?)"', content) for content in (page, other)]
    assert len(set(tables_of[0]) & set(tables_of[1])) == 0 < len(tables_of[0])
    shared = "Up to 4 " if number == 500 else "Up to 34 "  # 150 rows
    assert (f"{shared}neighbouring classes share a row" in page) == (number > 150)
    assert ("errors are orange" in page) == (number > variant_plots.MOST_CLASSES)
    assert ("most frequent of" in page) == (number > confusion_page.LISTED)
    assert page.count("<tr>") < 300
    sizes = pd.DataFrame({"label": names, "split": "train", "documents": 1})
    sizes = pd.concat([sizes, sizes.assign(split="test"), sizes.assign(split="validation")])
    counted = outcome.count_classes(sizes)
    assert corpus_page.classes_table(counted).data.count("<tr>") <= 202


def add_candidates(made):
    """Let variant a be chosen from three, b be none of these."""
    variants = made["runs"]["variants"]
    variants["chosen"] = ["x", None]
    variants["runs"] = 2
    variants["candidates"] = pd.array([3, None], dtype="Int64")
    variants["validation_documents"] = pd.array([100, None], dtype="Int64")
    variants["search_cpu_seconds"] = [30.0, np.nan]
    made["runs"]["candidates"] = pd.DataFrame(
        {
            "variant": "a",
            "title": HOSTILE,
            "candidate": ["x", "z", "y"],
            "val_accuracy": [0.9, 0.88, 0.8],
            "val_accuracy_sd": [0.01, 0.02, 0.03],
            "val_loss": [0.1, 0.2, 0.3],
            "fit_cpu_seconds": [4.0, 1.0, 10.0],
            "search_cpu_seconds": [8.0, 2.0, 20.0],
        }
    )


def test_the_page_of_a_chosen_variant_lists_its_candidates_and_the_price_of_the_search(tmp_path):
    names = {name: {"title": f"{HOSTILE}, C {name}", "layers": [{name: {}}]} for name in "xyz"}
    html = rendered(tmp_path, add_candidates, names)
    assert "<script>alert" not in html
    assert "; the best of 3 configurations on the validation documents" in html
    assert "Chosen from 3 configurations: C x, with a validation accuracy of 90.0%." in html
    assert (
        "1 of the others is within one standard error of it (3.0 points on 100 documents)" in html
    )
    assert "with 2 seeds took 30 s of CPU time, 8.0 s of it for this one" in html
    assert re.findall(r'<td class="text short">(C \w)</td>', html) == ["C x", "C z", "C y"]
    assert re.findall(r"<th [^>]*>(± [^<]*)</th>", html) == ["± (points)"]
    assert re.findall(r'<td data-value="[123]">(\d.0)</td>', html) == ["1.0", "2.0", "3.0"]
    assert "Bars: standard deviation over the seeds." in html
    assert "- x: {}" in html  # the settings of the chosen one
    assert "2 88.0% in 1.0 s; 3 80.0% in 10 s" in html
    assert 'href="tables/news/runs/candidates.csv"' in html


def test_a_variant_that_is_chosen_anew_on_each_corpus_is_drawn_with_the_settings_of_each():
    settings = [{"title": "A"}, {"title": "B"}, {"title": "A"}]
    layers = {"News": BRANCHED, "Films": BRANCHED, "Shops": BRANCHED}
    first, second = variant_page.drawings(layers, settings, {}, [])
    assert "Architecture for News" in first.data
    assert "The same for Shops" in first.data
    assert "title: A" in first.data
    assert "Films" not in first.data
    assert "Architecture for Films" in second.data
    assert "title: B" in second.data
