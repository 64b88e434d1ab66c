"""Networks of ncnn: what is in them, and files that are none, each refused in one line."""

import struct

import numpy as np
import pytest

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.foreign import open_weights

FLOAT16 = struct.pack("<I", 0x01306B47)
KERNEL = np.arange(2 * 3 * 3 * 3, dtype="<f2").reshape(2, 3, 3, 3)
BIAS, SLOPES = np.array([1.5, -2], "<f4"), np.array([0.25, 0.5], "<f4")
LAYERS = [
    "Input in 0 1 data",
    "Convolution first 1 1 data a 0=2 1=3 4=1 5=1 6=54 9=2 -23310=1,2.000000e-01",
    "PReLU slopes 1 1 a b 0=2",
    "Interp grow 1 1 b out 0=1 1=2.000000e+00 2=2.000000e+00",
]
NUMBERS = FLOAT16 + KERNEL.tobytes() + BIAS.tobytes() + SLOPES.tobytes()  # 108 bytes: no filling


def write(folder, layers=LAYERS, numbers=NUMBERS, head=None):
    head = head or f"7767517\n{len(layers)} {len(layers)}\n"
    (folder / "net.param").write_text(head + "\n".join(layers) + "\n")
    (folder / "net.bin").write_bytes(numbers)
    return folder / "net.param"


def test_arrays_come_in_the_order_of_the_layers_with_what_the_file_says_of_them(tmp_path):
    with open_weights(write(tmp_path)) as weights:
        assert list(weights) == ["first.weight", "first.bias", "slopes.slope"]
        for name, expected in zip(weights, (KERNEL, BIAS, SLOPES), strict=True):
            np.testing.assert_array_equal(weights[name].read(), expected)
            assert weights[name].dtype == expected.dtype
        about = weights.metadata
    assert about["grow.kind"] == "Interp" and about["grow.1"] == 2 and about["first.9"] == 2
    assert about["first.10"] == (0.2,)


def test_kernels_of_32_bits_and_of_an_odd_number_of_16_bits(tmp_path):
    layers = ["Input in 0 1 data", "Convolution one 1 1 data out 0=1 1=3 5=0 6=9"]
    kernel = np.arange(9, dtype="<f4").reshape(1, 1, 3, 3)
    wide = write(tmp_path, layers, bytes(4) + kernel.tobytes())
    with open_weights(wide) as weights:
        np.testing.assert_array_equal(weights["one.weight"].read(), kernel)
    half = write(tmp_path, layers, FLOAT16 + kernel.astype("<f2").tobytes() + bytes(2))
    with open_weights(half) as weights:  # 18 bytes, and two that fill
        np.testing.assert_array_equal(weights["one.weight"].read(), kernel)


BROKEN = {
    "no numbers": (LAYERS, b""),
    "cut off": (LAYERS, NUMBERS[:-1]),
    "longer": (LAYERS, NUMBERS + bytes(4)),
    "8 bits": (LAYERS, struct.pack("<I", 0x000D4B38) + NUMBERS[4:]),
    "another kernel": ([LAYERS[0], LAYERS[1].replace("6=54", "6=55"), *LAYERS[2:]], NUMBERS),
    "a huge kernel": ([LAYERS[0], LAYERS[1].replace("6=54", "6=2147483646")], NUMBERS),
    "an endless kernel": ([LAYERS[0], LAYERS[1].replace("6=54", "6=1e300")], NUMBERS),
    "not a number": ([LAYERS[0], LAYERS[1].replace("6=54", "6=nan")], NUMBERS),
    "negative": ([LAYERS[0], LAYERS[1].replace("0=2", "0=-2")], NUMBERS),
    "an option twice": ([LAYERS[0], LAYERS[1] + " 6=54", *LAYERS[2:]], NUMBERS),
    "a list of another length": ([LAYERS[0], LAYERS[1].replace("=1,", "=2,")], NUMBERS),
    "two names": ([LAYERS[0], LAYERS[1], LAYERS[2].replace("slopes", "first")], NUMBERS),
    "an unknown layer": ([*LAYERS, "InnerProduct dense 1 1 out y 0=2 1=1 2=4"], NUMBERS),
    "a layer without ends": ([*LAYERS, "Split s"], NUMBERS),
    "ends that are missing": ([*LAYERS, "Split s 999999999 1 a"], NUMBERS),
    "no layers": ([], NUMBERS),
    "not a text": ([*LAYERS, "Split \u00e9 1 1 a b"], NUMBERS),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_such_network_is_refused_in_one_line(name, tmp_path):
    layers, numbers = BROKEN[name]
    with pytest.raises(InvalidInput) as caught, open_weights(write(tmp_path, layers, numbers)):
        pass
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("head", ["7767517\n", "7767517\n9 9\n", "7767517\n-1 4\n", "7767517\nx\n",
                                  "7767517\n99999999999 4\n"])  # fmt: skip
def test_numbers_of_layers_that_are_not_there_are_refused(head, tmp_path):
    with pytest.raises(InvalidInput), open_weights(write(tmp_path, head=head)):
        pass


def test_the_file_of_numbers_must_be_beside(tmp_path):
    path = write(tmp_path)
    (tmp_path / "net.bin").unlink()
    with pytest.raises(UsageError, match=r"net\.bin"), open_weights(path):
        pass


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_is_read_or_refused(seed, tmp_path):
    numbers = np.random.default_rng(seed)
    path = write(tmp_path)
    content = bytearray(path.read_bytes())
    for at in numbers.integers(8, len(content), 3):
        content[at] = numbers.integers(0, 256)
    path.write_bytes(content)
    try:
        with open_weights(path) as weights:
            assert sum(one.read().nbytes for one in weights.values()) <= len(NUMBERS)
    except InvalidInput as refused:
        assert "\n" not in refused.message
