"""What a comparison found, in one paragraph."""

from html import escape

import pandas as pd
from IPython.display import HTML

from seq2report.report.html import paragraph
from seq2report.report.numbers import milliseconds, percent, seconds


def sample_notice(corpora: dict[str, int]) -> HTML:
    """Return the first line of a page of sample figures.

    Args:
        corpora: title of each corpus and how many documents the sample has of it.
    """
    counts = "; ".join(f"{title}: {documents:,} documents" for title, documents in corpora.items())
    return paragraph(
        f"These are sample figures ({counts}), cut from the full corpora so that everything runs"
        " in minutes. They show how the models compare on little data, not what they reach.",
        "notice",
    )


def circumstances(variants: pd.DataFrame) -> str:
    """Return what the figures of a corpus hang on, as half a sentence for captions.

    Args:
        variants: the table of variants, columns test_documents, split, header and seeds.
    """
    row = variants.iloc[0]
    header = "" if row["header"] == "none" else f", message headers: {row['header']}"
    seeds = str(row["seeds"]).split()
    trained = f"seed {seeds[0]}" if len(seeds) == 1 else f"means over the seeds {', '.join(seeds)}"
    return f"{row['test_documents']:,} test documents ({row['split']}{header}); {trained}"


def outcome(
    variants: pd.DataFrame, comparisons: pd.DataFrame, recommendation: pd.DataFrame
) -> HTML:
    """Return what came out on a corpus: who leads, who cannot be told from it, who is cheaper.

    Args:
        variants: as evaluate_runs writes it, and so are the others.
        comparisons: each variant against each other one.
        recommendation: the best, the cheapest and the fastest; without rows where every variant
            was chosen by looking at test documents.
    """
    title = variants["corpus"].iloc[0]
    if recommendation.empty:
        return paragraph(
            f"{title}: none can be called the best, for the accuracy of each was watched on the"
            " test documents.",
            "outcome",
        )
    take = recommendation.set_index("recommendation")
    best, cheap, fast = (
        take.loc[wish] for wish in ("best", "cheapest within one point", "fastest within one point")
    )
    watched = variants.loc[variants["protocol"] == "lecture", "variant"]
    row = variants.set_index("variant").loc[best["variant"]]
    against = comparisons[
        (comparisons["variant_b"] == best["variant"]) & ~comparisons["variant_a"].isin(watched)
    ]
    level = list(against.loc[against["verdict"] == "not distinguishable", "title_a"])
    text = (
        f"{best['title']} leads with {percent(best['accuracy'])} of"
        f" {row['test_documents']:,} test documents right (95% interval {percent(row['low'])} to"
        f" {percent(row['high'])})."
    )
    if level:
        more = f" and {len(level) - 5} more" if len(level) > 5 else ""
        text += f" Not distinguishable from it: {', '.join(level[:5])}{more}."
    elif len(against):
        text += " Each of the others is distinguishable from it."
    if cheap["variant"] == best["variant"]:
        text += (
            f" It takes {seconds(60 * best['cpu_minutes'])} of CPU to train; none within one point"
            " of it takes less."
        )
    else:
        text += (
            f" The cheapest within one point is {cheap['title']}: {percent(cheap['accuracy'])} for"
            f" {seconds(60 * cheap['cpu_minutes'])} of CPU instead of"
            f" {seconds(60 * best['cpu_minutes'])}."
        )
    if fast["variant"] == best["variant"]:
        text += (
            f" It answers in {milliseconds(best['ms_per_document'])} a document; none within one"
            " point of it is faster."
        )
    else:
        text += (
            f" The fastest to answer within one point is {fast['title']}:"
            f" {percent(fast['accuracy'])} in {milliseconds(fast['ms_per_document'])} a document"
            f" instead of {milliseconds(best['ms_per_document'])}."
        )
    if len(watched):
        text += (
            " Variants by the lecture's protocol are left out here: their accuracy was watched on"
            " the test documents."
        )
    return HTML(f'<p class="outcome"><strong>{escape(title)}:</strong> {escape(text)}</p>')
