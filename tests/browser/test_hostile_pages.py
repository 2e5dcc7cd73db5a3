"""A corpus that means harm, from its archive to its pages in Chromium: nothing of it is run."""

import re

import pytest
from browsing import NARROW, SEEN, WIDE, Opened
from helpers import write_tar
from project import Project

pytestmark = pytest.mark.browser

RUNS = "<script>alert('ran')</script>\"><img src=x onerror=alert('ran')>'`${alert('ran')}"
TURNS = "\u202eturned\u202c \u200f\u2067"
RINGS = "\x07\x1b[31m\x0c\x7f"
LONG = "w" * 3000
ARABIC = "\u0633\u0644\u0627\u0645"
TITLE = f"{RUNS} {TURNS} {RINGS} $x^2$ {{{{ 7 * 7 }}}} {LONG[:70]}"  # of at most 200
CLASSES = [
    "sci.<img src=x onerror=alert('ran')>",
    f"rec.\"'&amp; {TURNS}{RINGS}",
    "talk." + "c" * 150,
]


CBOW = {"method": "cbow", "dimensions": 5, "window": 5, "negative": 5, "epochs": 2}


@pytest.fixture(scope="module")
def pages(tmp_path_factory, messages):
    """The pages of a report on real messages with harm in their names, texts and titles."""
    folder = tmp_path_factory.mktemp("hostile")
    texts = [content.partition(b"\n\n")[2] for content in messages.values()]
    harm = f"\n{RUNS} {TURNS} {RINGS} {LONG} {ARABIC} {ARABIC} $x^2$ =1+1 {LONG[:40]}\n".encode()
    files = {
        f"20_newsgroups/{CLASSES[n % 3]}/{n}": b"Subject: a\n\n" + text + harm
        for n, text in enumerate(texts)
    }
    archive = write_tar(folder / "hostile.tar.gz", files)
    given = {"encoding": "words", "length": 40, "dimensions": 5}
    config = {
        "name": "hostile",
        "sample": True,
        "seeds": [1],
        "gpu": 0,
        "compare": {"corpora": ["news"], "variants": ["svm", "learned"], "confidence": 0.9}
        | {"embeddings": ["harm"]},
        "lessons": {"corpus": "news", "pages": ["cbow", "inside_lstm"]},
        "sources": {"harm": {"file": "hostile.tar.gz", "from": [{"url": archive.as_uri()}]}},
        "corpora": {
            "news": {
                "title": TITLE,
                "source": "harm",
                "format": "newsgroups",
                "encoding": "utf-8",
                "header": "cut",
                "split": {"test": 0.25, "validation": 0.2, "seed": 1},
            }
        },
        "encodings": {"words": {"num_words": 2000, "fit": "train"}},
        "embeddings": {"harm": {"title": TITLE, "train": CBOW}},
        "fit": {"optimizer": "rmsprop", "batch_size": 16, "epochs": 2},
        "variants": {
            "svm": {"title": TITLE, "pipeline": [{"TfidfVectorizer": {}}, {"LinearSVC": {}}]},
            "learned": {
                "title": f"{TITLE} 2",
                "input": given,
                "layers": [{"LSTM": {"units": 4}}],
            },
        },
    }
    (folder / "project").mkdir()
    Project.create(folder / "project", config).snakemake()
    return sorted((folder / "project/results/hostile/report").glob("*.html"))


@pytest.mark.reliability("Security")
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_runs_nothing_is_fetched_and_nothing_bursts_its_page(browser, pages, size):
    assert len(pages) == 12
    for path in pages:
        with Opened(browser, path.as_uri(), viewport=size) as opened:
            assert opened.said == [], path.name
            assert opened.outside() == [], path.name
            assert opened.asked == [path.as_uri()], path.name
            assert opened.too_wide() <= 0, path.name
            assert opened.page.locator("img, [onerror], iframe, object").count() == 0, path.name


@pytest.mark.reliability("Security")
def test_what_meant_harm_is_shown_as_text(browser, pages):
    told = {}
    for path in pages:
        with Opened(browser, path.as_uri()) as opened:
            told[path.stem] = opened.page.locator("main").inner_text()
    assert "<script>alert('ran')</script>" in told["index"]
    assert CLASSES[0] in told["corpus-news"]
    assert CLASSES[0] in told["variant-learned"]
    (words,) = (path for path in pages if path.stem == "embeddings-news")
    with Opened(browser, words.as_uri()) as opened:
        (drawn, *_) = opened.page.evaluate(SEEN)
    assert ARABIC in drawn
    assert f"{LONG[:29]}…" in told["embeddings-news"] + " ".join(drawn)


@pytest.mark.reliability("Security")
def test_no_character_of_a_document_turns_or_rings(pages):
    for path in pages:
        main = re.sub(r"<(style|script)\b.*?</\1>", "", path.read_text(), flags=re.DOTALL)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]", main), path.name
