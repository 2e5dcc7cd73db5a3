"""Secrets in addresses."""

import base64
import logging

import pytest
from fetching import CONTENT, OTHER, entry, sha
from misbehaving_server import redirect, status, whole


@pytest.mark.reliability("Security")
def test_secrets_stay_secret(server, ask, capfd, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    secrets = ["hunter2", "t0ken", "s1gned", "me%40home"]
    login = "me%40home:hunter2@"

    def secret(path, *behaviours):
        server.on(path, *behaviours)
        return server.url(path, login) + "?key=t0ken&x=1#t0ken"

    urls = [
        secret("/403.tar.gz", status(403)),
        secret("/500.tar.gz", status(500)),
        secret("/cut.tar.gz", whole(CONTENT, cut=10)),
        secret("/wrong.tar.gz", whole(OTHER)),
        secret("/away.tar.gz", redirect("ftp://me%40home:hunter2@host/x?sig=s1gned")),
        secret("/loop.tar.gz", redirect(server.url("/loop.tar.gz?sig=s1gned"))),
        secret("/416.zip", status(416)),
    ]
    dead = f"http://{login}127.0.0.1:1/x.tar.gz?key=t0ken"
    entries = [entry(url) for url in [*urls, dead]]
    entries += [entry(urls[-1], member="m"), entry(dead, member="m"), entry(urls[1], member="m")]
    mirror = server.url("/mirror", login) + "?key=t0ken"
    more = ("--mirror", mirror)
    said = [ask.refused(*entries, more=more)]
    sums = f"{sha(CONTENT)}  x.tar.gz\n".encode()
    server.on("/mirror/SHA256SUMS", whole(sums))
    server.on("/mirror/x.tar.gz", whole(CONTENT))
    assert ask(*entries, more=more) == CONTENT
    assert server.seen[-1].path == "/mirror/x.tar.gz?key=t0ken"
    assert server.seen[-1].authorization.startswith("Basic ")
    said.append(ask.receipt_path.read_text())
    ask(entry(secret("/good.tar.gz", whole(CONTENT))))
    said.append(ask.receipt_path.read_text())
    for wrong in ("http://me:hunter2/x@host:port", "ftp://me:hunter2@host/", "http://:hunter2@/x"):
        said.append(ask.refused(more=("--mirror", wrong)))
    logged = [record.getMessage() for record in caplog.records]
    everything = "\n".join([*said, *logged, *capfd.readouterr(), *ask.left])
    for word in secrets:
        assert word not in everything
    assert "127.0.0.1" in everything


@pytest.mark.reliability("Security")
def test_a_secret_of_an_address_is_taken_from_the_environment(server, ask, monkeypatch):
    server.on("/x.tar.gz", whole(CONTENT))
    address = server.url("/x.tar.gz", "me:${PASSWORD}@") + "?key=${KEY}"
    assert "its address names ${PASSWORD}; set" in ask.refused(entry(address))
    monkeypatch.setenv("PASSWORD", "hunter2/@")
    monkeypatch.setenv("KEY", "a&b")
    assert ask(entry(address)) == CONTENT
    assert server.seen[-1].path == "/x.tar.gz?key=a%26b"
    login = base64.b64encode(b"me:hunter2/@").decode()
    assert server.seen[-1].authorization == f"Basic {login}"
    assert "hunter2" not in ask.receipt_path.read_text()
