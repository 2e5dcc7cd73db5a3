"""What `propose` finds out about the layout of a table, and when it has a doubt."""

import bz2
import gzip
import json
import os
from collections import Counter

import pytest
from helpers import write_tar

from seq2report.config import columns
from seq2report.config.columns import read_columns
from seq2report.config.inspection import files_of, inspect
from seq2report.config.layouts import found_layout
from seq2report.core.command import UserError
from seq2report.documents.formats import FORMATS

bad = pytest.mark.reliability("Bad corpora")
ROWS = [(f"some words about {n}", "ab"[n % 2]) for n in range(12)]
ROWS_OF_USERS = [(text, f"u{n % 4}", label) for n, (text, label) in enumerate(ROWS)]


def written(path, rows, delimiter=",", encoding="utf-8"):
    path.write_bytes("\n".join(delimiter.join(row) for row in rows).encode(encoding))
    return path


@bad
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_first_row_of_data_is_not_taken_for_names(tmp_path, delimiter):
    path = written(tmp_path / "t.csv", [(label, text) for text, label in ROWS], delimiter)
    proposal = inspect(path)
    assert proposal.corpus["header"] is False
    assert proposal.corpus["delimiter"] == delimiter
    assert proposal.corpus["columns"] == {"text": "2", "label": "1"}
    assert any("'a' is a value of column 1" in line for line in proposal.reasons)
    assert read_columns(path, found_layout(path)[0]).rows == len(ROWS)


@bad
@pytest.mark.parametrize("delimiter", ["^", "~", "\x01"])
def test_a_rare_delimiter_is_proposed(tmp_path, delimiter):
    rows = [("text", "label"), *((f"{text}, and more", label) for text, label in ROWS)]
    proposal = inspect(written(tmp_path / "t.csv", rows, delimiter))
    assert proposal.corpus["delimiter"] == delimiter
    assert proposal.corpus["columns"] == {"text": "text", "label": "label"}


def test_a_sign_in_the_names_is_no_delimiter_beside_a_usual_one(tmp_path):
    rows = [("my-text", "my-label"), *((f"x-{text}", f"y-{label}") for text, label in ROWS)]
    assert "delimiter" not in inspect(written(tmp_path / "t.csv", rows)).corpus


NAMES = {
    "of one word": (("text", "label"), False),
    "that are a question": (("What did you like about the course?", "rating"), True),
    "of which one is a class": (("text", "a"), True),
    "that pandas numbers": (("0", "1"), False),
}


@pytest.mark.parametrize(("names", "doubt"), NAMES.values(), ids=NAMES)
def test_names_of_columns_stay_names_and_may_be_doubted(tmp_path, names, doubt):
    rows = [(*row, str(n + 5)) for n, row in enumerate(ROWS)]
    if names[0] == "0":
        rows = [row[:2] for row in rows]
    path = written(tmp_path / "t.csv", [(*names, "size")[: len(rows[0])], *rows])
    layout, reasons = found_layout(path)
    assert layout.header is True
    assert any("although" in line for line in reasons) == doubt


@pytest.mark.parametrize("quotes", ['"we go,a\nhome",b', 'he "went,a'])
def test_quotation_marks_of_texts_are_proposed_as_characters(tmp_path, quotes):
    path = written(tmp_path / "t.csv", [("text", "label"), *ROWS])
    path.write_text(f"{path.read_text()}\n{quotes}\n")
    if quotes.startswith("he"):
        path.write_text(f'{path.read_text()}"she said,b\n')
    proposal = inspect(path)
    assert proposal.corpus["quote"] == "none"
    assert any(line.startswith("quote: none, as ") for line in proposal.reasons)


@bad
@pytest.mark.parametrize(
    "encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be", "utf-32"]
)
def test_utf_16_and_utf_32_are_recognised_without_a_mark(tmp_path, encoding):
    texts = [(f"房间很大，一张床{n} good", label) for n, (_, label) in enumerate(ROWS)]
    content = written(tmp_path / "t.csv", [("text", "label"), *texts]).read_text(encoding="utf-8")
    (tmp_path / "t.csv").write_bytes(content.encode(encoding))
    assert inspect(tmp_path / "t.csv").corpus["encoding"] == encoding
    for n, (text, label) in enumerate(texts):
        (tmp_path / "f" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / label / f"{n}.txt").write_bytes(text.encode(encoding))
    assert inspect(tmp_path / "f").corpus["encoding"] == encoding
    (tmp_path / "t.csv").write_bytes(content.encode(encoding)[:-1])
    with pytest.raises(UserError, match=r"line \d+: the byte 0x.. is not utf-"):
        inspect(tmp_path / "t.csv")


@bad
@pytest.mark.parametrize("encoding", ["gb18030", "shift_jis", "big5", "koi8-r", "cp1253"])
def test_letters_that_western_encodings_lack_are_no_western_text(tmp_path, encoding):
    text = {"koi8-r": "Комната большая", "cp1253": "Το δωμάτιο ήταν"}.get(
        encoding, "月明亮大山水火"
    )
    rows = [("text", "label"), *((f"{text} {n}", label) for n, (_, label) in enumerate(ROWS))]
    with pytest.raises(UserError, match=r"letters are not Latin, .* convert them to UTF-8"):
        inspect(written(tmp_path / "t.csv", rows, encoding=encoding))
    for n, (text, label) in enumerate(rows[1:]):
        (tmp_path / "f" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / label / f"{n}.txt").write_bytes(text.encode(encoding))
    with pytest.raises(UserError, match=r"12 of 12 files are not UTF-8.* letters are not Latin"):
        inspect(tmp_path / "f")


@bad
def test_a_file_whose_name_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / os.fsdecode(b"gr\xfcn.csv")
    with pytest.raises(UserError, match=r"its name is not UTF-8.*rename it"):
        inspect(written(path, [("text", "label"), *ROWS]))


@bad
def test_names_of_columns_in_the_middle_of_a_table_are_no_document(tmp_path):
    path = written(tmp_path / "t.csv", 2 * [("text", "label"), *ROWS])
    with pytest.raises(UserError, match=f"line {len(ROWS) + 2}: the names of the columns again"):
        inspect(path)


@bad
def test_one_row_of_another_encoding_is_counted_and_named(tmp_path):
    rows = [(f"é {text}", label) for text, label in ROWS]
    content = written(tmp_path / "t.csv", [("text", "label"), *rows]).read_bytes()
    odd = content.replace("é some words about 6".encode(), "é some".encode("cp1252"))
    (tmp_path / "t.csv").write_bytes(odd)
    with pytest.raises(UserError, match="1 of 13 lines is not UTF-8, the first is line 8; 11 othe"):
        inspect(tmp_path / "t.csv")
    for n, (text, label) in enumerate(rows):
        (tmp_path / "f" / label).mkdir(parents=True, exist_ok=True)
        encoding = "cp1252" if n == 3 else "utf-8"
        (tmp_path / "f" / label / f"{n}.txt").write_text(text, encoding=encoding)
    with pytest.raises(UserError, match=r"1 of 12 files is not UTF-8, the first is b/3\.txt; 11 o"):
        inspect(tmp_path / "f")


def test_a_table_of_another_encoding_is_proposed_with_the_number_of_lines(tmp_path):
    rows = [("text", "label"), *((f"é {text}", label) for text, label in ROWS)]
    proposal = inspect(written(tmp_path / "t.csv", rows, encoding="cp1252"))
    assert proposal.corpus["encoding"] == "cp1252"
    assert (
        "encoding: cp1252, as 12 of 13 lines are not UTF-8, the first is line 2; check: 'é'"
        in proposal.reasons
    )


@pytest.mark.parametrize("encoding", ["cp850", "mac-roman"])
def test_no_encoding_is_proposed_in_which_letters_are_control_characters(tmp_path, encoding):
    rows = [("text", "label"), *((f"Gar\xe7on f\xfcr {text}", label) for text, label in ROWS)]
    message = "12 of 13 lines are not UTF-8, the first is line 2; .* iconv -f cp850 -t utf-8"
    with pytest.raises(UserError, match=message):
        inspect(written(tmp_path / "t.csv", rows, encoding=encoding))


def test_one_strange_byte_does_not_refuse_a_table_and_is_reported(tmp_path):
    rows = [("text", "label"), *((f"é {text}", label) for text, label in ROWS)]
    path = written(tmp_path / "t.csv", rows, encoding="cp1252")
    path.write_bytes(path.read_bytes().replace(b"\xe9", b"\x81", 1))
    proposal = inspect(path)
    assert proposal.corpus["encoding"] == "latin-1"
    assert any("; 1 of them have bytes that are no letters" in line for line in proposal.reasons)


def test_a_word_shows_whether_the_encoding_is_right(tmp_path):
    rows = [("text", "label"), *((f"mo\u017ce {text}", label) for text, label in ROWS)]
    proposal = inspect(written(tmp_path / "t.csv", rows, encoding="iso8859-2"))
    assert any(line.endswith("the first is line 2; check: 'mo¿e'") for line in proposal.reasons)
    for n, (text, label) in enumerate(rows[1:]):
        (tmp_path / "f" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / label / f"{n}.txt").write_bytes(text.encode("iso8859-2"))
    assert any(line.endswith("check: 'mo¿e'") for line in inspect(tmp_path / "f").reasons)


@bad
def test_why_a_column_has_no_role_is_reported(tmp_path):
    lines = [f'{{"text": "{text}", "label": "{label}", "x": ["a"]}}' for text, label in ROWS]
    lines[7] = '{"text": "some words", "x": []}'
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"'x' holds \['a'\] in line 1.*'label' is missing in li"):
        inspect(tmp_path / "t.jsonl")


def test_a_class_folder_with_a_hidden_name_is_reported(tmp_path):
    names = [".net/1.txt", ".net/2.txt", ".net/.x", ".git/config", "a/1.txt", "b/1.txt", "b/.x/y/1"]
    names += ["__MACOSX/.net/1.txt"]
    for name in names:
        (tmp_path / "t" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / name).write_text("some words")
    archive = write_tar(tmp_path / "t.tar.gz", dict.fromkeys(names, b"some words"))
    line = "not read: 2 files in '.net', because its name begins with a dot; rename it"
    for path in (tmp_path / "t", archive):
        assert [r for r in inspect(path).reasons if "not read" in r] == [line]


def test_a_split_without_labels_is_named(tmp_path):
    written(tmp_path / "train.csv", [("text", "label"), *ROWS])
    written(tmp_path / "test.csv", [("text", "id"), *((text, label) for text, label in ROWS)])
    message = (
        r"'label' is missing in test\.csv, line 2; .* need labels; .* propose that file alone$"
    )
    with pytest.raises(UserError, match=message):
        inspect(tmp_path)
    assert inspect(tmp_path / "train.csv").corpus["columns"]["label"] == "label"


UNLABELLED = {
    "a file": lambda folder: (
        [
            written(folder / f"{split}.csv", [("text", "user", "label"), *ROWS_OF_USERS])
            for split in ("train", "test")
        ]
        + [written(folder / "unlabelled.csv", [("text",), *(row[:1] for row in ROWS)])]
    ),
    "rows": lambda folder: (folder / "t.jsonl").write_text(
        "\n".join(
            json.dumps({"text": text, "part": split} | more)
            for (text, user, label) in ROWS_OF_USERS
            for split, more in [
                ("unlabelled", {}),
                *((split, {"user": user, "label": label}) for split in ("train", "test")),
            ]
        )
    ),
}


@pytest.mark.parametrize("write", UNLABELLED.values(), ids=UNLABELLED)
def test_unlabelled_rows_need_neither_a_class_nor_a_group(tmp_path, write):
    write(tmp_path)
    corpus = inspect(tmp_path).corpus | {"split": {}}
    assert corpus["columns"]["label"] == "label"
    corpus["columns"] |= {"group": "user"}
    splits = Counter((row[3], row[2] is None) for row in FORMATS["table"].reader(tmp_path, corpus))
    assert splits == {("train", False): 12, ("test", False): 12, ("unlabelled", True): 12}


@pytest.mark.parametrize(
    ("names", "is_split"),
    [
        (("unlabelled", ""), True),
        (("unlabelled", "train"), True),
        (("train", "test", "unlabelled"), True),
        (("train", "validation", "unlabelled"), False),
        (("test", "unlabelled", ""), False),
    ],
)
def test_a_column_of_splits_can_be_read(names, is_split):
    values = [name or None for name in names]
    column = columns.Column("part", values, False, len(set(names) - {""}), frozenset(names))
    assert column.is_split == is_split


def test_the_name_of_one_file_is_no_split(tmp_path):
    path = written(tmp_path / "unsupervised_learning.csv", [("text", "label"), *ROWS])
    for source in (path, tmp_path, write_tar(tmp_path / "t.tar", {path.name: path.read_bytes()})):
        corpus = inspect(source).corpus | {"split": {"test": 0.2}}
        assert {row[2:] for row in FORMATS["table"].reader(source, corpus)} == {
            ("a", ""),
            ("b", ""),
        }
        with pytest.raises(UserError, match="line 2: found no split; expected several files"):
            list(FORMATS["table"].reader(source, corpus | {"split": {}}))


def test_a_column_with_an_empty_cell_is_no_id_wherever_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(columns, "SAMPLED", 4)
    rows = [(*row, f"i{n}" if n != 9 else "") for n, row in enumerate(ROWS)]
    path = written(tmp_path / "t.csv", [("text", "label", "i"), *rows])
    assert inspect(path).corpus["columns"] == {"text": "text", "label": "label"}


def test_columns_that_share_a_name_or_have_none_are_reported(tmp_path):
    rows = [("", "Message", "kind", "Message"), *(("1", *row, "x y") for row in ROWS)]
    with pytest.raises(UserError, match="'Message' occurs more than once in line 1") as error:
        inspect(written(tmp_path / "t.csv", rows))
    assert "; column 1 (no name in line 1)" in str(error.value)
    rows[0] = ("", "Message", "kind", "more")
    reasons = inspect(written(tmp_path / "t.csv", rows)).reasons
    assert "not used: column 1 (no name in line 1)" in reasons


def test_a_file_per_split_is_proposed_with_these_splits(tmp_path):
    rows = [("text", "label"), *ROWS]
    written(tmp_path / "train.csv", rows)
    written(tmp_path / "test.csv", rows)
    proposal = inspect(tmp_path)
    assert proposal.corpus == {
        "format": "table",
        "columns": {"text": "text", "label": "label"},
        "split": {},
    }
    assert proposal.reasons[0] == "format: table (csv): test.csv, train.csv"
    assert any(
        "not read: test.csv; pro" in line for line in inspect(tmp_path / "train.csv").reasons
    )


def test_all_tables_of_a_folder_are_named_and_so_is_what_is_not_read(tmp_path):
    for name in ("a.csv", "a_test.csv", ".hidden"):
        written(tmp_path / name, [("text", "label"), *ROWS])
    with pytest.raises(UserError, match="rename"):
        inspect(tmp_path)
    (tmp_path / "a_test.csv").rename(tmp_path / "readme")
    reasons = inspect(tmp_path).reasons
    assert reasons[:2] == ["format: table (csv): a.csv", "not read: ['readme']"]


@pytest.mark.parametrize("names", [("Train", "Test"), ("training", "testing"), ("train", "test")])
def test_folders_of_splits_are_found_by_any_of_their_names(tmp_path, names):
    for folder in names:
        for n, (text, label) in enumerate(ROWS):
            (tmp_path / folder / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / label / f"{n}.txt").write_text(f"{folder} {text}")
    (tmp_path / "Unlabelled").mkdir()
    (tmp_path / "Unlabelled/1.txt").write_text("some words")
    corpus = inspect(tmp_path).corpus
    assert corpus["split"] == {}
    documents = list(FORMATS["folders"].reader(files_of(tmp_path), corpus))
    assert {row[2:] for row in documents} == {
        *((label, split) for label in "ab" for split in ("train", "test")),
        *[(None, "unlabelled")],
    }


@pytest.mark.parametrize("name", ["category", "code"])
def test_more_classes_than_usual_need_a_name_that_suggests_them(tmp_path, name):
    rows = [(f"word{n % 201} about {n}", f"c{n % 201}", "ab"[n % 2]) for n in range(603)]
    path = written(tmp_path / "t.csv", [("text", name, "flag"), *rows])
    proposal = inspect(path)
    expected = name if name == "category" else "flag"
    assert proposal.corpus["columns"] == {"text": "text", "label": expected}
    line = "not used: 'code' has 201 values; --label code if these are the classes"
    assert (line in proposal.reasons) == (name == "code")
    written(path, [("text", name), *(row[:2] for row in rows)])
    if name == "code":
        with pytest.raises(UserError, match=r"name the column of the classes with --label$"):
            inspect(path)


FASTTEXT = "".join(f"__label__{label} {text}\n" for text, label in ROWS)


@pytest.mark.parametrize("pack", [bytes, bz2.compress])
def test_a_text_of_fasttext_is_proposed_and_read(tmp_path, pack):
    path = tmp_path / "train.ft.txt"
    path.write_bytes(pack(f"\ufeff{FASTTEXT}".encode()))
    proposal = inspect(path)
    assert proposal.corpus == {"format": "fasttext"}
    documents = list(FORMATS["fasttext"].read(path, proposal.corpus, None))
    assert documents == [(str(n), text, label, "") for n, (text, label) in enumerate(ROWS, 1)]


@bad
@pytest.mark.parametrize("line", ["no label", "__label__a __label__b both", "__labelx"])
def test_a_line_of_fasttext_has_one_label(tmp_path, line):
    path = tmp_path / "train.txt"
    path.write_text(FASTTEXT + line)
    with pytest.raises(UserError, match=r"line 13: found \d labels at its start, expected one"):
        list(FORMATS["fasttext"].read(path, {}, None))


@pytest.mark.parametrize("pack", [bz2.compress, gzip.compress])
def test_a_damaged_text_of_fasttext_is_reported(tmp_path, pack):
    path = tmp_path / "train.txt"
    path.write_bytes(pack(FASTTEXT.encode())[:-9])
    with pytest.raises(UserError, match=r"it is damaged \(.*\); remove it and fetch it again"):
        list(FORMATS["fasttext"].read(path, {}, None))


@bad
def test_long_labels_without_blanks_are_classes_and_no_texts(tmp_path):
    labels = {"a": "酒店住宿评价类别好的很长", "b": "手机电子产品类别差的也很长"}
    rows = [(f"床{n}很舒服", labels["ab"[n % 2]]) for n in range(12)]
    proposal = inspect(written(tmp_path / "t.csv", [("评论", "类别"), *rows]))
    assert proposal.corpus["columns"] == {"text": "评论", "label": "类别"}


@bad
def test_a_column_of_splits_may_have_capitals_and_a_second_text_is_named(tmp_path):
    rows = [(*row, f"a {n}", "Train" if n % 4 else "Test ") for n, row in enumerate(ROWS)]
    path = written(tmp_path / "t.csv", [("text", "label", "title", "part"), *rows])
    proposal = inspect(path)
    assert proposal.corpus["columns"]["split"] == "part"
    line = "not used: 'title' also has texts; --text title --text text joins them"
    assert line in proposal.reasons
    corpus = proposal.corpus | {"split": {}}
    splits = [row[3] for row in FORMATS["table"].reader(path, corpus)]
    assert (splits.count("test"), splits.count("train")) == (3, 9)
