"""The command as its own process: what only the operating system can show."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from children import run_python

COMMAND = [sys.executable, "-m", "ganzoo.cli"]
FRAMEWORKS = {"keras", "jax", "jaxlib", "torch", "tensorflow"}


@pytest.fixture(autouse=True)
def path(monkeypatch):
    """The child finds what this process has imported, wherever it stands."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, map(os.path.abspath, sys.path))))


def run(*argv, **kwargs):
    kwargs = {"capture_output": True, "text": True, "timeout": 60} | kwargs
    return subprocess.run([*COMMAND, *argv], **kwargs)


def test_looking_around_and_a_usage_error_need_no_framework_and_leave_no_run_folder():
    words = (
        "list", "list faces", "--help", "help train", "info dcgan", "info dcgan-digits --full",
        "plugins", "doctor", "train nope --steps 3",
    )  # fmt: skip
    code = (
        "import sys; from ganzoo.cli import main\n"
        f"codes = [main(argv.split()) for argv in {words}]\n"
        f"print(codes, sorted({FRAMEWORKS} & set(sys.modules)), file=sys.stderr)"
    )
    codes = [*[0] * 8, 2]
    assert run_python("-c", code).stderr.splitlines()[-1] == f"{codes} []"
    assert list(Path().iterdir()) == []


def test_a_reader_that_has_gone_ends_the_command_quietly():
    reading, writing = os.pipe()
    os.close(reading)
    for argv in (["list"], ["--help"], ["list", "--json"]):
        done = run(*argv, stdout=writing, stderr=subprocess.PIPE, capture_output=False)
        assert (done.returncode, done.stderr) == (141, "")
    os.close(writing)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("argv", [["list"], ["--help"]])
def test_a_full_disk_behind_stdout_is_said_in_one_line(argv):
    with open("/dev/full", "w") as full:
        done = run(*argv, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 5
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


def test_a_closed_stdout_is_said_in_one_line():
    done = run("list", capture_output=False, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (5, "error: Standard output is closed.\n")


def test_closed_stdin_and_stderr_do_no_harm():
    done = run("list", "--json", preexec_fn=lambda: (os.close(0), os.close(2)))
    assert done.returncode == 0 and json.loads(done.stdout)["datasets"]


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_name_that_the_locale_cannot_write_is_escaped(encoding):
    env = os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": encoding}
    argv = [*map(os.fsencode, COMMAND), b"train", "gürtel".encode() + b"\xff"]
    done = subprocess.run(argv, env=env, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: Unknown model.") and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(("name", "line"), [("jaxx", "Did you mean 'jax'"), ("openvino", "one of")])
def test_a_bad_backend_is_refused_with_the_code_of_who_said_it(name, line, card):
    card("toy")
    asked = run("train", "toy", "--backend", name, "--dry-run")
    assert asked.returncode == 2 and name in asked.stderr
    found = run("train", "toy", "--dry-run", env=os.environ | {"KERAS_BACKEND": name})
    assert found.returncode == 5 and line in found.stderr and found.stderr.count("\n") == 1


def test_a_current_folder_that_is_gone_is_said_in_one_line(tmp_path):
    source = (
        "import os, sys; os.chdir(sys.argv[1]); os.rmdir(sys.argv[1]);"
        "from ganzoo.cli import main;"
        "print([main(argv) for argv in (['data', 'info', 'digits'], ['info', '1'], ['list', 'x'])])"
    )
    here = tmp_path / "here"
    here.mkdir()
    command = [sys.executable, "-P", "-c", source, str(here)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("[5, 5, 0]\n")
    assert done.stderr.count("error: The current folder no longer exists.") == 2


@pytest.mark.parametrize("name", ["x" * 300, "./" + "x" * 5000, "README.md/x"])
def test_a_name_that_no_file_can_have_is_no_bug(name, ganzoo):
    data = ["data", "info", "zip", "--data", name]
    for argv in (["info", name], ["train", f"{name}.toml"], data):
        done = ganzoo(*argv)
        assert done.code in (2, 5) and done.err.count("error: ") == 1, argv


def test_no_arguments_show_the_help_on_stderr_and_fail():
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "Commands:" in done.stderr


def test_nothing_is_colored_when_nobody_looks():
    done = run("list", env=os.environ | {"FORCE_COLOR": "1"})
    assert "\x1b" not in done.stdout + done.stderr
