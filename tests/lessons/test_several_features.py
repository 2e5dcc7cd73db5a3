import numpy as np
import pandas as pd
import pytest
from helpers import call, lesson_page
from sklearn.linear_model import LinearRegression

import lesson_several_features
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.lessons import several_features as lesson
from seq2report.lessons import several_features_page as page
from seq2report.models.backend import load_keras

TITLE = "One feature or two: temperature and irradiance"
COLUMNS = {
    "law": ["name", "value", "unit", "meaning"],
    "series": ["hour", "cloud_cover", "irradiance", "temperature", "part"],
    "history": ["inputs", "run", "epoch", "loss"],
    "predictions": [
        "method",
        "inputs",
        "run",
        "hour",
        "irradiance_before",
        "temperature",
        "predicted",
    ],
    "scores": ["method", "inputs", "run", "time", "windows", "mae"],
    "summary": ["time", "method", "inputs", "runs", "windows", "mae", "sd"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    call(lesson_several_features, seed=1, epochs=8, output=folder / "lesson-several_features")
    return folder


@pytest.fixture(scope="module")
def tables(folder):
    return read_tables(folder / "lesson-several_features")


def test_the_sun_of_a_clear_day_has_the_height_of_its_latitude_and_season():
    hours = np.arange(24 * 90)
    sky = lesson.clear_sky(hours).reshape(90, 24)
    assert (sky.argmax(axis=1) == 12).all()
    np.testing.assert_allclose(sky[:, 1:], sky[:, :0:-1])  # symmetric around noon
    assert (sky[:, :4] < 1e-9).all()
    noon = 21 * 2 + 9  # the 51st day from 1 May is 21 June
    height = np.radians(90 - 50 + 23.45)
    assert sky[noon, 12] == pytest.approx(
        1098 * np.sin(height) * np.exp(-0.059 / np.sin(height)), rel=1e-3
    )


def test_the_series_follows_its_law():
    weather = lesson.generate(7)
    sky = lesson.clear_sky(weather["hour"].to_numpy())
    cover, sun = weather["cloud_cover"], weather["irradiance"]
    assert cover.between(0, 1).all()
    np.testing.assert_allclose(sun, sky * (1 - 0.75 * cover**3.4))
    logit = np.log(cover / (1 - cover))
    assert logit.autocorr() == pytest.approx(0.8, abs=0.05)
    assert logit.std() == pytest.approx(2, rel=0.1)
    now, then = weather["temperature"].iloc[:-1].to_numpy(), weather["temperature"].iloc[1:]
    noise = then.to_numpy() - (now + 0.12 * (8 - now) + 0.0025 * sun.iloc[:-1].to_numpy())
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    assert abs(noise.mean()) < 0.03
    assert abs(np.corrcoef(noise[:-1], noise[1:])[0, 1]) < 0.07
    assert abs(np.corrcoef(noise, sun.iloc[:-1])[0, 1]) < 0.07


def test_windows_hold_the_hours_before_the_one_to_predict_and_stay_in_their_split():
    series = np.arange(40).reshape(20, 2)
    x, hours = lesson.windows(series, 8, 16)
    assert hours.tolist() == [13, 14, 15]
    assert x.shape == (3, 5, 2)
    np.testing.assert_array_equal(x[0], series[8:13])
    np.testing.assert_array_equal(x[-1], series[10:15])


def test_the_linear_regression_predicts_as_scikit_learn_does():
    random = np.random.default_rng(1)
    x, y, new = (
        random.normal(size=(50, 5, 2)),
        random.normal(size=50),
        random.normal(size=(9, 5, 2)),
    )
    expected = LinearRegression().fit(x.reshape(50, 10), y).predict(new.reshape(9, 10))
    np.testing.assert_allclose(lesson.fit_line(x, y)(new), expected)


def test_a_run_does_not_depend_on_the_runs_before_it():
    keras = load_keras(1)
    random = np.random.default_rng(1)
    x, y = random.normal(size=(128, 5, 1)), random.normal(size=128)
    networks, losses = lesson.fit_networks(keras, x, y, 2, [3, 4, 3])
    np.testing.assert_array_equal(losses[0], losses[2])
    assert not np.array_equal(losses[0], losses[1])
    for first, third in zip(networks[0].get_weights(), networks[2].get_weights(), strict=True):
        np.testing.assert_array_equal(first, third)


def test_every_table_has_its_columns_and_facts_have_one_row(tables):
    assert set(tables) == {"facts", *COLUMNS}
    assert {name: list(tables[name].columns) for name in COLUMNS} == COLUMNS
    facts = tables["facts"].iloc[0]
    assert len(tables["facts"]) == 1
    assert facts["train_windows"] == 63 * 24 - 5
    assert facts["test_windows"] == 27 * 24 - 5
    for features in (1, 2):
        assert facts[f"parameters_{features}"] == 4 * 16 * (16 + features + 1) + 17
    runs = tables["scores"].query("time == 'all'").value_counts(["method", "inputs"])
    assert runs.sort_values().tolist() == [1, 1, 1, 1, 3, 3]
    assert len(tables["history"]) == 2 * 3 * 8


def test_the_test_set_is_the_future_and_scores_are_its_mean_errors(tables):
    series, predictions = tables["series"], tables["predictions"]
    trained = series.loc[series["part"] == "train", "hour"]
    assert predictions["hour"].min() == trained.max() + 1 + 5
    before = series.set_index("hour")["irradiance"].reindex(predictions["hour"] - 1)
    np.testing.assert_array_equal(predictions["irradiance_before"], before)
    error = (predictions["predicted"] - predictions["temperature"]).abs()
    keys = ["method", "inputs", "run"]
    day = predictions["irradiance_before"] > 1
    assert 0.4 < day.mean() < 0.8
    for time, chosen in (("all", error.notna()), ("day", day), ("night", ~day)):
        scores = tables["scores"]
        actual = scores[scores["time"] == time].set_index(keys)["mae"]
        expected = error[chosen].groupby([predictions.loc[chosen, key] for key in keys]).mean()
        pd.testing.assert_series_equal(actual.sort_index(), expected, check_names=False)


def test_the_future_does_not_change_what_is_learned(tmp_path, monkeypatch, tables):
    generate = lesson.generate

    def hot_future(seed):
        weather = generate(seed)
        weather.loc[weather.index[63 * 24 :], ["temperature", "irradiance"]] *= 3
        return weather

    monkeypatch.setattr(lesson, "generate", hot_future)
    call(lesson_several_features, seed=1, epochs=1, output=tmp_path / "hot")
    once = tables["history"].query("epoch == 1").reset_index(drop=True)
    pd.testing.assert_frame_equal(read_tables(tmp_path / "hot")["history"], once)


def test_the_second_feature_helps_and_no_method_is_better_than_the_noise(tables):
    facts = tables["facts"].iloc[0]
    mae = tables["summary"].query("time == 'all'").set_index(["method", "inputs"])["mae"]
    last = mae["last temperature", "temperature"]
    one, two = (mae["LSTM", name] for name in ("temperature", "temperature + irradiance"))
    assert two < 0.85 * one < one < last
    assert [facts["mae_alone"], facts["mae_both"], facts["difference"]] == [one, two, one - two]
    assert facts["floor_by_theory"] == pytest.approx(0.23937, abs=1e-5)
    assert facts["floor"] == mae["the law", "temperature + irradiance"]
    assert facts["floor"] == pytest.approx(facts["floor_by_theory"], rel=0.1)
    line = mae["linear regression", "temperature + irradiance"]
    assert line == pytest.approx(facts["floor"], rel=0.02)
    assert two > 0.98 * facts["floor"]


def test_zero_epochs_are_rejected_with_a_message(tmp_path):
    with pytest.raises(UserError, match="--epochs 0: expected 1 or more"):
        call(lesson_several_features, seed=1, epochs=0, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_page_reports_by_how_much_the_second_feature_helps(folder, tables):
    html = lesson_page("several_features", folder)
    assert TITLE in html
    facts = tables["facts"].iloc[0]
    sentence = f"falls from {facts['mae_alone']:.3f} to {facts['mae_both']:.3f} °C"
    assert sentence in html


def test_two_errors_that_differ_little_are_called_equal():
    verdicts = [page.compare(error, 1.0, "equal") for error in (0.97, 0.99, 1.0, 1.01, 1.03)]
    assert verdicts == [
        "the LSTM is better than the linear regression",
        *["equal"] * 3,
        "the linear regression is better than the LSTM",
    ]


def test_the_page_reports_a_second_feature_that_does_not_help(tables):
    worse = tables["facts"].assign(mae_alone=0.3, mae_both=0.4, difference=-0.1)
    shown = page.effect_of_the_second_feature(tables | {"facts": worse}).data
    assert "does not help here: the error of the LSTM is 0.300 °C without and 0.400 °C" in shown
