"""A table of ranked variants."""

import pandas as pd


def variants(**columns):
    """A table of three variants as evaluate_runs writes it, best first."""
    names = ["svm", "lstm", "slides"]
    table = {
        "variant": names,
        "kind": ["pipeline", "network", "network"],
        "title": ["SVM", "LSTM <b>", "Slides"],
        "number": [3, 1, 2],
        "rank": [1, 2, 3],
        "document_shape": ["900", "150 × 50", "150 × 50"],
        "protocol": ["held out", "held out", "lecture"],
        "corpus": "News",
        "split": "random 80/20, seed 7",
        "header": "cut",
        "seeds": "1 2",
        "test_documents": 2000,
        "metric": "accuracy",
        "answered_classes": 2,
        "score": [0.9, 0.895, 0.85],
        "low": [0.88, 0.875, 0.83],
        "high": [0.92, 0.915, 0.87],
        "pareto": [True, True, False],
        "fit_cpu_seconds": [60, 30, 10],
        "ms_per_document": [2.0, 0.52, 0.1],
    }
    return pd.DataFrame(table | columns)
