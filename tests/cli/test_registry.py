"""The verbs of the registry, and what they print."""

import numpy as np
import pytest

from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.versions import publish_version
from ganzoo.files import safetensors
from ganzoo.jobs.hub.bundle import build_bundle

TABLES = {
    "schema": 1, "name": "small", "summary": "A \x1b[31mcard",
    "license": {"data": "CC-BY-4.0", "weights": "MIT"},
    "recipe": {
        "architecture": {"name": "mlp"}, "dataset": {"name": "digits"},
        "generator_optimizer": {"name": "adam"}, "discriminator_optimizer": {"name": "adam"},
        "training": {"steps": 4},
    },
    "results": [{"metric": "frechet", "value": 1.5, "protocol": {"features": "digits", "fake": 9}}],
}  # fmt: skip


@pytest.fixture
def published(home):
    weights = {"generator/a": np.zeros(4, "float32")}

    def publish(value=0):
        files = {
            "card.toml": Card.from_tables(TABLES).toml().encode(),
            "generator.safetensors": safetensors.dump(weights, {"value": value}),
        }
        bundle = build_bundle("small", files)
        return publish_version(home / "registry", "small", bundle.files, bundle.manifest)

    return publish


def test_weights_are_listed(ganzoo, published):
    assert "has weights on this machine" in ganzoo("list", "--weights", "small*").err
    published()
    done = ganzoo("list", "--weights", "small*")
    assert done.out.splitlines()[2].split()[0] == "small" and "(user)" in done.out
    assert "\x1b" not in done.out
    assert ganzoo("list", "--weights", "--json", "small").json["models"][0]["versions"] == [1]


def test_info_shows_versions_and_their_results_with_the_protocol(ganzoo, published):
    published()
    assert ganzoo("tag", "small@1", "best").code == 0
    done = ganzoo("info", "small")
    assert "small@1, small@best" in done.out
    assert "frechet" in done.out and "fake" in done.out
    assert "\x1b" not in done.out
    assert ganzoo("info", "small", "--json").json["model"]["versions"][0]["aliases"] == ["best"]


def test_tag_and_remove(ganzoo, published):
    published()
    published(1)
    assert ganzoo("tag", "small@1", "best", "--json").json == {"name": "small@best", "version": 1}
    assert ganzoo("remove", "small@1").code == 2
    assert ganzoo("remove", "small@best").code == 0
    assert ganzoo("remove", "small@1", "--json").json == {"removed": "small@1", "kind": "version"}


def test_verify_exits_with_3_when_something_is_wrong(ganzoo, published):
    version = published()
    assert "as it was written" in ganzoo("verify", "small").out
    assert ganzoo("verify", version.path / "generator.safetensors", "--json").json["tensors"]
    assert "float32" in ganzoo("verify", version.path / "generator.safetensors").out
    (version.path / "more").touch()
    done = ganzoo("verify", "small", "--json")
    assert done.code == 3 and len(done.json["problems"]) >= 1
    assert done.err.startswith("error: 1 problem; the first: ") and done.err.count("\n") == 1


def test_registries_come_and_go(ganzoo, tmp_path):
    (tmp_path / "team").mkdir()
    assert ganzoo("registry", "add", tmp_path / "team").out.split() == ["name", "team"]
    assert ganzoo("registry", "add", "hf://org/repo", "--name", "far").code == 0
    names = [one["name"] for one in ganzoo("registry", "list", "--json").json]
    assert names[:4] == ["keras-ganzoo", "user", "far", "team"]
    assert "hf://org/repo" in ganzoo("registry", "list").out
    assert ganzoo("registry", "remove", "team").code == 0
    assert ganzoo("registry", "remove", "team").code == 2
    for words in (["nowhere"], ["hf://x"], ["hf://org/repo/model"], [tmp_path, "--name", "user"]):
        assert ganzoo("registry", "add", *words).code == 2


def test_push_and_pull_pass_their_words_on(ganzoo, fake_job):
    done = {"name": "small@1", "version": 1, "created": False}
    calls = fake_job("publishing.push", push=done)
    said = ganzoo(
        "push", "7", "small", "--all", "--float16", "--license", "MIT", "--to", "hf://a/b",
        "--summary", "Mine", "--strict",
    )  # fmt: skip
    assert said.code == 0 and "there already" in said.err
    assert calls == [
        {"job": "push", "args": ("7", "small"), "everything": True, "float16": True,
         "license": "MIT", "summary": "Mine", "strict": True, "folder": None, "to": "hf://a/b",
         "page": False}
    ]  # fmt: skip
    assert ganzoo("push", "7", "small", "--registry", "x", "--to", "hf://a/b").code == 2


def test_offline_a_pull_is_refused(ganzoo, monkeypatch):
    monkeypatch.setenv("GANZOO_OFFLINE", "1")
    done = ganzoo("pull", "hf://org/repo", "--json")
    assert done.code == 5 and done.json["exit_code"] == 5
