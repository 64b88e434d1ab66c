"""Bytes from others reach no interpreter: what could run them is used nowhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LOADERS = {
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml",
    "h5py", "load_model", "model_from_json", "clone_model", "deserialize_keras_object",
    "enable_unsafe_deserialization", "get_file", "extract_archive", "extractall",
    "unpack_archive",
}  # fmt: skip
BUILTINS = {"eval", "exec", "compile", "__import__"}
# Keras calls these itself, when a user loads a `.keras` file of their own with Keras.
HOOKS = {"from_config", "compile_from_config", "_optimizer"}


def sources() -> list[Path]:
    return sorted([*ROOT.glob("ganzoo/**/*.py"), *ROOT.glob("plugins/**/*.py")])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sources():
        if name_of(path).startswith(folders or ("ganzoo", "plugins")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def words_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that code mentions, with its line; not texts and comments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                module = getattr(node, "module", None) or ""
                for word in (*module.split("."), *alias.name.split(".")):
                    yield node.lineno, word


def calls_of_own_layers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Networks that are called anew with layers that a function of ours gives, from no config."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and called(node).endswith("clone_model")):
            continue
        if any(word.arg == "clone_function" for word in node.keywords):
            yield node.lineno, "clone_model"


def without_hooks(path: Path, tree: ast.Module) -> ast.Module:
    """The tree without the bodies of the functions that only Keras calls."""
    if name_of(path).startswith(("ganzoo/gan/", "plugins/")):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.Module):
                node.body = [n for n in node.body if getattr(n, "name", None) not in HOOKS]
    return tree


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_nothing_that_can_run_foreign_bytes_is_used(path):
    tree = without_hooks(path, ast.parse(path.read_text(encoding="utf-8")))
    own = set(calls_of_own_layers(tree))
    found = [(line, word) for line, word in words_of(tree) if word in LOADERS]
    wrong = [f"line {line}: {word}" for line, word in found if (line, word) not in own]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        unpickled = not any(
            word.arg == "allow_pickle" and getattr(word.value, "value", None) is False
            for word in node.keywords
        )
        if name in BUILTINS or name in ("torch.load", "os.system"):
            wrong.append(f"line {node.lineno}: {name}")
        if name in ("np.load", "numpy.load", "np.lib.format.read_array") and unpickled:
            wrong.append(f"line {node.lineno}: {name} without allow_pickle=False")
    assert not wrong


def test_the_hooks_are_still_keras_own():
    names = {
        node.name
        for _, tree in trees("ganzoo/gan/")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in HOOKS
    }
    assert names == HOOKS
    for path, tree in trees():
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
        used = {called(n).rpartition(".")[2] for n in calls} & (HOOKS - {"_optimizer"})
        assert not used, f"{name_of(path)} calls {used}"


@pytest.mark.parametrize(
    "source", ["eval(b'1')", "exec('pass')", "import pickle; pickle.loads(pickle.dumps(print))"]
)
def test_whatever_runs_bytes_while_the_suite_runs_is_noted(source, request):
    """Promise 12: the audit hook of `conftest.py`, which the whole suite is run under."""
    (conftest,) = (
        plugin
        for plugin in request.config.pluginmanager.get_plugins()
        if getattr(plugin, "__file__", "").endswith("tests/conftest.py")
    )
    known, name = set(conftest.UNPICKLED), "/x/ganzoo/made_up.py"
    exec(compile(source, name, "exec"))
    noted = conftest.UNPICKLED - known
    conftest.UNPICKLED -= noted
    assert noted and all(one.startswith(name) for one in noted)
