"""Formats of corpora: their settings, their readers, and Keras's own IMDB ids."""

import io
import json
import re
import zipfile

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from helpers import NEWSGROUPS, ROOT, call, lists_of, outputs_of_read, write_tar

import encode
import evaluate_corpus
import read
from seq2report.config.check import check
from seq2report.core.command import UserError
from seq2report.documents.formats import FORMATS, read_imdb, read_newsgroups
from seq2report.documents.tokens import SPECIAL

SPLIT = {"validation": 0.25, "seed": 1}
CUT = {"encoding": "latin-1", "header": "cut"}


def run_read(archive, folder, settings, **options):
    call(read, archive=archive, settings=settings, **outputs_of_read(folder), **options)
    corpus = json.loads((folder / "corpus.json").read_text())
    return pl.read_parquet(folder / "documents.parquet"), corpus


def run_encode(folder, settings, **options):
    output = folder / "encoded"
    documents = folder / "documents.parquet"
    call(encode, documents=documents, settings=settings, output=output, **options)
    return (
        pl.read_parquet(output / "vocabulary.parquet"),
        lists_of(output / "sequences.parquet"),
        json.loads((output / "encoding.json").read_text()),
    )


def test_the_schema_allows_exactly_the_known_formats():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    corpus = schema["properties"]["corpora"]["additionalProperties"]["properties"]
    assert corpus["format"]["enum"] == list(FORMATS)
    assert {key for form in FORMATS.values() for key in form.settings} <= set(corpus)


def test_the_documentation_lists_every_format_with_its_settings():
    page = (ROOT / "config/README.md").read_text()
    table = page[page.index("| format |") :].split("\n\n")[0]
    rows = [re.split(r" *\| *", row)[1:-1] for row in table.splitlines()[2:]]
    test_split = {False: "`split.test`", True: "its own", None: "either"}
    assert [(name, needed, allowed, test) for name, _, needed, allowed, test in rows] == [
        (
            f"`{form.name}`",
            ", ".join(f"`{key}`" for key in form.required),
            ", ".join(f"`{key}`" for key in form.optional),
            test_split[form.own_test],
        )
        for form in FORMATS.values()
    ]


def test_every_different_word_of_all_documents_is_counted(tmp_path):
    files = {f"g/{n}": b"\n\nOne two TWO" for n in range(8)}
    files |= {f"h/{n}": f"\n\ntwo, three{n}".encode() for n in range(8)} | {"h/99": b"..."}
    _, corpus = run_read(write_tar(tmp_path / "a.tar.gz", files), tmp_path, NEWSGROUPS)
    assert corpus["unique_tokens"] == len({"one", "two"} | {f"three{n}" for n in range(8)})


def test_line_ends_are_those_of_pythons_open(tmp_path):
    files = {f"{g}/{n}": b"h: 1\r\n\r\nfirst\rsecond\r\nthird" for g in "gh" for n in range(4)}
    documents, corpus = run_read(write_tar(tmp_path / "a.tar.gz", files), tmp_path, NEWSGROUPS)
    assert documents["text"].unique().to_list() == ["\n\nfirst\nsecond\nthird"]
    assert corpus["unique_tokens"] == 3


# what a configuration may say


BY_FIT = {"num_words": 9, "fit": "train"}
BY_INDEX = {"num_words": 9, "index": "index"}
IMDB = {"title": "T", "source": "archive", "split": SPLIT, "format": "imdb", "encoding": "utf-8"}
IDS = {"title": "T", "source": "archive", "split": SPLIT, "format": "keras_imdb"}
WRONG = [
    ("corpora", IDS | {"word_index": "indx"}, "word_index: unknown 'indx'; did you mean 'index'?"),
    ("corpora", IDS, "corpora.x: 'word_index' is missing"),
    ("corpora", IDS | {"word_index": "index", "encoding": "utf-8"}, "x.encoding: has no meaning"),
    ("corpora", IMDB | {"word_index": "index"}, "corpora.x.word_index: has no meaning for format"),
    ("corpora", IMDB | {"header": "cut"}, "corpora.x.header: has no meaning for format 'imdb'"),
    ("corpora", {k: IMDB[k] for k in IMDB if k != "encoding"}, "corpora.x: 'encoding' is missing"),
    (
        "corpora",
        IMDB | {"format": "newsgroups_bydate", "split": SPLIT | {"test": 0.2}},
        "corpora.x.split.test: format 'newsgroups_bydate' has its own test split",
    ),
    ("encodings", BY_INDEX | {"index": "indx"}, "encodings.x.index: unknown 'indx'; did you mean"),
    ("encodings", BY_INDEX | {"num_words": 4}, "x.num_words: found 4, expected at least 5: with a"),
    ("encodings", BY_INDEX | BY_FIT, "encodings.x: found {"),
    ("encodings", {"num_words": 9}, "expected one of fit and index"),
]
RIGHT = [
    ("corpora", IDS | {"word_index": "index"}),
    ("corpora", IMDB | {"format": "newsgroups_bydate", "header": "cut"}),
    ("encodings", BY_FIT),
    ("encodings", BY_INDEX),
]


def check_with(kind, settings):
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    for name in ("archive", "index"):
        config["sources"][name] = {"file": name, "from": [{"url": "https://x/y"}]}
    config[kind]["x"] = settings
    check(config, ROOT / "workflow/schemas/config.schema.yaml")


@pytest.mark.parametrize(("kind", "settings", "message"), WRONG, ids=[m for _, _, m in WRONG])
def test_what_does_not_go_together_is_told(kind, settings, message):
    with pytest.raises(UserError, match=re.escape(message)):
        check_with(kind, settings)


@pytest.mark.parametrize(("kind", "settings"), RIGHT)
def test_what_goes_together_is_right(kind, settings):
    check_with(kind, settings)


# bydate


BYDATE = NEWSGROUPS | {"format": "newsgroups_bydate", "split": SPLIT}


@pytest.fixture
def bydate(tmp_path):
    files = {
        f"20news-bydate-{split}/{group}/{n}": f"Subject: s\n\n{split} {group} {n}".encode()
        for split in ("train", "test")
        for group in ("sci.space", "rec.autos")
        for n in range(4)
    }
    other = {"20news-bydate-train/sci.space/README": b"x", "elsewhere/sci.space/7": b"x"}
    return write_tar(tmp_path / "bydate.tar.gz", files | other)


def test_bydate_keeps_its_official_test_part(bydate, tmp_path):
    documents, corpus = run_read(bydate, tmp_path, BYDATE)
    assert documents.height == corpus["documents"] == 16
    for row in documents.iter_rows(named=True):
        split, group, number = row["id"].split("/")
        assert row["text"] == f"\n\n{split} {group} {number}"
        assert row["label"] == group
        assert (row["split"] == "test") == (split == "test")
    assert (documents["split"] == "validation").sum() == 2


def test_bydate_keeps_headers_where_the_policy_says_so(bydate, tmp_path):
    documents, _ = run_read(bydate, tmp_path, BYDATE | {"header": "keep"})
    assert documents["text"].str.starts_with("Subject: s").all()


@pytest.mark.reliability("Bad corpora")
def test_an_archive_without_the_split_by_date_is_refused(tiny_archive, tmp_path):
    with pytest.raises(UserError, match="no document found in it; do its folders"):
        run_read(tiny_archive, tmp_path, BYDATE)


# Keras's own ids


KERAS = {"title": "Ids", "source": "x", "format": "keras_imdb", "split": SPLIT}
WORDS = ["the", "and", "it's", "br", "caf\xe9", "film", "so\x85so", "great", "bad", "10"]
INDEX = {word: rank for rank, word in enumerate(WORDS, start=1)}


def array(values, **options):
    """Return a vector as ``numpy.save`` writes it: lists as a pickle."""
    file = io.BytesIO()
    np.lib.format.write_array(file, values, allow_pickle=True, **options)
    return file.getvalue()


def lists(rows):
    made = np.empty(len(rows), dtype=object)
    made[:] = rows
    return made


def write_npz(path, **changes):
    rng = np.random.default_rng(1)
    content = {}
    for split, n in (("train", 12), ("test", 8)):
        reviews = [rng.integers(1, len(WORDS) + 1, rng.integers(1, 15)).tolist() for _ in range(n)]
        content[f"x_{split}"] = array(lists(reviews))
        content[f"y_{split}"] = array(np.arange(n) % 2)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (content | changes).items():
            if data is not None:
                archive.writestr(f"{name}.npy", data)
    return path


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "index.json"
    path.write_text(json.dumps(INDEX))
    return path


@pytest.mark.parametrize("num_words", [7, 10, 1000])
def test_documents_get_the_ids_of_keras_load_data(index, tmp_path, num_words, monkeypatch):
    npz = write_npz(tmp_path / "imdb.npz")
    monkeypatch.setattr("keras.src.datasets.imdb.get_file", lambda **_: npz)
    train, test = keras.datasets.imdb.load_data(num_words=num_words)
    expected = {
        f"{split}/{n:05}": (ids, ("neg", "pos")[label])
        for split, (reviews, labels) in (("train", train), ("test", test))
        for n, (ids, label) in enumerate(zip(reviews, labels, strict=True))
    }

    documents, corpus = run_read(npz, tmp_path, KERAS, word_index=index)
    settings = {"num_words": num_words, "index": "words"}
    words, sequences, summary = run_encode(tmp_path, settings, word_index=index)
    found = zip(*(sequences[name] for name in ("id", "tokens", "label")), strict=True)
    assert {name: (list(ids), label) for name, ids, label in found} == expected
    assert corpus["classes"] == ["neg", "pos"]
    assert set(documents["split"]) == {"train", "validation", "test"}

    assert words["word"].head(2).to_list() == list(SPECIAL)
    by_word = dict(zip(words["word"], words["id"], strict=True))
    assert by_word == SPECIAL | {w: r + 3 for w, r in INDEX.items() if r + 3 < num_words}
    assert summary["num_words"] == max(by_word.values()) + 1


def test_marks_and_words_are_counted_in_training_documents(index, tmp_path):
    rows = {"id": ["1", "2", "3"], "text": ["The the film zzz", "...", "the"], "label": ["a"] * 3}
    rows |= {"split": ["train", "train", "test"]}
    pl.DataFrame(rows).write_parquet(tmp_path / "documents.parquet")
    settings = {"num_words": 9, "index": "words"}
    words, sequences, summary = run_encode(tmp_path, settings, word_index=index)
    assert sequences["tokens"].to_list() == [[1, 4, 4, 2, 2], [1], [1, 4]]
    counted = words.filter(pl.col("count") > 0).select("word", "count", "documents").rows()
    assert counted == [("<start>", 2, 2), ("<unknown>", 2, 1), ("the", 2, 1)]
    assert words.filter(pl.col("count") == 0)["word"].to_list() == WORDS[1:5]
    assert (summary["tokens"], summary["kept_tokens"], summary["unique_tokens"]) == (4, 2, 3)


def test_a_document_shows_the_ids_of_its_start_and_of_unknown_words():
    words = pl.DataFrame(
        {"id": [1, 2, 4], "word": [*SPECIAL, "the"]}, schema_overrides={"id": pl.Int32}
    )
    found = evaluate_corpus.spell("the zzz", words)
    assert found.select("word", "word_id").rows() == [("<start>", 1), ("the", 4), ("zzz", 2)]


def test_words_that_the_tokenizer_would_change_are_told(tmp_path, caplog):
    path = tmp_path / "index.json"
    path.write_text(json.dumps(INDEX | {"New-York": 11, "CAF\xc9": 12}))
    run_read(write_npz(tmp_path / "imdb.npz"), tmp_path, KERAS, word_index=path)
    assert "2 words of the index, such as 'New-York'," in caplog.text
    caplog.clear()
    assert read.split_words(INDEX) == []


class Hostile:
    def __init__(self, call, *arguments):
        self.made = call, arguments

    def __reduce__(self):
        return self.made


@pytest.mark.reliability("Security")
def test_a_pickle_that_asks_for_anything_but_arrays_is_refused_and_not_run(index, tmp_path):
    victim = tmp_path / "victim"
    for call_ in (victim.write_text, eval, np.load, getattr):
        wrong = array(lists([Hostile(call_, "ran"), [1]]))
        npz = write_npz(tmp_path / "imdb.npz", x_train=wrong)
        with pytest.raises(
            UserError, match=r"imdb\.npz: x_train\.npy: refused, because its pickle"
        ):
            run_read(npz, tmp_path, KERAS, word_index=index)
    assert not victim.exists()


DAMAGED = {
    "missing": (None, r"it has no x_train\.npy, only y_train\.npy"),
    "not an array": (b"hello", r"x_train\.npy: damaged"),
    "cut short": (array(lists([[1], [2]]))[:-9], r"x_train\.npy: damaged"),
    "two dimensions": (array(np.ones((12, 2))), "expected an array of one dimension"),
    "fewer": (array(lists([[1], [2]])), "it has 2 train reviews, but 12 labels"),
    "no lists": (array(np.arange(12)), "review train/00000: .* is neither a rank"),
    "rank above all": (
        array(lists([[1, 99]] * 12)),
        "99 is neither a rank .* of 10 words",
    ),
}


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize(("content", "message"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_array_is_named(index, tmp_path, content, message):
    npz = write_npz(tmp_path / "imdb.npz", x_train=content)
    with pytest.raises(UserError, match=message):
        run_read(npz, tmp_path, KERAS, word_index=index)
    assert not (tmp_path / "documents.parquet").exists()


# unlabelled reviews


@pytest.mark.parametrize("fit", ["train", "all"])
def test_unlabelled_reviews_go_all_the_way_and_are_counted_only_by_fit_all(tmp_path, fit):
    files = {
        f"aclImdb/{split}/{label}/{n}_1.txt": f"{label} film {split}{n}".encode()
        for split in ("train", "test")
        for label in ("pos", "neg")
        for n in range(4)
    } | {f"aclImdb/train/unsup/{n}_0.txt": b"Unheard words" for n in range(5)}
    archive = write_tar(tmp_path / "a.tar.gz", files)
    settings = {"title": "T", "source": "x", "format": "imdb", "encoding": "utf-8", "split": SPLIT}
    documents, corpus = run_read(archive, tmp_path, settings)
    assert corpus["classes"] == ["neg", "pos"]
    assert {"split": "unlabelled", "label": None, "documents": 5} in corpus["counts"]
    assert documents.filter(pl.col("label").is_null())["split"].to_list() == ["unlabelled"] * 5

    words, sequences, _ = run_encode(tmp_path, {"num_words": 100, "fit": fit})
    assert ("unheard" in words["word"]) == (fit == "all")
    unlabelled = sequences.filter(pl.col("split") == "unlabelled")["tokens"].list.len()
    assert unlabelled.to_list() == [2 if fit == "all" else 0] * 5

    call(
        evaluate_corpus,
        title="Tiny",
        corpus=tmp_path / "corpus.json",
        documents=tmp_path / "documents.parquet",
        vocabulary=tmp_path / "encoded/vocabulary.parquet",
        encoding=tmp_path / "encoded/encoding.json",
        sequences=tmp_path / "encoded/sequences.parquet",
        readers="[]",
        output=tmp_path / "tables",
    )
    (about,) = pd.read_parquet(tmp_path / "tables/corpus.parquet").to_dict("records")
    assert about["unique_tokens"] == corpus["unique_tokens"]
    assert (about["documents"], about["classes"]) == (21, 2)
    examples = pd.read_parquet(tmp_path / "tables/examples.parquet")
    assert set(examples["label"]) == {"neg", "pos"}


# readers


def test_header_ends_at_the_first_blank_line():
    message = b"Subject: x\nFrom: y\n\nfirst\n\nsecond"
    assert list(read_newsgroups([("20_newsgroups/sci.space/7", message)], CUT)) == [
        ("sci.space/7", "\n\nfirst\n\nsecond", "sci.space", "")
    ]
    ((_, kept, _, _),) = read_newsgroups([("g/7", message)], {"encoding": "latin-1"})
    assert kept == message.decode()


def test_only_files_named_by_digits_are_messages():
    files = [("g/12", b"a"), ("g/README", b"b"), ("g/12.txt", b"c"), ("g/١٢", b"d")]
    assert [row[0] for row in read_newsgroups(files, CUT)] == ["g/12"]


def test_a_message_without_a_blank_line_is_kept_whole():
    ((_, text, _, _),) = read_newsgroups([("g/1", b"no header here")], CUT)
    assert text == "no header here"


def test_latin_1_bytes_become_letters():
    ((_, text, _, _),) = read_newsgroups([("g/1", b"caf\xe9")], CUT)
    assert text == "café"


def test_split_and_label_of_imdb_are_those_of_the_folder():
    files = [
        ("aclImdb/train/pos/0_9.txt", b"good"),
        ("aclImdb/test/neg/3_1.txt", b"bad"),
        ("aclImdb/train/unsup/5_0.txt", b"so so"),
        ("aclImdb/train/urls_pos.txt", b"http"),
        ("aclImdb/README", b"about"),
    ]
    assert list(read_imdb(files, {"encoding": "utf-8"})) == [
        ("train/pos/0_9", "good", "pos", "train"),
        ("test/neg/3_1", "bad", "neg", "test"),
        ("unlabelled/5_0", "so so", None, "unlabelled"),
    ]


@pytest.mark.reliability("Bad corpora")
def test_bytes_of_another_encoding_are_named_with_their_place():
    with pytest.raises(UserError, match=r"pos/0_9\.txt: byte 2 \(0xe9\) is not utf-8; .*latin-1"):
        list(read_imdb([("train/pos/0_9.txt", b"ab\xe9")], {"encoding": "utf-8"}))
