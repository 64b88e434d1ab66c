"""A user's own images, with all that their files hold."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from ganzoo import rendering
from ganzoo.data.decoding.whole_images import image_files, open_files, read_image
from ganzoo.errors import InvalidInput, UsageError

PROFILE = bytes(16) + b"RGB " + bytes(200)


def pixels(h, w, channels=3):
    return np.random.default_rng(h).integers(0, 256, (h, w, channels)).astype("uint8")


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_channels_stay(mode):
    given = pixels(5, 7, len(mode)).squeeze()
    found = read_image(encoded(Image.fromarray(given, mode)), "a.png")
    np.testing.assert_array_equal(found.pixels, given.reshape(5, 7, -1))
    assert found.profile is None


def test_16_bits_stay_and_a_profile_of_the_same_colors():
    deep = np.random.default_rng(0).integers(0, 65536, (4, 6, 3)).astype("uint16")
    data = b"".join(rendering.encode_rows((4, 6), 3, "uint16", [deep], PROFILE))
    found = read_image(data, "a.png")
    np.testing.assert_array_equal(found.pixels, deep)
    assert found.profile == PROFILE
    gray = Image.fromarray(pixels(4, 6, 1)[..., 0])
    assert read_image(encoded(gray, icc_profile=PROFILE), "a.png").profile is None
    ink = Image.fromarray(pixels(4, 6)).convert("CMYK")
    ink_profile = PROFILE.replace(b"RGB ", b"CMYK")
    found = read_image(encoded(ink, "JPEG", icc_profile=ink_profile), "a.jpg")
    assert found.pixels.shape == (4, 6, 3) and found.profile is None


def test_photos_stand_upright():
    exif = Image.Exif()
    exif[0x112] = 6  # turned by a quarter
    data = encoded(Image.fromarray(pixels(4, 6)), "JPEG", exif=exif)
    assert read_image(data, "a.jpg").pixels.shape == (6, 4, 3)


def test_folders_archives_and_single_images(tmp_path, capsys):
    one, other = (encoded(Image.fromarray(pixels(n, n))) for n in (4, 5))
    (tmp_path / "in" / "b").mkdir(parents=True)
    (tmp_path / "in" / "c.png").write_bytes(one)
    (tmp_path / "in" / "b" / "a.png").write_bytes(other)
    (tmp_path / "in" / "notes.txt").write_text("no image")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("b/a.png", other)
        archive.writestr("c.png", one)
    for path in (tmp_path / "in", tmp_path / "in.zip"):
        assert image_files(path) == ["b/a.png", "c.png"] and image_files(path, 1) == ["b/a.png"]
        with open_files(path) as read:
            assert read_image(read("c.png"), "c.png").pixels.shape == (4, 4, 3)
    single = tmp_path / "in" / "c.png"
    assert image_files(single) == ["c.png"]
    with open_files(single) as read:
        assert read_image(read("c.png"), "c.png").pixels.shape == (4, 4, 3)
    assert capsys.readouterr().err.startswith("Left out 1 of 3 files")


def test_photographs_and_scans_lie_side_by_side_and_what_is_left_out_is_said(tmp_path, capsys):
    image = Image.fromarray(pixels(4, 4))
    for name in ("a.jpg", "b.TIF", "c.npy"):
        (tmp_path / name).write_bytes(encoded(image, "TIFF" if name == "b.TIF" else "JPEG"))
    assert image_files(tmp_path) == ["a.jpg", "b.TIF"]
    with open_files(tmp_path) as read:
        (tmp_path / "d.png").touch()  # meanwhile
        np.testing.assert_array_equal(read_image(read("b.TIF"), "b.TIF").pixels, pixels(4, 4))
    assert "Left out 1 of 3 files" in capsys.readouterr().err


def test_what_is_no_image_is_refused_by_name(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        image_files(tmp_path / "none")
    with pytest.raises(InvalidInput, match=r"'a\.png' cannot be used"):
        read_image(b"\x89PNG\r\n\x1a\n and no more", "a.png")
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((4, 4, 3), "float32"))
    with pytest.raises(InvalidInput, match=r"8 or 16 bits.*3 channels of float32"):
        read_image(buffer.getvalue(), "a.npy")
