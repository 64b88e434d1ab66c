"""Small networks in the layout of Real-ESRGAN's: files of ncnn, and the authors' names."""

import itertools
import struct

import numpy as np

# Names in the `.pth` file, in the order of ncnn's layers, and shapes.
BASE, GROWTH, MIDDLE = 8, 4, 3


def conv(name, inputs, outputs):
    return {f"{name}.weight": (outputs, inputs, 3, 3), f"{name}.bias": (outputs,)}


def compact_shapes(scale=2):
    shapes = {}
    for i in range(MIDDLE + 1):
        shapes |= conv(f"body.{2 * i}", BASE if i else 3, BASE)
        shapes[f"body.{2 * i + 1}.weight"] = (BASE,)
    return shapes | conv(f"body.{2 * MIDDLE + 2}", BASE, 3 * scale**2)


def rrdb_shapes(blocks=1):
    shapes = conv("conv_first", 3, BASE)
    for b, u, i in itertools.product(range(blocks), range(1, 4), range(1, 6)):
        inputs, outputs = BASE + (i - 1) * GROWTH, BASE if i == 5 else GROWTH
        shapes |= conv(f"body.{b}.rdb{u}.conv{i}", inputs, outputs)
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        shapes |= conv(name, BASE, BASE)
    return shapes | conv("conv_last", BASE, 3)


def write_ncnn(folder, arrays, scale=2, *, resize=False):
    """Write `net.param` and `net.bin`; return the path of the former.

    Args:
        folder: Folder.
        arrays: Arrays by the names of the `.pth`, in their order.
        scale: Of a compact network.
        resize: Whether the network ends with a bicubic resize by one half.
    """
    # long: a layer after the other
    layers, numbers, blob = ["Input in 0 1 data"], b"", "data"

    def layer(kind, inputs, options=""):
        nonlocal blob
        blob = f"blob{len(layers)}"
        names = " ".join(inputs)
        layers.append(f"{kind} layer{len(layers)} {len(inputs)} 1 {names} {blob} {options}".strip())
        return blob

    def convolution(name, source, *, leaky=False):
        nonlocal numbers
        kernel, bias = arrays[f"{name}.weight"], arrays[f"{name}.bias"]
        half = kernel.astype("<f2").tobytes()
        numbers += struct.pack("<I", 0x01306B47) + half + bytes(-len(half) % 4)
        numbers += bias.astype("<f4").tobytes()
        options = f"0={len(bias)} 1=3 4=1 5=1 6={kernel.size}"
        options += " 9=2 -23310=1,2.000000e-01" if leaky else ""
        return layer("Convolution", [source], options)

    def split(source, count):
        names = [f"{source}_{i}" for i in range(count)]
        layers.append(f"Split split{len(layers)} 1 {count} {source} {' '.join(names)}")
        return iter(names)

    if "body.0.weight" in arrays:
        copies = split("data", 2)
        x = next(copies)
        for i in range(0, len(arrays), 2):
            if f"body.{i}.weight" not in arrays:
                break
            x = convolution(f"body.{i}", x)
            slopes = arrays.get(f"body.{i + 1}.weight")
            if slopes is not None:
                numbers += slopes.astype("<f4").tobytes()
                x = layer("PReLU", [x], f"0={len(slopes)}")
        x = layer("PixelShuffle", [x], f"0={scale}")
        near = layer("Interp", [next(copies)], f"0=1 1={scale:e} 2={scale:e}")
        x = layer("BinaryOp", [x, near])
    else:
        blocks = len({name.split(".")[1] for name in arrays if name.startswith("body.")})
        first = split(convolution("conv_first", "data"), 2)
        trunk = next(first)
        for b in range(blocks):
            whole = split(trunk, 2)
            x = next(whole)
            for u in (1, 2, 3):
                copies = split(x, 6)
                found = [next(copies)]
                y = convolution(f"body.{b}.rdb{u}.conv1", found[0], leaky=True)
                grown = [split(y, 4)]
                for i in range(2, 6):
                    parts = [next(copies), *(next(one) for one in grown)]
                    y = layer("Concat", parts)
                    y = convolution(f"body.{b}.rdb{u}.conv{i}", y, leaky=i < 5)
                    if i < 5:
                        grown.append(split(y, 4))
                x = layer("Eltwise", [y, next(copies)], "0=1 -23301=2,2.000000e-01,1.000000e+00")
            trunk = layer("Eltwise", [x, next(whole)], "0=1 -23301=2,2.000000e-01,1.000000e+00")
        x = layer("BinaryOp", [next(first), convolution("conv_body", trunk)])
        for name in ("conv_up1", "conv_up2"):
            x = layer("Interp", [x], "0=1 1=2.000000e+00 2=2.000000e+00")
            x = convolution(name, x, leaky=True)
        x = convolution("conv_last", convolution("conv_hr", x, leaky=True))
    if resize:
        layer("Interp", [x], "0=3 1=5.000000e-01 2=5.000000e-01")
    layers[-1] = layers[-1].replace(f" {blob} ", " output ")
    layers[-1] = layers[-1] if " output" in layers[-1] else layers[-1].removesuffix(blob) + "output"
    (folder / "net.bin").write_bytes(numbers)
    head = f"7767517\n{len(layers)} {2 * len(layers)}\n"
    (folder / "net.param").write_text(head + "\n".join(layers) + "\n")
    return folder / "net.param"


def image():
    """The image that was given to ncnn."""
    return np.random.default_rng(3).integers(0, 256, (9, 7, 3)).astype("uint8")
