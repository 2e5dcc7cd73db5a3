"""Tables and figures of the page that compares the variants of one corpus in depth."""

import pandas as pd
from IPython.display import HTML

from seq2report.core.wording import plural
from seq2report.report import comparison_plots, html
from seq2report.report.numbers import (
    METRICS,
    listed,
    milliseconds,
    percent,
    seconds,
    shape,
    stated_cost,
)
from seq2report.report.outcome import circumstances, few

TABLES = ("variants", "comparisons", "recommendation", "per_class")
TABLES += ("calibration", "selective", "history", "confusion")
MOST = 60  # variants of a matrix of pairs or of learning curves
WISHES = {  # rows of the table of recommendations, as they are shown
    "best": "best score",
    "to use": "to use",
    "cheapest within one point": "cheap within one point",
    "fastest within one point": "fast within one point",
    "fastest": "fast",
}
STATED = "stated cost"  # of answers from elsewhere
DRAWN = 8  # variants, the best, in plots with one panel or line each


def recommendation(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return which variant to take, by what is wanted of it; empty if none can be recommended."""
    rows = tables["recommendation"][["recommendation", "variant"]]
    if rows.empty:
        return HTML("")
    shown = rows.merge(tables["variants"], on="variant", how="left")
    metric = METRICS[shown["metric"].iloc[0]]
    shown = shown.assign(
        recommendation=shown["recommendation"].map(WISHES),
        named=[html.variant(row) for row in shown.itertuples()],
    )
    columns = {"recommendation": "wish", "named": "variant", "score": metric}
    columns |= {"fit_cpu_seconds": "CPU time", "ms_per_document": "prediction time"}
    shown = shown[[*columns]].rename(columns=columns)
    formats = {metric: percent, "CPU time": seconds, "prediction time": milliseconds}
    caption = (
        f"{circumstances(tables['variants'])}. Cheap: by CPU time; fast: by prediction time. Of the"
        " variants that take less than half of the time of the best one and less than twice the"
        " shortest time, the one with the best score is named; without any, the best one itself."
        f"{_left_out(tables['variants'])}"
    )
    return html.table(shown, formats, caption, text=("wish", "variant"), raw=("variant",))


def _left_out(variants: pd.DataFrame) -> str:
    """Return which variants are not recommended, or not for their times, and why."""
    is_monitored = variants["protocol"] == "lecture"
    is_unknown = variants[["fit_cpu_seconds", "ms_per_document"]].isna().any(axis=1)
    reasons = {
        "Left out, because they were monitored on the test documents": is_monitored,
        "Not considered as cheap or fast, because their times were not measured": is_unknown
        & ~is_monitored,
    }
    return "".join(
        f" {why}: {few(list(variants.loc[rows, 'title']))}."
        for why, rows in reasons.items()
        if rows.any()
    )


def pairs(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return the matrix of paired tests, or a sentence if there is one variant only."""
    comparisons, variants = tables["comparisons"], tables["variants"].head(MOST)
    titles = list(variants["title"])
    if comparisons.empty:
        return html.paragraph("There is no other variant to compare with.")
    shown = comparisons[["title_a", "title_b"]].isin(titles).all(axis=1)
    comparisons = comparisons[shown]
    counts = comparisons.groupby("title_a")["verdict"].value_counts().unstack(fill_value=0)
    counts = counts.reindex(columns=["better", "worse"], fill_value=0)
    alt = "Paired tests: " + "; ".join(
        f"{title} is better than {counts.loc[title, 'better']} and worse than"
        f" {counts.loc[title, 'worse']}"
        for title in titles
    )
    picture, names = comparison_plots.pairs(comparisons, variants)
    caption = f"+ better, − worse, ≈ not distinguishable. {circumstances(tables['variants'])}"
    if (count := len(tables["variants"])) > MOST:
        caption += f"; the {MOST} best of {count:,} variants"
    return html.figure(picture, alt, caption, names)


def cost_table(corpus: str, variants: pd.DataFrame) -> HTML:
    """Return time, memory and size of each variant."""
    shown = pd.DataFrame(
        {
            "variant": [html.variant(row) for row in variants.itertuples()],
            "CPU time": variants["fit_cpu_seconds"],
            **({"search": variants["search_cpu_seconds"]} if "chosen" in variants else {}),
            "prediction time": variants["ms_per_document"],
            "parameters": variants["parameters"],
            "frozen": variants["frozen_parameters"],
            "input per document": variants["document_shape"].where(variants["kind"] == "network"),
            "memory": variants["peak_memory_mb"],
        }
    )
    costs = variants[["cost_seconds", "cost_money"]].itertuples(index=False)
    stated = [stated_cost(*cost) for cost in costs]
    if any(stated):
        shown[STATED] = stated
    formats = {"CPU time": seconds, "prediction time": milliseconds, "input per document": shape}
    formats |= dict.fromkeys(["parameters", "frozen"], "{:,.0f}".format)
    formats |= {"search": seconds, "memory": "{:,.0f} MB".format}
    if not (variants["frozen_parameters"] > 0).any():
        shown = shown.drop(columns="frozen")
    name, text = f"{corpus}-cost", ("variant",)
    caption = f"Training cost; {circumstances(variants)}"
    if any(stated):
        text = (*text, STATED)
        caption += "; stated cost: as the configuration states it, not measured"
    return html.table(shown, formats, caption, text, raw=("variant",), name=name)


def calibration_table(corpus: str, variants: pd.DataFrame) -> HTML:
    """Return the measures of calibration of each variant."""
    if variants["ece"].isna().all():
        return HTML("")
    confident = f"confident ({100 * variants['confidence'].iloc[0]:g}% or more)"
    columns = {"named": "variant", "ece": "calibration error", "brier": "Brier score"}
    columns |= {"loss": "log loss", "confident_share": confident}
    columns |= {"confident_accuracy": "accuracy if confident", "accuracy": "accuracy"}
    shown = variants.assign(named=[html.variant(row) for row in variants.itertuples()])
    shown = shown.dropna(subset="ece")[[*columns]].rename(columns=columns)
    formats = dict.fromkeys(shown.columns[1:], percent)
    formats |= dict.fromkeys(["Brier score", "log loss"], "{:.3f}".format)
    name, text = f"{corpus}-calibration", ("variant",)
    caption = f"Calibration; {circumstances(variants)}"
    return html.table(shown, formats, caption, text, raw=text, name=name)


def without_probabilities(variants: pd.DataFrame) -> HTML:
    """Return which variants these figures leave out; empty if none."""
    titles = list(variants.loc[variants["ece"].isna(), "title"])
    if not titles:
        return HTML("")
    return html.paragraph(
        f"Left out, because their answers are labels without probabilities: {listed(titles)}."
    )


def reliability(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return the reliability diagrams of the best variants; empty without probabilities."""
    best = tables["variants"].dropna(subset="ece").head(DRAWN)
    if best.empty:
        return HTML("")
    alt = "Reliability diagrams: " + "; ".join(
        f"{row.title}, calibration error {percent(row.ece)}" for row in best.itertuples()
    )
    caption = (
        "On the dashed line, confidence equals accuracy; below it, the model is overconfident."
        " Larger dots stand for more documents; bins with few documents are joined. Bars are 95%"
        f" intervals.{_drawn(tables, best)}"
    )
    picture, names = comparison_plots.reliability_curves(tables["calibration"], best)
    return html.figure(picture, alt, caption, names)


def _drawn(tables: dict[str, pd.DataFrame], best: pd.DataFrame) -> str:
    """Return a sentence if a plot shows only the ``best`` variants."""
    count = len(tables["variants"].dropna(subset="ece"))
    return f" The {len(best)} best of {count:,} variants." if count > len(best) else ""


def selective(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return the accuracy of the best variants by coverage; empty without probabilities."""
    rows, best = tables["selective"], tables["variants"].dropna(subset="ece").head(DRAWN)
    if best.empty:
        return HTML("")
    least = rows.sort_values("coverage").groupby("title").first()
    if least["coverage"].eq(1).all():
        return html.text(
            "There are too few test documents for curves of accuracy by coverage:"
            " {n:n test documents}.",
            n=best["test_documents"].iloc[0],
        )
    first = round(rows["coverage"].min() * best["test_documents"].iloc[0])
    alt = "Accuracy on the most confident documents: " + "; ".join(
        f"{percent(least['accuracy'][title])} on {percent(least['coverage'][title])} by {title}"
        for title in best["title"]
    )
    caption = (
        "Selective accuracy: a model classifies only the documents where it is most confident; a"
        f" person classifies the rest. The curves begin at {plural(first, 'documents')}."
        f"{_drawn(tables, best)}"
    )
    picture, names = comparison_plots.selective_accuracy(rows, best)
    return html.figure(picture, alt, caption, names)


def length_figure(variants: pd.DataFrame, sweeps: list[dict[str, int]]) -> HTML:
    """Return the metric by words read; ``sweeps``: words by variant, of each set of variants."""
    named = variants.set_index("variant")
    shown = pd.concat(
        named.loc[list(sweep), ["score", "low", "high"]].assign(
            words=list(sweep.values()), sweep=named.loc[min(sweep, key=len), "title"]
        )
        for sweep in sweeps
    )
    metric = METRICS[variants["metric"].iloc[0]]
    alt = f"The {metric} by words read: " + "; ".join(
        f"{row.sweep}, {row.words} words {percent(row.score)}" for row in shown.itertuples()
    )
    return html.figure(comparison_plots.score_by_length(shown, metric), alt)


def learning_curves(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return the learning curves of the best networks, or a sentence if there are none."""
    history, variants = tables["history"], tables["variants"]
    networks = variants[variants["variant"].isin(history["variant"])]
    if networks.empty:
        return html.paragraph("No variant of this report has epochs.")
    metric = variants["metric"].iloc[0]
    caption = f"The {MOST} best of {len(networks):,} networks" if len(networks) > MOST else ""
    kept = history[history["kept"]].groupby("variant")
    scores, epochs = kept[f"val_{metric}"].mean(), kept["epoch"].agg(["min", "max"])
    alt = f"The validation {METRICS[metric]} of each network by epoch; at the one that is kept: "
    alt += "; ".join(
        f"{row.title} {percent(scores[row.variant])} (epoch"
        f" {' to '.join(map(str, epochs.loc[row.variant].unique()))})"
        for row in networks.head(MOST).itertuples()
    )
    picture, names = comparison_plots.learning_curves(history, networks.head(MOST), metric)
    return html.figure(picture, alt, caption, names)
