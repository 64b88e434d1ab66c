"""Batch normalization with the numbers of the papers' code."""

from ganzoo.layers import BatchNormalization


def batch_norm(name: str, **options) -> BatchNormalization:
    """Batch norm with PyTorch's momentum and epsilon.

    Args:
        name: Name of the layer.
        **options: Further arguments of `ganzoo.layers.BatchNormalization`.
    """
    return BatchNormalization(momentum=0.9, epsilon=1e-5, name=name, **options)
