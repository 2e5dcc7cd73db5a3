"""Pieces of the page on a sequence of numbers, built from the tables of the lesson."""

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import read_facts
from seq2report.lessons import number_sequence_plots as plots
from seq2report.report import html

Tables = dict[str, pd.DataFrame]
EXACT = 1e-6  # errors below this are rounding errors
CLOSE = 5  # largest mean error of a network that has learned the task
NAMES = {
    "method": "method",
    "train": "training windows",
    "test": "test windows",
    "outside": "windows outside",
}


def written(start: int, count: int) -> str:
    """Return a window as readers write it: ``start`` and the numbers after it."""
    return ", ".join(str(start + n) for n in range(count))


def read_errors(tables: Tables) -> pd.Series:
    """Return the mean absolute errors, indexed by part and method."""
    return tables["scores"].set_index(["part", "method"])["mae"]


def select(tables: Tables, method: str, *parts: str) -> pd.DataFrame:
    """Return the predictions of a method for some parts."""
    return tables["predictions"].query("method == @method and part in @parts")


def examples(tables: Tables) -> HTML:
    """Return the first, the second and the last window."""
    facts = read_facts(tables)
    windows = select(tables, "LSTM", "train", "test").sort_values("start").iloc[[0, 1, -1]]

    def scaled(number: int) -> str:
        return f"{number / facts['scale']:.2f}"

    shown = {
        "window": [written(start, facts["window"]) for start in windows["start"]],
        "next number": windows["true"],
        "input of the network": [
            ", ".join(scaled(start + n) for n in range(facts["window"]))
            for start in windows["start"]
        ],
        "target": windows["true"].map(scaled),
    }
    return html.table(
        pd.DataFrame(shown),
        caption=f"Three of the {facts['windows']} windows: the first, the second and the last",
        text=("window", "input of the network"),
    )


def loss_figure(tables: Tables) -> HTML:
    """Return the training error per epoch, compared with repeating the last number."""
    return html.figure(
        plots.loss(tables["history"], read_errors(tables)["test", "last number"]),
        "Curve of the mean absolute error over the epochs of the training",
        "Error on the training windows. The dashed line is a rule without training: it repeats the"
        " last number of the window, so its error is always 1.",
    )


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


def test_figure(tables: Tables) -> HTML:
    """Return predicted against true numbers of the test windows."""
    return html.figure(
        plots.scatter_test(select(tables, "LSTM", "test")),
        "Scatter plot of predicted against true next numbers of the test windows",
        f"The {read_facts(tables)['test_windows']} test windows, which were not used in training.",
    )


def test_error(tables: Tables) -> HTML:
    """Return the errors on the test windows, and whether the network has learned the task."""
    scores = tables["scores"].set_index(["part", "method"]).loc["test", "LSTM"]
    if scores["mae"] < CLOSE:
        verdict = "The points are close to the line: this looks like a success."
    else:
        verdict = "The points are not close to the line: the network is not trained well."
    return html.text(
        "The mean absolute error on the test windows is {mae:.2f}; the largest error is"
        " {largest:.2f}. {verdict}",
        mae=scores["mae"],
        largest=scores["largest"],
        verdict=verdict,
    )


def errors_table(tables: Tables) -> HTML:
    """Return the mean absolute error of each method."""
    errors = read_errors(tables).unstack("part").loc[tables["scores"]["method"].unique()]
    return html.table(
        errors.reset_index()[list(NAMES)].rename(columns=NAMES),
        dict.fromkeys(
            list(NAMES.values())[1:], lambda error: "0" if error < EXACT else f"{error:.2f}"
        ),
        "Mean absolute error, in numbers of the sequence (“windows outside”: next section)",
    )


def comparison_with_rules(tables: Tables) -> HTML:
    """Return how the network compares with the simple rules on the test windows."""
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
            " the same {train_windows} windows. It computes {weights} weights directly; the"
            " network needs {updates:,} steps to find its {parameters} weights."
        )
    facts = read_facts(tables)
    return html.text(
        template,
        lstm=errors["LSTM"],
        repeating=errors["last number"],
        weights=facts["window"] + 1,
        updates=facts["epochs"] * facts["steps"],
        **facts,
    )


def weights_table(tables: Tables) -> HTML:
    """Return the weights of the linear regression."""
    return html.table(
        tables["weights"].rename(columns={"value": "weight"}),
        {"weight": "{:.3f}".format},
        "Weights of the linear regression",
    )


def meaning_of_weights(tables: Tables) -> HTML:
    """Return what the linear regression computes."""
    weights = tables["weights"].set_index("term")["value"]
    numbers = weights.drop("constant")
    return html.text(
        "Each of the {window} numbers has a weight of about {weight:.2f}. The prediction is the"
        " mean of the window plus {constant:.2f}. For consecutive numbers this equals the last"
        " number + 1; many other weights would give the same result.",
        window=len(numbers),
        weight=numbers.mean(),
        constant=weights["constant"],
    )


def outside_figure(tables: Tables) -> HTML:
    """Return predicted against true numbers inside and outside the training range."""
    largest = read_facts(tables)["largest_trained"]
    shown = [select(tables, method, "test", "outside") for method in ("LSTM", "linear regression")]
    starts = select(tables, "LSTM", "outside")["start"]
    return html.figure(
        plots.scatter_outside(pd.concat(shown), largest),
        "Scatter plot of predicted against true numbers, inside and outside the training range",
        f"The test windows again, and windows that start with {starts.min()} to {starts.max()}."
        f" The largest number in the training data is {largest}.",
    )


def outside_error(tables: Tables) -> HTML:
    """Return how the error outside the training range compares with that on the test windows."""
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
        window=written(end["start"], read_facts(tables)["window"]),
        predicted=end["predicted"],
        true=end["true"],
    )


def far_table(tables: Tables) -> HTML:
    """Return predictions for windows far outside the training range."""
    far = select(tables, "LSTM", "far")
    count = read_facts(tables)["window"]
    columns = {
        "window": [written(start, count) for start in far["start"]],
        "true next number": far["true"],
        "LSTM": far["predicted"],
        "linear regression": select(tables, "linear regression", "far")["predicted"].to_numpy(),
    }
    formats = dict.fromkeys(("LSTM", "linear regression"), "{:,.1f}".format)
    return html.table(
        pd.DataFrame(columns),
        {"true next number": "{:,}".format, **formats},
        "Predictions far outside the training range",
    )
