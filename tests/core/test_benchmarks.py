"""Nobody runs the benchmarks for weeks, while what they import changes."""

import json
import subprocess
import sys

import pandas as pd
from helpers import ROOT

FOREIGN = "training_pytorch"  # of another environment


def test_the_benchmarks_can_be_imported():
    names = sorted({path.stem for path in (ROOT / "benchmarks").glob("*.py")} - {FOREIGN})
    command = [sys.executable, "-c", f"import {', '.join(names)}"]
    subprocess.run(command, check=True, cwd=ROOT / "benchmarks")


def test_a_measured_memory_is_kept_if_the_variant_is_not_measured_again(tmp_path):
    for variant, peak in (("dense", 200), ("bayes", 50)):
        run = tmp_path / f"results/news/runs/{variant}/seed-1"
        run.mkdir(parents=True)
        metrics = {"kind": "network", "peak_memory_mb": peak, "document_shape": "150 × 50"}
        (run / "metrics.json").write_text(json.dumps(metrics | {"fitted_documents": 9}))
    output = tmp_path / "memory.csv"
    lines = ["variant,peak_mb,corpus,document,fitted_documents"]
    lines += ["convolutions,1261,imdb,400 × 100,22500", "dense,999,imdb,150 × 50,22500"]
    output.write_text("\n".join(lines))
    script = ROOT / "benchmarks/variants.py"
    subprocess.run([sys.executable, script, tmp_path / "results", "--output", output], check=True)
    table = pd.read_csv(output)
    assert dict(zip(table["variant"], table["peak_mb"], strict=True)) == {
        **{"bayes": 50, "convolutions": 1261, "dense": 200}
    }
    assert list(table["variant"]) == ["bayes", "convolutions", "dense"]
