"""What the names of files say about tables: their kind, and the split of their rows."""

import re
from pathlib import PurePath, PurePosixPath

from seq2report.core.command import UserError
from seq2report.core.wording import some
from seq2report.files.archives import is_hidden

KINDS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
KINDS |= {".parquet": "parquet"}
PACKED = (".gz", ".bz2", ".xz", ".zst")
ENDINGS = f"{', '.join(KINDS)} (with or without {', '.join(PACKED)}), or .zip or .tar"
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods")
SPLIT_NAMES = {
    **{"train": "train", "training": "train", "test": "test", "testing": "test"},
    **{"validation": "validation", "valid": "validation", "val": "validation"},
    **{"dev": "validation", "unlabelled": "unlabelled", "unsupervised": "unlabelled"},
}


def kind_of(name: str) -> str | None:
    """Return the kind of table by a file's name: csv, tsv, jsonl, parquet, or None."""
    return KINDS.get(_unpacked(name.lower()).suffix)


def _unpacked(name: str) -> PurePath:
    path = PurePath(name)
    return path.with_suffix("") if path.suffix.lower() in PACKED else path


def is_archive(name: str) -> bool:
    """Return whether a file's name is that of an archive, which may be compressed."""
    return bool(re.search(r"\.(zip|tar(\.(gz|bz2?|xz|zst))?|t(gz|bz2?|xz|zst))$", name.lower()))


def no_table(name: str) -> str:
    """Return why a file with this name is not read as a table, and what to do."""
    if name.lower().endswith(WORKBOOKS):
        return f"'{name}' is a workbook; save its sheet as CSV UTF-8, and name that file"
    return f"'{name}' does not end like a table; allowed: {ENDINGS}"


def split_of(name: str) -> str:
    """Return the split in a file's name (train.csv, data/dev-00000-of-00001.parquet), or ''."""
    path = PurePosixPath(name)
    words = re.findall(r"[a-z]+", path.name.lower().split(".")[0])
    known = {SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES}
    known = known or {SPLIT_NAMES.get(path.parent.name.lower(), "")}
    return known.pop() if len(known) == 1 else ""


def split_named(value: str) -> str:
    """Return the split that a value names (Train, dev), or the value."""
    return SPLIT_NAMES.get(value.strip().lower(), value)


def chosen_tables(names: list[str]) -> list[str]:
    """Return the tables among the files of a folder or archive: one, or several of one corpus.

    Several have the names of splits, or differ only in a number.

    Raises:
        UserError: some have the name of a split, others none, and train or test is missing; or a
            split has the same rows in two files.
    """
    names = [name for name in names if kind_of(name) and not is_hidden(name)]
    if parts := [name for name in names if split_of(name)]:
        others = [name for name in names if name not in parts]
        if others and not {"train", "test"} <= set(map(split_of, parts)):
            raise UserError(
                f"the names {some(parts)} have a split, but {some(others)} have none; expected one"
                " table, or one per split, such as train.csv and test.csv; rename or remove some"
            )
        _refuse_copies(parts)
        return parts
    alike = {re.sub(r"[0-9]+", "0", name) for name in names}
    return names if len(alike) == 1 else []


def _refuse_copies(names: list[str]) -> None:
    """Raise `UserError` if a split has tables of two kinds, or one table with two endings."""
    for split in dict.fromkeys(map(split_of, names)):
        parts = [name for name in names if split_of(name) == split]
        kinds, stems = set(map(kind_of, parts)), {_unpacked(name).with_suffix("") for name in parts}
        if len(kinds) > 1 or len(stems) < len(parts):
            raise UserError(
                f"the tables {some(parts)} of the split {split} have two kinds, or differ only in"
                " their endings; expected each row once; remove the copies, or convert all to one"
                " kind"
            )
