"""Tables of answers from elsewhere, and the documents that others answer."""

import csv
import gzip
import io
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2report.core.command import UserError
from seq2report.documents import export
from seq2report.documents.predictions import exported_ids, read_predictions
from seq2report.files.table_files import read_rows

CLASSES = ["a", "b", "c"]
DOCUMENTS = pl.DataFrame(
    {
        "id": ["1", "2", "3", "4", "5", "6"],
        "text": ["one", "=2+3", 'a "third",\nof two lines', "4", "five", "six"],
        "label": ["a", "b", "c", "a", "b", None],
        "split": ["test", "validation", "test", "validation", "train", "unlabelled"],
    }
)


def written(folder, rows, ending="csv"):
    """Write rows, each a mapping of columns, to a table; return it."""
    path = folder / f"answers.{ending}"
    if ending == "parquet":
        pl.DataFrame(rows, strict=False).write_parquet(path)
    elif ending == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(rows[0]), delimiter=";" if ending == "csv" else "\t")
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue())
    return path


def read(folder, rows, ending="csv"):
    return read_predictions(written(folder, rows, ending), DOCUMENTS, CLASSES)


def labels(*names):
    return [{"id": str(n), "label": name} for n, name in enumerate(names, 1)]


def probabilities(*rows):
    ids = ("1", "3")
    return [
        {"id": n} | dict(zip(CLASSES, row, strict=True)) for n, row in zip(ids, rows, strict=True)
    ]


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_labels_and_probabilities_are_read_in_the_order_of_the_documents(tmp_path, ending):
    made = read(tmp_path, labels("b", "a", "c", "a")[::-1], ending)
    assert made.answers.tolist() == [1, 0, 2, 0]
    assert made.is_answered.all()
    made = read(tmp_path, probabilities((0.1, 0.2, 0.7), (1, 0, 0))[::-1], ending)
    np.testing.assert_allclose(made.answers[[0, 2]], [[0.1, 0.2, 0.7], [1, 0, 0]], rtol=1e-6)
    assert made.is_answered.tolist() == [True, False, True, False]  # no validation document


def test_rounded_probabilities_are_scaled_and_other_columns_are_ignored(tmp_path):
    rows = [row | {"text": "t", "label?": "b"} for row in probabilities((0.33,) * 3, (0.335,) * 3)]
    np.testing.assert_allclose(read(tmp_path, rows).answers[[0, 2]], 1 / 3, rtol=1e-6)


def test_a_class_may_be_called_label(tmp_path):
    rows = [{"id": n, "label": 0.25, "z": 0.75} for n in "13"]
    made = read_predictions(written(tmp_path, rows), DOCUMENTS, ["label", "z"])
    assert made.answers[0].tolist() == [0.25, 0.75]


ONE = (0.2, 0.3, 0.5)
WRONG = {  # rows, and the message
    "unknown id": ([*labels("a"), {"id": "7", "label": "a"}], "line 3: the id '7' is no document"),
    "training": ([{"id": "5", "label": "a"}], "line 2: the id '5' is a document of the split 'tra"),
    "no id": ([{"id": " ", "label": "a"}], "line 2: the id is missing"),
    "twice": ([*labels("a"), *labels("b")], "line 3: the id '1' again; keep one of its rows"),
    "no class": (labels("a", "B"), "line 3: the label 'B' is no class of the corpus; allowed: a,"),
    "near a class": (
        [{"id": "1", "label": "a "}],
        "the label 'a ' is no class of the corpus; did you mean 'a'?",
    ),
    "no label": ([{"id": "1", "label": ""}], "line 2: the label is missing"),
    "no answer": (labels("a"), "1 of 2 test documents have no answer, first the id '3'; expected"),
    "some": (labels("a", "a", "a"), "1 of 2 validation documents have no answer, first the id '4'"),
    "too little": (probabilities(ONE, (0.2, 0.3, 0.4)), "line 3: the probabilities sum to 0.9; al"),
    "too much": (probabilities((0.6, 0.3, 0.5), ONE), "line 2: the probabilities sum to 1.4; "),
    "nothing": (probabilities((0, 0, 0), ONE), "line 2: the probabilities sum to 0; allowed: 1, "),
    "negative": (probabilities((-0.5, 1, 0.5), ONE), "the probability of 'a' is '-0.5'; allowed: "),
    "percent": (probabilities(("20%", 0.3, 0.5), ONE), "the probability of 'a' is '20%'; allowed"),
    "comma": (probabilities(("0,2", 0.3, 0.5), ONE), "the probability of 'a' is '0,2'; allowed"),
    "nan": (probabilities((0.5, "nan", 0.5), ONE), "the probability of 'b' is 'nan'; allowed"),
    "infinite": (probabilities((0.5, "1e999", 0.5), ONE), "the probabilities sum to inf; allowed"),
    "empty": (probabilities((0.5, "", 0.5), ONE), "the probability of 'b' is missing; allowed"),
    "lacks a class": (
        [{"id": "1", "a": 1, "b": 0}],
        "its columns: the column 'c' is missing; allowed: id, a, b",
    ),
    "lacks all": ([{"id": "1", "answer": "a"}], "found the columns id, answer; expected 'label', "),
    "lacks the id": ([{"number": "1", "label": "a"}], "the column 'id' is missing"),
    "both": ([{"id": "1", "label": "a", "a": 1, "b": 0, "c": 0}], "remove the other one"),
    "true class": ([{"id": "1", "label": "a", "predicted": "b"}], "'label' and 'predicted'"),
}


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize("name", WRONG)
def test_the_first_wrong_row_of_answers_is_reported(tmp_path, name):
    rows, message = WRONG[name]
    with pytest.raises(UserError) as error:
        read(tmp_path, rows)
    assert message in str(error.value)
    assert str(error.value).startswith(f"{tmp_path / 'answers.csv'}: ")
    assert "\n" not in str(error.value)


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize("row", [{"id": "3"}, {"id": "3", "label": ["a"]}, {"label": "a"}])
def test_rows_of_json_that_differ_are_reported(tmp_path, row):
    with pytest.raises(UserError, match="line 2"):
        read(tmp_path, [{"id": "1", "label": "a"}, row], "jsonl")


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize("content", ["", "id;label\n", '{"id": "1"', "\0\1", "id,label\n1,a\n2\n"])
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_file_that_is_no_table_of_answers_is_one_message(tmp_path, content, ending):
    path = tmp_path / f"answers.{ending}"
    path.write_text(content)
    with pytest.raises(UserError) as error:
        read_predictions(path, DOCUMENTS, CLASSES)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,label,t\n1,a,é\n".encode("cp1252"), "line 2: the byte 0xe9 is not utf-8"),
        ("a.csv", "id,label\n1,a\n".encode("utf-16"), "line 1: the byte 0xff is not utf-8"),
        (
            "a.csv.gz",
            gzip.compress(b"id,label\n" * 99, mtime=0)[:-9],
            "it is damaged (Compressed file ended",
        ),
        ("a.csv.gz", b"\x1f\x8b no", "it is damaged ("),
        ("a.csv", b'id,label,t\n1,a,"b\n', "line 2: unexpected end of data;"),
        ("a.csv", b'id,label\n"1,a\n3",b\n2,a\n', "1 row would be within a value in quotes;"),
    ],
)
def test_a_table_of_answers_in_another_encoding_or_cut_short_is_one_message(
    tmp_path, name, content, message
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        read_predictions(tmp_path / name, DOCUMENTS, CLASSES)
    assert str(error.value).startswith(f"{tmp_path / name}: {message}")
    assert ("save it as CSV UTF-8" in str(error.value)) == ("damaged" not in message)
    assert "set " not in str(error.value)


@pytest.mark.reliability("Security")
def test_hostile_answers_stay_data(tmp_path):
    hostile = "<script>alert(1)</script>\x1b[31m\u202e"
    for rows in (
        [{"id": hostile, "label": "a"}],
        [{"id": "1", "label": hostile}],
        [{"id": "1", hostile: "a"}],
        probabilities((hostile, 0.3, 0.5), ONE),
    ):
        with pytest.raises(UserError) as error:
            read(tmp_path, rows)
        assert str(error.value).isprintable()


@given(st.data())
def test_any_answers_are_read_as_they_were_written_or_refused_in_one_line(tmp_path_factory, data):
    cell = st.one_of(st.text(max_size=5), st.sampled_from(["1", "2", "3", "4", "a", "b", "0.5"]))
    columns = data.draw(
        st.lists(
            st.one_of(st.sampled_from(["id", "label", *CLASSES]), cell), min_size=1, max_size=5
        )
    )
    rows = data.draw(st.lists(st.lists(cell, min_size=len(columns), max_size=len(columns))))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, *rows])
    path = tmp_path_factory.mktemp("any") / "answers.csv"
    path.write_text(text.getvalue(), encoding="utf-8", errors="replace", newline="")
    try:
        made, message = read_predictions(path, DOCUMENTS, CLASSES), ""
    except UserError as error:
        made, message = None, str(error)
    assert made.is_answered[[0, 2]].all() if made else len(message.splitlines()) == 1


@given(st.lists(st.sampled_from(CLASSES), min_size=4, max_size=4), st.randoms(), st.booleans())
def test_answers_in_any_order_are_those_of_their_documents(tmp_path_factory, names, random, sure):
    rows = labels(*names)
    if sure:
        rows = [{"id": r["id"]} | {c: float(c == r["label"]) for c in CLASSES} for r in rows]
    random.shuffle(rows)
    made = read(tmp_path_factory.mktemp("any"), rows)
    numbers = made.answers.argmax(axis=1) if sure else made.answers
    assert [CLASSES[n] for n in numbers] == names


@pytest.fixture
def corpus(tmp_path):
    DOCUMENTS.write_parquet(tmp_path / "documents.parquet")
    return tmp_path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_test_and_validation_documents_are_written_without_labels(corpus, ending):
    path = corpus / f"d.{ending}"
    export.main([str(corpus), "--output", str(path)])
    rows = [row for _, _, row in read_rows(path, None, export_layout())]
    assert [set(row) for row in rows] == [{"id", "split", "text"}] * 4
    assert [row["split"] for row in rows] == ["test", "test", "validation", "validation"]
    texts = dict(DOCUMENTS.select("id", "text").iter_rows())
    escaped = {"2": "'=2+3"} if ending == "csv" else {}
    assert {row["id"]: row["text"] for row in rows} == {n: (texts | escaped)[n] for n in "1234"}


def export_layout():
    from seq2report.files.delimited import Layout

    return Layout()


def test_ids_and_order_do_not_give_the_class_away(corpus):
    count = 40
    folders = [f"test/{label}/{n:02}" for label in ("neg", "pos") for n in range(count)]
    documents = pl.DataFrame(
        {"id": folders, "text": folders, "label": ["neg"] * count + ["pos"] * count}
    ).with_columns(split=pl.lit("test"))
    documents.write_parquet(corpus / "documents.parquet")
    export.main([str(corpus), "--output", str(corpus / "d.jsonl")])
    rows = [json.loads(line) for line in (corpus / "d.jsonl").read_text().splitlines()]
    assert not any("neg" in row["id"] or "pos" in row["id"] for row in rows)
    first = sum("neg" in row["text"] for row in rows[:count])
    assert 10 < first < 30  # both classes are among the first half
    path = corpus / "a.jsonl"
    for name in ("id", "text"):  # the exported ids, or those of the corpus
        answers = [{"id": row[name], "label": row["text"].split("/")[1]} for row in rows]
        path.write_text("\n".join(map(json.dumps, answers)))
        made = read_predictions(path, documents, ["neg", "pos"])
        assert made.answers.tolist() == [0] * count + [1] * count


def test_ids_without_the_class_stay(corpus):
    assert exported_ids(DOCUMENTS.head(5)) == ["1", "2", "3", "4", "5"]


def test_an_id_that_was_escaped_for_a_spreadsheet_is_known(tmp_path):
    documents = pl.DataFrame({"id": ["=1"], "label": ["-a"], "split": ["test"]})
    path = written(tmp_path, [{"id": "'=1", "label": "'-a"}])
    assert read_predictions(path, documents, ["-a", "b"]).answers.tolist() == [0]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("d.txt", "found 'd.txt'; allowed endings: .csv, .jsonl, .parquet"),
        ("documents.parquet", "already exists; choose another --output"),
        ("none/d.csv", "found no documents.parquet, expected the folder of a corpus"),
    ],
)
def test_an_export_that_cannot_be_is_one_message(corpus, output, message):
    folder = corpus / "none" if "none" in output else corpus
    with pytest.raises(UserError, match=message):
        export.main([str(folder), "--output", str(corpus / output)])
    assert pl.read_parquet(corpus / "documents.parquet").equals(DOCUMENTS)
