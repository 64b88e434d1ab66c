"""Photographs to enlarge: pairs that follow from seed, epoch and row, by named degradations."""

import io
import sys

import numpy as np
import PIL
import pytest
from ganzoo_data.degradation import DEGRADATIONS
from ganzoo_data.enlarge import enlarge
from PIL import Image, ImageChops

from ganzoo.data.feed import Feed
from ganzoo.errors import InvalidInput, UsageError


def photograph(h, w, seed=0):
    y, x, c = np.mgrid[:h, :w, :3]
    return (127 + 100 * np.sin(x / (5 + seed) + c) * np.cos(y / 7)).astype("uint8")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    (tmp_path / "photos").mkdir()
    for i, (h, w) in enumerate(((40, 60), (33, 32), (64, 48))):
        Image.fromarray(photograph(h, w, i)).save(tmp_path / "photos" / f"{i}.png")
    return tmp_path / "photos"


def opened(photos, **options):
    return enlarge(data=str(photos), **{"size": 32, "scale": 4, **options})


def generator(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_degradation_makes_a_small_image_of_the_same_things(name, scale):
    image = photograph(48, 72).astype("float32") / 255
    made = [DEGRADATIONS[name](image, scale, generator(seed)) for seed in range(12)]
    plain = DEGRADATIONS["bicubic"](image, scale, generator()).astype(float)
    for one in made:
        assert one.dtype == "uint8" and one.shape == (48 // scale, 72 // scale, 3)
        correlation = np.corrcoef(one.ravel(), plain.ravel())[0, 1]
        assert correlation > 0.5
    again = DEGRADATIONS[name](image, scale, generator(3))
    np.testing.assert_array_equal(again, made[3])
    assert name == "bicubic" or len({one.tobytes() for one in made}) == 12


def test_twice_degraded_is_further_from_the_original_than_once():
    image = photograph(64, 64).astype("float32") / 255
    plain = DEGRADATIONS["bicubic"](image, 2, generator()).astype(float)
    once, twice = (
        np.mean([np.abs(DEGRADATIONS[name](image, 2, generator(i)) - plain).mean()
                 for i in range(60)])
        for name in ("first-order", "second-order")
    )  # fmt: skip
    assert 1 < once < twice < 40


def test_fixed_pairs_are_middles_of_the_photographs(photos):
    data = opened(photos, degradation="bicubic")
    assert data.images.shape == (3, 32, 32, 3) and data.labels.shape == (3, 8, 8, 3)
    for i, (h, w) in enumerate(((40, 60), (33, 32), (64, 48))):
        top, left = (h - 32) // 2, (w - 32) // 2
        expected = photograph(h, w, i)[top : top + 32, left : left + 32]
        np.testing.assert_array_equal(data.images[i], expected)
        small = Image.fromarray(expected).resize((8, 8), Image.Resampling.BICUBIC)
        assert np.abs(np.asarray(small).astype(int) - data.labels[i]).max() <= 1


def test_what_is_drawn_is_a_part_of_the_photograph_turned_or_mirrored(photos):
    data = opened(photos)
    turned = set()
    for epoch in range(40):
        (part,), _ = data.draw(np.array([0]), epoch, 5)
        whole = photograph(40, 60)
        windows = np.lib.stride_tricks.sliding_window_view(whole, (32, 32), (0, 1))
        windows = windows.transpose(0, 1, 3, 4, 2).reshape(-1, 32, 32, 3)
        ways = [np.rot90(part[:, ::-1] if flip else part, k) for flip in (0, 1) for k in range(4)]
        found = [i for i, way in enumerate(ways) if (windows == way).all(axis=(1, 2, 3)).any()]
        assert found
        turned |= {found[0]}
    assert len(turned) >= 6


def test_a_resumed_feed_gives_the_same_bits(photos):
    def batches(start, steps_per_dispatch=1):
        feed = Feed(opened(photos, crops=3), batch=4, seed=9, start_step=start, stop_step=9,
                    steps_per_dispatch=steps_per_dispatch)  # fmt: skip
        parts = [[part.reshape(-1, *part.shape[-3:]) for part in item] for item in feed]
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    whole, rest, fused = batches(0), batches(5), batches(0, 3)
    for one, other, same in zip(whole, rest, fused, strict=True):
        np.testing.assert_array_equal(one[20:], other)
        np.testing.assert_array_equal(one, same)
    epoch = 4 * (9 // 4)  # 9 rows are two steps of an epoch
    first, second = whole[0][:epoch], whole[0][epoch : 2 * epoch]
    assert not {x.tobytes() for x in first} & {x.tobytes() for x in second}


def test_large_photographs_are_reduced_and_stand_upright(photos):
    exif = Image.Exif()
    exif[0x112] = 6
    buffer = io.BytesIO()
    Image.fromarray(photograph(50, 100)).save(buffer, "JPEG", exif=exif)
    (photos / "3.jpg").write_bytes(buffer.getvalue())
    data = opened(photos, size=24, max_size=48)
    upright = Image.fromarray(np.rot90(photograph(50, 100), -1))
    expected = np.asarray(upright.resize((24, 48), Image.Resampling.LANCZOS))[12:36].astype(int)
    assert np.abs(data.images[3] - expected).mean() < 4  # of JPEG
    assert np.abs(data.images[3] - expected[::-1]).mean() > 20
    assert data.fingerprint != opened(photos, size=24, max_size=64).fingerprint


def test_what_decides_the_pairs_decides_the_fingerprint(photos):
    prints = {opened(photos, **options).fingerprint for options in (
        {}, {"size": 16}, {"scale": 2}, {"degradation": "bicubic"}, {"crops": 2})}  # fmt: skip
    assert len(prints) == 5
    assert opened(photos).fingerprint in prints


def test_versions_decide_the_fingerprint_where_they_make_other_pixels(photos, monkeypatch):
    """A patch of Pillow's is the same data, and a decoder of other pixels another one."""
    module = sys.modules[enlarge.__module__]
    known = opened(photos).fingerprint
    major, minor = PIL.__version__.split(".")[:2]
    monkeypatch.setattr(PIL, "__version__", f"{major}.{minor}.99")
    assert opened(photos).fingerprint == known
    (photos / "0.png").write_bytes((photos / "0.png").read_bytes() + b" ")  # the same pixels
    assert opened(photos).fingerprint == known
    monkeypatch.setattr(PIL, "__version__", f"{major}.{int(minor) + 1}.0")
    assert opened(photos).fingerprint != known
    monkeypatch.undo()
    monkeypatch.setenv("GANZOO_HOME", str(photos.parent / "another home"))
    decode = module.open_image
    monkeypatch.setattr(module, "open_image", lambda *a, **o: ImageChops.offset(decode(*a, **o), 1))
    assert opened(photos).fingerprint != known


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"size": 33}, UsageError, "multiple"),
        ({"scale": 9}, UsageError, "from 2 to 8"),
        ({"degradation": "third-order"}, UsageError, "second-order"),
        ({"crops": 0}, UsageError, "crops"),
        ({"max_size": 16}, UsageError, "max_size"),
        ({"size": 40}, InvalidInput, "1 smaller ones, such as '1.png'"),
    ],
)
def test_what_cannot_be_is_refused(photos, options, error, message):
    with pytest.raises(error, match=message):
        opened(photos, **options)
