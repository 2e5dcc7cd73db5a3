"""Parts of the page about the number of labels, and its sentence on the first page.

The tables are those of evaluate_sizes.
"""

from collections.abc import Iterator
from html import escape

import pandas as pd
from IPython.display import HTML

from seq2report.core.wording import plural
from seq2report.report import html, sizes_plots
from seq2report.report.numbers import METRICS, fill, listed, percent, points, seconds, signed

AMONG = "Of the {of:n variants} trained with fewer labels, "


def about(number: float) -> str:
    """Return a number of labels with two digits that count."""
    return f"{float(f'{number:.2g}'):,.0f}"


def advice(title: str, tables: dict[str, pd.DataFrame], link: str = "") -> HTML:
    """Return which variant to use with how many labels, and what twice as many would bring.

    ``title`` is that of the corpus, and ``link`` the address of the page with the details, if any.
    """
    text = " ".join(_sentences(tables))
    more = f'<span class="beside">{html.link("How many labels?", link)}</span>' if link else ""
    return HTML(f'<p class="outcome"><strong>{escape(title)}:</strong> {escape(text)} {more}</p>')


def _sentences(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    sizes = tables["sizes"]
    if sizes["labels"].nunique() < 2:
        yield "All configured sizes are the same number of labels; add others to compare.labels."
        return
    leaders = sizes.loc[sizes.groupby("labels")["score"].idxmax()]
    first, last = leaders.iloc[0], leaders.iloc[-1]
    level = sizes[(sizes["variant"] == first["variant"]) & (sizes["labels"] == last["labels"])]
    if level["score"].iloc[0] == last["score"]:  # it is not overtaken
        last = level.iloc[0]
    if sizes["variant"].nunique() > 1:
        yield _leaders(first, last, leaders, tables)
    yield _more(tables["doubling"].set_index("variant").loc[last["variant"]], first, last)


def _leaders(
    first: pd.Series, last: pd.Series, leaders: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> str:
    crossings, of = tables["crossings"], tables["sizes"]["variant"].nunique()
    values = {"few": first["labels"], "many": last["labels"], "of": of}
    values |= {"first": first["title"], "last": last["title"]}
    if first["variant"] == last["variant"]:
        others = leaders.iloc[:-1].loc[leaders["variant"] != first["variant"]]
        between = [f"{row.title} with {row.labels:,}" for row in others.itertuples()]
        if not between:
            template = "{first} leads at every size from {few:,} to {many:n labels}."
            return fill(AMONG + template, **values)
        values["others"] = listed(between)
        template = "{first} leads with {few:,} and with {many:n labels}, but {others}."
        return fill(AMONG + template, **values)
    between = leaders.loc[~leaders["variant"].isin([first["variant"], last["variant"]])]
    chosen = (crossings["first"] == first["variant"]) & (crossings["second"] == last["variant"])
    crossing = crossings[chosen].iloc[0]
    values |= {"labels": about(crossing["labels"]), "interval": interval(crossing, leaders)}
    template = (
        "{first} leads with {few:n labels}, {last} with {many:,}. They cross at about {labels}"
        " labels, which is uncertain ({interval})."
        if crossing[["low", "high"]].isna().any()
        else "use {first} with {few:n labels}; from about {labels} on ({interval}) {last} is"
        " better."
    )
    if len(between):
        template += " Between them, {others} lead" + ("s." if len(between) == 1 else ".")
        values["others"] = listed(
            [f"{row.title} with {row.labels:,}" for row in between.itertuples()]
        )
    return fill(AMONG + template, **values)


def interval(crossing: pd.Series, sizes: pd.DataFrame) -> str:
    """Return the interval of a crossing; a missing limit is outside of the sizes."""
    fewest, most = sizes["labels"].min(), sizes["labels"].max()
    low = f"less than {fewest:,}" if pd.isna(crossing["low"]) else about(crossing["low"])
    high = f"more than {most:,}" if pd.isna(crossing["high"]) else about(crossing["high"])
    return f"95% interval {low} to {high}"


def _more(law: pd.Series, first: pd.Series, last: pd.Series) -> str:
    if pd.isna(law["gain"]):
        return fill(
            "With {few:,} and {many:n labels}, the {metric} of {leader} is {low:percent} and"
            " {high:percent}; what more labels would bring cannot be predicted, because "
            + (
                "the errors of {title} follow no power law."
                if law["of"] >= law["fewest"]
                else "this takes at least {fewest} sizes."
            ),
            fewest=law["fewest"],
            leader=first["title"] if first["variant"] == last["variant"] else "the leader",
            **{"few": first["labels"], "many": last["labels"], "title": last["title"]},
            **{"low": first["score"], "high": last["score"], "metric": METRICS[last["metric"]]},
        )
    return fill(
        "Doubling the labels to {doubled:,} would bring {title} about {gain} ({low} to {high}).",
        title=last["title"],
        doubled=law["doubled"],
        gain=points(law["gain"]),
        low=f"{100 * law['gain_low']:.1f}",
        high=f"{100 * law['gain_high']:.1f}",
    )


def circumstances(sizes: pd.DataFrame) -> str:
    """Return what the intervals cover, for captions."""
    row, seeds = sizes.iloc[0], sizes["seeds"].iloc[0].split()
    documents = plural(row["test_documents"], "test documents")
    if len(seeds) == 1:
        return (
            f"{documents}; seed {seeds[0]}. With one seed, the intervals cover the choice of the"
            " test documents, but not that of the labelled ones"
        )
    return f"{documents}; means over the seeds {', '.join(seeds)}, each with its own subsets"


def curves(sizes: pd.DataFrame, doubling: pd.DataFrame) -> HTML:
    """Return the figure of the metric by number of labels."""
    metric = METRICS[sizes["metric"].iloc[0]]
    lines = (
        f"{title}: "
        + ", ".join(f"{percent(row.score)} with {row.labels:,}" for row in rows.itertuples())
        for title, rows in sizes.groupby("title", sort=False)
    )
    alt = f"The {metric} by number of labels. {'; '.join(lines)}"
    caption = f"Bars are 95% intervals. {circumstances(sizes)}."
    if doubling["gain"].notna().any():
        caption += " Dotted: what twice as many labels are expected to bring."
    picture, names = sizes_plots.curves(sizes, doubling)
    return html.figure(picture, alt, caption, names)


def sizes_table(corpus: str, sizes: pd.DataFrame) -> HTML:
    """Return one row per size and variant."""
    metric = METRICS[sizes["metric"].iloc[0]]
    columns = {"named": "variant", "labels": "labels", "score": metric, "low": "from", "high": "to"}
    columns |= {"train": "training", "validation": "validation", "fit_cpu_seconds": "CPU time"}
    shown = sizes.assign(named=[html.variant(row) for row in sizes.itertuples()])
    shown = shown.sort_values(["labels", "score"], ascending=[True, False])
    formats = dict.fromkeys(("labels", "training", "validation"), "{:,}".format)
    formats |= dict.fromkeys((metric, "from", "to"), percent) | {"CPU time": seconds}
    caption = circumstances(sizes)
    shown = shown[[*columns]].rename(columns=columns)
    text = ("variant",)
    return html.table(shown, formats, caption, text, raw=text, name=f"{corpus}-sizes")


def crossings_table(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return where two lines cross, or that none do."""
    crossings, sizes = tables["crossings"], tables["sizes"]
    if crossings.empty:
        return html.paragraph(
            "No variant that is behind with the fewest labels is ahead with the most."
        )
    variants = sizes.drop_duplicates("variant").set_index("variant", drop=False)
    named = {row.variant: html.variant(row) for row in variants.itertuples()}
    shown = pd.DataFrame(
        {
            "better with few labels": crossings["first"].map(named),
            "better with many labels": crossings["second"].map(named),
            "cross at about": crossings["labels"].map(about),
            "uncertainty": [interval(row, sizes) for _, row in crossings.iterrows()],
        }
    )
    raw = tuple(shown.columns[:2])
    return html.table(shown, None, "Crossings", (*raw, "uncertainty"), raw)


def doubling_table(doubling: pd.DataFrame, metric: str) -> HTML:
    """Return what twice as many labels are expected to bring."""
    laws = [
        "none fits"
        if pd.isna(row.gain)
        else f"{signed(row.exponent, '.2f')} ({signed(row.exponent_low, '.2f')} to"
        f" {signed(row.exponent_high, '.2f')}), from {row.sizes:.0f} sizes"
        for row in doubling.itertuples()
    ]
    gains = [
        None
        if pd.isna(row.gain)
        else f"{points(row.gain)} ({100 * row.gain_low:.1f} to {100 * row.gain_high:.1f})"
        for row in doubling.itertuples()
    ]
    shown = pd.DataFrame(
        {
            "variant": [html.variant(row) for row in doubling.itertuples()],
            "exponent of the error (95% interval)": laws,
            "expected gain (95% interval)": gains,
            f"expected {METRICS[metric]}": doubling["expected"],
        }
    )
    row = doubling.iloc[0]
    caption = f"From {row['labels']:,} to {row['doubled']:,} labelled documents"
    formats = {shown.columns[3]: percent}
    return html.table(shown, formats, caption, tuple(shown.columns[:3]), raw=("variant",))
