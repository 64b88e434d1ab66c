"""A small server on loopback that answers as the Hub does: one repository, faults included."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


def commit_of(files: dict[str, bytes]) -> str:
    total = hashlib.sha1()
    for path in sorted(files):
        total.update(path.encode() + hashlib.sha1(files[path]).digest())
    return total.hexdigest()


def blob(data: bytes) -> str:
    """What git calls a file of this content."""
    digest = hashlib.sha1(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()


class HubServer:
    """A repository of models or data, its commits and its branches.

    Args:
        repo_id: `"owner/name"`.
        files: Contents by name of the first commit.
        commit: Name of the first commit; by default that of its content.

    Attributes:
        commits: Files of each commit.
        branches: The commit of each branch.
        requests: Method, path and headers of every request.
        small: Names of files that lie in git itself, not in the storage of large files; by default
            all but weights.
        claims: Sizes by name, where the list of files shall not hold the true ones.
        card: The front matter of the repository's page.
        private: Branches of which the repository says that it is private; "space" is that of the
            Space of the same name, which there is once it was created.
        status: If not None, the status of every answer.
        cuts: How many of the next transfers from the storage are cut off half-way.
        token: If not None, whoever does not send it gets 401.
        fault: Called with a handler before it answers; True if it has answered already.
        on_request, on_commit: Called before a request is answered, before a commit is made.
    """

    def __init__(
        self,
        repo_id: str = "me/gans",
        files: dict[str, bytes] | None = None,
        commit: str | None = None,
    ):
        self.repo_id = repo_id
        files = {".gitattributes": b""} if files is None else dict(files)
        commit = commit or commit_of(files)
        self.commits: dict[str, dict[str, bytes]] = {commit: files}
        self.branches: dict[str, str] = {"main": commit}
        self.requests: list[tuple[str, str, dict]] = []
        self.small: set[str] | None = None
        self.claims: dict[str, object] = {}
        self.card: dict | None = {"license": "cc-by-4.0"}
        self.private: set[str] = set()
        self.token: str | None = None
        self.status: int | None = None
        self.cuts = 0
        self.fault: Callable[[BaseHTTPRequestHandler], bool] = lambda handler: False
        self.on_request: Callable[[], None] = lambda: None
        self.on_commit: Callable[[], None] = lambda: None
        self._stored: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self.storage = self.endpoint.replace("127.0.0.1", "localhost")  # another host
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def files(self) -> dict[str, bytes]:
        """Files of the branch `main`."""
        return self.commits[self.branches["main"]]

    @files.setter
    def files(self, files: dict[str, bytes]) -> None:
        self.commits[self.branches["main"]] = dict(files)

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

    def is_large(self, name: str) -> bool:
        return name.endswith(".safetensors") if self.small is None else name not in self.small

    def asked(self, part: str) -> list[str]:
        """Paths of requests that hold a part."""
        return [path for _, path, _ in self.requests if part in path]

    def header(self, name: str, data: bytes) -> set:
        """All values of a request header that came for the content of a large file."""
        path = f"/storage/{hashlib.sha256(data).hexdigest()}"
        return {headers.get(name) for _, asked, headers in self.requests if asked == path}

    def _handler(server):
        # long: one class whose methods are the answers of the server
        id = server.repo_id
        routes = {
            "/api/repos/create": "create",
            f"/api/(?:models|datasets)/{id}/revision/([^/]+)": "describe",
            f"/api/(?:models|datasets)/{id}/tree/([^/]+)": "list",
            f"/(?:datasets/|spaces/)?{id}/resolve/([^/]+)/(.+)": "resolve",
            "/storage/([0-9a-f]{64})": "stored",
            "/api/validate-yaml": "yaml",
            f"/api/models/{id}/preupload/([^/]+)": "preupload",
            f"/{id}.git/info/lfs/objects/batch": "batch",
            f"/api/models/{id}/commit/([^/]+)": "make_commit",
        }

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer()

            do_GET = do_POST = do_PUT = do_HEAD

            def answer(self):
                server.on_request()
                self.body = self.read_body()
                headers = {name.lower(): value for name, value in self.headers.items()}
                path = unquote(urlsplit(self.path).path)
                server.requests.append((self.command, self.path, headers))
                if server.fault(self):
                    return
                if server.status is not None:
                    self.reply(server.status, b"")
                    return
                known = headers.get("authorization") == f"Bearer {server.token}"
                if server.token and not known and not path.startswith("/storage/"):
                    self.reply(401, b"", {"X-Error-Message": "Invalid credentials"})
                    return
                space = re.fullmatch("/api/spaces/(.*?)(/main)?", path)  # of the same name
                path = f"/api/models/{space[1]}{'/space' if space[2] else ''}" if space else path
                for pattern, method in routes.items():
                    if found := re.fullmatch(pattern, path):
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
                asked = json.loads(self.body)
                if asked.get("type") == "space" and "space" not in server.branches:
                    names = (".gitattributes", "README.md", "index.html", "style.css")
                    server.commit(dict.fromkeys(names, b"example"), "space")
                    server.private |= {"space"} if asked.get("visibility") == "private" else set()
                    self.json({"url": f"{server.endpoint}/spaces/{server.repo_id}"})
                    return
                exists = {"url": f"{server.endpoint}/{server.repo_id}", "error": "exists"}
                self.reply(409, json.dumps(exists).encode())

            def files_at(self, revision):
                commit = server.branches.get(revision, revision)
                known = {*server.commits, *server.branches.values()}
                if commit not in known:
                    self.reply(404, b"", {"X-Error-Code": "RevisionNotFound"})
                    return None, {}
                return commit, server.commits.get(commit, {})

            def describe(self, revision):
                commit, files = self.files_at(revision)
                if commit in server.branches.values() or files:
                    siblings = [{"rfilename": path} for path in sorted(files)]
                    self.json({"id": server.repo_id, "sha": commit, "siblings": siblings,
                               "cardData": server.card,
                               "private": revision in server.private})  # fmt: skip

            def list(self, revision):
                commit, files = self.files_at(revision)
                if commit is None:
                    return
                entries = [{"type": "directory", "oid": "0" * 40, "path": "folder"}]
                for name, data in files.items():
                    size = server.claims.get(name, len(data))
                    entry = {"type": "file", "oid": blob(data), "size": size, "path": name}
                    if server.is_large(name):
                        oid = hashlib.sha256(data).hexdigest()
                        entry["lfs"] = {"oid": oid, "size": size, "pointerSize": 130}
                    entries.append(entry)
                self.json(entries)

            def resolve(self, revision, name):
                commit = server.branches.get(revision, revision)
                data = server.commits.get(commit, {}).get(name)
                if data is None:
                    self.reply(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
                elif server.is_large(name):  # a redirect to the storage
                    digest = hashlib.sha256(data).hexdigest()
                    server._stored[digest] = data
                    self.reply(302, b"", {
                        "X-Repo-Commit": commit, "X-Linked-Etag": f'"{digest}"',
                        "X-Linked-Size": str(server.claims.get(name, len(data))),
                        "Location": f"{server.storage}/storage/{digest}",
                    })  # fmt: skip
                else:
                    self.transfer(data, {"X-Repo-Commit": commit, "ETag": f'"{blob(data)}"'})

            def stored(self, digest):
                if self.command == "PUT":
                    server._stored[digest] = self.body
                    self.reply(200, b"")
                else:
                    self.transfer(server._stored[digest], {"ETag": f'"{digest}"'})

            def transfer(self, data, headers):
                start = 0
                if wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
                    start = int(wanted[1])
                    headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
                if server.cuts and self.command == "GET" and self.path.startswith("/storage/"):
                    server.cuts -= 1
                    self.send_response(206 if start else 200)
                    self.send_header("Content-Length", str(len(data) - start))
                    self.end_headers()
                    self.wfile.write(data[start : (start + len(data)) // 2])
                    self.close_connection = True
                    return
                self.reply(206 if start else 200, data[start:], headers)

            def yaml(self):
                self.json({"errors": [], "warnings": []})

            def preupload(self, revision):
                files = json.loads(self.body)["files"]
                self.json({"files": [
                    {"path": file["path"], "shouldIgnore": False, "oid": None,
                     "uploadMode": "lfs" if server.is_large(file["path"]) else "regular"}
                    for file in files
                ]})  # fmt: skip

            def batch(self):
                objects = json.loads(self.body)["objects"]
                place = f"{server.storage}/storage"
                self.json({"transfer": "basic", "objects": [
                    one | {"actions": {"upload": {"href": f"{place}/{one['oid']}"}}}
                    for one in objects
                ]})  # fmt: skip

            def make_commit(self, revision):
                server.on_commit()
                changes = {}
                parent = None
                for line in map(json.loads, self.body.splitlines()):
                    value = line["value"]
                    if line["key"] == "header":
                        parent = value.get("parentCommit")
                    elif line["key"] == "file":
                        changes[value["path"]] = base64.b64decode(value["content"])
                    elif line["key"] == "lfsFile":
                        changes[value["path"]] = server._stored[value["oid"]]
                with server._lock:
                    if parent not in (None, server.branches[revision]):
                        message = "A commit has happened since."
                        self.reply(412, b"{}", {"X-Error-Message": message})
                        return
                    commit = server.commit(changes, revision)
                url = f"{server.endpoint}/{server.repo_id}/commit/{commit}"
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
