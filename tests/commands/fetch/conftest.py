"""A real server on loopback, and a folder to fetch into: nothing of the client is replaced."""

import logging
import os

import pytest
from fetching import Asked
from misbehaving_server import MisbehavingServer


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def server():
    with MisbehavingServer() as running:
        yield running


@pytest.fixture
def room(tmp_path, monkeypatch, caplog):
    """An empty working directory; the log is kept from the level that `run` shows."""
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.INFO)
    return tmp_path


@pytest.fixture
def ask(room):
    return Asked(room)
