"""The page about a corpus: its sizes, and the encoding of its documents."""

import json
import re

import pandas as pd
import polars as pl
import pytest
from helpers import call, page_of
from hypothesis import given
from hypothesis import strategies as st

import encode
import evaluate_corpus
import evaluate_duplicates
from seq2report.core.tables import read_tables, write_tables
from seq2report.report import corpus_page, corpus_plots, legend

HOSTILE = "<script>alert(1)</script>&\"'</td>\u202e\x07 $x$ "
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"
READER = {"length": 8, "padding": "pre", "truncating": "pre"}


def write(folder, documents, readers):
    """Write the tables of a corpus of documents (id, text, label, split); return the folder."""
    folder.mkdir(parents=True)
    rows = pl.DataFrame(documents, schema=["id", "text", "label", "split"], orient="row")
    rows.write_parquet(folder / "documents.parquet")
    counts = rows.group_by("split", "label").len("documents").to_dicts()
    about = {
        "documents": rows.height,
        "unique_tokens": 99,
        "scripts": [{"script": "Han", "token": "character", "letters": 99}],
        "notice": f"A notice {HOSTILE}",
        "digest": "d" * 64,
        "classes": rows["label"].unique().to_list(),
        "counts": counts,
    }
    (folder / "corpus.json").write_text(json.dumps(about))
    read = {"documents": folder / "documents.parquet"}
    settings = {"num_words": 9, "fit": "train"}
    call(encode, **read, settings=settings, output=folder / "words")
    call(
        evaluate_corpus,
        title=HOSTILE,
        **read,
        corpus=folder / "corpus.json",
        vocabulary=folder / "words/vocabulary.parquet",
        encoding=folder / "words/encoding.json",
        sequences=folder / "words/sequences.parquet",
        readers=json.dumps(readers),
        output=folder / "corpus",
    )
    twins = {"duplicates": folder / "twins.parquet", "output": folder / "duplicates"}
    call(evaluate_duplicates, **read, **twins)
    return folder


def rendered(folder, titles=None):
    given = {"table_folder": str(folder.parent), "corpus": folder.name, "titles": titles or {}}
    return page_of("corpus", folder, sample=False, **given)


def documents(classes, of_each=4):
    """Return two training documents, one of validation and one of test per class, all equal."""
    splits = ["train", "train", "validation", "test"][:of_each]
    return [
        (f"{label}/{n}", f"Some words of {label}, {HOSTILE}. A b c d e f g!", label, split)
        for label in classes
        for n, split in enumerate(splits)
    ]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The page of a corpus in which document, class, word and title are hostile."""
    folder = tmp_path_factory.mktemp("hostile") / "news"
    write(folder, [*documents([HOSTILE, "b"]), ("more", "a", "b", "test")], [READER])
    tables = read_tables(folder / "corpus")
    for name in ("words", "document_words"):
        tables[name]["word"] = HOSTILE
    tables["document_row"]["word"] = tables["document_row"]["word"].where(
        tables["document_row"]["id"] == 0, HOSTILE
    )
    tables["coverage"].loc[0] = ["glove", 50, 8, 4, 10, 5]
    tables["missing"].loc[0] = ["glove", HOSTILE, 3, 2]
    write_tables(tables, folder / "corpus")
    return rendered(folder, {"glove": "<b>GloVe"})


@pytest.mark.reliability("Security")
def test_text_from_corpora_is_escaped(hostile):
    main = hostile[hostile.index("<main") : hostile.index("</main>")]
    assert "<script" not in main
    assert main.count(ESCAPED) >= 12
    assert len(re.findall("</td>", main)) == len(re.findall("<td", main))
    for opened in ("details", "blockquote", "table", "del", "div", "span", "small", "p"):
        assert len(re.findall(f"<{opened}\\b", main)) == len(re.findall(f"</{opened}>", main))


def test_invisible_characters_of_documents_words_and_classes_are_replaced(hostile):
    main = hostile[hostile.index("<h2") : hostile.index("</main>")]
    assert "\u202e" not in main
    assert "\x07" not in main
    assert "\ufffd\ufffd $x$" in main
    assert '<p class="notice">A notice &lt;script' in hostile


def test_a_corpus_without_duplicates_is_described_in_one_sentence():
    pairs = [("training", "training"), ("test", "training"), ("test", "test")]
    counts = pd.DataFrame(pairs, columns=["part", "among"]).assign(documents=0)
    splits = pd.DataFrame({"split": ["train", "test"], "documents": [6, 3]})
    shown = corpus_page.duplicates(counts, splits, "trust-news.html").data
    assert "No text of this corpus occurs twice." in shown
    assert "0 of 3" not in shown


def test_classes_duplicates_truncation_and_unknown_words_are_reported_in_sentences(hostile):
    assert "Each class has 4 to 5 documents." in hostile
    assert "The text of 2 of 3 test documents (66.7%) also occurs in the training or" in hostile
    assert "The text of 6 of 6 training and validation documents occurs twice there." in hostile
    assert 'href="trust-news.html"' in hostile
    assert "Networks of this report that read 8 words truncate" in hostile
    assert "are out of vocabulary" in hostile
    assert "Letters by script: Han 100.0%. No blanks between words in Han: each" in hostile
    assert "4 of 8 words (50.0%) have a vector, which covers 50.0% of the running text" in hostile


def test_every_table_can_be_downloaded(hostile):
    for name in ("classes", "examples", "lengths", "cuts", "growth", "heaps", "outside", "words"):
        assert f"tables/news/corpus/{name}.csv" in hostile
    for name in ("scripts", "coverage", "missing", "document", "document_words", "document_row"):
        assert f"tables/news/corpus/{name}.parquet" in hostile
    assert "tables/news/duplicates/duplicates.csv" in hostile


def test_many_classes_stay_folded_and_a_row_shows_its_zeros_as_one(tmp_path):
    names = [f"class {n:02}" for n in range(20)]
    reader = READER | {"length": 150, "padding": "post"}
    extra = [(name, "a b c", None, "unlabelled") for name in "uv"]
    html = rendered(write(tmp_path / "many", [*documents(names), *extra], [reader]))
    examples = re.findall('<details class="example"([^>]*)>', html)
    assert ["open" in each for each in examples] == [True] * 4 + [False] * 16
    assert "Each class has 4 documents." in html
    assert "Without a label: 2 documents; only word vectors and vocabularies can use" in html
    zeros = re.findall(r"0 × (\d+)<small>padding", html)
    assert len(zeros) == 1
    assert int(zeros[0]) > 100
    assert "pad a shorter document at the end; a longer one is truncated at the beginning." in html
    assert len(html) < 200_000


def test_a_report_without_models_that_read_words_in_order_states_this(tmp_path):
    html = rendered(write(tmp_path / "linear", documents(["a", "b"]), []))
    assert "No network of this report reads word ids in order; the row is neither" in html
    assert "No network that reads this vocabulary starts from pretrained vectors." in html
    assert "Networks of this report that read" not in html


@given(st.text() | st.just(HOSTILE))
def test_parts_of_the_page_escape_the_text_of_data(text):
    found = pd.DataFrame({"id": [text], "label": [text], "words": [1], "text": [text]})
    for html in (
        corpus_page.examples(found, 1),
        corpus_page.quotation(text),
        corpus_page.row([0, 7, 0, 0], [None, text, None, None]),
        corpus_page.decoded([text, text], ["", "cut"]),
    ):
        inside = re.sub(
            r"</?(?:details|summary|strong|small|blockquote|p|a|div|span|del)\b[^<>]*>",
            "",
            html.data,
        )
        assert "<" not in inside
        assert ">" not in inside


@given(st.lists(st.integers(0, 3)))
def test_a_row_can_be_read_off_its_cells(ids):
    html = corpus_page.row(ids, ["w" if number else None for number in ids]).data
    found = []
    for cell in re.findall(r"<span[^>]*>([^<]*)<small>", html):
        found += [0] * int(cell[4:]) if cell.startswith("0 × ") else [int(cell)]
    assert found == ids
    assert "padding</small></span><span class=" not in html


def test_the_plots_show_every_table_row_and_mark_the_configured_lengths():
    ids = evaluate_corpus.cuts(pl.Series([10, 120, 300]).to_numpy(), {60, 150}).to_pandas()
    lengths = pd.DataFrame(
        {"counted": ["words", "ids"], "words": [310, 300], "documents": 1, "split": "train"}
    )
    above, below = corpus_plots.lengths_and_cuts(lengths, ids).axes
    curves = below.lines[:3]
    assert [line.get_xdata().tolist() for line in curves] == [ids["cut"].tolist()] * 3
    assert curves[0].get_ydata()[0] == pytest.approx(2 / 3)
    marks = [text.get_text() for text in above.texts]
    assert marks == ["read: 60, 150"]
    growth = pd.DataFrame({"words": [10, 20], "different": [5, 8]})
    axes = corpus_plots.vocabulary_growth(growth, 2.0, 0.5, 7).axes[0]
    assert len(axes.get_xticks()) <= 6  # of millions of words, more overlap
    assert axes.lines[0].get_ydata().tolist() == [5, 8]
    assert axes.lines[1].get_ydata().tolist() == pytest.approx([2 * 10**0.5, 2 * 20**0.5])


def test_without_a_fitted_law_only_the_curve_is_drawn():
    growth = pd.DataFrame({"words": [10], "different": [5]})
    figure = corpus_plots.vocabulary_growth(growth, float("nan"), float("nan"), 7)
    labels = [name.title for name in legend.labelled([figure])]
    assert labels == ["different words", "words with an id: 7"]


def test_one_lost_word_is_counted_like_several():
    spelled = pd.DataFrame({"word": ["a", "b"], "lost": ["no id", ""]})
    expected = "Lost and struck out here: 1 of 2 words (1 without an id)."
    assert expected in corpus_page.losses(spelled).data


def test_the_counts_of_classes_come_before_their_bars():
    counts = pd.DataFrame({"train": [8, 4], "validation": 1, "test": 1}, index=["a", "b"])
    shown = corpus_page.classes_table(counts.assign(all=[10, 6])).data
    heads = re.findall(r"<th [^>]*>([^<]*)</th>", shown)
    assert heads == ["class", "train", "validation", "test", "all", "relative to the largest"]
    assert re.findall(r'style="--share: ([^"]*)">([^<]*)', shown) == [
        ("100.0%", "100.0%"),
        ("60.0%", "60.0%"),
    ]
    assert shown.count("<td>–</td>") == 1  # of all classes
