"""Loggers: plugins that are given each event of a training, and cannot end it."""

import contextlib
import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ganzoo.catalog.plugins.discovery import call_plugin, find_plugin
from ganzoo.catalog.recipe.checks import check_plugin_options
from ganzoo.catalog.recipe.overrides import parse_setting
from ganzoo.catalog.recipe.recipe import Part
from ganzoo.config.validation import validated
from ganzoo.errors import Diverged, Interrupted, PluginError, UsageError
from ganzoo.files.text import format_exception, format_value, quote
from ganzoo.jobs.training.session import Events

_STATES = {Interrupted: "interrupted", Diverged: "diverged"}


@contextlib.contextmanager
def logging_to(loggers: Sequence[str], events: Events) -> Iterator[Events]:
    """Make loggers, and give them each event of a training from `start` on.

    The last event of each is `end`, or `stop` with the state and the reason if an exception
    leaves the context. A logger that raises is left out from then on, with a warning.

    Args:
        loggers: Names of plugins, with options: `"csv"`, `"wandb:project=faces,mode=offline"`.
        events: Function called with each event afterward.

    Yields:
        The function to be called with each event, in place of `events`.

    Raises:
        UnknownName: There is no such logger.
        UsageError: It does not take these options.
        EnvironmentProblem: It needs a package that is not installed.
        PluginError: It cannot be made.
    """
    made = {text: create_logger(_parse_logger(text), f"--log-to {text}") for text in loggers}
    given = _LoggedEvents(made, events)
    try:
        yield given
    except BaseException as error:
        given.stop(_STATES.get(type(error), "failed"), str(error))
        raise


class _LoggedEvents:
    """Events for the loggers and then for somebody else."""

    def __init__(self, loggers: dict[str, Callable[[dict], Any]], events: Events):
        self._loggers, self._events = loggers, events
        self._started = False

    def __call__(self, event: dict[str, Any]) -> None:
        self._started = self._started or event["event"] == "start"
        if self._started:
            self._give_loggers(event)
        self._events(event)

    def stop(self, state: str, reason: str) -> None:
        """Give the loggers, and nobody else, their last event."""
        if self._started:
            self._give_loggers({"event": "stop", "state": state, "reason": reason})

    def _give_loggers(self, event: dict[str, Any]) -> None:
        failures = []
        for name, logger in list(self._loggers.items()):
            try:
                with contextlib.redirect_stdout(sys.stderr):  # stdout is for data
                    logger(copy.deepcopy(event))
            except (Exception, SystemExit) as error:
                del self._loggers[name]
                text = f"The logger {name!r} failed at the event {event['event']!r} and is left "
                text += f"out from here on: {format_exception(error)}"
                failures.append(text)
        if event["event"] in ("end", "stop"):
            self._loggers.clear()  # it was their last
        for text in failures:  # when the others have the event itself
            self({"event": "warning", "message": text})


def create_logger(part: Part, where: str = "the options") -> Callable[[dict[str, Any]], Any]:
    """Return the function of an event that a logger is.

    Args:
        part: Name and options of the logger.
        where: Where they come from, for messages.

    Raises:
        UnknownName: There is no such logger.
        UsageError: It does not take these options.
        EnvironmentProblem: It needs a package that is not installed.
        PluginError: It cannot be made.
    """
    check_plugin_options("logger", part, where)
    plugin = find_plugin("logger", part.name)
    logger = call_plugin(plugin, **part.options)
    if not callable(logger):
        raise PluginError(
            f"The logger {plugin.qualified} must return a function of an event. "
            f"Received: {format_value(logger)}."
        )
    return logger


def _parse_logger(text: str) -> Part:
    """Name and options of `name`, `distribution:name` or `name:option=value,option=value`."""
    head, equals, _ = text.partition("=")
    name, colon, _ = head.rpartition(":") if equals else (text, "", "")
    if not name:
        raise UsageError(
            f"A logger must be NAME or NAME:option=value,option=value. Received: {quote(text)}.",
            hint="For example: --log-to wandb:project=faces",
        )
    settings = text[len(name + colon) :].split(",") if equals else []
    options = dict(map(parse_setting, settings))
    tables = {"name": name, **options}
    return validated(Part, tables, where=f"--log-to {quote(text)}", error=UsageError)
