import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin

from ganzoo.data.decoding.fitting import centered_box
from ganzoo.data.images import FORMATS, Preprocessing, decode_image, open_image, open_upright
from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows=b"", *, depth=8, color=0, before=b""):
    """A PNG by hand: any header, any rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = chunk(b"IHDR", header), before, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def gradient(width=8, height=6):
    return np.arange(width * height * 3, dtype=np.uint8).reshape(height, width, 3)


# --- what is accepted, with values known by hand ------------------------------------------


GRAY = gradient()[:, :, 0]
PRIMARY = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
WIDE = np.array([[0, 255, 256, 0x7FFF, 0xFFFF]], dtype=np.uint16)
CLEAR_HALF_FULL = np.array([[[10, 20, 30, 0], [0, 0, 0, 128], [10, 20, 30, 255]]], np.uint8)
PALETTE = Image.new("P", (2, 1))
PALETTE.putpalette([200, 10, 10, 10, 200, 10])
PALETTE.putpixel((1, 0), 1)
ACCEPTED = {
    "color is kept pixel for pixel": (saved(Image.fromarray(gradient())), {}, gradient()),
    "gray has one channel": (saved(Image.fromarray(GRAY)), {}, GRAY[:, :, None]),
    "gray becomes color by three equal channels": (
        saved(Image.fromarray(GRAY)), {"mode": "rgb"}, np.repeat(GRAY[:, :, None], 3, axis=2)),
    "color becomes gray by luma": (  # 0.299, 0.587 and 0.114 of 255
        saved(Image.fromarray(PRIMARY)), {"mode": "gray"}, [[[76], [150], [29]]]),
    "one bit is black and white": (
        saved(Image.fromarray(np.array([[True, False]]))), {}, [[[255], [0]]]),
    "sixteen bits keep their upper eight": (
        saved(Image.fromarray(WIDE)), {}, [[[0], [0], [1], [127], [255]]]),
    "sixteen bits of color keep their upper eight": (
        png(1, 1, b"\0" + struct.pack(">3H", 0x01FF, 0x8000, 0xFFFF), depth=16, color=2), {},
        [[[1, 128, 255]]]),
    "transparency is laid over white": (
        saved(Image.fromarray(CLEAR_HALF_FULL)), {}, [[[255] * 3, [127] * 3, [10, 20, 30]]]),
    "gray with transparency stays gray over white": (
        saved(Image.fromarray(np.array([[[10, 0], [10, 255]]], np.uint8), "LA")), {},
        [[[255], [10]]]),
    "a transparent color of a palette is laid over white": (
        saved(PALETTE, transparency=1), {}, [[[200, 10, 10], [255, 255, 255]]]),
    "one pixel is an image": (saved(Image.new("RGB", (1, 1), "red")), {}, [[[255, 0, 0]]]),
    "a color profile changes nothing": (
        saved(Image.fromarray(gradient()), icc_profile=b"not even a profile"), {}, gradient()),
    "the largest centered square is taken": (
        saved(Image.fromarray(gradient(8, 4))), {"size": 4}, gradient(8, 4)[:, 2:6]),
    "the crop is cut out first": (
        saved(Image.fromarray(gradient())), {"crop": [1, 2, 4, 6]}, gradient()[2:6, 1:4]),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED)
def test_pixels_are_those_known_by_hand(case):
    data, options, expected = ACCEPTED[case]
    array = decode_image(data, "a.png", Preprocessing(**options))
    np.testing.assert_array_equal(array, expected, strict=False)
    assert array.dtype == np.uint8


@pytest.mark.parametrize(
    ("depth", "color", "row", "transparent", "pixel"),
    [
        (1, 0, [0b01000000], [0, 0], [255]),
        (2, 0, [0b01100000], [0, 1], [170]),
        (4, 0, [0x3A], [0, 3], [170]),
        (8, 0, [100, 50], [0, 100], [50]),
        (16, 0, [0x12, 0x34, 0x12, 0x35], [0x12, 0x34], [0x12]),
        (8, 2, [1, 2, 3, 4, 5, 6], [0, 1, 0, 2, 0, 3], [4, 5, 6]),
        (16, 2, [1, 9, 2, 9, 3, 9, 4, 9, 5, 9, 6, 9], [1, 9, 2, 9, 3, 9], [4, 5, 6]),
    ],
)
def test_the_transparent_color_of_a_png_is_white_at_every_depth(
    depth, color, row, transparent, pixel
):
    before = chunk(b"tRNS", bytes(transparent))
    data = png(2, 1, b"\0" + bytes(row), depth=depth, color=color, before=before)
    assert decode_image(data, "a.png")[0].tolist() == [[255] * len(pixel), pixel]


def test_cmyk_becomes_rgb():
    cyan_and_black = Image.merge(
        "CMYK",
        [
            Image.fromarray(np.repeat(np.array([[a, b]], np.uint8), 8, axis=0).repeat(8, 1))
            for a, b in ((255, 0), (0, 0), (0, 0), (0, 255))
        ],
    )
    array = decode_image(saved(cyan_and_black, "JPEG", quality=100), "a.jpg")
    assert array.shape == (8, 16, 3)
    np.testing.assert_allclose(array[4, [2, 13]], [[0, 255, 255], [0, 0, 0]], atol=3)


def stored_with_orientation(upright: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels as a camera stores them: EXIF 2.3, section 4.6.4, by hand."""
    return {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: a.transpose(1, 0, 2)[::-1],
        7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
        8: lambda a: a.transpose(1, 0, 2)[:, ::-1],
    }[orientation](upright)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_stand_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored_with_orientation(gradient(), orientation)))
    np.testing.assert_array_equal(decode_image(saved(image, exif=exif), "a.png"), gradient())


def test_webp_and_jpeg_are_read():
    flat = Image.new("RGB", (16, 16), (200, 30, 60))
    for kind, options in (("WEBP", {"lossless": True}), ("JPEG", {"quality": 95})):
        array = decode_image(saved(flat, kind, **options), "a")
        np.testing.assert_allclose(array[8, 8], [200, 30, 60], atol=3)


def test_the_main_image_of_a_photo_with_a_second_view_is_used():
    main, second = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    data = saved(main, "MPO", save_all=True, append_images=[second])
    np.testing.assert_allclose(decode_image(data, "a.jpg")[8, 8], [254, 0, 0], atol=3)


# --- making it fit ------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "1", "I;16"])
@pytest.mark.parametrize(
    "options",
    [{"size": 16}, {"size": [61, 9]}, {"size": [9, 47], "fit": "stretch"},
     {"size": 20, "crop": [5, 3, 40, 44]}, {"crop": [5, 3, 40, 44]}, {"size": 16, "mode": "rgba"}],
)  # fmt: skip
def test_in_strips_an_image_becomes_what_it_does_as_a_whole(
    monkeypatch, mode, options, orientation
):
    noise = np.random.default_rng(0).integers(0, 256, (47, 61, 4), dtype=np.uint8)
    kinds = {"I;16": noise.view(np.uint16)[..., 0], "LA": noise[..., :2], "RGBA": noise}
    image = Image.fromarray(kinds.get(mode, noise[..., :3]))
    image, exif = image.convert(mode) if mode in ("P", "1") else image, Image.Exif()
    exif[0x0112] = orientation
    data = saved(image, exif=exif)
    expected = open_image(data, "a.png", mode=options.get("mode"))
    expected = expected.crop(options.get("crop", (0, 0, *expected.size)))
    if "size" in options:
        height, width = np.broadcast_to(options["size"], 2).tolist()
        if options.get("fit") != "stretch":
            expected = expected.crop(centered_box(expected.size, (height, width)))
        mode, premultiplied = expected.mode, {"LA": "La", "RGBA": "RGBa"}
        rows = expected.convert(premultiplied.get(mode, mode))  # as Pillow itself does
        rows = rows.resize((width, rows.height), Image.Resampling.LANCZOS)
        expected = rows.resize((width, height), Image.Resampling.LANCZOS).convert(mode)
    monkeypatch.setattr("ganzoo.data.decoding.fitting._STRIP", 100)
    found = decode_image(data, "a.png", Preprocessing(**options))
    np.testing.assert_array_equal(found.squeeze(), np.asarray(expected))


MEASURE = """
import pathlib, re, sys, time
from ganzoo.data.images import Preprocessing, decode_image
def most():  # kilobytes; not `ru_maxrss`, which a child has of its parent
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
tiny, large = (open(name, "rb").read() for name in sys.argv[1:])
decode_image(tiny, "a.jpg", Preprocessing(size=16))
before, begun = most(), time.process_time()
decode_image(large, "a.jpg", Preprocessing(size=256))
print(most() - before, time.process_time() - begun)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the system does not say")
@pytest.mark.parametrize(("kind", "most"), [("JPEG", (8000, 5875)), ("WEBP", (4032, 3024))])
def test_an_image_just_below_the_bound_takes_200_megabytes_and_a_second(tmp_path, kind, most):
    exif = Image.Exif()
    exif[0x0112] = 6  # upright, as most photographs of a telephone are
    for name, size in (("tiny", (64, 48)), ("large", most)):
        Image.new("RGB", size, "teal").save(tmp_path / name, kind, exif=exif, method=0)
    command = [sys.executable, "-c", MEASURE, tmp_path / "tiny", tmp_path / "large"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kilobytes, seconds = map(float, done.stdout.split())
    assert kilobytes * 1024 < 200e6
    assert seconds < 3  # a third of one where nobody else computes


def test_celebas_center_crop_is_the_default_square():
    array = np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8)
    data = saved(Image.fromarray(array))
    by_default = decode_image(data, "a.png", Preprocessing(size=64))
    by_crop = decode_image(data, "a.png", Preprocessing(size=64, crop=[0, 20, 178, 198]))
    np.testing.assert_array_equal(by_default, by_crop)


def test_scaling_keeps_a_flat_image_flat_and_a_checkerboard_gray():
    flat = decode_image(
        saved(Image.new("RGB", (50, 50), (9, 99, 199))), "a.png", Preprocessing(size=16)
    )
    board = np.kron(np.indices((32, 32)).sum(0) % 2, np.ones((1, 1))).astype(np.uint8) * 255
    small = decode_image(saved(Image.fromarray(board)), "b.png", Preprocessing(size=8))
    assert flat.tolist() == np.tile([9, 99, 199], (16, 16, 1)).tolist()
    np.testing.assert_allclose(small[2:6, 2:6], 127.5, atol=2)  # antialiased: no aliases


def test_a_crop_outside_the_image_is_refused_by_name():
    with pytest.raises(InvalidInput, match=r"'a\.png' is smaller than the crop.*8x6 pixels"):
        decode_image(
            saved(Image.fromarray(gradient(8, 6))), "a.png", Preprocessing(crop=[0, 0, 9, 6])
        )


@pytest.mark.parametrize(
    ("option", "values", "message"),
    [
        ("size", [0, -1, 4097, 65536, 1.5, "64", True], "size must be an integer from 1 to 4096"),
        ("crop", [[0, 0, 4], "abcd", [0, 0, 4, 4.0], [-1, 0, 4, 4], [4, 0, 4, 4], 7], "crop must"),
        ("mode", ["RGB"], "mode must be 'rgb' or 'gray', 'rgba' or 'raw'. Received: 'RGB'"),
    ],
)
def test_an_option_out_of_range_is_refused(option, values, message):
    for value in values:
        with pytest.raises(UsageError, match=message):
            Preprocessing(**{option: value})


# --- what is refused, by name -------------------------------------------------------------

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
IMAGE_FILE, PHOTO = saved(NOISE), saved(NOISE, "JPEG")
PROGRESSIVE = saved(Image.open(io.BytesIO(PHOTO)), "JPEG", progressive=True)
FRAMES = [Image.new("RGB", (8, 8), color) for color in ("red", "green", "blue")]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def bomb(kind: bytes, name: bytes) -> bytes:
    """A PNG of one pixel with a chunk that unpacks to 50 MB."""
    return png(1, 1, b"\0\0", before=chunk(kind, name + b"\0\0" + zlib.compress(bytes(50 << 20))))


REFUSED = {
    "D1 empty": b"",
    "D2 text": b"hello, world\n" * 20,
    "D3 HTML": b"<!doctype html><title>404</title>",
    "D4 SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "D5 EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\nshowpage\n",
    "D6 header of 60000x60000": png(60000, 60000)[:65],
    "D7 90 megapixels": png(9500, 9500),
    "50 megapixels and a bit": png(8001, 6250),
    "D8 180 megapixels": png(18000, 10000),
    "D9 one endless row": png(2**31 - 1, 1),
    "D10 no width": png(0, 10),
    "D11 PNG cut in half": IMAGE_FILE[: len(IMAGE_FILE) // 2],
    "D12 JPEG cut in half": PHOTO[: len(PHOTO) // 2],
    "D13 PNG with a flipped bit": flipped(IMAGE_FILE, len(IMAGE_FILE) // 2),
    "D15 text bomb": bomb(b"zTXt", b"Comment"),
    "D16 profile bomb": bomb(b"iCCP", b"name"),
    "D17 animated PNG": saved(FRAMES[0], save_all=True, append_images=FRAMES[1:]),
    "D17 GIF": saved(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]),
    "D18 animated WebP": saved(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]),
    "D24 TIFF": saved(FRAMES[0], "TIFF"),
    "D24 ICO": saved(FRAMES[0], "ICO"),
    "D24 PSD": b"8BPS\0\1" + bytes(6) + b"\0\3\0\0\0\1\0\0\0\1\0\10\0\3" + bytes(40),
    "D27 progressive JPEG cut": PROGRESSIVE[: len(PROGRESSIVE) // 2],
    "an XPM polyglot": b"/* XPM */",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_is_no_whole_image_is_refused_by_name(data):
    with pytest.raises(InvalidInput, match=r"^The image 'odd\.png' cannot be used: "):
        decode_image(data, "odd.png")


@pytest.mark.parametrize("cut", range(1, 100, 7))
def test_no_prefix_of_an_image_is_an_image(cut):
    for data in (IMAGE_FILE, PHOTO, PROGRESSIVE):
        with pytest.raises(InvalidInput):
            decode_image(data[: len(data) * cut // 100], "cut.png")


@pytest.mark.parametrize("kind", [*FORMATS, "progressive"])
def test_a_photograph_of_a_telephone_is_read_in_every_format(kind):
    options = {"WEBP": {"method": 0}, "AVIF": {"speed": 10}, "progressive": {"progressive": True}}
    photo = Image.new("RGB", (4032, 3024))
    data = saved(photo, "JPEG" if kind == "progressive" else kind, **options.get(kind, {}))
    assert open_upright(data, "a.png").size == (4032, 3024)


def test_the_largest_allowed_image_is_not_refused_by_its_header():
    with pytest.raises(InvalidInput, match="damaged or cut off"):  # not "pixels; the limit"
        open_image(png(8000, 5875), "a.png")


@pytest.mark.parametrize("scale", [2, 4])
def test_a_jpeg_that_is_too_large_is_decoded_smaller_where_it_is_made_small(monkeypatch, scale):
    x, y = np.meshgrid(np.arange(320), np.arange(240))
    pixels = np.stack([x * 255 // 319, y * 255 // 239, (x + y) * 255 // 558], axis=-1)
    data = saved(Image.fromarray(pixels.astype(np.uint8)), "JPEG", quality=95)
    small = Preprocessing(size=48)
    whole = decode_image(data, "a.jpg", small).astype(int)
    monkeypatch.setattr("ganzoo.data.images.MAX_BYTES", 4 * 320 * 240 // scale**2)
    assert open_upright(data, "a.jpg", min_size=48).size == (320 // scale, 240 // scale)
    assert abs(decode_image(data, "a.jpg", small).astype(int) - whole).max() <= 4
    for refused in (Preprocessing(), Preprocessing(size=100 if scale == 4 else 200),
                    Preprocessing(size=48, crop=[0, 0, 200, 200])):  # fmt: skip
        with pytest.raises(InvalidInput, match="it has 320x240 pixels; the limit is"):
            decode_image(data, "a.jpg", refused)
    progressive = saved(Image.fromarray(pixels.astype(np.uint8)), "JPEG", progressive=True)
    with pytest.raises(InvalidInput, match="the limit is .* for a progressive JPEG"):
        decode_image(progressive, "a.jpg", small)
    monkeypatch.setattr("ganzoo.data.images.MAX_JPEG_PIXELS", 320 * 240 - 1)
    with pytest.raises(InvalidInput, match="the limit is"):
        decode_image(data, "a.jpg", small)


def test_a_changed_bit_of_a_photo_may_decode():  # D14: only a digest of the file finds it
    assert decode_image(flipped(PHOTO, len(PHOTO) - 40), "a.jpg").shape == (64, 64, 3)


def test_the_reason_is_named():
    with pytest.raises(InvalidInput, match="animation of 3 frames"):
        decode_image(REFUSED["D18 animated WebP"], "a.webp")
    with pytest.raises(InvalidInput, match="it has 8001x6250 pixels; the limit is 47,000,000"):
        decode_image(REFUSED["50 megapixels and a bit"], "a.png")
    with pytest.raises(InvalidInput, match=r"the limit is 12,207,792 for a WEBP\.$"):
        decode_image(saved(Image.new("L", (4096, 2981)), "WEBP", method=0), "a.webp")
    with pytest.raises(InvalidInput, match="too many pixels; no image may have more than 89,0"):
        decode_image(REFUSED["D8 180 megapixels"], "a.png")
    with pytest.raises(InvalidInput, match="not a PNG, JPEG or WebP"):
        decode_image(REFUSED["D24 TIFF"], "a.png")


def test_a_name_with_control_characters_is_escaped():
    with pytest.raises(InvalidInput) as caught:
        decode_image(b"", "a\n\x1b[31m\u202e.png")
    assert r"a\n\x1b[31m\u202e.png" in str(caught.value)


def test_partly_decoded_pixels_are_impossible_even_if_pillow_is_named_to_allow_them(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(EnvironmentProblem, match="LOAD_TRUNCATED_IMAGES"):
        decode_image(IMAGE_FILE, "a.png")


def test_text_in_an_image_is_no_reason_to_refuse_it():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 1000, zip=True)
    info.add_text("progressive", "as Pillow says of a JPEG")
    data = saved(Image.fromarray(gradient()), pnginfo=info)
    np.testing.assert_array_equal(decode_image(data, "a.png"), gradient())
