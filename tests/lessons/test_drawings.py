"""The drawings of the lessons: their numbers are those of the tables, and their text fits."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from drawn import numbers, outside, parsed, texts

from seq2report.lessons import (
    cbow_drawing,
    drawing,
    inside_lstm,
    inside_lstm_drawing,
    inside_lstm_page,
    number_sequence,
    number_sequence_drawing,
    number_sequence_page,
    one_hot,
    one_hot_drawing,
    one_hot_page,
    several_features,
    several_features_drawing,
    vanishing_gradient_drawing,
    vanishing_gradient_page,
)
from seq2report.lessons.cbow import by_hand


def cbow_tables() -> dict[str, pd.DataFrame]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(by_hand, "STARTS", 20)
        starts, _, embeddings = by_hand.try_starts(by_hand.SHOWN, 1)
    tables = {"step": by_hand.first_step(by_hand.draw_starts(1, 1)), "starts": starts}
    tables |= {"contexts": starts[["setting"]], "pairs": pd.DataFrame(index=range(8))}
    tables |= by_hand.compare_orders(starts, embeddings)
    return tables | {"facts": pd.DataFrame({"rate": [by_hand.RATE]})}


def parameter_tables() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(1)

    def layer(*shapes):
        return SimpleNamespace(get_weights=lambda: [rng.normal(size=shape) for shape in shapes])

    model = SimpleNamespace(layers=[layer((1, 16), (4, 16), 16), layer((4, 1), 1)])
    return {"parameters": number_sequence.list_parameters(model)}


def weather_tables() -> dict[str, pd.DataFrame]:
    series = several_features.generate(1).assign(part="test")
    return {"series": series, "facts": pd.DataFrame({"window": [several_features.WINDOW]})}


def gradient_tables() -> dict[str, pd.DataFrame]:
    back = np.arange(60)
    columns = {"stage": "after", "steps_back": back}
    halved = pd.DataFrame(columns | {"cell": "halved", "median": 8 * 0.5**back})
    same = pd.DataFrame(columns | {"cell": "same", "median": 3.0})
    return {"gradients": pd.concat([halved, same]), "facts": pd.DataFrame({"far": [50]})}


def lstm_tables() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(1)
    weights = inside_lstm.Weights(*(rng.normal(size=size) for size in ((5, 64), (16, 64), 64)))
    words = ["<b>", "extraordinarily", *"abcdefgh"]
    frames = [
        inside_lstm.tidy(inside_lstm.read_words(rng.normal(size=(10, 5)), weights), words)
        for _ in range(2)
    ]
    states = pd.concat([frame.assign(sentence=n) for n, frame in enumerate(frames, start=1)])
    facts = {"sentence": [1, 2], "label": "<i>x", "predicted": "y", "probability": 0.9}
    return {"states": states, "sentences": pd.DataFrame(facts | {"text": " ".join(words)})}


@pytest.fixture(scope="module")
def figures():
    """A figure of each lesson, from tables that the lesson made."""
    six_words = cbow_tables()
    return {
        "one_hot": one_hot_drawing.figure(one_hot.build_tables(1)),
        "cbow": cbow_drawing.step(six_words),
        "cbow maps": cbow_drawing.maps(six_words),
        "inside_lstm": inside_lstm_drawing.sentences(lstm_tables()),
        "number_sequence": number_sequence_drawing.figure(parameter_tables()),
        "several_features": several_features_drawing.figure(weather_tables()),
        "vanishing_gradient": vanishing_gradient_drawing.figure(gradient_tables()),
    }


def test_drawings_are_described_and_readable_on_a_phone(figures):
    for svg in (svg for figure in figures.values() for svg in parsed(figure)):
        assert svg.get("role") == "img"
        assert svg.find("title").text == svg.get("aria-label")
        assert len(svg.find("desc").text) > 60
        assert float(svg.get("viewBox").split()[2]) <= drawing.WIDTH
        assert outside(svg) == []


def test_text_of_a_corpus_is_escaped_and_visible():
    shown = drawing.drawing(9, "<b>", "\x07", drawing.text(0, 0, "</svg><script>"))
    assert "<b>" not in shown
    assert "<script>" not in shown
    assert "\x07" not in shown


def test_one_hot_numbers_are_those_of_the_tables(figures):
    tables = one_hot.build_tables(1)
    row = one_hot_drawing.SHOWN
    matrix = tables["features"].iloc[:, 1:].to_numpy()
    column = tables["one_hot"].iloc[row, 1:].tolist()
    product, lookup = parsed(figures["one_hot"])
    assert sorted(numbers(product)) == pytest.approx(
        sorted([*column, *matrix.ravel(), *tables["lookup"].iloc[row, 1:]])
    )
    assert sorted(numbers(lookup)) == pytest.approx(sorted([row, *matrix.ravel(), *matrix[row]]))


def test_one_hot_drawing_shows_the_product_that_was_computed():
    tables = one_hot.build_tables(1)
    tables["lookup"] = tables["lookup"].assign(sea=7.5)
    product, _ = parsed(one_hot_drawing.figure(tables))
    assert numbers(product).count(7.5) == 1


def test_cbow_numbers_are_those_of_the_step(figures):
    values = by_hand.first_step(by_hand.draw_starts(1, 1)).groupby("quantity")["value"].agg(list)
    forward, update = parsed(figures["cbow"])
    shown = [*values["before"], *values["input"], *values["probability"]]
    assert sorted(numbers(forward)) == pytest.approx(sorted(shown), abs=0.005)
    shown = [*values["probability"], *values["target"], *values["error"], *values["loss"]]
    shown += [*values["before"], *values["change"], *values["after"]]
    assert sorted(numbers(update)) == pytest.approx(sorted(shown), abs=0.005)
    weights = [each for each in forward.iter("path") if "stroke-width" in (each.get("style") or "")]
    negative = [each for each in weights if "minus" in each.get("class")]
    assert len(weights) == len(values["output weight"])
    assert len(negative) == sum(value < 0 for value in values["output weight"])


def test_cbow_maps_show_a_start_that_worked_and_one_that_did_not(figures):
    tables = cbow_tables()
    worked = tables["starts"].set_index("start")["line"]
    shown = [texts(svg, "strong")[0] for svg in parsed(figures["cbow maps"])]
    starts = [int(title.split()[1].rstrip(":")) for title in shown]
    assert worked[starts].tolist() == [True, False]
    assert ["separate" in title for title in shown] == [True, False]


def test_every_parameter_of_the_number_sequence_is_a_square(figures):
    table = parameter_tables()["parameters"]
    squares, total = parsed(figures["number_sequence"])
    kinds = [each.get("class") for each in squares.iter("rect")]
    assert len(kinds) == len(table) == 101
    assert kinds.count("minus") == (table["value"] < 0).sum()
    assert len({(each.get("x"), each.get("y")) for each in squares.iter("rect")}) == 101
    *_, lstm, weights, bias, everything = numbers(total)
    assert (lstm, weights, bias) == (96, 4, 1)
    assert lstm + weights + bias == everything == 101


def test_the_window_slides_over_the_hours_of_the_series(figures):
    tables = weather_tables()
    hours = several_features_drawing.shown_hours(tables)
    assert len(hours) == several_features.WINDOW + several_features_drawing.STEPS
    for step, svg in enumerate(parsed(figures["several_features"])):
        shown = np.reshape(numbers(svg), (len(hours), 2))
        assert shown[:, 0] == pytest.approx(hours["temperature"], abs=0.05)
        assert shown[:, 1] == pytest.approx(hours["irradiance"], abs=0.5)
        (target,) = [float(each) for each in texts(svg, "strong") if each[0].isdigit()]
        wanted = hours["temperature"].iloc[step + several_features.WINDOW]
        assert target == pytest.approx(wanted, abs=0.05)


def test_the_chain_of_factors_is_that_of_the_gradients(figures):
    halved, same = (texts(svg, "number") for svg in parsed(figures["vanishing_gradient"]))
    assert [each for each in halved if "×" in each][:-1] == ["× 0.50"] * 4
    assert [each for each in halved if "×" not in each] == ["0.062", "0.12", "0.25", "0.5", "1"]
    assert halved[-1] == "8.9 × 10⁻¹⁶"
    assert same[-1] == "1"


def test_the_numbers_of_the_lstm_cell_are_those_of_a_unit_at_the_last_word(figures):
    svgs, states = parsed(figures["inside_lstm"]), lstm_tables()["states"]
    assert len(svgs) == 2 * 7
    for sentence, cell in ((1, svgs[0]), (2, svgs[7])):
        of_sentence = states[states["sentence"] == sentence]
        unit = int(texts(cell, "strong")[0].split()[1])
        rows = of_sentence[of_sentence["unit"] == unit].pivot(
            index="step", columns="gate", values="value"
        )
        last = rows.iloc[-1]
        hidden = of_sentence.query("gate == 'hidden' and step == 10")["value"].abs()
        assert abs(last["hidden"]) == hidden.max()
        names = ["forget", "update", "candidate", "output", "hidden"]
        shown = [rows["cell"].iloc[-2], last["cell"], *last[names]]
        assert numbers(cell) == pytest.approx(shown, abs=0.005)


def test_a_heat_map_has_a_square_per_word_and_unit_with_its_sign(figures):
    _, *maps = parsed(figures["inside_lstm"])[:7]
    states = lstm_tables()["states"].query("sentence == 1")
    for gate, svg in zip(inside_lstm_drawing.HEATED, maps, strict=True):
        values = states[states["gate"] == gate].sort_values(["step", "unit"])["value"]
        squares = list(svg.iter("rect"))
        limit = values.abs().max() if gate == "cell" else 1
        assert [each.get("class") == "minus" for each in squares] == (values < 0).tolist()
        shares = [int(each.get("style").strip("-share: %")) for each in squares]
        assert shares == pytest.approx(100 * values.abs() / limit, abs=1.01)


def test_hostile_words_of_a_sentence_are_text(figures):
    assert "<b>" not in figures["inside_lstm"].data
    assert "<i>" not in figures["inside_lstm"].data


def test_answers_of_exercises_are_computed_from_the_tables():
    shown = one_hot_page.exercise(one_hot.build_tables(1)).data
    assert "2 × (0.9, 0.1) + 1 × (1, 0) = (2.8, 0.2)" in shown
    tables = parameter_tables() | {"facts": pd.DataFrame({"units": [4]})}
    assert "= 329, instead of 101 with 4 units" in number_sequence_page.exercise(tables).data
    assert "+ 4 + 1 = 101, instead" in number_sequence_page.exercise(tables, units=4).data
    falls = pd.DataFrame({"stage": "after", "cell": ["halved"], "fall": [2.0**50]})
    shown = vanishing_gradient_page.exercise(gradient_tables() | {"falls": falls}).data
    assert "After 66 words" in shown
    assert "halved 0.50" in shown


def test_the_answer_on_the_lstm_has_the_numbers_of_its_drawing(figures):
    shown = inside_lstm_page.exercise(lstm_tables()).data
    for each in texts(parsed(figures["inside_lstm"])[0], "number"):
        assert each.replace("−", "-") in shown
