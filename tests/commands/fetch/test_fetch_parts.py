"""What an earlier run left of a download."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fetching import CONTENT, OTHER, SCRIPT, Asked, entry
from misbehaving_server import announces, status, whole

import fetch
from seq2report.files import download, sources


def part_of(ask: Asked, found: dict, content: bytes, validator: str = '"one"') -> Path:
    """Leave ``content`` as an earlier run's part of a place."""
    source = sources.parse_source(json.dumps({"file": ask.file, "from": [found]}))
    ask.output.parent.mkdir(exist_ok=True)
    job = fetch.Job(source, ask.output, Path(), None, (), download.Retries(), None)
    wanted = source.entries[0].wanted
    left = job.partial(f"{found['url']}\nNone", wanted)
    left.begin(validator)
    left.append([content], None)
    return left.path


def test_a_finished_part_is_taken_without_its_bytes_travelling_again(server, ask):
    found = entry(server.on("/x.tar.gz", whole(CONTENT)))
    part_of(ask, found, CONTENT)
    assert ask(found) == CONTENT
    assert server.seen == []
    found = entry(found["url"], None)  # the size is unknown: 416 shows that it is complete
    part_of(ask, found, CONTENT)
    assert ask(found) == CONTENT
    assert [seen.status for seen in server.seen] == [416]


@pytest.mark.parametrize("left", [OTHER[:1000], CONTENT + b"more", OTHER])
def test_a_wrong_part_is_thrown_away(server, ask, left):
    found = entry(server.on("/x.tar.gz", whole(CONTENT)))
    part_of(ask, found, left)
    assert ask(found) == CONTENT
    assert ask.left == []


def test_a_part_of_one_place_is_not_continued_by_another(server, ask):
    first = entry(server.on("/1.tar.gz", whole(CONTENT, cut=100_000), status(404)))
    second = entry(server.on("/2.tar.gz", whole(CONTENT)))
    assert ask(first, second) == CONTENT
    assert [(s.path, s.range) for s in server.seen if s.path == "/2.tar.gz"] == [
        ("/2.tar.gz", None)
    ]
    assert ask.left == []


@pytest.mark.reliability("Interruption")
def test_a_download_that_was_killed_is_continued_where_it_was(server, ask):
    url = server.on("/x.tar.gz", announces(len(CONTENT), CONTENT[:200_000]), whole(CONTENT))
    arguments = [*ask.arguments([entry(url)]), "--stall-timeout", "30"]
    process = subprocess.Popen([sys.executable, SCRIPT, *arguments], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size > 150_000 for p in ask.output.parent.glob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not ask.output.exists()
    assert ask(entry(url)) == CONTENT
    again = server.seen[-1]
    assert again.status == 206
    assert again.sent == len(CONTENT) - int(again.range[6:-1]) < 160_000
    assert ask.left == []


@pytest.mark.reliability("Interruption")
def test_a_second_fetch_of_the_same_file_waits_for_the_first(server, ask):
    half = len(CONTENT) // 2
    url = server.on("/x.tar.gz", announces(len(CONTENT), CONTENT[:half]), whole(CONTENT))
    command = [sys.executable, SCRIPT, *ask.arguments([entry(url)])]
    pipe = {"stderr": subprocess.PIPE, "text": True}
    first = subprocess.Popen([*command, "--stall-timeout", "30"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not any(p.stat().st_size > half // 2 for p in ask.output.parent.glob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = subprocess.Popen(command, **pipe)
    while "another process fetches it, waiting" not in second.stderr.readline():
        assert second.poll() is None
    first.kill()
    second.communicate(timeout=60)
    assert second.returncode == 0
    assert ask.output.read_bytes() == CONTENT
    assert server.seen[-1].status == 206  # it goes on where the first one was
    assert sorted(path.name for path in ask.output.parent.iterdir() if path.name[0] == ".") == []
