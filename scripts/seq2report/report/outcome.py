"""The recommendation of a comparison in one paragraph, and the circumstances of its figures."""

from collections.abc import Iterator
from html import escape

import pandas as pd
from IPython.display import HTML

from seq2report.core.excerpts import excerpt, visible
from seq2report.core.wording import FEW as FEW_NAMES
from seq2report.core.wording import plural
from seq2report.report.html import paragraph
from seq2report.report.numbers import METRICS, fill, listed, percent

INTERVAL = ["test_documents", "low", "high"]
FEW_SEEDS = 4  # that a caption names
FEW = 30  # test documents of a class
POINT = 0.01  # of the score, as in answers.recommendation
LONGEST = 60  # characters of a class
UNMEASURED = "cost not measured, because answers of a member come from elsewhere"  # of an ensemble
KINDS = {"better": "good", "not distinguishable": "level", "worse": "bad"}  # colours of verdicts
SPLITS = ["train", "validation", "test"]


def sample_notice(corpora: dict[str, int]) -> HTML:
    """Return the notice that figures are of a sample; ``corpora``: documents by title."""
    counts = " and ".join(f"{plural(n, 'documents')} of {title}" for title, n in corpora.items())
    return paragraph(
        f"A sample of {counts}: the figures show how models compare on little data, not what they"
        " can reach.",
        "notice",
    )


def circumstances(variants: pd.DataFrame) -> str:
    """Return test documents, split, seeds and choices behind the figures of a corpus."""
    row = variants.iloc[0]
    header = "" if row["header"] == "none" else f", message headers: {row['header']}"
    trained = variants[variants["kind"] != "predictions"]
    seeds = str(trained["seeds"].iloc[0]).split() if len(trained) else []
    runs = (
        f"means over the seeds {', '.join(seeds)}"
        if len(seeds) > 1
        else f"training seed {' '.join(seeds)}"
    )
    if len(seeds) > FEW_SEEDS:
        runs = f"means over {len(seeds)} seeds"
    if len(trained) < len(variants):
        fixed = "fixed answers from elsewhere"
        runs = f"{runs}; {fixed} without seeds" if seeds else fixed
    documents = plural(row["test_documents"], "test documents")
    choices = variants.dropna(subset="chosen").itertuples() if "chosen" in variants else ()
    best = [f"; {row.title} is the best of {searched(row)}" for row in choices]
    return f"{documents} ({row['split']}{header}); {runs}{''.join(best)}"


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


def recommended(tables: dict[str, pd.DataFrame], wish: str = "best") -> pd.Series | None:
    """Return the row of the recommended variant, in the table of variants, or None without one."""
    rows = tables["recommendation"].set_index("recommendation")["variant"]
    if wish not in rows:
        return None
    variants = tables["variants"]
    return variants[variants["variant"] == rows[wish]].iloc[0]


def above_chance(tables: dict[str, pd.DataFrame]) -> pd.Series:
    """Return which variants have a scale: others would compress it, such as the majority class.

    The score of the others is less than half of the best one, or no better than that of a variant
    which gives every test document the same class.
    """
    variants = tables["variants"]
    scores, is_accuracy = variants["score"], variants["metric"].iloc[0] == "accuracy"
    sizes = tables["per_class"].drop_duplicates("label")["documents"]
    chance = sizes.max() / sizes.sum() if is_accuracy else 1 / (sizes > 0).sum()
    is_above = (scores >= scores.max() / 2) & (scores > chance + 1e-9)
    return is_above if is_above.any() else scores >= scores.max() / 2


def outcome(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return which variant leads on a corpus, and which do not differ from it significantly.

    The tables are those of evaluate_runs. Without a recommendation, all variants follow the
    lecture's protocol, which monitors accuracy on the test documents.
    """
    best = recommended(tables)
    if best is None:
        return paragraph(
            "No variant can be called the best, because all were monitored on the test documents.",
            "outcome",
        )
    variants, against = tables["variants"], against_the_best(tables)
    is_tied = against["variant_a"].isin(variants.loc[variants["rank"] == best["rank"], "variant"])
    equals = list(against.loc[is_tied, "title_a"])
    sentences = filter(None, [_leader(best, equals), _level(best, against[~is_tied], equals)])
    return paragraph(" ".join(sentences), "outcome")


def checks(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return what to check before the figures of a corpus are used, as a list; empty if nothing.

    The tables are those of evaluate_runs, and the classes of evaluate_corpus.
    """
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in _cautions(tables))
    return HTML(items and f'<ul class="checks">{items}</ul>')


def _cautions(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    if recommended(tables) is not None:
        yield from _detectable(tables)
        if (n := (tables["variants"]["protocol"] != "lecture").sum()) > 2:
            yield (
                f"The best of {n} variants on the same test documents is expected to score a little"
                " lower on new ones."
            )
        yield from _searches(tables)
        if tables["variants"]["protocol"].eq("lecture").any():
            yield (
                "Variants of the lecture's protocol are left out, because their accuracy was"
                " monitored on the test documents."
            )
    yield from _small_classes(tables)


def _searches(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield what the times of the recommended variants leave out: the other configurations."""
    variants = tables["variants"]
    if "chosen" not in variants:
        return
    is_named = variants["variant"].isin(tables["recommendation"]["variant"])
    for row in variants[is_named & variants["chosen"].notna()].itertuples():
        yield (
            f"{row.title} is the best of {searched(row)}; its training time is that of the best one"
            " alone."
        )


def against_the_best(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the paired tests of the variants against the best, without the lecture's protocol."""
    variants, pairs = tables["variants"], tables["comparisons"]
    monitored = variants.loc[variants["protocol"] == "lecture", "variant"]
    is_best = pairs["variant_b"] == recommended(tables)["variant"]
    return pairs[is_best & ~pairs["variant_a"].isin(monitored)]


def _detectable(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield how small a difference from the best the test documents can show."""
    best, pairs = recommended(tables), against_the_best(tables)
    differ = pairs["low"] < pairs["high"]  # their answers
    level = pairs[differ & (pairs["verdict"] == "not distinguishable")]
    if len(level) and level["detectable"].isna().all():
        yield (
            "The test documents, or the groups that they belong to, are too few for the paired test"
            " to find any difference from the best."
        )
    elif len(level):
        yield fill(
            "With {n:n test documents}, the paired test finds a true difference from the best of"
            " about {least:points} in 80% of all cases, and smaller ones less often (median of the"
            " variants that are not distinguishable).",
            n=best["test_documents"],
            least=level["detectable"].median(),
        )


def count_classes(classes: pd.DataFrame) -> pd.DataFrame:
    """Return labelled documents by class (index, visible) and split, and their sum as ``all``."""
    counts = classes.dropna(subset="label").pivot_table(
        index="label", columns="split", values="documents", aggfunc="sum", fill_value=0
    )
    counts = counts[SPLITS].astype(int)
    counts.index = counts.index.map(visible)
    return counts.assign(all=counts.sum(axis=1))


def majority(counts: pd.DataFrame) -> tuple[str, float]:
    """Return the most frequent class in training, and its share of the test documents.

    ``counts`` has one row per class in their order and columns train, validation and test. Training
    includes the validation documents, as for the variants without epochs.
    """
    name = (counts["train"] + counts["validation"]).idxmax()
    return name, counts["test"][name] / counts["test"].sum()


def _leader(best: pd.Series, equals: list[str]) -> str:
    """Return which variant leads, or which ones have the best score (``equals``: the others)."""
    verb, of = ("have the best score,", "{title}: ") if equals else ("leads with", "")
    return fill(
        f"{{titles}} {verb} {reached(best['metric'])} ({of}"
        "95% interval {low:percent} to {high:percent}).",
        title=best["title"],
        titles=listed([best["title"], *equals]),
        score=percent(best["score"]),
        **best[INTERVAL],
    )


def _level(best: pd.Series, against: pd.DataFrame, equals: list[str]) -> str:
    """Return which variants with a lower score do not differ significantly from the best."""
    level = list(against.loc[against["verdict"] == "not distinguishable", "title_a"])
    name = best["title"] if equals else "it"
    if level:
        return f"Not distinguishable from {name}: {few(level)}."
    return f"All others differ significantly from {name}." if len(against) else ""


def few(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    more = [f"and {len(names) - FEW_NAMES:,} more"] if len(names) > FEW_NAMES else []
    return "; ".join([*names[:FEW_NAMES], *more])


def _small_classes(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield what the sizes of the classes mean for the figures."""
    variants, counts = tables["variants"], tables["per_class"]
    counts = counts.drop_duplicates("label").set_index("label")["documents"]
    counts.index = [excerpt(label, LONGEST) for label in counts.index]
    if absent := list(counts.index[counts == 0]):
        yield fill(
            "Without test documents: {n:n classes} ({names}).", n=len(absent), names=few(absent)
        )
    counts = counts[counts > 0].sort_values()
    if counts.iloc[0] < FEW:
        yield fill(
            "The smallest class, {name}, has {n:n test documents}.",
            name=counts.index[0],
            n=counts.iloc[0],
        )
    name, share = majority(count_classes(tables["classes"]))
    best = variants["score"].max()
    if variants["metric"].iloc[0] == "accuracy" and share >= best - POINT:
        yield fill(
            "Always predicting {name} is right for {share:percent}; set compare: {{metric:"
            " macro_f1}} in the configuration to count all classes alike.",
            name=excerpt(name, LONGEST),
            share=share,
        )
