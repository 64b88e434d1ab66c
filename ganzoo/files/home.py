"""Folders for the user's models, data sets and caches. Nothing is created by asking."""

import os
import shutil
from pathlib import Path

from ganzoo.errors import EnvironmentProblem, GanzooError, UsageError
from ganzoo.files.text import environment_problem, quote


def home() -> Path:
    """Return the user's folder: `GANZOO_HOME`, or the platform's folder for data.

    Raises:
        EnvironmentProblem: There is no home folder to put it in.
    """
    return _from_environment("GANZOO_HOME") or _platform_folder("data")


def data_home() -> Path:
    """Return the folder for data sets: `GANZOO_DATA`, or `data` in `home()`."""
    return _from_environment("GANZOO_DATA") or home() / "data"


def cache_home() -> Path:
    """Return the folder for what can be made again.

    `GANZOO_CACHE`, or `cache` in `GANZOO_HOME`, or the platform's.
    """
    return (
        _from_environment("GANZOO_CACHE")
        or (home() / "cache" if _from_environment("GANZOO_HOME") else None)
        or _platform_folder("cache")
    )


def writable(folder: Path) -> Path:
    """Return the folder, created if need be.

    Raises:
        EnvironmentProblem: It cannot be created or written to. No other is used instead.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise environment_problem("write", folder, error) from error
    return folder


def check_space(folder: Path, size: int, *, variable: str) -> None:
    """Refuse to fetch what does not fit on the disk.

    Args:
        folder: Existing folder that it shall lie in.
        size: Its size in bytes.
        variable: Environment variable that moves the folder to another disk.

    Raises:
        EnvironmentProblem: There is less free space than that.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise EnvironmentProblem(
            f"There is not enough space on the disk of {quote(folder)} for {size / 1e6:,.0f} MB."
            f" Received: {free / 1e6:,.0f} MB free.",
            hint=f"Free some space, or set {variable} to a folder on another disk.",
        )


def expand_home(
    path: str | Path, error: type[GanzooError] = UsageError, *, what: str = "A path"
) -> Path:
    """Return a path with `~` and `~user` replaced.

    Args:
        path: Path as a person gave it.
        error: Error to raise if there is no such user, or no home folder.
        what: Subject of the message.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as cause:
        raise error(
            f"{what} begins with the home folder of a user who has none. Received: {quote(path)}."
        ) from cause


def _from_environment(name: str) -> Path | None:
    text = os.environ.get(name, "").strip()
    return expand_home(text, EnvironmentProblem, what=name).absolute() if text else None


def _platform_folder(kind: str) -> Path:
    import platformdirs

    folder = getattr(platformdirs, f"user_{kind}_path")("ganzoo", appauthor=False)
    if not folder.is_absolute():  # "~" that no home folder was found for
        raise EnvironmentProblem(
            "There is no home folder for this user.",
            hint="Set GANZOO_HOME to a folder for ganzoo's files.",
        )
    return folder
