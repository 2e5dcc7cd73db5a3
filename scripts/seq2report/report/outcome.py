"""The recommendation of a comparison in one paragraph, and the circumstances of its figures."""

from collections.abc import Iterator
from html import escape

import pandas as pd
from IPython.display import HTML

from seq2report.core.excerpts import excerpt
from seq2report.core.wording import plural, some
from seq2report.report.html import paragraph
from seq2report.report.numbers import METRICS, fill, milliseconds, percent, seconds

INTERVAL = ["test_documents", "low", "high"]
FEW = 30  # test documents of a class
POINT = 0.01  # of the score
LONGEST = 60  # characters of a class


def sample_notice(corpora: dict[str, int]) -> HTML:
    """Return the notice that figures are of a sample; ``corpora``: documents by title."""
    counts = "; ".join(f"{title}: {plural(n, 'documents')}" for title, n in corpora.items())
    return paragraph(
        f"These are sample figures ({counts}): the sample is small, so that everything runs in"
        " minutes. They show how the models compare on little data, not what they can reach.",
        "notice",
    )


def circumstances(variants: pd.DataFrame) -> str:
    """Return test documents, split, seeds and choices behind the figures of a corpus."""
    row = variants.iloc[0]
    header = "" if row["header"] == "none" else f", message headers: {row['header']}"
    seeds = str(row["seeds"]).split()
    trained = f"seed {seeds[0]}" if len(seeds) == 1 else f"means over the seeds {', '.join(seeds)}"
    documents = plural(row["test_documents"], "test documents")
    choices = variants.dropna(subset="chosen").itertuples() if "chosen" in variants else ()
    best = [f"; {row.title} is the best of {searched(row)}" for row in choices]
    return f"{documents} ({row['split']}{header}); {trained}{''.join(best)}"


def searched(row: object) -> str:
    """Return the candidates that a variant was chosen from; ``row`` of the table of variants."""
    return fill(
        "{n:n configurations} on the validation documents (all trainings: {cpu:seconds} of CPU"
        " time)",
        n=row.candidates,
        cpu=row.search_cpu_seconds,
    )


def reached(metric: str) -> str:
    """Return a template of a score, {score}, on {test_documents}."""
    if metric == "accuracy":
        return "{score} of {test_documents:n test documents} correct"
    return f"a {METRICS[metric]} of {{score}} on {{test_documents:n test documents}}"


def outcome(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return which variant leads on a corpus, which do not differ from it, and which cost less.

    The tables are those of evaluate_runs. Without a recommendation, all variants follow the
    lecture's protocol, which monitors accuracy on the test documents.
    """
    variants, recommendation = tables["variants"], tables["recommendation"]
    comparisons = tables["comparisons"]
    title = variants["corpus"].iloc[0]
    if recommendation.empty:
        return paragraph(
            f"{title}: no variant can be called the best, because all were monitored on the test"
            " documents.",
            "outcome",
        )
    rows = recommendation.set_index("recommendation")
    best, cheapest, fastest = (
        rows.loc[wish] for wish in ("best", "cheapest within one point", "fastest within one point")
    )
    monitored = variants.loc[variants["protocol"] == "lecture", "variant"]
    against = comparisons[
        (comparisons["variant_b"] == best["variant"]) & ~comparisons["variant_a"].isin(monitored)
    ]
    sentences = [
        _leader(best, variants),
        _level(against),
        _training(best, cheapest),
        _prediction(best, fastest),
        *_small_classes(tables["per_class"], variants),
    ]
    if len(monitored):
        sentences.append(
            "Variants of the lecture's protocol are left out, because their accuracy was monitored"
            " on the test documents."
        )
    text = " ".join(filter(None, sentences))
    return HTML(f'<p class="outcome"><strong>{escape(title)}:</strong> {escape(text)}</p>')


def _leader(best: pd.Series, variants: pd.DataFrame) -> str:
    template = f"{{title}} leads with {reached(variants['metric'].iloc[0])}"
    return fill(
        template + " (95% interval {low:percent} to {high:percent}).",
        title=best["title"],
        score=percent(best["score"]),
        **variants.set_index("variant").loc[best["variant"]][INTERVAL],
    )


def _level(against: pd.DataFrame) -> str:
    """Return which variants do not differ significantly from the best, at most five by title."""
    level = list(against.loc[against["verdict"] == "not distinguishable", "title_a"])
    if level:
        more = f"; and {len(level) - 5} more" if len(level) > 5 else ""
        return f"Not distinguishable from it: {'; '.join(level[:5])}{more}."
    return "All others differ significantly from it." if len(against) else ""


def _small_classes(per_class: pd.DataFrame, variants: pd.DataFrame) -> Iterator[str]:
    """Yield what the sizes of the classes in the test split mean for the figures."""
    counts = per_class.drop_duplicates("label").set_index("label")["documents"]
    counts.index = [excerpt(label, LONGEST) for label in counts.index]
    if absent := list(counts.index[counts == 0]):
        yield fill(
            "Without test documents: {n:n classes}, {names}.", n=len(absent), names=some(absent)
        )
    counts = counts[counts > 0].sort_values()
    if counts.iloc[0] < FEW:
        yield fill(
            "The smallest class, {name}, has {n:n test documents}.",
            name=counts.index[0],
            n=counts.iloc[0],
        )
    share, best = counts.iloc[-1] / counts.sum(), variants["score"].max()
    if variants["metric"].iloc[0] == "accuracy" and share >= best - POINT:
        yield fill(
            "Always predicting {name} is right for {share:percent}; set compare: {{metric:"
            " macro_f1}} in the configuration to count all classes alike.",
            name=counts.index[-1],
            share=share,
        )


def _training(best: pd.Series, cheapest: pd.Series) -> str:
    same = seconds(60 * best["cpu_minutes"]) == seconds(60 * cheapest["cpu_minutes"])
    return fill(
        "Its training takes {best:seconds} of CPU time; no variant within one percentage point is"
        " cheaper."
        if same
        else "The cheapest within one percentage point is {title}: {score:percent} for"
        " {cheap:seconds} of CPU time instead of {best:seconds}.",
        **cheapest[["title", "score"]],
        cheap=60 * cheapest["cpu_minutes"],
        best=60 * best["cpu_minutes"],
    )


def _prediction(best: pd.Series, fastest: pd.Series) -> str:
    same = milliseconds(best["ms_per_document"]) == milliseconds(fastest["ms_per_document"])
    return fill(
        "It predicts in {best:milliseconds} per document; no variant within one percentage point is"
        " faster."
        if same
        else "The fastest within one percentage point is {title}: {score:percent} in"
        " {ms_per_document:milliseconds} per document instead of {best:milliseconds}.",
        **fastest[["title", "score", "ms_per_document"]],
        best=best["ms_per_document"],
    )
