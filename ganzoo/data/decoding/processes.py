"""Files decoded by all processor cores, in order: the same arrays as by one.

The processes are new ones (`spawn`), since a copy of a process in which a framework runs may hang.
They import neither a framework nor the program that called us.
"""

import contextlib
import functools
import io
import multiprocessing
import os
import queue
import signal
import sys
import time
import types
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
from PIL import Image

from ganzoo.data.images import HEADER_FORMATS
from ganzoo.data.progress import notice
from ganzoo.errors import InvalidInput

Decode = Callable[[bytes, str], np.ndarray]  # a file's bytes and its name, for the error
Result = np.ndarray | str  # the array, or why there is none

_WORTH = 3.0  # seconds of work left, below which starting processes costs more than it gives
_SAMPLE = 8  # files by which that is estimated, every time that so many are done
_TASK = 4 << 20  # bytes of decoded pixels that a process gets at a time, at least one file
_IN_FLIGHT = 96 << 20  # bytes of decoded pixels, at most, or one file


def decode_files(
    read: Callable[[str], bytes], names: Sequence[str], decode: Decode
) -> Generator[tuple[str, Result]]:
    """Yield the name and array of each file, in order; a sentence for one that cannot be used.

    Few files are decoded here, many by as many processes as there are cores. Where these cannot
    start or one is killed, that is said, and the rest is decoded here.
    """
    todo = deque(names)
    begun, done = time.monotonic(), 0
    workers = _core_count() if _is_portable(decode) else 1
    with _bombs_refused():
        while todo:
            left = (time.monotonic() - begun) / max(done, 1) * len(todo)
            if workers > 1 and done % _SAMPLE == 0 and (done or not _WORTH) and left >= _WORTH:
                yield from _decode_in_processes(read, todo, decode, workers)
                workers = 1
                continue
            name = todo.popleft()
            yield name, _attempt(decode, read(name), name)
            done += 1


def _decode_in_processes(
    read: Callable[[str], bytes], todo: deque[str], decode: Decode, count: int
) -> Generator[tuple[str, Result]]:
    """Yield results until all is done or a process is gone; `todo` keeps what is left."""
    flying: deque[tuple[Future[list[Result]], list[str], int]] = deque()
    ahead, weight = deque(todo), 0
    processes = _Processes(count)
    try:
        processes.start(decode)
        while ahead or flying:
            while ahead and (not flying or weight < _IN_FLIGHT) and len(flying) < 4 * count:
                task, size = _take_task(read, ahead)
                flying.append((processes.submit(task), [name for name, _ in task], size))
                weight += size
            future, done, size = flying.popleft()
            results = future.result()
            weight -= size
            for name, result in zip(done, results, strict=True):
                todo.popleft()
                yield name, result
    except _ProcessLost as problem:
        reason = " ".join(str(problem).split())
        notice(f"The files are decoded by this process alone. Several did not work: {reason}")
    finally:
        processes.end()


class _ProcessLost(Exception):
    """A process could not start, or is gone."""


class _Processes:
    """Processes that decode, each with a pipe that one thread at a time waits for."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._running: list[BaseProcess] = []
        self._pipes: list[Connection] = []
        self._idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(count)

    def start(self, decode: Decode) -> None:
        context = multiprocessing.get_context("spawn")
        try:
            for _ in range(self.count):
                pair: Any = context.Pipe()  # its type is another one on every system
                ours, theirs = pair
                self._pipes.append(ours)
                self._idle.put(ours)
                process = context.Process(target=_serve, args=(theirs, decode), daemon=True)
                with _nothing_to_import():
                    process.start()
                self._running.append(process)
                theirs.close()
        except Exception as problem:  # no more processes, or a function that cannot be sent
            raise _ProcessLost(problem) from problem

    def submit(self, task: list[tuple[str, bytes]]) -> Future[list[Result]]:
        return self._threads.submit(self._decode, task)

    def _decode(self, task: list[tuple[str, bytes]]) -> list[Result]:
        pipe = self._idle.get()
        try:
            pipe.send(task)
            results = pipe.recv()
        except (EOFError, OSError) as problem:
            raise _ProcessLost(f"one was ended ({type(problem).__name__}).") from problem
        finally:
            self._idle.put(pipe)
        if isinstance(results, Exception):
            raise results
        return results

    def end(self) -> None:
        for process in self._running:
            process.kill()
        self._threads.shutdown(cancel_futures=True)  # their pipes are closed at the other end
        for process in self._running:
            process.join()
        for pipe in self._pipes:
            pipe.close()


def _serve(pipe: Connection, decode: Decode) -> None:
    """Decode tasks from a pipe until nobody is at its other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
    with _bombs_refused(), contextlib.suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            try:
                pipe.send([_attempt(decode, data, name) for name, data in task])
            except OSError:
                raise
            except Exception as fault:
                pipe.send(fault)


def _take_task(
    read: Callable[[str], bytes], ahead: deque[str]
) -> tuple[list[tuple[str, bytes]], int]:
    """Read the next files, until they are enough for a process; return them and their weight."""
    task, weight = [], 0
    while ahead and weight < _TASK:
        name = ahead.popleft()
        data = read(name)
        task.append((name, data))
        weight += _decoded_size(data)
    return task, weight


def _decoded_size(data: bytes) -> int:
    """Return about how many bytes a file becomes, by its header."""
    try:
        with Image.open(io.BytesIO(data), formats=HEADER_FORMATS) as image:
            return 4 * image.width * image.height
    except Exception:  # no image, or none that can be used
        return 4 * len(data)


def _attempt(decode: Decode, data: bytes, name: str) -> Result:
    try:
        return decode(data, name)
    except InvalidInput as error:
        return error.message


@contextlib.contextmanager
def _bombs_refused() -> Iterator[None]:
    """Let the decoder refuse what Pillow only warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@contextlib.contextmanager
def _nothing_to_import() -> Iterator[None]:
    """Hide the running program from a process that starts, which would run it once more."""
    program = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


def _is_portable(decode: Decode) -> bool:
    """Return whether another process can have the function: one of a module, no closure."""
    while isinstance(decode, functools.partial):
        decode = decode.func
    module = sys.modules.get(getattr(decode, "__module__", ""))
    in_module = getattr(module, getattr(decode, "__name__", ""), None) is decode
    is_program = getattr(decode, "__module__", "") == "__main__"
    return in_module and not is_program and not multiprocessing.current_process().daemon


def _core_count() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
