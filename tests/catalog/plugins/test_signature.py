import inspect
import sys

import pytest

from ganzoo.catalog.plugins.discovery import find_plugin, plugin_signature
from ganzoo.catalog.plugins.signature import MISSING, read_signature


def read(site, source: str, attribute: str = "make"):
    site.module("subject", source)
    return read_signature("subject", attribute)


def test_a_functions_summary_and_parameters_are_read(site):
    found = read(
        site,
        '''
        def make(image_shape, *, latent_size: int = 100, units: list[int] = [1, 2], rate=-0.5,
                 seed: int, where: "str | None" = None, unit=OTHER) -> "GAN":
            """A GAN of one line.

            More of it.
            """
        ''',
    )
    assert found.summary == "A GAN of one line."
    assert not found.open
    assert list(found.parameters) == [
        "image_shape", "latent_size", "units", "rate", "seed", "where", "unit",
    ]  # fmt: skip
    by_name = found.parameters
    assert by_name["image_shape"].required and by_name["seed"].required
    assert by_name["latent_size"].default == 100
    assert by_name["latent_size"].annotation == "int"
    assert by_name["units"].default == [1, 2]
    assert by_name["units"].annotation == "list[int]"
    assert by_name["rate"].default == -0.5
    assert by_name["where"].default is None and not by_name["where"].required
    assert by_name["unit"].default is MISSING and not by_name["unit"].required


def test_the_docstring_says_what_each_parameter_means(site):
    found = read(
        site,
        '''
        def make(a, b, *, rate=1, **more):
            """A GAN.

            Args:
                a: The first,
                    on two lines: like this.
                b (int): The second.
                rate:
                    Far below.

                missing: Not a parameter.
            Returns:
                rate: not this one.
            """
        ''',
    )
    assert {name: one.description for name, one in found.parameters.items()} == {
        "a": "The first, on two lines: like this.", "b": "The second.", "rate": "Far below.",
    }  # fmt: skip


def test_nothing_is_imported_or_run(site):
    site.module("package.sub.subject", "raise SystemExit\ndef make(a): ...\n")
    site.folder.joinpath("package", "__init__.py").write_text("raise SystemExit\n")
    assert list(read_signature("package.sub.subject", "make").parameters) == ["a"]
    assert "package" not in sys.modules


CLASS = "class make:\n    '''A class.'''\n    def __init__(self, a, *, b=1): '''Not this.'''\n"


@pytest.mark.parametrize(
    ("source", "summary", "parameters", "is_open"),
    [
        pytest.param("def make(a, **more): ...\n", "", ["a"], True, id="other keywords"),
        pytest.param("def make(a, *rest): ...\n", "", ["a"], False, id="no keyword"),
        pytest.param("def make(a, /, b): ...\n", "", ["b"], False, id="by position alone"),
        pytest.param("def make(a): ...\ndef make(b): ...\n", "", ["b"], False, id="the last"),
        pytest.param(CLASS, "A class.", ["a", "b"], False, id="a class"),
        pytest.param("class make:\n    pass\n", "", [], False, id="a plain class"),
    ],
)
def test_what_takes_keywords_is_read(site, source, summary, parameters, is_open):
    found = read(site, source)
    assert (found.summary, list(found.parameters), found.open) == (summary, parameters, is_open)


@pytest.mark.parametrize("head", ["class make(Base)", "@dataclass\nclass make"])
def test_a_class_whose_init_is_elsewhere_is_open(site, head):
    found = read(site, f"{head}:\n    '''A class.'''\n    field: int = 3\n")
    assert found.open and found.summary == "A class."


def test_dots_lead_into_classes(site):
    source = """
    class Zoo:
        @staticmethod
        def make(a): ...
        def bound(self, b): ...
    """
    assert list(read(site, source, "Zoo.make").parameters) == ["a"]
    assert list(read(site, source, "Zoo.bound").parameters) == ["b"]
    assert read(site, source, "Zoo.nothing").open


def test_a_name_from_another_module_is_followed(site):
    site.module("pack.deep.real", "def build(a, b): ...\n")
    site.module("pack.middle", "from .deep.real import build as make\n")
    site.module("pack.__init__", "from pack.middle import make\n")
    assert list(read_signature("pack", "make").parameters) == ["a", "b"]


def test_a_circle_of_imports_is_open(site):
    site.module("one", "from two import make\n")
    site.module("two", "from one import make\n")
    assert read_signature("one", "make").open


@pytest.mark.parametrize(
    "source", ["def make(:\n", "make = partial(other, 1)\n", "", "x = '\\d'\nmake = 1\n", "\0"]
)
def test_what_the_source_does_not_tell_is_open(site, source):
    found = read(site, source)
    assert (found.summary, found.parameters, found.open) == ("", {}, True)


def test_a_module_that_is_not_there_is_open(site):
    assert read_signature("no_such_module.at_all", "make").open
    assert read_signature("sys", "make").open


def test_a_namespace_package_is_read(site):
    (site.folder / "space" / "inner").mkdir(parents=True)
    (site.folder / "space" / "inner" / "subject.py").write_text("def make(a): ...\n")
    assert list(read_signature("space.inner.subject", "make").parameters) == ["a"]


def test_a_finder_that_breaks_is_passed_over(site, monkeypatch):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            raise RuntimeError

    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    assert list(read(site, "def make(a): ...\n").parameters) == ["a"]


def test_the_signature_of_a_plugin_is_that_of_its_target(site):
    site.architecture("pretty", "def make(image_shape, *, width=3):\n    '''Pretty.'''\n")
    found = plugin_signature(find_plugin("architecture", "pretty"))
    assert (found.summary, list(found.parameters)) == ("Pretty.", ["image_shape", "width"])


def test_a_real_package_is_read_as_python_itself_sees_it():
    import tomli_w

    real = inspect.signature(tomli_w.dumps).parameters
    found = read_signature("tomli_w", "dumps")
    assert list(found.parameters) == [p for p in real if real[p].kind != real[p].POSITIONAL_ONLY]
