"""`ganzoo runs`, `ganzoo compare` and `ganzoo watch`."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry.lookup import find_model
from ganzoo.catalog.runs import Run


@pytest.fixture
def make_run():
    def make(**training) -> Run:
        run = Run.create(Path("runs"), "dcgan-digits")
        card = find_model("dcgan-digits")
        tables = card.recipe.tables()
        tables["training"] |= training
        run.recipe_path.write_text(Recipe.from_tables(tables).toml())
        run.card_path.write_text(card.model_copy(update={"results": []}).toml())
        run.manifest_path.write_text(json.dumps({
            "model": "dcgan-digits", "state": "finished", "data": {"count": 1797},
        }))  # fmt: skip
        run.append_log({"step": 50, "seconds": 65.0, "d_loss": 1.0, "g_loss": 2.0, "frechet": 2.5})
        return run

    return make


def test_runs_are_a_line_each_and_broken_ones_too(ganzoo, make_run):
    make_run()
    make_run().manifest_path.write_text("{")
    done = ganzoo("runs")
    lines = done.out.splitlines()
    assert done.code == 0 and len(lines) == 3
    assert lines[1].split() == [
        "1", "dcgan-digits", "finished", "50/1,200", "1.000", "2.000", "frechet", "2.5", "at",
        "50", "1", "min", "05", "s",
    ]  # fmt: skip
    assert lines[2].split() == ["2", "dcgan-digits", "broken"] and "run 2 is broken" in done.err
    assert [run["state"] for run in ganzoo("runs", "--json").json["runs"]] == ["finished", "broken"]


def test_no_runs_are_no_error(ganzoo):
    done = ganzoo("runs", "--runs", "elsewhere")
    assert (done.code, done.out) == (0, "") and "no run in elsewhere" in done.err
    assert ganzoo("runs", "--json").json == {"runs": []}


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("text", "training.batch  128             32"),
        ("markdown", "| training.batch | 128 | 32 |"),
        ("latex", r"training.batch & 128 & 32 \\"),
        ("csv", "training.batch,128,32"),
    ],
)
def test_a_comparison_has_the_form_that_is_asked_for(ganzoo, make_run, style, line):
    make_run(batch=128)
    make_run(batch=32)
    lines = ganzoo("compare", "1", "2", "--format", style).out.splitlines()
    assert line in [" ".join(one.split()) if style == "latex" else one for one in lines]
    assert any(
        one.startswith(("seconds,65.0,65.0", "| time | 1 min 05 s", "time")) for one in lines
    )


def test_a_comparison_says_what_is_wrong_with_it(ganzoo, make_run):
    make_run()
    assert "at least two" in ganzoo("compare", "1").err
    assert "must be one of text" in ganzoo("compare", "1", "1", "--format", "word").err
    assert ganzoo("compare", "1", "9").code == 2


@pytest.mark.parametrize(
    ("text", "style", "cell"),
    [("a|b", "markdown", r"a\|b"), ("a_b%", "latex", r"a\_b\%"), ("a,b", "csv", '"a,b"')],
)
def test_cells_are_escaped_for_their_format(text, style, cell):
    from ganzoo.cli.support.tables import format_table

    assert cell in format_table([["", "x"], [text, "1"]], style)


def test_watching_serves_the_newest_run_until_ctrl_c_without_a_framework(make_run, tmp_path):
    """Also while a browser that asks for the page keeps the call that opens it."""
    make_run()
    make_run()
    code = "import sys; from ganzoo.cli import main; code = main(sys.argv[1:]);" + (
        "sys.exit(code or bool({'keras', 'jax', 'torch', 'tensorflow'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, "watch", "--json"]
    browser, seen = tmp_path / "browser.py", tmp_path / "seen"
    browser.write_text(
        "import pathlib, sys, urllib.request\n"
        "content = urllib.request.urlopen(sys.argv[1], timeout=30).read()\n"
        f"pathlib.Path({str(seen)!r}).write_bytes(content)\n"
    )
    environment = os.environ | {"BROWSER": f"{sys.executable} {browser} %s"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["run"].endswith("00002-dcgan-digits")
        with urllib.request.urlopen(said["url"], timeout=30) as answer:
            assert b"dcgan-digits" in answer.read()
        deadline = time.monotonic() + 30
        while not seen.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert seen.exists()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_there_must_be_a_run_to_watch(ganzoo):
    done = ganzoo("watch", "--no-open")
    assert done.code == 2 and "ganzoo train NAME" in done.err
