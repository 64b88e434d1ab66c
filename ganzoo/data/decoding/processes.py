"""Files decoded by all processor cores, in order: the same arrays as by one.

The processes are new ones (`spawn`), since a copy of a process in which a framework runs may hang.
They import neither a framework nor the program that called us.
"""

import concurrent.futures
import contextlib
import functools
import io
import multiprocessing
import os
import signal
import sys
import threading
import time
import types
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor

import numpy as np
from PIL import Image

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
                yield from _decode_in_pool(read, todo, decode, workers)
                workers = 1
                continue
            name = todo.popleft()
            yield name, _attempt(decode, read(name), name)
            done += 1


def _decode_in_pool(
    read: Callable[[str], bytes], todo: deque[str], decode: Decode, workers: int
) -> Generator[tuple[str, Result]]:
    """Yield results until all is done or the processes are gone; `todo` keeps what is left."""
    flying: deque[tuple[Future[list[Result]], list[str], int]] = deque()
    ahead, weight = deque(todo), 0
    try:
        pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), initializer=_prepare_process
        )
    except (OSError, ImportError, NotImplementedError) as problem:  # no semaphores here
        _report(problem)
        return
    try:
        while ahead or flying:
            while ahead and (not flying or weight < _IN_FLIGHT) and len(flying) < 4 * workers:
                task, size = _take_task(read, ahead)
                with _nothing_to_import():
                    future = pool.submit(_decode_task, decode, task)
                flying.append((future, [name for name, _ in task], size))
                weight += size
            future, done, size = flying.popleft()
            results = future.result()
            weight -= size
            for name, result in zip(done, results, strict=True):
                todo.popleft()
                yield name, result
    except (concurrent.futures.process.BrokenProcessPool, OSError) as problem:
        _report(problem)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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
        with Image.open(io.BytesIO(data)) as image:
            return 4 * image.width * image.height
    except Exception:  # no image, or none that can be used
        return 4 * len(data)


def _decode_task(decode: Decode, task: list[tuple[str, bytes]]) -> list[Result]:
    return [_attempt(decode, data, name) for name, data in task]


def _attempt(decode: Decode, data: bytes, name: str) -> Result:
    try:
        return decode(data, name)
    except InvalidInput as error:
        return error.message


def _prepare_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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


def _report(problem: Exception) -> None:
    reason = " ".join(str(problem).split()) or type(problem).__name__
    notice(f"The files are decoded by this process alone. Several did not work: {reason}")
