import re
from collections import Counter

import numpy as np
import polars as pl
import pytest
from helpers import lecture_tokens, world_tokens
from hypothesis import example, given
from hypothesis import strategies as st

from evaluate_corpus import spell
from seq2report.answers.occlusion import occlude
from seq2report.answers.predictor import Network, Predictor
from seq2report.core.command import UserError
from seq2report.documents.texts import readable
from seq2report.documents.tokens import (
    SPECIAL,
    Words,
    encode,
    occurrences,
    read_word_index,
    real_words,
    spans,
    tokens,
)
from seq2report.models.variant import Input


def split(texts):
    words, lengths = tokens(texts)
    words.validate(full=True)
    assert lengths.sum() == len(words)
    return [ids.tolist() for ids in np.split(np.array(words), np.cumsum(lengths)[:-1])]


LATIN = st.text(st.characters(max_codepoint=0x36F) | st.sampled_from("\u1e9e\u2014\u2019…€\ufeff"))


@given(st.lists(LATIN | st.text("aB Σσ.İ\t\n\0é<>"), min_size=1))
def test_any_latin_text_is_split_as_keras_did(texts):
    assert split(texts) == [lecture_tokens(text) for text in texts]


def test_the_lectures_review_is_split_as_keras_did():
    text = "It's a <br />GREAT film -- 10/10!\tDon't\nmiss\rit\x0bor\xa0else"
    words = ["it's", "a", "br", "great", "film", "10", "10", "don't", "miss\rit\x0bor\xa0else"]
    assert split([text]) == [words]


def test_real_messages_are_split_as_keras_did(tiny):
    texts = pl.read_parquet(tiny / "documents.parquet")["text"].to_list()
    assert split(texts) == [lecture_tokens(text) for text in texts]


@pytest.mark.reliability("Languages")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("房间很大，床3张。OK", "房 间 很 大 床 3 张 ok"),  # Chinese
        ("私はJava8を好き！", "私 は java8 を 好 き"),  # Japanese
        ("ห้องใหญ่", "ห้ อ ง ใ ห ญ่"),  # Thai, with marks
        ("བོད་སྐད།", "བོ ད སྐ ད"),  # Tibetan
        ("प्रिंटर हिन्दी है।", "प्रिंटर हिन्दी है"),  # Hindi
        ("مرحبا، كيف حالك؟", "مرحبا كيف حالك"),  # Arabic
        ("안녕하세요 반갑습니다", "안녕하세요 반갑습니다"),  # Korean
        ("great😀😀👍🏽 I ❤️ 👨‍👩‍👧", "great 😀 😀 👍🏽 i ❤️ 👨‍👩‍👧"),  # emoji
    ],
)
def test_text_of_any_language_is_split_into_its_words_or_its_characters(text, words):
    assert split([text]) == [words.split(" ")]


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
        flat, lengths = encode(of_words, of_texts, ids, start)
        assert flat.dtype == np.int32
        found += [ids.tolist() for ids in np.split(flat, np.cumsum(lengths)[:-1])]
    assert found == expected


def test_a_word_without_an_id_is_unknown_where_there_are_marks():
    words = Words()
    words.add(["a b"], np.ones(1, dtype=bool))
    index = pl.DataFrame({"id": [1, 2, 9], "word": [*SPECIAL, "b"]}).cast({"id": pl.Int32})
    assert words.ids(index).tolist() == [2, 9]
    assert words.ids(index.tail(1)).tolist() == [0, 9]


@given(st.lists(st.lists(st.integers(0, 5)), min_size=1))
def test_a_word_is_in_a_text_once_however_often_it_occurs(texts):
    ids = np.array([word for text in texts for word in text], dtype=np.int32)
    found = occurrences(ids, np.array([len(text) for text in texts]), 6)
    expected = sorted({(word, n) for n, text in enumerate(texts) for word in text})
    assert list(zip(*found[::-1], strict=True)) == expected


class Constant(Predictor):
    """A model that gives the same answer to every text."""

    def _predict(self, texts):
        return np.ones((len(texts), 1))

    def _knows(self, texts):
        return np.ones(len(texts), bool)


def network(vocabulary, length):
    """A network that reads the first words of a text, without a model."""
    model = Network.__new__(Network)
    model._input = Input("sequence", length=length, truncating="post")
    model.features = model.splitter = None
    model.vocabulary, model._known = vocabulary, set(vocabulary["word"])
    return model


# Blanks that do not separate words, invisible and combining characters, and letters whose lower
# case has another length or depends on their neighbours.
STRANGE = "aB Σσ.,\t\n\r\0\u00a0\u2003\u2028\u3000\u200b\u200d\ufeff\u00ad\u0301\u0307İßẞKÅéǅ💥<>'"
STRANGE += "好ห้ญ็。❤\ufe0f🏽"


@example("\u00a0", 1)
@given(st.text(STRANGE) | st.text(), st.integers(1, 5))
def test_all_commands_split_a_text_into_the_same_words(text, length):
    (text,) = readable([text])  # as the documents of a corpus
    expected = world_tokens(text)
    encoded = Words()
    numbers, _ = encoded.add([text], np.ones(1, bool))
    assert encoded.known.take(numbers).to_pylist() == expected
    words = spans(text)
    assert [word.token for word in words] == expected
    assert [len(world_tokens(text[word.start : word.end])) for word in words] == [1] * len(words)
    vocabulary = encoded.vocabulary()
    assert spell(text, vocabulary)["word"].to_list() == expected  # the corpus page
    read = words[:length]  # what predict reads
    assert network(vocabulary, length).read(text) == (
        text[read[0].start : read[-1].end] if read else ""
    )
    (explained,) = occlude(Constant(), [text], [0])
    assert explained.spans.tolist() == [[word.start, word.end] for word in words]


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize(
    "content", ["<html>", "[1]", "{}", '{"a": 0}', '{"a": "1"}', '{"a": true}']
)
def test_something_else_than_a_word_index_is_refused(tmp_path, content):
    path = tmp_path / "index.json"
    path.write_text(content)
    with pytest.raises(
        UserError, match=r"index\.json: (is not JSON|found list|found dict|the rank of)"
    ):
        read_word_index(path)


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1, "b": 2, "c": 1}', "'a' and 'c' have the rank 1, expected one"),
        ('{"a": 3000000000}', "the rank of 'a' is 3000000000, expected 1, 2, 3"),
        ('{"a": true}', "the rank of 'a' is True"),
        (9999 * '{"a":', "is not JSON"),
    ],
)
def test_a_word_index_needs_a_rank_of_its_own_for_each_word(tmp_path, content, message):
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(UserError, match=re.escape(message)):
        read_word_index(tmp_path / "index.json")


def test_start_and_unknown_words_are_no_words():
    vocabulary = pl.DataFrame({"word": [*SPECIAL, "the", "film"]})
    assert real_words(vocabulary)["word"].to_list() == ["the", "film"]
