"""The page about the number of labels, and its sentence on the first page."""

import re

import pandas as pd
import pytest
from helpers import page_of

from seq2report.core.tables import write_tables
from seq2report.report import sizes_page

HOSTILE = "<script>alert(1)</script>&\"'</td>"
SIZES = (50, 500, 5000)
LAW = {"exponent": -0.4, "exponent_low": -0.5, "exponent_high": -0.3, "expected": 0.925}
LAW |= {"sizes": 4.0, "gain": 0.024, "gain_low": 0.017, "gain_high": 0.031}

NAMES = {n: {"variant": n, "title": n.upper(), "number": ord(n) - 96} for n in "xyz"}

OF = "Of the 2 variants trained with fewer labels, "


def tables(curves, crossing=(300.0, 200.0, 450.0), laws=("y",), seeds="1"):
    """Return tables of curves, scores by size by variant; x is overtaken by y."""
    rows = [
        NAMES[name]
        | {"size": str(n), "labels": n, "train": n - 5}
        | {"validation": 5, "seeds": seeds, "metric": "accuracy", "test_documents": 400}
        | {"score": score, "low": score - 0.02, "high": score + 0.02, "fit_cpu_seconds": 1.0}
        for name, scores in curves.items()
        for n, score in zip(SIZES, scores, strict=True)
    ]
    names = ["first", "second", "first_title", "second_title", "labels", "low", "high"]
    crossings = [("x", "y", "X", "Y", *crossing)] if crossing else []
    laws = [
        NAMES[name]
        | {"labels": 5000, "doubled": 10000, "of": 4, "fewest": 4}
        | (LAW if name in laws else dict.fromkeys(LAW))
        for name in curves
    ]
    doubling = pd.DataFrame(laws).astype(dict.fromkeys(LAW, float))
    found = {"sizes": pd.DataFrame(rows), "crossings": pd.DataFrame(crossings, columns=names)}
    return found | {"doubling": doubling}


CROSSED = {"x": (0.6, 0.7, 0.75), "y": (0.5, 0.8, 0.9)}


def advice(*args, **options):
    text = re.sub("<.*?>", "", sizes_page.advice("News", tables(*args, **options)).data)
    return text.removeprefix("News: ").strip()


def test_a_clear_crossing_is_a_recommendation():
    assert advice(CROSSED) == (
        f"{OF}use X with 50 labels; from about 300 on (95% interval 200 to 450) Y is"
        " better. Doubling the labels to 10,000 would bring Y about 2.4 percentage points"
        " (1.7 to 3.1)."
    )


def test_a_crossing_that_may_be_outside_of_the_sizes_is_uncertain():
    assert advice(CROSSED, (300.0, None, 450.0)).startswith(
        f"{OF}X leads with 50 labels, Y with 5,000. They cross at about 300 labels, which is"
        " uncertain (95% interval less than 50 to 450)."
    )


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        (
            {"x": (0.6, 0.7, 0.8), "y": (0.5, 0.6, 0.7)},
            f"{OF}X leads at every size",
        ),
        (
            {"x": (0.6, 0.7, 0.8), "y": (0.5, 0.75, 0.7)},
            f"{OF}X leads with 50 and with 5,000 labels, but Y with 500.",
        ),
        # Equal at one end: not overtaken.
        (
            {"y": (0.5, 0.6, 0.8), "x": (0.6, 0.7, 0.8)},
            f"{OF}X leads at every size",
        ),
    ],
)
def test_a_variant_that_is_not_overtaken_leads(curves, expected):
    assert advice(curves, None).startswith(expected)


def test_a_third_variant_that_leads_in_between_is_named():
    found = advice(CROSSED | {"z": (0.4, 0.85, 0.8)})
    assert "Y is better. Between them, Z with 500 leads. Doubling" in found


def test_several_variants_that_lead_in_between_lead():
    found = tables(CROSSED | {"z": (0.4, 0.85, 0.8)})
    more = found["sizes"].head(1).assign(labels=60, score=0.9, variant="w", title="W")
    found["sizes"] = pd.concat([found["sizes"], more], ignore_index=True)
    shown = sizes_page.advice("News", found).data
    assert "Between them, W with 60 and Z with 500 lead." in shown


def test_few_sizes_are_the_reason_for_no_prediction():
    found = tables({"x": (0.6, 0.7, 0.8)}, None, ())
    found["doubling"]["of"] = 3
    shown = sizes_page.advice("News", found).data
    assert "cannot be predicted, because this takes at least 4 sizes." in shown


def test_without_a_power_law_no_gain_is_predicted():
    found = advice({"x": (0.6, 0.7, 0.8)}, None, ())
    assert found == (
        "With 50 and 5,000 labels, the accuracy of X is 60.0% and 80.0%; what more"
        " labels would bring cannot be predicted, because the errors of X follow no power law."
    )


def test_one_size_alone_gives_no_advice():
    found = tables(CROSSED)
    found["sizes"] = found["sizes"][found["sizes"]["labels"] == 50]
    assert "add others to compare.labels" in sizes_page.advice("News", found).data


def test_the_page_escapes_and_has_everything(tmp_path):
    found = tables({"x": (0.6, 0.7, 0.75), "y": (0.5, 0.8, 0.9), "z": (0.5, 0.6, 0.7)})
    for name in ("sizes", "crossings", "doubling"):
        found[name] = found[name].replace("Y", HOSTILE)
    corpus = pd.DataFrame([{"title": HOSTILE, "documents": 9000}])
    write_tables(found, tmp_path / "news/sizes")
    write_tables({"corpus": corpus}, tmp_path / "news/corpus")
    html = page_of("sizes", tmp_path, sample=False, corpus="news", table_folder=str(tmp_path))
    assert "<script>alert" not in html
    text = re.sub("<.*?>", " ", html)
    assert "but not that of the labelled ones" in text  # one seed
    assert "−0.40 (−0.50 to −0.30), from 4 sizes" in text
    assert text.count("none fits") == 2
    for table in ("sizes", "crossings", "doubling"):
        assert f'href="tables/news/sizes/{table}.csv"' in html
    assert 'aria-label="The accuracy by number of labels. X: 60.0% with 50' in html


def test_the_variant_and_its_score_are_the_first_columns_which_a_phone_shows():
    shown = sizes_page.sizes_table("news", tables(CROSSED)["sizes"]).data
    heads = re.findall(r"<th [^>]*>([^<]*)</th>", shown)
    assert heads[:3] == ["variant", "labels", "accuracy"]
