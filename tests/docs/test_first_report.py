import re

import pandas as pd
import pytest
from helpers import ROOT

import first_report
from seq2report.core.command import UserError

HEAD = "s\tcpu_time\n"


@pytest.fixture
def benchmarks(tmp_path):
    """Of six jobs; one ended before Snakemake looked at it."""
    for name, seconds in {
        "read/news": "1.5",
        "encode_features/news-ngrams": "-",
        "train/news-svm-1": "40",
        "train/labels-0.1/news-svm-1": "20",
        "evaluate_embeddings/news": "3",
        "evaluate_runs/news": "2",
    }.items():
        (tmp_path / f"{name}.tsv").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.tsv").write_text(f"{HEAD}9\t{seconds}\n")
    return tmp_path


def test_jobs_are_counted_by_their_work(benchmarks):
    jobs = first_report.of_jobs(benchmarks)
    assert list(jobs.index) == list(first_report.WORK)
    assert jobs["jobs"].to_list() == [2, 2, 0, 1, 1, 0]
    assert jobs["cpu_seconds"].to_list() == [1.5, 60, 0, 3, 2, 0]


def test_the_parts_of_a_first_report_add_up_to_the_whole(benchmarks):
    setup, report = {"seconds": 50, "cpu_seconds": 30}, {"seconds": 90, "cpu_seconds": 100}
    table = first_report.by_work(setup, report, first_report.of_jobs(benchmarks))
    whole, *parts = table["cpu_seconds"].to_list()
    assert whole == 130
    assert sum(parts) == pytest.approx(whole, abs=1)  # each is rounded
    assert table["seconds"].to_list()[:2] == [140, 50]
    assert table.loc["training", "jobs"] == 2
    assert pd.isna(table.loc["training", "seconds"])


def test_every_rule_with_a_benchmark_has_its_work():
    rules = (ROOT / "workflow/rules").glob("*.smk")
    text = "".join(path.read_text() for path in rules)
    folders = set(re.findall(r"benchmarks/(\w+)/", text))
    assert {"train", "render", "lesson"} <= folders
    assert {first_report.work_of(folder) for folder in folders} == set(first_report.WORK)
    with pytest.raises(UserError, match="nonsense: no work of WORK"):
        first_report.work_of("nonsense")
