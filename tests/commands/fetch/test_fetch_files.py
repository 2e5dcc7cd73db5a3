"""Several files of one location, packed into one tar."""

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from misbehaving_server import MisbehavingServer, announces, status, whole

import fetch
from seq2report.core.command import UserError
from seq2report.files.archives import members

MODEL = random.Random(7).randbytes(300_000)
FILES = {"tokenizer.json": b'{"[PAD]": 0}\n', "model.bin": MODEL, "config.json": b"{}\n"}


def digests(folder: str = "") -> dict[str, str]:
    return {folder + name: sha(content) for name, content in FILES.items()}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Asked:
    """One call of the command for the file tiny.tar."""

    output, receipt_path = Path("downloads/tiny.tar"), Path("downloads/tiny.tar.json")

    def arguments(self, locations: list[dict], *more: str) -> list[str]:
        source = json.dumps({"file": "tiny.tar", "from": locations})
        to = ["--output", str(self.output), "--receipt", str(self.receipt_path)]
        return ["--source", source, *to, "--attempts", "3", "--delay", "0.01", *more]

    def __call__(self, *locations: dict, more: tuple[str, ...] = ()) -> bytes:
        fetch.main(self.arguments(list(locations), *more))
        self.receipt = json.loads(self.receipt_path.read_text())
        return self.output.read_bytes()

    def refused(self, *locations: dict) -> str:
        with pytest.raises(UserError) as error:
            fetch.main(self.arguments(list(locations)))
        return str(error.value)

    @property
    def left(self) -> list[str]:
        """What lies beside output and receipt."""
        known = {self.output, self.receipt_path}
        return sorted(path.name for path in self.output.parent.iterdir() if path not in known)


@pytest.fixture
def ask(room):
    return Asked()


@pytest.fixture
def server():
    with MisbehavingServer() as running:
        yield running


@pytest.fixture
def room(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path


@pytest.fixture
def folder(room):
    folder = room / "tiny/deeper"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder.parent


@pytest.fixture
def online(server):
    """The address of a host that has the files."""
    for name, content in FILES.items():
        server.on(f"/tiny/{name}", whole(content))
    return server.url("/tiny")


def zipped(path, folder, *more):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("other.txt", *more):
            archive.writestr(name, "Wheel-Version: 1.0\nName: tiny\nVersion: 1.0\n")
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, f"tiny/{file.relative_to(folder)}")
    return path


def test_every_location_gives_the_same_tar(server, ask, room, folder, online, monkeypatch):
    (room / "wheels").mkdir()
    about = [f"tiny-1.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")]
    zipped(room / "wheels/tiny-1.0-py3-none-any.whl", folder, *about)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(room / "wheels"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    zipped(room / "all.zip", folder)
    with tarfile.open(room / "all.tar.gz", "w:gz") as tar:
        tar.add(folder, "tiny")
    locations = [
        {"url": f"{online}/?download=1", "files": digests()},
        {"url": "file:tiny", "files": digests("deeper/")},
        {"url": "file:all.zip", "files": digests("tiny/deeper/")},
        {"url": "file:all.tar.gz", "files": digests("tiny/deeper/")},
        {"package": "tiny==1.0", "files": digests("tiny/deeper/")},
    ]
    packed = [ask(location) for location in locations]
    assert len(set(packed)) == 1
    assert list(members(ask.output)) == sorted(FILES.items())
    assert ask.left == []
    assert {seen.path for seen in server.seen} == {f"/tiny/{name}?download=1" for name in FILES}
    assert ask.receipt == {
        "file": "tiny.tar",
        "bytes": len(packed[0]),
        "sha256": sha(packed[0]),
        "form": "tar",
        "origin": "package tiny==1.0",
    }


@pytest.mark.parametrize("kind", ["file:tiny", "file:all.zip", "http"])
def test_a_file_with_a_wrong_digest_leads_to_the_next_location(server, ask, folder, online, kind):
    (folder / "deeper/model.bin").write_bytes(MODEL[::-1])
    zipped(folder.parent / "all.zip", folder)
    server.on("/old/deeper/tokenizer.json", whole(FILES["tokenizer.json"]))
    server.on("/old/deeper/model.bin", whole(MODEL[::-1]))
    wrong = {
        "file:tiny": {"url": "file:tiny", "files": digests("deeper/")},
        "file:all.zip": {"url": "file:all.zip", "files": digests("tiny/deeper/")},
        "http": {"url": server.url("/old"), "files": digests("deeper/")},
    }[kind]
    message = ask.refused(wrong)
    assert f"deeper/model.bin: expected sha256 {sha(MODEL)}; seen 300,000 bytes" in message
    assert sha(MODEL[::-1]) in message
    assert bool(ask.left) == (kind == "http")  # only downloads are worth keeping
    ask(wrong, {"url": online, "files": digests()})
    assert ask.receipt["origin"] == online
    assert dict(members(ask.output)) == FILES
    assert ask.left == []


def test_a_missing_file_is_named(server, ask, folder, online):
    server.on("/tiny/config.json", status(404))
    (folder / "deeper/config.json").unlink()
    zipped(folder.parent / "all.zip", folder)
    message = ask.refused(
        {"url": online, "files": digests()},
        {"url": "file:tiny", "files": digests("deeper/")},
        {"url": "file:all.zip", "files": digests("tiny/deeper/")},
    )
    assert f"{online}: config.json: HTTP 404" in message
    assert "file:tiny: deeper/config.json: there is no file tiny/deeper/config.json" in message
    assert "there is no member 'tiny/deeper/config.json'" in message
    for name, digest in digests().items():
        assert f"\n        {name} (sha256 {digest})\n" in message


@pytest.mark.reliability("Interruption")
def test_of_several_files_only_the_rest_of_the_interrupted_one_is_downloaded_again(
    server, ask, online
):
    server.on("/tiny/model.bin", announces(len(MODEL), MODEL[:200_000]), whole(MODEL))
    location = {"url": online, "files": digests()}
    arguments = [*ask.arguments([location]), "--stall-timeout", "30"]
    process = subprocess.Popen(
        [sys.executable, fetch.__file__, *arguments], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size > 150_000 for p in ask.output.parent.glob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not ask.output.exists()
    ask(location)
    assert dict(members(ask.output)) == FILES
    names = [seen.path.removeprefix("/tiny/") for seen in server.seen]
    assert names == ["tokenizer.json", "model.bin", "model.bin", "config.json"]
    assert server.seen[2].status == 206
    assert server.seen[2].sent < 150_000
    assert ask.left == []


@pytest.mark.reliability("Security")
@pytest.mark.parametrize("path", ["file:{outside}", "%2e%2e/model.bin", "deeper"])
def test_of_a_local_folder_only_the_files_in_it_are_read(ask, room, folder, path):
    (room / "model.bin").write_bytes(MODEL)
    path = path.format(outside=room / "model.bin")
    message = ask.refused({"url": "file:tiny", "files": {path: sha(MODEL)}})
    assert f"file:tiny: {path}: there is no file tiny/{path}" in message


def test_a_mirror_has_the_tar(ask, room, folder):
    location = {"url": "file:tiny", "files": digests("deeper/")}
    content = ask(location)
    (room / "mirror").mkdir()
    (room / "mirror/tiny.tar").write_bytes(content)
    (room / "mirror/SHA256SUMS").write_text(f"{sha(content)}  tiny.tar\n")
    assert ask(location, more=("--mirror", "mirror")) == content
    assert ask.receipt["origin"] == "mirror mirror/tiny.tar"


@pytest.mark.parametrize("difference", ["another content", "a file less", "no archive"])
def test_a_mirror_whose_tar_has_other_files_is_used_with_a_warning(ask, room, caplog, difference):
    (room / "mirror").mkdir()
    with tarfile.open(room / "mirror/tiny.tar", "w") as tar:
        for name in sorted(FILES)[difference == "a file less" :]:
            info = tarfile.TarInfo(name)
            info.size = len(FILES[name])
            tar.addfile(info, io.BytesIO(FILES[name]))
    location = {"url": "file:none", "files": digests()}

    def warnings(content: bytes) -> list[str]:
        caplog.clear()
        (room / "mirror/tiny.tar").write_bytes(content)
        (room / "mirror/SHA256SUMS").write_text(f"{sha(content)}  tiny.tar\n")
        assert ask(location, more=("--mirror", "mirror")) == content
        return [record.message for record in caplog.records if record.levelname == "WARNING"]

    content = (room / "mirror/tiny.tar").read_bytes()
    if difference == "another content":
        assert warnings(content) == []
        content = content.replace(FILES["config.json"], b"[]\n")
    elif difference == "no archive":
        content = b"text"
    (warning,) = warnings(content)
    assert "the mirror's file is used, although the configuration has other digests" in warning
    assert difference == "no archive" or "config.json" in warning


def test_an_archive_of_the_files_may_be_placed_by_hand(ask, room, folder, online):
    location = {"url": online, "files": digests()}
    content = ask(location)
    by_hand = room / "resources/by-hand/tiny.tar"
    by_hand.parent.mkdir(parents=True)
    with tarfile.open(by_hand, "w") as tar:
        for name in FILES:
            tar.add(folder / "deeper" / name, name)
    assert by_hand.read_bytes() != content
    assert ask(location) == content
    assert ask.receipt["origin"] == "by hand resources/by-hand/tiny.tar"
    with tarfile.open(by_hand, "w") as tar:
        tar.add(folder / "deeper/model.bin", "tokenizer.json")
    message = ask.refused(location)
    assert f"tokenizer.json: expected sha256 {sha(FILES['tokenizer.json'])}; seen" in message
    assert ask.left == []
