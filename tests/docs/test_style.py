"""Phrases that read badly do not come back: in documentation, notebooks, comments and messages."""

import io
import json
import re
import tokenize
from pathlib import Path

import pytest
from helpers import ROOT

NOUNS = (
    "rule|row|document|page|table|job|line|word|file|folder|text|vector|plot|picture|model|run"
    "|step|object|module|lesson|class|column|value|variant|test|case|corpus|list|name|batch|seed"
)
# What is to be avoided, and what to write instead.
PHRASES = {
    rf"an? (?:{NOUNS}) an? (?!few\b|little\b|time\b)\w+": "one … per …",
    r"(?:documents|texts|words|lines|numbers|steps|ms|MB|seconds|dimensions|bytes) an?"
    rf" (?:second|{NOUNS}|epoch)": "… per …",
    rf"an? (?:{NOUNS}) each": "one … each",
    r"(?:held|holds?|set|sets) (?:\w+ ){0,3}(?:against|beside)": "compared with, checked against",
    r"hangs? on": "depends on",
    r"what (?:came|comes) (?:of|out)": "the results",
    r"(?:is|are|was|were|be|been|being) told": "is reported",
    r"(?:it|that|which|page|report|message|log|column|key|file) tells?": "shows, names",
    r"says? so": "reports it",
    r"anew": "again",
    r"what (?:it|a model|a variant|\w+) takes? for what": "confusion matrix",
    r"how sure (?:is|it|a|they)": "confidence, calibration",
    r"what (?:\w+ ){1,3}(?:is|are) made of": "architecture, composition",
    r"by heart": "memorises, overfits",
    r"stands? in(?! for\b)": "occurs in, is in",
    r"(?:but|save) for": "except",
    r"all but": "all except",
    r"where there (?:is|are) (?:one|none|some|any)": "if available",
    r"where (?:it|they) can": "if possible",
    r"which see": "(say it again in full)",
    r"of these the latter": "(say it again in full)",
}
PATTERNS = {re.compile(rf"\b{phrase}\b", re.IGNORECASE): use for phrase, use in PHRASES.items()}

PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("docs/results/*.md"),
    *ROOT.glob("config/*.md"),
    *ROOT.glob("resources/*/*.md"),
    *ROOT.glob("workflow/report/*.rst"),
]
SETTINGS = [
    path
    for pattern in (
        "*.yml",
        "*.cff",
        "config/*.yaml",
        "profiles/*/*",
        "workflow/schemas/*.yaml",
        "reports/*.yaml",
    )
    for path in ROOT.glob(pattern)
]
SETTINGS += [ROOT / "Makefile", ROOT / "Dockerfile", *ROOT.glob("tests/slurm/*")]
CODE = [
    path
    for pattern in (
        "Snakefile",
        "workflow/Snakefile",
        "workflow/**/*.smk",
        "scripts/**/*.py",
        "benchmarks/*.py",
        "config/*.py",
        "reports/*.ipynb",
    )
    for path in ROOT.glob(pattern)
]


def of_markdown(text: str) -> str:
    """Return the prose of a page: without code, generated tables and quotations."""
    text = re.sub(r"```.*?```|`[^`\n]*`", " … ", text, flags=re.DOTALL)
    text = re.sub(r"<!-- table: .*?<!-- end -->", "", text, flags=re.DOTALL)
    return re.sub(r'"[^"\n]*"', " … ", text)


def of_python(source: str) -> str:
    """Return comments and string literals, one paragraph each."""
    parts, before = [], None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind in ("NL", "INDENT", "DEDENT"):
            continue
        if kind == "COMMENT":
            text = token.string.lstrip("# ")
        elif kind in ("STRING", "FSTRING_MIDDLE"):
            text = re.sub(r"^[A-Za-z]*[\"']+|[\"']+$", "", token.string)
            text = re.sub(r"``[^`]*``|`[^`]*`", " … ", text)
        else:
            before = None
            continue
        parts.append(text if kind != before else f" {text}")
        parts[-1] = parts[-1] if kind == before else "\n\n" + parts[-1]
        before = kind
    return "".join(parts)


def of_notebook(source: str) -> str:
    """Return the prose of a notebook."""
    read = {"markdown": of_markdown, "code": of_python}
    cells = json.loads(source)["cells"]
    return "\n\n".join(read[cell["cell_type"]]("".join(cell["source"])) for cell in cells)


def prose(path: Path) -> str:
    """Return the text of a file that people read."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return of_markdown(text)
    if path.suffix == ".ipynb":
        return of_notebook(text)
    return of_python(text) if path in CODE else re.sub(r"\n\s*#", " ", text)


def phrases(text: str) -> list[str]:
    """Return each phrase to avoid that a text has, with its context and what to write instead."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        words = " ".join(paragraph.split())
        for pattern, use in PATTERNS.items():
            for match in pattern.finditer(words):
                context = words[max(0, match.start() - 30) : match.end() + 20]
                found.append(f"'{match[0]}' in '…{context}…'; write: {use}")
    return found


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("It writes a rule a variant.", "a rule a variant"),
        ("It takes 3 ms a document.", "ms a document"),
        ("Pages, a page each.", "a page each"),
        ("Each corpus is held against its digest.", "held against"),
        ("The slides' figures are set beside ours.", "set beside"),
        ("Where it hangs\non settings.", "hangs on"),
        ("Mistakes are told before.", "are told"),
        ("It trains anew.", "anew"),
        ("All files but for the last.", "but for"),
    ],
)
def test_a_phrase_is_found(text, phrase):
    assert phrases(text)[0].startswith(f"'{phrase}'")


def test_code_and_innocent_text_have_no_phrase():
    source = 'told = held("x")  # a number at a time\nprint(f"one row per {document}")\n'
    assert phrases(of_python(source)) == []
    assert phrases(of_markdown("```\nis told\n```\n`hangs on` and a document at a time\n")) == []
    assert phrases(of_python('("Write a"\n" row a document.")')) != []


@pytest.mark.parametrize(
    "path", sorted(PAGES + SETTINGS), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_documentation_has_no_phrase_to_avoid(path):
    assert phrases(prose(path)) == []


@pytest.mark.parametrize("path", sorted(CODE), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_code_has_no_phrase_to_avoid(path):
    assert phrases(prose(path)) == []
