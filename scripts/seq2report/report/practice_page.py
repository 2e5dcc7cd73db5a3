"""What a practitioner asks next: which differences show, which class costs most, how to predict."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from IPython.display import HTML

from seq2report.core.excerpts import excerpt
from seq2report.report import html
from seq2report.report.numbers import mean_count, percent, signed
from seq2report.report.outcome import LONGEST, against_the_best, recommended

COSTLY = 10  # classes of the table


def detectable(corpus: str, tables: dict[str, pd.DataFrame]) -> Iterator[HTML]:
    """Yield the difference from the best that the test documents could show, by variant."""
    best = recommended(tables)
    if best is None or (pairs := against_the_best(tables)).empty:
        return
    yield html.heading("Detectable differences")
    yield html.text(
        "How small a difference from {title} could {n:n test documents} show? The table has the"
        " smallest true difference that the paired test finds in 80% of all cases, after Holm's"
        " correction. It is (z₁ + z₂) × the standard error of such a difference, with the normal"
        " quantiles z₁ at 1 − 0.05/2m for m pairs of variants and z₂ at 0.8, or Student's with"
        " several seeds (Bloom 1995, “Minimum detectable effects”, Evaluation Review 19(5)). A true"
        " difference adds documents of which one variant alone is right to those that are observed,"
        " which makes the standard error larger. "
        + (
            "More test documents reduce only the part that is due to documents."
            if tables["variants"]["runs"].max() > 1
            else "At most four times as many test documents halve it."
        ),
        title=best["title"],
        n=best["test_documents"],
    )
    variants = tables["variants"].merge(pairs, left_on="variant", right_on="variant_a")
    shown = pd.DataFrame(
        {
            "variant": [html.variant(row) for row in variants.itertuples()],
            "difference (points)": 100 * variants["difference"],
            "detectable (points)": 100 * variants["detectable"],
            "verdict": variants["verdict"],
        }
    )
    formats = {"difference (points)": signed, "detectable (points)": "{:.1f}".format}
    text, name = ("variant", "verdict"), f"{corpus}-detectable"
    caption = f"Compared with {best['title']}"
    yield html.table(shown, formats, caption, text, raw=("variant",), name=name)


def costly_classes(corpus: str, tables: dict[str, pd.DataFrame]) -> Iterator[HTML]:
    """Yield the classes with the most errors of the variant to use."""
    use = recommended(tables, "to use")
    if use is None:
        return
    yield html.heading("Costly classes")
    counts = tables["confusion"][tables["confusion"]["variant"] == use["variant"]]
    sizes = counts.groupby("label")["documents"].sum()
    wrong = counts[counts["label"] != counts["predicted"]]
    if wrong.empty:
        yield html.text("{title} makes no error on the test documents.", title=use["title"])
        return
    errors = wrong.groupby("label")["documents"].sum().sort_values(ascending=False, kind="stable")
    most = wrong.sort_values("documents", ascending=False, kind="stable")
    most = most.drop_duplicates("label").set_index("label")
    first = errors.index[0]
    yield html.text(
        "Which class costs the most? Of the {errors:n errors} of {title}{seeds}, {share:percent}"
        " are documents of {name}: it misses {missed:percent} of this class, most often as"
        " {other}.",
        "outcome",
        title=use["title"],
        errors=errors.sum(),
        seeds=" over all seeds" if use["runs"] > 1 else "",
        share=errors.iloc[0] / errors.sum(),
        missed=errors.iloc[0] / sizes[first],
        name=excerpt(first, LONGEST),
        other=excerpt(most.loc[first, "predicted"], LONGEST),
    )
    top = errors.head(COSTLY)
    table = pd.DataFrame({"errors": top, "size": sizes[top.index]})
    table = table.assign(share=top / errors.sum(), other=most.loc[top.index, "predicted"])
    yield _costly_table(table, use, f"{corpus}-costly")


def _costly_table(table: pd.DataFrame, use: pd.Series, name: str) -> HTML:
    """Return the table of classes: errors and size over all seeds, share of all errors, other."""
    shown = pd.DataFrame(
        {
            "class": table.index,
            "errors": table["errors"].to_numpy() / use["runs"],
            "test documents": table["size"].to_numpy() / use["runs"],
            "of the class": (table["errors"] / table["size"]).to_numpy(),
            "of all errors": table["share"].to_numpy(),
            "most often classified as": table["other"].to_numpy(),
        }
    )
    formats = dict.fromkeys(["test documents", "errors"], mean_count)
    formats |= dict.fromkeys(["of the class", "of all errors"], percent)
    caption = f"{use['title']}: the classes with the most errors"
    if use["runs"] > 1:
        caption += ", means over seeds"
    return html.table(shown, formats, caption, ("class", "most often classified as"), name=name)


def usage(corpus: str, tables: dict[str, pd.DataFrame], table_folder: str) -> Iterator[HTML]:
    """Yield the commands that use the recommended variant, ready to paste."""
    use = recommended(tables, "to use")
    if use is None or pd.isna(use["fit_cpu_seconds"]):
        return  # answers from elsewhere, or an ensemble with them, have no model here
    seed = str(use["seeds"]).split()[0]
    run = Path(table_folder).parents[1] / corpus / "runs" / use["variant"] / f"seed-{seed}"
    yield html.heading("Use the model")
    yield html.text(
        "The folder of the run of {title} has all that its predictions need, and can be copied to"
        " another machine with seq2report. Run these commands in a clone of seq2report, in its"
        " environment. The path of the run is relative to the folder in which the report was made."
        " With the installed package, write “seq2report predict” and “seq2report explain”.",
        title=use["title"],
    )
    yield html.code(
        f'python scripts/predict.py {run} "A text to classify."\n'
        f"python scripts/predict.py {run} --file texts.csv --format csv\n"
        f'python scripts/explain.py {run} "A text to classify."'
    )
