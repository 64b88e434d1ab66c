"""The arithmetic of a training step, counted from the networks, and what this machine can do."""

import math
import time
from typing import Any

_LONG_ENOUGH = 0.02  # seconds of one product, so that starting it does not count
_SIZES = (512, 1024, 2048, 4096, 8192, 16384)


def step_flops(gan: Any, batch: int) -> float:
    """Floating-point operations of products and convolutions in one step, on average over steps.

    A multiplication and an addition are two. A network is evaluated once, and its backward pass
    costs as much for the gradients of its weights, and again for those of its inputs, which a
    network's own update does not need at its first layers. A gradient penalty evaluates the
    discriminator, its input gradient, and the derivatives of that by weights and by gradients.
    What an architecture adds to the losses is not counted, and neither is attention.

    Args:
        gan: A compiled GAN.
        batch: Real images per update of the discriminator.
    """
    from ganzoo.gan.regularizers.gradient_penalties import Penalty

    generator, mapped = network_flops(gan.generator)
    discriminator, first = network_flops(gan.discriminator)
    penalties = [r for r in gan.regularizers if isinstance(r, Penalty)]
    critic = generator + 2 * (3 * discriminator - first)
    critic += sum(4 * discriminator / penalty.every for penalty in penalties)
    learner = 3 * generator - mapped + (2 + gan.adversarial_loss.paired) * discriminator
    config = gan.config
    return batch * (config.critic_updates * critic + config.generator_batch * learner)


def network_flops(network: Any) -> tuple[float, float]:
    """Operations of one evaluation for one sample, and those of its first layers alone."""
    given = {id(tensor) for tensor in network.inputs}  # what no weight has changed
    total = first = 0.0
    for layer in network.layers:
        if hasattr(layer, "layers"):  # a network inside this one
            flops = network_flops(layer)[0]
        else:
            flops = sum(2.0 * math.prod(w.shape) * _positions(layer, w) for w in _kernels(layer))
        total += flops
        if all(id(tensor) in given for tensor in _tensors(layer.input)):
            first += flops
            if not layer.trainable_weights:
                given |= {id(tensor) for tensor in _tensors(layer.output)}
    return total, first


def _kernels(layer: Any) -> list:
    """The weights that are multiplied with every position of the layer's input."""
    return [w for w in layer.trainable_weights if w.name == "kernel" and len(w.shape) > 1]


def _positions(layer: Any, kernel: Any) -> int:
    """Return how often a kernel is applied to one sample.

    A convolution with strides is applied at each position of its results, a transposed one at each
    position of its inputs: the smaller of the two.
    """
    axes = len(kernel.shape) - 2  # 0 of a dense layer, which may have further axes, too
    shapes = [_tensors(tensors)[0].shape for tensors in (layer.input, layer.output)]
    if not axes:
        return math.prod(shapes[1][1:-1])
    return min(math.prod(shape[1:-1]) for shape in shapes)


def _tensors(tensors: Any) -> list:
    import keras

    return keras.tree.flatten(tensors)


def matrix_rates(backend: str | None = None) -> dict[str, Any]:
    """Measure what a large product of matrices reaches here, as `ganzoo doctor` reports it.

    Args:
        backend: The backend; None: what is chosen by itself.

    Returns:
        The backend, its device, GFLOP a second by the type of the numbers, and what bfloat16 gains:
        a factor.
    """
    from ganzoo.jobs.models.environment import prepare_environment

    prepare_environment(backend)
    import keras

    from ganzoo.backend import device

    rates = {dtype: matrix_rate(dtype) / 1e9 for dtype in ("float32", "bfloat16")}
    return {
        "backend": keras.backend.backend(),
        "device": device(),
        "gflops_per_second": {dtype: round(rate, 1) for dtype, rate in rates.items()},
        "bfloat16_gain": round(rates["bfloat16"] / rates["float32"], 2),
    }


def matrix_rate(dtype: str) -> float:
    """Floating-point operations per second of a large square matrix product: the best of five.

    Args:
        dtype: The type of the numbers.
    """
    from keras import ops

    from ganzoo import backend

    product = backend.jit(ops.matmul)
    best = 0.0
    for size in _SIZES:
        x = ops.ones((size, size), dtype)
        seconds = [_seconds(product, x) for _ in range(6)][1:]  # the first one may compile
        best = max(best, 2.0 * size**3 / min(seconds))
        if min(seconds) > _LONG_ENOUGH:
            break
    return best


def _seconds(product: Any, x: Any) -> float:
    from keras import ops

    begin = time.perf_counter()
    float(ops.convert_to_numpy(product(x, x)[0, 0]))  # waits for the device
    return time.perf_counter() - begin
