"""What checks found: run one after the other, told in one table."""

import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError, PluginError, unknown

PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"
_LONGEST_MESSAGE = 1000  # characters


class CheckFailed(PluginError):
    """A plugin that does not keep a promise. Exit code 4.

    Args:
        report: What was found.
    """

    def __init__(self, report: "Report"):
        super().__init__(str(report))
        self.report = report


class Broken(Exception):
    """Raised by a check: the promise is broken, and how."""


class NotRun(Exception):
    """Raised by a check that cannot tell: it has no object here, or another check fails first."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one check found.

    Args:
        check: Its name.
        status: "passed", "failed" or "not run".
        seconds: How long it took.
        message: What is wrong, or why it was not run; "" if it passed.
    """

    check: str
    status: str
    seconds: float
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What all checks of one plugin found.

    Args:
        kind: "architecture" or "data set".
        name: The plugin's name.
        setting: What it was checked with: backend, options, shapes.
        results: In the order in which they were found.
    """

    kind: str
    name: str
    setting: Mapping[str, Any]
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Result, ...]:
        """The results of the checks that failed."""
        return tuple(result for result in self.results if result.status == FAILED)

    @property
    def seconds(self) -> float:
        """How long all checks took."""
        return sum(result.seconds for result in self.results)

    def content(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "kind": self.kind,
            "name": self.name,
            "passed": self.passed,
            "seconds": round(self.seconds, 3),
            "setting": dict(self.setting),
            "checks": [
                {
                    "check": result.check,
                    "status": result.status,
                    "seconds": round(result.seconds, 3),
                    "message": result.message,
                }
                for result in self.results
            ],
        }

    def __str__(self) -> str:
        failed = len(self.failures)
        head = f"The {self.kind} {self.name!r} fails {failed} of {len(self.results)} checks"
        if not failed:
            head = f"The {self.kind} {self.name!r} passes its checks"
        lines = [f"  {result.check}: {result.message}" for result in self.failures]
        return "\n".join([f"{head}, with {self._said()}.", *lines])

    def _said(self) -> str:
        return ", ".join(f"{key} {value}" for key, value in self.setting.items())


def run(checks: Mapping[str, Callable[[], None]], needs: Mapping[str, Sequence[str]]) -> list:
    """Run checks in their order.

    Args:
        checks: By name; each returns, or raises what is wrong.
        needs: Names of the checks without which a check tells nothing.

    Returns:
        A `Result` for each.
    """
    results: dict[str, Result] = {}
    for name, check in checks.items():
        begun = time.monotonic()
        status, message = PASSED, ""
        try:
            lacking = [other for other in needs.get(name, ()) if results[other].status != PASSED]
            if lacking:
                raise NotRun(f"needs {lacking[0]}")
            check()
        except NotRun as reason:
            status, message = NOT_RUN, str(reason)
        except (Broken, GanzooError) as reason:
            status, message = FAILED, str(reason)
        except Exception as error:
            status, message = FAILED, _said(error)
        results[name] = Result(
            check=name, status=status, seconds=time.monotonic() - begun, message=message
        )
    return list(results.values())


def wanted(needs: Mapping[str, Sequence[str]], checks: Iterable[str] | None) -> list[str]:
    """The checks and what they need, in the order of `needs`; all of them for None.

    Raises:
        UnknownName: there is no such check.
    """
    if checks is None:
        return list(needs)
    found = set(checks)
    for name in found - needs.keys():
        raise unknown("check", name, needs)
    for name in reversed(needs):
        found |= set(needs[name]) if name in found else set()
    return [name for name in needs if name in found]


def _said(error: BaseException) -> str:
    """An exception in one line, with the last place outside of libraries where it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not {"site-packages", "testing"} & set(Path(f.filename).parts)]
    where = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    text = " ".join(str(error).split())
    if len(text) > _LONGEST_MESSAGE:
        text = text[:_LONGEST_MESSAGE] + " ..."
    return f"{type(error).__name__}: {text}{where}"
