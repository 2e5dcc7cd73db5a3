import math

import keras
import numpy as np
import pandas as pd
import pytest
import random_corpus
from helpers import call, lesson_page
from networks import no_xla
from random_corpus import CLASSES, NUM_WORDS

import lesson_vanishing_gradient
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.documents.sequences import read_sequences
from seq2report.lessons import vanishing_gradient as lesson
from seq2report.lessons import vanishing_gradient_page as page
from seq2report.lessons import vanishing_gradient_plots
from seq2report.lessons.common import Corpus
from seq2report.report import html

TITLE = "How far back can a recurrent network look?"


def write_corpus(folder, words=range(100, 130)):
    return random_corpus.write_corpus(folder, words, typical=0.2)


@pytest.fixture
def small(monkeypatch):
    """Use short documents and few short memory trainings; the tests do not depend on the sizes."""
    for name, value in {
        "LENGTH": 12,
        "FAR": 8,
        "STEPS_BACK": (2, 3),
        "UPDATES": 2,
        "BATCH": 16,
        "UNSEEN": 50,
    }.items():
        monkeypatch.setattr(lesson, name, value)


def run_lesson(folder, options, **more):
    call(lesson_vanishing_gradient, **options, output=folder / "lesson-vanishing_gradient", **more)
    return read_tables(folder / "lesson-vanishing_gradient")


def network(kind, length=6, classes=3):
    keras.utils.set_random_seed(1)
    table = np.random.default_rng(1).normal(size=(9, 4)).astype("float32")
    return lesson.Network(kind, table, classes, length, 0.01), table


@pytest.mark.parametrize("kind", lesson.CELLS)
@pytest.mark.parametrize("steps", [1, 4, 6])
def test_a_network_computes_the_logits_of_keras_after_any_number_of_steps(kind, steps):
    built, table = network(kind)
    layer = getattr(keras.layers, kind)(lesson.UNITS)
    layer.build((None, steps, 4))
    layer.set_weights([value.numpy() for value in built.cell.trainable_variables])
    ids = np.random.default_rng(2).integers(0, 9, (5, 6)).astype("int32")
    expected = built.output(layer(table[ids[:, :steps]]))
    np.testing.assert_allclose(built.logits(ids, steps), expected, atol=1e-5)


@pytest.mark.parametrize("kind", lesson.CELLS)
def test_gradient_norms_equal_finite_differences_with_the_last_word_first(kind):
    built, table = network(kind)
    layer = getattr(keras.layers, kind)(lesson.UNITS)
    layer.build((None, 6, 4))
    layer.set_weights([value.numpy() for value in built.cell.trainable_variables])
    ids = np.random.default_rng(2).integers(0, 9, (2, 6)).astype("int32")
    truth = np.array([2, 0], dtype="int32")
    step = 1e-2
    expected = np.zeros((2, 6))
    for row, position in np.ndindex(2, 6):
        slopes = []
        for dimension in range(4):
            both = np.stack([table[ids[row]]] * 2)
            both[:, position, dimension] += [step, -step]
            up, down = built.output(layer(both)).numpy()[:, truth[row]]
            slopes.append((up - down) / (2 * step))
        expected[row, 5 - position] = np.linalg.norm(slopes)
    np.testing.assert_allclose(
        lesson.gradient_norms(built, ids, truth), expected, rtol=0.02, atol=1e-4
    )


@pytest.mark.workflow
@pytest.mark.reliability("Repeatability")
@no_xla()
def test_the_same_seed_gives_the_same_tables(small, tmp_path, monkeypatch):
    monkeypatch.setattr(lesson, "CELLS", ("SimpleRNN",))
    sequences = read_sequences(write_corpus(tmp_path / "corpus")["sequences"])
    vectors = np.random.default_rng(1).normal(size=(NUM_WORDS, 5)).astype("float32")

    def tables():
        on_documents, _ = lesson.compare_on_documents(Corpus(sequences, CLASSES, vectors), 2, 7)
        return [*on_documents.values(), lesson.recall(7, 2, (3,), 2)]

    first, second = tables(), tables()
    for left, right in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(left, right)
    before, after = first[0].groupby("stage", sort=False)["median"].sum()
    assert before != after
    assert first[-1]["accuracy"].nunique() == 2  # a repetition is another training


def test_training_on_two_steps_raises_the_accuracy_and_restart_undoes_it():
    built, _ = network("GRU", classes=9)
    ids = np.random.default_rng(2).integers(0, 9, (40, 32, 6)).astype("int32")
    before = built.logits(ids[0], 2).numpy()
    built.train(ids, ids[:, :, 0], keras.ops.convert_to_tensor(2))
    after = built.logits(ids[0], 2).numpy()
    right = [float((logits.argmax(axis=1) == ids[0, :, 0]).mean()) for logits in (before, after)]
    assert right[0] < 0.5 < right[1]
    assert int(built.optimizer.iterations.numpy()) == 40
    built.restart(built.start)
    np.testing.assert_array_equal(built.logits(ids[0], 2), before)
    assert all(
        (left.numpy() == right).all()
        for left, right in zip(built.optimizer.variables, built.optimizer_start, strict=True)
    )


@pytest.mark.parametrize(("kind", "kept"), [("LSTM", 1 / (1 + math.exp(-4))), ("GRU", 0.982)])
def test_an_opened_gate_keeps_the_state_and_no_other_weight_changes(kind, kept):
    built, _ = network(kind)
    weights = lesson.open_gate(built, built.start)
    changed = [
        (int((new != old).sum()), new.shape) for new, old in zip(weights, built.start, strict=True)
    ]
    assert [n for n, _ in changed if n] == [lesson.UNITS]
    built.restart([np.zeros_like(v) if v.ndim == 2 and len(v) > 2 else v for v in weights])
    # With weights of zero only the bias acts: the state shrinks to the share that the gate keeps.
    state = np.full((1, lesson.UNITS), 0.5, dtype="float32")
    states = [state, state] if kind == "LSTM" else [state]
    _, after = built.cell(np.zeros((1, 4), "float32"), states)
    np.testing.assert_allclose(after[-1], 0.5 * kept, atol=1e-3)
    assert lesson.kept_per_step(kind, lesson.OPENED) == pytest.approx(kept, abs=1e-3)


@pytest.mark.parametrize(("kind", "kept"), [("LSTM", 0.731), ("GRU", 0.5)])
def test_before_training_a_gate_keeps_the_share_of_keras_initial_bias(kind, kept):
    built, _ = network(kind)
    state = np.full((1, lesson.UNITS), 0.5, dtype="float32")
    states = [state, state] if kind == "LSTM" else [state]
    built.restart([np.zeros_like(v) if v.ndim == 2 and len(v) > 2 else v for v in built.start])
    _, after = built.cell(np.zeros((1, 4), "float32"), states)
    np.testing.assert_allclose(after[-1], 0.5 * kept, atol=1e-3)
    assert lesson.kept_per_step(kind, lesson.USUAL) == pytest.approx(kept, abs=1e-3)


def test_falls_divide_the_gradient_at_the_last_word_by_the_one_far_back():
    table = pd.DataFrame({"stage": "after", "cell": "LSTM", "steps_back": range(51)})
    table["median"] = [8.0] + [1.0] * 49 + [2.0]
    zero = table.assign(cell="GRU", median=[8.0] + [0.0] * 50)
    falls = lesson.falls(pd.concat([table, zero])).set_index("cell")["fall"]
    assert falls.to_dict() == {"LSTM": 4.0, "GRU": math.inf}


def test_an_opened_gate_lets_an_lstm_remember_for_longer(monkeypatch):
    monkeypatch.setattr(lesson, "CELLS", ("LSTM",))
    table = lesson.recall(1, 1, steps_back=(2, 20), repetitions=1)
    accuracy = table.set_index(["start", "steps"])["accuracy"]
    assert accuracy[lesson.USUAL, 2] > 0.9
    assert accuracy[lesson.USUAL, 20] < 0.3
    assert accuracy[lesson.OPENED, 20] > 0.6


@no_xla()  # other tests compile each of the cells
def test_every_table_is_complete_and_the_page_is_built_from_them(small, tmp_path):
    options = write_corpus(tmp_path / "corpus")
    matrix = np.random.default_rng(1).normal(size=(NUM_WORDS, 5)).astype("float32")
    np.save(tmp_path / "matrix.npy", matrix)
    tables = run_lesson(tmp_path, options, matrix=tmp_path / "matrix.npy", calls=1, epochs=3)
    assert set(tables) == {"gradients", "falls", "networks", "memory", "starts", "facts"}
    gradients = tables["gradients"]
    assert len(gradients) == 2 * 3 * 12
    assert (gradients["lower"] <= gradients["median"]).all()
    assert (gradients["median"] <= gradients["upper"]).all()
    weights = tables["networks"].set_index("cell")["cell_weights"].to_dict()
    units = lesson.UNITS
    simple = units * (5 + units + 1)
    assert weights[lesson.SIMPLE] == simple
    assert weights["LSTM"] == 4 * simple
    assert weights["GRU"] == 3 * simple + 3 * units  # Keras's GRU has a second bias
    assert len(tables["memory"]) == 5 * 2 * lesson.REPETITIONS
    (facts,) = tables["facts"].to_dict("records")
    assert facts["fitted_documents"] == 80
    assert facts["measured_documents"] == 30
    assert not facts["learned_vectors"]
    assert facts["updates"] == 2

    shown = lesson_page("vanishing_gradient", tmp_path, corpus_title="<i>Tiny</i> $x$ $y$")
    assert f"<h1>{TITLE}</h1>" in shown
    assert "For n = 2 there are only 64 different sequences" in shown
    assert "<i>Tiny" not in shown
    assert "mathdefault" not in shown


def test_vectors_are_learned_without_a_matrix(small, tmp_path, monkeypatch):
    monkeypatch.setattr(lesson, "CELLS", ("SimpleRNN",))
    options = write_corpus(tmp_path / "corpus")
    corpus = Corpus(read_sequences(options["sequences"]), CLASSES, (NUM_WORDS, 5))
    tables, facts = lesson.compare_on_documents(corpus, 30, 1)
    assert facts["learned_vectors"]
    assert tables["networks"]["test_accuracy"].item() > 0.6


def test_a_corpus_of_short_documents_is_rejected_with_a_message(tmp_path):
    options = write_corpus(tmp_path / "corpus", range(20, 90))
    message = "0 test documents of 100 words or more.*`vanishing_gradient` from `lessons.pages`"
    with pytest.raises(UserError, match=message):
        call(lesson_vanishing_gradient, **options, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_gradient_of_zero_is_drawn():
    back = range(5)
    frames = [
        pd.DataFrame({"stage": stage, "cell": "LSTM", "steps_back": back}).assign(
            lower=0.0, median=[1e-3, 1e-6, 0, 0, 0], upper=[1.0, 1e-3, 0, 0, 0]
        )
        for stage in vanishing_gradient_plots.STAGES
    ]
    shown = html.figure(vanishing_gradient_plots.gradients(pd.concat(frames)), "alt").data
    assert "10⁻³" in shown


def memory_table(accuracies):
    """Return the table memory from the accuracy at 5 and at 10 steps of each cell and start."""
    rows = [
        {"cell": cell, "start": start, "steps": steps, "repetition": 1, "accuracy": accuracy}
        for (cell, start), values in accuracies.items()
        for steps, accuracy in zip((5, 10), values, strict=True)
    ]
    return pd.DataFrame(rows)


def test_a_length_counts_as_solved_only_if_all_shorter_ones_are():
    usual = dict.fromkeys([lesson.SIMPLE, "LSTM", "GRU"], page.USUAL)
    values = [(1.0, 0.95), (0.8, 1.0), (0.95, 0.2)]
    mean = page.mean_accuracy(memory_table(dict(zip(usual.items(), values, strict=True))))
    assert page.longest_solved(mean).tolist() == [10, 0, 5]
    kept = pd.DataFrame({"cell": ["LSTM", "GRU"], "start": page.USUAL, "kept": [0.73, 0.5]})
    shown = page.comparison_with_simple_rnn(mean, kept).data
    assert "LSTM and GRU solved fewer lengths" in shown
    assert "keeps 0.73 of the state per step (LSTM) and 0.50 of the state per step (GRU)" in shown


def test_the_page_reports_for_which_cells_the_opened_gate_helps():
    accuracies = {
        ("LSTM", page.USUAL): (0.9, 0.1),
        ("LSTM", page.OPENED): (1.0, 1.0),
        ("GRU", page.USUAL): (0.3, 0.1),
        ("GRU", page.OPENED): (0.5, 0.1),
    }
    shown = page.effect_of_an_open_gate(page.mean_accuracy(memory_table(accuracies))).data
    assert "LSTM can solve longer sequences" in shown
    assert "For GRU, the opened gate raises the accuracy" in shown
    same = dict.fromkeys(accuracies, (0.5, 0.5))
    shown = page.effect_of_an_open_gate(page.mean_accuracy(memory_table(same))).data
    assert "did not help" in shown


@pytest.mark.parametrize(("fall", "is_explained"), [(1e3, True), (1e9, False)])
def test_a_gradient_that_falls_less_than_the_gates_alone_would_is_explained(fall, is_explained):
    starts = pd.DataFrame({"cell": ["LSTM", "GRU"], "start": page.USUAL, "kept": [0.73, 0.5]})
    falls = starts[["cell"]].assign(stage="before", fall=fall)
    shown = page.kept_before_training({"starts": starts, "falls": falls}, 50).data
    assert "after 50 steps the state is smaller by a factor of" in shown
    assert ("fall less" in shown) == is_explained


def effect_of_training(before, after, learned_vectors):
    """Return the paragraph for the falls of simple RNN, LSTM and GRU."""
    cells = {"cell": [lesson.SIMPLE, "LSTM", "GRU"]}
    stages = {"before": before, "after": after}
    frames = [pd.DataFrame({**cells, "stage": name, "fall": f}) for name, f in stages.items()]
    facts = pd.DataFrame({"learned_vectors": [learned_vectors]})
    return page.effect_of_training({"falls": pd.concat(frames), "facts": facts}).data


def test_causes_that_are_not_measured_are_called_possible():
    shown = effect_of_training([9, 9000, 9000], [1e4, 9, 9], True)
    assert "not measured here: gates that keep more of the state, and larger weights" in shown


@pytest.mark.parametrize("learned_vectors", [True, False])
def test_small_word_vectors_are_a_reason_only_if_they_are_learned(learned_vectors):
    shown = effect_of_training([9, 9, 9], [1, 9, 9], learned_vectors)
    assert "orthogonal matrix" in shown
    assert ("start small" in shown) == learned_vectors


def test_a_factor_is_written_for_readers():
    values = (1.234, 12.3, 1234, 1.23e9, math.inf)
    assert [page.factor(value) for value in values] == [
        "1.2",
        "12",
        "1,234",
        "1.2 × 10⁹",
        "more than float32 can represent",
    ]


def test_names_are_listed_as_in_a_sentence():
    lists = (["a"], ["a", "b"], ["a", "b", "c"])
    assert [page.listed(names) for names in lists] == ["a", "a and b", "a, b and c"]
