"""Measure how the costs of reading, encoding and training grow with the number of documents.

    python benchmarks/growth.py --imdb MIRROR/aclImdb.tar.gz --folder DIR \
        --output benchmarks/results/growth.csv --plot docs/images/growth.svg

A corpus of each size is made from the 50,000 labelled reviews: they are repeated, and in every copy
a tenth of the words is replaced by words drawn from the reviews by frequency. Therefore the
vocabulary is that of the reviews, while the vocabulary of a real corpus would keep growing slowly.

Each step is the command of the workflow in its own process, measured from outside. "Anonymous"
memory is that of the process itself, sampled every 50 ms; pages of mapped files also count as
resident, but the system can reclaim them at any time. Training is one epoch of one variant.
2,000,000 documents need about 10 GB for temporary files in --folder. Linux only.

Without --imdb, --plot draws the table that --output already contains.
"""

import argparse
import io
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

import prepare
from harness import KEPT, ROOT, write
from seq2report.core import command
from seq2report.core.command import UserError, read_json, replacing, run
from seq2report.documents.formats import read_imdb
from seq2report.files.archives import members

SIZES = [2_000, 20_000, 200_000, 2_000_000]
REPLACED = 0.1  # share of the words of each copy
POOL = 10  # every tenth review: a million words represent the frequencies
DIGITS = 256  # words as digits of a document's number: three digits, so 16 million
GROUPS = [(split, label) for split in ("train", "test") for label in ("neg", "pos")]
VARIANT = "learned_dense"
EVERY = 0.05  # seconds between two samples of memory
# As in the workflow: Snakemake sets the threads, workflow/rules/train.smk the rest.
THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "GOTO", "OPENBLAS", "MKL", "NUMEXPR")}


def reviews_of(archive: Path) -> dict[tuple[str, str], list[str]]:
    """Return the labelled reviews of the Large Movie Review Dataset by (split, label).

    Raises:
        UserError: the archive has no review of a group.
    """
    found = defaultdict(list)
    for _, text, label, split in read_imdb(members(archive), {"encoding": "utf-8"}):
        found[split, label].append(text)
    for group in GROUPS:
        if not found[group]:
            raise UserError(f"{archive}: found no review of {'/'.join(group)}, expected some")
    return found


def documents(
    reviews: dict[tuple[str, str], list[str]], size: int, seed: int = 1
) -> Iterator[tuple[str, str]]:
    """Yield (name in the archive, text) of ``size`` documents, the groups in turn.

    All texts differ: each begins with its number, written in frequent words. In memory are only the
    reviews.

    Args:
        reviews: as `reviews_of` returns them.
        size: at most ``DIGITS ** 3``.
        seed: of the replacements.
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
            tar.members.clear()  # they would accumulate
            total += len(content)
    return total


def anonymous_mb(process: int) -> float:
    """Return the anonymous memory of a process, 0 if it has just ended."""
    with open(f"/proc/{process}/status") as file:  # noqa: PTH123 (every 50 ms)
        return next((int(line.split()[1]) * 1024e-6 for line in file if line[:8] == "RssAnon:"), 0)


def watched(script: Sequence[str | Path], log: Path, variables: dict[str, str]) -> tuple[dict, str]:
    """Run a Python script; return its costs and its output.

    Args:
        script: path and arguments.
        log: file for its messages.
        variables: of the environment.

    Raises:
        UserError: the script failed.
    """
    peak, start = 0.0, time.perf_counter()
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, *map(str, script)],
            env=os.environ | THREADS | variables,
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
        raise UserError(f"{script[0]} ended with {process.returncode}:\n{log.read_text()[-2000:]}")
    took = {
        "wall_seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_rss_mb": usage.ru_maxrss * 1024e-6,
        "peak_anonymous_mb": peak,
    }
    with process.stdout as printed:
        return took, printed.read()


def written_mb(path: Path) -> float:
    """Return the size of a file, or of the files in a folder."""
    files = [file for file in (path, *path.rglob("*")) if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def measure(imdb: Path, size: int, folder: Path) -> list[dict]:
    """Make a corpus in ``folder`` and return one row per step."""
    settings = prepare.variant(VARIANT).settings()
    settings["fit"] |= {"epochs": 1}
    archive, corpus, sequences, run_folder = (
        folder / name for name in ("imdb.tar", "corpus", "sequences", "run")
    )
    config, scripts = prepare.configuration(), ROOT / "scripts"
    encoding = config["encodings"][settings["input"]["encoding"]]
    documents = corpus / "documents.parquet"
    read = prepare.read_arguments(archive, config["corpora"]["imdb"], corpus)
    encode = prepare.encode_arguments(documents, encoding, sequences)
    train = prepare.train_arguments(corpus, sequences, settings, 1, run_folder)
    steps = {  # script with arguments, outputs, environment
        "make": ([__file__, f"--imdb={imdb}", f"--make={archive}", "--sizes", size], archive, {}),
        "read": ([scripts / "read.py", *read], corpus, {}),
        "encode": ([scripts / "encode.py", *encode], sequences, {}),
        "train": ([scripts / "train_network.py", *train, "--threads=1"], run_folder, KEPT),
    }
    rows, text_mb = [], None
    for step, (script, output, variables) in steps.items():
        took, printed = watched(script, folder / "log", variables)
        text_mb = text_mb or int(printed) / 1e6
        row = {"step": step, "documents": size, "text_mb": text_mb, **took}
        row["written_mb"] = written_mb(output)
        if step == "train":
            metrics = read_json(run_folder / "metrics.json")
            row["epoch_seconds"] = metrics["fit_seconds"]
            row["epoch_documents_per_second"] = metrics["fitted_documents"] / metrics["fit_seconds"]
        rows.append(row)
        print("  ".join(f"{key} {value}" for key, value in rounded(row).items()), flush=True)
    return rows


def rounded(row: dict) -> dict:
    """Return a row with its significant digits."""
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
        A matplotlib figure on white, for light and dark pages.
    """
    # Not imported to measure steps: on Linux they inherit the peak memory of this process.
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
        _documents_axis(axes, drawn["documents"])
    seconds.yaxis.set_major_formatter("{x:,g}")
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    return figure


def _documents_axis(axes, documents: pd.Series) -> None:
    axes.set_xscale("log")
    axes.set_xticks(sorted(documents.unique()))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()
    axes.set_xlabel("documents (logarithmic)")
    axes.grid(alpha=0.25)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--imdb", type=Path, help="archive of the reviews, aclImdb.tar.gz")
    parser.add_argument("--folder", type=Path, help="for temporary files")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="documents")
    parser.add_argument("--output", type=Path, help="CSV file: written, or with only --plot read")
    parser.add_argument("--plot", type=Path, help="SVG file to write")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.make:  # in its own process, so that its memory does not count as that of a step
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
