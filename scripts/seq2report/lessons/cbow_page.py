"""Tables, figures and sentences of the lesson on CBOW."""

import numpy as np
import pandas as pd
from IPython.display import HTML

from seq2report.lessons import cbow_plots
from seq2report.report import html, numbers, plots

Lesson = dict[str, pd.DataFrame]  # the tables of the lesson by name
TWO_THIRDS = 2 / 3
CROSSED = "surf, waves"  # opposite “big”: the two sentences cross


def _whole(share: float) -> str:
    return f"{share:.0%}"


def shown(lesson: Lesson, table: str) -> pd.DataFrame:
    """Return the rows of a table that belong to the lecture's setting, the first one."""
    rows = lesson[table]
    return rows[rows["setting"] == lesson["contexts"]["setting"].iloc[0]]


def pairs(lesson: Lesson) -> HTML:
    """Return the table of all pairs of context and target."""
    names = {"context": "context (input)", "target": "target (output)", "sentence": "sentence"}
    table = lesson["pairs"].rename(columns=names)
    return html.table(table, caption="All pairs", text=tuple(names.values()))


def loss(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return the learning curve of the lecture's network."""
    return html.figure(
        cbow_plots.loss(shown(lesson, "loss"), lesson["contexts"]["floor"].iloc[0]),
        "Cross-entropy by epoch, and the smallest possible loss",
        numbers.fill(
            "Trained by Keras: {epochs} epochs of gradient descent with learning rate {rate:g}, on"
            " all {pairs} pairs at once.",
            pairs=len(lesson["pairs"]),
            **facts,
        ),
    )


def loss_outcome(lesson: Lesson) -> HTML:
    """Return whether the network reaches the smallest possible loss."""
    losses = shown(lesson, "loss")["loss"]
    first, last, smallest = losses.iloc[0], losses.iloc[-1], lesson["contexts"]["floor"].iloc[0]
    reached = "The network has not reached it."
    if last < smallest + 0.01:
        reached = "The network almost reaches it: it has learned everything there is to learn."
    return html.text(
        "The loss falls from {first:.3f} to {last:.3f}. It cannot become 0: the context “big” has"
        " the target “surf” in one pair and “waves” in another, and no network can be certain of"
        " both. The smallest possible loss is {smallest:.3f}. " + reached,
        first=first,
        last=last,
        smallest=smallest,
    )


def probabilities(lesson: Lesson) -> HTML:
    """Return the probability of each word after each context."""
    words = list(dict.fromkeys(lesson["embedding"]["word"]))
    table = lesson["probabilities"]
    wide = table.pivot(index="context", columns="target", values="probability").loc[words, words]
    return html.table(
        wide.reset_index(),
        dict.fromkeys(words, "{:.2f}".format),
        "Predictions of the trained network: the probability of each word, one row per context",
        text=("context",),
    )


def probabilities_outcome(lesson: Lesson) -> HTML:
    """Return the largest difference between predicted probabilities and shares in the pairs."""
    table = lesson["probabilities"]
    return html.text(
        "In the pairs, “big” occurs with “surf” and with “waves” equally often, and “surf” always"
        " with “big”. The network's probabilities differ from these shares by at most"
        " {difference:.3f}.",
        difference=(table["probability"] - table["share"]).abs().max(),
    )


def plane(lesson: Lesson) -> HTML:
    """Return the plot of the six words after training in the lecture's setting."""
    return html.figure(
        cbow_plots.words_in_plane(shown(lesson, "embedding"), "setting"),
        "The six words as points in the plane after training with window 1",
        "The weights of the hidden layer, one point per word. Labels of words at the same point are"
        " below each other.",
    )


def plane_outcome(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return whether a line separates the sentences, and which words are similar instead."""
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
            " and the opposite direction is that of {opposite}."
        )
    opposite = [f"“{word}”" for word in facts["shown_opposite"].split(", ")]
    return html.text(said, "outcome", surf=surf, drive=drive, opposite=numbers.listed(opposite))


def arrangements(lesson: Lesson) -> HTML:
    """Return one plot per arrangement of the six words."""
    examples = lesson["order_examples"]
    panels = ["opposite “big”: " + words for words in examples["opposite"]]
    return html.figure(
        cbow_plots.words_in_plane(examples.assign(panel=panels), "panel"),
        "Six words in the plane after training from random weights, one panel per arrangement",
        "Three trainings with different initial weights, one for each arrangement that occurred.",
    )


def arrangement_counts(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return how often each arrangement occurs and how often a line separates it."""
    table = lesson["orders"]
    table = table.assign(share=table["starts"] / facts["starts"])
    names = {"opposite": "opposite “big”", "starts": "starts", "share": "share"}
    names |= {"divided": "separated by a line"}
    return html.table(
        table[list(names)].rename(columns=names),
        {"share": numbers.percent},
        numbers.fill("{starts} random starts, window 1, {epochs} epochs", **facts),
        text=("opposite “big”",),
    )


def arrangement_outcome(lesson: Lesson) -> HTML:
    """Return whether the starts behave as the argument predicts."""
    orders, contexts = lesson["orders"].set_index("opposite"), lesson["contexts"].iloc[0]
    others = orders.drop(index=CROSSED, errors="ignore")
    crossed = orders["divided"].get(CROSSED, 0)
    said = "A line separates the sentences in {line:.0%} of the starts. "
    if crossed == 0 and (others["starts"] == others["divided"]).all():
        said += (
            "As the argument predicts, this never happens if “surf” and “waves” are opposite “big”,"
            " and always happens otherwise."
        )
    else:
        said += "The argument predicts nearly all starts, but not every one."
    if abs(contexts["line"] - TWO_THIRDS) < 0.1:
        said += " If the three arrangements were equally likely, it would be two thirds."
    said += " For random weights before training, it is {line_before:.0%}."
    return html.text(said, "outcome", **contexts[["line", "line_before"]])


def settings_plane(lesson: Lesson) -> HTML:
    """Return one plot of the six words per setting."""
    return html.figure(
        cbow_plots.words_in_plane(lesson["embedding"], "setting"),
        "The six words in the plane for windows 1 and 2, each neighbour separately or their mean",
        "Four settings, trained from the same initial weights.",
    )


def settings_table(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return loss and separation in each setting."""
    names = {
        "setting": "input",
        "examples": "examples",
        "floor": "smallest possible loss",
        "loss": "mean loss",
        "line": "separated by a line",
        "nearest": "nearest words",
    }
    return html.table(
        lesson["contexts"][list(names)].rename(columns=names),
        dict.fromkeys([names["floor"], names["loss"]], "{:.3f}".format)
        | dict.fromkeys([names["line"], names["nearest"]], _whole),
        numbers.fill("{starts} random starts, {epochs} epochs each", **facts),
        text=("input",),
    )


def separation_measures(lesson: Lesson) -> HTML:
    """Return the definitions of the two measures of separation."""
    return html.text(
        "Two measures show whether the sentences separate. “Separated by a line”: a straight line"
        " has one sentence on each side. “Nearest words”: for each of the six words, the word with"
        " the highest cosine is in the same sentence. The second measure is stricter. Before"
        " training, it holds for {nearest_before:.0%} of the starts, the first one for"
        " {line_before:.0%}.",
        **lesson["contexts"].iloc[0][["nearest_before", "line_before"]],
    )


def separation(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return the plot of both measures by epoch."""
    return html.figure(
        cbow_plots.separation(lesson["separation"]),
        "Share of the random starts in which the sentences separate, by epoch, for four settings",
        numbers.fill("Share of the {starts} starts by epoch; epoch 0 is before training.", **facts),
    )


def wide_outcome(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return how a wider window changes the separation of the sentences."""
    first, wide = lesson["contexts"].iloc[0], lesson["contexts"].iloc[1]
    said = (
        "With window 2 and each neighbour separately, a line separates the sentences in {share} of"
        " the starts."
    )
    share = _whole(wide["line"])
    if wide["line"] == 1:
        said, share = said.replace("{share} of the starts", "all starts"), ""
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
    return html.text(said, share=share, units=facts["units"], **wide[["loss", "floor"]])


def mean_outcome(lesson: Lesson) -> HTML:
    """Return how often the mean of the neighbours separates the sentences."""
    narrow, wide = lesson["contexts"]["line"].iloc[2:]
    return html.text(
        "The mean of the neighbours separates the sentences in {narrow:.0%} of the starts with"
        " window 1 and in {wide:.0%} with window 2. With window 2, each word is predicted from its"
        " own two neighbours, and only sums of vectors are trained. How a sum is divided among its"
        " words is left to chance.",
        narrow=narrow,
        wide=wide,
    )


def methods(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return the training and the vectors of both methods on the corpus."""
    names = {
        "method": "method",
        "passes": "passes",
        "words_read": "words read",
        "train_cpu_seconds": "CPU time",
        "mean_cosine": "mean cosine",
        "same_class": "same class",
    }
    return html.table(
        lesson["settings"][list(names)].rename(columns=names),
        {
            "words read": "{:,}".format,
            "CPU time": numbers.seconds,
            "mean cosine": "{:.2f}".format,
            "same class": numbers.percent,
        },
        f"Training of both methods, and their vectors of {facts['map_words']} frequent words",
    )


def methods_outcome(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return what the columns of `methods` mean, and the cost of one pass."""
    cbow, skipgram = (lesson["settings"].set_index("method").loc[m] for m in ("CBOW", "skip-gram"))
    said = (
        "“Mean cosine” is the mean over all pairs of these words. Near 1, all vectors have the same"
        " direction: training has hardly separated them."
    )
    if facts["classes"]:
        said += (
            " “Same class”: the documents have classes, and some words occur mostly in one of them."
            " For how many of these words is the nearest one of the same class? A randomly chosen"
            " word would be in {guess:percent} of the cases."
        )
    first, second = (row["train_cpu_seconds"] / row["passes"] for row in (cbow, skipgram))
    if second > first:
        fewer = skipgram["passes"] < cbow["passes"]
        said += " One pass of skip-gram took {factor:.1f} times as long as one pass of CBOW"
        said += ", so it has fewer passes." if fewer else "; both have the same number of passes."
    return html.text(said, factor=second / first, **facts)


def untrained(lesson: Lesson) -> list[HTML]:
    """Return a warning about vectors that are far from fully trained, if there are any."""
    least = lesson["settings"].sort_values("mean_cosine").iloc[-1]
    if least["mean_cosine"] <= 0.5:
        return []
    warning = html.text(
        "A mean cosine of {mean_cosine:.2f} shows that the vectors of {method} are far from fully"
        " trained: this is little text, read {passes} times. In the list below, only the order of"
        " its cosines is informative, not their size.",
        **least,
    )
    return [warning]


def neighbours(lesson: Lesson) -> HTML:
    """Return the nearest words of some frequent words, with both methods."""
    table = lesson["neighbours"]
    place = table["word"].map(list(dict.fromkeys(table["word"])).index)
    near = table.assign(place=place).sort_values(["place", "method", "rank"])
    near = near.groupby(["word", "label", "method"], sort=False)["neighbour"].agg(", ".join)
    return html.table(
        near.reset_index().rename(columns={"label": "class", "neighbour": "nearest words"}),
        caption=f"The {table['rank'].max()} nearest words by cosine, nearest first",
        text=("word", "class", "method", "nearest words"),
    )


def neighbours_outcome(lesson: Lesson) -> HTML:
    """Return how to read the lists of neighbours."""
    table = lesson["neighbours"]
    cosine = table[table["rank"] == 1].groupby("method")["cosine"].mean()
    return html.text(
        "These are the most frequent words that have a class; they were not chosen by hand. Not"
        " every neighbour makes sense, and names or parts of addresses can be among them. Opposites"
        " can be neighbours, because they occur in the same contexts. The mean cosine of the first"
        " neighbour is {cbow:.2f} with CBOW and {skipgram:.2f} with skip-gram.",
        cbow=cosine["CBOW"],
        skipgram=cosine["skip-gram"],
    )


def word_map(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return the map of frequent words."""
    points = lesson["map"]
    return html.figure(
        plots.word_map(points, sorted(set(points["label"]) - {""})),
        f"Map of {len(points)} frequent words, coloured by class",
        f"The vectors of {facts['drawn']}, whose neighbours are more often of the same class, in"
        " two dimensions by t-SNE. Near words are similar; large distances mean little.",
    )


def bands(lesson: Lesson) -> HTML:
    """Return the plot of vector length and agreement by frequency of the word."""
    return html.figure(
        cbow_plots.bands(lesson["bands"]),
        "Length of the vectors and agreement with the nearest word, by occurrences",
        "Words that have a class, by their occurrences in the documents.",
    )


def bands_outcome(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return how the vectors of rare words differ from those of frequent words."""
    table = lesson["bands"][lesson["bands"]["words"] > 0]
    grouped = table.groupby("method", sort=False)[["length", "same_class"]]
    low, high = grouped.first(), grouped.last()
    said = "The vocabulary is already cut: none of its words occurs fewer than 10 times."
    if facts["rare"]:
        said = "{rare:.0%} of the {vectors:,} words with a vector occur fewer than 10 times."
    said += " A vector starts as small random numbers, and each occurrence of its word moves it."
    lengths, agreement = (
        ", ".join(
            f"{form.format(low.loc[method, column])} against"
            f" {form.format(high.loc[method, column])} with {method}"
            for method in low.index
            if not np.isnan(low.loc[method, column])
        )
        for column, form in (("length", "{:.2f}"), ("same_class", "{:.0%}"))
    )
    if len(low) and (low["length"] < high["length"]).all():
        said += " So the vectors of rare words stay short, compared with frequent words: {lengths}."
    if agreement and (low["same_class"] < high["same_class"]).all():
        said += " Their nearest word is less often of their class: {agreement}."
    elif agreement:
        said += " Their nearest word is of their class in these cases: {agreement}."
    said += (
        " A few occurrences say little about a word. Words with fewer than 5 occurrences get no"
        " vector at all, and neither do words that first occur after training."
    )
    return html.text(said, lengths=lengths, agreement=agreement, **facts)
