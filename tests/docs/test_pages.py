"""Pages against the files that they quote; code and commands in them run."""

import importlib
import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import includes
import pytest
from children import run_python

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.catalog.registry.lookup import models
from ganzoo.cli import main

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "docs", ROOT / "docs" / "tutorials")
PAGES = {path.name: path for folder in FOLDERS for path in sorted(folder.glob("*.md"))}
PAGES["README.md"] = ROOT / "README.md"
RUN = [name for name in PAGES if name in ("step.md", "add-a-paper.md", "add-a-dataset.md")]


def text_of(name: str) -> str:
    return PAGES[name].read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The page's own blocks in a language; not those that are brought from files."""
    own = re.sub(r"^<!-- include .*?^<!-- end -->$", "", text_of(name), flags=re.M | re.S)
    return re.findall(rf"^```{language}\n(.*?)^```$", own, flags=re.M | re.S)


def ganzoo_commands(name: str, language: str) -> list[list[str]]:
    lines = "".join(blocks(name, language)).splitlines()
    lines = [line.removeprefix("$ ").partition("  #")[0] for line in lines]
    return [shlex.split(line) for line in lines if line.startswith("ganzoo ")]


def run(*words, folder):
    env = {"KERAS_BACKEND": "jax", "GANZOO_HOME": folder / "home"}
    return run_python(*words, cwd=folder, env=env)


@pytest.mark.parametrize("name", PAGES)
def test_included_code_is_that_of_the_files(name):
    assert text_of(name) == includes.filled(text_of(name)), "Run `python docs/includes.py`."


def test_the_lines_to_read_to_trust_a_step_are_at_most_250():
    included = re.findall(
        r"^<!-- include .*?^```python\n(.*?)^```$", text_of("step.md"), re.M | re.S
    )
    assert len(included) > 10
    assert sum(len(code.splitlines()) for code in included) <= 250


def test_the_pages_include_the_whole_example():
    pages = "".join(map(text_of, PAGES))
    example = ROOT / "docs" / "example_plugin"
    for path in ("cgan.py", "shapes.py", "registry/cgan-shapes/card.toml"):
        assert f"\n{(example / 'ganzoo_example' / path).read_text(encoding='utf-8')}```\n" in pages


def test_a_changed_file_changes_the_page(tmp_path, monkeypatch):
    (tmp_path / "code.py").write_text('def old():\n    """New text."""\n\n\nx = 1\n')
    monkeypatch.setattr(includes, "ROOT", tmp_path)
    page = "A\n<!-- include code.py old -->\n```python\nstale\n```\n<!-- end -->\nB\n"
    expected = page.replace("stale", 'def old():\n    """New text."""')
    assert includes.filled(page) == expected


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    page = PAGES[name]
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(name)):
        parts = urlsplit(target)
        if not parts.scheme and parts.path:
            assert (page.parent / parts.path).exists(), target


@pytest.mark.parametrize("name", RUN)
def test_code_in_the_pages_runs(name, tmp_path):
    code = "\n".join(blocks(name, "python"))
    assert "assert " in code
    (tmp_path / "page.py").write_text(code, encoding="utf-8")
    run("-W", "error", "page.py", folder=tmp_path)


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_in_the_pages_have_these_options(name, capsys):
    if name == "cli.md":
        pytest.skip("It is written from the help itself.")
    commands = {shlex.join(c) for k in ("sh", "text") for c in ganzoo_commands(name, k)}
    for command in sorted(commands):
        # words are parsed before the help is shown: an unknown option is refused
        code = main([*shlex.split(command)[1:], "--help"])
        out, err = capsys.readouterr()
        assert code == 0 and "Usage: ganzoo" in out, (command, err)


def test_the_readme_names_the_models_that_come_with_weights():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", text_of("README.md"), flags=re.M)
    zoo = {name: entry for name, entry in models().items() if entry.source == "keras-ganzoo"}
    assert sorted(rows) == sorted(
        n for n in zoo if list((ROOT / "registry" / n).glob("*/card.toml"))
    )


@pytest.mark.parametrize("name", ["models", "trained", "features"])
def test_a_page_that_is_written_is_up_to_date(name):
    make = importlib.import_module(f"make_{name}")
    page = make.PAGE.read_text(encoding="utf-8")
    assert page == make.filled(page), f"Run `python docs/make_{name}.py`."


def test_the_table_of_formats_has_every_architecture_and_onnx_agrees():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|(.*)\|$", text_of("formats.md"), flags=re.M)
    plugins = discover("architecture").plugins.values()
    assert sorted(name for name, _ in rows) == sorted(
        p.name for p in plugins if p.distribution == "keras-ganzoo"
    )
    for name, cells in rows:
        difference = re.match(r"[^|]*\| (\S+) \(torch\)", cells)
        assert difference and float(difference[1]) <= 1e-4, f"{name}: {cells}"


# What does not come far in minutes, and where a page says how far, or what published weights do.
WAITING = {
    "facegan": ("trained.md", "`facegan-flowers-small` does not get far"),
    "projected-gan": ("which-model.md", "| `projected-gan` |"),
    "esrgan": ("enlarge.md", "draw what ncnn draws"),
    "esrgan-compact": ("enlarge.md", "| `compact-x4`, after |"),
}


def test_every_architecture_has_been_trained_for_the_page_or_is_named_here():
    figures = json.loads((ROOT / "docs" / "trained.json").read_text(encoding="utf-8"))
    shown = {row["architecture"] for row in figures.values()}
    plugins = discover("architecture").plugins.values()
    zoo = {p.name for p in plugins if p.distribution == "keras-ganzoo"}
    assert zoo - shown == WAITING.keys()
    assert not [name for name, (page, words) in WAITING.items() if words not in text_of(page)]
    for name, row in figures.items():
        fell = [m for m in ("frechet", "patch_wasserstein") if m in row["after"]]
        assert fell, name
        assert all(row["after"][m] < 0.5 * row["before"][m] for m in fell), name
