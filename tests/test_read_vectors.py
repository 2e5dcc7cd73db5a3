import io
import zipfile

import numpy as np
import polars as pl
import pytest
from conftest import call
from hypothesis import given
from hypothesis import strategies as st

import read_vectors
from read_vectors import parse_text
from seq2report.command import UserError


def run_read(folder, content):
    """Read a file of these bytes; return (words, vectors)."""
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(content)
    call(read_vectors, file=folder / "file", output=folder / "out")
    words = pl.read_parquet(folder / "out/words.parquet")["word"].to_list()
    return words, np.load(folder / "out/vectors.npy")


def zip_of(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


def wheel_of(words, vectors):
    npy, parquet = io.BytesIO(), io.BytesIO()
    np.save(npy, vectors)
    pl.DataFrame(words).write_parquet(parquet)
    return zip_of(v__npy=npy.getvalue(), w__parquet=parquet.getvalue(), METADATA="Name: v")


def test_real_glove_is_read_as_it_stands(tiny_vectors, tmp_path):
    lines = [line.split(" ") for line in tiny_vectors.read_text("utf-8").splitlines()]
    words, vectors = run_read(tmp_path, tiny_vectors.read_bytes())
    assert words == [word for word, *_ in lines]
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, np.array([n for _, *n in lines], dtype="float32"))


def test_text_zip_and_wheel_of_the_same_vectors_are_the_same(tiny_vectors, tmp_path):
    content = tiny_vectors.read_bytes()
    words, vectors = run_read(tmp_path / "text", content)
    for name, other in {
        "zip": zip_of(glove__txt=content, README=b"about"),
        "wheel": wheel_of({"rank": range(len(words)), "word": words}, vectors.astype("float16")),
    }.items():
        found_words, found = run_read(tmp_path / name, other)
        assert found_words == words
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, vectors, rtol=1e-3 if name == "wheel" else 0, atol=1e-4)


NO_BLANK = st.characters(codec="utf-8", exclude_characters=" \r\n")
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


@given(WORDS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.data())
def test_any_words_and_numbers_come_back_as_they_were_written(words, newline, ends, data):
    row = st.lists(NUMBER, min_size=3, max_size=3)
    rows = [data.draw(row) for _ in words]
    lines = [" ".join([word, *map(repr, n)]) for word, n in zip(words, rows, strict=True)]
    content = newline.join(lines) + newline * ends
    found_words, found = parse_text(content.encode(), "file")
    assert found_words.to_list() == words
    np.testing.assert_array_equal(found, np.array(rows, dtype="float32"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a 1 2\nb 3\n", r"line 2 \('b'\) holds 1 numbers, expected a word and 2 numbers"),
        (b"a 1 2\nb 3 4 5\n", r"line 2 \('b'\) holds 3 numbers, expected a word and 2 numbers"),
        (b"a 1 2\nb 3 x\n", r"line 2 .*'x'"),
        (b"a 1 2\nb  3\n", r"line 2 .*float"),
        (b"a 1 2\n\nb 3 4\n", "line 2 holds no word"),
        (b"a 1 2\n 3 4\n", "line 2 holds no word"),
        (b"a 1 2\n\xff 3 4\n", "line 2 .*utf-8"),
        (b"a 1 2\nb nan 1\n", "vector of 'b' holds a NaN"),
        (b"a 1 2\nb 1 -inf\n", "vector of 'b' holds a NaN or infinity"),
        (b"a 1 2\nb 1 1e99\n", "vector of 'b' holds a NaN or infinity"),
        (b"a 1 2\nb 3 4\na 5 6\n", "word 'a' has more than one vector"),
        (b"400000 50\na 1 2\n", r"line 1 \('400000 50'\) is the header of word2vec.*take"),
        (b"400000 50 \r\na 1 2 \n", "header of word2vec"),
        (b"", "line 1 holds 0 numbers"),
        (b"a\t1\t2\n", "line 1 holds 0 numbers"),
        (zip_of(a__txt=b"a 1 2\nb 3\n"), r"file: a\.txt: line 2"),
        (zip_of(a__md=b"a 1 2\n"), r"one \.txt member in it, found none"),
        (wheel_of({"word": ["a"]}, np.ones((2, 3))), r"1 words in 1 .* shape \(2, 3\)"),
        (wheel_of({"word": ["a"]}, np.ones(1)), r"shape \(1,\)"),
        (wheel_of({"a": ["a"], "b": ["b"]}, np.ones((1, 3))), "1 words in 2 columns"),
        (wheel_of({"word": ["a", None]}, np.ones((2, 3))), "row 1 of its words is empty"),
        (wheel_of({"word": ["a", "a"]}, np.ones((2, 3))), "word 'a' has more than one"),
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


def test_an_archive_of_several_says_how_to_name_one(tmp_path):
    upstream = zip_of(**{f"glove__6B__{n}d__txt": b"a 1 2\n" for n in (50, 100, 200, 300)})
    with pytest.raises(UserError, match=r"found glove\.6B\.50d\.txt, .*name it as 'member'"):
        run_read(tmp_path, upstream)


def test_pickled_objects_are_refused(tmp_path):
    pickled = wheel_of({"word": ["a"]}, np.array([[print]], dtype=object))
    with pytest.raises(UserError, match="pickle"):
        run_read(tmp_path, pickled)
