"""Fill README.md and docs/results/README.md from the published run docs/results/full.

No figure in their tables is written by hand; publish.py writes what they are made from.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from seq2report.core import command
from seq2report.core.command import UserError, read_json, run
from seq2report.core.markdown import Tables, markdown, refill
from seq2report.report.numbers import milliseconds, percent, spread
from seq2report.report.outcome import circumstances

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = "docs/results/full"


def read_manifest(folder: Path) -> dict:
    """Return the manifest of a published run.

    Raises:
        UserError: there is none.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise UserError(f"{path}: not there; `make publish NAME={folder.name}` writes it")
    return read_json(path)


def headline(root: Path, published: str) -> str:
    """Return what came out: a table a corpus, and below each what its figures hang on.

    Args:
        root: of the clone; links are from here.
        published: folder of a published run, below ``root``.
    """
    about = read_manifest(root / published)
    parts = [
        corpus_table(root, f"{published}/report/tables/{corpus}/runs", commit(about["code"]))
        for corpus in about["corpora"]
    ]
    links = (
        f"[The whole report]({published}/report/index.html),"
        f" [what it hangs on]({published}/manifest.json): configuration, versions, machine,"
        " digests, durations; and [how to repeat it, or one line of it](docs/results/README.md)."
    )
    return "\n\n".join([*parts, links])


def commit(code: dict) -> str:
    """Return which code made the figures, as half a sentence."""
    changed = "" if code["clean"] and code["up_to_date"] else ", and changes not in it"
    return f"commit {code['commit'][:10]}{changed}"


def corpus_table(root: Path, folder: str, made_by: str) -> str:
    """Return the variants of a corpus, best accuracy first, and the circumstances below them.

    Args:
        root: of the clone.
        folder: of the tables that evaluate_runs writes, below ``root``.
        made_by: as `commit` returns it.
    """
    variants, comparisons, recommendation = (
        pd.read_csv(root / folder / f"{name}.csv", keep_default_na=False, na_values=[""])
        for name in ("variants", "comparisons", "recommendation")
    )
    variants = variants.sort_values("accuracy", ascending=False, kind="stable")
    best = recommendation.loc[recommendation["recommendation"] == "best", "variant"].squeeze()
    against = comparisons[comparisons["variant_b"] == best].set_index("variant_a")["verdict"]
    against = against.to_dict() | {best: "**the best**"}
    watched = variants["protocol"] == "lecture"
    against |= dict.fromkeys(variants.loc[watched, "variant"], "watched the test documents")
    columns = {
        "variant": variants["title"],
        "accuracy (95% interval)": [
            f"{spread(row.accuracy, row.accuracy_sd)} ({percent(row.low)} to {percent(row.high)})"
            for row in variants.itertuples()
        ],
        "without duplicates": variants["accuracy_unseen"].map(percent),
        "CPU minutes to train": variants["cpu_minutes"].map("{:,.1f}".format),
        "a document": variants["ms_per_document"].map(milliseconds),
        "against the best": variants["variant"].map(against),
    }
    first = variants.iloc[0]
    duplicates = first["test_documents"] - first["unseen_documents"]
    hangs_on = f"{circumstances(variants)}; {made_by}"
    if duplicates:
        hangs_on += f"; {duplicates:,} of the test documents have a duplicate in training"
    else:
        del columns["without duplicates"]
    made_from = f"[CSV]({folder}/variants.csv)"
    return (
        f"**{first['corpus']}** ({made_from})\n\n{markdown(pd.DataFrame(columns))}\n\n*{hangs_on}*"
    )


def durations(folder: Path) -> str:
    """Return what each rule of a published run took, the longest first."""
    about = read_manifest(folder)
    rules = pd.DataFrame(about["durations"])
    table = pd.DataFrame(
        {
            "rule": rules["rule"],
            "jobs": rules["jobs"],
            "minutes": rules["seconds"].div(60).map("{:,.1f}".format),
            "CPU minutes": rules["cpu_seconds"].div(60).map("{:,.1f}".format),
            "peak of a job, MiB": rules["peak_mib"],
        }
    )
    machine = about["machine"] | {"cores": f"{about['machine']['cores']} cores"}
    hangs_on = ", ".join(machine.values())
    return f"{markdown(table)}\n\n*{hangs_on}; last job ended {about['dates']['last_job_ended']}*"


def pages(root: Path, published: str) -> dict[Path, Tables]:
    """Return the pages that are filled and what makes their tables."""
    return {
        root / "README.md": {"results": partial(headline, root, published)},
        root / "docs/results/README.md": {"durations": partial(durations, root / published)},
    }


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.parse_args(argv)
    for path, tables in pages(ROOT, PUBLISHED).items():
        refill(path, tables)


if __name__ == "__main__":
    run(main)
