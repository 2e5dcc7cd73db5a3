"""A corpus that means harm, from its archive to its pages in Chromium: nothing of it is run."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from browsing import NARROW, SEEN, WIDE, Opened
from helpers import write_tar
from project import Project, without_checks

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


def configuration(archive: Path) -> dict:
    given = {"encoding": "words", "length": 40, "dimensions": 5}
    return {
        "name": "hostile",
        "sample": True,
        "seeds": [1],
        "gpu": 0,
        "compare": {"corpora": ["news"], "variants": ["svm", "learned"], "confidence": 0.9}
        | {"embeddings": ["harm"]},
        "lessons": {"corpus": "news", "pages": ["inside_lstm"]},
        "sources": {"harm": {"file": archive.name, "from": [{"url": archive.as_uri()}]}},
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
                "layers": [{"GlobalMaxPooling1D": {}}],
            },
        },
    }


@pytest.fixture(scope="module")
def pages(tmp_path_factory, messages) -> list[Path]:
    """The pages of a report on real messages with harm in their names, texts and titles."""
    folder = tmp_path_factory.mktemp("hostile")
    texts = [content.partition(b"\n\n")[2] for content in messages.values()]
    harm = f"\n{RUNS} {TURNS} {RINGS} {LONG} {ARABIC} {ARABIC} $x^2$ =1+1 {LONG[:40]}\n".encode()
    files = {
        f"20_newsgroups/{CLASSES[n % 3]}/{n}": b"Subject: a\n\n" + text + harm
        for n, text in enumerate(texts)
    }
    archive = write_tar(folder / "hostile.tar.gz", files)
    (folder / "project").mkdir()
    project = Project.create(folder / "project", configuration(archive))
    without_checks(project.folder)  # of the models, which reads no text and no title
    project.snakemake()
    return sorted((folder / "project/results/hostile/report").glob("*.html"))


class Effects(NamedTuple):
    """What a page did and showed, narrow and then wide."""

    said: list[str]
    asked: list[str]
    outside: list[str]
    too_wide: int  # pixels, at the worse of both sizes
    elements: int  # that a document would have added
    text: str  # of `main`
    words: list[list[str]]  # that each map shows


@pytest.fixture(scope="module")
def effects(browser, pages) -> dict[Path, Effects]:
    """Open each page once."""
    return {path: open_page(browser, path) for path in pages}


def open_page(browser, path: Path) -> Effects:
    with Opened(browser, path.as_uri(), viewport=NARROW) as opened:
        narrow = opened.too_wide()
        opened.resize(WIDE)
        page = opened.page
        return Effects(
            opened.said,
            opened.asked,
            opened.outside(),
            max(narrow, opened.too_wide()),
            page.locator("img, [onerror], iframe, object").count(),
            page.locator("main").inner_text(),
            page.evaluate(SEEN) if path.stem == "embeddings-news" else [],
        )


@pytest.mark.reliability("Security")
def test_nothing_runs_nothing_is_fetched_and_nothing_bursts_its_page(effects):
    assert len(effects) == 11
    for path, page in effects.items():
        assert page.said == [], path.name
        assert page.outside == [], path.name
        assert page.asked == [path.as_uri()], path.name
        assert page.too_wide <= 0, path.name
        assert page.elements == 0, path.name


@pytest.mark.reliability("Security")
def test_what_meant_harm_is_shown_as_text(effects):
    pages = {path.stem: page for path, page in effects.items()}
    assert "<script>alert('ran')</script>" in pages["index"].text
    assert CLASSES[0] in pages["corpus-news"].text
    assert CLASSES[0] in pages["variant-learned"].text
    words = pages["embeddings-news"].words[0]
    assert ARABIC in words
    assert f"{LONG[:29]}…" in pages["embeddings-news"].text + " ".join(words)


@pytest.mark.reliability("Security")
def test_no_character_of_a_document_turns_or_rings(pages):
    for path in pages:
        main = re.sub(r"<(style|script)\b.*?</\1>", "", path.read_text(), flags=re.DOTALL)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]", main), path.name
