"""What published code computed, in `tests/parity/recorded`; docs/parity.md says how."""

import hashlib
import importlib
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.files import safetensors

FOLDER = Path(__file__).parents[1] / "parity" / "recorded"


def files(folder: str = "") -> dict[str, Path]:
    """Files of `recorded`, or of a folder in it, by name."""
    return {path.stem: path for path in sorted((FOLDER / folder).glob("*.safetensors"))}


def read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metadata and arrays of a file, those included that it only tells how to draw."""
    about, arrays = safetensors.metadata(path), safetensors.load(path)
    rng, digest = np.random.default_rng(about.get("seed")), hashlib.sha256()
    for name, shape, low, high in about.get("drawn", ()):
        arrays[name] = rng.uniform(low, high, shape).astype("<f4")
        digest.update(arrays[name].tobytes())
    assert about.get("sha256", digest.hexdigest()) == digest.hexdigest(), "other random numbers"
    return about, arrays


def below(arrays: dict, prefix: str) -> dict:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def named(path: str):
    """What a dotted path names, such as an architecture."""
    module, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


def gap(found: np.ndarray, expected: np.ndarray, stride: int = 1) -> float:
    """Largest difference over the largest magnitude expected; of images every n-th pixel."""
    if found.shape != expected.shape:
        steps = (slice(None, None, stride),) * (found.ndim - 2)
        found = found[(slice(None), *steps)]
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / np.abs(expected).max())
