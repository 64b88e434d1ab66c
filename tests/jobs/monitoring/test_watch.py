"""The server of a run's page: this machine alone, the report's files alone, always the newest."""

import http.client
import os
import socket
import threading
from pathlib import Path

import pytest

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.run_folders import numbered_folders
from ganzoo.catalog.runs import Run
from ganzoo.errors import EnvironmentProblem, UsageError
from ganzoo.jobs.monitoring.watch import RunServer, newest_run

RECIPE = {
    "architecture": {"name": "dcgan"}, "dataset": {"name": "digits"},
    "generator_optimizer": {"name": "adam"}, "discriminator_optimizer": {"name": "adam"},
    "training": {"steps": 100},
}  # fmt: skip


def make_run(path: Path) -> Run:
    run = Run.create_at(path)
    run.recipe_path.write_text(Recipe.from_tables(RECIPE).toml())
    run.manifest_path.write_text('{"state": "running", "data": {"count": 64}}')
    run.samples.mkdir()
    return run


@pytest.fixture
def server(tmp_path):
    (tmp_path / "secret").write_text("secret")
    with RunServer(make_run(tmp_path / "run")) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server, path="/", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer, answer.read().decode("utf-8", "replace")


def test_the_page_is_that_of_the_run_and_follows_it(server):
    answer, page = ask(server)
    assert answer.status == 200 and "No values have been logged yet" in page
    assert "interrupted" in page  # nobody holds its lock
    run = server.watched.run
    run.append_log({"step": 50, "d_loss": 0.125, "g_loss": 2.0})
    with run.lock():
        page = ask(server, "/report.html")[1]
        assert "0.1250" in page and "still training" in page
    page = ask(server)[1]  # it may be resumed
    assert "still training" not in page and 'class="refresh"' in page


def test_the_date_of_the_page_rises_with_every_change_and_only_then(server):
    def date():
        return ask(server, method="HEAD")[0].headers["Last-Modified"]

    first = date()
    assert first == date()
    server.watched.run.append_log({"step": 50})
    assert date() != first


def test_the_animation_is_served_when_it_is_there(server):
    assert ask(server, "/progress.gif")[0].status == 404
    server.watched.run.gif_path.write_bytes(b"GIF89a")
    answer, content = ask(server, "/progress.gif")
    assert (answer.headers["Content-Type"], content) == ("image/gif", "GIF89a")


@pytest.mark.parametrize(
    "path",
    ["/manifest.json", "/samples/", "/samples", "/../secret", "/%2e%2e/secret", "/samples.gif/..",
     "//etc/passwd", "/progress.gif%00", "/progress.gif"],
)  # fmt: skip
def test_nothing_else_is_served(server, path):
    os.symlink(server.watched.run.path.parent / "secret", server.watched.run.gif_path)
    answer, content = ask(server, path)
    assert answer.status in (404, 500) and "GIF" not in content and content != "secret"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "[::1"]
)
def test_a_name_that_leads_here_is_refused(server, host):
    assert ask(server, Host=host)[0].status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "LocalHost:9", "[::1]:8000"])
def test_a_name_of_this_machine_is_answered_at_any_port(server, host):
    assert ask(server, Host=host)[0].status == 200


def test_it_listens_on_loopback_and_only_reads(server):
    assert server.socket.getsockname()[0] == "127.0.0.1"
    before = sorted(server.watched.run.path.rglob("*"))
    for method in ("POST", "PUT", "DELETE"):
        assert ask(server, method=method)[0].status == 501
    ask(server)
    assert sorted(server.watched.run.path.rglob("*")) == before


def test_a_broken_run_is_an_answer_and_not_the_end(server):
    run = server.watched.run
    run.log_path.write_text("[]\n")
    answer, content = ask(server)
    assert answer.status == 500 and "log.jsonl" in content
    run.log_path.unlink()
    assert ask(server)[0].status == 200


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentProblem, match=f"port {port}"):
            RunServer(Run(tmp_path), port)


def test_the_newest_run_has_the_highest_number(tmp_path):
    with pytest.raises(UsageError, match="no run"):
        newest_run(tmp_path)
    for name in ("00009-x", "100000-x", "00010-x", "zzz"):
        make_run(tmp_path / name)
    assert newest_run(tmp_path).path.name == "100000-x"
    (tmp_path / "100001-being-made").mkdir()
    (tmp_path / "100002-file").touch()
    assert newest_run(tmp_path).path.name == "100000-x"
    assert [number for number, _ in numbered_folders(tmp_path)] == [9, 10, 100000, 100001]
