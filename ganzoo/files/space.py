"""Room on a disk, asked before something large is fetched."""

import shutil
from pathlib import Path

from ganzoo.errors import EnvironmentProblem
from ganzoo.files.text import quote


def check_space(folder: Path, size: int, *, variable: str) -> None:
    """Refuse what does not fit.

    Args:
        folder: Where it shall lie; it is there.
        size: In bytes.
        variable: The environment variable that moves it to another disk.

    Raises:
        EnvironmentProblem: There is less room than that.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise EnvironmentProblem(
            f"There is not enough room on the disk of {quote(folder)} for {size / 1e6:,.0f} MB."
            f" Received: {free / 1e6:,.0f} MB free.",
            hint=f"Free some space, or set {variable} to a folder on another disk.",
        )
