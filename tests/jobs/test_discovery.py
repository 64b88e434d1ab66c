"""A command reads the metadata of the installed distributions once."""

import pytest

from ganzoo.catalog.plugins import discovery
from ganzoo.cli import main
from ganzoo.jobs.training.train import train


@pytest.fixture
def walks(monkeypatch):
    """`walks(*words)`: how often a command walks through the installed distributions."""
    found = []
    walk = discovery.distributions_with_plugins

    def counted(problems):
        found.append(problems)
        return walk(problems)

    def run(*words: str) -> int:
        discovery.forget_discovered()
        found.clear()
        assert main(list(words)) == 0
        return len(found)

    monkeypatch.setattr(discovery, "distributions_with_plugins", counted)
    return run


@pytest.mark.parametrize(
    "words", [["list"], ["info", "dcgan-digits"], ["plugins"], ["data", "list"]]
)
def test_looking_up_names_walks_through_the_distributions_once(walks, words):
    assert walks(*words) == 1


@pytest.mark.backend
def test_a_network_is_built_with_one_walk_through_the_distributions(
    walks, plain, place, monkeypatch
):
    monkeypatch.setattr("ganzoo.jobs.memory.measure_memory", lambda *arguments: {"process": 1})
    assert walks("train", "dcgan-digits", "--dry-run") == 1
    run = train(plain("steps=1"), run=place / "run")
    assert walks("sample", str(run.path), "-n", "1", "--out", str(place / "one.png")) == 1
