"""The tables of a corpus with any number of variants, classes and seeds, without a training."""

import argparse

import numpy as np
import pandas as pd

import evaluate_runs
from seq2report.models.runs import METRICS, class_scores

LONG = "A title that is as long as titles may be before they are hard to read anywhere"
EPOCHS = {"val_accuracy_at_10": 0.5, "val_accuracy_best": 0.6, "val_accuracy_last": 0.5}
HEBREW = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd"


def title(number: int) -> str:
    """Return the title of a variant: short, long, or in a script from right to left."""
    return [f"Variant {number}", f"{LONG} {number}", f"{HEBREW} {number}"][number % 3]


def class_name(number: int) -> str:
    return [f"class {number}", f"{LONG.lower()} {number}", f"{HEBREW} {number}"][number % 3]


def answers_of(variants: int, classes: int, seeds: int, documents: int) -> dict:
    """Return the answers of variants whose accuracies decrease; they confuse neighbours."""
    rng = np.random.default_rng(1)
    ids, truth = np.arange(documents).astype(str), np.arange(documents, dtype=np.int32) % classes
    found = {}
    for n in range(1, variants + 1):
        wrong = rng.random((seeds, documents)) < 0.02 + 0.4 * (n / variants) ** 2
        predicted = (truth + wrong * rng.integers(1, 4, (seeds, documents))) % classes
        confidence = np.clip(rng.normal(0.9 - 0.3 * wrong, 0.1), 1 / classes, 1)
        arrays = (predicted.astype(np.int32), confidence.astype(np.float32), np.full(seeds, 0.2))
        found[f"v{n}"] = evaluate_runs.Answers(ids, truth, *arrays)
    return found


def runs_of(answers: dict, classes: int) -> pd.DataFrame:
    """Return the table runs: each third variant is a network, and training times differ widely."""
    rows = []
    for n, (name, given) in enumerate(answers.items(), 1):
        for seed, predicted in enumerate(given.predicted, 1):
            scores = pd.DataFrame(class_scores(given.truth, predicted, classes)).mean()
            measured = (predicted == given.truth).mean(), scores["recall"], scores["f1"]
            times = {"fit_seconds": 9.0, "fit_cpu_seconds": 1.3 ** (len(answers) - n)}
            times |= {"predict_seconds": 9.0, "predict_cpu_seconds": 0.1 * n}
            rows.append(
                {"variant": name, "title": title(n), "seed": seed, "protocol": "held out"}
                | {"kind": "pipeline" if n % 3 else "network", "fitted_documents": 1000}
                | {"document_shape": "900" if n % 3 else "150 × 50", "device": "CPU"}
                | {"parameters": 1000 * n, "frozen_parameters": 0, "peak_memory_mb": 300.0}
                | {"cost_seconds": np.nan, "cost_money": np.nan}
                | {"test_documents": len(given.truth), "loss": 0.3, **times, **EPOCHS}
                | dict(zip(METRICS, measured, strict=True))
            )
    return pd.DataFrame(rows)


def history_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the table history: three epochs of each network, the second is kept."""
    networks = runs.loc[runs["kind"] == "network", ["variant", "title", "seed"]]
    epochs = pd.DataFrame({"epoch": [1, 2, 3], "kept": [False, True, False], "seconds": 1.0})
    rows = networks.merge(epochs, how="cross")
    return rows.assign(
        loss=1 / rows["epoch"],
        val_loss=0.5,
        accuracy=0.2 + 0.2 * rows["epoch"],
        val_accuracy=0.5,
        val_balanced_accuracy=0.5,
        val_macro_f1=0.5,
    )


def tables(variants=12, classes=4, seeds=1, documents=400, metric="accuracy") -> dict:
    """Return the tables of evaluate_runs, and the classes of evaluate_corpus."""
    names = [class_name(n) for n in range(classes)]
    answers = answers_of(variants, classes, seeds, documents)
    runs = runs_of(answers, classes)
    titles = runs.drop_duplicates("variant").set_index("variant")["title"].to_dict()
    order = sorted(titles, key=lambda name: name[::-1])  # not by rank
    args = argparse.Namespace(
        metric=metric,
        confidence=0.9,
        titles={name: titles[name] for name in order},
        circumstances={"corpus": "News", "split": "random 80/20, seed 7", "header": "none"},
    )
    corpus = {"classes": names}
    none = pd.DataFrame({"id": pd.Series(dtype=str), "exact": pd.Series(dtype=bool)})
    found = evaluate_runs.evaluate(args, corpus, runs, answers, none)
    sizes = pd.DataFrame({"label": names, "documents": np.arange(classes) % 5 + 1})
    splits = [sizes.assign(split=split) for split in ("train", "validation", "test")]
    return found | {"runs": runs, "history": history_of(runs), "classes": pd.concat(splits)}
