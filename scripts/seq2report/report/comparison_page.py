"""Tables and figures of the page that compares all variants of all corpora."""

import pandas as pd
from IPython.display import HTML

from seq2report.report import comparison_plots, html
from seq2report.report.numbers import METRICS, SPREAD, milliseconds, percent, seconds
from seq2report.report.outcome import above_chance, circumstances, few, recommended

# Accuracies, as they are shown.
EXACT, NEAR = "without exact duplicates", "without exact and near duplicates"
FORMATS = {
    "rank": str,
    "accuracy": percent,
    SPREAD: "{:.1f}".format,
    EXACT: percent,
    NEAR: percent,
    "macro-F1": percent,
    "CPU time": seconds,
    "prediction time": milliseconds,
}
OTHERS = ("accuracy", "macro_f1")  # metrics that the table always has
PROTOCOL = {"title": "variant", "seed": "seed", "val_accuracy_at_10": "after 10 epochs"}
PROTOCOL |= {"val_accuracy_best": "best epoch", "val_accuracy_last": "last epoch"}


def variants_table(corpus: str, tables: dict[str, pd.DataFrame]) -> HTML:
    """Return the table of the variants of a corpus, the best first."""
    variants = tables["variants"]
    ends = html.scale(variants[above_chance(tables)])
    bars = "95% interval (axis: {:.0%} to {:.0%})".format(*ends)
    rows, metric = list(variants.itertuples()), variants["metric"].iloc[0]
    shown = pd.DataFrame(
        {
            "rank": variants["rank"],
            "variant": [html.variant(row) for row in rows],
            METRICS[metric]: variants["score"],
            SPREAD: 100 * variants["score_sd"],
            bars: [html.interval(row.low, row.score, row.high, ends) for row in rows],
            "compared with the best": _against_the_best(tables),
            "CPU time": variants["fit_cpu_seconds"],
            "prediction time": variants["ms_per_document"],
            EXACT: variants["accuracy_unseen"],
            NEAR: variants["accuracy_unseen_near"],
            **{METRICS[name]: variants[name] for name in OTHERS if name != metric},
        }
    )
    counts = variants[["test_documents", "unseen_documents", "unseen_near_documents"]].iloc[0]
    exact, near = -counts.diff().iloc[1:].astype(int)
    left_out = {SPREAD: shown[SPREAD].isna().all(), EXACT: not exact, NEAR: not near}
    shown = shown.drop(columns=[name for name, is_left_out in left_out.items() if is_left_out])
    caption = (
        f"{circumstances(variants)}; test documents with an exact duplicate in the training set:"
        f" {exact:,}"
    )
    caption += f", with a near duplicate only: {near:,}" if near else ""
    if variants["fit_cpu_seconds"].isna().any():
        caption += "; –: not measured, because answers come from elsewhere"
    text, raw = ("variant", "compared with the best"), ("variant", bars)
    formats = FORMATS | {METRICS[metric]: percent}
    name, shares = f"{corpus}-variants", (METRICS[metric], *map(METRICS.get, OTHERS))
    return html.table(shown, formats, caption, text, raw, name, shares)


def _against_the_best(tables: dict[str, pd.DataFrame]) -> list[str | None]:
    """Return the verdict of each variant against the best one, None without a test.

    A variant of the lecture's protocol has none: its accuracy was monitored on the test documents.
    """
    variants, comparisons = tables["variants"], tables["comparisons"]
    row = recommended(tables)
    best = None if row is None else row["variant"]
    verdicts = comparisons[comparisons["variant_b"] == best].set_index("variant_a")["verdict"]
    monitored = variants.loc[variants["protocol"] == "lecture", "variant"]
    verdicts = verdicts.to_dict() | {best: "the best"}
    verdicts |= dict.fromkeys(monitored, "lecture's protocol")
    return [verdicts.get(name) for name in variants["variant"]]


def protocol_table(runs: pd.DataFrame) -> HTML:
    """Return the accuracy of the runs by the lecture's protocol; empty if there are none."""
    shown = runs.loc[runs["protocol"] == "lecture", [*PROTOCOL]].rename(columns=PROTOCOL)
    if shown.empty:
        return HTML("")
    formats = dict.fromkeys(shown.columns[2:], percent)
    caption = "Lecture's protocol: accuracy on the test documents, by epoch"
    return html.table(shown, formats, caption, ("variant",))


def cost_figure(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return the plot of the metric against training time of a corpus; empty without any time."""
    variants = tables["variants"]
    if variants["fit_cpu_seconds"].isna().all():
        return HTML("")
    unknown = list(variants.loc[variants["fit_cpu_seconds"].isna(), "title"])
    left_out = f" Not drawn, because their training was not measured: {few(unknown)}."
    points = "; ".join(
        f"{row.title} {percent(row.score)} in {seconds(row.fit_cpu_seconds)}"
        for row in variants.dropna(subset="fit_cpu_seconds").itertuples()
    )
    front = ", ".join(variants.loc[variants["pareto"], "title"])
    name = METRICS[variants["metric"].iloc[0]]
    alt = f"{name.capitalize()} against CPU seconds of one training: {points}"
    alt += f". Pareto front: {front}" if front else ""
    picture, names = comparison_plots.score_against_time(variants, above_chance(tables))
    caption = f"{circumstances(variants)}."
    if variants["pareto"].any():
        caption += " Dashed: no other variant is both better and cheaper."
    caption += left_out if unknown else ""
    return html.figure(picture, alt, caption, names)


def cards(corpus: str, has_sizes: bool) -> HTML:
    """Return links to the pages of a corpus; ``has_sizes``: also that about numbers of labels."""
    depth = "paired tests, training cost, calibration, learning curves"
    sizes = ("How many labels?", "results with fewer labels, and what more would bring")
    return html.cards(
        {
            f"corpus-{corpus}.html": ("Texts", "documents, splits, and how a model reads them"),
            f"compared-{corpus}.html": ("Comparison in depth", depth),
            f"embeddings-{corpus}.html": ("Words", "word maps, neighbours, before and after"),
            **({f"sizes-{corpus}.html": sizes} if has_sizes else {}),
            f"trust-{corpus}.html": ("Trust", "duplicates, label errors, published figures"),
        }
    )
