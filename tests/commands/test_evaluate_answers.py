import numpy as np
import polars as pl
import pytest

import evaluate_answers as answers
from seq2report.answers.occlusion import Occlusion, between, word_table
from seq2report.core.tables import read_tables

VARIANTS = ["svm", "lstm", "vote"]


@pytest.fixture(scope="module")
def tables(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    runs = [str(trained / f"runs/{variant}/seed-1") for variant in VARIANTS]
    answers.main(
        [
            *("--documents", str(trained / "documents.parquet"), "--runs", *runs),
            *("--output", str(folder / "tables")),
        ]
    )
    return read_tables(folder / "tables")


def test_each_variant_has_its_boxes_documents_and_words(tables):
    for table in tables.values():
        assert list(dict.fromkeys(table["variant"])) == VARIANTS
    assert list(tables) == ["cells", "documents", "layers", "words"]


def test_the_words_are_those_of_the_documents_that_are_explained(tables):
    documents, words = tables["documents"], tables["words"]
    for variant, rows in documents.groupby("variant"):
        explained = rows.dropna(subset="words")
        assert (explained["kind"] == "right").sum() == answers.RIGHT
        assert (explained["kind"] == "mistake").sum() <= answers.EXPLAINED
        of_variant = words[words["variant"] == variant]
        counts = of_variant.groupby("id").size()
        for row in explained.itertuples():
            assert counts.get(row.id, 0) == min(row.words, 200)
        assert set(of_variant["id"]) <= set(explained["id"])
    assert words["effect"].abs().max() > 0.001


def test_words_and_what_is_between_them_make_the_text(tables, trained):
    documents = pl.read_parquet(trained / "documents.parquet")
    texts = dict(documents.select("id", "text").iter_rows())
    words = tables["words"]
    rows = words[(words["variant"] == "svm") & (words["kind"] == "right")]
    for name, of_document in rows.groupby("id", sort=False):
        text = "".join(of_document["word"] + of_document["after"])
        assert "".join(text.split()) in "".join(texts[name].split())


def test_contacts_are_hidden_in_words_and_what_is_between_them():
    text = "Write to jane@example.org now."
    starts = np.array([[0, 5], [6, 8], [9, 13], [14, 21], [22, 25], [26, 29]])
    for contacts, expected in (("hidden", "Write to •••••••••••••••• now."), ("shown", text)):
        shown = answers.part(text, text, contacts)
        table = word_table(Occlusion(text, 6, starts, np.zeros(6)), "1", "right", shown)
        assert "".join(table["word"] + table["after"]) == expected


@pytest.mark.parametrize(
    ("read", "shown"),
    [("example.org now: 030 1234567", "••••••••••• now: ••• •••••••"), ("now: 030", "now: •••")],
)
def test_a_contact_is_hidden_where_a_model_reads_a_part_of_it(read, shown):
    text = "Write to jane@example.org now: 030 1234567"
    assert answers.part(text, read, "hidden") == shown
    assert answers.part(text, read, "shown") == read


def predictions(probability, label):
    probability = np.array(probability)
    return pl.DataFrame(
        {
            "id": [str(n) for n in range(len(label))],
            "label": list(label),
            "predicted": np.array(["a", "b"])[probability.argmax(axis=1)],
            "p_a": pl.Series(probability[:, 0], dtype=pl.Float32),
            "p_b": pl.Series(probability[:, 1], dtype=pl.Float32),
        }
    )


def test_the_surest_mistakes_and_the_usual_right_answers_are_chosen():
    wrong = [[p, 1 - p] for p in (0.6, 0.99, 0.7, 0.8, 0.99, 0.9, 0.65)]
    right = [[p, 1 - p] for p in (1.0, 0.9, 0.51, 0.6, 0.7)]
    found = answers.choose(predictions(wrong + right, "b" * 7 + "a" * 5))
    assert found.select("kind", "id").rows() == [
        *(("mistake", name) for name in "14532"),
        *(("right", name) for name in ("11", "10")),
    ]
    assert found["probability"].to_list()[:2] == pytest.approx([0.99, 0.99])
    assert answers.explained(found)["id"].to_list() == ["1", "4", "5", "11", "10"]


def test_a_variant_without_mistakes_or_right_answers_is_shown_with_what_there_is():
    found = answers.choose(predictions([[0.9, 0.1]], "a"))
    assert found["kind"].to_list() == ["right"]
    found = answers.choose(predictions([[0.9, 0.1]], "b"))
    assert found["kind"].to_list() == ["mistake"]


def test_a_cell_has_its_most_confident_answers():
    wrong = [[p, 1 - p] for p in (0.6, 0.99, 0.7, 0.8)]
    found = answers.in_cells(predictions([*wrong, [0.9, 0.1]], "bbbba"))
    assert found.select("label", "answer", "id").rows() == [
        ("a", "a", "4"),
        *(("b", "a", name) for name in "132"),
    ]


def test_of_many_cells_each_has_its_first_document_before_any_has_a_second_one():
    names = [f"{n:03d}" for n in range(answers.IN_CELLS - 1)]
    about = {"label": [*names[:3], *names[:3], *names], "predicted": [*["x"] * 6, *names]}
    found = answers.in_cells(pl.DataFrame({"id": map(str, range(len(about["label"])))} | about))
    assert len(found) == answers.IN_CELLS
    assert (found["answer"] == "x").sum() == 3
    assert found["probability"].null_count() == len(found)
    assert found.select("label", "answer").is_unique().all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), (" ", " "), (", ", ", "), ("\n\n> ", " > "), (".", "."), (" \u202e(", " \ufffd(")],
)
def test_between_words_stands_what_can_be_seen_on_one_line(text, expected):
    assert between(text) == expected
