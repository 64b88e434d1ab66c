"""Commands of ganzoo as children of one process that has imported the frameworks already.

`tests/faults.py` kills hundreds of trainings, each of which would import for seconds. Nothing of a
framework has run in the parent, so that from there on a child is as a process of its own.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

IMPORTED = (
    "keras", "ganzoo.cli.app", "ganzoo.jobs.training.train", "ganzoo.jobs.training.resume",
    "ganzoo.jobs.report.page", "ganzoo_testbed",
)  # fmt: skip


class Child:
    """A running command: what `tests/faults.py` uses of `subprocess.Popen`."""

    def __init__(self, parent: "WarmParent", out: Path, err: Path):
        self.pid = parent.answer()
        self.returncode: int | None = None
        self._out = out.open()  # of a pipe: waits until the child has opened it, too
        self.stdout: IO[str] | None = self._out
        self._parent, self._err = parent, err

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)  # a zombie until `communicate`, so the number is still its own

    def communicate(self) -> tuple[str, str]:
        with self._out:
            out = self._out.read()
        self._parent.ask("wait")
        self.returncode = os.waitstatus_to_exitcode(self._parent.answer())
        return out, self._err.read_text()


class WarmParent:
    """A process that has imported one backend, and starts commands one at a time."""

    def __init__(self, folder: Path, environment: Mapping[str, str]):
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, __file__], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        os.mkfifo(folder / "stdout")

    def start(self, words: Sequence[str], pause: float) -> Child:
        out, err = self._folder / "stdout", self._folder / "stderr"
        self.ask({"words": words, "pause": str(pause), "out": str(out), "err": str(err)})
        return Child(self, out, err)

    def ask(self, request: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def __enter__(self) -> "WarmParent":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # the end of its input ends it


def serve() -> int:
    """Start a command for each request, as a child; return the exit code, in the child."""
    for name in (f"ganzoo.backend.{os.environ['KERAS_BACKEND']}", *IMPORTED):
        importlib.import_module(name)
    pid = 0
    for line in sys.stdin:
        request = json.loads(line)
        if request == "wait":
            print(os.waitpid(pid, 0)[1], flush=True)
            continue
        pid = os.fork()
        if not pid:
            return run(request)
        print(pid, flush=True)
    return 0


def run(request: Mapping) -> int:
    """Be the command that is asked for."""
    from ganzoo.cli import main

    for stream, path, mode in (
        (0, os.devnull, "r"),
        (1, request["out"], "w"),
        (2, request["err"], "w"),
    ):
        with open(path, mode) as opened:
            os.dup2(opened.fileno(), stream)
    os.environ["PAUSE"] = request["pause"]
    sys.argv = ["ganzoo", *request["words"]]
    return main()


if __name__ == "__main__":
    sys.exit(serve())
