"""Images of more than 8 bits, of any number of channels, and with transparency."""

import io
import zipfile

import numpy as np
import pytest
import tifffile
from ganzoo_data.folder import folder
from PIL import Image

from ganzoo import Dataset
from ganzoo.data.feed import Feed
from ganzoo.data.images import Preprocessing, decode_image
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.modalities import Levels
from ganzoo.rendering import exact_file, renderer_for
from ganzoo.rendering.exact import encode_deep_png, encode_npy, encode_tiff

RANDOM = np.random.default_rng(0)
RAW = Preprocessing(mode="raw")
TYPES = {
    "uint8": RANDOM.integers(0, 256, (9, 7, 5), np.uint8),
    "uint16": RANDOM.integers(0, 65_536, (9, 7, 2), np.uint16),
    "int32": RANDOM.integers(-(2**31), 2**31, (9, 7, 1), np.int32),
    "uint32": RANDOM.integers(0, 2**32, (9, 7, 3), np.uint32),
    "float32": RANDOM.normal(size=(9, 7, 6)).astype("float32"),
}


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tiff(array, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return str(folder)


def same(found, expected):
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


# --- reading ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_tiff_and_numpy_keep_type_channels_and_values(kind):
    array = TYPES[kind]
    pages = np.moveaxis(array, -1, 0)
    same(decode_image(tiff(pages, photometric="minisblack"), "a.tif"), array)
    same(decode_image(encode_npy(array), "a.npy"), array)
    same(decode_image(encode_npy(np.asfortranarray(pages)), "A.NPY"), array)
    same(decode_image(npz(image=array), "a.npz"), array)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_of_16_bits_is_kept_in_raw_mode(channels):
    array = RANDOM.integers(0, 65_536, (9, 7, channels), np.uint16)
    found = decode_image(encode_deep_png(array), "a.png", RAW)
    same(found, array)


def test_the_filters_of_a_png_of_16_bits_are_undone():
    import struct
    import zlib

    from ganzoo.files.images.png_chunks import encode_png_chunks

    array = RANDOM.integers(0, 65_536, (5, 4, 3), np.uint16)
    rows = array.astype(">u2").view(np.uint8).reshape(5, -1).astype(int)
    left = np.pad(rows, ((0, 0), (6, 0)))[:, :-6]
    up = np.pad(rows, ((1, 0), (0, 0)))[:-1]
    corner = np.pad(rows, ((1, 0), (6, 0)))[:-1, :-6]
    guess = left + up - corner
    far = np.abs(np.stack([left, up, corner]) - guess)
    paeth = np.stack([left, up, corner])[far.argmin(0), *np.indices(rows.shape)]
    predictions = [0 * rows, left, up, (left + up) // 2, paeth]  # PNG, section 9.2
    lines = [bytes([i, *((rows[i] - predictions[i][i]) % 256).tolist()]) for i in range(5)]
    header = struct.pack(">2I5B", 4, 5, 16, 2, 0, 0, 0)
    data = zlib.compress(b"".join(lines))
    png = encode_png_chunks([(b"IHDR", header), (b"IDAT", data[:20]), (b"IDAT", data[20:])])
    same(decode_image(png, "a.png", RAW), array)


def test_raw_mode_keeps_alpha_and_8_bits_of_other_files():
    for mode, channels in (("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)):
        array = RANDOM.integers(0, 256, (4, 6, channels), np.uint8)
        image = Image.fromarray(array[..., 0] if channels == 1 else array, mode)
        same(decode_image(saved(image), "a.png", RAW), array)


def test_transparency_is_kept_when_requested_and_scaled_without_fringes():
    array = np.zeros((8, 8, 4), np.uint8)
    array[:, :4] = (200, 100, 50, 255)
    found = decode_image(saved(Image.fromarray(array)), "a.png", Preprocessing(mode="rgba"))
    same(found, array)
    small = decode_image(
        saved(Image.fromarray(array)), "a.png", Preprocessing(mode="rgba", size=[4, 12], fit="pad")
    )
    assert small[..., 3].max() == 255
    assert not small[:, [0, 11]].any()  # borders are transparent
    colors = small[small[..., 3] > 200][:, :3]
    np.testing.assert_allclose(colors, np.tile([200, 100, 50], (len(colors), 1)), atol=4)
    opaque = decode_image(saved(Image.new("L", (2, 2), 7)), "a.png", Preprocessing(mode="rgba"))
    assert opaque.tolist() == [[[7, 7, 7, 255]] * 2] * 2


def test_avif_is_read():
    image = Image.new("RGB", (16, 16), (200, 30, 60))
    found = decode_image(saved(image, "AVIF", quality=95), "a.avif")
    np.testing.assert_allclose(found[8, 8], [200, 30, 60], atol=3)


@pytest.mark.parametrize("kind", TYPES)
def test_any_type_is_cropped_padded_and_stretched(kind):
    flat = np.full((6, 12, 2), TYPES[kind].max(), kind)
    for fit in ("crop", "stretch"):
        found = decode_image(encode_npy(flat), "a.npy", Preprocessing(size=[9, 9], fit=fit))
        same(found, np.full((9, 9, 2), flat[0, 0, 0], kind))
    options = Preprocessing(crop=[2, 0, 11, 5])
    same(decode_image(encode_npy(flat), "a.npy", options), flat[:5, 2:11])
    padded = decode_image(encode_npy(flat), "a.npy", Preprocessing(size=12, fit="pad"))
    same(padded[3:9], flat)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.npy", encode_npy(np.full((4, 4), 2**40)), r"from 1,099,.* more than 32 bits hold"),
        ("a.npy", encode_npy(np.full((4, 4), np.nan)), "values that are not finite"),
        ("a.npy", encode_npy(np.zeros((4, 4), complex)), "complex128, neither integers nor floats"),
        ("a.npy", encode_npy(np.zeros((4, 4, 65))), r"1 to 64 channels is expected; its shape is"),
        ("a.npy", encode_npy(np.zeros((2, 4, 4, 3))), "its shape is"),
        ("a.npy", encode_npy(np.zeros((4, 4)))[:-3], "it is cut off"),
        ("a.npy", b"no array", "magic"),
        ("a.npz", npz(a=np.zeros((4, 4)), b=np.zeros(2)), "one array is expected; it holds 2"),
        ("a.npz", b"PK\3\4", "zip"),
        ("a.tif", tiff(np.zeros((8, 8), np.uint8))[:60], "."),
        ("a.tif", b"GIF", "not a TIFF"),
        ("a.tif", tiff(np.zeros((4, 4), np.uint8), photometric="palette",
                       colormap=np.zeros((3, 256), np.uint16)), "palette"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_or_read_is_refused_by_name(name, data, message):
    with pytest.raises(InvalidInput, match=rf"The image '{name}' cannot be used: .*{message}"):
        decode_image(data, name)


def test_objects_in_a_numpy_file_are_never_unpickled():
    file = io.BytesIO()
    np.save(file, np.array([[print]]), allow_pickle=True)
    with pytest.raises(InvalidInput, match="Python objects, which are not read"):
        decode_image(file.getvalue(), "a.npy")


def test_a_bomb_in_an_npz_file_is_refused():
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w", force_zip64=True) as member,
    ):
        for _ in range(1025):
            member.write(bytes(1 << 20))
    with pytest.raises(InvalidInput, match="it unpacks to 1,0"):
        decode_image(file.getvalue(), "a.npz")


def test_8_bits_are_made_of_arrays_that_have_them_or_16():
    array = np.array([[[0], [257], [65_535]]], np.uint16)
    found = decode_image(encode_npy(array), "a.npy", Preprocessing(mode="gray"))
    assert found.tolist() == [[[0], [1], [255]]]
    with pytest.raises(InvalidInput, match="8 bits of up to 4 channels, and it has 5"):
        decode_image(encode_npy(TYPES["uint8"]), "a.npy", Preprocessing(mode="rgb"))


# --- data sets ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_no_level_is_lost_from_the_file_to_the_gan_and_back(tmp_path, kind):
    """File, cache, feed, a generator that is the identity, file."""
    values = np.arange(2**16).reshape(4, 128, 128, 1)
    values = values.astype(kind) if kind == "uint16" else (values / 32_768 - 1).astype(kind)
    files = {f"{i}.tif": tiff(values[i, ..., 0]) for i in range(4)}
    levels = [float(values[0, 0, 0, 0]), 65_535.0 if kind == "uint16" else 1.0]
    dataset = folder(data=write(tmp_path / "mine", files), levels=levels)
    feed = Feed(dataset, batch=4, stop_step=1, value_range=(-1.0, 1.0))
    (real,) = feed[0]
    assert (real.min(), real.dtype) == (-1, np.float32)
    assert feed.signature == (((4, 128, 128, 1), np.dtype("float32")),)
    back = dataset.deep.unscale(real, (-1.0, 1.0))
    suffix, encode = exact_file(dataset.image_shape, dataset.deep)
    kept = [decode_image(encode(one), f"a{suffix}", RAW) for one in back]
    assert suffix == (".png" if kind == "uint16" else ".npy")
    same(np.sort(np.concatenate(kept), axis=None), values.ravel())


def test_floats_of_another_range_stay_apart_and_in_order(tmp_path):
    values = (np.arange(2**16) / 65_535 * 40 + 3).astype("float32").reshape(1, 256, 256, 1)
    dataset = folder(data=write(tmp_path / "mine", {"a.npy": encode_npy(values[0])}))
    assert dataset.levels == (3, 43)
    back = dataset.deep.unscale(dataset.deep.scale(values, (0.0, 1.0)), (0.0, 1.0))
    assert (np.diff(back.ravel()) > 0).all()
    np.testing.assert_allclose(back, values, atol=40 * 2**-24)


def test_levels_that_are_chosen_are_another_data_set_and_cut_off_what_is_beyond(tmp_path):
    files = {f"{i}.npy": encode_npy(np.full((2, 2), 100 * i, np.uint16)) for i in range(4)}
    data = write(tmp_path / "mine", files)
    plain, chosen = folder(data=data), folder(data=data, levels=[100, 200])
    assert (plain.levels, chosen.levels) == ((0, 300), (100, 200))
    assert plain.fingerprint != chosen.fingerprint
    found = chosen.deep.scale(chosen.images, (0.0, 1.0))
    assert found[:, 0, 0, 0].tolist() == [0, 0, 1, 1]
    assert chosen.describe()["levels"] == {"dtype": "uint16", "low": 100.0, "high": 200.0}
    for wrong in ([1], [2, 1]):
        with pytest.raises(UsageError, match="levels are two numbers"):
            folder(data=data, levels=wrong)


def test_levels_of_8_bits_are_refused(tmp_path, image):
    with pytest.raises(UsageError, match="not of 8 bits. Received: .*images of uint8"):
        folder(data=write(tmp_path / "mine", {"a.png": image()}), levels=[0, 9])


def test_files_of_one_family_are_taken_and_types_are_not_mixed(tmp_path, image, capsys):
    files = {"a.png": image(), "b.npy": encode_npy(TYPES["uint16"])}
    assert len(folder(data=write(tmp_path / "mine", files))) == 1
    assert "Left out 1 of 2 files" in capsys.readouterr().err
    mixed = {f"{kind}.npy": encode_npy(TYPES[kind][..., :1]) for kind in ("uint16", "float32")}
    with pytest.raises(InvalidInput, match=r"'float32\.npy' with 1 of float32 and 'uint16\.npy'"):
        folder(data=write(tmp_path / "mixed", mixed))


def make(images, **options):
    facts = {"name": "a", "license": "b", "source": "c", "fingerprint": "0" * 64}
    return Dataset(images=images, **facts, **options)


@pytest.mark.parametrize(
    ("images", "levels", "message"),
    [
        (np.zeros((2, 4, 4, 1), np.uint16), None, "must say which numbers become"),
        (np.zeros((2, 4, 4, 1), np.uint16), (3, 3), "the lower first"),
        (np.zeros((2, 4, 4, 1), np.uint8), (0, 255), "Only images that are not uint8 have levels"),
        (np.zeros((2, 4, 4, 1), np.uint32), (0, 2**25), "tells 16,777,216 of them apart"),
        (np.full((2, 4, 4, 1), np.inf, np.float32), (0, 1), "must all be finite"),
        (np.zeros((2, 4, 4, 65), np.uint8), None, "1 to 64 channels"),
        (np.zeros((2, 4, 4, 1), np.int16), (0, 1), "must be"),
    ],
)
def test_a_data_set_says_what_its_numbers_mean(images, levels, message):
    with pytest.raises(InvalidInput, match=message):
        make(images, levels=levels)


def test_32_bit_integers_of_24_bits_of_range_come_back():
    values = np.concatenate([np.arange(2**24 - 5000, 2**24 + 1), RANDOM.integers(0, 2**24, 9999)])
    levels = Levels(dtype="uint32", low=2.0**31, high=2.0**31 + 2**24)
    values = (values + 2**31).astype(np.uint32)
    same(levels.unscale(levels.scale(values, (-1.0, 1.0)), (-1.0, 1.0)), values)


@pytest.mark.parametrize(
    "table",
    [None, {}, {"dtype": "uint8", "low": 0, "high": 1}, {"dtype": "uint16", "low": 1, "high": 1},
     {"dtype": "uint16", "low": "0", "high": 1}, {"dtype": "int32", "low": 0, "high": np.nan}],
)  # fmt: skip
def test_levels_in_metadata_that_make_no_sense_are_none(table):
    assert Levels.from_table(table) is None


# --- files and images ---------------------------------------------------------------------


def test_samples_are_written_with_all_values():
    for kind, array in TYPES.items():
        levels = None if kind == "uint8" else Levels(dtype=kind, low=0, high=1)
        suffix, encode = exact_file(array.shape, levels)
        assert suffix == (".png" if kind == "uint16" else ".npy")
        same(decode_image(encode(array), f"a{suffix}", RAW), array)
        stack = np.stack([array, array])
        with tifffile.TiffFile(io.BytesIO(encode_tiff(stack))) as file:
            assert len(file.pages) == 2 * array.shape[2]
            same(np.moveaxis(file.series[0].asarray(squeeze=False)[1], 0, -1), array)
        same(np.load(io.BytesIO(encode_npy(stack)), allow_pickle=False), stack)
    assert exact_file((16_384, 1), None) is None


def test_grids_show_any_number_of_channels():
    image = renderer_for((8, 8, 5)).image
    for channels, mode in ((1, "L"), (2, "RGB"), (3, "RGB"), (4, "RGB"), (12, "RGB")):
        grid = image(RANDOM.integers(0, 256, (4, 8, 8, channels), np.uint8), None)
        assert grid.mode == mode
    (two,) = (image(np.full((1, 8, 8, 2), (200, 10), np.uint8), None),)
    assert two.getpixel((0, 0)) == (200, 10, 200)
    clear = np.asarray(image(np.zeros((1, 8, 8, 4), np.uint8), None))
    assert set(clear.flat) == {204, 255}
    deep = np.asarray(image(np.linspace(0, 9, 64, dtype="float32").reshape(1, 8, 8, 1), None))
    assert (deep.min(), deep.max()) == (0, 255)
