"""Fill the tables of README.md, docs/results/README.md and docs/encoders.md from published runs.

The published runs are docs/results/full and docs/results/encoder, which scripts/publish.py writes.
The lecture's figures come from docs/results/slides if its models were a run of their own.
No figure in these tables is written by hand.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from seq2report.core import command
from seq2report.core.command import UserError, read_json, run
from seq2report.core.markdown import Tables, markdown, refill
from seq2report.core.shipped import ROOT
from seq2report.core.tables import read_csv
from seq2report.report.comparison_page import EXACT
from seq2report.report.numbers import milliseconds, percent, spread
from seq2report.report.outcome import circumstances

PUBLISHED = "docs/results/full"
ENCODERS = "docs/results/encoder"
HEADLINE = {"best": "most accurate", "to use": "recommended"}
KINDS = {"ensemble": "ensemble", "network": "network", "pipeline": "scikit-learn pipeline"}
KINDS |= {"linear": "linear model"}  # of older reports
ROWS = 5  # of the headline, for each corpus
RECOMMENDED = (
    "Recommended: the cheapest within one percentage point of the best and not significantly worse"
)
LECTURE_LSTM = "glove_lstm"
LECTURE = "docs/results/slides"


def read_manifest(folder: Path) -> dict:
    """Return the manifest of a published run.

    Raises:
        UserError: The folder has no manifest.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise UserError(f"{path}: not found; `make publish NAME={folder.name}` writes it")
    return read_json(path)


def read_tables(folder: Path) -> list[pd.DataFrame]:
    """Return the tables of variants, comparisons and recommendations of one corpus.

    Raises:
        UserError: The variants are compared by another metric than accuracy, as are the intervals.
    """
    names = ("variants", "comparisons", "recommendation")
    tables = [read_csv(folder / f"{name}.csv") for name in names]
    metric = tables[0].get("metric", pd.Series("accuracy")).iloc[0]  # without it in older reports
    if metric != "accuracy":
        raise UserError(
            f"{folder / 'variants.csv'}: found intervals of {metric}, expected those of accuracy,"
            " which these pages show; publish a report with `compare: {metric: accuracy}`"
        )
    return tables


def measured(value: float, write: Callable[[float], str]) -> str:
    """Return a time as text, or a dash: that of answers from elsewhere is unknown."""
    return "–" if pd.isna(value) else write(value)


def choices(variants: pd.DataFrame, recommendation: pd.DataFrame) -> dict[str, list[str]]:
    """Return `ROWS` variants, if there are so many, each with the reasons for its choice.

    They are the best, the recommended one, the lecture's LSTM, and the best of each kind; then the
    next best ones.
    """
    held_out = variants[variants["protocol"] != "lecture"]
    ranked = held_out.sort_values("accuracy", ascending=False, kind="stable")
    chosen = recommendation.set_index("recommendation")["variant"]
    pairs = [(chosen[name], role) for name, role in HEADLINE.items() if name in chosen]
    pairs += [(LECTURE_LSTM, "the lecture's LSTM")] * (LECTURE_LSTM in set(variants["variant"]))
    kinds = ranked.groupby("kind", sort=False)["variant"].first()
    pairs += [
        (kinds[kind], f"most accurate {name}")
        for kind, name in KINDS.items()
        if kind in kinds and kinds[kind] != chosen["best"]
    ]
    roles: dict[str, list[str]] = {}
    for variant, role in pairs + [(variant, "next most accurate") for variant in ranked["variant"]]:
        if variant in roles and role != "next most accurate":
            roles[variant].append(role)
        elif variant not in roles and len(roles) < ROWS:
            roles[variant] = [role]
    return roles


def headline(folder: Path) -> str:
    """Return five variants per corpus, best first, and a link to the report."""
    rows, captions, compared, manifest = [], [], [], read_manifest(folder)
    for corpus in manifest["corpora"]:
        variants, _, recommendation = read_tables(folder / f"report/tables/{corpus}/runs")
        roles = choices(variants, recommendation)
        shown = variants[variants["variant"].isin(roles)]
        rows += [
            {
                "corpus": row.corpus,
                "choice": ", ".join(roles[row.variant]),
                "variant": row.title,
                "test accuracy (95% interval)": interval(row),
                "CPU minutes to train": measured(row.cpu_minutes, "{:,.1f}".format),
            }
            for row in shown.sort_values("accuracy", ascending=False, kind="stable").itertuples()
        ]
        compared.append(variants)
        captions.append(f"{variants['corpus'].iloc[0]}: {circumstances(variants)}")
    link = f"[Full report](docs/results/{folder.name}/report/index.html)"
    signs = f"{RECOMMENDED}{deviation(pd.concat(compared))}"
    caption = f"{'. '.join(captions)}. {signs}. {commit(manifest['code'])}. {link}"
    return f"{markdown(pd.DataFrame(rows))}\n\n*{caption}*"


def lecture(folder: Path) -> str:
    """Return the figures of the slides that ours were compared with, and the commands of ours."""
    file = "report/tables/lecture-figures/lecture.csv"
    table = read_csv(folder / file)
    if "difference" not in table or table["difference"].isna().all():
        return "*The published run has no model that was trained by the lecture's protocol.*"
    table = table.dropna(subset="difference")
    columns = {
        "experiment": table["experiment"],
        "slides": table["lecture"],
        "ours, mean (lowest to highest)": table["ours"],
        "difference": table["difference"],
        "why they differ": table["why"],
        "word vectors": table["vectors"],
        "repeat with": "`" + table["command"] + "`",
    }
    code = commit(read_manifest(folder)["code"])
    return f"{markdown(pd.DataFrame(columns))}\n\n*{code}. [CSV]({folder.name}/{file})*"


def interval(row: object) -> str:
    """Return the accuracy of a row of the table of variants, with its 95% interval."""
    return f"{spread(row.accuracy, row.accuracy_sd)} ({percent(row.low)} to {percent(row.high)})"


def deviation(variants: pd.DataFrame) -> str:
    """Return what ± means, as a sentence after another one, if an accuracy has it."""
    if variants["accuracy_sd"].isna().all():
        return ""
    return ". ±: standard deviation over the seeds, in percentage points"


def results(folder: Path, way: str = "") -> str:
    """Return one table per corpus with all variants, and a caption below each.

    ``way`` leads from the page to the folder that contains the published run.
    """
    manifest = read_manifest(folder)
    code = commit(manifest["code"])
    return "\n\n".join(corpus_table(folder, corpus, code, way) for corpus in manifest["corpora"])


def commit(code: dict) -> str:
    """Return the commit that computed the figures."""
    changed = "" if code["clean"] else ", with uncommitted changes"
    left = "" if code["up_to_date"] else "; Snakemake had jobs left"
    return f"Commit {code['commit'][:10]}{changed}{left}"


def corpus_table(folder: Path, corpus: str, code: str, way: str) -> str:
    """Return the variants of a corpus, highest accuracy first, with a caption."""
    tables = f"report/tables/{corpus}/runs"
    variants, comparisons, recommendation = read_tables(folder / tables)
    variants = variants.sort_values("accuracy", ascending=False, kind="stable")
    best = recommendation.loc[recommendation["recommendation"] == "best", "variant"].squeeze()
    verdicts = comparisons[comparisons["variant_b"] == best].set_index("variant_a")["verdict"]
    verdicts = verdicts.to_dict() | {best: "**best**"}
    lecture = variants["protocol"] == "lecture"
    verdicts |= dict.fromkeys(variants.loc[lecture, "variant"], "lecture's protocol")
    columns = {
        "variant": variants["title"],
        "accuracy (95% interval)": [interval(row) for row in variants.itertuples()],
        EXACT: variants["accuracy_unseen"].map(percent),
        "CPU minutes to train": [measured(n, "{:,.1f}".format) for n in variants["cpu_minutes"]],
        "prediction time": [measured(n, milliseconds) for n in variants["ms_per_document"]],
        "compared with the best": variants["variant"].map(verdicts),
    }
    first = variants.iloc[0]
    duplicates = first["test_documents"] - first["unseen_documents"]
    caption = f"{circumstances(variants)}{deviation(variants)}. {code}"
    if duplicates:
        caption += f". {duplicates:,} of the test documents have an exact duplicate in training"
    else:
        del columns[EXACT]
    link = f"[CSV]({way}{folder.name}/{tables}/variants.csv)"
    return f"**{first['corpus']}** ({link})\n\n{markdown(pd.DataFrame(columns))}\n\n*{caption}.*"


def durations(folder: Path) -> str:
    """Return the duration of each rule of a published run, longest first."""
    manifest = read_manifest(folder)
    rules = pd.DataFrame(manifest["durations"])
    table = pd.DataFrame(
        {
            "rule": rules["rule"],
            "jobs": rules["jobs"],
            "minutes": rules["seconds"].div(60).map("{:,.1f}".format),
            "CPU minutes": rules["cpu_seconds"].div(60).map("{:,.1f}".format),
            "peak memory of a job, MiB": rules["peak_mib"],
        }
    )
    machine = manifest["machine"] | {"cores": f"{manifest['machine']['cores']} cores"}
    ended = manifest["dates"]["last_job_ended"]
    return f"{markdown(table)}\n\n*{', '.join(machine.values())}; last job ended {ended}*"


def pages(root: Path, published: str, encoders: str) -> dict[Path, Tables]:
    """Return the pages to fill and the function that makes each of their tables."""
    run, slides = root / published, root / LECTURE
    fill = {
        "results": partial(results, run),
        "lecture": partial(lecture, slides if slides.is_dir() else run),
        "durations": partial(durations, run),
    }
    headlines = {"headline": partial(headline, root / published)}
    frozen = {
        "results": partial(results, root / encoders, "results/"),
        "durations": partial(durations, root / encoders),
    }
    return {
        root / "README.md": headlines,
        root / "docs/results/README.md": fill,
        root / "docs/encoders.md": frozen,
    }


def main(argv: Sequence[str] | None) -> None:
    command.parser(__doc__).parse_args(argv)
    for path, tables in pages(ROOT, PUBLISHED, ENCODERS).items():
        refill(path, tables)


if __name__ == "__main__":
    run(main)
