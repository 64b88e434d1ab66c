"""Writes docs/cli.md from the help of the command itself: `python docs/make_cli.py`."""

from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner

from ganzoo.cli.app import app

PAGE = Path(__file__).with_name("cli.md")
HEAD = """\
# The command line

This page is `ganzoo --help` and the help of every verb, written by `docs/make_cli.py`; a test
compares it.

Data goes to stdout, everything else to stderr. Exit codes: 0 fine, 2 wrong usage or unknown
name, 3 invalid input or numbers of a card that are not reproduced, 4 a plugin's fault, 5 the
environment (a missing backend, disk, network, memory), 6 the training diverged, 7 another process
holds the run. 130, 143, 129 and 138 are SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal was closed)
and SIGUSR1 (a batch system's warning): from the first step of a training on after a save, before
it with nothing changed. Every error is one line on stderr; with `--json` it
is an object on stdout too: `{"error": "...", "exit_code": 2}`.

What the environment can say; `ganzoo doctor` shows what it says:

| variable | what |
|---|---|
| `GANZOO_HOME` | your folder: models, data sets, caches; by default the system's place for data |
| `GANZOO_DATA` | where downloaded data sets are kept; by default `data` in your folder |
| `GANZOO_CACHE` | what can be made again: prepared data, compiled programs; by default `cache` in \
`GANZOO_HOME` if that is set, else the system's place for caches |
| `GANZOO_PLUGINS` | packages whose plugins are used beside the zoo's, with commas; or `none` |
| `GANZOO_OFFLINE` | `1`: no connection to the Hub, for models or data sets |
| `KERAS_BACKEND`, `KERAS_HOME` | the backend, and where Keras keeps its settings and downloads |
| `HF_ENDPOINT`, `HF_HOME` | a mirror of the Hub, and where its client keeps what it fetched |
"""


def page() -> str:
    """The whole page."""
    blocks = [HEAD]
    for words in _commands(app):
        title = " ".join(("ganzoo", *words))
        result = CliRunner().invoke(app, [*words, "--help"], prog_name="ganzoo")
        blocks.append(f"## `{title}`\n\n```text\n{result.stdout.rstrip()}\n```\n")
    return "\n".join(blocks)


def _commands(group: typer.Typer, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, each group before what is in it."""
    yield words
    for command in group.registered_commands:
        yield (*words, command.name)
    for inner in group.registered_groups:
        yield from _commands(inner.typer_instance, (*words, inner.name))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
