"""All tasks of the lesson on shapes of recurrent networks, and their tables."""

import logging
from types import ModuleType

import pandas as pd
import polars as pl

from seq2report.lessons.shapes import tagger, translator, writer
from seq2report.lessons.shapes.common import Outcome, Task, UnfitError

DOCUMENTS = {"train": 10_000, "test": 2_000}  # at most
TASKS = (writer.TASK, tagger.TASK, translator.TASK)
LOWER_IS_BETTER = {"bits"}
SCORES = "shape task metric score baseline baseline_score tested fit_cpu_seconds parameters skipped"
COLUMNS = {
    "scores": SCORES.split(),
    "methods": ["shape", "part", "method", "metric", "score", "tested"],
    "history": ["shape", "epoch", "loss"],
    **{task.table: task.columns for task in TASKS},
}


def score(task: Task, outcome: Outcome) -> dict[str, object]:
    """Return the headline score of the network and that of the best rule."""
    rows = [row for row in outcome.methods if row[0] == task.part and row[2] == task.metric]
    scores = {method: value for _, method, _, value, _ in rows}
    network = scores.pop("network")
    best = (min if task.metric in LOWER_IS_BETTER else max)(scores, key=scores.get)
    row = {"score": network, "baseline": best, "baseline_score": scores[best]}
    return row | {"tested": rows[0][-1], "parameters": outcome.parameters}


def build_tables(
    documents: pl.DataFrame, keras: ModuleType, seed: int, epochs: int | None = None
) -> dict[str, pd.DataFrame]:
    """Carry out every task and return the tables; ``epochs`` replaces each task's own number."""
    splits = documents["split"]
    facts = {"seed": seed} | {f"{name}_documents": (splits == name).sum() for name in DOCUMENTS}
    rows = {name: [] for name in COLUMNS}
    for task in TASKS:
        keras.utils.set_random_seed(seed)  # the same results whether or not another is skipped
        row = {"shape": task.shape, "task": task.description, "metric": task.metric, "skipped": ""}
        try:
            outcome = task.train(documents, seed, epochs or task.epochs)
        except UnfitError as reason:
            logging.warning("%s is skipped: %s", task.shape, reason)
            rows["scores"].append(row | {"skipped": str(reason)})
            continue
        row |= score(task, outcome) | {"fit_cpu_seconds": outcome.fit.cpu_seconds}
        logging.info("%(shape)s: %(score).3f (%(baseline)s: %(baseline_score).3f)", row)
        rows["scores"].append(row)
        rows["methods"] += [(task.shape, *method) for method in outcome.methods]
        rows["history"] += [
            (task.shape, epoch, loss) for epoch, loss in enumerate(outcome.fit.loss, 1)
        ]
        rows[task.table] = outcome.examples
        facts |= outcome.facts
    tables = {name: pd.DataFrame(rows[name], columns=COLUMNS[name]) for name in COLUMNS}
    return tables | {"facts": pd.DataFrame([facts])}
