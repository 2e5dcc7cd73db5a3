"""What a practitioner asks next: what can be shown, which class costs the most, how to use."""

import re
from html import unescape

import made_tables
import pytest

from seq2report.report import outcome, practice_page


@pytest.fixture(scope="module")
def tables():
    return made_tables.tables(classes=5, seeds=2)


def text(parts) -> str:
    shown = "\n".join(part.data for part in parts)
    return unescape(re.sub(r"<[^>]+>", "", shown))


def test_the_class_with_the_most_errors_is_named_with_its_share(tables):
    use = outcome.recommended(tables, "to use")
    counts = tables["confusion"][tables["confusion"]["variant"] == use["variant"]]
    wrong = counts[counts["label"] != counts["predicted"]]
    errors = wrong.groupby("label")["documents"].sum()
    worst, shown = errors.idxmax(), text(practice_page.costly_classes("news", tables))
    assert "classerrorstest documents" in shown  # columns
    pattern = r"Of the (\d+) errors? of .*?, ([\d.]+)% are .* of (.*?): it misses ([\d.]+)% of"
    number, share, name, missed = re.search(pattern, shown).groups()
    assert int(number) == errors.sum()
    assert name.rstrip("…") in worst
    assert float(share) == pytest.approx(100 * errors.max() / errors.sum(), abs=0.05)
    recall = tables["per_class"].set_index(["variant", "label"])["recall"][use["variant"], worst]
    assert float(missed) == pytest.approx(100 * (1 - recall), abs=0.05)


def test_a_variant_without_errors_costs_nothing(tables):
    right = tables["confusion"][tables["confusion"]["label"] == tables["confusion"]["predicted"]]
    shown = text(practice_page.costly_classes("news", tables | {"confusion": right}))
    assert "makes no error" in shown


def test_the_commands_name_the_run_of_the_variant_to_use(tables):
    shown = text(practice_page.usage("news", tables, "results/mine/report/tables"))
    variant = outcome.recommended(tables, "to use")["variant"]
    run = f"results/mine/news/runs/{variant}/seed-1"
    assert f'python scripts/predict.py {run} "A text to classify."' in shown
    assert f"python scripts/explain.py {run}" in shown


def test_detectable_differences_are_those_of_the_comparisons_with_the_best(tables):
    best = outcome.recommended(tables)
    pairs = tables["comparisons"][tables["comparisons"]["variant_b"] == best["variant"]]
    parts = list(practice_page.detectable("news", tables))
    shown = re.findall(r"<td data-value=[^>]*>([^<]*)</td>", parts[-1].data)
    assert shown[1::2] == [f"{100 * value:.1f}" for value in pairs["detectable"]]
    level = pairs.loc[pairs["verdict"] == "not distinguishable", "detectable"].median()
    opening = outcome.checks(tables).data
    assert f"of about {100 * level:.1f} percentage points in 80% of all cases" in opening


def test_without_a_recommendation_nothing_is_said(tables):
    none = tables | {"recommendation": tables["recommendation"][:0]}
    assert list(practice_page.usage("news", none, "results/a/report/tables")) == []
    assert list(practice_page.costly_classes("news", none)) == []
    assert list(practice_page.detectable("news", none)) == []
