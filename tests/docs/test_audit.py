import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from helpers import ROOT

KNOWN = {
    "id": "PYSEC-0000-1",
    "summary": "It runs what it reads.",
    "modified": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "numpy", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
            "versions": ["1.0"],
        }
    ],
}


class Database(BaseHTTPRequestHandler):
    known: dict

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        content = json.dumps(self.known).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def database(monkeypatch) -> Iterator[ThreadingHTTPServer]:
    """A database of vulnerabilities on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Database)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OSV_URL", f"http://127.0.0.1:{server.server_port}/v1/query")
    yield server
    server.shutdown()
    server.server_close()


def audit(folder, monkeypatch, known: dict) -> subprocess.CompletedProcess:
    lock = folder / "some.lock"
    lock.write_text(f"numpy==1.0 --hash=sha256:{64 * '0'}\n")
    monkeypatch.setattr(Database, "known", known, raising=False)
    env = os.environ | {"XDG_CACHE_HOME": str(folder)}
    command = [ROOT / ".ci/audit", lock]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.reliability("Security")
def test_a_dependency_with_a_known_vulnerability_ends_the_checks(tmp_path, monkeypatch, database):
    done = audit(tmp_path, monkeypatch, {"vulns": [KNOWN]})
    assert done.returncode == 1
    assert "PYSEC-0000-1" in done.stdout
    assert "make lock" in done.stderr


def test_dependencies_without_one_pass(tmp_path, monkeypatch, database):
    done = audit(tmp_path, monkeypatch, {})
    assert done.returncode == 0
    assert "No known vulnerabilities found" in done.stdout


@pytest.mark.reliability("Security")
def test_where_vulnerabilities_cannot_be_looked_up_the_checks_report_it(
    tmp_path, monkeypatch, database
):
    database.server_close()
    database.shutdown()
    done = audit(tmp_path, monkeypatch, {})
    assert done.returncode == 0
    assert done.stdout.startswith("NOT CHECKED for known vulnerabilities: ")
