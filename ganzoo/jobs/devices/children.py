"""The other processes of a training on one host: copies of this command, one for each device."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ganzoo.errors import EnvironmentProblem, Interrupted
from ganzoo.files.text import quote
from ganzoo.jobs.devices.surroundings import Process

_HOST = "127.0.0.1"
_PATIENCE = 20.0  # seconds that this process has to notice by itself that another has ended
_POLL = 0.5  # seconds between two looks


@contextlib.contextmanager
def children(command: Sequence[str], number: int, backend: str) -> Iterator[Process]:
    """Inside, `number - 1` further processes run the same command; yields this one's process.

    Their output goes into files; if one of them fails, its last line becomes the error of this
    child. On leaving, all are ended.

    Args:
        command: Arguments of `ganzoo`.
        number: How many processes there shall be.
        backend: `"torch"` or `"tensorflow"`.

    Raises:
        EnvironmentProblem: One of them has failed.
    """
    ports = _free_ports(number)
    started: list[tuple[subprocess.Popen, Path]] = []
    with tempfile.TemporaryDirectory(prefix="ganzoo-devices-") as folder:
        watcher = _Watcher(started)
        try:
            for rank in range(1, number):
                path = Path(folder, f"rank-{rank}.log")
                with open(path, "wb") as log:
                    started.append((subprocess.Popen(
                        [sys.executable, "-m", "ganzoo.cli", *command],
                        env=os.environ | _variables(rank, ports, backend) | _own_variables(),
                        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    ), path))  # fmt: skip
            watcher.start()
            yield Process(
                devices=number,
                count=number,
                launcher="ganzoo",
                variables=_variables(0, ports, backend),
            )
        except Interrupted:
            raise  # they have got the message
        except BaseException as error:
            failure = watcher.failure(wait=2.0) if isinstance(error, Exception) else None
            for child, _ in started:
                child.terminate()
            if failure:
                raise EnvironmentProblem(failure) from error
            raise
        finally:
            watcher.done.set()
            for child, _ in started:
                try:
                    child.wait(_PATIENCE)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


class _Watcher(threading.Thread):
    """Ends this process if another has failed and it does not notice: it may wait for ever."""

    def __init__(self, started: list[tuple[subprocess.Popen, Path]]):
        super().__init__(daemon=True)
        self.done = threading.Event()
        self._children = started

    def run(self) -> None:
        while not self.done.wait(_POLL):
            if self.failure() and not self.done.wait(_PATIENCE):
                # the main thread is inside the collective, where it hears no signal or exception
                sys.stderr.write(f"error: {self.failure()}\n")
                sys.stderr.flush()
                for child, _ in self._children:
                    child.kill()
                os._exit(EnvironmentProblem.exit_code)

    def failure(self, wait: float = 0.0) -> str | None:
        """Return what to say of the first process that has failed, if one has."""
        until = time.monotonic() + wait
        while True:
            for rank, (child, path) in enumerate(self._children, start=1):
                if child.poll():
                    return _describe(rank, child.returncode, path)
            if time.monotonic() >= until:
                return None
            time.sleep(0.1)


def _describe(rank: int, code: int, log: Path) -> str:
    lines = [x for x in log.read_text(errors="replace").splitlines() if x.startswith("error: ")]
    ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    last = f" It says: {quote(lines[-1].removeprefix('error: '))}" if lines else ""
    return f"Process {rank} of this training, counted from 0, {ended}.{last}"


def _variables(rank: int, ports: Sequence[int], backend: str) -> dict[str, str]:
    """Variables as the backend's own launcher would tell a child."""
    if backend == "torch":
        return {
            "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(len(ports)),
            "MASTER_ADDR": _HOST, "MASTER_PORT": str(ports[0]),
        }  # fmt: skip
    return {"TF_CONFIG": tensorflow_cluster(rank, ports)}


def tensorflow_cluster(rank: int, ports: Sequence[int]) -> str:
    """TF_CONFIG of one of several processes on this host."""
    workers = [f"{_HOST}:{port}" for port in ports]
    task = {"type": "worker", "index": rank}
    return json.dumps({"cluster": {"worker": workers}, "task": task})


def _own_variables() -> dict[str, str]:
    """Variables that let a child find the packages that this process finds."""
    path = os.pathsep.join(filter(None, map(os.path.abspath, sys.path)))
    return {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", PARENT: str(os.getpid())}


PARENT = "GANZOO_PARENT"  # in the variables of a child: the process after which it ends


def end_with_parent() -> None:
    """In a child: end this process when the one that has started it is gone."""
    parent = os.environ.get(PARENT)
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(_POLL)
        time.sleep(_PATIENCE)
        os._exit(EnvironmentProblem.exit_code)

    threading.Thread(target=watch, daemon=True).start()


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind((_HOST, 0))
        return [one.getsockname()[1] for one in sockets]
