"""A real HTTP server on loopback that answers each address with the behaviours given to it."""

import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Seen:
    """One request and how many bytes of body went back."""

    path: str
    range: str | None
    if_range: str | None
    authorization: str | None
    status: int = 0
    sent: int = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        get = self.headers.get
        self.seen = Seen(self.path, get("Range"), get("If-Range"), get("Authorization"))
        self.server.seen.append(self.seen)
        behaviours = self.server.behaviours.get(self.path.split("?")[0], [status(404)])
        (behaviours.pop(0) if len(behaviours) > 1 else behaviours[0])(self)

    def head(self, code: int, length: int | None, **headers: str | None) -> None:
        self.seen.status = code
        self.send_response(code)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def body(self, content: bytes) -> None:
        # Counted before: a client that has all bytes may ask before this thread runs again.
        self.seen.sent += len(content)
        try:
            self.wfile.write(content)
            self.wfile.flush()
        except OSError:  # the client has gone
            self.seen.sent -= len(content)
            self.close_connection = True

    def log_message(self, *_):
        pass


Behaviour = Callable[[Handler], None]


def whole(
    content: bytes,
    *,
    ranges: bool = True,
    etag: str | None = '"one"',
    cut: int | None = None,
    pause: float = 0.0,
    obey_if_range: bool = True,
    **headers: str,
) -> Behaviour:
    """Answer with ``content``; ``cut`` ends every answer after so many bytes, length or not."""

    def behave(handler: Handler) -> None:
        time.sleep(pause)
        seen, code, part, extra = handler.seen, 200, content, {}
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", seen.range or "") if ranges else None
        if asked and (seen.if_range in (None, etag) or not obey_if_range):
            first, last = asked.groups()
            start = int(first) if first else max(0, len(content) - int(last))
            stop = int(last) + 1 if first and last else len(content)
            if start >= len(content):
                return handler.head(416, 0, Content_Range=f"bytes */{len(content)}")
            code, part = 206, content[start:stop]
            extra = {"Content_Range": f"bytes {start}-{start + len(part) - 1}/{len(content)}"}
        handler.head(code, len(part), ETag=etag, **extra, **headers)
        handler.body(part[:cut])
        if cut is not None and cut < len(part):
            handler.close_connection = True
        return None

    return behave


def status(code: int, **headers: str) -> Behaviour:
    return lambda handler: handler.head(code, 0, **headers)


def redirect(target: str) -> Behaviour:
    return status(302, Location=target)


def shifted(content: bytes, start: int) -> Behaviour:
    """Answer any range with the one from ``start``."""

    def behave(handler: Handler) -> None:
        sent = f"bytes {start}-{len(content) - 1}/{len(content)}"
        handler.head(206, len(content) - start, ETag='"one"', Content_Range=sent)
        handler.body(content[start:])

    return behave


def unmeasured(content: bytes) -> Behaviour:
    """Answer without a length: the end of the connection is the end of the file."""

    def behave(handler: Handler) -> None:
        handler.head(200, None, Connection="close")
        handler.body(content)

    return behave


def announces(length: int, content: bytes) -> Behaviour:
    """Announce ``length`` bytes, send ``content``, then nothing: the connection stays open."""

    def behave(handler: Handler) -> None:
        handler.head(200, length, ETag='"one"')
        handler.body(content)
        handler.server.over.wait()
        handler.close_connection = True

    return behave


def endless(chunk: bytes) -> Behaviour:
    """Send chunks until the client hangs up."""

    def behave(handler: Handler) -> None:
        handler.head(200, None, Transfer_Encoding="chunked")
        while not handler.close_connection and not handler.server.over.is_set():
            handler.body(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    return behave


@dataclass
class MisbehavingServer:
    """``server.on("/x", status(500), whole(b"..."))``: one behaviour a request, the last stays."""

    certificate: Path | None = None
    seen: list[Seen] = field(default_factory=list)

    def __enter__(self) -> "MisbehavingServer":
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.seen, self.http.behaviours = self.seen, {}
        self.http.over = threading.Event()
        self.http.handle_error = lambda *_: None
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.http.over.set()
        self.http.shutdown()
        self.http.server_close()

    def on(self, path: str, *behaviours: Behaviour) -> str:
        """Set how ``path`` answers and return its address."""
        self.http.behaviours[path] = list(behaviours)
        return self.url(path)

    def url(self, path: str, login: str = "") -> str:
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://{login}127.0.0.1:{self.http.server_port}{path}"

    def sent(self, path: str) -> int:
        """Bytes of body that went out for ``path``."""
        return sum(seen.sent for seen in self.seen if seen.path.split("?")[0] == path)
