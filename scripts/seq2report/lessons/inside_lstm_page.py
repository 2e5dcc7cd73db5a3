"""Pieces of the page on the inside of an LSTM, built from the tables of the lesson."""

import math

import pandas as pd
from IPython.display import HTML

from seq2report.lessons import inside_lstm_plots as plots
from seq2report.report import html

Tables = dict[str, pd.DataFrame]
FEW = 3  # words that are named for a gate


def squashes() -> HTML:
    """Return the curves of sigmoid and tanh."""
    return html.figure(
        plots.squashes(),
        "Curves of sigmoid, from 0 to 1, and of tanh, from −1 to 1",
        "A gate is a sigmoid: 0 is closed, 1 is open. A candidate is a tanh, negative or positive.",
    )


def document(tables: Tables) -> HTML:
    """Return a paragraph about the document: its length, its class and why it was chosen."""
    facts = tables["facts"].iloc[0]
    length = "short" if facts["chosen"] == "whole" else "longer"
    if facts["chosen"] == "wrong":
        reason = (
            "No document was classified correctly. This document has the most confident prediction:"
            " {predicted}; the true class is {label}."
        )
    else:
        reason = (
            "Among the {length} documents that are classified correctly, this one has the most"
            " confident prediction. Its class is {label}, and the network assigns a probability of"
            " {probability:percent} to this class."
        )
    words = "all of them" if facts["chosen"] == "whole" else "the last {read_words} of them"
    return html.text(
        "A test document of {document_words:,} words; the network reads "
        f"{words}. {reason} The number below each word is its id. Words that are not in the"
        " vocabulary are left out, as in training.",
        length=length,
        **facts,
    )


def probability_figure(tables: Tables) -> HTML:
    """Return the probabilities after each word."""
    label = tables["facts"]["label"].item()
    return html.figure(
        plots.probability_by_word(tables["probabilities"], label),
        f"Probability of class {label} after each word",
        "Dotted line: all classes have the same probability.",
    )


def largest_changes(tables: Tables) -> HTML:
    """Return the words that raise and lower the probability of the true class most."""
    label = tables["facts"]["label"].item()
    true = tables["probabilities"].query("label == @label").sort_values("step")
    change = true["probability"].diff().fillna(0)
    up, down = true.loc[change.idxmax()], true.loc[change.idxmin()]
    template = ""
    if change.max() > 0:
        template += (
            "The largest increase of the probability of {label} comes with “{up[word]}” (word"
            " {up[step]}): {rise:.0f} percentage points. "
        )
    if change.min() < 0:
        template += (
            "The largest decrease comes with “{down[word]}” (word {down[step]}): {loss:.0f}"
            " percentage points. "
        )
    template += (
        "A change depends on the word and on all words before it: the same word at another"
        " position can have another effect."
    )
    changes = {"rise": 100 * change.max(), "loss": -100 * change.min()}
    return html.text(template, label=label, up=up, down=down, **changes)


def heat_map(tables: Tables, gate: str, title: str, caption: str) -> HTML:
    """Return the heat map of a gate or of the cell state."""
    facts = tables["facts"].iloc[0]
    return html.figure(
        plots.heat_map(tables["gates"], gate, tables["units"]["unit"]),
        f"Heat map of the {title}: {facts['read_words']} words by {facts['units']} units",
        caption,
    )


def words_by_gate(tables: Tables, gate: str) -> list[str]:
    """Return the words in quotation marks, sorted by the mean of a gate, the most closed first."""
    values = tables["gates"].query("gate == @gate")
    means = values.groupby(["step", "word"])["value"].mean().sort_values(kind="stable")
    return [f"“{word}”" for _, word in means.index]


def most_and_least_open(tables: Tables, gate: str) -> HTML:
    """Return the words at which a gate is most open and most closed."""
    words = words_by_gate(tables, gate)
    return html.text(
        "On average over all units, the gate is most open at {most} and least open at {least}.",
        most=", ".join(words[::-1][:FEW]),
        least=", ".join(words[:FEW]),
    )


def memory_of_units(tables: Tables) -> HTML:
    """Return how long the units remember, from their mean forget gates."""
    values = tables["gates"].query("gate == 'forget'")
    kept = values.groupby("unit")["value"].mean().sort_values()
    half = math.log(0.5) / math.log(kept.iloc[-1])
    return html.text(
        "The units differ. On average, unit {longest} keeps {most:percent} of its memory per step;"
        " at this rate, a memory is halved in {span}. Unit {shortest} keeps {least:percent}{end}."
        " On average over all units, the gate is most closed at {words}.",
        longest=kept.index[-1],
        most=kept.iloc[-1],
        span=f"about {half:.0f} words" if half < 1000 else "more than a thousand words",
        shortest=kept.index[0],
        least=kept.iloc[0],
        end=" and forgets almost immediately" if kept.iloc[0] < 0.3 else "",
        words=", ".join(words_by_gate(tables, "forget")[:FEW]),
    )


def extreme_of_cell_state(tables: Tables) -> HTML:
    """Return the largest value of the cell state, and how many values exceed those of tanh."""
    cell = tables["gates"].query("gate == 'cell'").reset_index(drop=True)
    return html.text(
        "The largest absolute value is that of unit {top[unit]} at “{top[word]}” (word"
        " {top[step]}): {top[value]:.2f}. {beyond:percent} of all values are outside −1 to 1, the"
        " range of hidden states. Long stripes of one colour are memories that last; where the"
        " colour of a row changes, a memory was overwritten.",
        top=cell.loc[cell["value"].abs().idxmax()],
        beyond=(cell["value"].abs() > 1).mean(),
    )


def variant_table(tables: Tables) -> HTML:
    """Return the weights of the standard cell and of the slide's variant."""
    facts = tables["facts"].iloc[0]
    more = facts["variant_weights"]
    rows = [
        ("standard", "h = o ⊙ tanh(c)", "none", facts["weights"]),
        ("the slide's variant", "h = o ⊙ tanh(c W + b)", f"{more:,}", facts["weights"] + more),
    ]
    columns = ["cell", "hidden state", "weights of this tanh", "weights of the layer"]
    return html.table(
        pd.DataFrame(rows, columns=columns),
        {"weights of the layer": "{:,}".format},
        f"An LSTM of {facts['units']} units that reads vectors of {facts['dimensions']} numbers.",
        text=("hidden state",),
    )
