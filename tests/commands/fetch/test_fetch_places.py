"""Mirrors, files placed by hand, local files and packages."""

import os
import re
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from fetching import CONTENT, OTHER, PAGE, Asked, entry, sha
from misbehaving_server import MisbehavingServer, announces, whole


@pytest.fixture
def mirror(room):
    folder = room / "spiegel für alle"
    folder.mkdir()
    (folder / "m.tar.gz").write_bytes(CONTENT)
    sums = f"{sha(CONTENT)}  m.tar.gz\n{sha(OTHER)} *x.tar.gz\n{sha(OTHER)}  gone.tar.gz\n"
    (folder / "SHA256SUMS").write_text(sums)
    (folder / "x.tar.gz").write_bytes(OTHER)
    return folder


def serve(server: MisbehavingServer, folder: Path) -> str:
    for path in folder.iterdir():
        server.on(f"/mirror/{quote(path.name)}", whole(path.read_bytes()))
    return server.url("/mirror/")


@pytest.mark.parametrize("kind", ["folder", "relative", "file", "address"])
def test_the_mirror_comes_first_with_its_own_sums(server, ask, mirror, kind):
    place = {
        "folder": str(mirror),
        "relative": mirror.name,
        "file": mirror.as_uri(),
        "address": serve(server, mirror),
    }[kind]
    upstream = entry(server.on("/x.tar.gz", whole(CONTENT)))
    assert ask(upstream, more=("--mirror", place)) == OTHER
    assert ask.receipt["origin"].startswith("mirror ")
    assert ask.receipt["origin"].endswith("x.tar.gz")
    assert ask(upstream, more=("--mirror", place), mirror="m.tar.gz") == CONTENT
    assert not [seen for seen in server.seen if seen.path == "/x.tar.gz"]
    assert ask.left == []


def test_a_mirror_below_the_second_root(ask, mirror, room, monkeypatch):
    (room / "deeper").mkdir()
    monkeypatch.chdir(room / "deeper")
    assert ask(more=("--mirror", mirror.name, "--root", str(room))) == OTHER


def test_a_mirror_that_lacks_the_file_is_passed_over(server, ask, mirror, caplog):
    upstream = entry(server.on("/up.tar.gz", whole(CONTENT)))
    for place in (str(mirror), serve(server, mirror)):
        assert ask(upstream, more=("--mirror", place), mirror="other.tar.gz") == CONTENT
        assert "lists no other.tar.gz: skipped" in caplog.text
        assert ask(upstream, more=("--mirror", place), mirror="gone.tar.gz") == CONTENT


def test_a_mirror_whose_file_is_wrong_fails_that_try(server, ask, mirror):
    (mirror / "x.tar.gz").write_bytes(CONTENT)
    upstream = entry(server.on("/up.tar.gz", whole(CONTENT)))
    for place in (str(mirror), serve(server, mirror)):
        message = ask.refused(more=("--mirror", place))
        assert sha(OTHER) in message
        assert sha(CONTENT) in message
        assert ask(upstream, more=("--mirror", place)) == CONTENT
        assert ask.receipt["origin"] == upstream["url"]


def test_a_mirror_that_is_none(server, ask, mirror):
    upstream = entry(server.on("/up.tar.gz", whole(CONTENT)))
    (mirror / "SHA256SUMS").write_text("x.tar.gz is fine\n")
    page = server.on("/mirror/SHA256SUMS", whole(PAGE))
    for place, message in [
        (str(mirror), "SHA256SUMS, line 1: found"),
        ("nowhere", "SHA256SUMS cannot be read: there is no nowhere/SHA256SUMS"),
        (server.url("/nothing"), "SHA256SUMS cannot be read: HTTP 404"),
        (page.removesuffix("/SHA256SUMS"), "HTML page"),
    ]:
        assert message in ask.refused(more=("--mirror", place))
        assert ask(upstream, more=("--mirror", place)) == CONTENT


def test_a_mirror_that_has_another_file_than_the_configuration_is_used_with_a_warning(
    ask, mirror, caplog
):
    warning = "the mirror's file is used, although the configuration has other digests"
    others = [entry("file:none"), entry("file:none", PAGE)]
    for places in ([], [entry("file:none", None)], [*others, entry("file:none", OTHER)]):
        assert ask(*places, more=("--mirror", str(mirror))) == OTHER
        assert warning not in caplog.text
    assert ask(*others, more=("--mirror", str(mirror))) == OTHER
    (line,) = [record.message for record in caplog.records if warning in record.message]
    assert [sha(content) in line for content in (CONTENT, PAGE, OTHER)] == [True] * 3


@pytest.fixture
def by_hand(room):
    path = room / "resources" / "by-hand" / "x.tar.gz"
    path.parent.mkdir(parents=True)
    return path


def test_a_file_placed_by_hand_comes_first(server, ask, by_hand, mirror):
    by_hand.write_bytes(CONTENT)
    places = [entry(server.url("/1"), OTHER), entry(server.url("/2"))]
    assert ask(*places, more=("--mirror", str(mirror))) == CONTENT
    assert ask.receipt["origin"] == "by hand resources/by-hand/x.tar.gz"
    assert server.seen == []
    assert by_hand.exists()


def test_a_wrong_file_placed_by_hand_is_refused(server, ask, by_hand):
    by_hand.write_bytes(OTHER)
    message = ask.refused(entry(server.on("/x.tar.gz", whole(CONTENT))))
    assert sha(OTHER) in message
    assert sha(CONTENT) in message
    assert "resources/by-hand/x.tar.gz" in message
    by_hand.write_bytes(PAGE)
    assert "HTML page" in ask.refused(entry(server.url("/x.tar.gz"), None))
    by_hand.unlink()
    by_hand.symlink_to("nowhere")
    assert "broken link" in ask.refused(entry(server.url("/x.tar.gz")))
    assert server.seen == []


def test_a_file_placed_by_hand_without_any_digest_known(server, room, by_hand):
    ask = Asked(room)
    by_hand.write_bytes(OTHER)
    assert ask(entry(server.url("/x.tar.gz"), None)) == OTHER
    by_hand.rename(by_hand.with_name("other"))
    (room / "elsewhere").mkdir()
    (room / "elsewhere" / "x.tar.gz").write_bytes(CONTENT)
    assert ask(more=("--by-hand", str(room / "elsewhere"))) == CONTENT


@pytest.mark.parametrize("name", ["x.tar.gz", "mit Leer zeichen/größe 100%25 #1?.tar.gz"])
def test_local_files(ask, room, name):
    path = room / "root" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    root = ("--root", str(room / "root"))
    for url in (f"file:{path}", f"file://{path}", path.as_uri(), f"file:root/{name}"):
        assert ask(entry(url)) == CONTENT
        assert ask.receipt["origin"] == url
    for url in (f"file:{name}", f"file:{quote(name)}"):
        assert ask(entry(url), more=root) == CONTENT
    message = ask.refused(entry("file:no such.gz"), more=root)
    assert f"there is no no such.gz, nor {room / 'root' / 'no such.gz'}" in message
    assert "is a folder" in ask.refused(entry(f"file:{path.parent}", member="x"))
    assert "another computer" in ask.refused(entry("file://host/x"))
    assert path.read_bytes() == CONTENT


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize("place", ["file", "folder", "host"])
def test_a_file_that_git_lfs_did_not_fetch_is_refused(server, ask, room, place):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    (room / "shards").mkdir()
    (room / "shards/train.parquet").write_bytes(pointer)
    address = server.on("/x.tar.gz", whole(pointer))
    url = {"file": "file:shards/train.parquet", "folder": "file:shards", "host": address}[place]
    assert "it is a pointer of Git LFS, not the file itself" in ask.refused(entry(url, None))


def wheel(folder: Path) -> bytes:
    """Put a wheel with one data file into ``folder``."""
    files = {
        "tiny_words/words.txt": "the 0.1\n",
        "tiny_words-1.0.dist-info/METADATA": "Metadata-Version: 2.1\n"
        "Name: tiny-words\nVersion: 1.0\n",
        "tiny_words-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
        "tiny_words-1.0.dist-info/RECORD": "",
    }
    folder.mkdir()
    path = folder / "tiny_words-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path.read_bytes()


def test_a_package(server, room, monkeypatch, caplog):
    content = wheel(room / "index with secret")
    huge = server.on("/huge-1.0-py3-none-any.whl", announces(10**15, bytes(1_000_000)))
    links = server.on("/links", whole(f"<a href='{huge}'>x</a>".encode(), Content_Type="text/html"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{(room / 'index with secret').as_uri()} {links}")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    ask = Asked(room, "words.txt")
    offer = {"package": "tiny-words==1.0", "sha256": sha(content), "bytes": len(content)}
    assert ask({"package": "tiny-words==2.0"}, {"package": "huge==1.0"}, offer) == content
    assert ask.receipt["origin"] == "package tiny-words==1.0"
    assert ask.receipt["form"] == "zip"
    assert "tiny-words==2.0: the package index has no wheel of that name" in caplog.text
    assert re.search(r"huge==1.0: the disk is full: .*needs [\d,]{21} bytes", caplog.text)
    assert "with secret" not in caplog.text + ask.receipt_path.read_text()
    assert ask.left == []
