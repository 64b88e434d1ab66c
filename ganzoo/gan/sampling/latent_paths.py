"""Ways through the space of latents: between two, and closed walks through several."""

import numpy as np


def between(first: np.ndarray, last: np.ndarray, shares: np.ndarray, *, arc: bool) -> np.ndarray:
    """Return latents at shares of the way between two, (...) each -> (n, ...), float64.

    Args:
        first: Where the way begins.
        last: Where it ends.
        shares: Shares of the way, (n,).
        arc: Whether it is an arc, and no line. Normal latents lie near a sphere, which the line
            between two leaves. White 2016, https://arxiv.org/abs/1609.04468, section 2.1.
    """
    a, b = first.astype("float64"), last.astype("float64")
    t = shares.reshape((-1,) + (1,) * a.ndim)
    cosine = np.sum(a * b) / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    if not arc or np.sin(angle) < 1e-6:
        return (1 - t) * a + t * b
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def closed_walk(keys: np.ndarray, n: int, *, arc: bool) -> np.ndarray:
    """Return n latents of a walk through given ones and back, (k, ...) -> (n, ...), float64.

    After the last one returned, the walk is where it began.
    """
    legs, shares = walk_positions(len(keys), n)
    ends = zip(range(len(keys)), keys, np.roll(keys, -1, axis=0), strict=True)
    return np.concatenate([between(a, b, shares[legs == leg], arc=arc) for leg, a, b in ends])


def walk_positions(keys: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each of n steps of a closed walk is: the key it has left, and the share of the
    way to the next, (n,) each. Shares follow a cosine, so that the walk rests at the keys.
    """
    passed = np.arange(n) * keys / n
    legs = passed.astype(int)
    return legs, (1 - np.cos(np.pi * (passed - legs))) / 2
