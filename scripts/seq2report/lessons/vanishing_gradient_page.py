"""Tables and sentences of the page on vanishing gradients, from the tables of the lesson."""

import math

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables
from seq2report.lessons.vanishing_gradient import SIMPLE
from seq2report.lessons.vanishing_gradient_plots import STARTS
from seq2report.report import html
from seq2report.report.numbers import listed, percent, short

USUAL, OPENED = STARTS
GATED = ["LSTM", "GRU"]
CLEAR = 10  # a ratio of two falls above this is called a clear difference
SOLVED = 0.9  # accuracy of a memory network that has solved its task


def factor(value: float) -> str:
    """Return a factor as readers write it: 23, 1,200 or 1.2 × 10⁹."""
    if not math.isfinite(value):
        return "more than float32 can represent"
    return short(value)


def kept_before_training(tables: Tables, far: int) -> HTML:
    """Return a paragraph about the share of the state that the gates keep before training."""
    kept = tables["starts"].query("start == @USUAL").set_index("cell")["kept"]
    falls = tables["falls"].query("stage == 'before'").set_index("cell")["fall"]
    gates = [
        f"the {'forget' if cell == 'LSTM' else 'update'} gate of the {cell} keeps {share:.2f} of"
        f" the state per step, and after {far} steps the state is smaller by a factor of"
        f" {factor(1 / share**far)}"
        for cell, share in kept.items()
    ]
    less = (
        " Before training, the gradients measured below fall less. Two causes are possible: gates"
        " differ between words and units, and the gradient also flows back through the hidden"
        " state, from which the gates and the new content are computed."
    )
    return html.text(
        "The network has to learn when to keep its state. Keras initialises the bias of the forget"
        " gate of an LSTM with 1 (unit_forget_bias) and the biases of a GRU with 0. Before"
        " training, {gates}. An LSTM or a GRU that has not been trained yet forgets, too."
        + (less if (falls[kept.index] < 1 / kept**far).all() else ""),
        gates="; ".join(gates),
    )


def fall(tables: Tables, stage: str, far: int) -> HTML:
    """Return by which factor the gradient of each cell falls; ``stage`` is before or after."""
    falls = tables["falls"].query("stage == @stage").set_index("cell")["fall"]
    factors = [
        f"{cell} {factor(value)}{'' if value >= 1 else ' (it has grown)'}"
        for cell, value in falls.items()
    ]
    return html.text(
        "{stage} training, the gradient {far} words back is smaller than the gradient at the last"
        " word by these factors: {factors}.",
        "outcome",
        stage=stage.capitalize(),
        far=far,
        factors="; ".join(factors),
    )


def effect_of_training(tables: Tables) -> HTML:
    falls = tables["falls"].set_index(["stage", "cell"])["fall"]
    before, after = falls["before"], falls["after"]
    opened = [cell for cell in GATED if after[cell] * CLEAR < before[cell]]
    if opened:
        learned = (
            f"Training changed this clearly for {listed(opened)}: the gradient now reaches much"
            " further back than before. Two causes are possible, and they are not measured here:"
            " gates that keep more of the state, and larger weights, by which the gradient flows"
            " back through the hidden state."
        )
    else:
        learned = "After training, the gradients of LSTM and GRU do not reach much further back."
    if all(after[SIMPLE] > CLEAR * after[cell] for cell in GATED):
        compared = (
            "After training, the gradient of the simple RNN falls far more than those of LSTM and"
            " GRU. The simple RNN has no gate that could learn to keep the state."
        )
    elif all(after[SIMPLE] <= after[cell] for cell in GATED):
        compared = (
            "After training, the gradient of the simple RNN falls no more than those of LSTM and"
            " GRU. Textbooks describe the opposite. A possible reason: Keras initialises the"
            " recurrent weights of a simple RNN with an orthogonal matrix, which neither shrinks"
            " nor stretches a vector."
        )
        if tables["facts"]["learned_vectors"].item():
            compared += (
                " Another one: the word vectors are learned and start small, where the slope of"
                " tanh is near 1."
            )
    else:
        compared = (
            "After training, the simple RNN is not clearly behind both other networks. The"
            " difference that textbooks describe does not appear in full here."
        )
    return html.paragraph(f"{learned} {compared}")


def networks_table(tables: Tables, far: int, caption: str) -> HTML:
    falls = tables["falls"].set_index(["stage", "cell"])["fall"]
    names = {"cell_weights": "parameters of the layer", "test_accuracy": "test accuracy"}
    networks = tables["networks"].rename(columns=names)
    columns = {
        f"fall of the gradient over {far} words, before training": "before",
        "after training": "after",
    }
    for name, stage in columns.items():
        networks[name] = networks["cell"].map(falls[stage])
    formats = {"parameters of the layer": "{:,}".format, "test accuracy": percent}
    return html.table(networks, formats | dict.fromkeys(columns, factor), caption)


def mean_accuracy(memory: pd.DataFrame) -> pd.DataFrame:
    """Return the mean accuracy, one row per cell and start, one column per number of steps."""
    groups = memory.groupby(["cell", "start", "steps"], sort=False)["accuracy"]
    return groups.mean().unstack("steps").sort_index(axis="columns")


def longest_solved(mean: pd.DataFrame) -> pd.Series:
    """Return the largest number of steps up to which every length is solved, or 0."""
    solved = (mean >= SOLVED).cummin(axis="columns")
    return (solved * mean.columns).max(axis="columns")


def memory_table(mean: pd.DataFrame) -> HTML:
    lengths = [f"n = {n}" for n in mean.columns]
    shown = mean.set_axis(lengths, axis="columns").reset_index()
    shown["solved up to n"] = longest_solved(mean).to_numpy()
    return html.table(
        shown,
        dict.fromkeys(lengths, percent) | {"solved up to n": lambda n: str(n) if n else "none"},
        f"Mean share of sequences whose first symbol is named correctly. “Solved” means at least"
        f" {percent(SOLVED)}.",
        text=("start",),
    )


def effect_of_an_open_gate(mean: pd.DataFrame) -> HTML:
    """Return whether the opened gate helps; ``mean`` as `mean_accuracy` returns it."""
    solved, total = longest_solved(mean), mean.sum(axis="columns")
    helped = [cell for cell in GATED if solved[cell, OPENED] > solved[cell, USUAL]]
    raised = [cell for cell in GATED if total[cell, OPENED] > total[cell, USUAL]]
    raised = [cell for cell in raised if cell not in helped]
    sentences = []
    if helped:
        sentences.append(
            f"With the gate opened, {listed(helped)} can solve longer sequences after the same"
            " number of updates. The cell and the number of parameters are the same; only the"
            " start differs."
        )
    if raised:
        sentences.append(
            f"For {listed(raised)}, the opened gate raises the accuracy, but not the longest n"
            " solved."
        )
    return html.paragraph(" ".join(sentences) or "Opening the gate did not help here.")


def comparison_with_simple_rnn(mean: pd.DataFrame, starts: pd.DataFrame) -> HTML:
    """Return how the cells compare as Keras starts them; ``mean`` as `mean_accuracy` returns it.

    ``starts`` is the table of the share of the state that each gate keeps.
    """
    kept = starts.query("start == @USUAL").set_index("cell")["kept"]
    solved = longest_solved(mean).xs(USUAL, level="start")
    better = [cell for cell in GATED if solved[cell] > solved[SIMPLE]]
    worse = [cell for cell in GATED if solved[cell] < solved[SIMPLE]]
    sentences = []
    if worse:
        sentences.append(
            f"As Keras starts them, {listed(worse)} solved fewer lengths than the simple RNN. This"
            " may be surprising. A possible reason: at the start, the gate keeps"
            f" {listed([f'{kept[cell]:.2f} of the state per step ({cell})' for cell in worse])},"
            " and this number of updates may be too small to learn to open it. All networks start"
            " with orthogonal recurrent weights; in the simple RNN, no gate shrinks the state in"
            " addition, so that it can keep a symbol for some steps if its random start is good."
        )
    if better:
        sentences.append(
            f"As Keras starts them, {listed(better)} solved longer sequences than the simple RNN."
        )
    return html.paragraph(
        " ".join(sentences) or "As Keras starts them, all three networks solved the same lengths."
    )


def longest_sequences(mean: pd.DataFrame, symbols: int) -> HTML:
    longest = mean.iloc[:, -1].sort_values(ascending=False)
    return html.text(
        "At n = {n}, the best network is {best[0]}, {best[1]}: {accuracy:percent}. {guessing} of"
        " the {networks} networks are at chance level there: less than twice the accuracy of"
        " guessing.",
        n=mean.columns[-1],
        best=longest.index[0],
        accuracy=longest.iloc[0],
        guessing=int((longest < 2 / symbols).sum()),
        networks=len(longest),
    )


def exercise(lesson: Tables) -> HTML:
    """Return the answer of the exercise: a constant factor, and the mean factors measured."""
    far = lesson["facts"]["far"].iloc[0]
    falls = lesson["falls"].query("stage == 'after'").set_index("cell")["fall"]
    means = [f"{cell} {fall ** (-1 / far):.2f}" for cell, fall in falls.items()]
    answer = (
        "After {words} words: ln 0.001 / ln 0.9 = {words}. The mean factor per word (geometric,"
        " over {far} words) after training is {means}. A small difference of the factors"
        " becomes a large difference of the products."
    )
    words = f"{math.log(0.001) / math.log(0.9):.0f}"
    return html.folded("Answer", html.text(answer, words=words, far=far, means=listed(means)))
