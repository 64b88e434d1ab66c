"""The command as a whole."""

import pytest
from typer.testing import CliRunner

from ganzoo.cli.app import app

GROUPS = ["plugin", "data", "registry"]
VERBS = [*GROUPS, "list", "info", "train", "resume", "sample", "evaluate", "export", "push", "pull"]
VERBS += ["tag", "remove", "verify", "plugins", "doctor", "import", "reproduce"]


def test_version_prints_one_line(ganzoo):
    import ganzoo as package

    done = ganzoo("--version")
    assert (done.code, done.out) == (0, f"ganzoo {package.__version__}\n")


def test_help_names_every_verb_and_no_other():
    result = CliRunner().invoke(app, ["--help"])
    commands = result.stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    assert sorted(line.split()[0] for line in commands.splitlines()) == sorted(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_of_its_own(verb, ganzoo):
    done = ganzoo(verb, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: ganzoo {verb} ")


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
