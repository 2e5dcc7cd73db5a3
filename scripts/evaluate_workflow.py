"""Write tables about the workflow behind a report.

jobs, rules: time and memory of each job and rule. edges: pairs of rules, the second reads from the
first. versions: of the software. machine: its hardware and system. corpora: content digests.
files: downloaded files and their digests. citations: references. configuration.yaml: all settings
after merging; URLs with a secret lack user, password and query.
"""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

import pandas as pd
import yaml

from seq2report.config.references import SOURCE_KEYS
from seq2report.core import command
from seq2report.core.command import UserError, read_json, replacing, run
from seq2report.core.durations import of_rules, read_jobs
from seq2report.core.machine import machine
from seq2report.core.tables import write_tables
from seq2report.core.version import __version__
from seq2report.files.addresses import redact, written_secret

PACKAGES = ["snakemake", "tensorflow", "tensorflow-cpu", "keras", "numpy", "pandas", "polars"]
PACKAGES += ["pyarrow", "scipy", "scikit-learn", "skops", "gensim", "matplotlib", "altair"]
PACKAGES += ["papermill"]
# A job of a dry run: its rule, and what is indented below; its input and output files.
JOB = re.compile(r"^(?:local)?rule (\w+):\n((?: +\S.*\n)+)", re.MULTILINE)
FILES = re.compile(r"^ +(input|output): (.+)$", re.MULTILINE)


def read_edges(plan: str) -> pd.DataFrame:
    """Return columns maker and reader, one row per pair of rules: the second reads from the first.

    ``plan`` is a dry run of all jobs. It lists the files of a job with ", " between them; a name
    that has this, too, is cut alike where it is made and where it is read.
    """
    jobs = [(rule, dict(FILES.findall(about))) for rule, about in JOB.findall(plan)]

    def files(job: dict[str, str], kind: str) -> list[str]:
        return job[kind].split(", ") if kind in job else []

    maker = {file: rule for rule, job in jobs for file in files(job, "output")}
    read = ((maker.get(file), rule) for rule, job in jobs for file in files(job, "input"))
    rows = sorted({pair for pair in read if pair[0]})
    return pd.DataFrame(rows, columns=["maker", "reader"])


def dry_run(config: Path, *options: str) -> list[str]:
    """Return the command of a dry run with a merged configuration, without any profile.

    A profile could be quiet.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", *options]
    command += ["--configfile", str(config), "--replace-workflow-config"]
    return [*command, "--profile", "none", "--workflow-profile", "none"]


def planned(snakefile: Path, config: Path) -> str:
    """Return a dry run of all jobs of the workflow with a merged configuration.

    It checks no models: this may be a node with other memory than the machine that checked them.

    Raises:
        UserError: Snakemake fails.
    """
    command = dry_run(config, "--snakefile", str(snakefile), "--forceall")
    environment = os.environ | {"SEQ2REPORT_IN_JOB": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise UserError(f"{' '.join(command)} ended badly:\n{done.stdout}{done.stderr}")
    return done.stdout


def of_this_run(jobs: pd.DataFrame, plan: str, benchmarks: Path) -> pd.DataFrame:
    """Return the jobs that are in the plan, without those of the page that shows them.

    ``plan`` is a dry run of all jobs, with the benchmark file of each one.
    """
    files = set(re.findall(r"^ +benchmark: (.+)$", plan, flags=re.MULTILINE))
    is_planned = [f"{benchmarks / row.rule / row.job}.tsv" in files for row in jobs.itertuples()]
    return jobs[pd.Series(is_planned, jobs.index, bool) & (jobs["job"] != "made")]


def versions() -> pd.DataFrame:
    """Return columns package and version: Python, this project and its dependencies."""
    known = {package.metadata["Name"].lower(): package.version for package in distributions()}
    rows = {"python": platform.python_version(), "seq2report": __version__}
    rows |= {name: known[name] for name in PACKAGES if name in known}
    return pd.DataFrame(rows.items(), columns=["package", "version"])


def citations(entries: list[dict], sources: Sequence[str]) -> pd.DataFrame:
    """Return columns of and reference: the general references, and those of these sources."""
    cited = [entry for entry in entries if set(entry.get("sources", sources)) & set(sources)]
    return pd.DataFrame(cited, columns=["of", "reference"])


def texts_in(value: str | dict | list) -> set[str]:
    """Return all texts in a value: a source of answers can be one, one per corpus, or a grid."""
    if isinstance(value, str):
        return {value}
    return set().union(*map(texts_in, value.values() if isinstance(value, dict) else value))


def of_this_report(config: dict) -> dict:
    """Return a configuration without the corpora of the defaults that the report does not use.

    Their sources and seeds are left out too, and the lessons if no page of them is configured.
    """
    lessons = config.get("lessons", {})
    named = [*config["compare"]["corpora"], *([lessons["corpus"]] if lessons.get("pages") else [])]
    kept = {name: corpus for name, corpus in config["corpora"].items() if name in named}
    readers = [*kept.values(), *config["encodings"].values(), *config["embeddings"].values()]
    readers += config.get("encoders", {}).values()
    used = {reader.get(key) for reader in readers for key in SOURCE_KEYS}
    answers = [variant.get("predictions", {}) for variant in config["variants"].values()]
    used |= texts_in([made.get("source", []) for made in answers])
    compare = dict(config["compare"])
    if "seeds" in compare:
        compare["seeds"] = {name: n for name, n in compare["seeds"].items() if name in kept}
    sources = {name: source for name, source in config["sources"].items() if name in used}
    left_out = () if lessons.get("pages") else ("lessons",)
    config = {key: value for key, value in config.items() if key not in left_out}
    return config | {"compare": compare, "corpora": kept, "sources": sources}


def without_secrets(config: dict) -> dict:
    """Return a configuration whose addresses have no secret; others repeat the run as they are."""

    def hidden(place: dict) -> dict:
        has_secret = written_secret(place.get("url", "")) is not None
        return place | ({"url": redact(place["url"])} if has_secret else {})

    sources = {
        name: source | {"from": [hidden(place) for place in source["from"]]}
        for name, source in config["sources"].items()
    }
    return config | {"sources": sources}


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "output")
    parser.add_argument("--snakefile", type=Path, required=True, help="of the workflow")
    parser.add_argument("--config", type=Path, required=True, help="config.json, merged")
    parser.add_argument("--benchmarks", type=Path, required=True, help="folder of benchmark files")
    parser.add_argument("--corpora", type=Path, nargs="+", required=True, help="corpus.json files")
    parser.add_argument("--receipts", type=Path, nargs="+", required=True, help="of fetched files")
    parser.add_argument("--citations", type=Path, required=True, help="citations.yaml")
    args = parser.parse_args(argv)

    config = read_json(args.config)
    plan = planned(args.snakefile, args.config)
    jobs = of_this_run(read_jobs(args.benchmarks), plan, args.benchmarks)
    files = pd.DataFrame([read_json(receipt) for receipt in args.receipts])
    fetched, entries = set(files["file"]), yaml.safe_load(args.citations.read_text("utf-8"))
    sources = [name for name, source in config["sources"].items() if source["file"] in fetched]
    corpora = pd.DataFrame(
        [config["corpora"][path.parent.name] | read_json(path) for path in args.corpora]
    )
    tables = {
        "jobs": jobs,
        "rules": of_rules(jobs),
        "edges": read_edges(plan),
        "versions": versions(),
        "machine": pd.DataFrame(machine().items(), columns=["of", "is"]),
        "corpora": corpora[["title", "documents", "digest"]],
        "files": files[["file", "bytes", "sha256"]],
        "citations": citations(entries, sources),
    }
    with replacing(args.output) as part:
        part.mkdir()
        write_tables(tables, part)
        settings = without_secrets(of_this_report(config))
        text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False, width=100)
        (part / "configuration.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
