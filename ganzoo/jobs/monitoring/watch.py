"""Local server of a run's report, which is made again when the run has changed."""

import contextlib
import os
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from urllib.parse import urlsplit

from ganzoo.catalog.run_folders import RUNS, numbered_folders
from ganzoo.catalog.runs import Run
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput, UsageError
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import quote

HOST = "127.0.0.1"
_HOSTS = (HOST, "localhost", "::1")  # with any port: it may be forwarded
_PAGE = ("/", "/report.html")
_MEDIA = {".gif": "image/gif", ".wav": "audio/wav"}  # of the files beside the report
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def newest_run(runs: Path = RUNS) -> Run:
    """Return the run with the highest number, folders that are no run's left out.

    Args:
        runs: The folder of numbered runs.

    Raises:
        UsageError: There is none.
    """
    for _, path in reversed(numbered_folders(runs)):
        with contextlib.suppress(InvalidInput):  # also one that is being made
            return Run.open(path)
    raise UsageError(f"There is no run in {quote(runs)}.", hint="Begin one: ganzoo train NAME.")


class RunServer(ThreadingHTTPServer):
    """Server of one run's report and animation to this machine; it only reads.

    Args:
        run: The run, running or not.
        port: Port to listen at; 0 for one that is free.

    Raises:
        EnvironmentProblem: The port is taken or not allowed.
    """

    daemon_threads = True

    def __init__(self, run: Run, port: int = 0):
        self.watched = _WatchedRun(run)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise EnvironmentProblem(
                f"Cannot listen at port {port}. Received: {error.strerror}.",
                hint="Choose another: --port N; 0 takes a free one.",
            ) from error

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{HOST}:{self.server_port}/"

    def server_bind(self) -> None:
        """Bind without asking for the machine's name, which can take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]


class _WatchedRun:
    """A run and its newest page.

    A change is dated by when it is seen, in whole seconds, each later than the last: that is how
    a page asks whether there is a newer one.
    """

    def __init__(self, run: Run):
        self.run = run
        self._lock = threading.Lock()
        self._seen: list | None = None
        self._changed = self._page_date = 0
        self._page = b""

    def changed(self) -> int:
        """Return when the run was seen to have changed, in seconds since 1970."""
        with self._lock:
            return self._look()

    def page(self) -> tuple[bytes, int]:
        """Return the page and its date."""
        with self._lock:
            date = self._look()
            if self._page_date != date:
                from ganzoo.jobs.report import report_of_run  # NumPy and Pillow, when needed

                self._page, self._page_date = report_of_run(self.run, served=True).encode(), date
            return self._page, date

    def _look(self) -> int:
        run = self.run
        paths = (run.manifest_path, run.recipe_path, run.log_path, run.samples, run.gif_path)
        seen = [run.state(), *(_modified(path) for path in paths)]
        if seen != self._seen:
            self._seen, self._changed = seen, max(int(time.time()), self._changed + 1)
        return self._changed


class _Handler(BaseHTTPRequestHandler):
    server: RunServer
    timeout = 30  # seconds

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path, watched = urlsplit(self.path).path, self.server.watched
        name = path.removeprefix("/")
        try:
            if _host_name(self.headers.get("Host")) not in _HOSTS:  # a name that leads here
                self._send(403, b"This server is for this machine alone.", with_body=with_body)
            elif path in _PAGE:
                page, date = watched.page() if with_body else (b"", watched.changed())
                self._send(200, page, "text/html; charset=utf-8", date, with_body=with_body)
            elif name == watched.run.gif_path.name or name in _media_names():
                path = watched.run.path / name
                if not os.path.lexists(path):
                    raise FileNotFoundError
                self._send(200, read_bytes(path), _MEDIA[Path(name).suffix], with_body=with_body)
            else:
                self._send(404, b"There is no such file.", with_body=with_body)
        except FileNotFoundError:
            self._send(404, b"It is not there yet.", with_body=with_body)
        except (GanzooError, OSError) as error:
            self._send(500, str(error).encode(errors="replace"), with_body=with_body)

    def _send(
        self,
        status: int,
        content: bytes,
        kind: str = "text/plain; charset=utf-8",
        date: int | None = None,
        *,
        with_body: bool,
    ) -> None:
        self.send_response(status)
        for header, value in _HEADERS.items():
            self.send_header(header, value)
        self.send_header("Content-Type", kind)
        if date is not None:
            self.send_header("Last-Modified", formatdate(date, usegmt=True))
        if with_body:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def log_message(self, format, *arguments) -> None:
        """Print nothing."""

    def version_string(self) -> str:
        return "ganzoo"


def _host_name(host: str | None) -> str | None:
    """The name in a header `Host`, without port, brackets and capital letters."""
    try:
        return urlsplit(f"//{host or ''}").hostname
    except ValueError:
        return None


def _media_names() -> set[str]:
    return {f"samples{suffix}" for suffix in _MEDIA}


def _modified(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
