"""Calls of the command ``fetch``, and what a server gives it."""

import gzip
import hashlib
import json
import random
from pathlib import Path

import pytest

import fetch
from seq2report.core.command import UserError

CONTENT = gzip.compress(random.Random(7).randbytes(300_000), 1)
OTHER = gzip.compress(random.Random(8).randbytes(300_000), 1)
PAGE = b"\n<!DOCTYPE html><html><title>We have moved</title></html>"
SCRIPT = Path(fetch.__file__)
QUICK = ["--attempts", "3", "--delay", "0.01", "--stall-timeout", "10", "--connect-timeout", "2"]

SOON = ("--stall-timeout", "0.3")  # only where a stall is meant: this machine may be busy


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry(url: str, content: bytes | None = CONTENT, **more) -> dict:
    known = {} if content is None else {"sha256": sha(content), "bytes": len(content)}
    return {"url": url, **known, **more}


class Asked:
    """One call of the command in ``room`` for the file x.tar.gz."""

    def __init__(self, room: Path, file: str = "x.tar.gz"):
        self.file, self.output = file, room / "downloads" / file
        self.receipt_path = room / "downloads" / f"{file}.json"

    def arguments(self, entries: list[dict], *more: str, **source) -> list[str]:
        source = json.dumps({"file": self.file, "from": entries, **source})
        to = ["--output", str(self.output), "--receipt", str(self.receipt_path)]
        return ["--source", source, *to, *QUICK, *more]

    def __call__(self, *entries: dict, more: tuple[str, ...] = (), **source) -> bytes:
        fetch.main(self.arguments(list(entries), *more, **source))
        self.receipt = json.loads(self.receipt_path.read_text())
        return self.output.read_bytes()

    def refused(self, *entries: dict, more: tuple[str, ...] = (), **source) -> str:
        """Expect an error that leaves no output; return its message."""
        before = self.output.read_bytes() if self.output.exists() else None
        with pytest.raises(UserError) as error:
            fetch.main(self.arguments(list(entries), *more, **source))
        assert (self.output.read_bytes() if self.output.exists() else None) == before
        return str(error.value)

    @property
    def left(self) -> list[str]:
        """What lies beside output and receipt."""
        known = {self.output, self.receipt_path}
        return sorted(path.name for path in self.output.parent.iterdir() if path not in known)
