"""Where ganzoo keeps what belongs to the user. Looking creates nothing."""

import os
from pathlib import Path

from ganzoo.errors import EnvironmentProblem
from ganzoo.files.problems import environment_problem


def home() -> Path:
    """The user's folder: `GANZOO_HOME`, or the platform's place for data.

    Raises:
        EnvironmentProblem: There is no home folder to put it in.
    """
    return _from_environment("GANZOO_HOME") or _platform_folder("data")


def data_home() -> Path:
    """Where data sets are looked for and kept: `GANZOO_DATA`, or `data` in `home()`."""
    return _from_environment("GANZOO_DATA") or home() / "data"


def cache_home() -> Path:
    """What can be made again: `GANZOO_CACHE`, `cache` in `GANZOO_HOME`, or the platform's."""
    return (
        _from_environment("GANZOO_CACHE")
        or (home() / "cache" if _from_environment("GANZOO_HOME") else None)
        or _platform_folder("cache")
    )


def writable(folder: Path) -> Path:
    """The folder, created if need be.

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


def _from_environment(name: str) -> Path | None:
    text = os.environ.get(name, "").strip()
    return Path(text).expanduser().absolute() if text else None


def _platform_folder(kind: str) -> Path:
    import platformdirs

    folder = getattr(platformdirs, f"user_{kind}_path")("ganzoo", appauthor=False)
    if not folder.is_absolute():  # "~" that no home folder was found for
        raise EnvironmentProblem(
            "There is no home folder for this user.",
            hint="Set GANZOO_HOME to a folder for ganzoo's files.",
        )
    return folder
