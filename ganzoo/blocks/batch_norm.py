"""Batch normalization with the numbers of the papers' code."""

from ganzoo.layers import BatchNormalization


def batch_norm(name: str, epsilon: float = 1e-5, **options) -> BatchNormalization:
    """Batch norm with PyTorch's momentum and, by default, epsilon.

    Args:
        name: Name of the layer.
        epsilon: Added to the variance.
        **options: Further arguments of `ganzoo.layers.BatchNormalization`.
    """
    return BatchNormalization(momentum=0.9, epsilon=epsilon, name=name, **options)
