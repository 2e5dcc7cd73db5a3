"""Tables and sentences of the page on one and two features, from the tables of the lesson."""

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables, choose, read_facts
from seq2report.report import html

INPUTS = ALONE, BOTH = "temperature", "temperature + irradiance"
EQUAL = 0.02  # errors that differ by a smaller share are called equal
CLEAR = 0.01  # °C, a difference at night that is worth a sentence


def read_errors(tables: Tables) -> pd.Series:
    """Return the mean absolute errors in °C, indexed by time, method and inputs."""
    return tables["summary"].set_index(["time", "method", "inputs"])["mae"]


def networks_table(facts: dict) -> HTML:
    shapes = [f"({facts['window']}, {features})" for features in (1, 2)]
    table = pd.DataFrame({"inputs": INPUTS, "input shape": shapes})
    table["network"] = f"LSTM({facts['units']}) → Dense(1)"
    table["parameters"] = [facts["parameters_1"], facts["parameters_2"]]
    caption = "The two networks; the shape is hours × features"
    formats = {"parameters": "{:,}".format}
    return html.table(table, formats, caption, text=("inputs", "input shape", "network"))


def first_week(tables: Tables) -> pd.DataFrame:
    """Return the predictions of the first run of both networks for the first week of the test."""
    predictions = tables["predictions"]
    week = predictions["hour"] < predictions["hour"].min() + 24 * 7
    return predictions[week].query("method == 'LSTM' and run == 1")


def errors_table(tables: Tables) -> HTML:
    """Return the errors of every method, the largest first."""
    summary = tables["summary"]
    table = summary.pivot(index=["method", "inputs"], columns="time", values="mae").reset_index()
    runs = summary.loc[summary["time"] == "all", ["method", "inputs", "sd", "runs"]]
    table = table.merge(runs, on=["method", "inputs"]).sort_values("all", ascending=False)
    errors = {"all": "all hours", "sd": "± over runs", "day": "by day", "night": "at night"}
    names = {"method": "method", "inputs": "inputs", "runs": "runs"}
    return html.table(
        choose(table, names | errors),
        dict.fromkeys(errors.values(), "{:.3f}".format),
        "Mean absolute error in °C on the test hours; ±: standard deviation over the runs; by day:"
        " the sun shone in the last hour of the window",
        text=("method", "inputs"),
    )


def effect_of_the_second_feature(tables: Tables) -> HTML:
    facts = read_facts(tables)
    runs = tables["scores"].query("time == 'all' and method == 'LSTM'")
    by_run = runs.pivot(index="run", columns="inputs", values="mae")
    avoidable = facts["mae_alone"] - facts["floor"]
    if facts["difference"] > 0:
        template = (
            "The second feature helps: the error of the LSTM falls from {mae_alone:.3f} to"
            " {mae_both:.3f} °C, by {difference:.3f} °C or {share:percent}."
        )
        if avoidable > 0:
            template += " This is {removed:percent} of the error above the floor."
    else:
        template = (
            "The second feature does not help here: the error of the LSTM is {mae_alone:.3f} °C"
            " without and {mae_both:.3f} °C with irradiance."
        )
    return html.text(
        template + " With both features the network is better in {wins} of {runs} pairs of runs.",
        "outcome",
        share=facts["difference"] / facts["mae_alone"],
        removed=facts["difference"] / avoidable if avoidable else 0,
        wins=int((by_run[BOTH] < by_run[ALONE]).sum()),
        **facts,
    )


def day_and_night(tables: Tables) -> HTML:
    errors = read_errors(tables).xs("LSTM", level="method").unstack("inputs")
    gain = errors[ALONE] - errors[BOTH]
    template = (
        "By day the difference is {day:.3f} °C, at night {night:.3f} °C. From temperatures alone, a"
        " network can only estimate how strongly the sun shone: it sees how much the temperature"
        " rose, but the noise is part of this rise."
    )
    if gain["night"] > CLEAR:
        template += (
            " At night the second feature helps, too: an irradiance of zero shows that there is no"
            " sun, and the temperatures alone do not show this clearly."
        )
    return html.text(template, **gain)


def compare(lstm: float, line: float, equal: str) -> str:
    """Return which of two errors is better, or the words for equal ones."""
    if abs(lstm / line - 1) < EQUAL:
        return equal
    if lstm < line:
        return "the LSTM is better than the linear regression"
    return "the linear regression is better than the LSTM"


def comparison_with_both(tables: Tables, facts: dict) -> HTML:
    line = read_errors(tables)["all", "linear regression", BOTH]
    equal = "the linear regression is as good as the LSTM"
    return html.text(
        "With both features, {verdict}: {line:.3f} °C for the regression and {mae_both:.3f} °C for"
        " the LSTM. The law is linear in temperature and irradiance, so a linear regression has the"
        " right form, with {own} parameters instead of {parameters_2:,}. The LSTM has to learn"
        " this linear function from the data.",
        verdict=compare(facts["mae_both"], line, equal),
        line=line,
        own=2 * facts["window"] + 1,
        **facts,
    )


def comparison_with_one(tables: Tables, facts: dict) -> HTML:
    line = read_errors(tables)["all", "linear regression", ALONE]
    equal = "the LSTM and the linear regression are almost equal"
    return html.text(
        "With temperature alone, {verdict}: {mae_alone:.3f} °C for the LSTM and {line:.3f} °C for"
        " the regression. Without the irradiance, the best prediction is no longer linear, because"
        " the irradiance is never negative and the sun depends on the hour of the day.",
        verdict=compare(facts["mae_alone"], line, equal),
        line=line,
        **facts,
    )


def exercise(lesson: Tables) -> HTML:
    """Return the answer of the exercise: a third feature."""
    facts = read_facts(lesson)
    answer = (
        "The input shape of a window is ({window}, 3). Each of the four layers in the LSTM (three"
        " gates and the candidate) gets one more weight per unit: 4 × {units} = {more} more"
        " parameters. The second feature added the same number: {both:,} − {alone:,} = {added}."
    )
    counts = {"more": 4 * facts["units"], "both": facts["parameters_2"]}
    counts |= {
        "alone": facts["parameters_1"],
        "added": facts["parameters_2"] - facts["parameters_1"],
    }
    counts |= {"window": facts["window"], "units": facts["units"]}
    return html.folded("Answer", html.text(answer, **counts))
