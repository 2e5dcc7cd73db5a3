import csv
import errno
import gzip
import io
import json
import os
from pathlib import Path

import pandas as pd
import pytest
import yaml
from forks import snakemake
from helpers import ROOT, write_tar
from project import keep_check

from seq2report.config import propose
from seq2report.config.plan import Plan
from seq2report.core.command import UserError
from seq2report.documents.formats import read_newsgroups
from seq2report.files.local_files import changeable


@pytest.fixture(scope="module")
def rows(messages):
    """Rows of real messages: number, who, text, group, and a channel that is of no matter."""
    found = []
    for n, (_, text, label, _) in enumerate(
        read_newsgroups(messages.items(), {"encoding": "latin-1", "header": "cut"})
    ):
        channel = ["web", "mail"][n % 7 in (1, 2, 5)]
        found.append((f"T{n:03}", f"author {n % 31}", text, channel, label))
    return found


NAMES = ("ticket", "author", "body", "channel", "queue")


def as_csv(rows, names=NAMES, delimiter=",", encoding="utf-8"):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([names, *rows])
    return out.getvalue().encode(encoding)


CHINESE = [("好", "房间很大，床很舒服"), ("差", "服务太差，不会再来")]


def proposed(path, capsys=None):
    output = path.parent / "mine.yaml"
    propose.main([str(path), "--output", str(output), "--overwrite"])
    return yaml.safe_load(output.read_text("utf-8"))


def test_the_configuration_fits_the_file_and_gives_reasons(rows, tmp_path, capsys):
    (tmp_path / "my tickets.csv").write_bytes(as_csv(rows))
    config = proposed(tmp_path / "my tickets.csv")
    corpus = config["corpora"]["my_tickets"]
    assert corpus["columns"] == {
        **{"text": "body", "label": "queue", "id": "ticket", "group": "author"}
    }
    assert corpus["split"] == {"test": 0.2, "validation": 0.1, "seed": 1, "stratify": True}
    assert "encoding" not in corpus
    assert config["compare"]["corpora"] == ["my_tickets"]
    assert config["lessons"] == {"pages": []}
    assert config["sample"] is False
    assert "fit" not in config
    out = capsys.readouterr().out
    assert "text: 'body', the longest column" in out
    assert "label: 'queue', 2 classes; its name suggests it (kappa of a quick naive Bayes:" in out
    assert "80 documents of 2 classes, from 40" in out
    assert "group: 'author'; its name suggests it, 31 different values in 80 rows" in out
    assert "balanced" not in (tmp_path / "mine.yaml").read_text("utf-8")
    written = (tmp_path / "mine.yaml").read_text("utf-8")
    assert all(f"# - {line}" in written for line in out.split("\n\n")[0].splitlines())


@pytest.mark.workflow
def test_the_proposed_workflow_can_be_planned(rows, tmp_path, monkeypatch, checked):
    monkeypatch.chdir(tmp_path)
    Path("tickets.csv").write_bytes(as_csv(rows))
    for name, _, text, _, label in rows:
        Path("my texts", label).mkdir(parents=True, exist_ok=True)
        Path("my texts", label, f"{name}.txt").write_text(text)
    for path in ("tickets.csv", "my texts"):
        propose.main([path, "--output", "mine.yaml", "--overwrite"])
        written = Path("mine.yaml").read_text("utf-8")
        name = yaml.safe_load(written)["name"]
        keep_check(checked, tmp_path, name)
        command = ["-n", "--snakefile", ROOT / "Snakefile", "--configfile", "mine.yaml"]
        status, output = snakemake(command, tmp_path)
        assert status == 0, output
        assert "train_tfidf_svm" in output
        assert "lesson_" not in output
        assert f"file:{path}" in written
        checked = tmp_path / f"results/{name}/checked.json"  # the other form has the same variants


def test_word_vectors_are_trained_only_for_variants_that_are_compared(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(propose, "ENOUGH_WORDS", 0)
    (tmp_path / "tickets.csv").write_bytes(as_csv(rows))
    config = propose.merged(propose.default("config"), proposed(tmp_path / "tickets.csv"))
    assert Plan(config).shown_embeddings == ["cbow"]  # of own_lstm
    config["compare"]["variants"] = ["tfidf_svm", "learned_dense"]
    assert Plan(config).shown_embeddings == []


def test_an_existing_configuration_is_kept_without_overwrite(rows, tmp_path):
    (tmp_path / "t.csv").write_bytes(as_csv(rows))
    output = tmp_path / "mine.yaml"
    output.write_text("precious")
    with pytest.raises(UserError, match=r"mine\.yaml already exists; choose another --output"):
        propose.main([str(tmp_path / "t.csv"), "--output", str(output)])
    assert output.read_text() == "precious"
    propose.main([str(tmp_path / "t.csv"), "--output", str(output), "--overwrite"])
    assert output.read_text() != "precious"


def test_delimiter_encoding_and_compression_are_found(rows, tmp_path):
    odd = [(*row[:2], f"café {row[2]}", *row[3:]) for row in rows]
    content = gzip.compress(as_csv(odd, delimiter=";", encoding="cp1252"))
    (tmp_path / "t.csv.gz").write_bytes(content)
    config = proposed(tmp_path / "t.csv.gz")
    assert config["sources"]["t"]["file"] == "t.csv.gz"
    assert config["corpora"]["t"]["encoding"] == "cp1252"
    assert config["corpora"]["t"]["columns"]["text"] == "body"


@pytest.mark.reliability("Languages")
def test_texts_without_blanks_are_proposed_by_their_characters(tmp_path, capsys):
    lines = [f"{label},{text}{n}\n" for n in range(20) for label, text in CHINESE]
    (tmp_path / "t.csv").write_text("".join(["类别,评论\n", *lines]), encoding="utf-8")
    config = proposed(tmp_path / "t.csv")
    assert config["corpora"]["t"]["columns"] == {"text": "评论", "label": "类别"}
    assert config["variants"]["learned_dense"]["input"]["length"] == 20
    printed = capsys.readouterr().out
    assert "100% Han" in printed
    assert "each character is a token" in printed


def test_splits_and_unbalanced_classes_are_found(rows, tmp_path):
    some = [row for n, row in enumerate(rows) if row[4] == "sci.space" or n % 5 == 0]
    parted = [(*row, "test" if n % 4 == 0 else "train") for n, row in enumerate(some)]
    records = [dict(zip((*NAMES, "part"), row, strict=True)) for row in parted]
    # Without ids and authors; and not every line has all keys.
    lines = [{key: record[key] for key in ("body", "queue", "part")} for record in records]
    lines[3]["more"] = [1]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    config = proposed(tmp_path / "t.jsonl")
    columns = {"text": "body", "label": "queue", "split": "part"}
    assert config["corpora"]["t"]["columns"] == columns
    assert "test" not in config["corpora"]["t"]["split"]
    assert config["fit"] == {"class_weight": "balanced"}
    assert config["compare"]["metric"] == "macro_f1"
    assert "balanced_svm" in config["compare"]["variants"]
    steps = propose.default("config")["variants"]["tfidf_svm"]["pipeline"]
    weighted = [steps[0], {"LinearSVC": {"class_weight": "balanced"}}]
    assert config["variants"]["balanced_svm"]["pipeline"] == weighted
    pd.DataFrame(lines).to_parquet(tmp_path / "t.parquet")
    assert proposed(tmp_path / "t.parquet")["corpora"]["t"]["columns"] == columns


@pytest.mark.parametrize("labelled", ["", "train"])
def test_rows_without_a_class_are_unlabelled_if_a_column_marks_them(
    rows, tmp_path, capsys, labelled
):
    marked = [
        (*row[:4], "", "unlabelled") if n % 20 == 3 else (*row, labelled)
        for n, row in enumerate(rows)
    ]
    (tmp_path / "t.csv").write_bytes(as_csv([row[:5] for row in marked]))
    with pytest.raises(
        UserError, match=r": the label .* here and in 3 more of 80 rows; .*a column 'split'"
    ):
        proposed(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(as_csv(marked, names=(*NAMES, "split")))
    corpus = proposed(tmp_path / "t.csv")["corpora"]["t"]
    assert (corpus["columns"]["split"], corpus["split"]["test"]) == ("split", 0.2)
    printed = capsys.readouterr().out
    assert "split: 'split' marks unlabelled rows" in printed
    assert "76 documents of 2 classes" in printed
    assert "; 4 more are unlabelled" in printed


def test_the_columns_of_the_options_are_written(rows, tmp_path, capsys):
    (tmp_path / "t.csv").write_bytes(as_csv(rows))
    output = tmp_path / "mine.yaml"
    options = ["--label", "channel", "--text", "body", "--text", "queue", "--output", str(output)]
    propose.main([str(tmp_path / "t.csv"), *options])
    columns = yaml.safe_load(output.read_text("utf-8"))["corpora"]["t"]["columns"]
    assert (columns["text"], columns["label"]) == (["body", "queue"], "channel")
    assert "80 documents of 2 classes, from 35 ('mail')" in capsys.readouterr().out


def test_options_for_columns_need_a_table(tmp_path):
    (tmp_path / "t.txt").write_text("__label__a some words\n__label__b some words\n" * 9)
    with pytest.raises(UserError, match=r"t\.txt: --text and --label name columns of a table, but"):
        propose.propose(tmp_path / "t.txt", label="a")


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("<p>{}</p>", "<p>"),
        ("{}<BR />", "<BR />"),
        ("{} &nbsp;", "&nbsp;"),
        ("{} <ann@example.org> R&D; a < b > c <pre@x> <b and c>", None),
    ],
)
def test_texts_with_tags_are_noticed(tmp_path, text, tag):
    lines = [f"{text.format(f'some words {n}')},{'ab'[n % 2]}\n" for n in range(20)]
    (tmp_path / "t.csv").write_text("".join(["text,label\n", *lines]))
    _, reasons = propose.propose(tmp_path / "t.csv")
    notices = [line for line in reasons if "tags" in line]
    line = f"20 of 20 texts have tags such as {tag}, which are read as words; remove them first"
    assert notices == ([line] if tag else [])


def test_an_archive_of_messages_has_its_headers_cut(messages, tmp_path):
    files = {name.replace("20_newsgroups", "x"): content for name, content in messages.items()}
    write_tar(tmp_path / "imdb.tar.gz", files)
    config = proposed(tmp_path / "imdb.tar.gz")
    corpus = config["corpora"]["own_imdb"]  # the default has another of this name
    assert (corpus["format"], corpus["header"]) == ("folders", "cut")
    assert config["sources"]["own_imdb"]["file"] == "own_imdb.tar.gz"


def test_a_table_in_an_archive_with_a_short_ending_is_proposed(rows, tmp_path):
    write_tar(tmp_path / "tabs.txz", {"tickets.csv": as_csv(rows)})
    config = proposed(tmp_path / "tabs.txz")
    assert config["sources"]["tabs"]["file"] == "tabs.txz"
    assert config["corpora"]["tabs"]["columns"]["label"] == "queue"


def test_no_name_of_a_file_or_class_can_write_configuration(rows, tmp_path):
    evil = 'x": 1}\nname: "evil'
    hostile = [(*row[:3], f"{row[4]}\nname: evil #", row[3]) for row in rows]
    path = tmp_path / "a: b # c'\".csv"  # the schema refuses line ends
    path.write_bytes(as_csv(hostile, names=(evil, "author\n- x", f"body {evil}", f"l {evil}", "c")))
    config = proposed(path)
    assert config["name"] == "a_b_c"
    assert config["corpora"]["a_b_c"]["columns"]["text"] == f"body {evil}"


@pytest.mark.parametrize("name", ["2024", "null", "yes", "1_000", "0x1f", "made", "report"])
def test_a_name_that_is_no_text_in_yaml_or_that_is_taken_is_changed(rows, tmp_path, name):
    (tmp_path / f"{name}.csv").write_bytes(as_csv(rows))
    assert proposed(tmp_path / f"{name}.csv")["name"] == f"own_{name}"


@pytest.mark.parametrize("name", ["x${HOME}.csv", "50%25 ${A}.csv", "q?key=1.csv", "a%20b#1.csv"])
def test_a_file_with_any_name_is_found_again(rows, tmp_path, name):
    (tmp_path / name).write_bytes(as_csv(rows))
    config = propose.merged(propose.default("config"), proposed(tmp_path / name))
    (location,) = config["sources"][config["name"]]["from"]
    assert changeable(location, (Path(),)) == tmp_path / name


def test_a_file_whose_name_is_only_an_ending_has_a_title(rows, tmp_path):
    (tmp_path / ".tickets.csv").write_bytes(as_csv(rows))
    assert proposed(tmp_path / ".tickets.csv")["corpora"]["mine"]["title"] == "mine"


CONTROLS = [
    "x\x80",
    "x\x85name: evil\x85gpu: 1 #",
    "x\u2028a: 1",
    "x\u2029a: 1",
    "\ufeffx\uffff\U0001000c",
]


@pytest.mark.parametrize("evil", CONTROLS)
def test_no_control_character_in_a_name_of_a_column_can_write_configuration(rows, tmp_path, evil):
    names = ("ticket", f"w{evil}", f"body{evil}", "channel", f"queue{evil}")
    (tmp_path / "t.csv").write_bytes(as_csv(rows, names=names))
    config = proposed(tmp_path / "t.csv")
    assert (config["name"], config["corpora"]["t"]["columns"]["text"]) == ("t", f"body{evil}")
    assert set(config) <= {
        *("name", "sample", "seeds", "compare", "lessons", "sources", "corpora", "variants", "fit"),
    }
    assert "repeat. If texts" in (tmp_path / "mine.yaml").read_text("utf-8")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_file_that_cannot_be_read_is_one_message(tmp_path, monkeypatch, number):
    def unreadable(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(propose, "inspect", unreadable)
    with pytest.raises(UserError, match=rf"t\.csv: cannot be read: {os.strerror(number)}"):
        proposed(tmp_path / "t.csv")


def test_a_full_disk_stays_one(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(propose, "inspect", full)
    with pytest.raises(OSError, match="full"):
        proposed(tmp_path / "t.csv")


def test_results_that_would_be_replaced_are_named(rows, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("train.csv").write_bytes(as_csv(rows))
    propose.main(["train.csv", "--output", "a.yaml"])
    assert "would be replaced" not in capsys.readouterr().out
    Path("results/train").mkdir(parents=True)
    propose.main(["train.csv", "--output", "b.yaml"])
    assert "results/train/ exists and would be replaced; change 'name'" in capsys.readouterr().out


REFUSED = {
    "that_is_not_there": ("x.csv", None, "there is no such file or folder"),
    "of_no_known_kind": (
        "x.xlsx",
        b"PK",
        "'x.xlsx' is a workbook; save its sheet as CSV UTF-8, and name",
    ),
    "that_is_cut_short": (
        *("x.csv.gz", gzip.compress(b"text,label\n" + b"some words,x\n" * 99)[:-9]),
        "it is damaged (Compressed file ended before",
    ),
    "that_git_lfs_did_not_fetch": (
        *("x.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        "it is a pointer of Git LFS, not the file itself; run git lfs pull",
    ),
    "that_is_of_another_kind": (
        *("x.csv", b"PAR1\x15\x04\x15\x80\xff\xfe"),
        "it is a Parquet file; end its name with .parquet",
    ),
    "that_is_empty": ("x.csv", b"", "it is empty; expected the names"),
    "without_texts": ("x.csv", b"a,b\n1,2\n3,4\n", "no column of texts; the longest is 'a'"),
    "without_classes": (
        *("x.csv", b"a,b\n" + b"".join(b"some words here,%d\n" % n for n in range(9))),
        "no column of classes beside 'a'; expected one with 2 to 200 different values",
    ),
    "with_a_label_missing": (
        *("x.csv", b"a,label\n" + b"some words,x\nsome words,y\n" * 5 + b"some words,\n"),
        "line 12: the label (column 'label') is missing",
    ),
    "too_small_for_its_parts": (
        *("x.csv", b"a,label\n" + b"some words,x\nsome words,y\n" * 3),
        "6 documents leave no document for validation",
    ),
}


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize(("name", "content", "message"), REFUSED.values(), ids=REFUSED)
def test_no_configuration_is_written_for_a_file(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        proposed(path)
    assert str(refused.value).startswith(f"{path}: {message}")
    assert not (tmp_path / "mine.yaml").exists()


@pytest.mark.reliability("Bad corpora")
def test_no_configuration_is_written_for_a_folder_without_classes(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/1.txt").write_text("a text")
    with pytest.raises(UserError, match=r"texts: 1\.txt: is in no folder"):
        proposed(tmp_path / "texts")
