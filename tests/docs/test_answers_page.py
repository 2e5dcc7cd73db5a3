"""The page about answers from elsewhere: its script answers, and its row is beside the others."""

import json
import re
import subprocess
import sys

import pandas as pd
import polars as pl
import pytest
import yaml
from helpers import ROOT, call
from small_runs import CIRCUMSTANCES

import evaluate_runs
import read_predictions
import train_pipeline
from seq2report.documents.export import main as export_documents

PAGE = (ROOT / "docs/answers.md").read_text()
WORDS = {"pos": "a great film, the best, wonderful", "neg": "boring, the worst, a waste of time"}


def corpus(folder):
    """Write a tiny corpus with the classes and ids of the IMDB reviews; return its documents."""
    rows = [
        (f"{split}/{label}/{n}", f"{WORDS[label] if n % 3 else 'seen it'} {n}", label, split)
        for label in WORDS
        for split, count in (("train", 30), ("validation", 5), ("test", 12))
        for n in range(count)
    ]
    documents = pl.DataFrame(rows, schema=["id", "text", "label", "split"], orient="row").sort("id")
    documents.write_parquet(folder / "documents.parquet")
    counts = documents.group_by("split", "label").agg(documents=pl.len()).to_dicts()
    about = {"title": "Tiny", "classes": ["neg", "pos"], "digest": "0", "counts": counts}
    (folder / "corpus.json").write_text(json.dumps(about))
    none = pl.DataFrame(schema={"id": pl.String, "exact": pl.Boolean})
    none.write_parquet(folder / "duplicates.parquet")


def test_the_script_of_the_page_makes_a_row_beside_the_others(tmp_path):
    corpus(tmp_path)
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    configuration, _ = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    variant = yaml.safe_load(configuration)["variants"]["keywords"]
    (name,) = re.findall(r"export_documents.py \S+ --output (\S+)", PAGE)
    export_documents([str(tmp_path), "--output", str(tmp_path / name)])
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=60)

    inputs = {"corpus": tmp_path / "corpus.json", "documents": tmp_path / "documents.parquet"}
    runs = [tmp_path / f"runs/{name}/seed-1" for name in ("keywords", "majority")]
    keywords = {"predictions": variant["predictions"]}
    table = tmp_path / yaml.safe_load(configuration)["sources"]["keywords"]["file"]
    call(read_predictions, **inputs, table=table, settings=keywords, seed=1, output=runs[0])
    majority = {"pipeline": [{"CountVectorizer": {}}, {"DummyClassifier": {}}]}
    call(train_pipeline, **inputs, settings=majority, seed=1, output=runs[1])
    titles = {"keywords": variant["title"], "majority": "Majority class"}
    argv = ["--corpus", inputs["corpus"], "--documents", inputs["documents"]]
    argv += ["--circumstances", json.dumps(CIRCUMSTANCES)]
    argv += ["--titles", json.dumps(titles), "--runs", *runs, "--confidence", "0.9"]
    argv += ["--duplicates", tmp_path / "duplicates.parquet", "--output", tmp_path / "tables"]
    evaluate_runs.main(list(map(str, argv)))

    rows = pd.read_parquet(tmp_path / "tables/variants.parquet").set_index("variant")
    assert rows["title"].to_dict() == titles
    right = 2 * 8 + 4  # texts with a keyword; of the others, those of the first class by name
    assert rows.loc["keywords", "accuracy"] == pytest.approx(right / 24)
    assert rows.loc["keywords", "cost_money"] == "$0"
    assert rows.loc["keywords", "ece"] > 0
    assert rows.loc["majority", "accuracy"] == 0.5


def test_messages_of_the_page_are_messages():
    code = (ROOT / "scripts/seq2report/documents/predictions.py").read_text()
    code = re.sub(r'"\n\s*f?"', "", code)
    pieces = re.findall(r"^\| `([^`]+)` \|", PAGE.partition("| message |")[2], re.M)
    assert len(pieces) == 6
    assert [piece for piece in pieces if piece not in code] == []
