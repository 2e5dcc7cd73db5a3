"""The page about duplicates, label errors and published results of a corpus."""

import re

import pandas as pd
import pytest
from helpers import page_of

import evaluate_labels
import evaluate_published
from seq2report.core.tables import write_tables
from seq2report.report import trust_page

HOSTILE = "<script>alert(1)</script>&\"'</td>"
PAIRS = [
    ("training", "training", 4, 3, 1, 0),
    ("test", "training", 3, 1, 2, 5),
    ("test", "test", 0, 0, 0, 0),
]
NEAR = {
    "id": HOSTILE,
    "same_label": False,
    "similarity": 0.875,
    "twin": HOSTILE,
    "twin_label": HOSTILE,
    "excerpt": f"the {HOSTILE} same and one…",
    "twin_excerpt": f"the {HOSTILE} same <i>or</i> one…",
}
VARIANT = {
    "variant": "svm",
    "title": HOSTILE,
    "number": 1,
    "protocol": "held out",
    "accuracy": 0.8,
    "accuracy_unseen": 0.7,
    "accuracy_unseen_near": 0.6,
    "test_documents": 20,
    "unseen_documents": 17,
    "unseen_near_documents": 12,
}
SUSPECT = {
    "id": HOSTILE,
    "label": HOSTILE,
    "suggested": "b",
    "p_label": 0.1,
    "p_suggested": 0.9,
    "margin": 0.8,
    "agreeing": 5,
    "variants": 6,
    "also_under": None,
    "excerpt": HOSTILE,
}
FIGURE = {
    "model": HOSTILE,
    "metric": "macro-F1",
    "figure": 0.5,
    "split": HOSTILE,
    "ours": HOSTILE,
    "our_figure": 0.25,
    "same_protocol": False,
    "differs": HOSTILE,
    "source": HOSTILE,
    "year": 1999,
    "checked": HOSTILE,
}


def tables(pairs=PAIRS, suspects=(SUSPECT,), figures=(FIGURE,), documents=20, near=(NEAR,)):
    counts = [(HOSTILE, documents, len(suspects), 0)] if documents else []
    columns = [*evaluate_labels.SCHEMA, "also_under", "excerpt"]
    return {
        "corpus": {"corpus": pd.DataFrame([{"title": HOSTILE, "documents": 100}])},
        "duplicates": {
            "duplicates": pd.DataFrame(
                pairs,
                columns=["part", "among", "documents", "same_label", "other_label", "near"],
            ),
            "near_duplicates": pd.DataFrame(near, columns=list(NEAR)),
            "empty": pd.DataFrame({"split": ["test", "train"], "documents": [20, 80], "empty": 2}),
        },
        "runs": {"variants": pd.DataFrame([VARIANT])},
        "labels": {
            "labels": pd.DataFrame(suspects, columns=columns),
            "labels_summary": pd.DataFrame(
                counts, columns=["label", "documents", "suspected", "also_under"]
            ),
        },
        "published": {
            "published": pd.DataFrame(figures, columns=list(evaluate_published.COLUMNS)),
        },
    }


def rendered(folder, sample=False, **changes):
    for name, found in tables(**changes).items():
        (folder / "news" / name).mkdir(parents=True)
        write_tables(found, folder / "news" / name)
    return page_of("trust", folder, table_folder=str(folder), corpus="news", sample=sample)


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return rendered(tmp_path_factory.mktemp("trust"))


@pytest.mark.reliability("Security")
def test_text_from_corpora_is_escaped(html):
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 8
    assert len(re.findall("</td>", html)) == len(re.findall("<td", html))


def test_duplicates_and_suspects_are_reported_in_a_sentence(html):
    assert "The text of 3 of 20 test documents (15.0%) also occurs in the training set." in html
    assert "With the same label: 1;" in html
    assert "With other labels only: 2;" in html
    assert "Near duplicates of training documents: 5 more." in html
    assert "Without any word: 4 documents, 2 of them for testing" in html
    assert "1 of 20 test documents (5.0%) may be mislabelled." in html
    assert "(0.100); 5 of 6 models predict b (0.900)." in html
    assert "Also occurs under" not in html


def test_the_accuracy_is_shown_with_and_without_exact_and_near_duplicates(html):
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html)
    at = cells.index("80.0%")
    assert cells[at + 1 : at + 3] == ["70.0%", "60.0%"]
    kinds = "17 without exact duplicates and 12 without exact and near duplicates"
    assert f"Accuracy on 20 test documents, {kinds}" in html


def test_without_near_duplicates_the_same_documents_have_one_column():
    rows = pd.DataFrame([VARIANT | {"unseen_near_documents": 17}])
    shown = trust_page.effect(rows).data
    assert "Accuracy on 20 test documents and 17 without exact duplicates<" in shown
    assert "near duplicates" not in shown
    assert shown.count("<td") == 3


def test_near_duplicates_are_shown_with_their_differences_marked(html):
    assert "0.875, other label: &lt;script&gt;" in html
    assert "same <mark>and</mark> one…" in html
    assert "same <mark>&lt;i&gt;or&lt;/i&gt;</mark> one…" in html
    assert "near_duplicates.csv" in html


def test_published_figures_are_shown_next_to_ours_with_their_metric(html):
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html)
    at = cells.index("50.0%")
    assert cells[at + 1 : at + 3] == ["25.0%", "macro-F1"]
    assert "they cannot be compared" not in html


def test_for_variants_of_the_lectures_protocol_no_published_result_has_the_same_one():
    ours = pd.DataFrame([VARIANT])
    frame = pd.DataFrame([FIGURE | {"same_protocol": True}])
    shown = "".join(part.data for part in trust_page.published_results(frame, ours, False))
    assert "1 of 1 published result on this corpus used the same protocol" in shown
    lecture = ours.assign(protocol="lecture")
    shown = "".join(part.data for part in trust_page.published_results(frame, lecture, False))
    assert "Our variants follow the lecture" in shown
    assert "ame protocol" not in shown


def test_a_sample_is_reported_as_not_comparable(tmp_path):
    html = rendered(tmp_path, sample=True)
    assert "A sample of" in html
    assert "they cannot be compared" in html
    assert "50.0%" in html
    assert "25.0%" not in html  # ours


def test_a_clean_corpus_without_published_results_has_its_page(tmp_path):
    pairs = [(part, among, 0, 0, 0, 0) for part, among, *_ in PAIRS]
    html = rendered(tmp_path, pairs=pairs, suspects=(), figures=(), near=())
    assert "Near duplicates of training documents" not in html
    assert "without exact" not in html
    assert "most similar training document" not in html
    assert "None of 20 test documents also occurs in the training set." in html
    assert "0 of 20 test documents (0.0%) may be mislabelled" in html
    assert "No published result on this corpus is known" in html


def test_without_a_model_that_can_judge_the_labels_the_page_explains_why(tmp_path):
    html = rendered(tmp_path, suspects=(), documents=0)
    assert "each model of this report follows the lecture" in html
