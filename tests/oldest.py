"""Print the oldest version of every dependency that pyproject.toml allows, as pip takes them.

Usage: python tests/oldest.py [jax|torch|tensorflow] ...: those of ganzoo and of these extras.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_BOUND = re.compile(r"^([A-Za-z0-9._-]+)>=([0-9.]+)$")


def oldest(extras: list[str]) -> list[str]:
    """`name==version` for each dependency; every one has a lower bound and nothing else."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    found = [*project["dependencies"], *(line for extra in extras for line in optional[extra])]
    bounds = [_BOUND.match(line) for line in found]
    assert all(bounds), found
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


if __name__ == "__main__":
    print(*oldest(sys.argv[1:]))
