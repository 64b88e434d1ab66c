import random
import signal
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from ganzoo.catalog.plugins.discovery import discover, find_plugin, load_plugin
from ganzoo.errors import PluginError, UnknownName

GOOD = "def make(image_shape):\n    '''A good one.'''\n    return 'made'\n"


def test_an_entry_point_becomes_a_plugin(site):
    site.architecture("pretty", owner="some-dist")
    plugin = discover("architecture").plugins["pretty"]
    assert plugin.target == "some_dist_pretty:make"
    assert (plugin.distribution, plugin.version) == ("some-dist", "1.0")
    assert plugin.qualified == "some-dist:pretty"


def test_discovery_imports_nothing(site):
    site.architecture("pretty", "raise SystemExit('imported')\n")
    before = set(sys.modules)
    discover("architecture")
    assert "stranger_pretty" not in set(sys.modules) - before


def test_kinds_do_not_mix(site):
    site.install("both", "[ganzoo.architectures]\npa = m:a\n[ganzoo.datasets]\npd = m:d\n")
    assert "pd" not in discover("architecture").plugins
    assert discover("dataset").plugins["pd"].target == "m:d"


def test_an_unknown_kind_is_suggested():
    with pytest.raises(UnknownName, match="Did you mean 'dataset'"):
        discover("datasets")


def test_an_unknown_name_is_suggested(site):
    site.architecture("pretty")
    with pytest.raises(UnknownName, match="Unknown architecture.*'prety'.*Did you mean 'pretty'"):
        find_plugin("architecture", "prety")


def test_a_loaded_plugin_is_the_object_itself(site):
    site.architecture("pretty", GOOD)
    assert load_plugin(find_plugin("architecture", "pretty"))((8, 8, 1)) == "made"


def test_dots_lead_into_classes(site):
    site.install("owner", "[ganzoo.architectures]\nnested = nested_mod:Zoo.make\n")
    site.module("nested_mod", "class Zoo:\n    @staticmethod\n    def make(): return 7\n")
    assert load_plugin(find_plugin("architecture", "nested"))() == 7


# P1-P6, P3, P20: what goes wrong on import stays the plugin's


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_module_at_all\n", "ModuleNotFoundError"),
        ("def make(:\n", "SyntaxError"),
        ("other = 1\n", "AttributeError"),
        ("raise SystemExit(0)\n", "SystemExit"),
        ("def f(): f()\nf()\n", "RecursionError"),
        ("raise Exception('line one\\nline two')\n", "Exception: line one line two"),
        (
            "class E(Exception):\n    def __str__(self): raise ValueError\nraise E\n",
            "bad:make': E.",
        ),
        ("raise Exception('\\x1b[31mred')\n", r"\?\[31mred"),
    ],
)
def test_any_failure_on_import_is_a_plugin_error(site, source, said):
    site.architecture("bad", source)
    with pytest.raises(PluginError, match=said) as caught:
        load_plugin(find_plugin("architecture", "bad"))
    assert "The architecture 'bad' of stranger 1.0" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert type(caught.value.__cause__).__name__ in str(caught.value)
    assert caught.value.exit_code == 4


def test_a_plugin_that_failed_is_tried_again(site):
    site.architecture("bad", "raise ValueError\n")
    with pytest.raises(PluginError):
        load_plugin(find_plugin("architecture", "bad"))
    site.module("stranger_bad", GOOD)
    (site.folder / "stranger_bad.py").touch()
    sys.path_importer_cache.clear()
    assert callable(load_plugin(find_plugin("architecture", "bad")))


def test_the_users_interrupt_is_not_the_plugins(site):
    site.architecture("slow", "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    with pytest.raises(KeyboardInterrupt):
        load_plugin(find_plugin("architecture", "slow"))


# P8, P9: names


def test_a_stranger_never_takes_a_first_party_name(site):
    site.architecture("zoo-net", owner="aaa-stranger")
    site.architecture("zoo-net", owner="keras-ganzoo")
    found = discover("architecture")
    assert found.plugins["zoo-net"].distribution == "keras-ganzoo"
    assert found.plugins["aaa-stranger:zoo-net"].distribution == "aaa-stranger"
    assert not found.clashes
    assert any("belongs to keras-ganzoo" in problem.reason for problem in found.problems)


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_of_two_strangers_with_one_name_neither_wins(site, order):
    for owner in order:
        site.architecture("same", owner=owner)
    with pytest.raises(PluginError, match="one and two.*'one:same' or 'two:same'"):
        find_plugin("architecture", "same")
    assert find_plugin("architecture", "one:same").distribution == "one"
    assert find_plugin("architecture", "two:same").distribution == "two"


@pytest.mark.parametrize("folders", [("a", "b"), ("b", "a")])
def test_a_clash_is_a_clash_in_either_order_of_sys_path(tmp_path, monkeypatch, site, folders):
    site.architecture("same", owner="one")
    other = type(site)(tmp_path / "other")
    other.architecture("same", owner="two")
    pair = {"a": site, "b": other}
    for name in folders:
        monkeypatch.syspath_prepend(str(pair[name].folder))
    rivals = discover("architecture").clashes["same"]
    assert sorted(rival.distribution for rival in rivals) == ["one", "two"]


def test_a_qualified_name_always_works_however_the_distribution_is_spelled(site):
    site.architecture("pretty", owner="Some.Dist")
    for spelling in ("Some.Dist:pretty", "some-dist:pretty", "some_dist:pretty"):
        assert find_plugin("architecture", spelling).name == "pretty"


def test_a_name_of_a_distribution_that_is_not_there_is_a_plugin_error(site):
    site.architecture("pretty")
    with pytest.raises(PluginError, match="No installed distribution 'os'"):
        find_plugin("architecture", "os:system")
    with pytest.raises(UnknownName, match="Did you mean"):
        find_plugin("architecture", "stranger:prety")


# P10-P12: the interface version


@pytest.mark.parametrize("version", ["0", "2", "'1'", "1.0", "True", "NEWEST"])
def test_another_interface_version_is_refused_before_the_import(site, version):
    site.architecture("old", f"GANZOO_API = {version}\nraise SystemExit\n")
    with pytest.raises(PluginError, match=f"version {version} of the plugin interface.*offers 1"):
        load_plugin(find_plugin("architecture", "old"))


@pytest.mark.parametrize("line", ["GANZOO_API = 1\n", "GANZOO_API: int = 1\n", ""])
def test_this_interface_version_or_none_is_taken(site, line):
    site.architecture("fit", line + GOOD)
    assert callable(load_plugin(find_plugin("architecture", "fit")))


# P13-P16, P19: metadata


@pytest.mark.parametrize(
    "content",
    [
        "[ganzoo.architectures]\nno equals sign\n",
        b"\xff\xfe[ganzoo.architectures]\nx = m:f\n",
        "[ganzoo.architectures]\nspaced = not a target\n",
        "[ganzoo.architectures]\n = m:f\n",
        "[ganzoo.architectures]\nwithout = module_only\n",
        "[ganzoo.architectures]\n../../etc = m:f\n",
        "[ganzoo.architectures]\ntwice = m:f\ntwice = m:g\n",
    ],
)
def test_broken_metadata_is_a_problem_of_its_owner_alone(site, content):
    site.install("broken", content)
    site.architecture("good-one", owner="good-dist")
    site.architecture("good-two", owner="zzz")
    found = discover("architecture")
    assert {"good-one", "good-two"} <= set(found.plugins)
    assert [p.distribution for p in found.problems] == ["broken"]


def test_a_broken_entry_says_why_when_it_is_asked_for(site):
    site.install("broken", "[ganzoo.architectures]\nspaced = not a target\n")
    with pytest.raises(PluginError, match="'spaced' of broken cannot be used.*not a target"):
        find_plugin("architecture", "spaced")


def test_a_distribution_without_a_name_is_a_problem(site):
    site.install("nameless", "[ganzoo.architectures]\nlost = m:f\n", metadata=False)
    found = discover("architecture")
    assert "lost" not in found.plugins
    assert "no METADATA" in found.problems[0].reason


@pytest.mark.parametrize("versions", [("1.9", "1.10"), ("1.10", "1.9")])
def test_of_two_versions_in_one_folder_the_newest_is_used_and_both_are_named(site, versions):
    for version in versions:
        target = f"[ganzoo.architectures]\nx = m:v{version.replace('.', '_')}\n"
        site.install("twin", target, version)
    found = discover("architecture")
    assert found.plugins["x"].version == "1.10"
    assert "1.10 and 1.9" in found.problems[0].reason


def test_the_same_distribution_twice_on_sys_path_counts_once(tmp_path, monkeypatch, site):
    site.architecture("pretty", owner="mine")
    old = type(site)(tmp_path / "old")
    old.install("mine", "[ganzoo.architectures]\npretty = old:make\n", "0.9")
    monkeypatch.setattr(sys, "path", [*sys.path, str(old.folder), str(site.folder)])
    found = discover("architecture")
    assert found.plugins["pretty"].version == "1.0"
    assert not found.problems


def test_the_whole_corpus_at_once_hides_no_good_plugin(site):
    site.architecture("good", GOOD, owner="good-dist")
    site.architecture("also-good", GOOD, owner="keras-ganzoo")
    site.install("p13", "[ganzoo.architectures]\nno equals sign\n")
    site.install("p15", bytes(range(256)))
    site.install("p16", "[ganzoo.architectures]\n = m:f\n")
    site.install("p20", "[ganzoo.architectures]\ngone = gone_module:make\n")
    site.architecture("also-good", "raise SystemExit\n", owner="p8")
    site.architecture("p4", "raise SystemExit\n", owner="p4-dist")
    found = discover("architecture")
    assert {"good", "also-good", "gone", "p4"} <= set(found.plugins)
    assert callable(load_plugin(found.plugins["good"]))
    assert callable(load_plugin(found.plugins["also-good"]))
    with pytest.raises(PluginError, match="ModuleNotFoundError"):
        load_plugin(found.plugins["gone"])
    assert {p.distribution for p in found.problems} >= {"p13", "p16", "p8"}


# GANZOO_PLUGINS


def test_strangers_can_be_left_out_by_the_environment(site, monkeypatch):
    for owner in ("keras-ganzoo", "wanted.dist", "other"):
        site.architecture(f"of-{owner.partition('.')[0]}", owner=owner)
    monkeypatch.setenv("GANZOO_PLUGINS", "none")
    plugins = discover("architecture").plugins
    assert "of-keras-ganzoo" in plugins
    assert not {"of-wanted", "of-other"} & set(plugins)
    monkeypatch.setenv("GANZOO_PLUGINS", "wanted-dist, missing")
    found = discover("architecture")
    assert {"of-keras-ganzoo", "of-wanted"} <= set(found.plugins)
    assert "of-other" not in found.plugins
    (problem,) = found.problems
    assert problem.distribution == "missing" and "GANZOO_PLUGINS" in problem.reason


# P21: what an import does to the process


def test_what_a_plugin_prints_goes_to_stderr(site, capsys):
    site.architecture("loud", "print('hello')\n" + GOOD)
    load_plugin(find_plugin("architecture", "loud"))
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import signal\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)\n", "handler of SIGUSR1"),
        ("import random\nrandom.seed(0)\n", "Python's random numbers"),
        ("import numpy\nnumpy.random.seed(0)\n", "NumPy's random numbers"),
    ],
)
def test_what_a_plugin_changes_for_the_process_is_said(site, source, said):
    """Promise 63. P22: it is its user's code, so that nothing is undone."""
    before = signal.getsignal(signal.SIGUSR1), random.getstate(), np.random.get_state()
    site.architecture("rude", source + GOOD)
    try:
        with pytest.warns(UserWarning, match=f"'rude' of stranger 1.0 has changed.*: .*{said}[.]"):
            load_plugin(find_plugin("architecture", "rude"))
        load_plugin(find_plugin("architecture", "rude"))  # once
    finally:
        signal.signal(signal.SIGUSR1, before[0])
        random.setstate(before[1])
        np.random.set_state(before[2])


def test_random_numbers_that_a_framework_draws_on_import_are_not_blamed_on_a_plugin(
    site, monkeypatch
):
    monkeypatch.setattr("ganzoo.catalog.plugins.import_effects._FRAMEWORKS", {"a_framework"})
    monkeypatch.setitem(sys.modules, "a_framework", None)
    del sys.modules["a_framework"]
    source = "import random, sys\nsys.modules['a_framework'] = random\nrandom.random()\n"
    site.architecture("calm", source + GOOD)
    load_plugin(find_plugin("architecture", "calm"))
    assert sys.modules["a_framework"] is random


def test_what_a_plugin_changes_of_keras_is_said(site, monkeypatch):
    """With a stand-in, since no framework runs here."""
    config = SimpleNamespace(
        floatx=lambda: sys.modules["keras"].kind,
        epsilon=lambda: 1e-7,
        image_data_format=lambda: "channels_last",
        dtype_policy=lambda: SimpleNamespace(name="float32"),
    )
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(config=config, kind="float32"))
    site.architecture("rude", "import sys\nsys.modules['keras'].kind = 'float64'\n" + GOOD)
    with pytest.warns(UserWarning, match="has changed.*: Keras' settings"):
        load_plugin(find_plugin("architecture", "rude"))


def test_a_slow_import_is_said_with_its_time(site, monkeypatch):
    """Promise 64."""
    monkeypatch.setattr("ganzoo.catalog.plugins.import_effects.SLOW", 0.05)
    site.architecture("slow", "import time\ntime.sleep(0.1)\n" + GOOD)
    with pytest.warns(UserWarning, match="'slow' of stranger 1.0 took .* seconds"):
        load_plugin(find_plugin("architecture", "slow"))
