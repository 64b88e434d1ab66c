"""Documents at the root against the files that they speak of."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ganzoo
from ganzoo.jobs.publishing.citations import bibtex

ROOT = Path(__file__).parents[2]
CARDS = sorted(ROOT.glob("registry/*/card.toml"))
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    ".github/pull_request_template.md",
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_stands_in_one_file():
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "ganzoo/__init__.py"
    assert not re.search(r"^version:", text_of("CITATION.cff"), flags=re.M)


def test_every_paper_of_the_zoo_can_be_cited():
    papers = re.findall(r"https://arxiv.org/abs/[\d.]+", "".join(map(Path.read_text, CARDS)))
    assert text_of("README.md").count(bibtex([])) == 1
    assert set(papers) <= set(re.findall(r"url = {(.*)}", text_of("registry/papers.bib")))
    assert bibtex(["https://arxiv.org/abs/1"]).endswith(
        "@misc{1,\n  url = {https://arxiv.org/abs/1},\n}"
    )


def test_the_change_log_begins_with_this_version_or_the_next():
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+|Unreleased)", text_of("CHANGELOG.md"), flags=re.M)
    assert versions[0] in ("Unreleased", ganzoo.__version__)


@pytest.mark.parametrize("name", PAGES)
def test_every_target_that_a_page_names_is_in_the_makefile(name):
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), flags=re.M))
    assert {"check", "lint", "test"} <= targets
    assert set(re.findall(r"\bmake ([a-z-]+)", code_in(text_of(name)))) <= targets


def code_in(text: str) -> str:
    """Code blocks and code within sentences."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.S))


@pytest.mark.parametrize("name", PAGES)
def test_links_of_the_pages_at_the_root_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)\s#]+)\)", text_of(name)):
        if "://" not in target:
            assert (ROOT / name).parent.joinpath(target).exists(), target


def test_files_that_contributing_names_are_there():
    for path in re.findall(
        r"`((?:ganzoo|plugins|tests|docs)/[\w/.]+)`", text_of("CONTRIBUTING.md")
    ):
        assert (ROOT / path).exists(), path


def test_hooks_and_continuous_integration_run_what_make_lint_runs():
    linters = {"ruff check", "ruff format", "basedpyright"}
    lint = text_of("Makefile").partition("\nlint:")[2].partition("\n\n")[0]
    assert all(f"$(DEV)/bin/{tool}" in lint for tool in linters)
    assert all(f"entry: .venv/bin/{tool}" in text_of(".pre-commit-config.yaml") for tool in linters)
    assert "make lint" in text_of(".ci/run")


def test_the_oldest_versions_are_the_lower_bounds():
    command = [sys.executable, str(ROOT / "tests" / "oldest.py"), "jax"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    bounds = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["jax"]
    assert [word.replace("==", ">=") for word in printed] == bounds


def test_what_tests_leave_in_a_home_is_found(tmp_path):
    """Promise 96."""
    sys.path.insert(0, str(ROOT / "tests"))
    try:
        import run as runner
    finally:
        sys.path.pop(0)
    for name in (".cache/chromium", ".pki", ".cache/fontconfig"):
        (tmp_path / name).mkdir(parents=True)
    assert runner.left_in_home(tmp_path) == []
    ours = (".cache/ganzoo", ".cache/huggingface", ".keras", ".local/share/ganzoo")
    for name in ours:
        (tmp_path / name).mkdir(parents=True)
    assert runner.left_in_home(tmp_path) == sorted(ours)
    environment = runner.environment(tmp_path, "jax")
    assert environment["HOME"].startswith(str(tmp_path))
    assert not [name for name in environment if name.startswith("XDG_")]
