"""A stranger's package, docs/example_plugin, built as a wheel and installed beside the zoo's."""

import hashlib
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "example_plugin"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]


def run(*command, cwd, env=None, expect=0):
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**os.environ, **(env or {})},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == expect, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[str, Path]:
    """The zoo's wheel and the example's, built as `pip install .` builds them."""
    out = tmp_path_factory.mktemp("wheels")
    for source in (ROOT, EXAMPLE):
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out]
        run(*command, source, cwd=out)
    return {path.name.partition("-")[0]: path for path in out.glob("*.whl")}


class Environment:
    """A virtual environment of its own and a folder to work in."""

    def __init__(self, folder: Path):
        self.venv, self.work = folder / "venv", folder / "work"
        self.work.mkdir()
        venv.create(self.venv, with_pip=False, symlinks=True)
        self.python = self.venv / "bin" / "python"
        self.site = next((self.venv / "lib").glob("python3*")) / "site-packages"
        # The dependencies come from the environment that runs the tests: as a path only, so
        # that an editable install of ganzoo there stays out of this one.
        borrowed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        (self.site / "dependencies.pth").write_text("\n".join(borrowed) + "\n")

    def install(self, wheel: Path) -> None:
        options = ["--no-deps", "--no-index", "--quiet"]
        run(*PIP, "--python", self.python, "install", *options, wheel, cwd=self.work)

    def uninstall(self, name: str) -> None:
        run(*PIP, "--python", self.python, "uninstall", "--yes", "--quiet", name, cwd=self.work)

    def python_says(self, code: str) -> str:
        return self.run("-W", "error", "-c", code).stdout.strip()

    def ganzoo(self, *words, expect=0):
        return self.run("-m", "ganzoo.cli", *words, expect=expect)

    def json(self, *words) -> dict:
        return json.loads(self.ganzoo(*words, "--json").stdout)

    def run(self, *words, expect=0):
        env = {
            "GANZOO_HOME": str(self.work / "home"), "KERAS_HOME": str(self.work / "keras"),
            "KERAS_BACKEND": "jax", "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        return run(self.python, *words, cwd=self.work, env=env, expect=expect)

    def fingerprint_of_the_zoo(self) -> str:
        """Every file that the zoo's wheel installed, metadata included."""
        plugins = ("ganzoo_classic", "ganzoo_data", "ganzoo_features")
        folders = ("ganzoo", *plugins, "keras_ganzoo-*")
        files = [p for name in folders for p in self.site.glob(f"{name}/**/*") if p.is_file()]
        assert len(files) > 100
        contents = hashlib.sha256()
        for path in sorted(files):
            contents.update(str(path.relative_to(self.site)).encode() + path.read_bytes())
        return contents.hexdigest()


@pytest.fixture(scope="module")
def environment(wheels, tmp_path_factory) -> Environment:
    """An environment with both wheels installed, the zoo's first."""
    environment = Environment(tmp_path_factory.mktemp("environment"))
    environment.install(wheels["keras_ganzoo"])
    environment.before = environment.fingerprint_of_the_zoo()
    environment.install(wheels["ganzoo_example"])
    return environment


@pytest.fixture(scope="module")
def trained(environment) -> Path:
    environment.ganzoo("train", "cgan-shapes", "--steps", "20", "--run", "trained")
    return environment.work / "trained"


def names(listed: dict, section: str, source: str) -> list[str]:
    return [entry["name"] for entry in listed[section] if entry["source"] == source]


def pixels(path: Path) -> bytes:
    with Image.open(path) as image:
        return image.tobytes()


def test_the_wheel_holds_the_whole_zoo(wheels):
    held = set(zipfile.ZipFile(wheels["keras_ganzoo"]).namelist())
    cards = {path.parent.name for path in ROOT.glob("registry/*/card.toml")}
    report = ("page.html", "page.css", "page.js")
    expected = {
        "ganzoo/py.typed",
        "ganzoo_features/weights/digits.safetensors",
        "ganzoo/_registry/dcgan-digits/1/generator.safetensors",
        "ganzoo_data/digits.npz",
        "ganzoo_data/digits.ATTRIBUTION.txt",
        *(f"ganzoo/jobs/report/{name}" for name in report),
        *(f"ganzoo/_registry/{name}/card.toml" for name in cards),
        *(str(path.relative_to(ROOT)) for path in ROOT.glob("ganzoo/**/*.py")),
        *(str(path.relative_to(ROOT / "plugins")) for path in ROOT.glob("plugins/*/*.py")),
    }
    assert len(cards) >= 7
    assert not expected - held
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in held)


def test_the_wheel_holds_nothing_else(wheels):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheels["keras_ganzoo"]).namelist()}
    packages = {top for top in tops if not top.endswith(".dist-info")}
    families = ("classic", "conditional", "modern", "translation", "media", "restoration")
    others = ("checkpoints", "data", "features", "loggers")
    assert packages == {"ganzoo", *(f"ganzoo_{name}" for name in (*families, *others))}


def test_the_zoo_in_the_environment_is_the_wheels(environment):
    code = "import ganzoo, ganzoo_data, ganzoo_classic\n"
    code += "for m in (ganzoo, ganzoo_data, ganzoo_classic): print(m.__file__)"
    files = environment.python_says(code).splitlines()
    assert len(files) == 3
    assert all(Path(file).is_relative_to(environment.site) for file in files)


def test_all_that_the_package_brings_is_listed(environment):
    listed = environment.json("list")
    assert listed["problems"] == []
    assert names(listed, "architectures", "ganzoo-example") == ["cgan"]
    assert names(listed, "datasets", "ganzoo-example") == ["shapes"]
    assert names(listed, "models", "ganzoo-example") == ["cgan-shapes"]
    assert "dcgan-digits" in names(listed, "models", "keras-ganzoo")
    shown = {e["name"]: e["summary"] for e in listed["architectures"] + listed["datasets"]}
    assert shown["cgan"].startswith("A fully connected GAN for small images")
    assert shown["shapes"].startswith("Gray images of discs")


def test_nothing_is_imported_to_list_or_describe_it(environment):
    code = (
        "import sys\nfrom ganzoo.cli import main\n"
        "for words in (['list'], ['info', 'cgan'], ['info', 'shapes'], ['info', 'cgan-shapes']):\n"
        "    sys.argv = ['ganzoo', *words]\n"
        "    try: main()\n"
        "    except SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'ganzoo_example', 'keras', 'jax', 'torch', 'tensorflow'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))"
    )
    assert environment.python_says(code).endswith("loaded: []")


def test_what_the_data_set_fills_is_no_key_of_the_recipe(environment):
    options = {o["name"]: o for o in environment.json("info", "cgan")["architecture"]["options"]}
    assert options["image_shape"]["filled"] and options["classes"]["filled"]
    assert (options["latent_size"]["filled"], options["latent_size"]["default"]) == (False, 100)
    wrong = environment.ganzoo("train", "cgan-shapes", "--set", "architecture.classes=4", expect=2)
    assert "comes from the data set" in wrong.stderr


def test_its_model_trains(trained):
    assert "<svg" in (trained / "report.html").read_text(encoding="utf-8")
    assert (trained / "weights.safetensors").stat().st_size > 100_000
    manifest = json.loads((trained / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["state"] == "finished"
    assert manifest["plugins"]["architecture"]["distribution"] == "ganzoo-example"
    assert manifest["data"]["classes"] == ["disc", "square", "triangle", "cross"]


def test_its_model_draws_the_classes_that_are_asked_for(environment, trained):
    samples = []
    for out, labels in (("mixed", "0,3"), ("crosses", "3,3")):
        options = ["-n", "2", "--seed", "5", "--separate", "--out", out, "--labels", labels]
        environment.ganzoo("sample", trained, *options)
        samples.append([pixels(path) for path in sorted((environment.work / out).iterdir())])
    (disc, cross), (other, same) = samples
    assert disc != other  # one latent, two labels
    assert cross == same
    assert {len(image) for image in (disc, cross)} == {16 * 16}


def test_a_class_that_it_does_not_have_is_refused_with_their_names(environment, trained):
    done = environment.ganzoo("sample", trained, "--labels", "4", expect=2)
    assert "0 disc, 1 square, 2 triangle, 3 cross" in done.stderr


def test_its_architecture_trains_on_the_zoos_data(environment):
    recipe = environment.work / "digits.toml"
    card = (EXAMPLE / "ganzoo_example/registry/cgan-shapes/card.toml").read_text(encoding="utf-8")
    tables = card[card.index("[recipe.architecture]") :].replace("[recipe.", "[")
    recipe.write_text(tables.replace('"shapes"\nsize = 16', '"digits"'), encoding="utf-8")
    plan = environment.json("train", recipe, "--dry-run")
    assert (plan["image_shape"], plan["classes"]) == ([8, 8, 1], 10)


def test_its_own_tests_pass(environment):
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", EXAMPLE]
    done = environment.run("-W", "error", "-m", "pytest", *options, EXAMPLE / "tests")
    assert "5 passed" in done.stdout


def test_the_core_is_untouched(environment, trained):
    assert environment.fingerprint_of_the_zoo() == environment.before


def test_without_it_the_zoo_is_healthy_and_its_runs_say_what_they_lack(
    environment, wheels, trained
):
    environment.uninstall("ganzoo-example")
    try:
        listed = environment.json("list")
        assert listed["problems"] == []
        sources = {entry["source"] for entry in listed["models"] + listed["architectures"]}
        assert sources == {"keras-ganzoo"}
        assert environment.fingerprint_of_the_zoo() == environment.before
        done = environment.ganzoo("sample", trained, expect=4)
        assert "'cgan', which is not installed. It came from: ganzoo-example" in done.stderr
    finally:
        environment.install(wheels["ganzoo_example"])
