"""Packages of loggers, which are installed by whoever wants them."""

import importlib
from typing import Any

from ganzoo.errors import EnvironmentProblem


def import_package(name: str, *, extra: str) -> Any:
    """Import a package, or say how to install it.

    Args:
        name: The module to import.
        extra: The extra of ganzoo that brings it.

    Raises:
        EnvironmentProblem: It cannot be imported.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise EnvironmentProblem(
            f"The logger {extra!r} needs the package {name!r}. Received: {str(error).rstrip('.')}.",
            hint=f'Install it with: pip install "keras-ganzoo[{extra}]"',
        ) from error
