"""Whatever kills a writer, and however many there are: whole versions, one winner each."""

import os

import pytest
from children import run_python

from ganzoo.catalog.registry import aliases
from ganzoo.catalog.registry.maintenance import check_model
from ganzoo.catalog.registry.versions import open_version, version_numbers

COMMON = """
import itertools, os, random, signal, sys, time
from pathlib import Path
from ganzoo.catalog.registry import aliases
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.maintenance import remove_version
from ganzoo.catalog.registry.versions import open_version, publish_version, version_numbers
from ganzoo.files import publish
from ganzoo.jobs.hub.bundle import build_bundle

CARD = Card.from_tables({
    "schema": 1, "name": "small", "summary": "A card",
    "license": {"data": "CC0-1.0", "weights": "MIT"},
    "recipe": {
        "architecture": {"name": "mlp"}, "dataset": {"name": "digits"},
        "generator_optimizer": {"name": "adam"}, "discriminator_optimizer": {"name": "adam"},
        "training": {"steps": 4},
    },
}).toml().encode()

def files(value):
    return {"card.toml": CARD, "generator.safetensors": b"%d" % value * 5000}

def create(folder, model, files):
    bundle = build_bundle(model, files)
    return publish_version(folder, bundle.model, bundle.files, bundle.manifest)
"""

KILLED = (
    COMMON
    + """
folder, verb = sys.argv[1:]
for number in itertools.count():
    place = f"{folder}/{number}"
    create(place, "small", files(1))
    create(place, "small", files(2))
    model = Path(place) / "small"
    aliases.set_alias(model, 1, "best")
    child = os.fork()
    if child == 0:
        left = number
        def kill(name, path):
            global left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        publish.on_step.append(kill)
        if verb == "push":
            create(place, "small", files(3))
        elif verb == "remove":
            remove_version(model, 2)
        else:
            aliases.set_alias(model, 2, "best")
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else "done")
    if not os.WIFSIGNALED(status):
        break
"""
)


@pytest.mark.parametrize(("verb", "steps"), [("push", 12), ("remove", 2), ("tag", 4)])
def test_a_kill_before_any_step_leaves_whole_versions(content, create, tmp_path, verb, steps):
    printed = run_python("-c", KILLED, tmp_path, verb).stdout.split()
    assert printed == ["9"] * (len(printed) - 1) + ["done"]
    assert len(printed) > steps
    seen = []
    for number in range(len(printed)):
        folder = tmp_path / str(number) / "small"
        known = version_numbers(folder)
        seen.append((tuple(known), aliases.readable_aliases(folder)["best"]))
        for present in known:
            version = open_version(folder, present)
            assert version.read("generator.safetensors") == b"%d" % present * 5000
        findings = check_model(folder)[1]
        assert not findings, findings
        # and somebody else goes on
        assert create(folder.parent, "small", content(value=9)).number == known[-1] + 1
    allowed = {
        "push": {((1, 2), 1), ((1, 2, 3), 1)},
        "remove": {((1, 2), 1), ((1,), 1)},
        "tag": {((1, 2), 1), ((1, 2), 2)},
    }[verb]
    assert set(seen) == allowed
    assert seen == sorted(seen, key=lambda state: state != ((1, 2), 1))  # once done, it stays


STORM = (
    COMMON
    + """
folder, workers, rounds, locks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if locks == "none":
    from ganzoo.files import leftovers
    import fcntl
    fcntl.flock = lambda descriptor, operation: None
model = Path(folder) / "small"
children = []
for worker in range(workers):
    child = os.fork()
    if child == 0:
        chance = random.Random(worker)
        for number in range(rounds):
            value = chance.choice([number, number, 1000 + worker * rounds + number])
            version = create(folder, "small", files(value))
            assert version.read("generator.safetensors") == files(value)["generator.safetensors"]
            aliases.set_alias(model, version.number, "best")
            found = aliases.select_version(model, chance.choice(["best", "latest"]))
            assert found.read_all()["card.toml"] == CARD
        os._exit(0)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children])
"""
)


@pytest.mark.parametrize("locks", ["as they are", "none"])
def test_many_who_push_and_read_the_same_names_lose_nothing(tmp_path, locks):
    workers, rounds = 4, 5
    printed = run_python("-c", STORM, tmp_path, workers, rounds, locks).stdout.split("\n")
    assert printed[0] == str([0] * workers), printed
    folder = tmp_path / "small"
    whole, findings = check_model(folder)
    assert not findings
    contents = [version.read("generator.safetensors") for version in whole]
    assert len(set(contents)) == len(contents)  # one winner for each content
    assert [version.number for version in whole] == list(range(1, len(whole) + 1))
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]
