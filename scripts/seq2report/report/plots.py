"""Pictures of the report: each function takes tidy tables and returns a matplotlib figure."""

import math
import textwrap

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

INK = "#1d2430"  # stands for the colour of the page's text: see `page.figure`
# Okabe and Ito's colours, which colour-blind readers can tell apart; more classes go round again,
# with other markers.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#8C6D31", INK]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
NEUTRAL = "#9AA3AD"
VERDICTS = {  # colour of a cell, its sign and the colour of that
    "better": ("#0072B2", "+", "white"),
    "not distinguishable": ("#9AA3AD40", "≈", INK),
    "worse": ("#E69F00", "−", "#111111"),
}
# From nothing to blue: what is nothing shows the page, light or dark.
SHARES = mpl.colors.LinearSegmentedColormap.from_list("shares", ["#0072B200", "#0072B2"])
FEW_PANELS = 9  # that are drawn large
LABELLED_WORDS = 60  # on a map; the other words are points

mpl.rcParams.update(
    {
        "svg.fonttype": "none",  # text stays text: small, sharp and searchable
        "svg.hashsalt": "seq2report",  # the same picture is the same file
        "text.parse_math": False,  # a word with two dollar signs is not a formula
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        **dict.fromkeys(
            ["text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"], INK
        ),
    }
)


def styles(names: list[str]) -> dict[str, dict]:
    """Return a colour and a marker for each name, the same wherever the names are the same."""
    return {
        name: {
            "color": COLOURS[n % len(COLOURS)],
            "marker": MARKERS[(n + n // len(COLOURS)) % len(MARKERS)],
        }
        for n, name in enumerate(names)
    }


def accuracy_against_time(variants: pd.DataFrame) -> Figure:
    """Draw accuracy with its interval against the CPU time of one training, a number a variant.

    A line joins the Pareto front: variants that no other one is as good and as cheap as. One that
    is right less than half as often as the best is told below the list of names, not drawn: it
    would press all others together.

    Args:
        variants: as evaluate_runs writes it; the numbers are those of its rows.
    """
    table = variants.reset_index(drop=True)
    drawn = table[table["accuracy"] > table["accuracy"].max() / 2]
    figure = Figure(figsize=(10, max(4.6, 0.24 * len(table) + 0.4)))
    axes, names = figure.subplots(1, 2, width_ratios=(2.1, 1))
    front = drawn[drawn["pareto"]].sort_values("fit_cpu_seconds")
    axes.plot(
        front["fit_cpu_seconds"],
        front["accuracy"],
        drawstyle="steps-post",
        color=COLOURS[0],
        linestyle="--",
        linewidth=1,
    )
    for n, row in drawn.iterrows():
        colour = COLOURS[0] if row["pareto"] else "#6B7480"
        axes.errorbar(
            row["fit_cpu_seconds"],
            row["accuracy"],
            yerr=np.maximum([[row["accuracy"] - row["low"]], [row["high"] - row["accuracy"]]], 0),
            fmt="o",
            color=colour,
            markersize=14,
            elinewidth=1.2,
        )
        place = (row["fit_cpu_seconds"], row["accuracy"])
        number = {"ha": "center", "va": "center_baseline", "fontsize": 8, "fontweight": "bold"}
        axes.annotate(n + 1, place, color="white", **number)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    axes.set_xlabel("CPU seconds of one training (logarithmic)")
    axes.set_ylabel("accuracy on the test documents")
    axes.grid(alpha=0.25)
    names.set_axis_off()
    for n, row in table.iterrows():
        weight = "bold" if row["pareto"] else "normal"
        left_out = "" if n in drawn.index else f" ({row['accuracy']:.1%}, not drawn)"
        text, y = f"{n + 1}  {row['title']}{left_out}", 1 - (n + 0.5) / len(table)
        names.annotate(text, (0, y), xycoords="axes fraction", va="center", fontweight=weight)
    return figure


def pairs(comparisons: pd.DataFrame, titles: list[str]) -> Figure:
    """Draw whether the variant of a row is better than that of a column, a cell a pair.

    Args:
        comparisons: columns title_a, title_b and verdict, every pair from either side.
        titles: of the variants, in the order that they are drawn in.
    """
    count = len(titles)
    place = {title: n for n, title in enumerate(titles)}
    rows, columns = (comparisons[f"title_{side}"].map(place) for side in "ab")
    grid = np.full((count, count), np.nan)  # a variant against itself is no pair
    grid[rows, columns] = comparisons["verdict"].map({name: n for n, name in enumerate(VERDICTS)})
    names = 0.09 * max(map(len, titles)) + 0.7  # inches that the longest title takes
    figure = Figure(figsize=(max(0.3 * count + names, 5.5), 0.3 * count + 1))
    axes = figure.subplots()
    colours = mpl.colors.ListedColormap([colour for colour, _, _ in VERDICTS.values()])
    axes.imshow(grid, cmap=colours, vmin=0, vmax=len(VERDICTS) - 1)
    for verdict, y, x in zip(comparisons["verdict"], rows, columns, strict=True):
        _, sign, ink = VERDICTS[verdict]
        axes.text(x, y, sign, ha="center", va="center", color=ink)
    for verdict, (colour, sign, _) in VERDICTS.items():
        axes.scatter([], [], marker="s", s=90, color=colour, label=f"{sign}  {verdict}")
    axes.set_yticks(range(count), [f"{title}  {n}" for n, title in enumerate(titles, 1)])
    axes.set_xticks(range(count), range(1, count + 1))
    axes.set_xticks(np.arange(count - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(count - 1) + 0.5, minor=True)
    axes.grid(which="minor", color=NEUTRAL, linewidth=0.4)
    axes.tick_params(which="both", length=0)
    axes.tick_params(labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_anchor("E")  # a browser may need more room for the names than matplotlib thinks
    figure.legend(loc="outside lower center", ncols=len(VERDICTS))
    return figure


def accuracy_by_length(sweeps: pd.DataFrame) -> Figure:
    """Draw accuracy with its interval against the words that are read, a line a sweep.

    Args:
        sweeps: columns sweep (what the line is called), words, accuracy, low, high.
    """
    figure = Figure(figsize=(8, 3.4))
    axes = figure.subplots()
    for title, style in styles(list(dict.fromkeys(sweeps["sweep"]))).items():
        rows = sweeps[sweeps["sweep"] == title].sort_values("words")
        away = np.maximum([rows["accuracy"] - rows["low"], rows["high"] - rows["accuracy"]], 0)
        axes.errorbar(rows["words"], rows["accuracy"], yerr=away, capsize=3, label=title, **style)
    axes.set_xticks(sorted(set(sweeps["words"])))
    axes.set_xlabel("words of a document that the network reads")
    axes.set_ylabel("accuracy on the test documents")
    axes.grid(alpha=0.25)
    axes.legend()
    return figure


def learning_curves(history: pd.DataFrame) -> Figure:
    """Draw the accuracy of each epoch, training and validation, a panel a variant."""
    titles = list(dict.fromkeys(history["title"]))
    columns = min(3 if len(titles) <= FEW_PANELS else 5, len(titles))
    rows = math.ceil(len(titles) / columns)
    width, height = (3.6, 2.5) if len(titles) <= FEW_PANELS else (2.3, 2.0)
    figure = Figure(figsize=(width * columns, height * rows))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for panel, title in zip(panels, titles, strict=False):
        for seed, run in history[history["title"] == title].groupby("seed"):
            names = ("training", "validation") if seed == history["seed"].min() else (None, None)
            panel.plot(run["epoch"], run["accuracy"], color=NEUTRAL, label=names[0])
            panel.plot(run["epoch"], run["val_accuracy"], color=COLOURS[0], label=names[1])
            kept = run[run["kept"]]
            panel.plot(kept["epoch"], kept["val_accuracy"], "o", color=COLOURS[3], markersize=5)
        panel.set_title(textwrap.fill(title, round(9 * width)))
        panel.grid(alpha=0.25)
        panel.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, nbins=6))
        panel.set_xlabel("epoch")
    for panel in panels[::columns]:
        panel.set_ylabel("accuracy")
    panels[0].legend(loc="lower right")
    for panel in panels[len(titles) :]:
        panel.set_visible(False)
    return figure


def reliability_curves(calibration: pd.DataFrame, titles: list[str]) -> Figure:
    """Draw how right a variant is where it is how sure, a panel a variant.

    Args:
        calibration: columns title, confidence, accuracy and documents, a row a bin.
        titles: of the variants that are drawn.
    """
    columns = min(4, len(titles))
    rows = math.ceil(len(titles) / columns)
    figure = Figure(figsize=(2.6 * columns, 2.7 * rows))
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, title in zip(panels, titles, strict=False):
        bins = calibration[calibration["title"] == title]
        panel.plot([0, 1], [0, 1], color=NEUTRAL, linestyle="--", linewidth=1)
        panel.plot(bins["confidence"], bins["accuracy"], color=COLOURS[0], linewidth=1)
        area = 4 + 120 * bins["documents"] / bins["documents"].sum()
        panel.scatter(bins["confidence"], bins["accuracy"], s=area, color=COLOURS[0], alpha=0.8)
        panel.set_title(textwrap.fill(title, 26), fontsize=9)
        panel.grid(alpha=0.25)
        panel.set_aspect("equal")
    for n, panel in enumerate(panels):
        panel.set_visible(n < len(titles))
        panel.tick_params(labelbottom=n + columns >= len(titles))  # nothing stands below it
    figure.supxlabel("how sure: the probability of the answer", fontsize=9.5)
    figure.supylabel("how right: share of right answers", fontsize=9.5)
    return figure


def selective_accuracy(selective: pd.DataFrame, titles: list[str]) -> Figure:
    """Draw accuracy against the share of documents that are answered, a line a variant.

    Args:
        selective: columns title, coverage and accuracy.
        titles: of the variants that are drawn.
    """
    figure = Figure(figsize=(10, 4.0))
    axes = figure.subplots()
    for title, style in styles(titles).items():
        rows = selective[selective["title"] == title]
        axes.plot(rows["coverage"], rows["accuracy"], markersize=4, label=title, **style)
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    axes.set_xlabel("share of the documents that are answered, the surest first")
    axes.set_ylabel("accuracy on these")
    axes.grid(alpha=0.25)
    figure.legend(loc="outside right upper")
    return figure


def word_map(places: pd.DataFrame, classes: list[str]) -> Figure:
    """Draw words where a map puts them, coloured by the class that they go with."""
    figure = Figure(figsize=(10, 6.4))
    axes = figure.subplots()
    groups = [("", {"color": NEUTRAL, "marker": "."}), *styles(classes).items()]
    frequent = places.groupby("label")["count"].rank("first", ascending=False)
    labelled = frequent <= max(1, LABELLED_WORDS // len(groups))
    for label, style in groups:
        group = places[places["label"] == label]
        axes.scatter(
            group["x"],
            group["y"],
            s=16,
            alpha=0.75,
            linewidths=0,
            c=style["color"],
            marker=style["marker"],
            label=label or "no class in particular",
        )
        for word, x, y in group.loc[labelled, ["word", "x", "y"]].itertuples(index=False):
            axes.annotate(
                word,
                (x, y),
                xytext=(2, 2),
                textcoords="offset points",
                fontsize=7.5,
                color=INK if label == "" else style["color"],
            )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    figure.legend(loc="outside lower center", ncols=min(4, len(groups)), markerscale=1.6)
    return figure
