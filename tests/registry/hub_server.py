"""A small server on loopback that answers as the Hub does, faults included."""

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

REPO = "me/gans"


def commit_of(files: dict[str, bytes]) -> str:
    total = hashlib.sha1()
    for path in sorted(files):
        total.update(path.encode() + hashlib.sha1(files[path]).digest())
    return total.hexdigest()


class Server:
    """One model repository, its commits and its branches.

    Attributes:
        commits: Files of each commit.
        branches: The commit of each branch; `main` is none before the first push.
        requests: Method, path and headers of every request.
        token: If not None, whoever does not send it gets 401.
        fault: Called with a handler before it answers; True if it has answered already.
    """

    def __init__(self):
        self.commits: dict[str, dict[str, bytes]] = {}
        self.branches: dict[str, str] = {}
        self.requests: list[tuple[str, str, dict]] = []
        self.large: dict[str, bytes] = {}
        self.token: str | None = None
        self.fault: Callable[[BaseHTTPRequestHandler], bool] = lambda handler: False
        self.on_commit: Callable[[], None] = lambda: None
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.storage = self.endpoint.replace("127.0.0.1", "localhost")  # another host
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.commit({".gitattributes": b""})

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.branches["main"]]

    def commit(self, changes: dict[str, bytes | None], branch: str = "main") -> str:
        """A new commit on a branch: files by path, None for a file that goes."""
        files = dict(self.commits.get(self.branches.get(branch, ""), {}))
        for path, data in changes.items():
            files.pop(path, None)
            if data is not None:
                files[path] = data
        commit = commit_of(files)
        self.commits[commit] = files
        self.branches[branch] = commit
        return commit

    def _handler(server):  # noqa: N805 - self is the request's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer()

            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.answer()

            def do_PUT(self):
                self.answer()

            def answer(self):
                self.body = self.read_body()
                headers = {name.lower(): value for name, value in self.headers.items()}
                path = unquote(urlsplit(self.path).path)
                server.requests.append((self.command, self.path, headers))
                if server.fault(self):
                    return
                known = headers.get("authorization") == f"Bearer {server.token}"
                if server.token and not known and not path.startswith("/storage/"):
                    self.reply(401, b"", {"X-Error-Message": "Invalid credentials"})
                    return
                for pattern, method in ROUTES.items():
                    found = re.fullmatch(pattern, path)
                    if found:
                        getattr(self, method)(*found.groups())
                        return
                self.reply(404, b"", {"X-Error-Code": "RepoNotFound"})

            def read_body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                pieces = []
                while size := int(self.rfile.readline(), 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)

            def create(self):
                exists = {"url": f"{server.endpoint}/{REPO}", "error": "exists"}
                self.reply(409, json.dumps(exists).encode())

            def info(self, revision):
                commit = server.branches.get(revision, revision)
                if commit not in server.commits:
                    self.reply(404, b"", {"X-Error-Code": "RevisionNotFound"})
                    return
                siblings = [{"rfilename": path} for path in sorted(server.commits[commit])]
                self.json({"id": REPO, "modelId": REPO, "sha": commit, "siblings": siblings})

            def resolve(self, revision, path):
                commit = server.branches.get(revision, revision)
                data = server.commits.get(commit, {}).get(path)
                if data is None:
                    self.reply(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
                    return
                digest = hashlib.sha256(data).hexdigest()
                headers = {"X-Repo-Commit": commit, "ETag": f'"{digest}"'}
                if path.endswith(".safetensors"):  # large: a redirect to the storage
                    headers |= {
                        "X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{digest}"',
                        "Location": f"{server.storage}/storage/{digest}",
                    }  # fmt: skip
                    server.large[digest] = data
                    self.reply(302, b"", headers)
                else:
                    self.transfer(data, headers)

            def stored(self, digest):
                if self.command == "PUT":
                    server.large[digest] = self.body
                    self.reply(200, b"")
                else:
                    self.transfer(server.large[digest], {"ETag": f'"{digest}"'})

            def transfer(self, data, headers):
                start = 0
                if wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
                    start = int(wanted[1])
                    headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
                self.reply(206 if start else 200, data[start:], headers)

            def yaml(self):
                self.json({"errors": [], "warnings": []})

            def preupload(self, revision):
                files = json.loads(self.body)["files"]
                self.json({"files": [
                    {"path": file["path"], "shouldIgnore": False, "oid": None,
                     "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular"}
                    for file in files
                ]})  # fmt: skip

            def batch(self):
                objects = json.loads(self.body)["objects"]
                place = f"{server.storage}/storage"
                self.json({"transfer": "basic", "objects": [
                    one | {"actions": {"upload": {"href": f"{place}/{one['oid']}"}}}
                    for one in objects
                ]})  # fmt: skip

            def commits(self, revision):
                server.on_commit()
                lines = [json.loads(line) for line in self.body.splitlines()]
                changes = {}
                parent = None
                for line in lines:
                    value = line["value"]
                    if line["key"] == "header":
                        parent = value.get("parentCommit")
                    elif line["key"] == "file":
                        changes[value["path"]] = base64.b64decode(value["content"])
                    elif line["key"] == "lfsFile":
                        changes[value["path"]] = server.large[value["oid"]]
                with server.lock:
                    if parent not in (None, server.branches[revision]):
                        message = "A commit has happened since."
                        self.reply(412, b"{}", {"X-Error-Message": message})
                        return
                    commit = server.commit(changes, revision)
                url = f"{server.endpoint}/{REPO}/commit/{commit}"
                self.json({"success": True, "commitOid": commit, "commitUrl": url})

            def json(self, content):
                self.reply(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

            def reply(self, status, data, headers=()):
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **dict(headers)}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def log_message(self, *args):
                pass

        return Handler


ROUTES = {
    "/api/repos/create": "create",
    f"/api/models/{REPO}/revision/([^/]+)": "info",
    f"/{REPO}/resolve/([^/]+)/(.+)": "resolve",
    "/storage/([0-9a-f]{64})": "stored",
    "/api/validate-yaml": "yaml",
    f"/api/models/{REPO}/preupload/([^/]+)": "preupload",
    f"/{REPO}.git/info/lfs/objects/batch": "batch",
    f"/api/models/{REPO}/commit/([^/]+)": "commits",
}


# Faults: each answers, or does not, in the place of the server.


def cut(handler, *, after: float = 0.5, claim: float = 1.0, data: bytes = b"x" * 4000) -> bool:
    """A body of which only a part comes."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(int(len(data) * claim)))
    handler.end_headers()
    handler.wfile.write(data[: int(len(data) * after)])
    handler.close_connection = True
    return True


def status(handler, code: int, **headers: str) -> bool:
    """A plain status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    handler.reply(code, b"", named)
    return True


def drip(handler, *, seconds: float) -> bool:
    """A byte now and then."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        pass
    handler.close_connection = True
    return True
