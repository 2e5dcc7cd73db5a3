import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from helpers import ROOT, write_tar

from seq2report.answers import explain, predict
from seq2report.answers.predictor import load, training_summary
from seq2report.core.command import UserError
from seq2report.documents import texts
from seq2report.files.delimited import Layout
from seq2report.files.lines import text_encoding
from seq2report.models.runs import write_digests

RUN = "runs/svm/seed-1"


@pytest.fixture(scope="module")
def documents(trained):
    return pl.read_parquet(trained / "documents.parquet").filter(pl.col("split") == "test")


def ask(capsys, run, *arguments):
    predict.main([str(run), *map(str, arguments)])
    return capsys.readouterr()


def asked(*arguments, text=b""):
    """Run the command in a process of its own, as at a keyboard."""
    command = [sys.executable, ROOT / "scripts/predict.py", *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, timeout=300)


FILES = {
    "parquet": lambda table, path: table.write_parquet(path),
    "csv": lambda table, path: table.write_csv(path),
    "jsonl": lambda table, path: table.write_ndjson(path),
}


@pytest.mark.parametrize("ending", FILES)
@pytest.mark.parametrize("variant", ["svm", "lstm"])
def test_the_answers_are_those_of_the_run(trained, documents, variant, ending, tmp_path, capsys):
    run, file = trained / f"runs/{variant}/seed-1", tmp_path / f"texts.{ending}"
    FILES[ending](documents.select("id", body="text"), file)
    out, _ = ask(capsys, run, "--file", file, "--column", "body", "--format", "csv")
    found, expected = pl.read_csv(io.StringIO(out)), pl.read_parquet(run / "predictions.parquet")
    assert found["document"].to_list() == list(range(1, documents.height + 1))
    assert found["label"].to_list() == expected["predicted"].to_list()
    assert found.columns[2:] == expected.columns[3:]
    np.testing.assert_allclose(found[:, 2:], expected[:, 3:], rtol=0, atol=1e-6)


def test_json_has_the_same_answers_as_csv_and_text(trained, capsys):
    given = ("hockey in the playoffs", "the shuttle and the moon")
    out = {form: ask(capsys, trained / RUN, *given, "--format", form).out for form in
           ("csv", "json", "text")}  # fmt: skip
    rows = [json.loads(line) for line in out["json"].splitlines()]
    for row, of_csv in zip(rows, csv.DictReader(io.StringIO(out["csv"])), strict=True):
        assert (str(row["document"]), row["label"]) == (of_csv["document"], of_csv["label"])
        for name, p in row["probabilities"].items():
            assert of_csv[f"p_{name}"] == str(p)
        assert max(row["probabilities"], key=row["probabilities"].get) == row["label"]
    for line, row, text in zip(out["text"].splitlines(), rows, given, strict=True):
        assert line.startswith(f"{row['label']} {row['probabilities'][row['label']]:.3f}, ")
        assert line.endswith(f"  {text}")


def test_one_document_per_line_is_read_from_standard_input_or_a_file(trained, tmp_path, capsys):
    lines = "\ufeffhockey é\r\n\r\nmoon".encode()
    (tmp_path / "a.txt").write_bytes(lines)
    piped = asked(trained / RUN, "--format", "csv", text=lines)
    assert piped.returncode == 0, piped.stderr
    from_file = ask(capsys, trained / RUN, "--format=csv", "--file", tmp_path / "a.txt").out
    assert piped.stdout.decode() == from_file
    assert len(piped.stdout.splitlines()) == 4
    assert b"no word of 1 of 3 documents, first document 2;" in piped.stderr


def test_an_archive_or_a_name_in_upper_case_is_read_like_the_others(tmp_path):
    (tmp_path / "A.TXT").write_text("moon\nhockey\n")
    for name in ("a.tar", "a.tar.gz"):
        write_tar(tmp_path / name, {"a.csv": b"text\nmoon\nhockey\n"})
    with zipfile.ZipFile(tmp_path / "A.ZIP", "w") as archive:
        archive.writestr("a.csv", "text\nmoon\nhockey\n")
    for name in ("A.TXT", "a.tar", "a.tar.gz", "A.ZIP"):
        found = texts.read_texts([], tmp_path / name, ["text"], Layout())
        assert list(found) == ["moon", "hockey"], name


def test_the_training_corpus_and_the_accuracy_are_printed_first(trained, capsys):
    out, err = ask(capsys, trained / RUN, "hockey")
    metrics = json.loads((trained / RUN / "metrics.json").read_text())
    first, second = err.splitlines()[:2]
    assert first == f"svm, seed 1: trained on {metrics['fitted_documents']} documents of news"
    assert second.startswith(
        f"accuracy on 20 test documents: {metrics['accuracy']:.1%}, 95% interv"
    )
    assert out.count("\n") == 1


def test_a_sample_and_the_lectures_protocol_are_mentioned(trained, tmp_path):
    about = json.loads((trained / RUN / "run.json").read_text())
    about["corpus"] |= {"sample": True, "split": "random 75/25, seed 1"}
    (tmp_path / "run.json").write_text(json.dumps(about))
    metrics = json.loads((trained / RUN / "metrics.json").read_text()) | {"protocol": "lecture"}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    write_digests(tmp_path)
    found = training_summary(tmp_path)
    assert "20 test documents (random 75/25, seed 1): " in found
    assert "the corpus is a sample" in found
    assert "test documents were also used for validation" in found


def test_documents_are_classified_in_batches(trained, documents, monkeypatch, capsys):
    monkeypatch.setattr(texts, "DOCUMENTS", 3)
    some = documents["text"].to_list()[:10]
    assert [len(batch) for batch in texts.batches(some)] == [3, 3, 3, 1]
    out, _ = ask(capsys, trained / RUN, *some, "--format", "csv")
    found = pl.read_csv(io.StringIO(out))
    np.testing.assert_allclose(found[:, 2:], load(trained / RUN).predict(some), atol=1e-6)
    assert found["document"].to_list() == list(range(1, 11))
    monkeypatch.setattr(texts, "CHARACTERS", 5)
    assert list(texts.batches(["123456", "1", "2", "123"])) == [["123456"], ["1", "2", "123"]]


def test_only_one_batch_is_read_ahead(monkeypatch):
    monkeypatch.setattr(texts, "DOCUMENTS", 2)
    taken = []
    batches = texts.batches(taken.append(n) or str(n) for n in range(100))
    next(batches)
    assert taken == [0, 1]


MISTAKES = [
    ("a.txt", b"good\nb\xe4d\n", "line 2 is not utf-8"),
    (
        *("a.csv", b"txet\nx\n"),
        "the column 'text' is missing; did you mean 'txet'? allowed: txet; name another one with",
    ),
    (
        "a.jsonl",
        b'{"text": ["x"], "n": 1}',
        "line 1: the text (column 'text') is ['x'], expected text or a number",
    ),
    ("a.docx", b"", "'a.docx' does not end like a table; allowed: .csv, .tsv, .jsonl"),
    ("a.xlsx", b"PK", "'a.xlsx' is a workbook; save its sheet as CSV UTF-8"),
    ("a.csv", b'text,n\n"x,1\ny",2\nz,3\n', "1 row would be within a value in quotes; set quote"),
    ("a.txt", b"", "found no document, expected one or more"),
    ("a.csv", b"text\n", "found no document, expected one or more"),
    ("none.txt", None, "cannot be read: No such file"),
]


def test_another_encoding_can_be_set(trained, tmp_path, capsys):
    texts = "héllo, hockey\nmoon\n"
    (tmp_path / "a.txt").write_bytes(texts.encode("latin-1"))
    (tmp_path / "a.csv.gz").write_bytes(
        gzip.compress(b"text\n" + '"héllo, hockey"\nmoon\n'.encode("latin-1"))
    )
    given = ask(capsys, trained / RUN, *texts.splitlines()).out
    for file in ("a.txt", "a.csv.gz"):
        options = ("--file", tmp_path / file, "--encoding", "latin1")
        assert ask(capsys, trained / RUN, *options).out == given


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--encoding=x", "argument --encoding: unknown 'x'; allowed: utf-8, latin-1 or another"),
        ("--delimiter=;;", "argument --delimiter: found ';;', expected one character or \\t"),
    ],
)
def test_a_wrong_option_is_reported_with_what_is_allowed(capsys, option, message):
    with pytest.raises(SystemExit):
        predict.main(["run", option])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "option"),
    [
        *((None, f"--{name}") for name in ("column=a", "delimiter=;", "quote=none", "no-header")),
        *((name, "--delimiter=;") for name in ("a.txt", "a.jsonl", "A.PARQUET", "a.jsonl.gz")),
        ("a.txt", "--column=a"),
    ],
)
def test_an_option_about_tables_is_refused_for_other_texts(trained, file, option):
    given = ["--file", file] if file else ["a text"]
    with pytest.raises(UserError, match=f"{option.split('=')[0]}: without effect on .*; remove"):
        predict.main([str(trained / RUN), *given, option])


def test_a_dash_is_standard_input(trained, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"moon\nhockey\n")))
    assert ask(capsys, trained / RUN, "-").out.count("\n") == 2
    assert ask(capsys, trained / RUN, "-", "-").out.count("  -\n") == 2


LINES = ["What a fine film", "", "So dull 😀 ਊ ", "a wonderful story"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
def test_lines_are_decoded_before_they_are_cut(tmp_path, encoding, end):
    many = LINES * 5000
    (tmp_path / "a.txt").write_bytes(end.join(many).encode(encoding))
    layout = Layout(text_encoding(encoding))
    assert list(texts.read_texts([], tmp_path / "a.txt", ["text"], layout)) == many
    (tmp_path / "a.txt").write_bytes(end.join([*many, ""]).encode(encoding) + b"\xff")
    with pytest.raises(UserError, match=r"a\.txt: line 20001 is not"):
        list(texts.read_texts([], tmp_path / "a.txt", ["text"], layout))


def test_the_layout_of_a_table_and_several_columns_can_be_set(trained, tmp_path, capsys):
    (tmp_path / "a.csv").write_text('1\t"hockey\tgame\n2\tmoon"\t\n')
    options = ("--no-header", "--quote=none", "--delimiter=\\t", "--column=2", "--column=3")
    out = ask(capsys, trained / RUN, "--file", tmp_path / "a.csv", *options).out
    assert out == ask(capsys, trained / RUN, '"hockey\ngame', 'moon"').out


@pytest.mark.parametrize(("name", "content", "message"), MISTAKES, ids=[m[2] for m in MISTAKES])
def test_an_unreadable_file_is_reported_with_the_position(
    trained, tmp_path, name, content, message
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as refusal:
        predict.main([str(trained / RUN), "--file", str(tmp_path / name)])
    assert message in str(refusal.value)
    assert name in str(refusal.value)


def test_a_folder_without_a_run_is_reported_first(tmp_path, capsys):
    with pytest.raises(UserError, match=r"found no run\.json"):
        ask(capsys, tmp_path, "text")
    assert capsys.readouterr().out == ""
    with pytest.raises(UserError, match="found texts and --file, expected one of the two"):
        list(texts.read_texts(["a"], tmp_path, ["text"], Layout()))


@pytest.mark.parametrize("option", ["--format=csv", "--no-header", "--encoding=utf-8"])
def test_texts_may_come_after_options(tmp_path, option):
    command = explain if "format" not in option else predict
    for argv in ([option, "A text"], ["A text", option, "--", "-another"]):
        with pytest.raises(UserError, match=r"found no run\.json"):
            command.main([str(tmp_path), *argv])


def test_missing_documents_are_reported_on_a_terminal_and_in_a_pipe(trained, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(UserError, match="standard input: found no document"):
        predict.main([str(trained / RUN)])
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    with pytest.raises(UserError, match="found no document; give texts, --file, or standard"):
        predict.main([str(trained / RUN)])


@pytest.mark.reliability("Interruption")
def test_a_reader_that_goes_away_ends_the_answers_without_a_complaint(trained):
    command = [sys.executable, ROOT / "scripts/predict.py", trained / RUN]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=-1)
    process.stdout.close()
    _, err = process.communicate(b"hockey\n" * 20_000, timeout=300)
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err


HOSTILE = ["=1+1", "+1+1", "-A1", "@SUM(A1)", "＝1", "\t=1", "\r=1", "a\r=1", "a\n=1", "a\u2028=1"]


@pytest.mark.reliability("Security")
@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_of_the_answers_is_a_formula_to_a_spreadsheet(name, capsys):
    write = predict.as_csv([name, "b"])
    write(1, [name], np.array([[0.9, 0.1]]))
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    (head, (_, label, *_)) = csv.reader(io.StringIO(out))
    assert len(head) == 4
    assert label == (f"'{name}" if name.isprintable() else re.sub(r"[^ -~]", "\ufffd", name))
    assert not any(cell.startswith(("=", "+", "-", "@", "＝")) for cell in (*head, label))


@pytest.mark.parametrize(
    ("form", "encoding"), [("csv", "utf-8"), ("json", "utf-8"), ("text", "ascii")]
)
def test_answers_for_programs_are_utf_8_whatever_the_terminal_shows(monkeypatch, form, encoding):
    model = SimpleNamespace(
        classes=["für", "房间"],
        predict=lambda texts: np.array([[0.9, 0.1]]),
        knows=lambda texts: np.array([True]),
    )
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, "ascii", "replace"))
    monkeypatch.setattr(predict, "load", lambda run: model)
    monkeypatch.setattr(predict, "training_summary", str)
    predict.main(["run", "a text", "--format", form])
    sys.stdout.flush()
    assert sys.stdout.encoding == encoding
    assert ("für" if encoding == "utf-8" else "f?r") in out.getvalue().decode(encoding)


def test_a_class_that_is_a_number_is_written_as_it_is(capsys):
    predict.as_csv(["-1", "+1"])(1, ["a"], np.array([[0.9, 0.1]]))
    (_, (_, label, *_)) = csv.reader(io.StringIO(capsys.readouterr().out))
    assert label == "-1"


@pytest.mark.reliability("Security")
def test_no_text_changes_what_stands_around_it_on_a_terminal(capsys):
    hostile = "a\x1b[2Jb\u202ec\nd"
    predict.as_text([hostile, "b"])(1, [hostile], np.array([[0.9, 0.1]]))
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.removesuffix("\n").isprintable()


def test_texts_with_lone_surrogates_are_classified(trained, tmp_path, capsys):
    (tmp_path / "a.jsonl").write_text('{"text": "hockey \\ud800"}\n')
    assert ask(capsys, trained / RUN, "--file", tmp_path / "a.jsonl").out.endswith(
        "hockey \ufffd\n"
    )
    assert texts.encodable(os.fsdecode(b"\xff!")) == "\ufffd!"
