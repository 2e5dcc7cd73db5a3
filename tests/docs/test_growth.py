import hashlib
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest
from helpers import ROOT

import growth
from seq2report.core.command import UserError
from seq2report.documents.formats import read_imdb
from seq2report.files.archives import members

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")


@pytest.fixture(scope="module")
def imdb():
    return ROOT / "resources/sample/imdb.tar.xz"


@pytest.fixture(scope="module")
def reviews(imdb):
    return growth.reviews_of(imdb)


def test_a_corpus_has_its_size_and_all_groups_alike_and_no_text_twice(imdb, reviews, tmp_path):
    size = 2 * sum(map(len, reviews.values())) + 4  # every review more than once
    total = growth.make(imdb, size, tmp_path / "imdb.tar")
    rows = list(read_imdb(members(tmp_path / "imdb.tar"), {"encoding": "utf-8"}))
    assert len(rows) == len({name for name, *_ in rows}) == size
    groups = Counter((split, label) for _, _, label, split in rows)
    assert groups == dict.fromkeys(growth.GROUPS, size // 4)
    texts = [text for _, text, _, _ in rows]
    assert len(set(texts)) == size
    assert sum(len(text.encode()) for text in texts) == total


def test_numbers_differ_where_the_first_word_of_three_has_its_turn(reviews, monkeypatch):
    monkeypatch.setattr(growth, "DIGITS", 16)
    few = {group: texts[:10] for group, texts in reviews.items()}
    texts = [text for _, text in growth.documents(few, growth.DIGITS**2 + 300)]
    begins = Counter(tuple(text.split(" ")[:3]) for text in texts)
    assert len(begins) == len(texts)


def test_a_copy_is_its_review_but_for_a_tenth_of_the_words_and_the_number(reviews):
    for number, (_, text) in zip(range(40), growth.documents(reviews, 40), strict=True):
        before = reviews[growth.GROUPS[number % 4]][number // 4].split(" ")
        after = text.split(" ")[3:]
        assert len(after) == len(before)
        changed = sum(a != b for a, b in zip(after, before, strict=True))
        assert 0 < changed <= round(growth.REPLACED * len(before))


def test_no_word_is_new(reviews):
    known = {word for texts in reviews.values() for text in texts for word in text.split()}
    made = {word for _, text in growth.documents(reviews, 400) for word in text.split()}
    assert made <= known


def test_the_seed_alone_decides(reviews):
    def digest(seed):
        return hashlib.sha256(repr(list(growth.documents(reviews, 50, seed))).encode()).digest()

    assert digest(1) == digest(1) != digest(2)


def test_an_archive_without_reviews_is_refused(sample):
    with pytest.raises(UserError, match="found no review of train/neg"):
        growth.reviews_of(sample / "newsgroups.tar.xz")


@linux
def test_a_process_is_measured_from_outside(tmp_path):
    script = tmp_path / "hold.py"
    script.write_text(
        "import os, time\n"
        "held = b'x' * 50_000_000\n"
        "time.sleep(1)\n"
        "print(os.environ['MORE'], os.environ['OMP_NUM_THREADS'])\n"
    )
    took, printed = growth.watched([script], tmp_path / "log", {"MORE": "7"})
    assert printed == "7 1\n"
    assert 50 < took["peak_anonymous_mb"] < 100
    assert took["peak_rss_mb"] > 50  # or that of this process, which is handed down
    assert took["cpu_seconds"] < took["wall_seconds"]


@linux
def test_a_process_that_fails_is_reported_with_its_message(tmp_path):
    (tmp_path / "fail.py").write_text("raise SystemExit('no such thing')")
    with pytest.raises(UserError, match="no such thing"):
        growth.watched([tmp_path / "fail.py"], tmp_path / "log", {})


def test_the_processes_get_the_variables_that_the_workflow_sets():
    rule = (ROOT / "workflow/rules/train.smk").read_text()
    assert all(f"{name}={value}" in rule for name, value in growth.KEPT.items())


def test_the_committed_table_gives_the_committed_picture(tmp_path):
    command = [sys.executable, ROOT / "benchmarks/growth.py", "--plot", tmp_path / "growth.svg"]
    table = ROOT / "benchmarks/results/growth.csv"
    subprocess.run([*command, "--output", table], check=True)
    drawn = (tmp_path / "growth.svg").read_text()
    assert drawn == (ROOT / "docs/images/growth.svg").read_text()
    assert {"2,000", "2,000,000", "read", "encode"} <= set(texts_of(drawn))
    assert len(drawn) < 50_000


def texts_of(svg):
    return [line.split(">")[1].split("<")[0] for line in svg.splitlines() if "<text" in line]


def test_the_picture_has_a_point_a_size_and_step_and_a_guide_of_slope_one():
    sizes = (100, 10_000)
    table = pd.DataFrame(
        [
            {"step": step, "documents": n, "cpu_seconds": n / 100, "peak_anonymous_mb": 50.0}
            for step in ("make", "read", "encode", "train")
            for n in sizes
        ]
    )
    seconds, memory = growth.draw(table).axes
    *steps, guide = seconds.lines
    assert (
        [tuple(line.get_xdata()) for line in steps]
        == [sizes] * 3
        == [tuple(line.get_xdata()) for line in memory.lines]
    )
    low, high = guide.get_ydata()
    assert high / low == pytest.approx(100)
