"""What is known about pretrained encoders while planning: their files, and how long they take."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from seq2report.config.plan import COMPLETE, Plan
from seq2report.core.command import UserError, read_json
from seq2report.core.wording import plural
from seq2report.files.addresses import with_variables
from seq2report.files.local_files import local_path, state
from seq2report.models.backend import has_amx
from seq2report.models.pretrained import Architecture, operations
from seq2report.models.variant import Variant

DOWNLOADS = Path("resources/downloads")
KEYS = ("length", "pooling", "prefix")  # of an encoder, that its checkpoint is checked for
SHORT = 120.0  # seconds of a training that is not announced


def checkpoints(config: dict, roots: Sequence[Path]) -> dict[str, dict]:
    """Return what the check of models needs to know about each encoder, by its name.

    length, pooling and prefix: of the configuration. file and state: of its checkpoint, if that is
    downloaded or local; then its errors are found before anything runs. ``roots`` are the folders
    of relative paths.
    """
    found = {}
    for name, settings in config.get("encoders", {}).items():
        found[name] = {"name": name} | {key: settings[key] for key in KEYS if key in settings}
        with suppress(OSError):  # fetch reports it
            if file := _at_hand(config["sources"][settings["source"]], roots):
                found[name] |= {"file": str(file), "state": state(file)}
    return found


def _at_hand(source: dict, roots: Sequence[Path]) -> Path | None:
    for location in source["from"]:
        if location.get("url", "").startswith("file:"):
            with suppress(UserError, OSError):  # fetch reports it
                return local_path(with_variables(location["url"]), roots)
    file = DOWNLOADS / source["file"]  # maybe a copy of the local file as it was
    return file if file.is_file() else None


def tuning_notices(plan: Plan, results: Path, speeds: Path) -> Iterator[str]:
    """Yield about how long each fine-tuning that is still to do takes on a CPU.

    Only what was read is known: nothing is yielded before. ``speeds`` is the measured table
    workflow/encoders.csv, of one core.
    """
    speed = read_speed(speeds, "bfloat16" if has_amx() else "float32")
    for name, variant in plan.variants.items():
        encoder = variant.input.encoder if variant.fit else None
        for corpus in plan.corpora if encoder else ():
            folder = results / f"{corpus}/runs/{name}"
            runs = [f"{s}seed-{n}" for v, n, s in plan.trainings(corpus) if v == name]
            waiting = [run for run in runs if not (folder / f"{run}{COMPLETE}").is_file()]
            # Not read yet, or by another version.
            with suppress(UserError, KeyError, TypeError):
                counts = read_json(results / f"{corpus}/corpus.json")["counts"]
                pieces = read_json(results / f"{corpus}/pieces/{encoder}/encoding.json")
                about = read_json(results / f"encoders/{encoder}/encoder.json")
                seconds = tuning_seconds(
                    variant,
                    Architecture(**about["architecture"]),
                    sum(row["documents"] for row in counts if row["split"] == "train"),
                    pieces["ids"] / pieces["documents"],
                    speed,
                )
                if waiting and seconds > SHORT:
                    fewer = sum("/" in run for run in waiting)
                    less = f", {fewer} of them with fewer labels" if fewer else ""
                    yield (
                        f"variants.{name} on {corpus}: a training on the CPU takes about"
                        f" {seconds / 60:,.0f} minutes ({plural(len(waiting), 'trainings')} to do"
                        f"{less})"
                    )


def tuning_seconds(
    variant: Variant, architecture: Architecture, documents: int, pieces: float, speed: float
) -> float:
    """Return about how many seconds one core needs to fine-tune an encoder for all epochs.

    Args:
        documents: number of training documents.
        pieces: mean number of word pieces of a document, before it is truncated.
        speed: operations per second, as `read_speed` returns them.
    """
    length = round(min(pieces, variant.input.length))
    each = operations(architecture, length, variant.input.train_layers)
    again = 2 if variant.fit.refit else 1
    return again * variant.fit.epochs * documents * length * each / speed


def read_speed(path: Path, precision: str) -> float:
    """Return the operations per second of one core in training, of the slowest case measured.

    ``precision`` is that of matrix products, float32 or bfloat16.
    """
    with path.open(encoding="utf-8") as file:
        return min(
            float(row["operations_per_second"])
            for row in csv.DictReader(file)
            if row["way"].startswith("train") and row["precision"] == precision
        )
