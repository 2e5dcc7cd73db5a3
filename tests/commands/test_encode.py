import json
from collections import Counter

import numpy as np
import polars as pl
import pytest
from helpers import lists_of
from hypothesis import given
from hypothesis import strategies as st

import encode
from seq2report.core.command import UserError
from seq2report.documents.tokens import FILTERS, MARKS, Words, occurrences, tokens
from seq2report.documents.tokens import encode as encode_numbers


def lecture_tokens(text):
    """What Keras's legacy text_to_word_sequence does, in plain Python."""
    table = str.maketrans(dict.fromkeys(FILTERS, " "))
    return [word for word in text.lower().translate(table).split(" ") if word]


def split(texts):
    words, lengths = tokens(texts)
    words.validate(full=True)
    assert lengths.sum() == len(words)
    return [each.tolist() for each in np.split(np.array(words), np.cumsum(lengths)[:-1])]


@given(st.lists(st.text() | st.text("aB Σσ.İ\t\n\0é<>"), min_size=1))
def test_any_text_is_split_as_keras_did(texts):
    assert split(texts) == [lecture_tokens(text) for text in texts]


def test_the_lectures_review_is_split_as_keras_did():
    text = "It's a <br />GREAT film -- 10/10!\tDon't\nmiss\rit\x0bor\xa0else"
    words = ["it's", "a", "br", "great", "film", "10", "10", "don't", "miss\rit\x0bor\xa0else"]
    assert split([text]) == [words]


def test_real_messages_are_split_as_keras_did(tiny):
    texts = pl.read_parquet(tiny / "documents.parquet")["text"].to_list()
    assert split(texts) == [lecture_tokens(text) for text in texts]


WORDS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "dd", "é"])).map(" ".join), min_size=1)


def batches(values, sizes):
    """Cut a list after the first, second … of the sizes."""
    ends = np.cumsum(sizes)
    return [part.tolist() for part in np.split(np.array(values, dtype=object), ends) if len(part)]


@given(WORDS, st.lists(st.integers(1, 3)), st.data())
def test_ids_count_from_one_by_falling_count_then_first_meeting(texts, sizes, data):
    counted = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    counter = Counter(
        word for text, yes in zip(texts, counted, strict=True) if yes for word in text.split()
    )
    ordered = sorted(counter.items(), key=lambda item: -item[1])  # stable: first met first
    words = Words()
    for part, yes in zip(batches(texts, sizes), batches(counted, sizes), strict=True):
        words.add(part, np.array(yes, dtype=bool))
    found = words.vocabulary()
    assert list(zip(found["word"], found["count"], strict=True)) == ordered
    assert found["id"].to_list() == list(range(1, len(ordered) + 1))
    everywhere = Counter(word for text in texts for word in text.split())
    assert dict(zip(words.known.to_pylist(), words.total, strict=True)) == everywhere


@given(WORDS, st.lists(st.integers(1, 3)), st.integers(0, 4), st.sampled_from([None, 7]))
def test_words_become_their_ids_in_their_order_and_those_without_are_dropped(
    texts, sizes, kept, start
):
    words = Words()
    numbers = [words.add(part, np.ones(len(part), dtype=bool)) for part in batches(texts, sizes)]
    vocabulary = words.vocabulary().head(kept)
    ids = words.ids(vocabulary)
    number = dict(zip(vocabulary["word"], vocabulary["id"], strict=True))
    begin = [] if start is None else [start]
    expected = [begin + [number[w] for w in text.split() if w in number] for text in texts]
    found = []
    for of_words, of_texts in numbers:
        flat, lengths = encode_numbers(of_words, of_texts, ids, start)
        assert flat.dtype == np.int32
        found += [each.tolist() for each in np.split(flat, np.cumsum(lengths)[:-1])]
    assert found == expected


def test_a_word_without_an_id_is_unknown_where_there_are_marks():
    words = Words()
    words.add(["a b"], np.ones(1, dtype=bool))
    index = pl.DataFrame({"id": [1, 2, 9], "word": [*MARKS, "b"]}).cast({"id": pl.Int32})
    assert words.ids(index).tolist() == [2, 9]
    assert words.ids(index.tail(1)).tolist() == [0, 9]


@given(st.lists(st.lists(st.integers(0, 5)), min_size=1))
def test_a_word_is_in_a_text_once_however_often_it_occurs(texts):
    ids = np.array([word for text in texts for word in text], dtype=np.int32)
    found = occurrences(ids, np.array([len(text) for text in texts]), 6)
    expected = sorted({(word, n) for n, text in enumerate(texts) for word in text})
    assert list(zip(*found[::-1], strict=True)) == expected


def run_encode(folder, output, **settings):
    settings = {"num_words": 100, "fit": "train"} | settings
    documents = f"--documents {folder}/documents.parquet --output {output} --settings".split()
    encode.main([*documents, json.dumps(settings)])
    return (
        pl.read_parquet(output / "vocabulary.parquet"),
        lists_of(output / "sequences.parquet"),
        json.loads((output / "encoding.json").read_text()),
    )


def test_ids_stay_below_num_words(tiny, tmp_path):
    words, sequences, summary = run_encode(tiny, tmp_path / "e", num_words=100)
    assert words["id"].to_list() == list(range(1, 100))
    assert sequences["tokens"].explode(empty_as_null=True).max() == 99
    assert summary["num_words"] == 100
    assert summary["unique_tokens"] > 100


def test_words_are_counted_in_training_documents_alone_or_in_all(tiny, tmp_path):
    documents = pl.read_parquet(tiny / "documents.parquet")
    train = documents.filter(pl.col("split") == "train")
    words, _, _ = run_encode(tiny, tmp_path / "t", fit="train", num_words=10**6)
    assert set(words["word"]) == {w for text in train["text"] for w in lecture_tokens(text)}
    words, sequences, _ = run_encode(tiny, tmp_path / "a", fit="all", num_words=10**6)
    assert set(words["word"]) == {w for text in documents["text"] for w in lecture_tokens(text)}
    assert sequences.height == documents.height


def test_training_documents_without_a_word_are_refused(tmp_path):
    rows = {"id": ["1", "2"], "text": ["...", "word"], "label": ["a", "b"]}
    documents = pl.DataFrame(rows | {"split": ["train", "test"]})
    documents.write_parquet(tmp_path / "documents.parquet")
    with pytest.raises(UserError, match="1 documents that words are counted in hold no word"):
        run_encode(tmp_path, tmp_path / "e")
    assert not (tmp_path / "e").exists()


TEXTS = st.lists(
    st.tuples(st.text("ab cD.", max_size=12), st.sampled_from(["train", "test"])), min_size=1
).filter(lambda rows: any(lecture_tokens(text) for text, split in rows if split == "train"))


@given(TEXTS, st.integers(1, 4), st.sampled_from(["train", "all"]), st.integers(2, 5))
def test_files_are_the_same_however_documents_lie_in_row_groups(
    tmp_path_factory, rows, group, fit, num_words
):
    folder = tmp_path_factory.mktemp("groups")
    documents = pl.DataFrame(
        {
            "id": [f"{n:03}" for n in range(len(rows))],
            "text": [text for text, _ in rows],
            "label": ["a"] * len(rows),
            "split": [split for _, split in rows],
        }
    )
    documents.write_parquet(folder / "documents.parquet", row_group_size=group)
    words, sequences, summary = run_encode(folder, folder / "e", fit=fit, num_words=num_words)
    lists = [lecture_tokens(text) for text, _ in rows]
    chosen = [each for each, (_, to) in zip(lists, rows, strict=True) if fit == "all" or to == fit]
    ranked = Counter(word for each in chosen for word in each).most_common()
    expected = [
        (n, word, count, sum(word in each for each in chosen))
        for n, (word, count) in enumerate(ranked[: num_words - 1], start=1)
    ]
    assert words.rows() == expected
    ids = {word: n for n, word, _, _ in expected}
    assert sequences["tokens"].to_list() == [[ids[w] for w in each if w in ids] for each in lists]
    assert sequences.drop("tokens").equals(documents.select("id", "split", "label"))
    assert summary == {
        "fit": fit,
        "unique_tokens": len(ranked),
        "tokens": sum(count for _, count in ranked),
        "num_words": len(expected) + 1,
        "kept_tokens": sum(count for _, _, count, _ in expected),
    }


def test_nothing_but_the_four_files_is_left(tiny, tmp_path):
    run_encode(tiny, tmp_path / "e")
    assert {path.name for path in (tmp_path / "e").iterdir()} == {
        "encoding.json",
        "sequences.parquet",
        "tokens.npy",
        "vocabulary.parquet",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["e"]
