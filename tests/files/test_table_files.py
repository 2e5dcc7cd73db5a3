"""Tables: what their quotation marks, delimiters and first lines are, and their files."""

import gzip
import io
import json
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seq2report.core.command import UserError
from seq2report.files.delimited import Layout
from seq2report.files.table_files import read_rows
from seq2report.files.table_names import split_of

bad = pytest.mark.reliability("Bad corpora")
ROWS = [f"some words {n}\t{'ab'[n % 2]}" for n in range(12)]
# One text begins with a quotation mark, a later one ends with one.
UNQUOTED = [*ROWS[:3], '"we go\ta', *ROWS[3:6], 'home"\tb', *ROWS[6:]]


def rows(path, content, columns=None, **layout):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [row for _, _, row in read_rows(path, columns, Layout(**layout))]


def table(lines, delimiter="\t", names=("text", "label")):
    return "\n".join(["\t".join(names), *lines]).replace("\t", delimiter) + "\n"


@bad
@pytest.mark.parametrize("lines", [UNQUOTED, UNQUOTED[:7], ['"Hi" he said\ta', "b\tb"]])
def test_a_quotation_mark_in_tsv_is_a_character_and_swallows_no_row(tmp_path, lines):
    found = rows(tmp_path / "t.tsv", table(lines))
    assert ["\t".join(row.values()) for row in found] == lines


@bad
@pytest.mark.parametrize("delimiter", [",", ";", "|"])
def test_a_csv_whose_quotes_would_swallow_rows_is_refused_until_quote_is_set(tmp_path, delimiter):
    content, columns = table(UNQUOTED, delimiter), ["text", "label"]
    with pytest.raises(UserError, match="4 rows would be within a value in quotes; set quote to n"):
        rows(tmp_path / "t.csv", content, columns)
    found = rows(tmp_path / "t.csv", content, columns, quote="none")
    assert [row["text"] for row in found] == [line.split("\t")[0] for line in UNQUOTED]
    assert len(rows(tmp_path / "t.csv", content, columns, quote='"')) == len(UNQUOTED) - 4


@bad
@pytest.mark.parametrize("ending", ["csv", "tsv"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["text first", "text last"])
def test_swallowed_rows_are_found_beside_rows_with_more_delimiters(tmp_path, ending, order):
    delimiter = {"csv": ",", "tsv": "\t"}[ending]
    lines = [line.split("\t") for line in UNQUOTED]
    lines[5][0] += f"{delimiter} too"
    lines = ["\t".join(line[n] for n in order) for line in lines]
    names = [("text", "label")[n] for n in order]
    content, path = table(lines, delimiter, names), tmp_path / f"t.{ending}"
    with pytest.raises(UserError, match=r"line 5: . line ends in a value in quotes look like ends"):
        rows(path, content, ["text", "label"])
    assert len(rows(path, content, ["text", "label"], quote='"')) == len(UNQUOTED) - 4


def test_lines_of_texts_in_quotes_are_no_rows(tmp_path):
    lines = [f'"Dear Ann, {n}\nyes, it is\n\nyours, Bob, Sue"\t{"ab"[n % 2]}' for n in range(9)]
    assert len(rows(tmp_path / "t.csv", table(lines, ","), ["text", "label"])) == 9


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_lines_with_one_delimiter_of_texts_that_are_all_in_quotes_are_no_rows(tmp_path, delimiter):
    signed = f'Regards{delimiter} ""me""'
    lines = [f'{"ab"[n % 2]}\t"printer jam {n}\n\n{signed} {n}"' for n in range(9)]
    content = table(lines, delimiter, ("label", "text"))
    ending = "tsv" if delimiter == "\t" else "csv"
    found = rows(tmp_path / f"t.{ending}", content, ["label", "text"])
    assert [row["label"] for row in found] == list("ababababa")
    assert found[3]["text"] == f'printer jam 3\n\nRegards{delimiter} "me" 3'


QUOTED = {
    "with tabs and line ends in texts": (['"a\tb"\tx', '"c\nd"\ty', "e\tx"], ["a\tb", "c\nd", "e"]),
    "with quotes in quotes": (['"he said ""hi"""\tx', "e\tx"], ['he said "hi"', "e"]),
    "with commas, as Excel writes it": (['"a, b"\tx', "e\tx"], ["a, b", "e"]),
    "in full": (['"a"\tx', '"b"\ty'], ["a", "b"]),
}


@pytest.mark.parametrize(("lines", "texts"), QUOTED.values(), ids=QUOTED)
def test_a_tsv_that_is_consistently_quoted_is_read_without_its_quotes(tmp_path, lines, texts):
    assert [row["text"] for row in rows(tmp_path / "t.tsv", table(lines))] == texts


def test_lines_of_one_column_are_texts_in_quotes_in_csv_and_ambiguous_in_tsv(tmp_path):
    content = 'text\n"two\nlines"\none\n'
    assert [row["text"] for row in rows(tmp_path / "t.csv", content)] == ["two\nlines", "one"]
    with pytest.raises(UserError, match="1 row would be within a value in quotes"):
        rows(tmp_path / "t.tsv", content)


@pytest.mark.parametrize("above", ["sep=;\r\n", '\ufeff"sep=;"\n'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_excels_line_with_the_delimiter_is_no_row(tmp_path, above, encoding):
    content = f"{above}text;label\nx, y;a\n;b\nz"
    with pytest.raises(UserError, match="line 5: found 1 values, expected 2 as in line 2"):
        rows(tmp_path / "t.csv", content.encode(encoding), encoding=encoding)
    found = rows(tmp_path / "t.csv", content[:-2].encode(encoding), encoding=encoding)
    assert found == [{"text": "x, y", "label": "a"}, {"text": "", "label": "b"}]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_rows_end_with_any_line_end(tmp_path, end):
    found = rows(tmp_path / "t.csv", table(ROWS, ",").replace("\n", end))
    assert len(found) == len(ROWS)


@bad
@pytest.mark.parametrize(("end", "encoding"), [("\r", "utf-8"), ("\n", "utf-8"), ("\n", "gb18030")])
def test_a_byte_of_another_encoding_is_reported_with_its_line(tmp_path, end, encoding):
    content = end.join(["text,label", *["日本,a"] * 30_000]).encode(encoding) + b"\xff,b"
    with pytest.raises(UserError, match=r"^line 30001: the byte 0xff is not"):
        rows(tmp_path / "t.csv", content, encoding=encoding)


def test_columns_without_a_header_are_numbers(tmp_path):
    found = rows(tmp_path / "t.csv", "a;x y\nb;z\n", ["2"], header=False, delimiter=";")
    assert found == [{"2": "x y"}, {"2": "z"}]
    with pytest.raises(UserError, match="line 1: the column '3' is missing; allowed: 1, 2"):
        rows(tmp_path / "t.csv", "a,b\n", ["3"], header=False)


def test_a_column_name_that_occurs_twice_has_to_be_changed(tmp_path):
    message = r"line 1: the column 'body' occurs more than once; rename one of them$"
    with pytest.raises(UserError, match=message):
        rows(tmp_path / "t.csv", "body,kind,body\nx,a,y\n", ["body", "kind"])


def test_a_blank_before_a_quotation_mark_is_named(tmp_path):
    message = r"line 2: found 3 values, .* a quotation mark has to follow the delimiter directly$"
    with pytest.raises(UserError, match=message):
        rows(tmp_path / "t.csv", 'label,text\na, "some, and more"\n')


def test_columns_that_nobody_asks_for_may_share_a_name(tmp_path):
    found = rows(tmp_path / "t.csv", "text,note,note,,\nx,1,2,,\n")
    assert found == [{"text": "x"}]


@pytest.mark.parametrize("start", ["[", "\n [", "\ufeff["])
def test_a_json_array_is_read_like_json_lines(tmp_path, start):
    items = [{"text": "x", "n": 1.50}, {"text": "y"}]
    text = start + json.dumps(items, indent=1)[1:]
    assert rows(tmp_path / "t.json", text) == [{"text": "x", "n": "1.5"}, {"text": "y"}]
    lines = "\n".join(map(json.dumps, items))
    assert rows(tmp_path / "t.json", lines, ["text"]) == [{"text": "x"}, {"text": "y"}]
    with pytest.raises(UserError, match="item 2: the column 'n' is missing"):
        rows(tmp_path / "t.json", text, ["n"])
    assert len(rows(tmp_path / "t.json", f"{text} \n\n")) == 2


@bad
@pytest.mark.parametrize("more", ["[", '\n[{"text": "z"}]', '\n{"text": "z"}'])
def test_nothing_after_a_json_array_is_lost_silently(tmp_path, more):
    with pytest.raises(UserError, match=r"item 2: not JSON .more after the end of the array"):
        rows(tmp_path / "t.json", f'[{{"text": "x"}}]{more}')


@bad
@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_alone_in_an_object_is_read(tmp_path, indent):
    items = [{"text": "x", "n": 1.50}, {"text": "y"}]
    text = json.dumps({"data": items}, indent=indent)
    assert rows(tmp_path / "t.json", text) == [{"text": "x", "n": "1.5"}, {"text": "y"}]
    for other in ({"data": items, "version": 1}, {"version": 1, "data": items}):
        with pytest.raises(UserError, match=r"nothing beside it|the column 'text' is missing"):
            rows(tmp_path / "t.json", json.dumps(other, indent=indent), ["text"])


def test_json_lines_that_begin_with_a_list_are_no_array(tmp_path):
    lines = [{"spans": [{"text": "no"}], "text": text} for text in "xy"]
    text = "\n".join(map(json.dumps, lines))
    assert rows(tmp_path / "t.jsonl", text, ["text"]) == [{"text": "x"}, {"text": "y"}]


@bad
@pytest.mark.parametrize(("form", "where"), [("%s", "line 1"), ("[%s]", "item 1")])
@pytest.mark.parametrize("row", ['{"text": "x", "text": "y"}', '{"m": {"a": 1, "a": 2}}'])
def test_an_object_with_two_values_of_a_key_is_refused(tmp_path, form, where, row):
    with pytest.raises(UserError, match=f"{where}: the key '(text|a)' occurs twice"):
        rows(tmp_path / "t.json", form % row)


SPLITS = {
    "train.csv": "train",
    "imdb_test.tsv.gz": "test",
    "data/dev-00000-of-00001.parquet": "validation",
    "plain_text/unsupervised/0000.parquet": "unlabelled",
    "reviews.csv": "",
    "train_and_test.csv": "",
    "latest.csv": "",
}


def test_the_name_of_a_file_shows_its_split():
    assert {name: split_of(name) for name in SPLITS} == SPLITS


def hugging_face(labels):
    """Return a Parquet file as Hugging Face's datasets write it, with numbers as classes."""
    feature = {"names": ["neg", "pos"], "_type": "ClassLabel"}
    about = {"info": {"features": {"label": feature, "text": {"_type": "Value"}}}}
    columns = pa.table({"text": ["x"] * len(labels), "label": labels})
    out = io.BytesIO()
    pq.write_table(columns.replace_schema_metadata({"huggingface": json.dumps(about)}), out)
    return out.getvalue()


SHARDS = {
    "README.md": b"about",
    "dataset_infos.json": b"{}",
    "data/test-00000-of-00001.parquet": hugging_face([0]),
    "data/train-00000-of-00002.parquet": hugging_face([1, 0]),
    "data/train-00001-of-00002.parquet": hugging_face([-1, 1]),
}


def write(folder, files, form):
    path = folder / f"t{form}"
    if form == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    elif form:
        with tarfile.open(path, "w") as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    else:
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("form", ["", ".tar", ".zip"])
def test_several_files_are_one_table_with_splits_and_names_of_classes(tmp_path, form):
    path = write(tmp_path, SHARDS, form)
    found = [(split, row["label"]) for _, split, row in read_rows(path, ["label"], Layout())]
    assert found == [
        *[("test", "neg"), ("train", "pos"), ("train", "neg"), ("train", None), ("train", "pos")]
    ]
    pair = {"train.csv.gz": gzip.compress(b"text\nx\n"), "test.csv": b"text\ny\n", "more.csv": b""}
    path = write(tmp_path / "pair", pair, form) if form == "" else None
    if path:
        found = [(split, row["text"]) for _, split, row in read_rows(path, None, Layout())]
        assert found == [("test", "y"), ("train", "x")]


@pytest.mark.parametrize("form", ["", ".tar", ".zip"])
def test_tables_with_and_without_a_split_in_their_names_are_refused(tmp_path, form):
    path = write(tmp_path, {"tickets.csv": b"text\nx\n", "tickets_test.csv": b"text\ny\n"}, form)
    with pytest.raises(UserError, match=r"\['tickets_test\.csv'\] .* split, .* \['tickets\.csv'\]"):
        list(read_rows(path, None, Layout()))


@pytest.mark.parametrize("files", [("t.csv.gz",), ("train.csv.gz", "test.csv")])
def test_a_compressed_table_in_an_archive_is_read(tmp_path, files):
    content = dict.fromkeys(files, b"text\nx\n") | {files[0]: gzip.compress(b"text\nx\n")}
    for form in (".tar", ".zip"):
        found = read_rows(write(tmp_path, content, form), None, Layout())
        assert [row for _, _, row in found] == [{"text": "x"}] * len(files)


def test_the_footer_of_a_parquet_file_is_not_read_again_for_each_row_group(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(
        pq,
        "ParquetFile",
        lambda *args, _new=pq.ParquetFile, **kw: opened.append(1) or _new(*args, **kw),
    )
    pq.write_table(pa.table({"text": list("abcdef")}), tmp_path / "t.parquet", row_group_size=1)
    assert len(list(read_rows(tmp_path / "t.parquet", None, Layout()))) == 6
    assert len(opened) <= 2


COPIES = [
    ("train.csv", "train.jsonl"),
    ("train.parquet", "train-00000-of-00001.csv"),
    ("train.csv", "train.csv.gz"),
    ("train.json", "train.jsonl"),
]


@pytest.mark.parametrize("form", ["", ".tar", ".zip"])
@pytest.mark.parametrize("copies", COPIES, ids=" ".join)
def test_a_split_in_two_formats_is_refused(tmp_path, copies, form):
    path = write(tmp_path, dict.fromkeys([*copies, "test.tsv"], b"text\nx\n"), form)
    with pytest.raises(UserError, match=r"train\..* of the split train have two kinds, or differ"):
        list(read_rows(path, None, Layout()))


def test_splits_may_have_different_formats(tmp_path):
    path = write(tmp_path, {"train.csv": b"text\nx\n", "test.jsonl": b'{"text": "y"}'}, "")
    assert [split for _, split, _ in read_rows(path, None, Layout())] == ["test", "train"]


@bad
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_utf_16_without_its_mark_and_a_missing_file_are_reported(tmp_path, name):
    (tmp_path / name).write_text("text\nx\n")
    with pytest.raises(
        UserError, match=r"^it has no byte order mark; set .* utf-16-le or utf-16-be"
    ):
        list(read_rows(tmp_path / name, None, Layout("utf-16")))
    with pytest.raises(UserError, match=r"^cannot be read: No such file or directory$"):
        list(read_rows(tmp_path / "no" / name, None, Layout()))


@bad
def test_a_class_without_a_name_and_a_broken_file_of_several_are_reported(tmp_path):
    with pytest.raises(UserError, match="row 2: found the class 2, expected a number below 2"):
        rows(tmp_path / "t.parquet", hugging_face([0, 2]))
    path = write(tmp_path, {"train.csv": b"text\nx\n", "test.csv": b"txet\ny\n"}, "")
    with pytest.raises(UserError, match=r"^test\.csv, line 1: the column 'text' is missing"):
        list(read_rows(path, ["text"], Layout()))


OTHER_VALUES = {
    "a day after year 9999": pa.array([9_000_000], pa.date32()),
    "text that is not UTF-8": pa.array([b"\xff"]).view(pa.string()),
}


@bad
@pytest.mark.parametrize("values", OTHER_VALUES.values(), ids=OTHER_VALUES)
def test_a_parquet_value_that_python_cannot_represent_is_damage(tmp_path, values):
    pq.write_table(pa.table({"text": values}), tmp_path / "t.parquet")
    with pytest.raises(UserError, match=r"^after row 0: damaged \("):
        list(read_rows(tmp_path / "t.parquet", ["text"], Layout()))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_missing_column_does_not_hide_the_delimiter(tmp_path, delimiter):
    names = delimiter.join(["id", "message", "kind, or queue"])
    (tmp_path / "t.csv").write_text(f"{names}\n{delimiter.join('abc')}\n")
    message = "line 1: the column 'text' is missing; allowed: id, message, kind, or queue"
    with pytest.raises(UserError, match=message):
        list(read_rows(tmp_path / "t.csv", ["text"], Layout()))
