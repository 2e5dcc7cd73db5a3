"""Parts of the page about documents, made of the tables of evaluate_documents."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from IPython.display import HTML

from seq2report.core.excerpts import visible
from seq2report.report import html
from seq2report.report.embeddings_page import shown
from seq2report.report.embeddings_plots import OTHER, legend, side_by_side
from seq2report.report.numbers import percent

METHODS = {"PCA": "pca", "t-SNE": "tsne"}
SEARCHED = {"document": "id", "text": "excerpt", "answer": "answer"}


def points(documents: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return one row per document for `embeddings_plots.side_by_side`, wrong ones last (on top)."""
    wide = documents.sort_values("is_right", ascending=False, kind="stable")
    classes = wide["label"].map(visible)
    columns = {
        f"{axis}{panel}_{number}": wide[f"{axis}_{name}"].round(3)
        for number, name in enumerate(METHODS.values())
        for panel in (0, 1)
        for axis in "xy"
    }
    return pd.DataFrame(
        {
            **{"id": wide["id"].map(shown), "excerpt": wide["excerpt"]},
            **{"class": classes, "answer": wide["answer"].map(visible)},
            "label": classes.where(classes.isin(names), OTHER),
            "outcome": np.where(wide["is_right"], "right", "wrong"),
            **columns,
        }
    )


def section(tables: dict[str, pd.DataFrame], features: str, titles: dict) -> Iterator[HTML]:
    """Yield the maps and classes of some features; ``titles`` of encoders and variants."""
    documents, classes, summary = (
        tables[name][tables[name]["features"] == features]
        for name in ("documents", "classes", "summary")
    )
    row, encoder = summary.iloc[0], titles["encoders"][features]
    answers = titles["variants"][row["variant"]]
    all_drawn = row["drawn"] == row["test_documents"]
    chosen = "" if all_drawn else ", drawn at random, as many of each class if possible"
    yield html.heading(encoder)
    if documents["x_tsne"].isna().any():
        yield html.paragraph("There are too few test documents for a map.")
        return
    yield html.text(
        "Each point is a test document: {row.drawn:,} of {row.test_documents:n test documents}"
        + chosen
        + ". On average, {row.same_class:percent} of the {row.near} nearest documents have the same"
        " class (by chance: {row.by_chance:percent}); this is measured on the full vectors, not on"
        " the map. “{answers}” classifies {row.right:,} of the documents shown correctly.",
        row=row,
        answers=answers,
    )
    quality = ", ".join(f"{m} {row[f'trustworthiness_{n}']:.2f}" for m, n in METHODS.items())
    panels = [(f"{encoder}: classes", f"trustworthiness: {quality}")]
    panels.append((f"{encoder}: right and wrong", f"answers: {answers}"))
    names = legend(map(visible, classes["label"]))  # the most frequent come first
    chart = side_by_side(points(documents, names), panels, list(METHODS), names, SEARCHED, 1)
    label = f"Two maps of the same {len(documents):,} documents: by class, and right or wrong"
    caption = "The axes of a map have no meaning of their own. Point at a document to see its text."
    yield html.chart(chart, label, caption)
    yield _class_table(classes, row["near"], f"documents-{features}")


def _class_table(classes: pd.DataFrame, near: int, name: str) -> HTML:
    same = "neighbours in the same class"
    columns = {"label": "class", "test_documents": "test documents", "drawn": "on the map"}
    rows = classes.head(html.ROWS)[[*columns, "same_class"]]
    rows = rows.rename(columns={**columns, "same_class": same}).assign(
        **{"class": rows["label"].map(shown)}
    )
    formats = {**dict.fromkeys(["test documents", "on the map"], "{:,}".format), same: percent}
    caption = f"Share of the {near} nearest documents on the map, by the full vectors, per class"
    return html.table(rows, formats, caption, ("class",), name=name)
