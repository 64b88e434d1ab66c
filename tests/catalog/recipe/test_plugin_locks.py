"""Which plugin something was made with: another one is refused, or allowed and said."""

import hashlib
from types import SimpleNamespace

import pytest

from ganzoo.catalog.plugins.source_code import source_digest
from ganzoo.catalog.recipe.plugin_locks import (
    check_plugin_locks,
    describe_lock,
    lock_plugin,
    plugin_differences,
)
from ganzoo.errors import PluginError


def recipe(name: str):
    return SimpleNamespace(architecture=SimpleNamespace(name=name))


def look(locks, name="spiral", *, allowed=False):
    return check_plugin_locks(locks, recipe(name), "a run", kinds=["architecture"], allowed=allowed)


@pytest.fixture
def made_with(site):
    """The locks of an architecture that a stranger brings, in a package of two modules."""
    site.install("alien-gans", "[ganzoo.architectures]\nspiral = alien.spiral:make\n", "1.0")
    site.module("alien.spiral", "from . import blocks\ndef make(image_shape): ...\n")
    site.module("alien.blocks", "WIDTH = 4\n")
    site.module("alien.other", "DEPTH = 4\n")
    return {"architecture": lock_plugin("architecture", "spiral")}


def versioned(site, locks):
    (site.folder / "alien_gans-1.0.dist-info").rename(site.folder / "alien_gans-1.1.dist-info")
    text = "Metadata-Version: 2.1\nName: alien-gans\nVersion: 1.1\n"
    (site.folder / "alien_gans-1.1.dist-info" / "METADATA").write_text(text)


def edited(site, locks):
    site.module("alien.spiral", "from . import blocks\ndef make(image_shape): return 7\n")


def edited_beside(site, locks):
    site.module("alien.blocks", "WIDTH = 8\n")


def of_another(site, locks):
    locks["architecture"]["distribution"] = "other-gans"


CHANGES = {
    versioned: (r"alien-gans 1\.0 \(source \w{12}\)", r"alien-gans 1\.1 \(source \w{12}\)"),
    edited: (r"alien-gans 1\.0 \(source \w{12}\)", r"alien-gans 1\.0 \(source \w{12}\)"),
    edited_beside: (r"alien-gans 1\.0 \(source \w{12}\)", r"alien-gans 1\.0 \(source \w{12}\)"),
    of_another: (r"other-gans 1\.0 \(source \w{12}\)", r"alien-gans 1\.0 \(source \w{12}\)"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_plugin_is_refused_in_one_line_that_names_both(site, made_with, change):
    assert look(made_with) == []
    change(site, made_with)
    was, now = CHANGES[change]
    said = rf"another architecture 'spiral'\. Expected: {was}\. Received: {now}\..*--allow-plugin"
    with pytest.raises(PluginError, match=said) as caught:
        look(made_with)
    assert caught.value.exit_code == 4 and "\n" not in str(caught.value)
    with pytest.warns(UserWarning, match="instead of"):
        (told,) = look(made_with, allowed=True)
    assert [told] == plugin_differences(made_with, recipe("spiral"), kinds=["architecture"])


def test_what_the_plugin_does_not_import_may_change(site, made_with):
    site.module("alien.other", "DEPTH = 5\n")
    assert look(made_with) == []


@pytest.mark.parametrize("change", [{"version": "0.0.1"}, {"digest": "0" * 64}])
def test_the_zoos_own_may_change_with_its_version(change):
    locks = {"architecture": lock_plugin("architecture", "dcgan") | change}
    assert look(locks, "dcgan") == []


@pytest.mark.parametrize("locks", [None, [], {}, {"architecture": "x"}, {"architecture": {}}])
def test_what_is_not_pinned_is_not_compared(made_with, locks):
    assert look(locks) == []


def test_a_pin_of_a_stranger_is_shown_short_and_plain():
    shown = describe_lock({"distribution": "x" * 500, "version": "1\x1b[2J", "digest": "d" * 64})
    assert shown == f"{'x' * 40} 1?[2J (source {'d' * 12})"
    assert describe_lock({"version": "1"}) == describe_lock(None) == "unknown"


# What a digest covers


@pytest.mark.parametrize(
    "line",
    [
        "from . import blocks", "from .blocks import x", "import pack.blocks",
        "from pack import blocks", "from pack.blocks import x", "def f():\n    import pack.blocks",
        "from . import middle", "import pack.middle as m",
    ],
)  # fmt: skip
def test_a_digest_covers_what_is_imported_from_the_own_package(site, line):
    site.module("pack.top", f"{line}\n")
    site.module("pack.middle", "from pack.blocks import y\nimport json, pack.top\n")
    site.module("pack.blocks", "x = y = 1\n")
    site.module("pack.stranger", "x = 1\n")
    before = source_digest("pack.top")
    site.module("pack.stranger", "x = 2\n")
    assert source_digest("pack.top") == before
    site.module("pack.blocks", "x = y = 2\n")
    assert source_digest("pack.top") != before


def test_a_module_alone_has_the_digest_of_its_file(site):
    path = site.module("alone", "import os, json\nfrom os import path\n")
    assert source_digest("alone") == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source_digest("nowhere") is source_digest("alone.inner") is None
    site.module("bad", "def (:\n")
    assert source_digest("bad")
