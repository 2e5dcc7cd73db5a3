import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline

from seq2report.answers import occlusion
from seq2report.answers.occlusion import occlude, without
from seq2report.answers.predictor import Predictor
from seq2report.documents.tokens import WORD, spans


class Linear(Predictor):
    """A pipeline with given weights: a word that counts for "yes", and one against it."""

    def __init__(self):
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.linear_model import LogisticRegression

        self.classes = ["no", "yes"]
        self.model = make_pipeline(CountVectorizer(binary=True), LogisticRegression(C=10))
        texts = ["a fine film", "a film", "a dull film", "a story", "fine story", "dull story"]
        self.model.fit(texts, ["yes", "yes", "no", "no", "yes", "no"])
        self.asked = []

    def _predict(self, texts):
        self.asked.append(texts)
        return self.model.predict_proba(texts)

    def _knows(self, texts):
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
    before, after = linear.model.decision_function(["Fine! A film, fine.", "A film"])
    assert effects["fine"] == pytest.approx(before - after)  # decision values are log-odds
    effects = by_word(dull)
    assert effects["dull"] > 0.05
    assert effects["fine"] < -0.05
    assert effects["the"] == effects["but"] == 0  # the pipeline does not know them


@pytest.mark.parametrize("answer", [0, 1, 2])
def test_log_odds_are_those_of_the_class_against_all_others(answer):
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    found = occlusion.log_odds(np.log(p), np.array([answer] * 2))
    assert found == pytest.approx(np.log(p[:, answer] / (1 - p[:, answer])))


def test_words_of_a_certain_naive_bayes_have_effects_although_its_probabilities_are_one(tmp_path):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    from seq2report.answers.predictor import Pipeline

    model = object.__new__(Pipeline)
    model.classes, model.features = ["no", "yes"], None
    model.model = make_pipeline(CountVectorizer(), MultinomialNB(alpha=0.01))
    model.model.fit(["dull story", "fine film"], ["no", "yes"])
    text = "fine film " * 200
    assert model.predict([text])[0].tolist() == [0, 1]
    (found,) = occlude(model, [text], [1])
    effects = by_word(found)
    assert effects["fine"] == pytest.approx(200 * np.log(1.01 / 0.01))


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
