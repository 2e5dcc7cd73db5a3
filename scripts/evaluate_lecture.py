"""Compare the figures of the lecture's slides with those of a report.

lecture: one row per experiment, with columns experiment, lecture, ours (null without one) and why.
reports/lecture.yaml has the figures of the slides and the sources of ours. A corpus is recognised
by its content digest (reports/published.yaml), not by its name in the configuration.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from seq2report.core import command
from seq2report.core.command import run
from seq2report.core.tables import read_frame, write_tables
from seq2report.lessons.lecture import compare

MEANS = ["accuracy", "val_accuracy_at_10", "val_accuracy_best", "val_accuracy_last"]
MEANS += ["epoch_seconds"]
LENGTHS = r"glove_lstm(_\d+)?"  # the variants that read documents of other lengths


def summarise_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per variant: the values of its first run, and means over seeds for `MEANS`.

    words_read is the number of words that the network reads per document, null without word order.
    """
    groups = runs.groupby("variant", sort=False)
    table = groups.first()
    table[MEANS] = groups[MEANS].mean()
    words = table["document_shape"].str.extract(r"^(\d+) × ")[0]
    return table.assign(words_read=pd.to_numeric(words).astype("Int64")).reset_index()


def summarise_corpus(corpus: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """Return one row: the corpus, and its numbers of labelled documents by use."""
    counts = classes.groupby("split")["documents"].sum()
    fitted = int(counts.reindex(["train", "validation"]).sum())
    test = int(counts.get("test", 0))
    return corpus.assign(fitted=fitted, test=test, labelled=fitted + test)


def lengths(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row on the accuracy of the LSTM by document length, or none with a single length.

    Its columns are figures (the accuracies as text), best_words and those of the runs.
    """
    swept = runs[runs["variant"].str.fullmatch(LENGTHS)].sort_values("words_read")
    if len(swept) < 2:
        return swept.iloc[:0]
    figures = ", ".join(
        f"{words} words {accuracy:.3f}"
        for words, accuracy in zip(swept["words_read"], swept["accuracy"], strict=True)
    )
    best = swept.loc[swept["accuracy"].idxmax(), "words_read"]
    return swept.iloc[-1:].assign(figures=figures, best_words=best)


def recognised(
    tables: dict[str, pd.DataFrame], digests: dict[str, list[str]]
) -> dict[str, pd.DataFrame]:
    """Return the tables of lessons, and those of known corpora under the name of their content."""
    names, found = {digest: name for name in digests for digest in digests[name]}, {}
    for path, table in tables.items():
        corpus, _, rest = path.partition("/")
        if f"{corpus}/corpus/corpus" not in tables:
            found[path] = table
        elif name := names.get(tables[f"{corpus}/corpus/corpus"]["digest"][0]):
            found[f"{name}/{rest}"] = table
    return found


def places(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables that figures are taken from, by the names that ``from`` has for them.

    They are <corpus>/corpus, coverage, runs and lengths, and every table of a lesson.
    """
    found = {name: table for name, table in tables.items() if name.startswith("lesson-")}
    for corpus in {name.split("/")[0] for name in tables.keys() - found.keys()}:
        group = f"{corpus}/corpus"
        about = summarise_corpus(tables[f"{group}/corpus"], tables[f"{group}/classes"])
        runs = summarise_runs(tables[f"{corpus}/runs/runs"])
        runs = runs.merge(about[["classes", "labelled"]], how="cross")
        found |= {
            group: about,
            f"{corpus}/coverage": tables[f"{group}/coverage"],
            f"{corpus}/runs": runs,
            f"{corpus}/lengths": lengths(runs),
        }
    return found


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "output")
    parser.add_argument("--lecture", type=Path, required=True, help="lecture.yaml")
    parser.add_argument("--published", type=Path, required=True, help="published.yaml")
    parser.add_argument("--root", type=Path, required=True, help="folder that the tables lie below")
    parser.add_argument("--tables", type=Path, nargs="+", required=True, help="Parquet files")
    parser.add_argument("--sample", action="store_true", help="the figures are of a sample")
    args = parser.parse_args(argv)

    experiments = yaml.safe_load(args.lecture.read_text(encoding="utf-8"))
    tables = {
        file.relative_to(args.root).with_suffix("").as_posix(): read_frame(file)
        for file in args.tables
    }
    digests = yaml.safe_load(args.published.read_text(encoding="utf-8"))["digests"]
    table = compare(experiments, places(recognised(tables, digests)), args.sample)
    write_tables({"lecture": table}, args.output)
    logging.info("%d of %d figures have one of ours", table["ours"].count(), len(table))


if __name__ == "__main__":
    run(main)
