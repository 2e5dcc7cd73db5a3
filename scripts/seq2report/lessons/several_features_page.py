"""Pieces of the page on one and two features, built from the tables of the lesson."""

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import read_facts
from seq2report.lessons import several_features_plots as plots
from seq2report.report import html

Tables = dict[str, pd.DataFrame]
INPUTS = ALONE, BOTH = "temperature", "temperature + irradiance"
DAYS = 5  # of the series that are drawn
EQUAL = 0.02  # errors that differ by a smaller share are called equal
CLEAR = 0.01  # °C, a difference at night that is worth a sentence
NAMES = {
    "method": "method",
    "inputs": "inputs",
    "runs": "runs",
    "all": "all hours",
    "sd": "± over runs",
    "day": "by day",
    "night": "at night",
}


def read_law(tables: Tables) -> dict[str, float]:
    """Return the constants of the series by name."""
    return tables["law"].set_index("name")["value"].to_dict()


def read_errors(tables: Tables) -> pd.Series:
    """Return the mean absolute errors in °C, indexed by time, method and inputs."""
    return tables["summary"].set_index(["time", "method", "inputs"])["mae"]


def law_table(tables: Tables) -> HTML:
    """Return the constants of the series."""
    return html.table(
        tables["law"][["meaning", "value", "unit"]],
        {"value": "{:g}".format},
        "All constants of the series",
        text=("meaning", "unit"),
    )


def weather_figure(tables: Tables) -> HTML:
    """Return the first days of the series."""
    series = tables["series"].query("hour < 24 * @DAYS")
    return html.figure(
        plots.weather(series),
        "Curves of temperature and irradiance over some days",
        f"The first {DAYS} of {read_law(tables)['days']:.0f} days, hour by hour.",
    )


def weather_range(tables: Tables) -> HTML:
    """Return the range of the series."""
    series = tables["series"]
    return html.text(
        "The temperature rises while the sun shines and falls at night. On a cloudy day the sun"
        " warms less. In the whole series the temperature is between {lowest:.1f} and"
        " {highest:.1f} °C, and the largest irradiance is {sun:.0f} W/m².",
        lowest=series["temperature"].min(),
        highest=series["temperature"].max(),
        sun=series["irradiance"].max(),
    )


def networks_table(tables: Tables) -> HTML:
    """Return input shape and number of weights of the two networks."""
    facts = read_facts(tables)
    columns = {
        "inputs": INPUTS,
        "input shape": [f"({facts['window']}, {features})" for features in (1, 2)],
        "network": [f"LSTM({facts['units']}) → Dense(1)"] * 2,
        "weights": [facts["parameters_1"], facts["parameters_2"]],
    }
    return html.table(
        pd.DataFrame(columns),
        {"weights": "{:,}".format},
        "The two networks; the shape is hours × features",
        text=("inputs", "input shape", "network"),
    )


def training_figure(tables: Tables) -> HTML:
    """Return the loss per epoch of each run."""
    return html.figure(
        plots.training(tables["history"], INPUTS),
        "Curves of the loss over the epochs for both networks, one curve per run",
        "Loss on the training windows, one curve per run.",
    )


def first_week(tables: Tables) -> pd.DataFrame:
    """Return the predictions of the first run of both networks for the first week of the test."""
    predictions = tables["predictions"]
    week = predictions["hour"] < predictions["hour"].min() + 24 * 7
    return predictions[week].query("method == 'LSTM' and run == 1")


def week_figure(week: pd.DataFrame) -> HTML:
    """Return the predictions and errors of a week; ``week`` as `first_week` returns it."""
    return html.figure(
        plots.week(week, INPUTS),
        "True temperature, predictions of both networks and their errors over a week",
        "The first seven days of the test, first run of each network. Below: the errors.",
    )


def week_errors(week: pd.DataFrame, noise: float) -> HTML:
    """Return the spread of the errors of a week, compared with the noise in °C."""
    spread = week["predicted"].sub(week["temperature"]).groupby(week["inputs"]).std()
    return html.text(
        "In this week, the standard deviation of the errors is {alone:.2f} °C for the network with"
        " temperature alone and {both:.2f} °C for the network with both features. The standard"
        " deviation of the noise is {noise:g} °C.",
        alone=spread[ALONE],
        both=spread[BOTH],
        noise=noise,
    )


def errors_table(tables: Tables) -> HTML:
    """Return the errors of every method, the largest first."""
    summary = tables["summary"]
    table = summary.pivot(index=["method", "inputs"], columns="time", values="mae").reset_index()
    runs = summary.loc[summary["time"] == "all", ["method", "inputs", "sd", "runs"]]
    table = table.merge(runs, on=["method", "inputs"]).sort_values("all", ascending=False)
    return html.table(
        table[list(NAMES)].rename(columns=NAMES),
        dict.fromkeys((NAMES[name] for name in ("all", "sd", "day", "night")), "{:.3f}".format),
        "Mean absolute error in °C on the test hours; ±: standard deviation over the runs; by day:"
        " the sun shone in the last hour of the window",
        text=("method", "inputs"),
    )


def errors_figure(tables: Tables) -> HTML:
    """Return the errors of every method, compared with the noise."""
    scores, floor = tables["scores"].query("time == 'all'"), read_facts(tables)["floor_by_theory"]
    return html.figure(
        plots.errors(scores, floor, INPUTS),
        "Mean absolute error of every method, with the error of the noise as a line",
        "Circles: temperature and irradiance. Squares: temperature alone. One point per run. The"
        " dashed line is the error of the noise alone.",
    )


def effect_of_the_second_feature(tables: Tables) -> HTML:
    """Return by how much the second feature lowers the error of the LSTM."""
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
    """Return by how much the second feature helps by day and at night."""
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
    return html.text(template, day=gain["day"], night=gain["night"])


def compare(lstm: float, line: float) -> str:
    """Return the better one of two errors: "LSTM", "linear regression" or "neither"."""
    if abs(lstm / line - 1) < EQUAL:
        return "neither"
    return "LSTM" if lstm < line else "linear regression"


def comparison_with_both(tables: Tables) -> HTML:
    """Return how LSTM and linear regression compare with both features."""
    facts, line = read_facts(tables), read_errors(tables)["all", "linear regression", BOTH]
    verdict = {
        "linear regression": "the linear regression is better than the LSTM",
        "neither": "the linear regression is as good as the LSTM",
        "LSTM": "the LSTM is better than the linear regression",
    }[compare(facts["mae_both"], line)]
    return html.text(
        "With both features, {verdict}: {line:.3f} °C for the regression and {mae_both:.3f} °C for"
        " the LSTM. The law is linear in temperature and irradiance, so a linear regression has the"
        " right form, with {weights} weights instead of {parameters_2:,}. The LSTM has to learn"
        " this linear function from the data.",
        verdict=verdict,
        line=line,
        weights=2 * facts["window"] + 1,
        **facts,
    )


def comparison_with_one(tables: Tables) -> HTML:
    """Return how LSTM and linear regression compare with temperature alone."""
    facts, line = read_facts(tables), read_errors(tables)["all", "linear regression", ALONE]
    verdict = {
        "linear regression": "the linear regression is better than the LSTM",
        "neither": "the LSTM and the linear regression are almost equal",
        "LSTM": "the LSTM is better than the linear regression",
    }[compare(facts["mae_alone"], line)]
    return html.text(
        "With temperature alone, {verdict}: {mae_alone:.3f} °C for the LSTM and {line:.3f} °C for"
        " the regression. Without the irradiance, the best prediction is no longer linear, because"
        " the irradiance is never negative and the sun depends on the hour of the day.",
        verdict=verdict,
        line=line,
        **facts,
    )
