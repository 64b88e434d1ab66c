"""BigGAN of https://github.com/ajbrock/BigGAN-PyTorch: `G_ema.pth`, `G.pth`."""

from ganzoo.files.foreign import Conversion

from .torch_module import OtherLayout, TorchModule, Weights, converter, dense, first_layer

_ATTENTION = {"theta": "queries", "phi": "keys", "g": "values", "o": "outputs"}


@converter
def biggan_pytorch(weights: Weights) -> Conversion:
    """The generator of BigGAN with shared embedding, hierarchical latent and spectral norm."""
    module = TorchModule(weights, "shared.weight", "linear.u0", "output_layer.2.weight")
    classes, embedding = module.shape("shared.weight", 2)
    part, units = module.layer("linear", "project", order=first_layer)
    if module.shape("blocks.0.0.bn1.gain.weight", 2)[1] != embedding + part:
        raise OtherLayout  # the latent is not split
    module.arrays["shared/kernel"] = module.read("shared.weight")
    attended, i = [], 0
    while f"blocks.{i}.0.conv1.weight" in module:
        _block(module, f"blocks.{i}.0", f"up_{8 << i}")
        if f"blocks.{i}.1.gamma" in module:
            attended.append(8 << i)
            module.arrays["attention/gamma"] = module.read(f"blocks.{i}.1.gamma")
            for theirs, ours in _ATTENTION.items():
                name = f"blocks.{i}.1.{theirs}"
                module.layer(name, f"attention/{ours}", bias=False, order=dense)
        i += 1
    size = 4 << i
    _last_norm(module)
    module.layer("output_layer.2", "image_conv")
    module.drop("sv0", "accumulation_counter")
    if len(attended) > 1:
        raise OtherLayout
    options = {"class_embedding_size": embedding, "latent_size": part * (i + 1)}
    options["base_channels"] = units // 16 // (4 if size <= 32 else 16)
    options["attention_resolution"] = sum(attended)
    return Conversion(
        found="generator of BigGAN-PyTorch",
        license_note=(
            "The code is under MIT; its README links weights without naming another license."
        ),
        architecture="biggan",
        options=options,
        image_shape=(size, size, module.arrays["image_conv/image_conv/bias"].size),
        classes=classes,
        arrays=module.arrays,
        dropped=("Singular values, which are computed anew from the vectors beside them.",),
        inexact=("BN_eps is not in the file: 1e-5, the default, is assumed.",),
    )


def _block(module: TorchModule, name: str, keras_name: str) -> None:
    for n in ("1", "2"):
        norm, keras_norm = f"{name}.bn{n}", f"{keras_name}_norm_{n}"
        module.layer(f"{norm}.gain", f"{keras_norm}/gamma", bias=False)
        module.layer(f"{norm}.bias", f"{keras_norm}/beta", bias=False)
        _statistics(module, norm, f"{keras_norm}/norm")
        module.layer(f"{name}.conv{n}", f"{keras_name}_conv_{n}")
    module.layer(f"{name}.conv_sc", f"{keras_name}_shortcut")


def _last_norm(module: TorchModule) -> None:
    module.arrays["image_norm/gamma"] = module.read("output_layer.0.gain")
    module.arrays["image_norm/beta"] = module.read("output_layer.0.bias")
    _statistics(module, "output_layer.0", "image_norm")


def _statistics(module: TorchModule, name: str, keras_name: str) -> None:
    """Mean and variance, whose names depend on the kind of batch norm."""
    for prefix in ("stored_", "bn.stored_", "bn.running_"):
        if f"{name}.{prefix}mean" in module:
            module.statistics(name, keras_name, prefix)
            return
    raise OtherLayout
