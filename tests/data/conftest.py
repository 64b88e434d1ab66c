"""Small pictures made by the tests, a home folder that is not the user's, and a small Hub."""

import hashlib
import io
import json
import re
import threading
import zipfile
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch) -> Path:
    """Everything that ganzoo keeps goes into a folder of this test."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GANZOO_HOME", str(folder))
    monkeypatch.delenv("GANZOO_DATA", raising=False)
    return folder


def make_picture(
    seed: int = 0,
    *,
    size: tuple[int, int] = (12, 10),
    mode: str = "RGB",
    kind: str = "PNG",
    **options,
) -> bytes:
    """A file of random pixels: width x height."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    shape = (size[1], size[0], channels) if channels > 1 else (size[1], size[0])
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def picture():
    return make_picture


@pytest.fixture
def fill():
    """Writes files, by relative name, into a folder."""

    def write(folder: Path, files: dict[str, bytes]) -> Path:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    return write


@pytest.fixture
def pack():
    """Writes files, by name, into a zip archive."""

    def write(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path

    return write


COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """A server on loopback that answers as the Hub does, with one data set repository.

    Args:
        files: Contents by name.
    """

    def __init__(self, files):
        self.files = dict(files)
        self.small = set()  # names of files that lie in git itself, not in the large storage
        self.revisions = {"main": COMMIT}  # commits by branch or tag
        self.card = {"license": "cc-by-4.0"}
        self.claims = {}  # sizes by name, where they are not the true ones
        self.faults = Counter()  # how many of the next transfers are cut off half-way, by name
        self.status = 200
        self.requests = []
        self.on_request = lambda: None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def header(self, name, path):
        """All values of a request header that came for a path."""
        return {headers.get(name) for _, asked, headers in self.requests if asked == path}

    def _handler(hub):  # noqa: N805 - self is the request's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer()

            def do_GET(self):
                self.answer()

            def answer(self):
                hub.on_request()
                headers = {name.lower(): value for name, value in self.headers.items()}
                hub.requests.append((self.command, self.path, headers))
                path = unquote(self.path.partition("?")[0])
                asked = re.fullmatch(r"/api/datasets/some/faces/(revision|tree)/(.+)", path)
                found = re.fullmatch(r"/datasets/some/faces/resolve/(\w+)/(.+)", path)
                stored = re.fullmatch(r"/storage/(.+)", path)
                if hub.status != 200:
                    self.reply(hub.status, {"Content-Length": "0"})
                elif asked and asked[2] in {*hub.revisions, *hub.revisions.values()}:
                    commit = hub.revisions.get(asked[2], asked[2])
                    self.describe(commit) if asked[1] == "revision" else self.list()
                elif found and found[2] in hub.files:
                    self.resolve(found[2])
                elif stored and stored[1] in hub.files:
                    self.transfer(stored[1])
                else:
                    headers = {"X-Error-Code": "RepoNotFound", "Content-Length": "0"}
                    self.reply(404, headers)

            def describe(self, commit):
                self.reply_json({"id": "some/faces", "sha": commit, "cardData": hub.card})

            def list(self):
                entries = [{"type": "directory", "oid": COMMIT, "path": "folder"}]
                for name, data in hub.files.items():
                    size = hub.claims.get(name, len(data))
                    entry = {"type": "file", "oid": blob(data), "size": size, "path": name}
                    if name not in hub.small:
                        oid = hashlib.sha256(data).hexdigest()
                        entry["lfs"] = {"oid": oid, "size": size, "pointerSize": 130}
                    entries.append(entry)
                self.reply_json(entries)

            def reply_json(self, content):
                data = json.dumps(content).encode()
                self.reply(200, {"Content-Type": "application/json", "Content-Length": len(data)})
                self.wfile.write(data)

            def resolve(self, name):
                """As the Hub does: large files are redirected to the storage."""
                data = hub.files[name]
                if name in hub.small:
                    self.transfer(name, {"X-Repo-Commit": COMMIT, "ETag": f'"{blob(data)}"'})
                    return
                self.reply(
                    302,
                    {
                        "X-Repo-Commit": COMMIT,
                        "X-Linked-Size": str(hub.claims.get(name, len(data))),
                        "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
                        # another host, as the Hub's storage is
                        "Location": f"{hub.endpoint}/storage/{name}".replace(
                            "127.0.0.1", "localhost"
                        ),
                        "Content-Length": "0",
                    },
                )

            def transfer(self, name, more=()):
                data = hub.files[name]
                start = 0
                if wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
                    start = int(wanted[1])
                headers = {"Content-Length": str(len(data) - start), "Accept-Ranges": "bytes"}
                headers |= dict(more)
                if start:
                    headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
                self.reply(206 if start else 200, headers)
                if self.command == "HEAD":
                    return
                if hub.faults[name]:
                    hub.faults[name] -= 1
                    self.wfile.write(data[start : start + (len(data) - start) // 2])
                    self.close_connection = True
                else:
                    self.wfile.write(data[start:])

            def reply(self, status, headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *args):
                pass

        return Handler


def blob(data):
    """What git calls a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@pytest.fixture
def serve(monkeypatch):
    """Starts a Hub with the given files, for the client in this process and its children."""
    servers = []

    def start(files):
        servers.append(Hub(files))
        monkeypatch.setenv("HF_ENDPOINT", servers[-1].endpoint)
        return servers[-1]

    yield start
    for server in servers:
        server.close()
