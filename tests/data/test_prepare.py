import os
import shutil
import warnings

import numpy as np
import pytest
from PIL import Image

from ganzoo.data import cache as cache_module
from ganzoo.data import images as images_module
from ganzoo.data import prepare as module
from ganzoo.data.archive import open_zip
from ganzoo.data.cache import load_or_build, write_array
from ganzoo.data.decoding import image_array
from ganzoo.data.folder import open_folder
from ganzoo.data.images import Preprocessing, decode_image
from ganzoo.data.prepare import labels_of_rows, prepare_files
from ganzoo.errors import InvalidInput
from ganzoo.files.digests import bytes_digest, canonical_json


@pytest.fixture
def image_files(image):
    return {f"{i:02d}.png": image(i) for i in range(7)}


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def prepared(files, cache, **fit):
    return prepare_files(
        files, files.image_names(), dataset="test", preprocessing=Preprocessing(**fit), folder=cache
    )


def fingerprint(files, cache, **fit):
    return prepared(files, cache, **fit).about["fingerprint"]


class Unreadable:
    """In place of a function that must not be called."""

    def __init__(self, *args, **kwargs):
        raise AssertionError("it was called")


@pytest.mark.parametrize("block", [1, 1000, 1 << 20])
def test_rows_are_the_images_in_the_order_of_their_names(
    tmp_path, fill, image_files, cache, monkeypatch, block
):
    monkeypatch.setattr(image_array, "_BLOCK", block)
    images = prepared(open_folder(fill(tmp_path / "a", image_files)), cache).images
    expected = np.stack([decode_image(image_files[name], name) for name in sorted(image_files)])
    np.testing.assert_array_equal(images, expected)


def test_the_second_start_reads_and_decodes_nothing(
    tmp_path, fill, image_files, cache, monkeypatch
):
    folder = fill(tmp_path / "a", image_files)
    first = prepared(open_folder(folder), cache, size=8)
    monkeypatch.setattr(module, "decode_image", Unreadable)
    monkeypatch.setattr(module, "_content", Unreadable)
    second = prepared(open_folder(folder), cache, size=8)
    np.testing.assert_array_equal(second.images, first.images)
    assert second.about == first.about


def test_files_that_were_only_touched_are_read_but_not_decoded_again(
    tmp_path, fill, image_files, cache, monkeypatch
):
    folder = fill(tmp_path / "a", image_files)
    first = fingerprint(open_folder(folder), cache)
    for path in folder.iterdir():
        os.utime(path, ns=(1, 1))
    monkeypatch.setattr(module, "decode_image", Unreadable)
    assert fingerprint(open_folder(folder), cache) == first


def test_one_identity_whatever_the_path_container_order_and_times(
    tmp_path, fill, pack, image_files, cache
):
    backwards = dict(reversed(image_files.items()))
    folder = fill(tmp_path / "a", image_files)
    copy = shutil.copytree(folder, tmp_path / "b", copy_function=shutil.copyfile)
    other = fill(tmp_path / "c" / "d", backwards)
    zipped = pack(tmp_path / "a.zip", backwards)
    identities = {fingerprint(open_folder(path), cache) for path in (folder, copy, other)}
    identities.add(fingerprint(open_zip(zipped), cache))
    assert len(identities) == 1


@pytest.mark.parametrize("change", ["added", "removed", "edited", "renamed", "size", "mode"])
def test_every_change_is_another_identity(tmp_path, fill, image, image_files, cache, change):
    folder = fill(tmp_path / "a", image_files)
    before = fingerprint(open_folder(folder), cache)
    fit = {}
    match change:
        case "added":
            fill(folder, {"99.png": image(99)})
        case "removed":
            (folder / "03.png").unlink()
        case "edited":
            fill(folder, {"03.png": image(33)})
        case "renamed":
            (folder / "03.png").rename(folder / "30.png")
        case "size":
            fit = {"size": 4}
        case "mode":
            fit = {"mode": "gray"}
    assert fingerprint(open_folder(folder), cache, **fit) != before


@pytest.mark.parametrize(("mode", "revised"), [("L", False), ("I;16", True)])
def test_pixels_of_an_older_decoder_are_not_used_and_have_another_identity(
    tmp_path, cache, mode, revised
):
    (tmp_path / "a").mkdir()
    Image.new(mode, (2, 1), 7).save(tmp_path / "a" / "0.png", transparency=7)
    digest = bytes_digest((tmp_path / "a" / "0.png").read_bytes())
    content = bytes_digest(canonical_json([["0.png", digest]]).encode())
    key = {"fit": Preprocessing().options(), "content": content}
    older = bytes_digest(canonical_json(key).encode())

    def build(entry):
        write_array(entry / "images.npy", (1, 1, 2, 1), "uint8", [np.zeros((1, 1, 2, 1))])
        return {"fingerprint": older}

    load_or_build(key, build, folder=cache)

    found = prepared(open_folder(tmp_path / "a"), cache)

    assert found.images.tolist() == [[[[255], [255]]]]
    assert (found.about["fingerprint"] != older) == revised


def test_a_large_jpeg_is_decoded_again_and_a_small_one_stays_what_it_was(
    tmp_path, fill, image, cache, monkeypatch
):
    folder = fill(tmp_path / "a", {"0.jpg": image(kind="JPEG", size=(400, 200), quality=100)})
    digest = bytes_digest((folder / "0.jpg").read_bytes())
    content = bytes_digest(canonical_json([["0.jpg", digest]]).encode())
    key = {"fit": Preprocessing(size=8).options(), "content": content}

    def build(entry):
        write_array(entry / "images.npy", (1, 8, 8, 3), "uint8", [np.zeros((1, 8, 8, 3))])
        return {"fingerprint": "of an older decoder"}

    load_or_build(key | {"decoder": 2}, build, folder=cache)
    small = bytes_digest(canonical_json(key).encode())
    assert fingerprint(open_folder(folder), cache, size=8) == small
    monkeypatch.setattr(images_module, "MAX_BYTES", 200_000)
    found = fingerprint(open_folder(folder), tmp_path / "other", size=8)
    assert found == bytes_digest(canonical_json(key | {"decoder": 3}).encode())


def test_what_is_left_out_is_part_of_what_a_data_set_is(
    tmp_path, fill, image, image_files, cache, monkeypatch
):
    files = image_files | {f"{i} {'long ' * 9}.png": b"no image" for i in range(20)}
    files["08.webp"] = image(kind="WEBP")
    folder = open_folder(fill(tmp_path / "a", files))
    monkeypatch.setattr(cache_module, "_MAX_ABOUT_BYTES", 500)  # of facts: the names are not there
    found = prepared(folder, cache, skip_damaged=True)
    assert len(found.images) == 8
    numbers = np.arange(len(files))
    names = [name for name in folder.image_names() if name in image_files or name == "08.webp"]
    rows = [folder.image_names().index(name) for name in names]
    np.testing.assert_array_equal(labels_of_rows(numbers, found), rows)

    monkeypatch.setattr(images_module, "FORMATS", ("PNG", "JPEG"))  # as Pillow without WebP
    fewer = prepared(folder, tmp_path / "other", skip_damaged=True)
    assert len(fewer.images) == 7
    assert fewer.about["fingerprint"] != found.about["fingerprint"]
    with pytest.raises(InvalidInput, match="smaller than the crop"):
        prepared(folder, cache, skip_damaged=True, crop=[0, 0, 12, 11])


def test_every_unusable_image_is_named(tmp_path, fill, image_files, cache, monkeypatch):
    monkeypatch.setattr(image_array, "_BLOCK", 500)
    damaged = {"01.png": image_files["01.png"][:-30], "05.png": b"not an image"}
    files = open_folder(fill(tmp_path / "a", image_files | damaged))
    with pytest.raises(InvalidInput, match=r"2 files .*'01\.png'.*cut off.*'05\.png'.*not a"):
        prepared(files, cache)
    assert [path.name for path in cache.iterdir()] == ["known"]  # nothing half-made is left


def test_an_image_that_is_alone_bad_is_a_message_of_its_own(tmp_path, fill, image_files, cache):
    files = open_folder(fill(tmp_path / "a", image_files | {"00.png": b""}))
    with pytest.raises(InvalidInput, match=r"^The image '00\.png' cannot be used.*Mend or remove"):
        prepared(files, cache)


def test_many_unusable_images_are_not_all_listed(tmp_path, fill, cache):
    files = open_folder(fill(tmp_path / "a", {f"{i:03d}.png": bytes(i) for i in range(300)}))
    with pytest.raises(InvalidInput) as caught:
        prepared(files, cache)
    assert "at least 10 files" in str(caught.value)
    assert str(caught.value).count("cannot be used:") == 11


def test_mixed_sizes_are_refused_with_the_way_out(tmp_path, fill, image, image_files, cache):
    files = open_folder(fill(tmp_path / "a", image_files | {"04.png": image(size=(5, 6))}))
    with pytest.raises(InvalidInput) as caught:
        prepared(files, cache)
    assert str(caught.value) == (
        "All images must have one size. Received: '00.png' with 12x10 pixels and '04.png'"
        " with 5x6 pixels. Make them alike with --set dataset.size=16."
    )


def test_of_many_sizes_the_number_is_named(tmp_path, fill, image, cache):
    sizes = {f"{i}.png": image(size=(5 + i, 6)) for i in range(4)}
    with pytest.raises(InvalidInput, match=r"'1\.png' with 6x6 .*, 3 in all unlike the first"):
        prepared(open_folder(fill(tmp_path / "a", sizes)), cache)


def test_mixed_sizes_are_made_alike_by_the_option(tmp_path, fill, image, image_files, cache):
    files = open_folder(fill(tmp_path / "a", image_files | {"04.png": image(size=(5, 6))}))
    assert prepared(files, cache, size=8).images.shape == (7, 8, 8, 3)


def test_gray_among_color_becomes_color_also_where_a_file_is_broken(
    tmp_path, fill, image, image_files, cache
):
    folder = fill(tmp_path / "a", image_files | {"04.png": image(mode="L")})
    for mode, channels in ((None, 3), ("rgb", 3), ("gray", 1)):
        shape = prepared(open_folder(folder), cache, size=8, mode=mode).images.shape
        assert shape == (7, 8, 8, channels)
    fill(folder, {"06.png": b"broken"})
    with pytest.raises(InvalidInput, match=r"'06\.png' cannot be used"):
        prepared(open_folder(folder), cache, size=8)


def test_images_need_not_be_square(tmp_path, fill, image_files, cache):
    assert prepared(open_folder(fill(tmp_path / "a", image_files)), cache).images.shape[1:3] == (
        10,
        12,
    )


def test_a_file_that_vanishes_meanwhile_is_named(tmp_path, fill, image_files, cache):
    files = open_folder(fill(tmp_path / "a", image_files))
    (tmp_path / "a" / "02.png").unlink()
    with pytest.raises(InvalidInput, match=r"'02\.png' cannot be read"):
        prepared(files, cache)


def test_a_damaged_member_of_an_archive_is_named(tmp_path, pack, image_files, cache):
    path = pack(tmp_path / "a.zip", image_files)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 9] ^= 1
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=r"'00\.png' of the archive .*a\.zip' is damaged"):
        prepared(open_zip(path), cache)


def test_identical_images_are_warned_of(tmp_path, fill, image, cache, capsys):
    files = open_folder(fill(tmp_path / "a", {f"{i}.png": image(0) for i in range(3)}))
    prepared(files, cache)
    assert "all 3 files of the data set 'test' are identical" in capsys.readouterr().err


def test_pillows_warning_of_many_pixels_is_a_refusal_without_a_warning(
    tmp_path, fill, image, image_files, cache, monkeypatch
):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
    files = open_folder(fill(tmp_path / "a", image_files | {"04.png": image(size=(20, 15))}))
    with warnings.catch_warnings(record=True) as seen, pytest.raises(InvalidInput) as caught:
        warnings.simplefilter("always")
        prepared(files, cache, size=8)
    assert "'04.png' cannot be used: it has too many pixels" in str(caught.value)
    assert seen == []
