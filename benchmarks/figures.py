"""Figures in a JSON file, docs/speed.json, from which `docs/make_speed.py` writes a page."""

import json
from pathlib import Path
from typing import Any


def keep(path: Path, key: str, figures: Any, *same: str) -> None:
    """Put figures into the file, in place of older ones.

    Args:
        path: The file; it need not exist.
        key: Where in the file.
        figures: A list of rows, or anything else.
        same: Names of a row's values by which it replaces an older one; the others stay.
    """
    content = json.loads(path.read_text()) if path.exists() else {}
    if same:
        new = [tuple(row[name] for name in same) for row in figures]
        old = [r for r in content.get(key, []) if tuple(r[name] for name in same) not in new]
        figures = sorted([*old, *figures], key=lambda row: tuple(row[name] for name in same))
    content[key] = figures
    path.write_text(json.dumps(content, indent=1) + "\n")
