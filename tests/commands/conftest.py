import json
import shutil

import pytest
from published import BENCHMARK, MADE_BY, PAGE
from small_runs import GIVEN, TITLES, evaluate, write

import publish

RULES = """rule,jobs,seconds,cpu_seconds,peak_mib
train,2,30.5,17.5,200
read,1,0.1,0.0,0
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """What a run leaves, of one corpus and three variants with two seeds each."""
    results = tmp_path_factory.mktemp("run") / "results/tiny"
    (results / "news").mkdir(parents=True)
    runs = [write(results / "news/runs", *key, given) for key, given in GIVEN.items()]
    tables = results / "report/tables"
    (tables / "news").mkdir(parents=True)
    shutil.move(evaluate(results / "news", runs), tables / "news/runs")
    about = {"title": "Tiny", "documents": 30, "digest": "d1"}
    (results / "news/corpus.json").write_text(json.dumps(about))
    for name, content in {
        "news/corpus/words.csv": "x" * 300_001,
        "news/corpus/lengths.csv": "x" * 300_000,
        "lesson-one_hot/facts.csv": "x",
        "lecture-figures/lecture.csv": "x",
        "made/jobs.csv": "rule,job\ntrain,b\ntrain,a\nread,a\n",
        "made/rules.csv": RULES,
    }.items():
        (tables / name).parent.mkdir(exist_ok=True)
        (tables / name).write_text(content)
    (results / "report/index.html").write_text(PAGE)
    (results / "report/lesson-one_hot.html").write_text('<a href="index.html">Comparison</a>')
    for name, row in {
        "train/a.tsv": "10\t0:00:10\t100.4\t8",
        "train/b.tsv": "20.5\t0:00:20\t200\t9.5",
        "read/a.tsv": "0.1\t0:00:00\t-\t-",  # too short to be sampled
        "train/removed.tsv": "90\t0:01:30\t100\t8",  # of a variant that is not compared any more
    }.items():
        (results / "benchmarks" / name).parent.mkdir(parents=True, exist_ok=True)
        (results / "benchmarks" / name).write_text(BENCHMARK + row + "\n")
    config = {"name": "tiny", "seeds": [1, 2]}
    config["corpora"], config["sources"] = {"news": {"title": "Tiny"}}, {}
    config["compare"] = {"corpora": ["news"], "variants": list(TITLES)}
    config["variants"] = {name: {"title": title} for name, title in TITLES.items()}
    (results / "config.json").write_text(json.dumps(config))
    return results


@pytest.fixture(scope="module")
def published(finished, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "tiny"
    folder.mkdir()
    publish.publish(finished, folder, MADE_BY, [])
    return folder
