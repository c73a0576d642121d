"""A web server on this machine that misbehaves on demand: for tests of downloads."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Misbehaviour:
    """What one request meets instead of good service."""

    status: int | None = None
    retry_after: str | None = None
    cut_after: int | None = None  # bytes sent before the connection is cut
    damage_at: int | None = None  # offset of a byte that comes wrong


@dataclass
class Site:
    """Files by path, how they are served, and what was asked for."""

    port: int
    files: dict[str, bytes] = field(default_factory=dict)
    etag: str | None = '"first"'
    modified: str | None = None
    knows_ranges: bool = True
    knows_if_range: bool = True
    says_length: bool = True
    pause: float = 0.0  # seconds between pieces of 8 KiB
    next: list[Misbehaviour] = field(default_factory=list)  # one for each coming request
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path and Range
    sent: int = 0

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        site, wanted = self.site, self.headers.get("Range")
        site.asked.append((self.path, wanted))
        trouble = site.next.pop(0) if site.next else Misbehaviour()
        content = site.files.get(self.path.lstrip("/"))
        if trouble.status or content is None:
            self.send_response(trouble.status or 404)
            if trouble.retry_after:
                self.send_header("Retry-After", trouble.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = self._start(wanted)
        if start is not None and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send_head(start, content)
        self._send_body(content, start or 0, trouble)

    def _start(self, wanted: str | None) -> int | None:
        """First byte to send, or None for the whole file with status 200."""
        version = self.headers.get("If-Range")
        other = self.site.knows_if_range and version not in (self.site.etag, self.site.modified)
        if not wanted or not self.site.knows_ranges or other:
            return None
        match = re.fullmatch(r"bytes=(\d+)-", wanted)
        assert match, wanted
        return int(match[1])

    def _send_head(self, start: int | None, content: bytes) -> None:
        self.send_response(200 if start is None else 206)
        if self.site.etag:
            self.send_header("ETag", self.site.etag)
        if self.site.modified:
            self.send_header("Last-Modified", self.site.modified)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.site.says_length:
            self.send_header("Content-Length", str(len(content) - (start or 0)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send_body(self, content: bytes, start: int, trouble: Misbehaviour) -> None:
        body = bytearray(content)
        if trouble.damage_at is not None:
            body[trouble.damage_at] ^= 0xFF
        rest = body[start:]
        end = len(rest) if trouble.cut_after is None else trouble.cut_after
        with contextlib.suppress(ConnectionError):
            for first in range(0, end, 1 << 13):
                piece = rest[first : min(first + (1 << 13), end)]
                self.wfile.write(piece)
                self.site.sent += len(piece)
                time.sleep(self.site.pause)
        if trouble.cut_after is not None or not self.site.says_length:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served() -> Iterator[Site]:
    """A site on a free port of this machine."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    handler.site = site = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
