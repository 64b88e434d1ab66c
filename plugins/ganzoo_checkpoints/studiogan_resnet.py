"""Residual generators of https://github.com/POSTECH-CVLab/PyTorch-StudioGAN, SNGAN's, SAGAN's
and BigGAN's: `model=G_ema-best-weights-step=100000.pth`.
"""

import numpy as np

from ganzoo.files.foreign import Conversion

from .torch_module import OtherLayout, TorchModule, Weights, converter, dense, first_layer

EPSILON = 1e-4  # of their batch norm
_MORE = np.float32(EPSILON - 1e-5)  # than ganzoo's default; it is added to the variance
_ATTENTION = {"theta": "queries", "phi": "keys", "g": "values", "attn": "outputs"}


@converter
def studiogan_resnet(weights: Weights) -> Conversion:
    """The residual generator with or without classes, attention and spectral norm."""
    module = TorchModule(weights, "linear0.bias", "blocks.0.0.conv2d0.bias", "bn4.weight")
    shared, spectral = "shared.weight" in module, "linear0.weight_orig" in module
    table = f"blocks.0.0.bn1.gain.weight{'_orig' if spectral else ''}"
    classes = module.shape(table, 2)[1] if table in module else 0
    norm = _vector_norm if shared else _table_norm if classes else _norm
    latent_size, units = module.layer("linear0", "project", order=first_layer)
    attended, i, k = 0, 0, 0
    while f"blocks.{k}.0.conv2d0.bias" in module:
        block, name = f"blocks.{k}.0", f"up_{8 << i}"
        module.layer(f"{block}.conv2d0", f"{name}_shortcut")
        for n in (1, 2):
            module.layer(f"{block}.conv2d{n}", f"{name}_conv_{n}")
            norm(module, f"{block}.bn{n}", f"{name}_norm_{n}")
        k += 1
        if f"blocks.{k}.0.sigma" in module:
            attended = attended | 8 << i
            _attention(module, f"blocks.{k}.0")
            k += 1
        i += 1
    module.batch_norm("bn4", "image_norm")
    last, channels = module.layer("conv2d5", "image_conv")
    if (attended > 0 and not spectral) or (spectral and not (attended or shared)):
        raise OtherLayout
    options = {"attention_resolution": attended} if spectral else {}
    size, architecture = 4 << i, "sngan-projection" if classes else "sagan" if spectral else "sngan"
    if shared:
        classes, embedding = module.shape("shared.weight", 2)
        module.arrays["shared/kernel"] = module.read("shared.weight")
        options |= {"class_embedding_size": embedding, "batch_norm_epsilon": EPSILON}
        options |= {"base_channels": units // 16 // (4 if size <= 32 else 16)}
        architecture, latent_size = "biggan", latent_size * (i + 1)
    else:
        module.arrays["image_norm/moving_variance"] += _MORE
        options |= {"generator_base_channels": last, "generator_max_channels": units // 16}
    module.drop("weight_v")
    return Conversion(
        found="residual generator of PyTorch-StudioGAN",
        license_note="The code is under MIT; for the weights no other license is named.",
        architecture=architecture,
        options={**options, "latent_size": latent_size},
        image_shape=(size, size, channels),
        classes=classes,
        arrays=module.arrays,
    )


def _attention(module: TorchModule, name: str) -> None:
    module.arrays["attention/gamma"] = module.read(f"{name}.sigma").reshape(())
    for theirs, ours in _ATTENTION.items():
        module.layer(f"{name}.conv1x1_{theirs}", f"attention/{ours}", bias=False, order=dense)


def _norm(module: TorchModule, name: str, keras_name: str) -> None:
    module.batch_norm(name, keras_name)
    module.arrays[f"{keras_name}/moving_variance"] += _MORE


def _vector_norm(module: TorchModule, name: str, keras_name: str) -> None:
    """Batch norm of an embedding and a part of the latent."""
    module.layer(f"{name}.gain", f"{keras_name}/gamma", bias=False)
    module.layer(f"{name}.bias", f"{keras_name}/beta", bias=False)
    module.statistics(f"{name}.bn", f"{keras_name}/norm")


def _table_norm(module: TorchModule, name: str, keras_name: str) -> None:
    """Batch norm of classes: linear layers of one-hot labels are tables (classes, c)."""
    module.arrays[f"{keras_name}/gamma"] = 1 + _table(module, f"{name}.gain")
    module.arrays[f"{keras_name}/beta"] = _table(module, f"{name}.bias")
    module.statistics(f"{name}.bn", f"{keras_name}/norm")
    module.arrays[f"{keras_name}/norm/moving_variance"] += _MORE


def _table(module: TorchModule, name: str) -> np.ndarray:
    if f"{name}.weight_orig" not in module:
        return module.read(f"{name}.weight").T
    array = module.read(f"{name}.weight_orig")
    u, v = (module.read(f"{name}.weight_{vector}").reshape(-1) for vector in "uv")
    return array.T / (u @ array @ v)
