"""Compare the figures of the lecture's slides with those of a report.

lecture: one row per experiment, with columns experiment, source and lecture (of the slides), ours
(means over seeds with their range), difference (compared with the noise), why, vectors (the file of
the word vectors) and command (which repeats the line); null if unknown. reports/lecture.yaml has
the figures of the slides and the sources of ours. A corpus is recognised by its content digest
(reports/published.yaml), not by its name in the configuration.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from seq2report.core import command
from seq2report.core.command import read_json, run
from seq2report.core.tables import read_frame, write_tables
from seq2report.lessons.lecture import compare

MEANS = ["accuracy", "val_accuracy_at_10", "val_accuracy_best", "val_accuracy_last"]
MEANS += ["epoch_seconds"]
LENGTHS = r"glove_lstm(_\d+)?"  # the variants that read documents of other lengths


def summarise_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per variant: the values of its first run, and means over seeds for `MEANS`.

    words_read is the number of words that the network reads per document, null without word order.
    <mean>_sd is the standard deviation over seeds, <mean>_shown the mean with its range as text.
    """
    groups = runs.groupby("variant", sort=False)
    table, seeds = groups.first(), groups["seed"].nunique()
    for column in MEANS:
        values = groups[column]
        table[column], table[f"{column}_sd"] = values.mean(), values.std()
        digits = "{:.0f}" if column == "epoch_seconds" else "{:.3f}"
        table[f"{column}_shown"] = values.agg(lambda seeds, digits=digits: shown(seeds, digits))
    over = seeds.map(lambda count: f"mean of {count} seeds" if count > 1 else "one seed")
    words = table["document_shape"].str.extract(r"^(\d+) × ")[0]
    words_read = pd.to_numeric(words).astype("Int64")
    return table.assign(seeds=seeds, over=over, words_read=words_read).reset_index()


def shown(values: pd.Series, digits: str) -> str | None:
    """Return the mean over seeds as text, with the range of several, or None without a value."""
    mean, low, high = (digits.format(v) for v in (values.mean(), values.min(), values.max()))
    if values.count() < 2:
        return mean if values.count() else None
    return f"{mean} ({low} to {high})"


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
        f"{words} words {accuracy}"
        for words, accuracy in zip(swept["words_read"], swept["accuracy_shown"], strict=True)
    )
    best = swept.loc[swept["accuracy"].idxmax(), "words_read"]
    command = " ".join([swept["command"].iloc[0], *(swept["command"].str.split().str[-1])[1:]])
    return swept.iloc[-1:].assign(figures=figures, best_words=best, command=command)


def with_commands(tables: dict[str, pd.DataFrame], results: Path) -> dict[str, pd.DataFrame]:
    """Return the tables with a column command: that which makes the figures of a row again."""
    start = f"snakemake --cores all --configfile {results.as_posix()}/config.json"
    start += f" --replace-workflow-config -- {results.as_posix()}/"
    done = {}
    for path, table in tables.items():
        folder, _, name = path.partition("/")
        if name == "runs/runs":
            seeds = table.groupby("variant")["seed"].agg(lambda seeds: ",".join(map(str, seeds)))
            seeds = table["variant"].map(seeds)
            seeds = seeds.where(~seeds.str.contains(","), "{" + seeds + "}")
            target = f"{folder}/runs/" + table["variant"] + "/seed-" + seeds + "/metrics.json"
        elif folder.startswith("lesson-"):
            target = f"report/{folder}.html"
        else:
            target = f"report/tables/{path}.csv"
        done[path] = table.assign(command=start + target)
    return done


def vectors_read(vectors: dict[str, dict], receipts: Sequence[dict]) -> dict[str, str]:
    """Return title, file and start of the digest of word vectors, by their name and by variant."""
    files = {receipt["file"]: receipt for receipt in receipts}
    texts = {}
    for name, about in vectors.items():
        text = about["title"]
        if about["file"] is not None:
            receipt = files[about["file"]]
            file = receipt.get("member") or re.split(r"[\s/:]", receipt["origin"])[-1]
            text += f": {file}, SHA-256 {receipt['sha256'][:8]}…"
        texts |= dict.fromkeys([name, *about["variants"]], text)
    return texts


def described(table: pd.DataFrame, column: str, vectors: dict[str, str]) -> pd.DataFrame:
    """Return a table with a column vectors, that of the name in ``column``, or None."""
    texts = [vectors.get(name) for name in table[column]]
    return table.assign(vectors=pd.Series(texts, table.index, object))


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


def places(tables: dict[str, pd.DataFrame], vectors: dict[str, str]) -> dict[str, pd.DataFrame]:
    """Return the tables that figures are taken from, by the names that ``from`` has for them.

    They are <corpus>/corpus, coverage, runs and lengths, and every table of a lesson. ``vectors``
    describes word vectors by their name and by variant.
    """
    found = {name: table for name, table in tables.items() if name.startswith("lesson-")}
    for corpus in {name.split("/")[0] for name in tables.keys() - found.keys()}:
        group = f"{corpus}/corpus"
        about = summarise_corpus(tables[f"{group}/corpus"], tables[f"{group}/classes"])
        runs = summarise_runs(tables[f"{corpus}/runs/runs"])
        runs = runs.merge(about[["classes", "labelled"]], how="cross")
        coverage = tables[f"{group}/coverage"]
        found |= {
            group: about,
            f"{corpus}/coverage": described(coverage, "embedding", vectors),
            f"{corpus}/runs": described(runs, "variant", vectors),
            f"{corpus}/lengths": lengths(runs),
        }
    return found


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "output")
    parser.add_argument("--lecture", type=Path, required=True, help="lecture.yaml")
    parser.add_argument("--published", type=Path, required=True, help="published.yaml")
    parser.add_argument("--root", type=Path, required=True, help="folder that the tables lie below")
    parser.add_argument("--tables", type=Path, nargs="+", required=True, help="Parquet files")
    vectors = "JSON: {name: {title, file, variants}} of the word vectors"
    parser.add_argument("--vectors", type=command.json_argument, required=True, help=vectors)
    parser.add_argument("--receipts", type=Path, nargs="+", required=True, help="of fetched files")
    parser.add_argument("--sample", action="store_true", help="the figures are of a sample")
    args = parser.parse_args(argv)

    experiments = yaml.safe_load(args.lecture.read_text(encoding="utf-8"))
    tables = {
        file.relative_to(args.root).with_suffix("").as_posix(): read_frame(file)
        for file in args.tables
    }
    digests = yaml.safe_load(args.published.read_text(encoding="utf-8"))["digests"]
    tables = recognised(with_commands(tables, args.root.parent.parent), digests)
    vectors = vectors_read(args.vectors, [read_json(path) for path in args.receipts])
    table = compare(experiments, places(tables, vectors), args.sample)
    write_tables({"lecture": table}, args.output)
    logging.info("%d of %d figures have one of ours", table["ours"].count(), len(table))


if __name__ == "__main__":
    run(main)
