"""Tables and sentences of the page on the inside of an LSTM, from the tables of the lesson."""

import math

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables
from seq2report.lessons import inside_lstm_plots as plots
from seq2report.lessons.inside_lstm import LENGTH, SHORTEST
from seq2report.lessons.inside_lstm_drawing import strongest_unit
from seq2report.report import html

FEW = 3  # words that are named for a gate


def document(tables: Tables) -> HTML:
    facts = tables["facts"].iloc[0]
    whole = facts["chosen"] == "whole"
    length = "{shortest} to {longest} words" if whole else "more than {longest} words"
    if facts["chosen"] == "wrong":
        reason = (
            "No document of {shortest} words or more was classified correctly. This one has the"
            " most confident prediction: {predicted}; the true class is {label}."
        )
    else:
        reason = (
            f"Among the documents of {length} that are classified correctly, this one has the most"
            " confident prediction. Its class is {label}, and the network assigns a probability of"
            " {probability:percent} to this class."
        )
    read_whole = facts["read_words"] == facts["document_words"]
    words = "all of them" if read_whole else "the last {read_words} of them"
    return html.text(
        "A test document of {document_words:,} words; the network reads "
        f"{words}. {reason} The number below each word is its id. Words that are not in the"
        " vocabulary are left out, as in training.",
        shortest=SHORTEST,
        longest=LENGTH,
        **facts,
    )


def largest_changes(tables: Tables) -> HTML:
    facts = tables["facts"].iloc[0]
    label, at_start = facts["label"], facts["probability_at_start"]
    true = tables["probabilities"].query("label == @label").sort_values("step")
    change = true["probability"] - true["probability"].shift(fill_value=at_start)
    up, down = true.loc[change.idxmax()], true.loc[change.idxmin()]
    template = "Before the first word, the probability of {label} is {at_start:percent}. "
    if change.max() > 0:
        template += (
            "The largest increase comes with “{up[word]}” (word {up[step]}): {rise:.0f} percentage"
            " points. "
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
    rise, loss = 100 * change.max(), -100 * change.min()
    values = {"up": up, "down": down, "rise": rise, "loss": loss}
    return html.text(template, label=label, at_start=at_start, **values)


def heat_map(tables: Tables, gate: str, title: str, caption: str) -> HTML:
    words, units = len(tables["document"]), tables["units"]["unit"]
    plot = plots.heat_map(tables["gates"], gate, units)
    return html.figure(
        plot, f"Heat map of the {title}: {words} words by {len(units)} units", caption
    )


def words_by_gate(tables: Tables, gate: str) -> list[str]:
    """Return the words in quotation marks, sorted by the mean of a gate, the most closed first."""
    values = tables["gates"].query("gate == @gate")
    means = values.groupby(["step", "word"])["value"].mean().sort_values(kind="stable")
    return list(dict.fromkeys(f"“{word}”" for _, word in means.index))


def most_and_least_open(tables: Tables, gate: str) -> HTML:
    words = words_by_gate(tables, gate)
    return html.text(
        "On average over all units, the gate is most open at {most} and least open at {least}.",
        most=", ".join(words[::-1][:FEW]),
        least=", ".join(words[:FEW]),
    )


def memory_of_units(tables: Tables) -> HTML:
    values = tables["gates"].query("gate == 'forget'")
    kept = values.groupby("unit")["value"].mean().sort_values()
    half = math.log(0.5) / math.log(kept.iloc[-1])
    return html.text(
        "The units differ. On average, unit {longest} keeps {most:.2%} of its memory per step;"
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


def variant_table(weights: int, more: int, caption: str) -> HTML:
    """Return the parameters of the standard cell and of the slide's variant, which has ``more``."""
    rows = [
        ("standard", "h = o ⊙ tanh(c)", "none", weights),
        ("the slide's variant", "h = o ⊙ tanh(c W + b)", f"{more:,}", weights + more),
    ]
    columns = ["cell", "hidden state", "parameters of this tanh", "parameters of the layer"]
    table, formats = pd.DataFrame(rows, columns=columns), {columns[-1]: "{:,}".format}
    return html.table(table, formats, caption, text=("hidden state",))


def exercise(tables: Tables) -> HTML:
    """Return the answer of the exercise: the equations with the numbers of the first drawing."""
    states = tables["states"].query("sentence == 1")
    values = states[states["unit"] == strongest_unit(states)].set_index(["step", "gate"])["value"]
    step = states["step"].max()
    last = {gate: values[step, gate] for gate in states["gate"].unique()}
    answer = (
        "c = {forget:.2f} × {before:.2f} + {update:.2f} × {candidate:.2f} = {cell:.2f}, and h ="
        " {output:.2f} × tanh({cell:.2f}) = {hidden:.2f} (computed with unrounded"
        " numbers). With a closed forget gate, the old memory is lost: c = {update:.2f} ×"
        " {candidate:.2f} = {added:.2f}."
    )
    before, added = values.get((step - 1, "cell"), 0.0), last["update"] * last["candidate"]
    return html.folded("Answer", html.text(answer, before=before, added=added, **last))
