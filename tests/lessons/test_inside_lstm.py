import warnings

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
import random_corpus
from helpers import call, lesson_page
from networks import no_xla
from random_corpus import NUM_WORDS

import lesson_inside_lstm
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.lessons import inside_lstm as lesson
from seq2report.lessons import inside_lstm_page as page
from seq2report.lessons import inside_lstm_plots
from seq2report.report import html

TITLE = "Inside an LSTM"
HOSTILE = ["<script>alert(1)</script>", "$x$ $y$", "a\x07\u202eb", "漢字", "&amp;", "w" * 90]


def write_corpus(folder, words=range(15, 60)):
    options = random_corpus.write_corpus(folder, words, typical=0.3)
    ids = pl.Series("id", range(1, NUM_WORDS), dtype=pl.Int32)
    spelled = [*HOSTILE, *(f"word{n}" for n in range(NUM_WORDS - 1 - len(HOSTILE)))]
    vocabulary = folder / "vocabulary.parquet"
    pl.DataFrame({"id": ids, "word": spelled}).write_parquet(vocabulary)
    return options | {"vocabulary": vocabulary}


@no_xla()
def run_lesson(folder, options, **more):
    call(lesson_inside_lstm, **options, output=folder / "lesson-inside_lstm", **more)
    return read_tables(folder / "lesson-inside_lstm")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a folder, the options of a corpus of hostile words, and the tables of the lesson."""
    folder = tmp_path_factory.mktemp("lesson")
    matrix = np.random.default_rng(1).normal(size=(NUM_WORDS, 5)).astype("float32")
    np.save(folder / "matrix.npy", matrix)
    options = write_corpus(folder / "corpus") | {"matrix": folder / "matrix.npy", "epochs": 25}
    return folder, options, run_lesson(folder, options)


@pytest.fixture
def weights():
    rng = np.random.default_rng(3)
    return lesson.Weights(*(rng.normal(size=shape) for shape in ((4, 12), (3, 12), 12)))


@pytest.fixture
def vectors():
    return np.random.default_rng(4).normal(size=(7, 4)).astype("float32")


def test_the_numpy_cell_computes_what_keras_computes(weights, vectors):
    states = lesson.read_words(vectors, weights)
    hidden, cell = lesson.keras_states(weights, vectors)
    np.testing.assert_allclose(states["hidden"], hidden, atol=1e-6)
    np.testing.assert_allclose(states["cell"][-1], cell, atol=1e-6)
    assert list(states) == list(lesson.GATES)
    assert all(values.shape == (7, 3) for values in states.values())


def test_each_gate_has_the_effect_that_its_name_says(weights, vectors):
    states = lesson.read_words(vectors, weights)
    before = np.vstack([np.zeros(3), states["cell"][:-1]])
    expected = states["forget"] * before + states["update"] * states["candidate"]
    np.testing.assert_allclose(states["cell"], expected)
    np.testing.assert_allclose(states["hidden"], states["output"] * np.tanh(states["cell"]))
    for gate in ("forget", "update", "output"):
        assert ((states[gate] > 0) & (states[gate] < 1)).all()


def test_a_high_bias_opens_its_own_gate(weights, vectors):
    for index, gate in enumerate(("update", "forget", "candidate", "output")):
        bias = weights.bias.copy()
        bias[3 * index : 3 * index + 3] = 50
        states = lesson.read_words(vectors, weights._replace(bias=bias))
        np.testing.assert_allclose(states[gate], 1)


def test_the_variant_of_the_slide_is_the_standard_cell_with_the_identity_only(weights, vectors):
    standard = lesson.read_words(vectors, weights)
    identity = lesson.layer_squash(np.eye(3), np.zeros(3))
    for gate, values in lesson.read_words(vectors, weights, identity).items():
        np.testing.assert_array_equal(values, standard[gate])
    mix, shift = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 2]]), np.array([0, 0, 0.5])
    first = lesson.read_words(vectors[:1], weights, lesson.layer_squash(mix, shift))
    a, b, c = first["cell"][0]
    expected = first["output"][0] * np.tanh([b, a, 2 * c + 0.5])
    np.testing.assert_allclose(first["hidden"][0], expected)


def test_sigmoid_does_not_overflow():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        states = lesson.sigmoid(np.array([-1e4, 0.0, 1e4, 1.0]))
    np.testing.assert_allclose(states, [0, 0.5, 1, 1 / (1 + np.exp(-1))])


@pytest.mark.parametrize("error", [1e-4, np.nan])
def test_a_difference_to_keras_is_an_error(error):
    same = np.zeros(3)
    assert lesson.check((same, same + 1e-6)) == pytest.approx(1e-6)
    with pytest.raises(UserError, match="NumPy cell and Keras differ"):
        lesson.check((same, same), (same, np.array([0, error, 0])))


def test_a_short_document_with_a_confident_correct_prediction_is_chosen():
    probability = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.05, 0.95], [0.99, 0.01]])
    words = np.array([10, 30, 40, 30, 500])
    truth = np.array([0, 0, 1, 0, 0])
    assert lesson.choose(probability, truth, words) == (2, "whole")
    assert lesson.choose(probability, truth, words + 40) == (4, "cut")
    assert lesson.choose(probability, 1 - probability.argmax(axis=1), words) == (4, "wrong")


def test_the_tables_agree_with_the_network(finished):
    _, _, tables = finished
    assert set(tables) == {
        *("gates", "document", "probabilities", "units"),
        *("sentences", "states", "facts"),
    }
    (facts,) = tables["facts"].to_dict("records")
    assert facts["difference_to_keras"] <= 1e-5
    assert facts["difference_of_identity_variant"] == 0
    assert facts["variant_weights"] == 16 * 16 + 16
    layer = keras.layers.LSTM(16)
    layer.build((None, 3, 5))
    assert facts["weights"] == layer.count_params()
    words = facts["read_words"]
    assert len(tables["gates"]) == words * 16 * len(lesson.GATES)
    assert not tables["gates"].duplicated(["step", "unit", "gate"]).any()
    assert tables["document"]["step"].tolist() == list(range(1, words + 1))
    spelled = tables["gates"].drop_duplicates("step").set_index("step")["word"]
    assert spelled.tolist() == tables["document"]["word"].tolist()
    probabilities = tables["probabilities"].pivot_table(
        index="step", columns="label", values="probability"
    )
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert probabilities.loc[words, facts["label"]] == pytest.approx(facts["probability"], abs=1e-5)
    assert tables["units"]["pull"].is_monotonic_decreasing


def test_the_probability_before_any_word_is_that_of_the_state_0():
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="int32"),
            keras.layers.Embedding(5, 4, name="embedding"),
            keras.layers.LSTM(lesson.UNITS, name="lstm"),
            keras.layers.Dense(2, "softmax", bias_initializer="random_normal", name="output"),
        ]
    )
    ids = np.array([1, 2, 3])
    reading = lesson.read_document(model, ids, model.predict(ids[None], verbose=0)[0])
    output = model.get_layer("output")
    expected = output(np.zeros((1, lesson.UNITS), "float32"))[0]
    np.testing.assert_allclose(reading.at_start, expected, atol=1e-6)


def test_sentences_are_read_from_the_last_words_of_documents(finished):
    _, _, tables = finished
    sentences, states = tables["sentences"], tables["states"]
    right = sentences[sentences["label"] == sentences["predicted"]]
    assert right["label"].is_unique
    assert len(sentences) - len(right) <= 1
    spelled = states.drop_duplicates(["sentence", "step"]).groupby("sentence")["word"].agg(" ".join)
    assert spelled.tolist() == sentences["text"].tolist()
    assert (states.groupby(["sentence", "unit", "gate"]).size() == lesson.SENTENCE).all()
    by_gate = states.pivot(index=["sentence", "unit", "step"], columns="gate", values="value")
    before = by_gate["cell"].groupby(["sentence", "unit"]).shift(fill_value=0)
    memory = by_gate["forget"] * before + by_gate["update"] * by_gate["candidate"]
    np.testing.assert_allclose(memory, by_gate["cell"], atol=1e-9)


def test_the_surest_prediction_of_each_class_and_the_surest_wrong_one_are_shown():
    probability = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6], [0.45, 0.55]])
    assert lesson.choose_sentences(probability, np.array([0, 0, 1, 0, 0])) == [0, 2, 3]
    assert lesson.choose_sentences(probability, np.array([0, 0, 1, 1, 1])) == [0, 2]
    assert lesson.choose_sentences(probability[:1], np.array([1])) == [0]


def test_the_network_has_learned_and_its_prediction_for_the_document_is_correct(finished):
    (facts,) = finished[2]["facts"].to_dict("records")
    assert facts["test_accuracy"] > 0.8
    assert facts["chosen"] == "whole"
    assert facts["label"] == facts["predicted"]
    assert facts["probability"] > 0.8
    assert 20 <= facts["document_words"] <= 40


@pytest.mark.workflow
@pytest.mark.reliability("Repeatability")
def test_the_same_seed_gives_the_same_tables(finished, tmp_path):
    _, options, tables = finished
    again = run_lesson(tmp_path, options)
    for name, table in again.items():
        timeless = table.drop(columns="fit_cpu_seconds", errors="ignore")
        pd.testing.assert_frame_equal(timeless, tables[name][timeless.columns])


def test_the_page_shows_hostile_words_as_text(finished, tmp_path):
    folder, _, _ = finished
    shown = lesson_page("inside_lstm", folder, corpus_title="<i>Tiny</i>")
    assert f"<h1>{TITLE}</h1>" in shown
    for raw in ("<script>alert", "<i>Tiny", "<b>con", "Glyph"):
        assert raw not in shown
    assert "f<sub>t</sub> = σ(" in shown


def test_characters_that_cannot_be_drawn_become_boxes():
    words = pd.Series(HOSTILE)
    drawn = inside_lstm_plots.labels(words)
    assert drawn[1:5] == ["$x$ $y$", "a□□b", "□□", "&amp;"]
    assert drawn[5] == "w" * 15 + "…"
    steps, units = np.indices((len(words), 16)).reshape(2, -1) + 1
    gates = pd.DataFrame({"step": steps, "word": words.to_numpy()[steps - 1], "unit": units})
    gates = gates.assign(gate="cell", value=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = html.figure(
            inside_lstm_plots.heat_map(gates, "cell", pd.Series(range(16, 0, -1))), "a"
        ).data
    assert "<script>alert" not in shown
    assert "$x$ $y$" in shown


def test_of_many_classes_the_true_and_the_most_probable_ones_are_drawn():
    table = pd.DataFrame(
        [{"step": 1, "word": "w", "label": f"class {n}", "probability": n / 45} for n in range(10)]
    )
    shown = html.figure(inside_lstm_plots.probability_by_word(table, "class 0"), "a").data
    drawn = [n for n in range(10) if f"> class {n}<" in shown]
    assert drawn == [0, 7, 8, 9]


def test_a_corpus_of_short_documents_is_rejected_with_a_message(tmp_path):
    options = write_corpus(tmp_path / "corpus", range(3, 9))
    message = r"at most 8 words, expected .* one of 20 words or more.*`inside_lstm` from `lessons.p"
    with pytest.raises(UserError, match=message):
        call(lesson_inside_lstm, **options, epochs=1, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_page_explains_why_the_document_was_chosen(finished):
    tables = finished[2]
    facts = tables["facts"]
    assert "Among the documents of 20 to 40 words" in page.document(tables).data
    wrong = facts.assign(chosen="wrong", predicted="mid", label="pro", document_words=99)
    shown = page.document(tables | {"facts": wrong}).data
    assert "A test document of 99 words; the network reads the last" in shown
    assert "No document of 20 words or more was classified correctly." in shown
    assert "prediction: mid; the true class is pro." in shown
    cut = page.document(tables | {"facts": wrong.assign(chosen="cut")}).data
    assert "Among the documents of more than 40 words" in cut
    short = wrong.assign(document_words=facts["read_words"])
    assert "reads all of them" in page.document(tables | {"facts": short}).data


def test_the_page_names_the_words_that_change_the_probability_most():
    facts = pd.DataFrame({"label": ["pro"], "probability_at_start": 0.5})
    steps = {"step": [1, 2, 3], "word": ["a", "b", "c"], "label": "pro"}
    table = pd.DataFrame({**steps, "probability": [0.5, 0.9, 0.6]})
    shown = page.largest_changes({"facts": facts, "probabilities": table}).data
    assert "comes with “b” (word 2): 40 percentage points" in shown
    assert "decrease comes with “c” (word 3): 30 percentage points" in shown
    first = facts.assign(probability_at_start=0.05)
    shown = page.largest_changes({"facts": first, "probabilities": table}).data
    assert "Before the first word, the probability of pro is 5" in shown
    assert "comes with “a” (word 1): 45 percentage points" in shown
    flat = table.assign(probability=0.5)
    shown = page.largest_changes({"facts": facts, "probabilities": flat}).data
    assert "comes with" not in shown
