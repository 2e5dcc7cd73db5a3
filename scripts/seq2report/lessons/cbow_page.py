"""Tables and sentences of the page on CBOW, from the tables of the lesson."""

import numpy as np
import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables, choose
from seq2report.report import html, numbers, plots

CROSSED = "surf, waves"  # opposite “big”: the two sentences cross
whole = "{:.0%}".format


def shown(lesson: Tables, table: str) -> pd.DataFrame:
    """Return the rows of a table that belong to the lecture's setting, the first one."""
    rows = lesson[table]
    return rows[rows["setting"] == lesson["contexts"]["setting"].iloc[0]]


def loss_outcome(lesson: Tables) -> HTML:
    losses, smallest = shown(lesson, "loss")["loss"], lesson["contexts"]["floor"].iloc[0]
    reached = "The network has not reached it."
    if losses.iloc[-1] < smallest + 0.01:
        reached = "The network almost reaches it: it has learned everything there is to learn."
    return html.text(
        "The loss falls from {first:.3f} to {last:.3f}. It cannot become 0: the context “big” has"
        " the target “surf” in one pair and “waves” in another, and no network can be certain of"
        " both. The smallest possible loss is {smallest:.3f}. " + reached,
        first=losses.iloc[0],
        last=losses.iloc[-1],
        smallest=smallest,
    )


def probabilities(lesson: Tables) -> HTML:
    words = list(dict.fromkeys(lesson["embedding"]["word"]))
    wide = lesson["probabilities"].pivot(index="context", columns="target", values="probability")
    return html.table(
        wide.loc[words, words].reset_index(),
        dict.fromkeys(words, "{:.2f}".format),
        "Predictions of the trained network: the probability of each word, one row per context",
        text=("context",),
    )


def plane_outcome(lesson: Tables, shown_opposite: str) -> HTML:
    said = (
        "No: for these initial weights, no straight line separates the two sentences, although the"
        " network predicts almost as well as possible."
    )
    if lesson["contexts"]["shown_line"].iloc[0]:
        said = "Yes: for these initial weights, a straight line separates the two sentences."
    points = shown(lesson, "embedding").set_index("word")[["x", "y"]]
    unit = points.div(np.linalg.norm(points, axis=1), axis=0)
    surf, drive = (unit.loc[a] @ unit.loc[b] for a, b in (("surf", "waves"), ("drive", "cars")))
    if min(surf, drive) > 0.9:
        said += (
            " But look closer: “surf” and “waves” have nearly the same direction, and so have"
            " “drive” and “cars” (cosine {surf:.2f} and {drive:.2f}). “big” has another direction,"
            " opposite to that of {opposite}."
        )
    opposite = numbers.listed([f"“{word}”" for word in shown_opposite.split(", ")])
    return html.text(said, "outcome", surf=surf, drive=drive, opposite=opposite)


def arrangement_counts(lesson: Tables, caption: str) -> HTML:
    orders = lesson["orders"]
    orders = orders.assign(share=orders["starts"] / orders["starts"].sum())
    names = {"opposite": "opposite “big”", "divided": "separated by a line"}
    columns = ["opposite", "starts", "share", "divided"]
    shares = {"share": numbers.percent}
    return html.table(
        orders[columns].rename(columns=names), shares, caption, text=("opposite “big”",)
    )


def arrangement_outcome(lesson: Tables) -> HTML:
    orders, contexts = lesson["orders"].set_index("opposite"), lesson["contexts"].iloc[0]
    others = orders.drop(index=CROSSED, errors="ignore")
    said = "A line separates the sentences in {line:.0%} of the starts. "
    if orders["divided"].get(CROSSED, 0) == 0 and (others["starts"] == others["divided"]).all():
        said += (
            "As the argument predicts, this never happens if “surf” and “waves” are opposite “big”,"
            " and always happens otherwise."
        )
    else:
        said += "The argument predicts nearly all starts, but not every one."
    if abs(contexts["line"] - 2 / 3) < 0.1:
        said += " If the three arrangements were equally likely, the share would be two thirds."
    said += " For random weights before training, the share is {line_before:.0%}."
    return html.text(said, "outcome", **contexts)


def settings_table(lesson: Tables, caption: str) -> HTML:
    names = {"setting": "input", "examples": "examples", "floor": "smallest possible loss"}
    names |= {"loss": "mean loss", "line": "separated by a line", "nearest": "nearest words"}
    formats = dict.fromkeys([names["floor"], names["loss"]], "{:.3f}".format)
    formats |= dict.fromkeys([names["line"], names["nearest"]], whole)
    return html.table(choose(lesson["contexts"], names), formats, caption, text=("input",))


def wide_outcome(lesson: Tables, units: int) -> HTML:
    first, wide = lesson["contexts"].iloc[0], lesson["contexts"].iloc[1]
    share = "all starts" if wide["line"] == 1 else f"{whole(wide['line'])} of the starts"
    said = "With window 2 and each neighbour separately, a line separates the sentences in {share}."
    if wide["line"] > first["line"]:
        said += (
            " Now any two words of a sentence share a target: “surf” and “big” both predict"
            " “waves”. Words with common targets get a common direction."
        )
    if wide["loss"] > wide["floor"] + 0.05:
        said += (
            " But the loss stays at {loss:.3f}, above the smallest possible loss of {floor:.3f}."
            " The network would also have to predict that a word is not its own neighbour, for six"
            " words at once. {units} units are too few for that."
        )
    return html.text(said, share=share, units=units, **wide)


def methods(lesson: Tables, map_words: int) -> HTML:
    names = {"method": "method", "passes": "passes", "words_read": "words read"}
    names |= {"fit_cpu_seconds": "CPU time", "mean_cosine": "mean cosine"}
    names |= {"same_class": "same class"}
    formats = {"words read": "{:,}".format, "CPU time": numbers.seconds}
    formats |= {"mean cosine": "{:.2f}".format, "same class": numbers.percent}
    caption = f"Training of both methods, and their vectors of {map_words} frequent words"
    return html.table(choose(lesson["settings"], names), formats, caption)


def methods_outcome(lesson: Tables, facts: dict) -> HTML:
    """Return what the columns of `methods` mean, and the cost of one pass."""
    cbow, skipgram = (lesson["settings"].set_index("method").loc[m] for m in ("CBOW", "skip-gram"))
    said = (
        "These vectors are trained for this lesson. Vectors of the corpus on the pages “Words” have"
        " the number of passes in the configuration, so their figures differ. “Mean cosine” is the"
        " mean over all pairs of these words. Near 1, all vectors have the same"
        " direction: training has hardly separated them."
    )
    if facts["classes"]:
        said += (
            " “Same class”: the documents have classes, and some words occur mostly in one of them."
            " For how many of these words is the nearest one of the same class? A randomly chosen"
            " word would be of the same class in {guess:percent} of the cases."
        )
    first, second = (row["fit_cpu_seconds"] / row["passes"] for row in (cbow, skipgram))
    if second > first:
        fewer = skipgram["passes"] < cbow["passes"]
        said += " One pass of skip-gram took {factor:.1f} times as long as one pass of CBOW"
        said += (
            ", so skip-gram has fewer passes."
            if fewer
            else "; both have the same number of passes."
        )
    return html.text(said, factor=second / first, **facts)


def untrained(lesson: Tables) -> list[HTML]:
    """Return a warning about vectors that are far from fully trained, if there are any."""
    least = lesson["settings"].sort_values("mean_cosine").iloc[-1]
    warning = html.text(
        "A mean cosine of {mean_cosine:.2f} shows that the vectors of {method} are far from fully"
        " trained: this is little text, read {passes} times. In the list below, the order of the"
        " neighbours is informative, but the size of their cosines is not.",
        **least,
    )
    return [warning] if least["mean_cosine"] > 0.5 else []


def neighbours(lesson: Tables) -> HTML:
    table = lesson["neighbours"]
    place = table["word"].map(list(dict.fromkeys(table["word"])).index)
    near = table.assign(place=place).sort_values(["place", "method", "rank"])
    near = near.groupby(["word", "label", "method"], sort=False)["neighbour"].agg(", ".join)
    return html.table(
        near.reset_index().rename(columns={"label": "class", "neighbour": "nearest words"}),
        caption=f"The {table['rank'].max()} nearest words by cosine, nearest first",
        text=("word", "class", "method", "nearest words"),
    )


def neighbours_outcome(lesson: Tables) -> HTML:
    table = lesson["neighbours"]
    cosine = table[table["rank"] == 1].groupby("method")["cosine"].mean()
    chosen = "the most frequent words on the map"
    if table["label"].any():
        chosen = "the most frequent words of each class, or of some classes if there are many"
    return html.text(
        f"These are {chosen}; they were not chosen by hand. Not every neighbour makes sense, and"
        " names or parts of addresses can be among them. Opposites can be neighbours, because they"
        " occur in the same contexts. The mean cosine of the first neighbour is {cosine[CBOW]:.2f}"
        " with CBOW and {cosine[skip-gram]:.2f} with skip-gram.",
        cosine=cosine,
    )


def word_map(points: pd.DataFrame, drawn: str) -> HTML:
    return html.figure(
        plots.word_map(points, sorted(set(points["label"]) - {""})),
        f"Map of {len(points)} frequent words, coloured by class",
        f"The vectors of {drawn}, whose neighbours are more often of the same class, in"
        " two dimensions by t-SNE. Near words are similar; large distances mean little.",
    )


def bands_outcome(lesson: Tables, facts: dict) -> HTML:
    table = lesson["bands"][lesson["bands"]["words"] > 0]
    grouped = table.groupby("method", sort=False)[["length", "same_class"]]
    low, high = grouped.first(), grouped.last()
    said = "The vocabulary is already cut: none of its words occurs fewer than 10 times."
    if facts["rare"]:
        said = "{rare:.0%} of the {vectors:,} words with a vector occur fewer than 10 times."
    said += " A vector starts as small random numbers, and each occurrence of its word moves it."
    lengths, agreement = (
        ", ".join(
            f"{form(low.loc[method, column])} against {form(high.loc[method, column])} with"
            f" {method}"
            for method in low.index[low[column].notna()]
        )
        for column, form in (("length", "{:.2f}".format), ("same_class", whole))
    )
    if len(low) and (low["length"] < high["length"]).all():
        said += " So the vectors of rare words stay short, compared with frequent words: {lengths}."
    if agreement and (low["same_class"] < high["same_class"]).all():
        said += " Their nearest word is less often of their class: {agreement}."
    elif agreement:
        said += " Their nearest word is of their class in these cases: {agreement}."
    if agreement:
        said += (
            " The class of a rare word is itself uncertain, because it comes from the same few"
            " occurrences. So the plot depends on both: the vectors and the classes."
        )
    said += (
        " Words with fewer than 5 occurrences get no vector at all, and neither do words that first"
        " occur after training."
    )
    return html.text(said, lengths=lengths, agreement=agreement, **facts)


def exercise(lesson: Tables) -> HTML:
    """Return the answer of the exercise, with the losses of the run."""
    step, words = lesson["step"].set_index("quantity")["value"], lesson["facts"]["words"].iloc[0]
    answer = (
        "If all {words} words had the same probability 1/{words}, the loss would be ln {words} ="
        " {guessing:.3f}. The drawing has {one:.3f} for one pair, and the curve begins with"
        " {first:.3f}, the mean over all pairs. The initial weights are random, so the"
        " probabilities differ from 1/{words}: this pair has {probability:.3f}."
    )
    first = shown(lesson, "loss")["loss"].iloc[0]
    losses = {"guessing": np.log(words), "one": step["loss"], "first": first}
    losses["probability"] = np.exp(-step["loss"])
    return html.folded("Answer", html.text(answer, words=words, **losses))
