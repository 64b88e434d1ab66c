"""Checks run one after the other, and the report of their results."""

import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from ganzoo.errors import GanzooError, PluginError, unknown

PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"
_MAX_MESSAGE = 1000  # characters

# Names of checks, each with the checks that must have passed before it is run.
Prerequisites = Mapping[str, Sequence[str]]
Case = TypeVar("Case")


class CheckFailed(PluginError):
    """A plugin that fails at least one check. Exit code 4.

    Args:
        report: Report of all checks.
    """

    def __init__(self, report: "Report"):
        super().__init__(str(report))
        self.report = report


class Violation(Exception):
    """Raised by a check when the plugin fails it; the message says how."""


def require(condition: object, message: str) -> None:
    """Raise a `Violation` with a message unless a condition holds."""
    if not condition:
        raise Violation(message)


class NotRun(Exception):
    """Raised by a check that does not apply, or that another failure makes meaningless."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """Result of one check.

    Args:
        check: Name of the check.
        status: "passed", "failed" or "not run".
        seconds: Duration.
        message: What is wrong, or why the check was not run; "" if it passed.
    """

    check: str
    status: str
    seconds: float
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Results of all checks of one plugin.

    Args:
        kind: "architecture" or "data set".
        name: Name of the plugin.
        setting: Backend, options and shapes of the checks.
        results: One for each check, in the order in which they ran.
    """

    kind: str
    name: str
    setting: Mapping[str, Any]
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """True if no check failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[Result, ...]:
        """Results of the checks that failed."""
        return tuple(result for result in self.results if result.status == FAILED)

    def content(self) -> dict[str, Any]:
        """Return the report as values that JSON can hold."""
        return {
            "kind": self.kind,
            "name": self.name,
            "passed": self.passed,
            "seconds": round(sum(result.seconds for result in self.results), 3),
            "setting": dict(self.setting),
            "checks": [
                {**asdict(result), "seconds": round(result.seconds, 3)} for result in self.results
            ],
        }

    def __str__(self) -> str:
        verdict = "passes its checks"
        if self.failures:
            verdict = f"fails {len(self.failures)} of {len(self.results)} checks"
        setting = ", ".join(f"{key} {value}" for key, value in self.setting.items())
        lines = [f"  {result.check}: {result.message}" for result in self.failures]
        return "\n".join([f"The {self.kind} {self.name!r} {verdict}, with {setting}.", *lines])


def run_checks(
    case: Case,
    checks: Mapping[str, Callable[[Case], None]],
    prerequisites: Prerequisites,
    names: Iterable[str] | None = None,
) -> tuple[Result, ...]:
    """Run checks in the order of `prerequisites` and return a result for each.

    Args:
        case: The plugin under test.
        checks: Functions by name, `check_` before it; each returns, or raises what is wrong.
        prerequisites: Checks that must have passed before, by name.
        names: Names of the checks to run, besides their prerequisites; by default all.

    Raises:
        UnknownName: there is no such check.
    """
    selected = set(prerequisites if names is None else names)
    for name in selected - prerequisites.keys():
        raise unknown("check", name, prerequisites)
    for name in reversed(list(prerequisites)):
        selected |= set(prerequisites[name]) if name in selected else set()
    results: dict[str, Result] = {}
    for name in (name for name in prerequisites if name in selected):
        begin = time.monotonic()
        status, message = PASSED, ""
        try:
            for other in prerequisites[name]:
                if results[other].status != PASSED:
                    raise NotRun(f"needs {other}")
            checks[f"check_{name}"](case)
        except NotRun as reason:
            status, message = NOT_RUN, str(reason)
        except (Violation, GanzooError) as reason:
            status, message = FAILED, str(reason)
        except Exception as error:
            status, message = FAILED, _summary(error)
        seconds = time.monotonic() - begin
        results[name] = Result(check=name, status=status, seconds=seconds, message=message)
    return tuple(results.values())


def _summary(error: BaseException) -> str:
    """An exception in one line, with the innermost line of code outside libraries."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not {"site-packages", "testing"} & set(Path(f.filename).parts)]
    line = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    text = " ".join(str(error).split())
    if len(text) > _MAX_MESSAGE:
        text = text[:_MAX_MESSAGE] + " ..."
    return f"{type(error).__name__}: {text}{line}"
