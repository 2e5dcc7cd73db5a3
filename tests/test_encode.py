import json
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import encode
from seq2report.command import UserError
from seq2report.tokens import FILTERS, tokens, vocabulary
from seq2report.tokens import encode as encode_documents


def lecture_tokens(text):
    """What Keras's legacy text_to_word_sequence does, in plain Python."""
    table = str.maketrans(dict.fromkeys(FILTERS, " "))
    return [word for word in text.lower().translate(table).split(" ") if word]


def in_polars(texts):
    return pl.DataFrame({"text": texts}).select(tokens(pl.col("text"))).to_series().to_list()


@given(st.lists(st.text(), min_size=1))
def test_any_text_is_split_as_keras_did(texts):
    assert in_polars(texts) == [lecture_tokens(text) for text in texts]


def test_the_lectures_review_is_split_as_keras_did():
    text = "It's a <br />GREAT film -- 10/10!\tDon't\nmiss\rit\x0bor\xa0else"
    words = ["it's", "a", "br", "great", "film", "10", "10", "don't", "miss\rit\x0bor\xa0else"]
    assert in_polars([text]) == [words]


def test_real_messages_are_split_as_keras_did(tiny):
    texts = pl.read_parquet(tiny / "documents.parquet")["text"].to_list()
    assert in_polars(texts) == [lecture_tokens(text) for text in texts]


WORDS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "dd", "é"])).map(" ".join), min_size=1)


@given(WORDS)
def test_ids_count_from_one_by_falling_count_then_first_meeting(texts):
    counter = Counter(word for text in texts for word in text.split())
    ordered = sorted(counter.items(), key=lambda item: -item[1])  # stable: first met first
    found = vocabulary(pl.DataFrame({"text": texts}))
    assert list(zip(found["word"], found["count"], strict=True)) == ordered
    assert found["id"].to_list() == list(range(1, len(ordered) + 1))
    inside = [sum(word in text.split() for text in texts) for word in found["word"]]
    assert found["documents"].to_list() == inside


@given(WORDS, st.integers(1, 4))
def test_words_become_their_ids_in_their_order_and_unknown_ones_are_dropped(texts, kept):
    documents = pl.DataFrame({"id": [str(n) for n in range(len(texts))], "text": texts})
    words = vocabulary(documents).head(kept)
    number = dict(zip(words["word"], words["id"], strict=True))
    expected = [[number[w] for w in text.split() if w in number] for text in texts]
    found = encode_documents(documents, words)
    assert found["tokens"].to_list() == expected
    assert found["id"].to_list() == documents["id"].to_list()


def run_encode(folder, output, **settings):
    settings = {"num_words": 100, "fit": "train"} | settings
    documents = f"--documents {folder}/documents.parquet --output {output} --settings".split()
    encode.main([*documents, json.dumps(settings)])
    return (
        pl.read_parquet(output / "vocabulary.parquet"),
        pl.read_parquet(output / "sequences.parquet"),
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
