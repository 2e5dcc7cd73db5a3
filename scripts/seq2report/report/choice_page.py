"""Section on the candidates that a variant was chosen from; all text from data is escaped."""

from collections.abc import Iterator

import pandas as pd
from IPython.display import HTML

from seq2report.core.wording import plural
from seq2report.report import html, variant_plots
from seq2report.report.numbers import METRICS, SPREAD, fill, percent, seconds


def candidates(
    corpus: str, table: pd.DataFrame, row: pd.Series, settings: dict[str, dict], title: str
) -> Iterator[HTML]:
    """Yield the section on the candidates of a variant on a corpus.

    Args:
        table: one row per candidate, the best first.
        row: of the variant in the table of variants.
        settings: of each candidate, with its title.
        title: of the variant, with which those of its candidates begin.
    """
    names = [settings[name]["title"].removeprefix(f"{title}, ") for name in table["candidate"]]
    scores, metric = table[f"val_{row['metric']}"], METRICS[row["metric"]]
    yield html.heading("Candidates", 3)
    yield html.text(
        "Chosen from {n:n configurations}: {name}, with a validation {metric} of {best:percent}."
        " {near}This figure is optimistic, because it is the best of {n}. The test documents had no"
        " influence on the choice. Training all candidates{seeds} took {search:seconds} of CPU"
        " time, {own:seconds} of it for this one.",
        n=len(table),
        name=names[0],
        metric=metric,
        best=scores.iloc[0],
        near=_near(scores, row) if row["metric"] == "accuracy" else "",
        seeds=f" with {row['runs']} seeds" if row["runs"] > 1 else "",
        search=row["search_cpu_seconds"],
        own=table["search_cpu_seconds"].iloc[0],
    )
    yield _table(table, names, row, f"{corpus}-{row['variant']}-candidates")
    times = table["fit_cpu_seconds"]
    alt = f"Validation {metric} against CPU seconds of one training: " + "; ".join(
        f"{n} {percent(score)} in {seconds(cpu)}"
        for n, (score, cpu) in enumerate(zip(scores, times, strict=True), 1)
    )
    picture = variant_plots.candidates(table, row["metric"])
    caption = "Numbers are the rows of the table."
    if row["runs"] > 1:
        caption += " Bars: standard deviation over the seeds."
    yield html.figure(picture, alt, caption)


def _near(scores: pd.Series, row: pd.Series) -> str:
    """Return how many candidates are within one standard error of the best accuracy."""
    error = (scores.iloc[0] * (1 - scores.iloc[0]) / row["validation_documents"]) ** 0.5
    near = int((scores >= scores.iloc[0] - error).sum()) - 1
    if not near:
        return ""
    return fill(
        "{near} of the others {verb} within one standard error of it ({error:.1f} points on {n:n"
        " documents}): these differences can be chance. ",
        near=near,
        verb="is" if near == 1 else "are",
        error=100 * error,
        n=row["validation_documents"],
    )


def _table(table: pd.DataFrame, names: list[str], row: pd.Series, name: str) -> HTML:
    metric = METRICS[row["metric"]]
    shown = pd.DataFrame(
        {
            "#": range(1, len(table) + 1),
            "candidate": names,
            metric: table[f"val_{row['metric']}"],
            SPREAD: 100 * table[f"val_{row['metric']}_sd"],
            "log loss": table["val_loss"],
            "CPU time": table["fit_cpu_seconds"],
        }
    )
    if shown[SPREAD].isna().all():
        shown = shown.drop(columns=SPREAD)
    documents = plural(row["validation_documents"], "validation documents")
    caption = f"Candidates on {documents}, the best first; CPU time is that of one training"
    formats = {"#": str, metric: percent, SPREAD: "{:.1f}".format, "CPU time": seconds}
    formats["log loss"] = "{:.3f}".format
    return html.table(shown, formats, caption, ("candidate",), name=name)
