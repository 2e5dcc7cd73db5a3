"""The pages with published results, and the published run that they quote."""

import json
import math
import re
import shutil

import pandas as pd
import pytest
import yaml
from helpers import ROOT
from published import MADE_BY
from snakemake.utils import update_config

import publish
import results_page
from seq2report.config.resolve import resolve_trained
from seq2report.core.command import UserError, read_json
from seq2report.core.markdown import PLACE, fill, refill

FULL = ROOT / results_page.PUBLISHED
TINY = "docs/results/tiny"
PUBLISHED = sorted(path.parent for path in (ROOT / "docs/results").glob("*/manifest.json"))


def configuration(*names):
    """Return the default configuration with these files merged in, as Snakemake merges them."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    for name in names:
        update_config(config, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text("utf-8")))
    return config


@pytest.fixture
def clone(published, tmp_path):
    """A clone with a published run and pages with empty tables."""
    shutil.copytree(published, tmp_path / "docs/results/tiny")
    figures = pd.DataFrame({"experiment": ["CBOW"], "lecture": ["8 pairs"], "difference": [None]})
    figures.to_csv(tmp_path / TINY / "report/tables/lecture-figures/lecture.csv", index=False)
    for path, tables in results_page.pages(tmp_path, TINY, TINY).items():
        places = "".join(f"<!-- table: {name} -->\n<!-- end -->\n" for name in tables)
        path.write_text(f"# Title\n\n{places}")
    return tmp_path


def assert_holds(folder, config):
    """Assert that a published run is complete and has the corpora and variants of ``config``."""
    publish.check(folder, [])
    about = read_json(folder / "manifest.json")
    for corpus, found in about["corpora"].items():
        assert found["digest"] == config["corpora"][corpus]["digest"], corpus
        variants = pd.read_csv(folder / f"report/tables/{corpus}/runs/variants.csv")
        assert set(variants["variant"]) <= set(config["variants"])
        assert set(variants["variant"]) == set(about["configuration"]["compare"]["variants"])


def test_each_page_has_the_markers_of_its_tables():
    for path, tables in results_page.pages(
        ROOT, results_page.PUBLISHED, results_page.ENCODERS
    ).items():
        assert [name for _, name, _ in PLACE.findall(path.read_text("utf-8"))] == list(tables)


def test_the_pages_quote_the_published_tables():
    for path, tables in results_page.pages(
        ROOT, results_page.PUBLISHED, results_page.ENCODERS
    ).items():
        text = path.read_text(encoding="utf-8")
        assert fill(text, tables) == text


def test_the_published_run_has_the_pinned_corpora_and_configured_variants():
    assert_holds(FULL, configuration("full", "lecture", "encoder"))


def test_published_runs_stay_below_sixty_megabytes():
    """All of docs/results together: git keeps it for everyone who clones the repository."""
    files = [path for path in (ROOT / "docs/results").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 60_000_000


def test_the_published_run_of_encoders_has_the_configured_variants():
    about = read_json(ROOT / results_page.ENCODERS / "manifest.json")
    expected = configuration("encoder")["compare"]["variants"]
    assert about["configuration"]["compare"]["variants"] == expected


@pytest.mark.parametrize("folder", PUBLISHED, ids=[folder.name for folder in PUBLISHED])
def test_a_published_run_can_be_hosted_as_it_is(folder):
    assert (folder / "report/index.html").is_file()
    publish.check(folder, [])
    crate = folder / "ro-crate-metadata.json"  # older runs have none
    entities = read_json(crate)["@graph"] if crate.is_file() else []
    files = [entity["@id"] for entity in entities if "File" in entity["@type"]]
    assert [file for file in files if not (folder / file).is_file()] == []


def test_a_published_run_of_another_corpus_or_variant_is_detected(clone):
    folder = clone / "docs/results/tiny"
    config = {
        "corpora": {"news": {"digest": "d1"}},
        "variants": {"svm": {}, "lstm": {}, "lecture": {}},
    }
    assert_holds(folder, config)
    with pytest.raises(AssertionError):
        assert_holds(folder, config | {"corpora": {"news": {"digest": "d2"}}})
    with pytest.raises(AssertionError):
        assert_holds(folder, config | {"variants": {"svm": {}, "lstm": {}}})
    (folder / "report/lesson-one_hot.html").unlink()
    with pytest.raises(UserError, match=r"lesson-one_hot.html leads nowhere"):
        assert_holds(folder, config)


def test_the_results_have_one_row_per_variant_and_a_caption(clone):
    folder = clone / "docs/results"
    rows = results_page.results(folder / "tiny").split("\n")
    tables = "tiny/report/tables/news/runs"
    assert rows[0] == f"**Tiny** ([CSV]({tables}/variants.csv))"
    assert rows[2].startswith("| variant | accuracy (95% interval) | without exact duplicates |")
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[4:7]]
    assert [row[0] for row in cells] == ["As on the slides", "An SVM", "An LSTM"]
    assert [row[-1] for row in cells] == [
        "lecture's protocol",
        "**best**",
        *cells[2][-1:],
    ]
    assert cells[2][-1] in ("worse", "not distinguishable")
    table = pd.read_csv(folder / tables / "variants.csv").set_index("variant")
    svm = table.loc["svm"]
    assert re.fullmatch(r"95\.0% ± 7\.1 \([\d.]+% to 100\.0%\)", cells[1][1])
    assert cells[1][2] == f"{100 * svm['accuracy_unseen']:.1f}%"
    assert cells[1][3:5] == ["0.1", "6.0 ms"]
    assert rows[8] == (
        "*10 test documents (random 80/20, seed 7, message headers: cut); means over the seeds"
        " 1, 2. ±: standard deviation over the seeds, in percentage points. Commit 0123456789. 2 of"
        " the test documents have an exact duplicate in training.*"
    )
    for link in re.findall(r"\]\(([^)]*)\)", "\n".join(rows)):
        assert (folder / link).is_file()


def chosen(folder):
    """The choice and variant of each row of the headline."""
    rows = [row for row in results_page.headline(folder).split("\n")[2:] if row.startswith("|")]
    return [tuple(row.split(" | ")[1:3]) for row in rows]


def test_the_headline_has_the_best_the_recommended_and_the_lecture_lstm(clone, monkeypatch):
    folder = clone / "docs/results/tiny"
    file = folder / "report/tables/news/runs/recommendation.csv"
    both = "most accurate, recommended"
    assert chosen(folder) == [(both, "An SVM"), ("most accurate network", "An LSTM")]
    monkeypatch.setattr(results_page, "LECTURE_LSTM", "lstm")
    table = pd.read_csv(file)
    table.loc[table["recommendation"] == "to use", "variant"] = "lecture"
    table.to_csv(file, index=False)
    assert set(chosen(folder)) == {
        ("most accurate", "An SVM"),
        ("recommended", "As on the slides"),
        ("the lecture's LSTM, most accurate network", "An LSTM"),
    }
    caption = results_page.headline(folder).split("\n")[-1]
    assert caption.startswith("*Tiny: 10 test documents (")
    assert f". {results_page.RECOMMENDED}. ±: standard deviation" in caption
    link = "[Full report](docs/results/tiny/report/index.html)"
    assert caption.endswith(f"Commit 0123456789. {link}*")


def test_the_headline_explains_a_sign_that_only_one_corpus_has(clone):
    folder = clone / TINY
    shutil.copytree(folder / "report/tables/news", folder / "report/tables/more")
    about = read_json(folder / "manifest.json")
    about["corpora"]["more"] = about["corpora"]["news"]
    (folder / "manifest.json").write_text(json.dumps(about))
    file = folder / "report/tables/more/runs/variants.csv"
    pd.read_csv(file).assign(accuracy_sd=None).to_csv(file, index=False)
    assert "±: standard deviation" in results_page.headline(folder)


def test_the_headline_has_five_rows_of_each_corpus():
    rows = results_page.headline(FULL).split("\n")
    about = read_json(FULL / "manifest.json")["corpora"].values()
    for corpus in about:
        shown = [row for row in rows if row.startswith(f"| {corpus['title']} |")]
        assert len(shown) == results_page.ROWS
        accuracies = [float(row.split(" | ")[3].partition("%")[0]) for row in shown]
        assert accuracies == sorted(accuracies, reverse=True)


def test_variants_that_are_next_best_fill_the_headline():
    names = [f"v{n}" for n in range(8)]
    variants = pd.DataFrame({"variant": names, "kind": "network", "protocol": "held out"})
    variants = variants.assign(accuracy=[0.1 * n for n in range(8)])
    variants.loc[7, "protocol"] = "lecture"
    rows = {"recommendation": list(results_page.HEADLINE), "variant": ["v6", "v1"]}
    roles = results_page.choices(variants, pd.DataFrame(rows))
    assert roles == {
        "v6": ["most accurate"],
        "v1": ["recommended"],
        **{name: ["next most accurate"] for name in ("v5", "v4", "v3")},
    }


def test_the_lectures_figures_are_those_that_were_compared(clone):
    folder = clone / "docs/results/tiny"
    file = folder / "report/tables/lecture-figures/lecture.csv"
    command = "snakemake -- results/tiny/newsgroups/runs/lecture_lstm/seed-1/metrics.json"
    figure = {"experiment": "LSTM", "source": "slides", "lecture": "0.77", "ours": "0.75"}
    figure |= {"difference": "−0.02", "why": "Seeds.", "vectors": "GloVe", "command": command}
    rows = pd.DataFrame([figure, figure | {"experiment": "CBOW", "difference": None}])
    rows.to_csv(file, index=False)
    shown = results_page.lecture(folder).split("\n")
    assert shown[2:3] == [f"| LSTM | 0.77 | 0.75 | −0.02 | Seeds. | GloVe | `{command}` |"]
    assert shown[-1] == (
        "*Commit 0123456789. [CSV](tiny/report/tables/lecture-figures/lecture.csv)*"
    )
    for none in (rows.tail(1), rows.drop(columns="difference")):
        none.to_csv(file, index=False)
        assert "has no model" in results_page.lecture(folder)


def test_a_corpus_without_duplicates_has_no_column_for_them(clone):
    file = clone / "docs/results/tiny/report/tables/news/runs/variants.csv"
    table = pd.read_csv(file)
    table.assign(unseen_documents=table["test_documents"]).to_csv(file, index=False)
    assert "duplicate" not in results_page.results(clone / "docs/results/tiny")


def test_the_deviation_over_seeds_is_explained_if_there_are_several(clone):
    file = clone / "docs/results/tiny/report/tables/news/runs/variants.csv"
    assert "±: " in results_page.results(clone / "docs/results/tiny")
    pd.read_csv(file).assign(accuracy_sd=None).to_csv(file, index=False)
    assert "±" not in results_page.results(clone / "docs/results/tiny")


def test_intervals_of_another_metric_are_not_shown_as_those_of_accuracy(clone):
    table = next((clone / "docs/results/tiny").glob("report/tables/*/runs/variants.csv"))
    pd.read_csv(table).assign(metric="macro_f1").to_csv(table, index=False)
    with pytest.raises(UserError, match="found intervals of macro_f1, expected those of accuracy"):
        results_page.results(clone / "docs/results/tiny")


def test_uncommitted_changes_and_jobs_that_were_left_are_reported():
    first = "Commit 0123456789"
    assert results_page.commit(MADE_BY) == first
    changed, left = ({key: False} for key in ("clean", "up_to_date"))
    assert results_page.commit(MADE_BY | changed) == f"{first}, with uncommitted changes"
    assert results_page.commit(MADE_BY | left) == f"{first}; Snakemake had jobs left"


def test_durations_have_one_row_per_rule(clone):
    rows = results_page.durations(clone / "docs/results/tiny").split("\n")
    assert rows[2:4] == ["| train | 2 | 0.5 | 0.3 | 200 |", "| read | 1 | 0.0 | 0.0 | 0 |"]


def test_filling_the_pages_twice_changes_nothing(clone):
    pages = results_page.pages(clone, TINY, TINY)
    for _ in range(2):
        for path, tables in pages.items():
            refill(path, tables)
            text = path.read_text(encoding="utf-8")
            assert "| train |" in text or "| An SVM |" in text
            assert fill(text, tables) == text


def test_a_missing_published_run_is_an_error_with_its_command(tmp_path):
    with pytest.raises(UserError, match="make publish NAME=full"):
        results_page.headline(tmp_path / "docs/results/full")


def test_the_command_that_repeats_one_row_names_a_configured_run():
    text = (ROOT / "docs/results/README.md").read_text(encoding="utf-8")
    pattern = r"(?m)^snakemake --cores all --configfile (.+) -- results/(\S+)/metrics.json"
    ((files, target),) = re.findall(pattern, text)
    config = configuration(*re.findall(r"config/(\w+).yaml", files))
    name, corpus, _, variant, seed = target.split("/")
    assert name == config["name"]
    assert corpus in config["compare"]["corpora"]
    assert variant in resolve_trained(config)
    assert int(seed.removeprefix("seed-")) in config["seeds"]


def test_an_unknown_time_is_a_dash():
    times = [results_page.measured(value, "{:.1f}".format) for value in (1.25, math.nan, None)]
    assert times == ["1.2", "–", "–"]
