import numpy as np
import pandas as pd
import pytest
from helpers import call, lesson_page

import lesson_number_sequence
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.lessons import number_sequence as lesson
from seq2report.models.backend import load_keras

TITLE = "The next number of a sequence"
COLUMNS = {
    "history": ["epoch", "mae"],
    "predictions": ["part", "method", "start", "true", "predicted"],
    "scores": ["part", "method", "windows", "mae", "largest"],
    "weights": ["term", "value"],
    "parameters": ["layer", "gate", "kind", "row", "column", "value"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of the tables after 120 epochs: better than predicting the mean."""
    folder = tmp_path_factory.mktemp("tables")
    call(lesson_number_sequence, seed=1, epochs=120, output=folder / "lesson-number_sequence")
    return folder


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Return the folder of the tables after one epoch."""
    folder = tmp_path_factory.mktemp("short")
    call(lesson_number_sequence, seed=5, epochs=1, output=folder / "lesson-number_sequence")
    return folder


@pytest.fixture(scope="module")
def tables(folder):
    return read_tables(folder / "lesson-number_sequence")


def errors(tables, part, method):
    table = tables["predictions"]
    chosen = table[(table["part"] == part) & (table["method"] == method)]
    return (chosen["predicted"] - chosen["true"]).to_numpy()


def test_windows_are_five_numbers_and_the_next_one_divided_by_100():
    x, y = lesson.windows(np.array([0, 99]))
    np.testing.assert_allclose(x, [[0, 0.01, 0.02, 0.03, 0.04], [0.99, 1, 1.01, 1.02, 1.03]])
    np.testing.assert_allclose(y, [0.05, 1.04])


def test_a_fifth_of_the_windows_is_the_test_set_and_depends_on_the_seed():
    train, test = lesson.split_starts(3)
    assert len(test) == 20
    assert sorted([*train, *test]) == list(range(100))
    np.testing.assert_array_equal(test, lesson.split_starts(3)[1])
    assert list(test) != list(lesson.split_starts(4)[1])


@pytest.mark.parametrize("seed", range(20))
def test_all_test_windows_lie_between_training_windows(seed):
    train, test = lesson.split_starts(seed)
    assert train[0] < test[0]
    assert test[-1] < train[-1]


def test_every_table_has_its_columns_and_facts_have_one_row(tables):
    assert set(tables) == {"facts", *COLUMNS}
    assert {name: list(tables[name].columns) for name in COLUMNS} == COLUMNS
    facts = tables["facts"].iloc[0]
    assert len(tables["facts"]) == 1
    assert facts[["train_windows", "test_windows", "steps", "parameters"]].tolist() == [
        80,
        20,
        3,
        4 * 4 * (1 + 4 + 1) + 4 + 1,
    ]
    assert tables["history"]["epoch"].tolist() == list(range(1, 121))
    counts = tables["predictions"].value_counts(["part", "method"]).unstack()
    assert counts.loc[["train", "test", "outside", "far"], "LSTM"].tolist() == [80, 20, 50, 4]
    assert (counts.nunique(axis=1) == 1).all()


def test_scores_are_the_mean_and_the_largest_error_in_numbers(tables):
    scores = tables["scores"].set_index(["part", "method"])
    assert len(scores) == 3 * 4
    for key, row in scores.iterrows():
        error = np.abs(errors(tables, *key))
        assert row.tolist() == pytest.approx([len(error), error.mean(), error.max()])


def test_a_straight_line_is_exact_and_the_last_number_is_wrong_by_one(tables):
    for part in ("train", "test", "outside", "far"):
        np.testing.assert_allclose(errors(tables, part, "last number"), -1)
        np.testing.assert_allclose(errors(tables, part, "last number + 1"), 0, atol=1e-9)
        np.testing.assert_allclose(errors(tables, part, "linear regression"), 0, atol=1e-9)
    weights = tables["weights"].set_index("term")["value"]
    np.testing.assert_allclose(weights.drop("constant"), 0.2)
    assert weights["constant"] == pytest.approx(3)


def test_the_network_learns_the_training_range_and_fails_outside(tables):
    facts, history = tables["facts"].iloc[0], tables["history"]["mae"]
    assert history.iloc[-1] < 0.1 * history.iloc[0]
    assert facts["last_loss"] == history.iloc[-1]
    # The error of predicting the mean of the training numbers would be about 25.
    assert facts["test_mae"] == pytest.approx(np.abs(errors(tables, "test", "LSTM")).mean())
    assert facts["test_mae"] < 4
    assert facts["outside_mae"] > 2 * facts["test_mae"]
    assert (errors(tables, "outside", "LSTM")[-10:] < -5).all()


def test_no_prediction_reaches_the_ceiling():
    keras = load_keras(1)
    model = lesson.build_network(keras, 1)
    kernel, bias = model.layers[-1].get_weights()
    lstm = model.layers[0]
    # With open gates and a large candidate at every step, the output of each unit is near ±1; the
    # candidate has the sign of the unit's weight in the dense layer.
    inputs, recurrent, gates = (np.zeros_like(w) for w in lstm.get_weights())
    gates[:] = 50
    gates[2 * lesson.UNITS : 3 * lesson.UNITS] = 50 * np.sign(kernel[:, 0])
    lstm.set_weights([inputs, recurrent, gates])
    highest = float(model(np.zeros((1, lesson.WINDOW, 1), "float32"))[0, 0])
    top = lesson.ceiling(kernel, bias[0])
    assert 0.999 * top < highest <= top


def test_every_epoch_uses_all_windows_once(monkeypatch):
    load_keras(1)
    seen = []

    class Model:
        def fit(self, batches, epochs, steps_per_epoch, **options):
            seen.extend(y.numpy() for _, y in batches.take(epochs * steps_per_epoch))
            return type("History", (), {"history": {"loss": [0.0] * epochs}})

    lesson.fit_network(Model(), np.zeros((80, 5)), np.arange(80.0), 2, 3, 1)
    assert [len(y) for y in seen] == [32, 32, 16] * 2
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    np.testing.assert_array_equal(np.sort(first), np.arange(80))
    np.testing.assert_array_equal(np.sort(second), np.arange(80))
    assert list(first) != list(second)


@pytest.mark.reliability("Repeatability")
def test_the_same_seed_gives_the_same_tables(short, tmp_path):
    call(lesson_number_sequence, seed=5, epochs=1, output=tmp_path / "again")
    once, again = read_tables(short / "lesson-number_sequence"), read_tables(tmp_path / "again")
    for name, table in once.items():
        timed = [column for column in table if column.endswith("_seconds")]
        pd.testing.assert_frame_equal(
            table.drop(columns=timed), again[name].drop(columns=timed), check_exact=True
        )


def test_zero_epochs_are_rejected_with_a_message(tmp_path):
    with pytest.raises(UserError, match="--epochs 0: expected 1 or more"):
        call(lesson_number_sequence, seed=1, epochs=0, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def show(tables):
    html = lesson_page("number_sequence", tables)
    assert TITLE in html
    return html


def test_the_page_reports_that_the_line_is_exact_and_the_network_is_not(folder):
    html = show(folder)
    assert "linear regression finds an exact rule" in html
    assert "has not learned “add 1”" in html


def test_the_page_of_an_untrained_network_does_not_call_it_a_success(short):
    html = show(short)
    assert "not even better than that rule" in html
    assert "It was never below 1" in html
    assert "this looks like a success" not in html
