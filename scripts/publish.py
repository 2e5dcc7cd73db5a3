"""Copy the pages and tables of a finished run to a folder for publication, with a manifest.

report/ holds the pages and, as CSV, the tables of the corpora, in the layout of the run.
manifest.json has configuration, commit, versions, machine, content digests of the corpora, seeds,
time of each rule, and the tables that are left out, with the reason. config.json is the merged
configuration, with which the commands of the pages repeat the run. ro-crate-metadata.json describes
all this as a Workflow Run RO-Crate. Publication fails if a file has a path of this machine, if
excerpts show contacts, if a link is broken, or above 40 MB in total.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evaluate_workflow import dry_run, without_secrets
from seq2report.config.grids import with_grids
from seq2report.config.resolve import run_seeds
from seq2report.core import command
from seq2report.core.command import UserError, read_json, replacing, run, write_json
from seq2report.core.machine import machine
from seq2report.core.shipped import ROOT
from seq2report.core.tables import read_csv
from seq2report.files.addresses import redact
from seq2report.files.sources import WEB

if TYPE_CHECKING:  # the rest needs no rocrate
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

LARGEST_TABLE = 300_000  # bytes
LARGEST = 40_000_000  # bytes, of all that is published of a run
LINK = re.compile(r'<a href="([^"#:]+)">([^<]*)</a>')  # to a file, not to an address
TARGET = re.compile(r'(?:href|src)="([^"#:]+)(?:#[^":]*)?"')
SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)  # of every page; data has attributes
# A mirror as the configuration or a command line names it, or a file by its full path.
SETTING = re.compile(r"""mirror["']?\s*[:=]\s*["']?(?:[/~]|\w+:/)|file:/""")

PROFILES = {  # of the crate, by their names
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
WORKFLOW = "workflow/Snakefile"
FORMATS = {".html": "text/html", ".csv": "text/csv", ".json": "application/json"}


def choose_tables(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Return the tables to publish, and the reasons for those left out, by path in ``folder``."""
    chosen, left_out = [], {}
    for path in sorted(folder.rglob("*.csv")):
        name, size = path.relative_to(folder).as_posix(), path.stat().st_size
        if name.startswith("lesson-"):
            left_out[name] = "of a lesson, whose page shows it"
        elif size > LARGEST_TABLE:
            left_out[name] = f"{size:,} bytes, more than {LARGEST_TABLE:,}"
        else:
            chosen.append(path)
    return chosen, left_out


def without_links(page: str, published: Sequence[str]) -> str:
    """Return a page in which links to unpublished files are replaced by their text."""

    def kept(link: re.Match) -> str:
        return link[0] if link[1] in published else f'<span title="not here">{link[2]}</span>'

    return LINK.sub(kept, page)


def without_scripts(page: str) -> str:
    """Return a page without its scripts, which hold no data; line numbers stay."""
    return SCRIPT.sub(lambda script: "\n" * script[0].count("\n"), page)


def broken_links(folder: Path) -> list[str]:
    """Return the broken relative links of the pages of a folder, as page: link."""
    return [
        f"{page.name}: {link}"
        for page in sorted(folder.glob("*.html"))
        for link in TARGET.findall(without_scripts(page.read_text(encoding="utf-8")))
        if not (folder / link).is_file()
    ]


def private_places(text: str, private: Iterable[str]) -> list[str]:
    """Return the lines of a text with a private path or the start of one, with that path."""
    paths = (rf"(?<![\w/.-]){re.escape(path)}(?![\w-])" for path in private)
    matches = re.finditer("|".join([*paths, SETTING.pattern]), text)
    return [f"line {text.count(chr(10), 0, found.start()) + 1}: {found[0]}" for found in matches]


def private_paths(*folders: Path) -> list[str]:
    """Return private paths: home, working folder, these folders, and the mirror, if it is set."""
    mirror = os.environ.get("SEQ2REPORT_MIRROR", "")
    if mirror.startswith(WEB):
        mirrors = [mirror.rstrip("/"), redact(mirror).partition("?")[0].rstrip("/")]
    else:
        place = Path(mirror.removeprefix("file:"))
        mirrors = [place.absolute(), place.resolve()] if mirror else []
    paths = [Path.home(), Path.cwd(), *folders, *mirrors]
    return [text for text in map(str, paths) if len(text) > 1]


def check(folder: Path, private: Iterable[str]) -> None:
    """Check all files to publish.

    Raises:
        UserError: a path of this machine, a broken link, or more than `LARGEST` bytes.
    """
    private = list(private)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        text = without_scripts(path.read_text(encoding="utf-8"))
        text = unescape(text) if path.suffix == ".html" else text
        if places := private_places(text, private):
            raise UserError(
                f"{path.relative_to(folder)}, {places[0]}: a path of this machine, not published;"
                " have the configuration name it relatively, and run the workflow again"
            )
    if broken := broken_links(folder / "report"):
        raise UserError(f"{broken[0]} leads nowhere; run the workflow again, then publish it")
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    if sum(sizes.values()) > LARGEST:
        largest = sorted(sizes, key=sizes.get, reverse=True)[:5]
        named = ", ".join(f"{name} ({sizes[name]:,})" for name in largest)
        raise UserError(
            f"{sum(sizes.values()):,} bytes, expected at most {LARGEST:,}; the largest: {named}."
            " Compare fewer variants, or fewer corpora"
        )


def versions(runs: pd.DataFrame) -> dict[str, str]:
    """Return the software versions of the runs, several if they differ."""
    columns = {
        name.removesuffix("_version"): runs[name].dropna().astype(str).unique()
        for name in runs.columns
        if name == "seq2report" or name.endswith("_version")
    }
    return {name: ", ".join(sorted(found)) for name, found in columns.items()}


def check_finished(corpus: str, runs: pd.DataFrame, config: dict) -> None:
    """Check that the table of runs of a corpus matches the configuration.

    Raises:
        UserError: a run is missing, or is not in the configuration.
    """
    config = with_grids(config)
    names = config["compare"]["variants"]
    expected = {(name, n) for name in names for n in run_seeds(config, corpus, name)}
    found = set(runs[["variant", "seed"]].itertuples(index=False, name=None))
    if found != expected:
        some = ", ".join(f"{variant} seed {seed}" for variant, seed in sorted(found ^ expected)[:5])
        raise UserError(
            f"{corpus}: its table of runs is not that of config.json, they differ in {some};"
            " run the workflow to its end"
        )


def code(root: Path, config: Path) -> dict:
    """Return the commit of the code, and whether the results are up to date with it.

    ``clean`` ignores documents (docs/, *.md); ``up_to_date``: Snakemake has nothing to do.
    """

    def output(*command: str) -> str:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"{' '.join(command)}: ended badly\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    return {
        "commit": output("git", "rev-parse", "HEAD").strip(),
        "clean": not output("git", "status", "--porcelain", "--", ".", ":!docs", ":!*.md"),
        "up_to_date": "Nothing to be done" in output(*dry_run(config.resolve())),
    }


def read_configuration(results: Path) -> dict:
    """Return the merged configuration of a run, without secrets in URLs.

    Raises:
        UserError: excerpts show contacts of people.
    """
    config = read_json(results / "config.json")
    if config.get("contacts") == "shown":
        raise UserError(
            f"{results / 'config.json'}: contacts: shown, expected hidden in what is published;"
            " remove this key, and run the workflow again"
        )
    return without_secrets(config)


def manifest(results: Path, left_out: dict[str, str], made_by: dict) -> dict:
    """Return the manifest of a run: everything that its figures depend on.

    Raises:
        UserError: the run is not finished.
    """
    config = read_configuration(results)
    corpora, used = {}, []
    for name in config["compare"]["corpora"]:
        runs = read_csv(results / f"report/tables/{name}/runs/runs.csv")
        check_finished(name, runs, config)
        used.append(runs)
        corpus = read_json(results / name / "corpus.json")
        corpora[name] = {
            "title": config["corpora"][name]["title"],
            "documents": corpus["documents"],
            "digest": corpus["digest"],
            "seeds": sorted(map(int, runs["seed"].unique())),
        }
    made = results / "report/tables/made"
    jobs = read_csv(made / "jobs.csv").itertuples()  # without those of removed variants
    try:
        ends = [(results / f"benchmarks/{row.rule}/{row.job}.tsv").stat().st_mtime for row in jobs]
    except FileNotFoundError as error:
        raise UserError(f"{error.filename} is missing; run the workflow again") from error
    first, last = (datetime.fromtimestamp(end, UTC) for end in (min(ends), max(ends)))
    return {
        "name": config["name"],
        "code": made_by,
        "versions": versions(pd.concat(used)),
        "machine": machine(),
        "dates": {
            "first_job_ended": first.isoformat(timespec="seconds"),
            "last_job_ended": last.isoformat(timespec="seconds"),
        },
        "corpora": corpora,
        "durations": read_csv(made / "rules.csv").to_dict("records"),
        "left_out": left_out,
        "configuration": config,
    }


def crate(folder: Path, about: dict) -> "ROCrate":
    """Return a Workflow Run RO-Crate of a published run with this manifest."""
    from rocrate.rocrate import ROCrate

    made = ROCrate(version="1.1")
    root = made.root_dataset
    root["name"] = f"seq2report: {about['name']}"
    titles = ", ".join(corpus["title"] for corpus in about["corpora"].values())
    root["description"] = (
        f"Comparison of text-classification models on {titles}. Excerpts of texts have the terms of"
        " their corpora."
    )
    license_address = "https://spdx.org/licenses/MIT"
    root["license"] = described(made, license_address, "CreativeWork", name="MIT License")
    root["conformsTo"] = [
        described(made, address, "CreativeWork", name=name, version=address.rpartition("/")[2])
        for address, name in PROFILES.items()
    ]
    workflow = made.add_workflow(folder / WORKFLOW, WORKFLOW, main=True, lang="snakemake")
    workflow["name"], workflow["version"] = "seq2report", about["code"]["commit"]
    workflow["encodingFormat"] = "text/plain"
    root["mentions"] = add_run(made, folder, about)
    return made


def described(made: "ROCrate", identifier: str, kind: str, **properties: object) -> "ContextEntity":
    """Add an entity that is no file to a crate, and return it."""
    from rocrate.model import ContextEntity

    return made.add(ContextEntity(made, identifier, {"@type": kind, **properties}))


def add_run(made: "ROCrate", folder: Path, about: dict) -> "ContextEntity":
    """Add all other files to a crate, and the run that made them; return the run.

    Its inputs are the configuration and corpora with these content digests.
    """
    files = {
        name: made.add_file(path, name, properties={"encodingFormat": FORMATS[path.suffix]})
        for path in sorted(folder.rglob("*.*"))
        if (name := path.relative_to(folder).as_posix()) != WORKFLOW
    }
    digests = [
        described(
            made, f"#corpus-{name}", "PropertyValue", name=f"{name}: digest", value=corpus["digest"]
        )
        for name, corpus in about["corpora"].items()
    ]
    properties = {
        "name": f"Run of {about['name']}",
        "description": f"The workflow trained and compared the models of {about['name']}",
        "endTime": about["dates"]["last_job_ended"],
        "instrument": made.mainEntity,
        "object": [files.pop("config.json"), *digests],
        "result": list(files.values()),
    }
    run = described(made, "#run", "CreateAction")
    for name, value in properties.items():
        run[name] = value
    return run


def publish(results: Path, folder: Path, made_by: dict, private: Iterable[str]) -> None:
    """Write the files to publish of a run to a new folder, and check them.

    Commands on the pages and in the tables name the published configuration.

    Raises:
        UserError: the run is not finished, or `check` finds something.
    """
    report = results / "report"
    tables, left_out = choose_tables(report / "tables")
    files = [*sorted(report.glob("*.html")), *tables]
    published = [path.relative_to(report).as_posix() for path in files]
    option = "--configfile {}/config.json"
    old, new = (option.format(f"{place}/{results.name}") for place in ("results", "docs/results"))
    for path, name in zip(files, published, strict=True):
        copy = folder / "report" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes().replace(old.encode(), new.encode())
        if path.suffix == ".html":
            content = without_links(content.decode(), published).encode()
        copy.write_bytes(content)
    (folder / WORKFLOW).parent.mkdir()
    shutil.copyfile(ROOT / WORKFLOW, folder / WORKFLOW)
    about = manifest(results, left_out, made_by)
    write_json(folder / "manifest.json", about)
    write_json(folder / "config.json", about["configuration"])
    crate(folder, about).metadata.write(folder)
    check(folder, private)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "output")
    parser.add_argument("--results", type=Path, required=True, help="results/<name>, finished")
    args = parser.parse_args(argv)

    config = args.results / "config.json"
    if not config.is_file():
        raise UserError(f"{config}: not there, expected a finished run; end the workflow first")
    if args.output.exists() and not (args.output / "manifest.json").is_file():
        raise UserError(
            f"{args.output} exists, but is no published report with a manifest.json, and would be"
            " replaced as a whole; choose another --output"
        )
    root = args.results.absolute().parent.parent  # results may be a link to another disk
    made_by = code(root, config)
    with replacing(args.output) as part:
        publish(args.results, part, made_by, private_paths(root, args.results.resolve()))


if __name__ == "__main__":
    run(main)
