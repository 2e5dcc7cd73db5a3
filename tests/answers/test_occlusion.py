import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2report.answers import occlusion
from seq2report.answers.occlusion import occlude, without
from seq2report.answers.predictor import Predictor
from seq2report.documents.tokens import WORD, spans


class Linear(Predictor):
    """A pipeline with given weights: a word that counts for "yes", and one against it."""

    def __init__(self):
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        self.classes = ["no", "yes"]
        self.model = make_pipeline(CountVectorizer(binary=True), LogisticRegression(C=10))
        texts = ["a fine film", "a film", "a dull film", "a story", "fine story", "dull story"]
        self.model.fit(texts, ["yes", "yes", "no", "no", "yes", "no"])
        self.asked = []

    def _predict(self, texts):
        self.asked.append(texts)
        return self.model.predict_proba(texts)

    def knows(self, texts):
        return np.ones(len(texts), bool)


@pytest.fixture
def linear():
    return Linear()


def by_word(found):
    return {
        found.text[start:end]: effect
        for (start, end), effect in zip(found.spans, found.effects, strict=True)
    }


def test_the_most_important_word_has_the_largest_effect_with_the_right_sign(linear):
    texts = ["Fine! A film, fine.", "the dull, but fine story"]
    fine, dull = occlude(linear, texts, [1, 0])
    assert len(linear.asked) == 1  # one call for all texts
    effects = by_word(fine)
    assert max(effects, key=effects.get) == "Fine"
    assert effects["Fine"] == effects["fine"] > 0.05
    before, after = linear.model.predict_proba(["Fine! A film, fine.", "A film"])[:, 1]
    assert effects["fine"] == pytest.approx(before - after)
    effects = by_word(dull)
    assert effects["dull"] > 0.05
    assert effects["fine"] < -0.05
    assert effects["the"] == effects["but"] == 0  # the pipeline does not know them


def test_a_text_without_words_has_no_effects(linear):
    empty, one = occlude(linear, [" ?! ", "fine"], [1, 1])
    assert (empty.words, empty.spans.shape, empty.effects.shape) == (0, (0, 2), (0,))
    assert one.words == 1


def test_only_the_first_words_are_tested_but_every_occurrence_is_removed(linear, monkeypatch):
    monkeypatch.setattr(occlusion, "WORDS", 3)
    (found,) = occlude(linear, ["a fine film, a Fine story"], [1])
    assert (found.words, by_word(found).keys()) == (6, {"a", "fine", "film"})
    (asked,) = linear.asked
    assert [" ".join(text.split()) for text in asked[1:]] == [
        *("fine film, Fine story", "a film, a story", "a fine , a Fine story")
    ]


def test_only_words_that_the_model_reads_are_tested(linear, monkeypatch):
    monkeypatch.setattr(linear, "read", lambda text: text[:6])
    (found,) = occlude(linear, ["a fine film"], [1])
    assert (found.text, found.words) == ("a fine", 2)


@given(st.text(st.sampled_from("aAbİß ,.\n\t'-é\u00a0\u3000\u200b\u0301")), st.data())
def test_only_the_word_is_removed(text, data):
    words = [word.token for word in spans(text)]
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    left = without(text, spans(text), word)
    assert [each.token for each in spans(left)] == [each for each in words if each != word]
    assert WORD.sub("", left) == WORD.sub("", text)
    assert np.char.str_len(left) < len(text)
