"""The command as a whole."""

import shlex

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from ganzoo import __version__
from ganzoo.cli.app import app
from ganzoo.errors import unknown

GROUPS = ["plugin", "data", "registry"]
VERBS = [*GROUPS, "list", "info", "train", "resume", "sample", "evaluate", "export", "push", "pull"]
VERBS += ["tag", "sign", "remove", "verify", "plugins", "doctor", "import", "reproduce"]
VERBS += ["watch", "runs", "compare", "sweep", "bench", "walk", "nearest"]
VERBS += ["project", "directions", "edit", "mix"]


def test_version_prints_one_line(ganzoo):
    done = ganzoo("--version")
    assert (done.code, done.out) == (0, f"ganzoo {__version__}\n")


def test_help_names_every_verb_and_no_other():
    result = CliRunner().invoke(app, ["--help"])
    commands = result.stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    assert sorted(line.split()[0] for line in commands.splitlines()) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_of_its_own(verb, ganzoo):
    done = ganzoo(verb, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: ganzoo {verb} ")


def commands(group: typer.Typer = app, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of every verb, also of those in groups."""
    found = [(*words, one.name) for one in group.registered_commands]
    for inner in group.registered_groups:
        found += commands(inner.typer_instance, (*words, inner.name))
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_help_of_every_verb_ends_with_examples_that_can_be_parsed(words, ganzoo):
    done = ganzoo(*words, "-h")
    assert done.code == 0 and "Examples:\n" in done.out
    examples = done.out.partition("Examples:\n")[2].splitlines()
    for example in examples:
        command, context = get_command(app), None
        name, *rest = shlex.split(example)
        while True:
            context = command.make_context(name, rest, parent=context)
            if not isinstance(command, typer.core.TyperGroup):
                break
            name, command, rest = command.resolve_command(
                context, [*context._protected_args, *context.args]
            )


def test_no_sentence_is_cut_in_a_list_of_verbs(monkeypatch, ganzoo):
    monkeypatch.setenv("COLUMNS", "80")
    for words in ([], *([group] for group in GROUPS)):
        assert "..." not in ganzoo(*words, "--help").out.partition("Commands:")[2]


def test_help_is_a_verb_too(ganzoo):
    assert ganzoo("help").out == ganzoo("--help").out == ganzoo("-h").out
    assert ganzoo("help", "train").out == ganzoo("train", "--help").out
    assert ganzoo("help", "nope").code == 2


def test_a_shell_completes_verbs_and_models(ganzoo, monkeypatch):
    for words, found in (("ganzoo tr", "train"), ("ganzoo info dcgan-d", "dcgan-digits")):
        monkeypatch.setenv("_GANZOO_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
        done = ganzoo()
        assert (done.code, done.out.split()) == (0, [found])


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in GROUPS])
def test_every_verb_that_prints_data_offers_json(verb, ganzoo):
    assert "--json" in ganzoo(verb, "--help").out


@pytest.mark.parametrize(
    ("verb", "meant"), [("trian", "train"), ("lst", "list"), ("plugns", "plugins")]
)
def test_a_misspelt_verb_gets_a_suggestion(verb, meant, ganzoo):
    done = ganzoo(verb)
    assert (done.code, done.out) == (2, "")
    assert f"Did you mean '{meant}'" in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["verify", "push", "evaluate", "", "-rf", "--", ".."])
def test_a_verb_that_does_not_exist_is_a_usage_error(verb, ganzoo):
    done = ganzoo(verb)
    assert done.code == 2 and done.out == ""


def test_an_unknown_name_among_many_ends_with_the_command_that_lists_them():
    many = [f"model-{number}" for number in range(30)]
    assert str(unknown("model", "xyzzy", many, see="ganzoo list")).endswith(
        "All 30 of them: ganzoo list"
    )
    assert str(unknown("class", "xyzzy", many)).endswith(" and 10 more.")
    assert str(unknown("class", "xyzzy", many[:2])).endswith("Known: model-0, model-1.")
