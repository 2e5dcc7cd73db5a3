"""The same quantity has the same figure, unit, rank and colour on every page."""

import re
from html import unescape

import made_tables
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from seq2report.report import (
    compared_page,
    comparison_page,
    comparison_plots,
    corpus_page,
    outcome,
    plots,
    variant_page,
    verdict,
)
from seq2report.report.numbers import milliseconds, percent, seconds


@pytest.fixture(params=["accuracy", "macro_f1"])
def tables(request):
    return made_tables.tables(metric=request.param)


def text(part) -> str:
    return unescape(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", part.data, flags=re.DOTALL))


def cells(part) -> list[dict[str, str]]:
    """Return the rows of a table, by its headings."""
    heads = [unescape(head) for head in re.findall(r"<th [^>]*>(.*?)</th>", part.data)]
    rows = re.findall(r"<tr>(<td.*?)</tr>", part.data)
    found = [[unescape(td) for td in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in rows]
    return [dict(zip(heads, row, strict=True)) for row in found]


def test_front_page_corpus_page_and_variant_page_name_the_same_figures(tables):
    variants = tables["variants"].set_index("variant", drop=False)
    assert variants["rank"].is_monotonic_increasing
    rows = cells(comparison_page.variants_table("news", tables))
    costs = cells(compared_page.cost_table("news", tables["variants"]))
    for name, row, cost in zip(variants["variant"], rows, costs, strict=True):
        about = variants.loc[name]
        summary = text(variant_page.summary(tables, name))
        score, time = percent(about["score"]), seconds(about["fit_cpu_seconds"])
        assert f"rank {row['rank']} of 12" in summary
        assert score in row.values()
        assert score in summary
        assert f"{time} to train" in summary
        assert row["CPU time"] == cost["CPU time"] == time
        assert row["prediction time"] == milliseconds(about["ms_per_document"])
        assert row["prediction time"] == cost["prediction time"]
        assert row["variant"] == cost["variant"]


def test_frozen_parameters_are_a_column_of_the_costs_if_there_are_any():
    variants = made_tables.tables()["variants"].assign(frozen_parameters=0)
    assert "frozen" not in cells(compared_page.cost_table("news", variants))[0]
    variants.loc[variants.index[1], "frozen_parameters"] = 22_565_376
    frozen = [row["frozen"] for row in cells(compared_page.cost_table("news", variants))]
    assert frozen[:3] == ["0", "22,565,376", "0"]


def test_the_tables_of_a_page_have_different_captions_and_no_empty_heading(tables):
    variants = tables["variants"]
    shown = [
        compared_page.recommendation(tables),
        compared_page.cost_table("news", variants),
        compared_page.calibration_table("news", variants),
    ]
    captions = [re.search("<caption>(.*?)</caption>", part.data)[1] for part in shown]
    assert len(set(captions)) == len(captions)
    assert not any("" in row for part in shown for row in cells(part))


def test_inputs_are_sorted_by_their_memory():
    shapes = ["150 × 50", "20000", "1000"]
    variants = (
        made_tables.tables()["variants"].head(3).assign(kind="network", document_shape=shapes)
    )
    shown = compared_page.cost_table("news", variants).data
    assert re.findall(r'<td data-order="(\d+)">([^<]*)', shown) == [
        ("30000", "150 × 50 (30 kB)"),
        ("80000", "20,000 (80 kB)"),
        ("4000", "1,000 (4 kB)"),
    ]


def test_variants_with_the_same_score_share_their_rank_everywhere():
    tables = made_tables.tables()
    tables["variants"] = tables["variants"].assign(rank=[1, 2, 2, 2, *range(5, 13)])
    ranks = [row["rank"] for row in cells(comparison_page.variants_table("news", tables))]
    assert ranks[:5] == ["1", "2", "2", "2", "5"]
    fourth = tables["variants"]["variant"].iloc[3]
    assert "rank 2 of 12" in text(variant_page.summary(tables, fourth))


def test_the_best_is_the_same_variant_with_the_same_figure_on_every_page(tables):
    best = outcome.recommended(tables)
    score = percent(best["score"])
    (row,) = (
        row
        for row in cells(comparison_page.variants_table("news", tables))
        if row["compared with the best"] == "the best"
    )
    assert best["title"] in row["variant"]
    (recommended,) = (
        row for row in cells(compared_page.recommendation(tables)) if row["wish"] == "best score"
    )
    assert recommended["variant"] == row["variant"]
    assert score in recommended.values()
    assert f"{best['title']} leads" in text(outcome.outcome(tables))
    assert "<em>the best</em>" in variant_page.summary(tables, best["variant"]).data
    said = " ".join(text(verdict.card(tables)).split())
    name = "" if best["metric"] == "accuracy" else "macro-F1 "
    assert f"{best['title']} : {name} {score}".replace("  ", " ") in said.replace("  ", " ")


def test_accuracies_without_duplicates_are_columns_if_there_are_duplicates():
    tables = made_tables.tables()
    assert not [
        head for head in cells(comparison_page.variants_table("n", tables))[0] if "dup" in head
    ]
    less = tables["variants"].assign(unseen_documents=399, unseen_near_documents=399)
    heads = cells(comparison_page.variants_table("n", tables | {"variants": less}))[0]
    assert [head for head in heads if "dup" in head] == ["without exact duplicates"]


def test_a_variant_of_the_lectures_protocol_has_no_verdict_on_the_front_page(tables):
    variants = tables["variants"].copy()
    variants.loc[3, "protocol"] = "lecture"
    rows = cells(comparison_page.variants_table("news", tables | {"variants": variants}))
    verdicts = [row["compared with the best"] for row in rows]
    assert [n for n, verdict in enumerate(verdicts) if verdict == "lecture's protocol"] == [3]
    rows = cells(comparison_page.variants_table("news", tables))
    assert rows[3]["compared with the best"] in ("not distinguishable", "worse")


def test_a_threshold_of_confidence_is_not_rounded():
    variants = made_tables.tables()["variants"].assign(confidence=0.995)
    (row, *_) = cells(compared_page.calibration_table("news", variants))
    assert "confident (99.5% or more)" in row


def test_recommendations_name_what_they_leave_out_and_call_no_tie_the_cheapest():
    tables = made_tables.tables()
    told = text(compared_page.recommendation(tables))
    assert not re.search("Left out|Not considered", told)
    assert not re.search("cheapest|fastest", told + text(outcome.outcome(tables)))
    variants = tables["variants"].copy()
    variants.loc[1, "fit_cpu_seconds"] = variants.loc[2, "ms_per_document"] = np.nan
    variants.loc[3:, "protocol"] = "lecture"
    told = text(compared_page.recommendation(tables | {"variants": variants}))
    monitored, unknown = "; ".join(variants["title"][3:8]), "; ".join(variants["title"][1:3])
    assert f"were monitored on the test documents: {monitored}; and 4 more." in told
    assert f"as cheap or fast, because their times were not measured: {unknown}." in told


def test_the_front_page_says_which_variant_to_use_and_what_it_costs(tables):
    use = outcome.recommended(tables, "to use")
    said = " ".join(text(verdict.card(tables)).split())
    assert re.match(rf"News Use \w+ {re.escape(use['title'])} : ", said)
    assert f"{seconds(use['fit_cpu_seconds'])} to train." in said
    assert "in 80% of all cases, and smaller ones less often" in said


@pytest.mark.parametrize("sizes", [[3, 9, 5], [5, 5, 5], [4, 4, 6], [6, 7, 6]])
def test_always_predicting_the_majority_is_what_the_majority_class_reaches(sizes):
    """Training and validation documents count, as for the variant."""
    rng = np.random.default_rng(sum(sizes))
    names = np.array(["a", "b", "c"])
    splits = {"train": sizes, "validation": sizes[::-1], "test": rng.integers(1, 9, 3)}
    rows = [
        {"label": name, "split": split, "documents": int(n)}
        for split, numbers in splits.items()
        for name, n in zip(names, numbers, strict=True)
    ]
    labels = {split: np.repeat(names, numbers) for split, numbers in splits.items()}
    fitted = np.concatenate([labels["train"], labels["validation"]])
    majority = DummyClassifier(strategy="most_frequent").fit(fitted[:, None], fitted)
    reached = majority.score(labels["test"][:, None], labels["test"])
    counts = outcome.count_classes(pd.DataFrame(rows))
    assert f"is right for {percent(reached)} of" in text(corpus_page.balance(counts, len(rows)))
    assert outcome.majority(counts) == (majority.predict([["x"]])[0], pytest.approx(reached))


def test_a_variant_has_its_colour_and_letter_on_every_page_and_every_corpus():
    corpora = [made_tables.tables(), made_tables.tables(documents=300, metric="macro_f1")]
    seen: dict[str, set] = {}
    for tables in corpora:
        drawn, _ = comparison_plots.score_against_time(tables["variants"], True)
        (axes,) = drawn.axes
        for row in tables["variants"].itertuples():
            sign, colour = plots.letters(row.number), plots.look(row.number)["color"]
            seen.setdefault(row.variant, set()).add((sign, colour))
            cell = comparison_page.variants_table("news", tables).data
            assert f'style="background: {colour}' in cell
            dots = [line.get_color() for line in axes.lines if row.score in line.get_ydata()]
            assert colour in dots
    assert all(len(looks) == 1 for looks in seen.values())
    assert len({sign for ((sign, _),) in seen.values()}) == 12


def test_fifty_six_variants_look_different_and_all_have_letters_of_their_own():
    looks = {tuple(plots.look(number).values()) for number in range(1, 57)}
    assert len(looks) == 56
    lines = {(look["color"], look["linestyle"]) for look in map(plots.look, range(1, 29))}
    assert len(lines) == 28  # curves without their markers, too
    assert [plots.letters(n) for n in (1, 26, 27, 52, 53)] == ["A", "Z", "AA", "AZ", "BA"]


def test_the_classes_have_the_order_of_the_corpus_in_every_confusion_matrix():
    tables = made_tables.tables(classes=5)
    order = list(tables["per_class"]["label"].drop_duplicates())
    for name, counts in tables["confusion"].groupby("variant"):
        shares = variant_page.variant_plots.confusion_shares(counts, order)
        assert list(shares.index) == list(shares.columns) == order, name


def test_the_text_alternative_of_learning_curves_has_the_epochs_that_are_kept():
    tables = made_tables.tables(seeds=2)
    history = tables["history"]
    is_moved = (history["variant"] == "v3") & (history["seed"] == 2)
    kept = history["kept"].where(~is_moved, history["epoch"] == 3)
    shown = compared_page.learning_curves(tables | {"history": history.assign(kept=kept)}).data
    (alt,) = re.findall(r'role="group" aria-label="(The validation accuracy of each [^"]*)"', shown)
    assert "Variant 3 50.0% (epoch 2 to 3); " in alt
    assert alt.count("50.0% (epoch 2)") == 3
