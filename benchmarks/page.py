"""Fill docs/speed.md and docs/cluster.md from the tables of benchmarks/results/.

All their figures come from these tables.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from harness import ROOT
from seq2report.core import command
from seq2report.core.command import UserError, run
from seq2report.core.markdown import Tables, markdown, refill

RESULTS = ROOT / "benchmarks/results"
FULL = ROOT / "docs/results/full/manifest.json"
NODES = (1, 10, 100)
PROCESSORS = 16  # of a node
# Rules that train models, or what models read; their start and predictions are included.
TRAINING = ("train", "choose", "encode_features", "encode_sentences", "train_vectors")
MEMORY = ROOT / "workflow/memory.csv"


def read(name: str, folder: Path = RESULTS) -> pd.DataFrame:
    """Return a measured table.

    Raises:
        UserError: it has not been measured yet.
    """
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise UserError(f"{path}: not there; `make bench` measures it")
    return pd.read_csv(path)


def measured(name: str, folder: Path = RESULTS) -> str:
    """Return a measured table as Markdown, with the machine and versions below."""
    about = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    about_text = ", ".join(f"{key} {value}" for key, value in about.items())
    return f"{markdown(read(name, folder))}\n\n*{about_text}*"


def of(table: pd.DataFrame, work: str, way: str, column: str) -> float:
    """Return one figure of a table."""
    (value,) = table.loc[(table["work"] == work) & (table["way"] == way), column]
    return float(value)


def summary() -> str:
    """Return the targets, the measured values, and whether the targets were reached."""
    training, reading, growth = read("training"), read("reading"), read("growth")
    ratio, epochs = "ours_documents_per_second_ratio", "ours_epoch_documents_per_second_ratio"
    wall = "times_ours_seconds"
    largest = growth["documents"].max()
    steps = growth.set_index(["step", "documents"])["cpu_seconds"]
    slowest = max(
        steps[step, largest] / steps[step, largest // 10] / 10 for step in growth["step"].unique()
    )
    most = growth.loc[growth["documents"] == largest, "peak_anonymous_mb"].max()
    multihot = of(read("memory"), "multi-hot, 25,000 × 10,000", "ours", "above_mb")
    shares = read("overhead").set_index("work")["share"]
    fits = shares[shares.index.str.startswith("fitting")].sum()
    rows = [
        ("LSTM: training documents per second, whole run, relative to the lecture's code",
         of(training, "train LSTM", "lecture", ratio), "≥", 2),
        ("Stacked LSTM: the same",
         of(training, "train stacked LSTM", "lecture", ratio), "≥", 3),
        ("LSTM: training documents per second and core, epochs only, relative to PyTorch",
         of(training, "train LSTM", "PyTorch", epochs), "≥", 1),
        ("Encoding of 20 Newsgroups: speed-up over Keras's Tokenizer",
         of(reading, "tokenise newsgroups", "lecture", wall), "≥", 5),
        ("Encoding of IMDB: the same", of(reading, "tokenise IMDB", "lecture", wall), "≥", 5),
        ("Embedding matrix from GloVe's text file: speed-up over a Python dictionary",
         of(reading, "vectors", "lecture", wall), "≥", 10),
        ("Multi-hot encoding, 25,000 × 10,000: MB besides the libraries", multihot, "≤", 200),
        ("Share of CPU time of the published full run in jobs that train nothing for it",
         round(1 - purposes()["share"].iloc[1], 3), "≤", 0.1),
        ("Share of CPU time of a run of six variants outside of fitting", round(1 - fits, 3),
         "≤", 0.1),
        (f"CPU time per document at {largest:,} relative to {largest // 10:,}: slowest step",
         round(slowest, 2), "≤", 1.2),
        (f"Anonymous memory with {largest:,} documents, MB: largest step", most, "≤", 2000),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["quantity", "measured", "", "target"])
    enough = {"≥": lambda a, b: a >= b, "≤": lambda a, b: a <= b}
    reached = [enough[sign](value, wanted) for _, value, sign, wanted in rows]
    table["reached"] = ["yes" if met else "**no**" for met in reached]
    return markdown(table)


def durations() -> pd.DataFrame:
    """Return the jobs, seconds and CPU seconds of each rule of the published full run."""
    return pd.DataFrame(json.loads(FULL.read_text(encoding="utf-8"))["durations"])


def purposes() -> pd.DataFrame:
    """Return the CPU seconds of the jobs of the published full run by purpose, and their shares."""
    table = durations()
    training, lessons = table["rule"].isin(TRAINING), table["rule"] == "lesson"
    rows = {
        "all jobs": training | True,
        "jobs that train models or compute their features and vectors": training,
        "lessons, which train their own networks": lessons,
        "all else: reading, encoding, evaluation, pages": ~training & ~lessons,
    }
    seconds = pd.Series({name: table["cpu_seconds"][rows[name]].sum() for name in rows})
    shares = (seconds / seconds["all jobs"]).round(3)
    return pd.DataFrame({"cpu_seconds": seconds.round(), "share": shares}).rename_axis("work")


def nodes() -> str:
    """Return the estimated duration of each planned run on different numbers of nodes.

    Each training takes the mean duration of the full run plus the start-up of a job. The jobs are
    spread evenly over all processors and never wait.
    """
    train = durations().set_index("rule").loc["train"]
    training = train["seconds"] / train["jobs"]
    table = read("scale")
    hours = table["trainings"] * (training + table["job_start_cpu_seconds"]) / 3600
    shown = table[["variants", "seeds", "corpora", "slurm_jobs", "files"]].copy()
    for n in NODES:
        # No run is shorter than one training.
        spread = (hours / (n * PROCESSORS)).clip(lower=training / 3600)
        shown[f"hours on {n} node{'s' if n > 1 else ''}"] = spread.round(2)
    about = f"One training takes {training:.0f} s; {PROCESSORS} jobs run at a time on a node"
    return f"{markdown(shown)}\n\n*{about}*"


SPEED: Tables = {
    "summary": summary,
    **{name: partial(measured, name) for name in ("training", "steps", "reading", "memory")},
    "variants": lambda: markdown(pd.read_csv(MEMORY)),
    "purposes": lambda: markdown(purposes().reset_index()),
    **{name: partial(measured, name) for name in ("overhead", "startup")},
    "answering": partial(measured, "answering"),
    "encoders": partial(measured, "encoders", MEMORY.parent),
    **{name: partial(measured, name) for name in ("opening", "growth", "duplicates")},
}
CLUSTER: Tables = {"scale": partial(measured, "scale"), "nodes": nodes}
PAGES = {ROOT / "docs/speed.md": SPEED, ROOT / "docs/cluster.md": CLUSTER}


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.parse_args(argv)
    for path, tables in PAGES.items():
        refill(path, tables)


if __name__ == "__main__":
    run(main)
