"""Own corpora: folder trees and tables, their splits, and what is refused of them."""

import bz2
import csv
import gzip
import io
import json
import lzma
import tempfile
import zipfile
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import call, outputs_of_read, write_tar
from hypothesis import given
from hypothesis import strategies as st

import read
from seq2report.core.command import UserError

bad = pytest.mark.reliability("Bad corpora")
SPLIT = {"test": 0.25, "validation": 0.25, "seed": 1}
COLUMNS = {"text": "body", "label": "kind"}


def settings(form, **changes):
    return {"title": "T", "source": "x", "format": form, "split": SPLIT} | changes


def run_read(archive, folder, options):
    call(read, archive=archive, settings=options, **outputs_of_read(folder))
    corpus = json.loads((folder / "corpus.json").read_text())
    return pl.read_parquet(folder / "documents.parquet"), corpus


def run_table(folder, name, content, columns=COLUMNS, **changes):
    (folder / name).write_bytes(content)
    options = settings("table", columns=columns, **changes)
    return run_read(folder / name, folder / "out", options)


def refusal(folder, *table, **changes):
    """Return why a table is refused; nothing may be left."""
    with pytest.raises(UserError) as refused:
        run_table(folder, *table, **changes)
    assert not list((folder / "out").glob("**/*"))
    message = str(refused.value)
    assert message.startswith(f"{folder / table[0]}: ")
    return message.removeprefix(f"{folder / table[0]}: ")


def as_csv(rows, delimiter=",", names=("body", "kind"), newline="\r\n"):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline)
    writer.writerows([names, *rows])
    return out.getvalue().encode()


def as_jsonl(rows, names=("body", "kind")):
    lines = (json.dumps(dict(zip(names, row, strict=True))) for row in rows)
    return "\n".join(lines).encode()


def as_parquet(columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def zip_of(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


FEW = [(f"text {n}, with a comma", "ab"[n % 2]) for n in range(12)]
# Values that a parser may take for something else.
HOSTILE = [
    *('=HYPERLINK("http://x")', 'a "quoted" word', "two\nlines", "semi;colon\ttab|bar", "'", '"'),
    *(
        "01",
        "NA",
        "null",
        "1e5",
        "True",
        "",
        " ",
        "#",
        "\ufeff",
        "<b>",
        "é\u2028ü",
        "🎉",
        "\\",
        "\\n",
    ),
]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r")) | st.sampled_from(HOSTILE)
LABEL = TEXT.filter(str.strip)


@given(
    st.lists(TEXT, min_size=12, max_size=20),
    st.lists(LABEL, min_size=2, max_size=2, unique=True),
    st.sampled_from(["csv", "tsv", "semicolon", "jsonl", "parquet"]),
    st.sampled_from(["", ".gz", ".bz2", ".xz", ".zip"]),
)
def test_any_table_of_texts_comes_back_as_it_was(texts, labels, form, packed):
    rows = [(text, labels[n % 2]) for n, text in enumerate(texts)]
    columns = {"body": [row[0] for row in rows], "kind": [row[1] for row in rows]}
    content = {
        "csv": lambda: as_csv(rows),
        "tsv": lambda: as_csv(rows, "\t"),
        "semicolon": lambda: as_csv(rows, ";", newline="\n"),
        "jsonl": lambda: as_jsonl(rows),
        "parquet": lambda: as_parquet(columns),
    }[form]()
    name = f"t.{'csv' if form == 'semicolon' else form}"
    pack = {
        "": lambda: content,
        ".gz": lambda: gzip.compress(content),
        ".bz2": lambda: bz2.compress(content),
        ".xz": lambda: lzma.compress(content),
        ".zip": lambda: zip_of(**{name.replace(".", "__"): content, "README": b"about"}),
    }[packed]
    with tempfile.TemporaryDirectory() as folder:
        options = {"split": SPLIT | {"stratify": True}}
        # Otherwise, lines that look like rows are not taken for the lines of one text.
        options |= {"quote": '"'} if form in ("csv", "tsv", "semicolon") else {}
        packed_name = "t.zip" if packed == ".zip" else name + packed
        documents, _ = run_table(Path(folder), packed_name, pack(), **options)
    documents = documents.sort(pl.col("id").cast(pl.Int64))
    assert documents["id"].to_list() == [str(n) for n in range(1, len(rows) + 1)]
    assert documents.select("text", "label").rows() == rows


def test_zstandard_is_read(tmp_path):
    with pa.CompressedOutputStream(str(tmp_path / "z"), "zstd") as file:
        file.write(as_csv(FEW))
    documents, _ = run_table(tmp_path, "t.csv.zst", (tmp_path / "z").read_bytes())
    assert sorted(documents["text"]) == sorted(text for text, _ in FEW)


def test_a_table_as_spreadsheets_write_it_is_read(tmp_path):
    content = b"\xef\xbb\xbf" + as_csv(FEW, ";")
    documents, _ = run_table(tmp_path, "t.csv", content)
    assert sorted(documents["text"]) == sorted(text for text, _ in FEW)
    documents, _ = run_table(
        tmp_path, "t.tsv", as_csv(FEW, "\t").decode().encode("utf-16"), encoding="utf-16"
    )
    assert documents.height == len(FEW)


def test_the_same_corpus_has_one_digest_in_every_format(tmp_path):
    rows = [(f"a text\nof {n} lines", "ab"[n % 2]) for n in range(12)]
    digests = set()
    for name, content in {
        "t.csv": as_csv(rows),
        "w.csv": as_csv([(text.replace("\n", "\r\n"), label) for text, label in rows]),
        "t.jsonl": as_jsonl(rows),
        "t.parquet": as_parquet({"kind": [r[1] for r in rows], "body": [r[0] for r in rows]}),
    }.items():
        digests.add(run_table(tmp_path, name, content)[1]["digest"])
    files = {f"top/{label}/{n}.txt": text.encode() for n, (text, label) in enumerate(rows)}
    archive = write_tar(tmp_path / "t.tar.gz", files)
    options = settings("folders", encoding="utf-8")
    digests.add(run_read(archive, tmp_path / "out", options)[1]["digest"])
    assert len(digests) == 1


def test_numbers_as_labels_and_ids_are_text_as_they_are_written(tmp_path):
    kinds = ["1", "1.50", "true"] * 4
    lines = "".join(f'{{"body": "x", "kind": {k}, "n": {n}}}\n' for n, k in enumerate(kinds))
    columns = COLUMNS | {"id": "n"}
    documents, corpus = run_table(tmp_path, "t.jsonl", lines.encode(), columns)
    assert corpus["classes"] == ["1", "1.50", "true"]
    assert set(documents["id"]) == set(map(str, range(12)))
    table = {"body": ["x"] * 12, "kind": pa.array([1, 2, 3] * 4, pa.int8()), "n": list(range(12))}
    documents, corpus = run_table(tmp_path, "t.parquet", as_parquet(table), columns)
    assert corpus["classes"] == ["1", "2", "3"]
    kinds = pa.array(["01", "NA"] * 6).dictionary_encode()
    _, corpus = run_table(tmp_path, "c.parquet", as_parquet(table | {"kind": kinds}))
    assert corpus["classes"] == ["01", "NA"]


def test_a_column_tells_the_parts_and_rows_without_a_class(tmp_path):
    parts = ["train"] * 8 + ["test"] * 3 + ["unlabelled"] * 2
    rows = [(f"t{n}", "ab"[n % 2] if n < 11 else "", part) for n, part in enumerate(parts)]
    names = ("body", "kind", "part")
    columns, split = COLUMNS | {"split": "part"}, {"validation": 0.25, "seed": 1}
    documents, _ = run_table(tmp_path, "t.csv", as_csv(rows, names=names), columns, split=split)
    found = documents.sort(pl.col("id").cast(pl.Int64))
    assert found["split"].to_list()[8:] == parts[8:]
    assert (found["split"] == "validation").sum() == 2
    assert found["label"].to_list()[11:] == [None, None]
    rows[0] = (*rows[0][:2], "validation")
    documents, _ = run_table(tmp_path, "t.csv", as_csv(rows, names=names), columns, split=split)
    assert documents.filter(pl.col("split") == "validation")["id"].to_list() == ["1"]


def test_folders_are_classes_and_train_and_test_above_them_are_the_split(tmp_path):
    files = {
        f"texts/{part}/{kind}/{n}.md": f"H: 1\n\n{part} {kind} {n}".encode()
        for part in ("train", "test")
        for kind in ("a b", "é")
        for n in range(4)
    }
    files |= {"texts/.DS_Store": b"\0", "__MACOSX/texts/train/a b/._1.md": b"\0"}
    more = {"texts/unlabelled/7.md": b"more"}
    archive = write_tar(tmp_path / "t.tar.gz", files | more)
    options = settings("folders", encoding="utf-8", split={"validation": 0.25, "seed": 1})
    documents, corpus = run_read(archive, tmp_path / "out", options | {"header": "cut"})
    assert corpus["classes"] == ["a b", "é"]
    by_id = {row["id"]: row for row in documents.iter_rows(named=True)}
    assert by_id["test/é/3.md"] == {
        **{"id": "test/é/3.md", "text": "\n\ntest é 3", "label": "é", "split": "test"}
    }
    assert by_id["unlabelled/7.md"]["label"] is None
    assert (documents["split"] == "test").sum() == 8
    random = settings("folders", encoding="utf-8")
    archive = write_tar(tmp_path / "t.tar.gz", files)
    with pytest.raises(UserError, match=r"two documents have the id 'a b/0\.md'"):
        run_read(archive, tmp_path / "other", random)


@bad
def test_own_splits_that_divide_a_group_are_refused(tmp_path):
    rows = [(f"t{n}", "ab"[n % 2], ["train", "test"][n > 8], f"author {n % 3}") for n in range(12)]
    content = as_csv(rows, names=("body", "kind", "part", "who"))
    columns = COLUMNS | {"split": "part", "group": "who"}
    with pytest.raises(UserError, match="the group 'author 0' has documents in test and train"):
        run_table(tmp_path, "t.csv", content, columns, split={"validation": 0.2, "seed": 1})


# bad corpora

LATIN = as_csv([("caf\u00e9" if n == 7 else "x", "ab"[n % 2]) for n in range(12)]).decode()
BAD_TABLES = {
    "that_is_not_utf8": (
        *("t.csv", LATIN.encode("latin-1")),
        "line 9: the byte 0xe9 is not utf-8; set the encoding ('enc",
    ),
    "that_is_utf16_without_saying_so": ("t.csv", LATIN.encode("utf-16"), "line 1: the byte 0xff"),
    "with_a_zero_byte": (
        *("t.csv", as_csv([*FEW[:3], ("a\0b", "a")])),
        "line 5: the text (column 'body'): character 2 is a zero byte; is it a binary file",
    ),
    "with_half_a_character": (
        *("t.jsonl", b'{"body": "a\\ud800", "kind": "a"}'),
        "line 1: the text (column 'body'): character 2 of 'a\\ud800' is a lone surrogate",
    ),
    "that_is_an_empty_file": ("t.csv", b"", "it is empty; expected the names of the columns"),
    "of_a_header_only": ("t.csv", b"body,kind\n", "no document found in it"),
    "of_no_lines": ("t.jsonl", b"\n\n", "no document found in it"),
    "with_a_ragged_row": (
        *("t.csv", b'body,kind\n"a\nb",x\na, b,x\n'),
        "line 4: found 3 values, expected 2 as in line 1",
    ),
    "with_a_quote_that_does_not_end": (
        *("t.csv", b'body,kind\na,x\n"b,x\nc,x\n'),
        "line 3: unexpected end of data; a value that begins with a quote",
    ),
    "without_a_column": (
        *("t.csv", b"boddy,kind\na,x\n"),
        "line 1: the column 'body' is missing; did you mean 'boddy'? allowed: boddy, kind",
    ),
    "with_a_column_twice": (
        *("t.csv", b"body,kind,body\na,x,b\n"),
        "line 1: the column 'body' occurs more than once",
    ),
    "with_a_row_without_its_label": (
        *("t.csv", b"body,kind\na,x\nb, \n"),
        "line 3: the label (column 'kind') is missing; fill it in",
    ),
    "with_a_null_for_a_label": (
        *("t.parquet", as_parquet({"body": ["a", "b"], "kind": [1.0, float("nan")]})),
        "row 2: the label (column 'kind') is missing",
    ),
    "with_a_line_that_lacks_a_key": (
        *("t.jsonl", b'{"body": "a", "kind": "a"}\n\n{"body": "a"}'),
        "line 3: the column 'kind' is missing; allowed: body",
    ),
    "that_is_no_json": ("t.jsonl", b'{"body": "a", "kind": "a"}\n{', "line 2: not JSON (Expecting"),
    "that_is_one_json_array": (
        "t.jsonl",
        b"[1, 2]",
        "item 1: found '1', expected an object",
    ),
    "with_a_list_for_a_text": (
        *("t.jsonl", b'{"body": ["a"], "kind": "a"}'),
        "line 1: the text (column 'body') is ['a'], expected text or a number",
    ),
    "that_is_no_parquet": ("t.parquet", as_csv(FEW), "it is not a Parquet file, or damaged"),
    "that_is_cut_off": ("t.csv.gz", gzip.compress(as_csv(FEW))[:-9], "it is damaged (Compressed"),
    "in_a_zip_of_two": (
        *("t.zip", zip_of(a__csv=b"x", b__csv=b"x")),
        "expected one table in it, or one per split such as train.csv and test.csv, found a",
    ),
    "of_one_class": ("t.csv", as_csv([(text, "a") for text, _ in FEW]), "found documents of ['a']"),
    "of_one_document": ("t.csv", as_csv(FEW[:1]), "found documents of ['a'], expected two classes"),
}


@bad
@pytest.mark.parametrize(("name", "content", "message"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_a_table_is_refused_with_its_place_and_nothing_is_written(tmp_path, name, content, message):
    assert refusal(tmp_path, name, content).startswith(message)


@bad
def test_a_repeated_id_is_named(tmp_path):
    content = as_csv([(*row, n // 2) for n, row in enumerate(FEW)], names=("body", "kind", "n"))
    message = refusal(tmp_path, "t.csv", content, COLUMNS | {"id": "n"})
    assert message.startswith("two documents have the id '0'")


@bad
def test_a_document_without_a_label_needs_its_id(tmp_path):
    rows = [(*row, f"{n}", "train") for n, row in enumerate(FEW)] + [("b", "", "", "unlabelled")]
    content = as_csv(rows, names=("body", "kind", "n", "part"))
    columns, split = COLUMNS | {"id": "n", "split": "part"}, {"test": 0.2, "seed": 1}
    message = refusal(tmp_path, "t.csv", content, columns, split=split)
    assert message.startswith(f"line {len(rows) + 1}: the id (column 'n') is missing")


@bad
def test_an_unknown_split_is_named_with_the_allowed_ones(tmp_path):
    content = as_csv([(*row, "part1") for row in FEW], names=("body", "kind", "part"))
    message = refusal(
        tmp_path,
        "t.csv",
        content,
        COLUMNS | {"split": "part"},
        split={**{"validation": 0.2, "seed": 1}},
    )
    assert message.startswith(
        "line 2: unknown split 'part1' (column 'part'); allowed: train, validation"
    )


@bad
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"README": b"x"}, "README: is in no folder"),
        ({"t/README": b"x", "t/a/1": b"x"}, "t/a/1: is not at the same depth as t/README"),
        ({"a/1.txt": b"ok", "a/2.txt": b"caf\xe9"}, "a/2.txt: byte 3 (0xe9) is not utf-8"),
        ({"a/1.png": b"\x89PNG".replace(b"\x89", b"") + b"\0"}, "a/1.png: character 4 is a zero"),
    ],
)
def test_a_folder_tree_that_is_no_corpus_is_refused_with_the_file(tmp_path, files, message):
    archive = write_tar(tmp_path / "t.tar.gz", files)
    with pytest.raises(UserError) as refused:
        run_read(archive, tmp_path / "out", settings("folders", encoding="utf-8"))
    assert str(refused.value).startswith(f"{archive}: {message}")
    assert not list((tmp_path / "out").glob("**/*"))


@bad
def test_folders_without_splits_are_refused_without_a_share_for_the_test_split(tmp_path):
    archive = write_tar(tmp_path / "t.tar.gz", {"a/1": b"x", "b/1": b"x"})
    options = settings("folders", encoding="utf-8", split={"validation": 0.2, "seed": 1})
    with pytest.raises(UserError, match=r"a/1: is in no folder of a split; expected train/, val"):
        run_read(archive, tmp_path / "out", options)


@bad
def test_training_documents_of_one_class_are_refused(tmp_path):
    rows = [("t", "a")] * 7 + [("t", "rare")]
    seeds = range(9)
    messages = []
    for seed in seeds:
        try:
            run_table(tmp_path, "t.csv", as_csv(rows), split=SPLIT | {"seed": seed})
        except UserError as error:
            messages.append(str(error))
    assert messages
    assert "['a'], none is of ['rare']; add documents of it, or set 'stratify: true'" in messages[0]
    for seed in seeds:
        run_table(tmp_path, "t.csv", as_csv(rows), split=SPLIT | {"seed": seed, "stratify": True})


@bad
def test_a_class_that_a_split_lacks_is_warned_of(caplog):
    documents = pl.DataFrame(
        {
            "label": ["a", "b", "a", "b", "c", "a", *"abcdefgh"],
            "split": ["train"] * 2 + ["validation"] * 3 + ["test"] + ["train"] * 8,
        }
    )
    read.check_classes(documents, stratify=True)
    validation, test = [record.getMessage() for record in caplog.records]
    assert validation.startswith(
        "no validation document is of the class ['d', 'e', 'f', 'g', 'h']; add"
    )
    assert test.endswith("of the class ['b', 'c', 'd', 'e', 'f'] and 2 more; add documents of it")
