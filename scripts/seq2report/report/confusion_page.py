"""The confusion matrix of a variant, with documents of its cells; all text from data is escaped."""

from collections.abc import Iterator
from html import escape

import pandas as pd
from IPython.display import HTML

from seq2report.core.excerpts import excerpt
from seq2report.core.wording import plural
from seq2report.report import html, variant_plots
from seq2report.report.numbers import fill, percent
from seq2report.report.outcome import circumstances

PAIRS = 50  # confusions of a table
LISTED = 10  # classes from which on the worst confusions are also listed
CHOOSE = (
    "A click on a cell shows some of its documents below the matrix, if excerpts of them are kept."
)
NONE = (
    "No excerpt is kept for this cell. Excerpts are those of the first seed; their number is"
    " limited per cell and in all."
)


def sections(tables: dict[str, pd.DataFrame], corpus: str) -> Iterator[HTML]:
    """Yield the confusion matrix, or the most frequent confusions of many classes.

    ``corpus`` is the name of the corpus, for the addresses of the documents of each cell.
    """
    counts, classes = tables["confusion"], list(tables["per_class"]["label"])
    size = counts.groupby("label")["documents"].transform("sum")
    pairs = counts.assign(size=size, share=counts["documents"] / size)
    pairs["runs"] = tables["variants"]["runs"].iloc[0]
    pairs["address"] = _addresses(pairs, tables["cells"], classes, corpus)
    wrong = pairs[pairs["label"] != pairs["predicted"]]
    if wrong.empty:
        yield html.paragraph("All answers on the test documents are correct.")
        return
    worst = wrong.sort_values("share").iloc[-1]
    most = f"{worst['share']:.1%} of {_named(worst, '{label} are classified as {predicted}')}"
    about = f"{circumstances(tables['variants'])}. The largest confused share of a class: {most}."
    if len(classes) <= variant_plots.MOST_CLASSES:
        yield HTML(f'<p class="soft" id="{escape(corpus)}-cells">{CHOOSE}</p>')
        picture = variant_plots.confusion_matrix(
            variant_plots.confusion_shares(counts, classes), _cells(pairs, classes)
        )
        caption = "Of 100 documents of a class (row), the number assigned to each class (column)"
        yield html.figure(picture, most, f"{caption}: {about}")
    else:
        caption = "Share of the documents of a class (row) assigned to each class (column)"
        caption += f", in alphabetical order; errors are orange{_joined(classes)}: {about}"
        yield html.figure(variant_plots.heat_map(counts, classes), most, caption)
    if len(classes) > LISTED:
        yield _worst(wrong, f"{corpus}-{tables['variants']['variant'].iloc[0]}")
    yield from _documents(pairs, tables["cells"], corpus)


def _named(row: pd.Series, template: str) -> str:
    names = {name: excerpt(row[name], variant_plots.LONGEST) for name in ("label", "predicted")}
    return fill(template, **names)


def _addresses(
    pairs: pd.DataFrame, cells: pd.DataFrame, classes: list[str], corpus: str
) -> list[str]:
    """Return the id of the documents of each cell; those without excerpts have one in common."""
    place, kept = {name: n for n, name in enumerate(classes)}, _keys(cells, "label", "answer")
    return [
        f"{corpus}-cell-{place[label]}-{place[predicted]}"
        if (label, predicted) in kept
        else f"{corpus}-cell-none"
        for label, predicted in zip(pairs["label"], pairs["predicted"], strict=True)
    ]


def _keys(rows: pd.DataFrame, *columns: str) -> set[tuple]:
    return set(rows[[*columns]].itertuples(index=False, name=None))


def _cells(pairs: pd.DataFrame, classes: list[str]) -> Iterator[tuple[int, int, str, str]]:
    """Yield row, column, text and link of each cell with documents."""
    place = {name: n for n, name in enumerate(classes)}
    for _, row in pairs[pairs["documents"] > 0].iterrows():
        text = f"{_answers(row)}: {_named(row, 'true class {label}, predicted {predicted}')}"
        yield place[row["label"]], place[row["predicted"]], text, f"#{row['address']}"


def _answers(row: pd.Series) -> str:
    return f"{row['documents']:,} of {_counted(row, 'size')} ({percent(row['share'])})"


def _counted(row: pd.Series, column: str) -> str:
    """Return a number of documents, or with several seeds of answers."""
    if row["runs"] > 1:
        return f"{plural(row[column], 'answers')} (all seeds)"
    return plural(row[column], "documents")


def _joined(classes: list[str]) -> str:
    """Return how many classes share a row of the heat map, if any do."""
    if len(classes) <= variant_plots.PIXELS:
        return ""
    most = -(-len(classes) // variant_plots.PIXELS)
    return (
        f". Up to {most} neighbouring classes share a row and a column; confusions among them are"
        " not orange"
    )


def _worst(pairs: pd.DataFrame, name: str) -> HTML:
    """Return the table of the most frequent confusions."""
    has_seeds = pairs["runs"].iloc[0] > 1
    counted = "answers" if has_seeds else "documents"
    columns = {"label": "class", "predicted": "classified as"}
    columns |= {"documents": counted, "share": "of the class", "address": "excerpts"}
    most = pairs.sort_values(["documents", "share"], ascending=False, kind="stable").head(PAIRS)
    caption = f"The {len(most)} most frequent of {len(pairs):,} confusions"
    caption += "; answers are those of all seeds" if has_seeds else ""
    formats = {counted: "{:,}".format, "of the class": percent}
    shown = most[[*columns]].rename(columns=columns)
    shown["excerpts"] = [
        None if address.endswith("-none") else html.link("show", f"#{address}")
        for address in shown["excerpts"]
    ]
    text = ("class", "classified as")
    return html.table(shown, formats, caption, text, ("excerpts",), name=f"{name}-confusions")


def _documents(pairs: pd.DataFrame, cells: pd.DataFrame, corpus: str) -> Iterator[HTML]:
    """Yield the documents of each cell, which its address shows and no other."""
    named, kept = pairs.set_index("address"), dict(list(cells.groupby(["label", "answer"])))
    for address, row in named[~named.index.str.endswith("-none")].iterrows():
        rows = kept[row["label"], row["predicted"]]
        about = _named(row, "True class {label}, predicted class {predicted}")
        about += f": {len(rows):,} of {_counted(row, 'documents')}"
        yield _shown(
            address, corpus, html.paragraph(about, "soft"), *map(_document, rows.itertuples())
        )
    yield _shown(f"{corpus}-cell-none", corpus, html.paragraph(NONE))


def _document(row: tuple) -> HTML:
    probability = "" if pd.isna(row.probability) else f" ({row.probability:.4f})"
    return HTML(
        f"<p><strong>{escape(row.id)}</strong>{probability}</p>"
        f'<blockquote dir="auto">{escape(row.excerpt)}</blockquote>'
    )


def _shown(address: str, corpus: str, *parts: HTML) -> HTML:
    content = "".join(part.data for part in parts)
    close = html.link("Back to the matrix", f"#{corpus}-cells")
    return HTML(f'<div class="shown-by-cell" id="{escape(address)}">{content}<p>{close}</p></div>')
