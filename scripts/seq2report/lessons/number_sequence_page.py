"""Tables and sentences of the page on a sequence of numbers, from the tables of the lesson."""

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables, choose
from seq2report.report import html

EXACT = 1e-6  # errors below this are rounding errors
CLOSE = 5  # largest mean error of a network that has learned the task


def written(start: int, count: int) -> str:
    """Return a window as readers write it: ``start`` and the numbers after it."""
    return ", ".join(str(start + n) for n in range(count))


def read_errors(tables: Tables) -> pd.Series:
    """Return the mean absolute errors, indexed by part and method."""
    return tables["scores"].set_index(["part", "method"])["mae"]


def select(tables: Tables, method: str, *splits: str) -> pd.DataFrame:
    return tables["predictions"].query("method == @method and part in @splits")


def examples(tables: Tables, facts: dict) -> HTML:
    """Return the first, the second and the last window."""
    windows = select(tables, "LSTM", "train", "test").sort_values("start").iloc[[0, 1, -1]]

    def scaled(start: int, count: int = 1) -> str:
        return ", ".join(f"{(start + n) / facts['scale']:.2f}" for n in range(count))

    starts, count = windows["start"], facts["window"]
    shown = {"window": starts.map(lambda start: written(start, count))}
    shown["next number"] = windows["true"]
    shown["input of the network"] = starts.map(lambda start: scaled(start, count))
    shown["target"] = windows["true"].map(scaled)
    caption = f"Three of the {facts['windows']} windows: the first, the second and the last"
    text = ("window", "input of the network")
    return html.table(pd.DataFrame(shown), caption=caption, text=text)


def training_error(tables: Tables) -> HTML:
    """Return when the network became better than repeating the last number."""
    history, repeating = tables["history"], read_errors(tables)["test", "last number"]
    better = history.loc[history["mae"] < repeating, "epoch"]
    errors = {"last": history["mae"].iloc[-1], "repeating": repeating}
    if better.empty:
        return html.text(
            "In the last epoch the error is {last:.2f}. It was never below {repeating:.0f}: the"
            " network is worse than a rule that repeats the last number.",
            **errors,
        )
    return html.text(
        "The error is {first:.1f} in the first epoch and {last:.2f} in the last one. It is below"
        " {repeating:.0f} for the first time in epoch {epoch}. Before that epoch, repeating the"
        " last number would have been better.",
        first=history["mae"].iloc[0],
        epoch=better.iloc[0],
        **errors,
    )


def test_error(tables: Tables) -> HTML:
    scores = tables["scores"].set_index(["part", "method"]).loc["test", "LSTM"]
    if scores["mae"] < CLOSE:
        verdict = "The points are close to the line: this looks like a success."
    else:
        verdict = "The points are not close to the line: the network is not trained well."
    return html.text(
        "The mean absolute error on the test windows is {mae:.2f}; the largest error is"
        " {largest:.2f}. {verdict}",
        verdict=verdict,
        **scores,
    )


def errors_table(tables: Tables) -> HTML:
    errors = read_errors(tables).unstack("part").loc[tables["scores"]["method"].unique()]
    splits = {"train": "training windows", "test": "test windows", "outside": "windows outside"}
    return html.table(
        choose(errors.reset_index(), {"method": "method"} | splits),
        dict.fromkeys(splits.values(), lambda error: "0" if error < EXACT else f"{error:.2f}"),
        "Mean absolute error, in numbers of the sequence (“windows outside”: next section)",
    )


def comparison_with_rules(tables: Tables, facts: dict) -> HTML:
    errors = read_errors(tables)["test"]
    template = (
        "On the test windows, the mean absolute error of the LSTM is {lstm:.2f}, and that of the"
        " rule “last number” is {repeating:.0f}."
    )
    if errors["LSTM"] < errors["last number"]:
        template += " So the network has learned more than to repeat a number."
    else:
        template += " So the network is not even better than that rule."
    if max(errors["last number + 1"], errors["linear regression"]) < EXACT:
        template += (
            " But “last number + 1” is exact, and the linear regression finds an exact rule from"
            " the same {train_windows} windows. It computes {own} parameters directly; the"
            " network needs {updates:,} steps to find its {parameters} parameters."
        )
    return html.text(
        template,
        lstm=errors["LSTM"],
        repeating=errors["last number"],
        own=facts["window"] + 1,
        updates=facts["epochs"] * facts["steps"],
        **facts,
    )


def outside_error(tables: Tables, count: int) -> HTML:
    errors, end = read_errors(tables), select(tables, "LSTM", "outside").iloc[-1]
    template = "Outside, the mean absolute error of the LSTM is {outside:.2f}; "
    if errors["outside", "LSTM"] > 2 * errors["test", "LSTM"]:
        template += (
            "on the test windows it is {test:.2f}. After {window}, it predicts {predicted:.1f}; the"
            " true next number is {true}. The network has not learned “add 1”. It has learned a"
            " curve that fits where there are training examples."
        )
    else:
        template += (
            "this is not much more than {test:.2f} on the test windows. With this seed and this"
            " number of epochs, the network is not worse outside the training range."
        )
    if errors["outside", "linear regression"] < EXACT:
        template += (
            " The linear regression is exact here, too, because the rule is a straight line."
        )
    return html.text(
        template,
        outside=errors["outside", "LSTM"],
        test=errors["test", "LSTM"],
        window=written(end["start"], count),
        **end,
    )


def far_table(tables: Tables, count: int) -> HTML:
    far = select(tables, "LSTM", "far")
    table = pd.DataFrame({"window": [written(start, count) for start in far["start"]]})
    table["true next number"] = far["true"].to_numpy()
    for method in ("LSTM", "linear regression"):
        table[method] = select(tables, method, "far")["predicted"].to_numpy()
    formats = dict.fromkeys(("LSTM", "linear regression"), "{:,.1f}".format)
    formats["true next number"] = "{:,}".format
    return html.table(table, formats, "Predictions far outside the training range")


def exercise(lesson: Tables, units: int = 8) -> HTML:
    """Return the answer of the exercise: the parameters of a network with ``units``."""
    own = lesson["facts"]["units"].iloc[0]
    answer = (
        "4 × (1 × {units} + {units} × {units} + {units}) + {units} + 1 = {larger}, instead of"
        " {smaller} with {own} units. The recurrent weights grow fastest: from 4 × {own} × {own} ="
        " {before} to 4 × {units} × {units} = {after}. Twice as many units have four times as many"
        " recurrent weights."
    )
    larger = 4 * (units + units * units + units) + units + 1
    counts = {"units": units, "larger": larger, "own": own, "before": 4 * own * own}
    counts |= {"smaller": len(lesson["parameters"]), "after": 4 * units * units}
    return html.folded("Answer", html.text(answer, **counts))
