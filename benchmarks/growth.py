"""Measure how reading, encoding and training grow with the number of documents.

    python benchmarks/growth.py --imdb MIRROR/aclImdb.tar.gz --folder DIR \
        --output benchmarks/results/growth.csv --plot docs/images/growth.svg

A corpus of each size is made from the 50,000 labelled reviews: they are repeated, and of every
copy a tenth of the words is replaced by words drawn from the reviews by their frequency. The
vocabulary therefore ends where the reviews' own does; that of other corpora goes on growing slowly.

Each step is the command that the workflow runs, in a process of its own, looked at from outside.
"Anonymous" memory is what the process itself holds, every 50 ms; pages of mapped files also count
as resident, but the system can take them back at any time. Training is one epoch of one variant.
With 2,000,000 documents about 10 GB of files come and go in --folder. Linux only.

Without --imdb, --plot draws what --output already holds.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from harness import KEPT, ROOT, write
from seq2report.config.resolve import resolve_variant
from seq2report.core.command import UserError, read_json, replacing, run
from seq2report.documents.formats import read_imdb
from seq2report.files.archives import members

SIZES = [2_000, 20_000, 200_000, 2_000_000]
REPLACED = 0.1  # share of the words of each copy
POOL = 10  # every tenth review: a million words stand for how frequent each one is
DIGITS = 256  # words that a document's number is written with: three of them, so 16 million
GROUPS = [(split, label) for split in ("train", "test") for label in ("neg", "pos")]
VARIANT = "learned_dense"
EVERY = 0.05  # seconds between two looks at a process
# As the workflow's rules have it: Snakemake sets the threads, workflow/rules/train.smk the rest.
THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "GOTO", "OPENBLAS", "MKL", "NUMEXPR")}


def reviews_of(archive: Path) -> dict[tuple[str, str], list[str]]:
    """Return the labelled reviews of the Large Movie Review Dataset by (split, label).

    Raises:
        UserError: the archive holds none of a group.
    """
    found = defaultdict(list)
    for _, text, label, split in read_imdb(members(archive), "utf-8"):
        found[split, label].append(text)
    for group in GROUPS:
        if not found[group]:
            raise UserError(f"{archive}: found no review of {'/'.join(group)}, expected some")
    return found


def documents(
    reviews: dict[tuple[str, str], list[str]], size: int, seed: int = 1
) -> Iterator[tuple[str, str]]:
    """Yield (name in the archive, text) of ``size`` documents, the groups in turn.

    No two texts are equal: each begins with its own number, written in frequent words. Only the
    reviews are in memory.

    Args:
        reviews: see `reviews_of`.
        size: at most ``DIGITS ** 3``.
        seed: decides which words are replaced, and by which.
    """
    rng = np.random.default_rng(seed)
    pool = " ".join(text for group in GROUPS for text in reviews[group][::POOL]).split()
    frequent = Counter(word for word in pool if word.isalpha() and word.islower())
    digits = [word for word, _ in frequent.most_common(DIGITS)]
    for number in range(size):
        split, label = group = GROUPS[number % len(GROUPS)]
        of_group, place = reviews[group], number // len(GROUPS)
        words = of_group[place % len(of_group)].split(" ")
        count = round(REPLACED * len(words))
        places, drawn = rng.integers(len(words), size=count), rng.integers(len(pool), size=count)
        for at, word in zip(places.tolist(), drawn.tolist(), strict=True):
            words[at] = pool[word]
        high, rest = divmod(number, len(digits) ** 2)
        text = " ".join([digits[high], *(digits[d] for d in divmod(rest, len(digits))), *words])
        yield f"aclImdb/{split}/{label}/{place}_{10 if label == 'pos' else 1}.txt", text


def make(imdb: Path, size: int, archive: Path) -> int:
    """Write a tar of ``size`` documents in the layout of the reviews; return the bytes of text."""
    total = 0
    with tarfile.open(archive, "w") as tar:
        for name, text in documents(reviews_of(imdb), size):
            content = text.encode()
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
            tar.members.clear()  # they would add up
            total += len(content)
    return total


def anonymous_mb(process: int) -> float:
    """Return the anonymous memory of a process, 0 where it has just ended."""
    with open(f"/proc/{process}/status") as file:  # noqa: PTH123 (every 50 ms)
        return next((int(line.split()[1]) * 1024e-6 for line in file if line[:8] == "RssAnon:"), 0)


def watched(command: Sequence[str | Path], log: Path, more: dict[str, str]) -> tuple[dict, str]:
    """Run a Python script to its end; return what it took, and what it printed.

    Args:
        command: the script and its arguments.
        log: file that its messages go to.
        more: environment variables.

    Raises:
        UserError: it ended badly.
    """
    peak, start = 0.0, time.perf_counter()
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            env=os.environ | THREADS | more,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, anonymous_mb(process.pid))
            time.sleep(EVERY)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)  # so that Popen does not wait for it
    if process.returncode:
        raise UserError(f"{command[0]} ended with {process.returncode}:\n{log.read_text()[-2000:]}")
    took = {
        "wall_seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_rss_mb": usage.ru_maxrss * 1024e-6,
        "peak_anonymous_mb": peak,
    }
    with process.stdout as printed:
        return took, printed.read()


def written_mb(*paths: Path) -> float:
    """Return the size of files, and of those in folders."""
    files = [file for path in paths for file in (path, *path.rglob("*")) if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def measure(imdb: Path, size: int, folder: Path) -> list[dict]:
    """Make a corpus in ``folder`` and return one row per step."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    variant = resolve_variant(config, VARIANT)
    variant["fit"] |= {"epochs": 1}
    archive, corpus, sequences, run_folder = (
        folder / name for name in ("imdb.tar", "corpus", "sequences", "run")
    )
    steps = {
        "make": (
            [__file__, "--imdb", imdb, "--make", archive, "--sizes", size],
            [archive],
            {},
        ),
        "read": (
            [
                *(ROOT / "scripts/read.py", "--archive", archive),
                *("--settings", json.dumps(config["corpora"]["imdb"])),
                *("--documents", corpus / "documents.parquet"),
                *("--corpus", corpus / "corpus.json"),
            ],
            [corpus],
            {},
        ),
        "encode": (
            [
                *(ROOT / "scripts/encode.py", "--documents", corpus / "documents.parquet"),
                *("--settings", json.dumps(config["encodings"][variant["input"]["encoding"]])),
                *("--output", sequences),
            ],
            [sequences],
            {},
        ),
        "train": (
            [
                *(ROOT / "scripts/train_network.py", "--corpus", corpus / "corpus.json"),
                *("--documents", sequences / "sequences.parquet"),
                *("--settings", json.dumps(variant), "--seed", 1, "--threads", 1),
                *("--output", run_folder),
            ],
            [run_folder],
            KEPT,
        ),
    }
    rows, text_mb = [], None
    for step, (command, outputs, more) in steps.items():
        took, printed = watched(command, folder / "log", more)
        text_mb = text_mb or int(printed) / 1e6
        row = {"step": step, "documents": size, "text_mb": text_mb, **took}
        row["written_mb"] = written_mb(*outputs)
        if step == "train":
            metrics = read_json(run_folder / "metrics.json")
            row["epoch_seconds"] = metrics["fit_seconds"]
            row["epoch_documents_per_second"] = metrics["fitted_documents"] / metrics["fit_seconds"]
        rows.append(row)
        print("  ".join(f"{key} {value}" for key, value in rounded(row).items()), flush=True)
    return rows


def rounded(row: dict) -> dict:
    """Return a row with as many digits as mean something."""
    return {
        key: round(value, 0 if key.endswith("per_second") else 1)
        if isinstance(value, float)
        else value
        for key, value in row.items()
    }


def draw(table: pd.DataFrame):
    """Draw time and anonymous memory of each step against documents.

    Args:
        table: columns step, documents, wall_seconds, cpu_seconds and peak_anonymous_mb.

    Returns:
        A matplotlib figure, on white: it is shown on pages of either colour.
    """
    # Not loaded where steps are measured: Linux hands the peak of this process down to them.
    from matplotlib.figure import Figure

    from seq2report.report.plots import NEUTRAL, styles

    steps = ["read", "encode", "train"]
    figure = Figure(figsize=(9, 3.6), facecolor="white")
    seconds, memory = figure.subplots(1, 2)
    for step, style in styles(steps).items():
        rows = table[table["step"] == step].sort_values("documents")
        label = "train (one epoch)" if step == "train" else step
        seconds.plot(rows["documents"], rows["cpu_seconds"], label=label, **style)
        memory.plot(rows["documents"], rows["peak_anonymous_mb"], **style)
    drawn = table[table["step"].isin(steps)]
    ends = np.array([drawn["documents"].min(), drawn["documents"].max()])
    longest = drawn.loc[drawn["documents"] == ends[1], "cpu_seconds"].max()
    guide = longest * ends / ends[1] * 2
    seconds.plot(ends, guide, color=NEUTRAL, linestyle="--", label="linear")
    seconds.set_yscale("log")
    seconds.set_ylabel("CPU seconds (logarithmic)")
    memory.set_ylim(0, drawn["peak_anonymous_mb"].max() * 1.15)
    memory.set_ylabel("peak anonymous memory, MB")
    for axes in (seconds, memory):
        axes.set_xscale("log")
        axes.set_xticks(sorted(drawn["documents"].unique()))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.minorticks_off()
        axes.set_xlabel("documents (logarithmic)")
        axes.grid(alpha=0.25)
    seconds.yaxis.set_major_formatter("{x:,g}")
    figure.legend(loc="outside upper center", ncols=4)
    return figure


def main(argv: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--imdb", type=Path, help="archive of the reviews, aclImdb.tar.gz")
    parser.add_argument("--folder", type=Path, help="where temporary files may go")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="documents")
    parser.add_argument("--output", type=Path, help="CSV file: written, or with only --plot read")
    parser.add_argument("--plot", type=Path, help="SVG file to write")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.make:  # a process of its own: its memory is not to be taken for that of a step
        print(make(args.imdb, args.sizes[0], args.make))
        return
    if not args.output:
        parser.error("--output is needed")

    rows = []
    for size in args.sizes if args.imdb else []:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            rows += measure(args.imdb, size, Path(folder))
        write(list(map(rounded, rows)), args.output)
    if args.plot:
        with replacing(args.plot) as part:
            draw(pd.read_csv(args.output)).savefig(part, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    run(main)
