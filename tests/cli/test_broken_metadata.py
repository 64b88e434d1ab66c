"""A stranger's broken metadata stops nobody: each kind in a process of its own, verb after verb.

pydantic, JAX and PyTorch read the entry points of everything that is installed.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

NAMED = b"Metadata-Version: 2.1\nName: broken-dist\nVersion: 1.0\n"
KINDS: dict[str, Callable[[Path], object]] = {}


def kind(make: Callable[[Path], object]) -> Callable[[Path], object]:
    KINDS[make.__name__] = make
    return make


def info(
    site: Path,
    entry_points: bytes | None,
    metadata: bytes | None = NAMED,
    name: str = "broken_dist",
) -> Path:
    """The metadata of a distribution, as somebody's installer has left it."""
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir()
    for file, content in (("entry_points.txt", entry_points), ("METADATA", metadata)):
        if content is not None:
            (folder / file).write_bytes(content)
    return folder


@kind
def line_without_equals_sign(site):
    info(site, b"[console_scripts]\nno equals sign\n")


@kind
def line_without_equals_sign_in_a_plugin(site):
    info(site, b"[ganzoo.architectures]\nno equals sign\n")


@kind
def not_utf8(site):
    info(site, b"\xff\xfe[console_scripts]\nx = m:f\n")


@kind
def binary_junk(site):
    info(site, bytes(range(256)), bytes(range(255, -1, -1)))


@kind
def forbidden(site):
    (info(site, b"[console_scripts]\nx = m:f\n") / "entry_points.txt").chmod(0)


@kind
def folder_in_place_of_the_file(site):
    (info(site, None) / "entry_points.txt").mkdir()


@kind
def no_metadata(site):
    info(site, b"[console_scripts]\nno equals sign\n", None)


@kind
def metadata_not_utf8(site):
    info(site, b"[console_scripts]\nx = m:f\n", b"Name: caf\xe9\n")


@kind
def twice(site):
    for version in ("1", "2"):
        info(site, b"[ganzoo.architectures]\nx = m:f\n", name=f"broken_dist-{version}")


@kind
def empty_name(site):
    info(site, b"[console_scripts]\nx = m:f\n", b"Name: \nVersion: 1.0\n", name="")


@kind
def nameless(site):
    info(site, b"[console_scripts]\nx = m:f\n", b"", name="")


@kind
def dangling_links(site):
    (site / "gone.egg-link").write_text("/nowhere/at/all\n.")
    (site / "gone.egg-info").symlink_to("nowhere")
    (site / "gone-1.0.dist-info").symlink_to("nowhere")


@kind
def file_in_place_of_the_folder(site):
    (site / "broken_dist-1.0.dist-info").write_bytes(b"\xff")


VERBS = """
import sys
from ganzoo.cli import main
for verb in sys.argv[1].split(";"):
    print(f"== {verb}", flush=True)
    code = main(verb.split())
    assert code == 0, f"{verb}: exit {code}"
"""
CORE = "list;info dcgan-digits;data info digits;registry list;export --help;doctor;plugins"
NAMED_BY_DOCTOR = {  # the others can be read, or are nothing at all to Python
    "line_without_equals_sign", "line_without_equals_sign_in_a_plugin", "not_utf8", "binary_junk",
    "no_metadata", "nameless",
}  # fmt: skip


def run(verbs: str, site: Path, home: Path, **variables: str) -> str:
    """The output of verbs in a process that finds the site."""
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    settings = {"PYTHONPATH": path, "GANZOO_HOME": str(home / "home")} | variables
    done = subprocess.run(
        [sys.executable, "-c", VERBS, verbs],
        env=os.environ | settings, cwd=home, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "fault of ganzoo" not in done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", KINDS)
def test_every_verb_works_beside_a_broken_distribution(name, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    KINDS[name](site)
    written = run(CORE, site, tmp_path)
    report = written.rpartition("== doctor")[2].partition("== plugins")[0]
    assert report.count("entry_points.txt") == (name in NAMED_BY_DOCTOR)


@pytest.mark.backend
def test_a_network_is_trained_and_sampled_beside_all_of_them(tmp_path):
    import keras

    for name, make in KINDS.items():
        site = tmp_path / name
        site.mkdir()
        make(site)
    sites = os.pathsep.join(str(tmp_path / name) for name in KINDS)
    verbs = "train dcgan-digits --steps 1 --set training.batch=4;sample 1 -n 1"
    run(verbs, Path(sites), tmp_path, KERAS_BACKEND=keras.backend.backend())
