"""The page that tells how a report was made, and the tables that it shows."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from drawn import outside_of
from helpers import ROOT, page_of
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch, PathPatch
from snakemake.utils import update_config

import evaluate_workflow as evaluate
from seq2report.config.check import check
from seq2report.config.grids import with_grids
from seq2report.core import durations
from seq2report.core.command import UserError
from seq2report.core.tables import write_tables
from seq2report.report import made_plots

HOSTILE = "<script>alert(1)</script>&\"'</td>"
PLAN = """Building DAG of jobs...

[Fri Nov 27 21:17:25 2026]
rule fetch:
    output: news, old.tar, news, old.tar.json
    log: fetch.log
    jobid: 2
[Fri Nov 27 21:17:25 2026]
rule render:
    input: scripts/render.py, news, old.tar, news, old.tar.json
    output: index.html
    reason: Forced execution
[Fri Nov 27 21:17:25 2026]
rule configuration:
    output: config.json
[Fri Nov 27 21:17:25 2026]
localrule all:
    input: index.html, config.json
    reason: Rules with neither input nor output files are always executed.
Job stats:
"""
HEAD = "s\th:m:s\tmax_rss\tcpu_time\n"


@pytest.fixture
def benchmarks(tmp_path):
    """Of four jobs; the shortest ended before Snakemake looked at it."""
    for name, row in {
        "train/news-svm-1.tsv": "10.04\t0:00:10\t100.4\t8",
        "train/news-old-1.tsv": "30\t0:00:30\t900\t29",
        "train/news-dense-1.tsv": "20.5\t0:00:20\t200\t9.5",
        "read/news.tsv": "0.1\t0:00:00\t-\t-",
    }.items():
        (tmp_path / "benchmarks" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "benchmarks" / name).write_text(HEAD + row + "\n")
    return tmp_path / "benchmarks"


def test_a_report_on_own_texts_tells_no_corpus_of_the_default_configuration():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    own = {
        "compare": {"corpora": ["mine"], "seeds": {"imdb": 1, "mine": 1}},
        "lessons": {"pages": []},
        "sources": {"mine": {"file": "mine.csv", "from": [{"url": "file:mine.csv"}]}},
        "corpora": {
            "mine": {
                **{"title": "Mine", "source": "mine", "format": "table"},
                "columns": {"text": "a", "label": "b"},
                "split": {"test": 0.2, "validation": 0.1, "seed": 1},
            }
        },
    }
    update_config(config, own)
    told = evaluate.of_this_report(config)
    check(told, ROOT / "workflow/schemas/config.schema.yaml")
    assert list(told["corpora"]) == ["mine"]
    assert set(told["sources"]) == {"mine", "glove_sample"}
    assert told["compare"]["seeds"] == {"mine": 1}
    assert told["variants"] == config["variants"]
    config["lessons"] = {"corpus": "imdb", "pages": ["shapes"]}
    assert list(evaluate.of_this_report(config)["corpora"]) == ["imdb", "mine"]


@pytest.mark.parametrize("source", ["llm", {"imdb": "llm"}, {"grid": ["llm", {"imdb": "llm"}]}])
def test_a_report_has_the_sources_of_encoders_and_answers(source):
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "config/encoder.yaml").read_text()))
    config["variants"]["llm"] = {"title": "LLM", "predictions": {"source": source}}
    config["compare"]["corpora"] = ["imdb"]
    config["sources"]["llm"] = {"file": "llm.csv", "from": [{"url": "file:llm.csv"}]}
    shown = evaluate.of_this_report(config)
    check(with_grids(shown), ROOT / "workflow/schemas/config.schema.yaml")
    assert {"llm", "minilm"} <= set(shown["sources"])


def test_jobs_are_read_with_the_longest_first(benchmarks):
    jobs = durations.read_jobs(benchmarks)
    assert jobs["job"].tolist() == ["news-old-1", "news-dense-1", "news-svm-1", "news"]
    assert jobs.loc[0].tolist() == ["train", "news-old-1", 30, 29, 900]
    assert jobs.loc[3, ["cpu_seconds", "peak_mib"]].isna().all()


@pytest.mark.reliability("Bad machine")
@pytest.mark.parametrize("content", ["", "s\n", HEAD, HEAD + "x\tx\tx\tx\n", "\0" * 60])
def test_a_damaged_file_of_the_times_of_a_job_is_named(benchmarks, content):
    (file := benchmarks / "read/news.tsv").write_text(content)
    with pytest.raises(UserError, match=rf"^{file} is damaged \(.*\); delete it"):
        durations.read_jobs(benchmarks)


def test_rules_are_the_sums_of_their_jobs_and_the_largest_of_their_memory(benchmarks):
    rules = durations.of_rules(durations.read_jobs(benchmarks)).to_dict("records")
    assert rules == [
        {"rule": "train", "jobs": 3, "seconds": 60.5, "cpu_seconds": 46.5, "peak_mib": 900},
        {"rule": "read", "jobs": 1, "seconds": 0.1, "cpu_seconds": 0.0, "peak_mib": 0},
    ]


def test_the_cpu_time_of_a_training_is_the_one_that_it_measured(benchmarks, tmp_path):
    run = tmp_path / "news/runs/dense/seed-1"
    run.mkdir(parents=True)
    (run / "metrics.json").write_text(json.dumps({"fit_cpu_seconds": 22, "cpu_seconds": 25}))
    jobs = durations.read_jobs(benchmarks).set_index("job")
    assert jobs.loc["news-dense-1", "cpu_seconds"] == 25  # sampled: 9.5
    assert jobs.loc["news-svm-1", "cpu_seconds"] == 8


def test_jobs_of_an_earlier_configuration_and_of_the_page_itself_are_not_counted(benchmarks):
    stale = ["choose/news-grid-1", "evaluate_runs/old", "train/labels-50/news-svm-1", "render/made"]
    for name in stale:
        (benchmarks / name).parent.mkdir(parents=True, exist_ok=True)
        (benchmarks / f"{name}.tsv").write_text(HEAD + "90\t0:01:30\t1\t9\n")
    names = ["train/news-svm-1", "train/news-dense-1", "read/news", "render/made"]
    plan = [f"rule a:\n    log: a.log\n    benchmark: {benchmarks}/{name}.tsv" for name in names]
    left = evaluate.of_this_run(durations.read_jobs(benchmarks), "\n".join(plan), benchmarks)
    assert left["job"].tolist() == ["news-dense-1", "news-svm-1", "news"]


def test_edges_are_read_from_a_dry_run_each_once():
    edges = evaluate.read_edges(PLAN).itertuples(index=False, name=None)
    assert list(edges) == [("configuration", "all"), ("fetch", "render"), ("render", "all")]


def test_the_plan_in_a_job_does_not_check_the_models_on_its_node(monkeypatch):
    def completed(command, env, **_):
        assert "--dry-run" in command
        return subprocess.CompletedProcess(command, 0, " ".join(env), "")

    monkeypatch.setattr(subprocess, "run", completed)
    names = set(evaluate.planned(Path("Snakefile"), Path("config.json")).split())
    common = (ROOT / "workflow/rules/common.smk").read_text()
    assert names - set(os.environ) == set(re.findall(r'"(SEQ2REPORT_IN\w+)"', common))


def test_a_workflow_without_a_plan_ends_in_snakemakes_own_message(tmp_path):
    (tmp_path / "Snakefile").write_text("rule all:\n    input: missing\n")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="missing"):
        evaluate.planned(tmp_path / "Snakefile", tmp_path / "config.json")


def test_whom_to_cite_hangs_on_what_was_read():
    entries = yaml.safe_load((ROOT / "reports/citations.yaml").read_text())
    of = {name: set(evaluate.citations(entries, [name])["of"]) for name in ("imdb_full", "mine")}
    assert of["imdb_full"] - of["mine"] == {"Large Movie Review Dataset (IMDB)"}
    assert {"Snakemake", "Keras"} <= of["mine"]


def test_sources_that_are_cited_are_those_of_the_configurations():
    entries = yaml.safe_load((ROOT / "reports/citations.yaml").read_text())
    cited = {source for each in entries for source in each.get("sources", [])}
    configured = set()
    for name in ("config.yaml", "full.yaml"):
        configured |= set(yaml.safe_load((ROOT / "config" / name).read_text())["sources"])
    assert cited == configured


@pytest.mark.reliability("Security")
def test_users_and_passwords_of_addresses_are_not_shown():
    secret = "https://me:word@example.org/a.tar.gz?token=t#f"
    places = [{"url": secret, "bytes": 3}, {"package": "vectors==1"}]
    config = {"sources": {"mine": {"file": "a", "from": places}}, "seeds": [1]}
    told = evaluate.without_secrets(config)
    assert told["sources"]["mine"]["from"] == [
        {"url": "https://example.org/a.tar.gz?…", "bytes": 3},
        {"package": "vectors==1"},
    ]
    assert config["sources"]["mine"]["from"][0]["url"] == secret


@pytest.mark.parametrize(
    "url", ["https://example.org/a.zip?download=1", "https://${U}:${P}@example.org/a?token=${T}"]
)
def test_an_address_without_a_secret_is_kept_to_repeat_the_run(url):
    config = {"sources": {"mine": {"file": "a", "from": [{"url": url}]}}}
    assert evaluate.without_secrets(config) == config


def test_versions_are_those_of_this_environment():
    told = evaluate.versions().set_index("package")["version"]
    assert told["python"] == ".".join(map(str, sys.version_info[:3]))
    asked = [sys.executable, "-c", "import numpy; print(numpy.__version__)"]
    assert told["numpy"] == subprocess.check_output(asked, text=True).strip()


EDGES = pd.DataFrame(
    [
        ("fetch", "read"),
        ("read", "train_a"),
        ("read", "train_b"),
        ("read", "train_both"),
        ("read", "evaluate_runs"),
        ("train_a", "train_both"),
        ("train_b", "train_both"),
        ("train_both", "evaluate_runs"),
        ("evaluate_runs", "render"),
        ("render", "evaluate_workflow"),
        ("evaluate_workflow", "render"),
        ("render", "all"),
    ],
    columns=["maker", "reader"],
)


def test_rules_that_read_from_the_same_verbs_share_a_box_and_all_is_not_drawn():
    groups = made_plots.alike(EDGES)
    assert ["train_a", "train_b"] in groups
    assert sorted(map(len, groups)) == [1, 1, 1, 1, 1, 1, 2]
    assert "all" not in {rule for group in groups for rule in group}


def test_a_line_is_left_out_where_a_longer_way_implies_it():
    pairs = {("read", "train_a"), ("train_a", "train_both"), ("train_both", "evaluate_runs")}
    pairs |= {("evaluate_runs", "render"), ("render", "evaluate_workflow")}
    pairs |= {("evaluate_workflow", "render")}
    assert made_plots.direct(pairs | {("read", "train_both"), ("read", "render")}) == pairs


RULES = [f"{verb}_{letter}" for verb in made_plots.VERBS for letter in "ab"]
FORWARD = [(a, b) for n, a in enumerate(RULES) for b in RULES[n + 1 :]]


@given(st.sets(st.sampled_from(FORWARD), min_size=1, max_size=30))
def test_what_is_left_leads_everywhere_that_all_lines_led(edges):
    def ways(pairs):
        reached = set(pairs)
        while longer := {(a, d) for a, b in reached for c, d in pairs if b == c} - reached:
            reached |= longer
        return reached

    left = made_plots.direct(edges)
    assert left <= edges
    assert ways(left) == ways(edges)
    assert all((a, b) not in ways(left - {(a, b)}) for a, b in left)


def test_boxes_stand_in_the_column_of_their_verb_and_do_not_overlap():
    boxes = made_plots.place(made_plots.alike(EDGES))
    columns = {made_plots.verb(box.rules[0]): box.x for box in boxes}
    assert columns == {"fetch": 0, "read": 1, "train": 2, "evaluate": 3, "render": 4}
    for one, other in pairwise(boxes):
        if one.x == other.x:
            assert one.top + len(one.rules) * made_plots.LINE < other.top


def test_the_picture_names_every_rule_and_verb():
    figure = made_plots.rule_graph(EDGES)
    told = [text.get_text() for text in figure.axes[0].texts if text.get_text()]
    headings = "fetch read train evaluate render"
    assert sorted(told) == sorted(f"{headings} fetch read a b both runs workflow render".split())
    assert outside_of(figure) == []


def test_no_line_of_the_picture_runs_through_a_name_or_out_of_it():
    (axes,) = made_plots.rule_graph(EDGES).axes
    lines = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    boxes = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    assert {to_hex(box.get_facecolor()) for box in boxes} == {made_plots.PAPER}
    assert axes.patches.index(lines[-1]) < axes.patches.index(boxes[0])  # the boxes are above
    left, right = axes.get_xlim()
    places = np.concatenate([line.get_path().vertices for line in lines])
    assert left < places[:, 0].min() < places[:, 0].max() < right


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    jobs = pd.DataFrame(
        {
            "rule": ["train", "read"],
            "job": [HOSTILE, "news"],
            "seconds": [10.0, 0.1],
            "cpu_seconds": [8.0, None],
            "peak_mib": [100.0, None],
        }
    )
    tables = {
        "jobs": jobs,
        "rules": durations.of_rules(jobs),
        "edges": EDGES,
        "versions": evaluate.versions(),
        "machine": pd.DataFrame([("processor", HOSTILE)], columns=["of", "is"]),
        "corpora": pd.DataFrame([(HOSTILE, 3, "d1")], columns=["title", "documents", "digest"]),
        "files": pd.DataFrame([(HOSTILE, 3, "d2")], columns=["file", "bytes", "sha256"]),
        "citations": pd.DataFrame([(HOSTILE, HOSTILE)], columns=["of", "reference"]),
    }
    (folder / "made").mkdir()
    write_tables(tables, folder / "made")
    (folder / "made/configuration.yaml").write_text(f"title: {json.dumps(HOSTILE)}\n")
    return page_of("made", folder, table_folder=str(folder), name="tiny")


@pytest.mark.reliability("Security")
def test_text_of_data_is_escaped(html):
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)") == 7
    assert len(re.findall("</td>", html)) == len(re.findall("<td", html))


def test_the_page_tells_how_to_repeat_it(html):
    assert "--configfile results/tiny/config.json --replace-workflow-config" in html
    assert (
        "2 jobs of 2 rules took 8.0 s of CPU time; the peak memory of a single job was 105 MB"
        in html
    )
