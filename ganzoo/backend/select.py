"""Selection of the Keras backend, before Keras is imported and without importing it.

The order is: an explicit name, `KERAS_BACKEND`, a `keras.json` that somebody wrote, and then
the first one installed. Keras fixes its backend at import, so nothing here imports it.
"""

import contextlib
import importlib.abc
import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import EnvironmentProblem, UsageError, unknown

BACKENDS = ("jax", "torch", "tensorflow")

_MODULES = {
    "jax": ("jax", "jaxlib"),
    "torch": ("torch",),
    "tensorflow": ("tensorflow",),
}

# What Keras writes into keras.json at its first import where there is none, on any backend.
_BY_KERAS = {
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A backend and the reason for it, such as `"KERAS_BACKEND"`."""

    backend: str
    reason: str


def choose(backend: str | None = None) -> str:
    """Select a backend and set `KERAS_BACKEND`, so that importing Keras uses it.

    Args:
        backend: One of `BACKENDS`, or `None` to follow the environment.

    Raises:
        UnknownName: `backend` is not the name of a backend.
        UsageError: Keras is already imported with another backend.
        EnvironmentProblem: The backend is not installed, or the environment names one
            that does not exist.
    """
    choice = decide(backend)
    os.environ["KERAS_BACKEND"] = choice.backend
    return choice.backend


def choose_at_import() -> None:
    """Let whoever first imports Keras choose the backend by it, if none was chosen by then."""
    if not any(isinstance(finder, _AtImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AtImport())


class _AtImport(importlib.abc.MetaPathFinder):
    """Finds no module: when it is first asked for Keras, it chooses a backend.

    It stays in the list, which must not change while Python walks through it. Where no backend
    is usable it leaves Keras alone: ganzoo's own functions say so in `choose`.
    """

    def __init__(self) -> None:
        self._requested = False

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "keras" and not self._requested:
            self._requested = True
            if not os.environ.get("KERAS_BACKEND"):
                with contextlib.suppress(EnvironmentProblem):
                    choose()


def decide(backend: str | None = None) -> Choice:
    """Return the backend that `choose` would select, and why; change nothing."""
    running = imported()
    if backend is not None:
        _check_flag(backend)
        if running and running != backend:
            raise UsageError(
                f"Keras is already imported with the {running} backend in this process."
                f" Received: {backend!r}.",
                hint="Choose the backend before Keras is imported.",
            )
        return Choice(backend=backend, reason="requested")
    if running:
        return Choice(backend=running, reason="Keras is already imported")
    if name := os.environ.get("KERAS_BACKEND"):
        _check_variable(name)
        return Choice(backend=name, reason="KERAS_BACKEND")
    return _configured() or _first_installed()


def installed() -> tuple[str, ...]:
    """The backends whose packages are installed, in the order of preference."""
    return tuple(name for name in BACKENDS if _is_installed(name))


def keras_json() -> Path:
    """Path of Keras' configuration: `$KERAS_HOME/keras.json` or `~/.keras/keras.json`."""
    home = os.environ.get("KERAS_HOME")
    return Path(os.path.expanduser(home or "~/.keras")) / "keras.json"  # `~` stays where none is


def imported() -> str | None:
    """The backend of a Keras that is already imported."""
    keras = sys.modules.get("keras")
    backend: Callable[[], str] | None = getattr(getattr(keras, "config", None), "backend", None)
    return backend() if backend else None


def _configured() -> Choice | None:
    """The backend that keras.json names, if somebody chose it and it is usable.

    A file of exactly what Keras writes by itself is nobody's choice: otherwise the first command
    would decide for those after it. To choose TensorFlow, a file of the backend alone is enough.
    A backend that is not installed is passed over, with a warning.
    """
    path = keras_json()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # as Keras does: a missing or broken file counts as an empty one
    if content == _BY_KERAS:
        return None
    name = content.get("backend") if isinstance(content, dict) else None
    if not isinstance(name, str) or not name:
        return None
    if name in BACKENDS and _is_installed(name):
        return Choice(backend=name, reason=str(path))
    here = installed()
    if here:
        warnings.warn(
            f"{path} names the backend {name!r}, which is not usable here; using {here[0]}."
            " Set KERAS_BACKEND to choose.",
            stacklevel=4,
        )
    return None


def _first_installed() -> Choice:
    here = installed()
    if not here:
        raise EnvironmentProblem(
            "No backend is installed. Expected one of jax, torch, tensorflow.",
            hint=_install_line("jax"),
        )
    return Choice(backend=here[0], reason="first one installed")


def _check_flag(name: str) -> None:
    if name not in BACKENDS:
        raise unknown("backend", name, BACKENDS)
    _check_installed(name)


def _check_variable(name: str) -> None:
    if name not in BACKENDS:
        raise EnvironmentProblem(
            f"The variable KERAS_BACKEND must be one of {', '.join(BACKENDS)}. Received: {name!r}.",
            hint=unknown("backend", name, BACKENDS).hint,
        )
    _check_installed(name)


def _check_installed(name: str) -> None:
    if not _is_installed(name):
        here = ", ".join(installed()) or "none"
        raise EnvironmentProblem(
            f"The backend {name!r} is not installed. Installed: {here}.", hint=_install_line(name)
        )


def _is_installed(name: str) -> bool:
    # A top-level name is looked up without importing anything; a folder without code that
    # an uninstall left behind has no origin.
    for module in _MODULES[name]:
        if sys.modules.get(module) is not None:
            continue
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            return False
    return True


def _install_line(name: str) -> str:
    return f'Install it with: pip install "keras-ganzoo[{name}]"'
